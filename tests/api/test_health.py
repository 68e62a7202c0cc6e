"""Health and metrics: what an operator's tools ask."""

from __future__ import annotations

import re

import asyncpg
import pytest
from sqlalchemy import make_url, text

from kursplan.api.endpoints import ENDPOINTS
from tests.api.conftest import Serve
from tests.gym import Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"


async def test_a_running_server_is_alive_and_ready_and_needs_no_key(serve: Serve) -> None:
    anybody = Referee.inside(await serve())
    for path, body in (
        ("/health/live", {"status": "alive"}),
        ("/health/ready", {"status": "ready"}),
    ):
        response = await anybody.get(path)
        assert (response.status_code, response.json()) == (200, body)


async def test_with_another_schema_it_is_alive_but_not_ready(serve: Serve, gym: Gym) -> None:
    anybody = Referee.inside(await serve())
    for statement, reason in (
        ("UPDATE alembic_version SET version_num = '0000'", "the database has schema 0000"),
        ("DROP TABLE alembic_version", "the database is empty"),
    ):
        await gym.database.write(lambda tx, it=statement: tx.execute(text(it)))
        response = await anybody.get("/health/ready")
        told = response.json()
        assert (response.status_code, told["status"]) == (503, "not ready")
        assert told["reason"].startswith(reason)
        assert (await anybody.get("/health/live")).status_code == 200


@pytest.mark.parametrize("kind", ["postgresql"], indirect=True)
async def test_without_its_database_it_is_alive_but_not_ready(
    serve: Serve, database_url: str, postgres_server: str
) -> None:
    anybody = Referee.inside(await serve())
    name = make_url(database_url).database
    operator = await asyncpg.connect(postgres_server)
    await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await operator.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name
    )
    await operator.close()
    # At first the server finds that its connections are gone, then that it gets no new ones.
    for _ in range(3):
        response = await anybody.get("/health/ready")
        assert (response.status_code, response.json()["status"]) == (503, "not ready")
    assert (await anybody.get("/health/live")).status_code == 200


def value(page: str, name: str, **labels: str) -> float:
    """A sample of the page, by its name and labels; 0 where there is none."""
    told = ",".join(f'{label}="{labels[label]}"' for label in sorted(labels))
    sample = name + (f"{{{told}}}" if told else "")
    found = re.search(rf"^{re.escape(sample)} (\S+)$", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_metrics_tell_what_was_asked_and_what_came_of_it(serve: Serve, gym: Gym) -> None:
    application = await serve()
    client = Referee.inside(application, await gym.key())
    slot, spin = await gym.slot("spin", seats=1, waiting_list=1), gym.classes
    first, second, third = await gym.customers(3)

    for customer in (first, second, third, first):
        await client.post(BOOK, json={"customerId": customer, "classSlotId": slot})
    for path in (f"/v1/classes/{spin['spin']}", "/v1/classes/999", "/v1/clases", "/v1/private"):
        await client.get(path)
    await client.request("BREW", "/v1/classes")
    await client.head("/v1/classes")

    response = await Referee.inside(application).get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    page = response.text

    def requests(route: str, method: str, status: int) -> float:
        return value(
            page, "kursplan_requests_total", route=route, method=method, status=str(status)
        )

    assert requests(f"POST {BOOK}", "POST", 200) == 2
    assert requests(f"POST {BOOK}", "POST", 400) == 2
    assert requests("GET /v1/classes/{classId}", "GET", 200) == 1
    assert requests("GET /v1/classes/{classId}", "GET", 404) == 1
    assert requests("unknown", "GET", 404) == 2
    assert requests("unknown", "OTHER", 405) == 1
    assert requests("unknown", "HEAD", 200) == 1
    assert value(page, "kursplan_request_seconds_count", route=f"POST {BOOK}", method="POST") == 4
    for outcome in ("BOOKED", "WAITING_LIST", "BOOKING_LIMIT_REACHED", "CUSTOMER_ALREADY_BOOKED"):
        assert value(page, "kursplan_bookings_total", outcome=outcome) == 1, outcome
    # The last is refused without a turn: the slot was full when the third wanted it.
    assert value(page, "kursplan_turns_total", outcome="committed") == 3
    assert value(page, "kursplan_turn_commands_sum") == 3
    assert value(page, "kursplan_turn_seconds_count") == 3
    assert value(page, "kursplan_desk_queue_length") == 0
    # However many paths and methods people invent, the labels stay few.
    routes = set(re.findall(r'route="([^"]*)"', page))
    assert routes <= {endpoint.name for endpoint in ENDPOINTS} | {"unknown"}
