"""The Open API: what happens to every request under `/v1`, from the door to the answer.

The order is the contract's: HEAD asks only about the key; an unknown path is told to anybody; then
the key, the limit, the scope, and only then what was asked.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send

from kursplan.api.call import Call, House
from kursplan.api.endpoints import ENDPOINTS, Endpoint
from kursplan.api.errors import ApiError, Fault, render
from kursplan.api.languages import negotiate
from kursplan.api.limits import RateLimit, Standing
from kursplan.api.wire import encode
from kursplan.clock import stopwatch
from kursplan.desk.desk import ChangedConcurrently, DeskBusy
from kursplan.ids import fingerprint, new_trace_id
from kursplan.store import keys
from kursplan.store.database import DatabaseUnavailable
from kursplan.store.keys import Caller

log = structlog.get_logger(__name__)

PREFIX = "/v1"
JSON = "application/json"
RETRY_AFTER_SECONDS = 2
"""When to come back to a server that had too much to do."""
NO_ENDPOINT = "unknown"
METHODS = frozenset(endpoint.method for endpoint in ENDPOINTS) | {"HEAD", "PUT", "PATCH", "OPTIONS"}


class OpenApi(BaseRoute):
    """The route to everything under `/v1`, also to what no pattern would fit."""

    def __init__(self, house: House, limit: RateLimit) -> None:
        self._house = house
        self._limit = limit
        self._paths = [(endpoint, compile_path(endpoint.path)[0]) for endpoint in ENDPOINTS]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and f"{_path(scope)}/".startswith(f"{PREFIX}/"):
            return Match.FULL, {}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = stopwatch()
        visit = _Visit(Request(scope, receive))
        response = await self._respond(visit)
        response.headers["X-Trace-Id"] = visit.trace_id
        await response(scope, receive, send)
        self._note(visit, response.status_code, stopwatch() - began)

    async def _respond(self, visit: _Visit) -> Response:
        """The answer, whatever happens."""
        try:
            return await self._answer(visit)
        except ApiError as error:
            return visit.refuse(error)
        except ChangedConcurrently:
            return visit.refuse(ApiError(Fault.CONCURRENTLY_CHANGED))
        except (DeskBusy, DatabaseUnavailable) as busy:
            log.warning("busy", trace_id=visit.trace_id, reason=str(busy))
            visit.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return visit.refuse(ApiError(Fault.SERVER_BUSY))
        except Exception:
            log.exception("request failed", trace_id=visit.trace_id, route=visit.route)
            return visit.refuse(ApiError(Fault.INTERNAL_ERROR))

    async def _answer(self, visit: _Visit) -> Response:
        if visit.request.method == "HEAD":
            return await self._check_key(visit)
        endpoint, parameters = self._find(visit)
        visit.route = endpoint.name
        visit.caller = caller = await self._identify(visit.request)
        await self._admit(visit, endpoint, caller)
        answer = await endpoint.answer(Call(visit.request, caller, parameters, self._house))
        if answer is None:
            return Response(status_code=200, headers=visit.headers)
        return Response(encode(answer), media_type=JSON, headers=visit.headers)

    async def _check_key(self, visit: _Visit) -> Response:
        """HEAD on any path tells whether the key is valid, and nothing else (F56)."""
        visit.caller = await self._identify(visit.request)
        return Response(status_code=200)

    async def _identify(self, request: Request) -> Caller:
        key = request.headers.get("x-api-key", "").strip()
        if not key:
            raise ApiError(Fault.API_KEY_MISSING)
        found = await self._house.database.read(lambda tx: keys.caller(tx, fingerprint(key)))
        if found is None:
            raise ApiError(Fault.API_KEY_INVALID)
        return found

    async def _admit(self, visit: _Visit, endpoint: Endpoint, caller: Caller) -> None:
        standing = await self._limit.count(caller.key_id, endpoint.name)
        if standing is not None:
            visit.headers |= standing.headers
            if standing.refused:
                raise _over_the_limit(standing)
        if endpoint.scope is not None and endpoint.scope not in caller.scopes:
            raise ApiError(Fault.SCOPE_MISSING, scope=endpoint.scope.value)

    def _find(self, visit: _Visit) -> tuple[Endpoint, Mapping[str, str]]:
        """The endpoint that is meant, and what its path names.

        The first path that fits is the one that is meant, whatever the method: `GET
        /classes/booking/validate` is a method that is not there, and no booking of a strange id.
        """
        path = visit.path
        meant = None
        others = []
        for endpoint, pattern in self._paths:
            if meant in (None, endpoint.path) and (found := pattern.fullmatch(path)):
                meant = endpoint.path
                if endpoint.method == visit.request.method:
                    return endpoint, found.groupdict()
                others.append(endpoint.method)
        if not others:
            raise ApiError(Fault.PATH_NOT_FOUND, value=PREFIX + path, hint=_nearest(path))
        allowed = ", ".join(sorted({*others, "HEAD"}))
        visit.headers["Allow"] = allowed
        raise ApiError(Fault.METHOD_NOT_ALLOWED, value=visit.request.method, allowed=allowed)

    def _note(self, visit: _Visit, status: int, seconds: float) -> None:
        """Count the request and log it; the log names the route, never what was asked in it."""
        method = visit.request.method if visit.request.method in METHODS else "OTHER"
        metrics = self._house.metrics
        metrics.requests.labels(visit.route, method, str(status)).inc()
        metrics.request_seconds.labels(visit.route, method).observe(seconds)
        log.info(
            "request",
            trace_id=visit.trace_id,
            method=method,
            route=visit.route,
            status=status,
            milliseconds=round(seconds * 1000, 2),
            organization_id=visit.caller.organization_id if visit.caller else None,
            integration_id=visit.caller.integration_id if visit.caller else None,
        )


class _Visit:
    """What is known of a request while it is answered."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.trace_id = new_trace_id()
        self.route = NO_ENDPOINT
        self.caller: Caller | None = None
        self.headers: dict[str, str] = {}

    @property
    def path(self) -> str:
        """The path below `/v1`."""
        return _path(self.request.scope).removeprefix(PREFIX)

    def refuse(self, error: ApiError) -> Response:
        studio_language = self.caller.language if self.caller else "en"
        language = negotiate(self.request.headers.get("accept-language"), studio_language)
        headers = self.headers | {"Content-Language": language}
        if error.code in (Fault.API_KEY_MISSING, Fault.API_KEY_INVALID):
            headers["WWW-Authenticate"] = "X-API-KEY"
        if self.request.method == "HEAD":
            return Response(status_code=error.status, headers=headers)
        body = render(error, language, self.trace_id)
        return Response(body, status_code=error.status, media_type=JSON, headers=headers)


def _path(scope: Scope) -> str:
    """The path without the prefix under which a proxy may have put all of Kursplan."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _over_the_limit(standing: Standing) -> ApiError:
    return ApiError(Fault.RATE_LIMIT_EXCEEDED, limit=standing.limit, seconds=standing.reset_seconds)


def _nearest(path: str, endpoints: Sequence[Endpoint] = ENDPOINTS) -> str:
    """The known path that looks most like this one."""
    known = [endpoint.path for endpoint in endpoints]
    found = difflib.get_close_matches(path[:200], known, n=1, cutoff=0)
    return PREFIX + found[0]
