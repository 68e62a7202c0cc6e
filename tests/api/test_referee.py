"""The referee lets pass what the document describes, and refuses everything else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.referee import Referee, Undescribed, never_succeeded, operations

BOOKING: dict[str, Any] = {
    "bookingId": 2033,
    "bookingStatus": "BOOKED",
    "classSlotId": 14928,
    "classId": 1001,
    "customerId": 203,
    "classSlotStatus": "PLANNED",
    "participantStatus": "UNSET",
}
SLOT: dict[str, Any] = {
    "id": 14928,
    "startDateTime": "2022-06-22T08:00:00.000+02:00[Europe/Berlin]",
    "additionalParticipants": 0,
}
ERROR = {"errorMessage": "No.", "errorCode": "CLASS_NOT_FOUND", "traceId": "9f2c1b7a54d0e863"}


class Line:
    """A server that answers whatever the test told it to, and the referee at the other end."""

    def __init__(self) -> None:
        self.exercised: set[tuple[str, int]] = set()
        self.answer = Response()
        app = Starlette(
            routes=[Route("/{path:path}", self._say, methods=["GET", "POST", "DELETE", "PUT"])]
        )
        self.referee = Referee.inside(app, "key", exercised=self.exercised)

    async def _say(self, _: Request) -> Response:
        return self.answer

    async def ask(
        self,
        request: str,
        status: int = 200,
        body: object = None,
        *,
        raw: bytes | None = None,
        **headers: str,
    ) -> httpx.Response:
        """Send the request and have it answered with this; the body is JSON unless it is raw."""
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if content:
            named = {"content-type": "application/json"} | named
        method, target = request.split()
        self.answer = Response(content, status, promised(method, status) | named)
        return await self.referee.request(method, target)


def promised(method: str, status: int) -> dict[str, str]:
    """The headers without which no answer with this status passes."""
    headers = {"x-trace-id": "9f2c1b7a54d0e863"}
    if status >= 400:
        headers["content-language"] = "en"
    elif method == "GET":
        headers["etag"] = '"9fb593190d7f9c3de56da1bc"'
    if status == 401:
        headers["www-authenticate"] = "X-API-KEY"
    return headers


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    line = Line()
    async with line.referee:
        yield line


async def test_an_answer_that_is_described_passes_and_is_remembered(line: Line) -> None:
    response = await line.ask("GET /v1/classes/booking/2033", 200, BOOKING)
    assert response.json() == BOOKING
    assert line.exercised == {("getClassBookingById", 200)}


@pytest.mark.parametrize(
    ("request_line", "body", "operation"),
    [
        ("GET /v1/classes/slots?daysAhead=2", {"result": [SLOT], "hasNext": False, "offset": "7"}, "getClassSlotsForMultipleClasses"),
        ("GET /v1/classes/1001", {"id": 1001, "bookable": True}, "getClassById"),
        ("GET /v1/classes/1001/slots/14928", SLOT, "getClassSlotById"),
        ("GET /v1/classes/booking?customerId=203", [BOOKING], "getClassBookingsByCustomerId"),
        ("POST /v1/classes/booking/validate", {"validationStatus": "AVAILABLE"}, "validateClassSlot"),
        ("POST /v1/customers/search", [{"id": 203, "status": "MEMBER", "accessRefusal": False}], "searchCustomers"),
        ("DELETE /v1/classes/booking/2033", None, "cancelClassSlotById"),
        ("POST /v1/studios/confirmActivation", None, "confirmActivation"),
        # A slash at the end, and a second one before it, change nothing.
        ("GET /v1/classes/1001/?x=1", {"id": 1001, "bookable": True}, "getClassById"),
        ("DELETE http://kursplan.test//v1/classes/booking/2033", None, "cancelClassSlotById"),
    ],
)  # fmt: skip
async def test_the_operation_is_found_by_method_and_path(
    line: Line, request_line: str, body: object, operation: str
) -> None:
    await line.ask(request_line, 200, body)
    assert line.exercised == {(operation, 200)}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"bookingStatus": None}, "None is not"),
        ({"bookingStatus": "CANCELLED"}, "'CANCELLED' is not one of"),
        ({"note": "x"}, "'note' was unexpected"),
        ({"bookingId": 2**53}, "greater than the maximum"),
        ({"bookingId": 0}, "less than the minimum"),
        ({"bookingId": 2033.0}, "is not of type 'integer'"),
        ({"bookingId": True}, "is not of type 'integer'"),
        ({"bookingId": "2033"}, "is not of type 'integer'"),
    ],
)
async def test_a_member_that_does_not_fit_is_refused(
    line: Line, change: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(Undescribed, match=complaint):
        await line.ask("GET /v1/classes/booking/2033", 200, BOOKING | change)
    assert line.exercised == set()


async def test_a_required_member_must_be_there(line: Line) -> None:
    short = {name: value for name, value in BOOKING.items() if name != "classId"}
    with pytest.raises(Undescribed, match="'classId' is a required property"):
        await line.ask("GET /v1/classes/booking/2033", 200, short)


@pytest.mark.parametrize(
    "wrong",
    [
        "2022-06-22T08:00:00.000+02:00",
        "2022-06-22T08:00:00+02:00[Europe/Berlin]",
        "2022-06-22T06:00:00.000Z[Europe/Berlin]",
        "2022-06-22T06:00:00.000Z",
        "2022-13-22T08:00:00.000+02:00[Europe/Berlin]",
        "2022-06-22T24:00:00.000+02:00[Europe/Berlin]",
        "2022-06-22T08:00:00.000+02:00[]",
    ],
)
async def test_a_date_time_has_milliseconds_offset_and_zone(line: Line, wrong: str) -> None:
    with pytest.raises(Undescribed, match=r"at \$\.startDateTime"):
        await line.ask("GET /v1/classes/1/slots/2", 200, SLOT | {"startDateTime": wrong})


@pytest.mark.parametrize(
    "right",
    [
        "2022-01-22T08:00:00.000+00:00[Europe/London]",
        "2022-06-22T08:00:00.999-03:00[America/Argentina/Buenos_Aires]",
        "2022-06-22T08:00:00.000+05:45[Asia/Kathmandu]",
        "2022-06-22T08:00:00.000+00:00[UTC]",
    ],
)
async def test_every_zone_of_the_world_can_be_written(line: Line, right: str) -> None:
    response = await line.ask("GET /v1/classes/1/slots/2", 200, SLOT | {"startDateTime": right})
    assert response.json()["startDateTime"] == right


@pytest.mark.parametrize("wrong", ["2022-02-30", "22.06.2022", "2022-06-22T00:00:00"])
async def test_a_date_is_a_day_of_the_calendar(line: Line, wrong: str) -> None:
    customer = {"id": 203, "status": "MEMBER", "accessRefusal": False, "dateOfBirth": wrong}
    with pytest.raises(Undescribed, match=r"at \$\.dateOfBirth"):
        await line.ask("GET /v1/customers/203", 200, customer)


async def test_a_status_that_is_not_described_is_refused(line: Line) -> None:
    with pytest.raises(Undescribed, match="getClassBookingById describes only 200, 304, 400"):
        await line.ask("GET /v1/classes/booking/2033", 201, BOOKING)
    with pytest.raises(Undescribed, match="getActiveClasses describes only"):
        await line.ask("GET /v1/classes", 404, ERROR)
    with pytest.raises(Undescribed, match="getActiveClasses describes only"):
        await line.ask("GET /v1/classes", 307, location="/v1/classes/")


async def test_an_error_is_an_error_response(line: Line) -> None:
    await line.ask("GET /v1/classes/1", 404, ERROR)
    assert line.exercised == {("getClassById", 404)}
    with pytest.raises(Undescribed, match="'errorMessage' is a required property"):
        await line.ask("GET /v1/classes/1", 404, {"detail": "Not Found"})
    with pytest.raises(Undescribed, match=r"at \$\.errorCode"):
        await line.ask("GET /v1/classes/1", 404, ERROR | {"errorCode": "class not found"})
    with pytest.raises(Undescribed, match="'args' was unexpected"):
        await line.ask("GET /v1/classes/1", 404, ERROR | {"args": ["1"]})
    with pytest.raises(Undescribed, match="content type is 'text/plain'"):
        await line.ask("GET /v1/classes/1", 404, raw=b"Not Found", content_type="text/plain")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "the content type is ''"),
        (b"{", "not JSON"),
        (b'{"id": NaN, "bookable": true}', "NaN is no number"),
        (b'{"id": 1, "id": 2, "bookable": true}', "occurs twice"),
        (b'{"id": 1, "bookable": true, "title": "Fl\xf6te"}', "not JSON in UTF-8"),
    ],
)
async def test_a_body_is_json_in_utf_8(line: Line, raw: bytes, complaint: str) -> None:
    with pytest.raises(Undescribed, match=complaint):
        await line.ask("GET /v1/classes/1", raw=raw)


async def test_a_charset_may_be_told_if_it_is_the_right_one(line: Line) -> None:
    class_ = {"id": 1, "bookable": True}
    await line.ask("GET /v1/classes/1", 200, class_, content_type="application/json; charset=UTF-8")
    with pytest.raises(Undescribed, match="latin-1"):
        await line.ask(
            "GET /v1/classes/1", 200, class_, content_type="application/json; charset=latin-1"
        )


async def test_where_the_body_is_to_be_empty_it_is_empty(line: Line) -> None:
    with pytest.raises(Undescribed, match="the body should be empty"):
        await line.ask("DELETE /v1/classes/booking/2033", 200, BOOKING)


async def test_a_header_that_is_not_described_is_refused(line: Line) -> None:
    with pytest.raises(Undescribed, match="the header x-powered-by is not described"):
        await line.ask("GET /v1/classes/booking/2033", 200, BOOKING, x_powered_by="Kursplan")


async def test_a_text_of_digits_is_a_text(line: Line) -> None:
    await line.ask("GET /v1/classes/booking/2033", 200, BOOKING, x_trace_id="0298263186883901")


async def test_a_required_header_must_be_there_and_every_described_one_must_fit(line: Line) -> None:
    with pytest.raises(Undescribed, match="the header Retry-After is missing"):
        await line.ask("GET /v1/classes", 429, ERROR)
    with pytest.raises(Undescribed, match="the header Retry-After does not fit"):
        await line.ask("GET /v1/classes", 503, ERROR, retry_after="soon")
    with pytest.raises(Undescribed, match="the header RateLimit-Remaining does not fit"):
        await line.ask("GET /v1/classes/1", 404, ERROR, ratelimit_remaining="-1")
    await line.ask("GET /v1/classes", 429, ERROR, retry_after="60", ratelimit_remaining="0")
    assert line.exercised == {("getActiveClasses", 429)}


async def test_head_has_no_body_and_only_checks_the_key(line: Line) -> None:
    for path in ("/v1/classes", "/v1/classes/1", "/v1/nothing/here", "/v1"):
        assert (await line.ask(f"HEAD {path}", 200)).status_code == 200
        assert (await line.ask(f"HEAD {path}", 401)).status_code == 401
        with pytest.raises(Undescribed, match="HEAD has no body"):
            await line.ask(f"HEAD {path}", 401, ERROR)
        with pytest.raises(Undescribed, match="HEAD only checks the key"):
            await line.ask(f"HEAD {path}", 404)
    assert line.exercised == set()


async def test_what_is_not_described_is_not_there(line: Line) -> None:
    for request in ("GET /v1", "GET /v1/nothing", "GET /v1/classes//", "PUT /v1/classes/1"):
        for status in (401, 404, 429, 503):
            assert (await line.ask(request, status, ERROR)).status_code == status
        with pytest.raises(Undescribed, match="the document has no such operation"):
            await line.ask(request, 200, BOOKING)
        with pytest.raises(Undescribed, match="'errorMessage' is a required property"):
            await line.ask(request, 404, {})
    with pytest.raises(Undescribed, match="the document has no such operation"):
        await line.ask("GET /v1/nothing", 405, ERROR)


async def test_a_method_that_is_not_allowed_is_answered_with_those_that_are(line: Line) -> None:
    await line.ask("PUT /v1/classes/booking/2033", 405, ERROR, allow="GET, HEAD, DELETE")
    with pytest.raises(Undescribed, match="the Allow header does not name DELETE, GET"):
        await line.ask("PUT /v1/classes/booking/2033", 405, ERROR, allow="GET")


async def test_a_path_outside_v1_is_not_judged(line: Line) -> None:
    assert (await line.ask("GET /v10/classes", 418, {"tea": None})).status_code == 418


def test_an_operation_counts_only_when_it_succeeded() -> None:
    missing = never_succeeded({("getActiveClasses", 200), ("getClassById", 404)})
    assert missing[:2] == ["getClassById", "getClassSlotsForMultipleClasses"]
    assert len(missing) == 20


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Runs a suite of two tests which, between them, see these operations succeed."""
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": str(root)}

    def run(seen: list[str], *options: str) -> tuple[int, str]:
        (tmp_path / "conftest.py").write_text('pytest_plugins = ["tests.referee_plugin"]\n')
        (tmp_path / "pytest.ini").write_text("[pytest]\ntestpaths = suite\n")
        (tmp_path / "suite").mkdir()
        for half in (0, 1):
            (tmp_path / "suite" / f"test_half_{half}.py").write_text(
                "from tests.referee import EXERCISED\n\n"
                f"def test_half_{half}():\n"
                f"    EXERCISED.update((seen, 200) for seen in {seen[half::2]})\n"
            )
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--color=no", *options],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


IN_TWO_PROCESSES = ("-p", "xdist.plugin", "-n", "2", "--dist", "loadfile")


def test_a_whole_run_passes_if_its_processes_together_saw_every_operation_succeed(
    run: Callable[..., tuple[int, str]],
) -> None:
    code, output = run([o.id for o in operations()], "--whole", *IN_TWO_PROCESSES)
    assert "2 passed" in output
    assert "Operations of the Open API" not in output
    assert code == pytest.ExitCode.OK


@pytest.mark.parametrize("processes", [(), IN_TWO_PROCESSES])
def test_a_whole_run_fails_if_an_operation_never_succeeded(
    run: Callable[..., tuple[int, str]], processes: tuple[str, ...]
) -> None:
    missing = ["getActiveClasses", "bookClassSlot"]
    seen = [o.id for o in operations() if o.id not in missing]
    code, output = run(seen, "--whole", *processes)
    assert "2 passed" in output
    assert f"Operations of the Open API that no test saw succeed: {', '.join(missing)}\n" in output
    assert code == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("options", [(), ("--whole", "-k", "half"), ("--whole", "suite")])
def test_a_run_of_a_part_is_not_asked_for_the_whole(
    run: Callable[..., tuple[int, str]], options: tuple[str, ...]
) -> None:
    code, output = run(["getActiveClasses"], *options)
    assert "2 passed" in output
    assert "Operations of the Open API" not in output
    assert code == pytest.ExitCode.OK
