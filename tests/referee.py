"""The client that refuses any answer which the document of the Open API does not describe.

A test asks through it as through any httpx client, and gets the answer only if the document allows
it to the letter: the status, the content type, every member of the body, the headers. So each test
about anything at all is a test of the contract, too. Paths outside `/v1` pass unjudged.

Judging requests is deliberately absent: tests send nonsense on purpose, and the contract wants
most of it ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from starlette.types import ASGIApp

from kursplan.api import docs

EXERCISED: set[tuple[str, int]] = set()
"""Every (operationId, status) that some referee of this process has seen and allowed."""


class Undescribed(AssertionError):
    """The server gave an answer that the document does not describe."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and for which request; the target is path and query as they were sent."""

    method: str
    target: str
    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def path(self) -> str:
        """In one notation: a slash at its end, or a second one before it, is the same."""
        path = self.target.partition("?")[0]
        return "/" + path.removeprefix("//").removeprefix("/").removesuffix("/")

    def refuse(self, why: str) -> NoReturn:
        shown = self.body[:1000].decode("utf-8", "replace")
        raise Undescribed(f"{self.method} {self.target} answered {self.status}: {why}\n{shown}")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of the document."""

    id: str
    method: str
    template: str
    responses: Mapping[str, str]
    """Where in the document each status is described, as a JSON pointer."""

    def is_at(self, path: str) -> bool:
        """Whether the template fits the path; a parameter is one segment, whatever it holds."""
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.template), path) is not None


class Referee(httpx.AsyncClient):
    """An httpx client that raises :class:`Undescribed` instead of giving an undescribed answer.

    For a real server: ``Referee(base_url=…, headers={"X-API-KEY": …})``. What it has seen goes
    into ``exercised``, which only tests of the referee itself should replace.
    """

    def __init__(self, *, exercised: set[tuple[str, int]] = EXERCISED, **client: Any) -> None:
        super().__init__(**client)
        self._exercised = exercised

    @classmethod
    def inside(
        cls,
        app: ASGIApp,
        api_key: str | None = None,
        *,
        raise_app_exceptions: bool = True,
        peer: str = "127.0.0.1",
        **client: Any,
    ) -> Referee:
        """A referee of an application in this process, which sees a connection from that peer.

        Its lifespan is the caller's business.
        """
        return cls(
            transport=httpx.ASGITransport(
                app, raise_app_exceptions=raise_app_exceptions, client=(peer, 50_000)
            ),
            base_url="http://kursplan.test",
            headers={} if api_key is None else {"X-API-KEY": api_key},
            **client,
        )

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        response = await super().send(request, **how)
        target = request.url.raw_path.decode("ascii")
        if re.match(r"//?v1(?:[/?]|$)", target):
            await response.aread()
            operation = judge(
                Answer(
                    request.method,
                    target,
                    response.status_code,
                    response.headers,
                    response.content,
                )
            )
            if operation is not None:
                self._exercised.add((operation.id, response.status_code))
        return response


def judge(answer: Answer) -> Operation | None:
    """The operation that describes the answer; None for HEAD and where there is no operation.

    Raises :class:`Undescribed`.
    """
    if answer.method == "HEAD":
        _judge_head(answer)
        return None
    # The path with the fewest parameters wins: it is the one that is meant, whatever the method.
    fitting = [o for o in operations() if o.is_at(answer.path)]
    here = {o.method: o for o in fitting if o.template == fitting[-1].template}
    if operation := here.get(answer.method):
        _judge_described(answer, operation)
    else:
        _judge_without_operation(answer, set(here))
    return operation


@cache
def operations() -> tuple[Operation, ...]:
    """All operations, those with fewer parameters in the path last.

    So `/v1/classes/slots` comes after `/v1/classes/{classId}`, which fits the same path.
    """
    found = (
        Operation(
            described["operationId"],
            method.upper(),
            template,
            {
                status: _resolved(pointer("paths", template, method, "responses", status))
                for status in described["responses"]
            },
        )
        for template, methods in _document()["paths"].items()
        for method, described in methods.items()
    )
    return tuple(sorted(found, key=lambda operation: -operation.template.count("{")))


def never_succeeded(exercised: set[tuple[str, int]]) -> list[str]:
    """The operations, in the order of the document, of which no success is among the exercised."""
    succeeded = {operation_id for operation_id, status in exercised if 200 <= status < 300}
    return [
        described["operationId"]
        for methods in _document()["paths"].values()
        for described in methods.values()
        if described["operationId"] not in succeeded
    ]


def _judge_head(answer: Answer) -> None:
    # HEAD checks the key on any path, known or not; 429 is told where many wrong ones came before,
    # and 503 is what any request may get.
    if answer.status not in (200, 401, 429, 503):
        answer.refuse("HEAD only checks the key: 200 or 401")
    # httpx drops the body that it should not have got, but the length tells of it.
    if answer.body or answer.headers.get("Content-Length", "0") != "0":
        answer.refuse("HEAD has no body")
    for status, described in ((429, "TooManyRequests"), (503, "ServiceUnavailable")):
        if answer.status == status:
            _judge_headers(answer, pointer("components", "responses", described))


def _judge_without_operation(answer: Answer, methods_here: set[str]) -> None:
    if answer.status == 405 and methods_here:
        allowed = {method.strip() for method in answer.headers.get("Allow", "").split(",")}
        if not methods_here <= allowed:
            answer.refuse(f"the Allow header does not name {', '.join(sorted(methods_here))}")
    # The key is looked at first, so there is also what any request with one may get.
    elif answer.status not in (401, 404, 429, 503):
        answer.refuse("the document has no such operation, so only 401, 404 or 405 would do")
    _judge_body(answer, "application/json", pointer("components", "schemas", "ErrorResponse"))


def _judge_described(answer: Answer, operation: Operation) -> None:
    described = operation.responses.get(str(answer.status))
    if described is None:
        answer.refuse(f"{operation.id} describes only {', '.join(operation.responses)}")
    _judge_headers(answer, described)
    content = _at(described).get("content")
    if content is None:
        if answer.body:
            answer.refuse("the body should be empty")
        return
    (media_type,) = content
    _judge_body(answer, media_type, f"{described}{pointer('content', media_type, 'schema')}")


# What HTTP itself says of every message.
_OF_HTTP = {"cache-control", "connection", "content-length", "content-type", "date"}


def _judge_headers(answer: Answer, described: str) -> None:
    known = {name.lower() for name in _at(described).get("headers", {})}
    if further := answer.headers.keys() - known - _OF_HTTP:
        answer.refuse(f"the header {min(further)} is not described")
    for name in _at(described).get("headers", {}):
        header = _resolved(f"{described}{pointer('headers', name)}")
        text = answer.headers.get(name)
        if text is None:
            if _at(header).get("required"):
                answer.refuse(f"the header {name} is missing")
            continue
        # A header is text; one of digits is a number only where a number is described.
        is_number = _at(header)["schema"]["type"] == "integer" and re.fullmatch("-?[0-9]+", text)
        value = int(text) if is_number else text
        _judge_value(answer, value, f"{header}{pointer('schema')}", f"the header {name}")


def _judge_body(answer: Answer, media_type: str, schema: str) -> None:
    content_type = answer.headers.get("Content-Type", "")
    if content_type.lower().replace(" ", "") not in (media_type, f"{media_type};charset=utf-8"):
        answer.refuse(f"the content type is {content_type!r} instead of {media_type}")
    try:
        value = json.loads(
            answer.body.decode("utf-8"),
            parse_constant=_no_number,
            object_pairs_hook=_without_duplicates,
        )
    except ValueError as problem:
        answer.refuse(f"the body is not JSON in UTF-8: {problem}")
    _judge_value(answer, value, schema, "the body")


def _judge_value(answer: Answer, value: Any, schema: str, what: str) -> None:
    problems = [f"at {p.json_path}: {p.message}" for p in validator(schema).iter_errors(value)]
    if problems:
        answer.refuse(f"{what} does not fit, {'; '.join(problems[:5])}")


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")


def _without_duplicates(members: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in members]
    if len(set(names)) < len(names):
        raise ValueError(f"a member occurs twice among {', '.join(names)}")
    return dict(members)


# To JSON Schema 1.0 is an integer. To a client that reads a 64-bit integer it is none.
_Validator = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine("integer", lambda _, x: type(x) is int),
)


@cache
def validator(schema: str) -> Draft202012Validator:
    """Judges a value by the schema at this pointer, references within the document included."""
    base = "urn:kursplan:open-api"
    registry: Registry[Any] = Registry().with_resource(
        base, DRAFT202012.create_resource(_document())
    )
    strict: Draft202012Validator = _Validator(
        {"$ref": f"{base}#{schema}"},
        registry=registry,
        format_checker=FormatChecker(["date", "uuid"]),
    )
    return strict


@cache
def _document() -> dict[str, Any]:
    """The document in its strict form: to clients answers are open, to the referee they are closed."""
    document = docs.document()
    for name, schema in document["components"]["schemas"].items():
        if schema["type"] == "object" and not name.endswith("Request"):
            schema["additionalProperties"] = False
    return document


def pointer(*names: str) -> str:
    """The JSON pointer by these names."""
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _at(pointer: str) -> dict[str, Any]:
    """The part of the document to which a JSON pointer points."""
    part = _document()
    for name in pointer.split("/")[1:]:
        part = part[name.replace("~1", "/").replace("~0", "~")]
    return part


def _resolved(pointer: str) -> str:
    """The pointer itself, or where its `$ref` leads."""
    reference = _at(pointer).get("$ref")
    return pointer if reference is None else _resolved(str(reference).removeprefix("#"))
