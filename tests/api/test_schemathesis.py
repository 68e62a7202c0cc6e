"""A served gym, asked by a machine that has only read its document: nothing may contradict it.

Requests are made up from the document, valid ones and broken ones, always the same. Valid ones mostly
name things that are there, so that answers are more than "no such thing".
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, settings
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
)

from kursplan.api import docs
from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock, SystemClock
from kursplan.store.engine.database import connect
from tests.gym import Gym
from tests.races.servers import KursplanServer
from tests.referee import Referee

schema = schemathesis.openapi.from_dict(docs.document())
# What is asked depends on the document alone, not on what was answered before.
schema.config.phases.fuzzing.extra_data_sources.responses = False
schema.config.phases.fuzzing.error_feedback.is_enabled = False


@dataclass(frozen=True)
class Served:
    """A server, the key of a partner, and what is there, by the names of the document."""

    server: KursplanServer
    api_key: str
    things: Mapping[str, list[int | str]]


@pytest.fixture(scope="module")
def served(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    file = tmp_path_factory.mktemp("served") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite:///{file}"
    api_key, things = asyncio.run(furnish(url))
    server = KursplanServer(url, WRONG_KEYS_LIMIT=0)  # Many of the requests have one.
    yield Served(server, api_key, things)
    server.stop()


async def furnish(url: str) -> tuple[str, dict[str, list[int | str]]]:
    """A gym with something of everything."""
    database = connect(url)
    gym = await Gym(database, HandClock(SystemClock().now())).open()
    employees = [await gym.employee(name) for name in ("Ina", "Ada")]
    location = await gym.location()
    classes = [
        await gym.klass("spin", description="Auf dem Rad", category="Ausdauer"),
        await gym.klass("yoga", confirmation="2 HOURS", earliest_booking=None),
    ]
    slots = []
    for days, class_id in itertools.product(range(1, 5), classes):
        day = gym.now.date() + timedelta(days=days)
        slot = await gym.slot(class_id, day=day, seats=3, waiting_list=40, location_id=location)
        await gym.gives(slot, *employees)
        slots.append(slot)
    customers = [
        await gym.customer(number=f"M-{n}", email=f"kunde{n}@example.com") for n in range(40)
    ]
    bookings = [
        (await gym.booked(customer, slot)).booking_id
        for slot in slots[::2]
        for customer in customers[:30]
    ]
    api_key = await gym.key()
    await gym.desk.close()
    await database.close()
    return api_key, {
        "classId": [*classes],
        "classSlotId": [*slots],
        "customerId": [*customers],
        "bookingId": [*bookings],
        "id": [*employees],
        "customerNumber": [f"M-{n}" for n in range(40)],
    }


@pytest.fixture
def statuses() -> Iterator[set[int]]:
    """What an operation was answered with; at least once it shall have worked."""
    seen: set[int] = set()
    yield seen
    assert 200 in seen


@schema.parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_contradicts_the_document(
    case: schemathesis.Case, served: Served, statuses: set[int]
) -> None:
    # What need not be told counts as left out where it is null or empty.
    told = case.body if isinstance(case.body, dict) else {}
    assume(not any(told[name] in (None, "") for name in told.keys() - served.things.keys()))
    name_what_is_there(case, served.things)
    if not case.meta.is_negative_at(ParameterLocation.HEADER):
        case.headers["X-API-KEY"] = served.api_key
    response = case.call(base_url=served.server.url)
    statuses.add(response.status_code)
    case.validate_response(
        response,
        additional_checks=[what_fits_is_read, what_does_not_fit_is_refused],
        excluded_checks=[positive_data_acceptance, negative_data_rejection],
    )


def name_what_is_there(case: schemathesis.Case, things: Mapping[str, list[int | str]]) -> None:
    """Have valid requests name what there is instead, unless what they name divides by three."""
    if not case.meta.generation.mode.is_positive:
        return
    body = case.body if isinstance(case.body, dict) else {}
    for members in (case.path_parameters or {}, case.query or {}, body):
        for name in members.keys() & things.keys():
            value, there = members[name], things[name]
            # JSON Schema takes 1.0 for an integer; a client that reads 64-bit integers does not.
            number = len(value) if isinstance(value, str) else int(value)
            if number % 3 or isinstance(value, float):
                members[name] = there[number // 3 % len(there)]


@schemathesis.check
def what_fits_is_read(
    _: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """A request that fits the document may be refused by a rule, but not as unreadable.

    Some things the document can't say in its types: an offset is what an earlier answer gave, a day
    has to be one that calendar arithmetic does not lead out of the calendar, and of criteria of which
    none is required there has to be one.
    """
    if case.meta.generation.mode.is_positive and response.status_code == 400:
        told = response.json()
        by_words_only = told.get("reference") in ("offset", "slotWindowStartDate")
        missing = told["errorCode"] == "CRITERION_MISSING"
        assert told["errorCode"] in set(ErrorCode) or by_words_only or missing, told


@schemathesis.check
def what_does_not_fit_is_refused(
    context: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case
) -> None:
    """But for what the contract wants taken: unknown parameters, and ids in another notation."""
    described = getattr(case.meta.phase.data, "description", None) or ""
    if "unexpected properties" in described or any(map(is_another_notation, ids_of(case))):
        return
    negative_data_rejection(context, response, case)


def ids_of(case: schemathesis.Case) -> list[object]:
    body = case.body if isinstance(case.body, dict) else {}
    return [body[name] for name in ("customerId", "classSlotId") if name in body]


def is_another_notation(value: object) -> bool:
    if isinstance(value, str):
        return value.strip(" ").isdecimal()
    return isinstance(value, float) and value.is_integer()


async def test_a_server_answers_head_and_other_methods_as_promised(served: Served) -> None:
    """Also where the server underneath has a mind of its own about them (F56)."""
    paths = [path.replace("{", "").replace("}", "") for path in docs.document()["paths"]]
    async with Referee(base_url=served.server.url) as nobody:
        for path in (*paths, "/v1/nothing", "/v1"):
            assert (await nobody.head(path)).status_code == 401
            key = {"X-API-KEY": served.api_key}
            assert (await nobody.head(path, headers=key)).status_code == 200
            for method in ("PUT", "PATCH", "OPTIONS", "TRACE"):
                answer = await nobody.request(method, path, headers=key)
                assert answer.status_code == (405 if path in paths else 404)
