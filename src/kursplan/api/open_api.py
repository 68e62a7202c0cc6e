"""The Open API: what happens to every request under `/v1`, from the door to the answer.

The order is the contract's: HEAD asks only about the key; then the key itself, so that nobody without
one is told which paths there are; the limit, the scope, and only then what was asked.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from re import Pattern

import structlog
from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from kursplan.api.cache import AnswerCache, Asked, CachedAnswer, CallerCache
from kursplan.api.call import Call, Services
from kursplan.api.endpoints import ENDPOINTS, Endpoint
from kursplan.api.errors import ApiError, Fault, render
from kursplan.api.strangers import Strangers, TooManyWrongKeys
from kursplan.api.wire import encode
from kursplan.clock import stopwatch
from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy
from kursplan.domain.applications import Caller
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules.versions import Version
from kursplan.telemetry import ROUTE
from kursplan.web.http import NOT_MODIFIED, Answer, Headers, Request, path_of, trace_id_of
from kursplan.web.languages import negotiate
from kursplan.web.peers import Peers
from kursplan.web.rate_limit import RateLimit, RateLimitState
from kursplan.web.version_reader import VersionReader

log = structlog.get_logger(__name__)

PREFIX = "/v1"
BELOW = (f"{PREFIX}/", f"/{PREFIX}/")
"""Clients put together base URL and path, and so double the slash between them."""
RETRY_AFTER_SECONDS = 2
"""When to come back to a server that had too much to do."""
NO_ENDPOINT = "unknown"
METHODS = frozenset(endpoint.method for endpoint in ENDPOINTS) | {"HEAD", "PUT", "PATCH", "OPTIONS"}


class OpenApi:
    """Everything under `/v1`, also what no endpoint is for, as an ASGI application."""

    def __init__(
        self, services: Services, limit: RateLimit, strangers: Strangers, peers: Peers
    ) -> None:
        self._services = services
        self._limit = limit
        self._peers = peers
        self._callers = CallerCache(services.database, VersionReader(services.database), strangers)
        self._answers = AnswerCache(services.clock)
        self._fixed: dict[tuple[str, str], Endpoint] = {}
        """By method and path, where nothing in the path varies."""
        self._paths: defaultdict[int, list[tuple[Endpoint, Pattern[str]]]] = defaultdict(list)
        """By how many parts the path has."""
        for endpoint in ENDPOINTS:
            pattern, _, parameters = compile_path(endpoint.path)
            if not parameters:
                self._fixed[endpoint.method, endpoint.path] = endpoint
            self._paths[endpoint.path.count("/")].append((endpoint, pattern))
        # Bound once, as the log is set up by now, instead of for every line.
        self._log = log.bind()

    @staticmethod
    def serves(scope: Scope) -> bool:
        """Whether the request is for the Open API."""
        if scope["type"] != "http":
            return False
        path = path_of(scope)
        return path.startswith(BELOW) or path in (PREFIX, "/" + PREFIX)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = stopwatch()
        visit = _Visit(Request(scope, receive), trace_id_of(scope))
        try:
            answer = await self._answer(visit)
        except Exception as failure:
            answer = _refusal(visit, failure)
        answer.headers.append((b"x-trace-id", visit.trace_id.encode()))
        scope[ROUTE] = visit.route
        await answer.send(send)
        self._note(visit, answer.status, stopwatch() - began)

    async def _answer(self, visit: _Visit) -> Answer:
        request = visit.request
        if request.method == "HEAD":
            # On any path it tells whether the key is valid, and nothing else (F56).
            await self._identify(visit)
            return Answer.empty(200, [])
        meant = self._find(visit)
        if meant is not None:
            visit.route = meant[0].name
        caller, version = await self._identify(visit)
        if meant is None:
            raise self._nothing_there(visit)
        endpoint, parameters = meant
        _admit(visit, endpoint, caller, await self._limit.count(caller.key_id, endpoint.name))
        call = Call(request, caller, parameters, self._services)
        if endpoint.cacheable is not None:
            asked = _asked(caller, visit, endpoint.cacheable)
            cached = self._answers.find(asked, version)
            if cached is None:
                cached = await self._answers.make(
                    asked, version, partial(_fresh_answer, endpoint, call)
                )
            return visit.show(cached)
        if endpoint.method == "GET":
            return visit.show(await _fresh_answer(endpoint, call))
        answer = await endpoint.answer(call)
        visit.headers += call.headers
        if answer is None:
            return Answer.empty(200, visit.headers)
        return Answer.json(200, visit.headers, encode(answer))

    async def _identify(self, visit: _Visit) -> tuple[Caller, Version]:
        key = (visit.request.header(b"x-api-key") or "").strip()
        if not key:
            raise ApiError(Fault.API_KEY_MISSING)
        try:
            found = await self._callers.identify(key, partial(self._peers.name, visit.request))
        except TooManyWrongKeys as refused:
            visit.headers.append(refused.limit_state.retry_after)
            raise _over_the_limit(refused.limit_state) from None
        if found is None:
            raise ApiError(Fault.API_KEY_INVALID)
        visit.caller = found[0]
        return found

    def _find(self, visit: _Visit) -> tuple[Endpoint, Mapping[str, str]] | None:
        """The endpoint that is meant, and what its path names; None where there is none.

        The first path that fits is the one that is meant, whatever the method: `GET
        /classes/booking/validate` is a method that is not there, and no booking of a strange id.
        """
        method, path = visit.request.method, visit.path
        if fixed := self._fixed.get((method, path)):
            return fixed, {}
        meant = None
        for endpoint, pattern in self._paths.get(path.count("/"), ()):
            if meant in (None, endpoint.path) and (found := pattern.fullmatch(path)):
                meant = endpoint.path
                if endpoint.method == method:
                    return endpoint, found.groupdict()
        return None

    def _nothing_there(self, visit: _Visit) -> ApiError:
        """What to say where no endpoint is meant."""
        path = visit.path
        near = self._paths.get(path.count("/"), ())
        fitting = [endpoint for endpoint, pattern in near if pattern.fullmatch(path)]
        if not fitting:
            return ApiError(Fault.PATH_NOT_FOUND, value=PREFIX + path, hint=nearest(path))
        methods = {each.method for each in fitting if each.path == fitting[0].path}
        allowed = ", ".join(sorted(methods | {"HEAD"}))
        visit.headers.append((b"allow", allowed.encode()))
        return ApiError(Fault.METHOD_NOT_ALLOWED, value=visit.request.method, allowed=allowed)

    def _note(self, visit: _Visit, status: int, seconds: float) -> None:
        """Count the request and log it; the log names the route, never what was asked in it."""
        method = visit.request.method if visit.request.method in METHODS else "OTHER"
        metrics, caller = self._services.metrics, visit.caller
        metrics.requests(visit.route, method, status).inc()
        metrics.request_seconds(visit.route, method).observe(seconds)
        self._log.info(
            "request",
            trace_id=visit.trace_id,
            method=method,
            route=visit.route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            organization_id=caller.organization_id if caller else None,
            integration_id=caller.integration_id if caller else None,
        )


class _Visit:
    """What is known of a request while it is answered."""

    def __init__(self, request: Request, trace_id: str) -> None:
        self.request = request
        self.path = _below(request.path)
        self.trace_id = trace_id
        self.route = NO_ENDPOINT
        self.caller: Caller | None = None
        self.headers: Headers = []

    def show(self, cached: CachedAnswer) -> Answer:
        """The answer, or that it is still the one that the client has."""
        known = self.request.header(b"if-none-match")
        if known is not None and _names(known, cached.tag):
            return Answer(NOT_MODIFIED, [*self.headers, *cached.caching])
        return Answer(200, [*self.headers, *cached.headers], cached.body)

    def refuse(self, error: ApiError) -> Answer:
        studio_language = self.caller.language if self.caller else "en"
        language = negotiate(self.request.header(b"accept-language"), studio_language)
        headers = [*self.headers, (b"content-language", language.encode())]
        if error.code in (Fault.API_KEY_MISSING, Fault.API_KEY_INVALID):
            headers.append((b"www-authenticate", b"X-API-KEY"))
        if self.request.method == "HEAD":
            return Answer.empty(error.status, headers)
        return Answer.json(error.status, headers, render(error, language, self.trace_id))


def _below(path: str) -> str:
    """The path below `/v1`, in one notation: a slash at its end, or a second one before it, is the same."""
    path = path.removeprefix("/" + PREFIX if path.startswith("//") else PREFIX)
    return path.removesuffix("/")


def _admit(
    visit: _Visit, endpoint: Endpoint, caller: Caller, limit_state: RateLimitState | None
) -> None:
    """Raises `ApiError` where the limit or the scope of the key is against it."""
    if limit_state is not None:
        visit.headers += limit_state.headers
        if limit_state.refused:
            raise _over_the_limit(limit_state)
    if endpoint.scope is not None and endpoint.scope not in caller.scopes:
        raise ApiError(Fault.SCOPE_MISSING, scope=endpoint.scope.value)


def _refusal(visit: _Visit, failure: Exception) -> Answer:
    """The answer, whatever has happened."""
    if isinstance(failure, ApiError):
        return visit.refuse(failure)
    if isinstance(failure, ChangedConcurrently):
        return visit.refuse(ApiError(Fault.CONCURRENTLY_CHANGED))
    if isinstance(failure, DeskBusy | DatabaseUnavailable):
        log.warning("busy", trace_id=visit.trace_id, reason=str(failure))
        visit.headers.append((b"retry-after", b"%d" % RETRY_AFTER_SECONDS))
        return visit.refuse(ApiError(Fault.SERVER_BUSY))
    log.error("request failed", trace_id=visit.trace_id, route=visit.route, exc_info=failure)
    return visit.refuse(ApiError(Fault.INTERNAL_ERROR))


def _asked(caller: Caller, visit: _Visit, parameters: tuple[str, ...]) -> Asked:
    """The question, without anything that the answer does not depend on."""
    values = visit.request.values(parameters)
    return caller.organization_id, caller.studio_id, visit.path, values


async def _fresh_answer(endpoint: Endpoint, call: Call) -> CachedAnswer:
    """What the endpoint shows now."""
    body = encode(await endpoint.answer(call))
    return CachedAnswer.of(body, call.good_until)


def _names(known: str, tag: str) -> bool:
    """Whether an `If-None-Match` names this entity tag; whether weak or strong is all the same."""
    tags = [each.strip().removeprefix("W/") for each in known.split(",")]
    return tag in tags or tags == ["*"]


def _over_the_limit(limit_state: RateLimitState) -> ApiError:
    return ApiError(
        Fault.RATE_LIMIT_EXCEEDED, limit=limit_state.limit, seconds=limit_state.reset_seconds
    )


def nearest(path: str, endpoints: Sequence[Endpoint] = ENDPOINTS) -> str:
    """The known path that looks most like this one."""
    known = [endpoint.path for endpoint in endpoints]
    found = difflib.get_close_matches(path[:200], known, n=1, cutoff=0)
    return PREFIX + found[0]
