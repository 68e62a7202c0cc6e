"""Who may ask: keys, scopes, and HEAD, which asks about the key alone (F56)."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import select

from kursplan.api.endpoints import ENDPOINTS
from kursplan.desk.keys import RevokeKey
from kursplan.ids import fingerprint, new_api_key
from kursplan.store import tables
from tests.api.conftest import Partner
from tests.gym import ALL_SCOPES, STAFF, Gym

CLASSES = "/v1/classes"

# The contract's table: method, path, scope, and a body where one is asked for.
BOOKING = {"customerId": "{customer}", "classSlotId": "{slot}"}
OPERATIONS: list[tuple[str, str, str | None, dict[str, str] | None]] = [
    ("GET", "/v1/classes", "CLASSES_READ", None),
    ("GET", "/v1/classes/{class}", "CLASSES_READ", None),
    ("GET", "/v1/classes/slots", "CLASSES_READ", None),
    ("GET", "/v1/classes/{class}/slots", "CLASSES_READ", None),
    ("GET", "/v1/classes/{class}/slots/{slot}", "CLASSES_READ", None),
    ("POST", "/v1/classes/booking/validate", "CLASSES_READ", BOOKING),
    ("POST", "/v1/classes/booking/book", "CLASSES_WRITE", BOOKING),
    ("GET", "/v1/classes/booking/{booking}", "CLASSES_READ", None),
    ("DELETE", "/v1/classes/booking/{booking}", "CLASSES_WRITE", None),
    ("GET", "/v1/classes/booking?customerId={customer}", "CLASSES_READ", None),
    ("GET", "/v1/studios/information", "STUDIO_READ", None),
    ("POST", "/v1/studios/confirmActivation", None, None),
    ("GET", "/v1/customers", "CUSTOMER_READ", None),
    ("GET", "/v1/customers/{customer}", "CUSTOMER_READ", None),
    ("GET", "/v1/customers/by?customerNumber=7", "CUSTOMER_READ", None),
    ("POST", "/v1/customers/search", "CUSTOMER_READ", {"firstName": "E"}),
    ("GET", "/v1/cross-studio/customers/by?customerNumber=7", "CUSTOMER_READ", None),
    ("GET", "/v1/cross-studio/customers/{customer}", "CUSTOMER_READ", None),
    ("POST", "/v1/cross-studio/customers/search", "CUSTOMER_READ", {"firstName": "E"}),
    ("GET", "/v1/employees", "EMPLOYEE_READ", None),
    ("GET", "/v1/employees/{employee}", "EMPLOYEE_READ", None),
]


def told(response: httpx.Response) -> tuple[int, dict[str, Any]]:
    """Status and body without what differs from request to request."""
    return response.status_code, {**response.json(), "traceId": None}


async def test_without_a_valid_key_nothing_is_answered(gym: Gym, partner: Partner) -> None:
    revoked, deactivated = await gym.key(), await gym.key(active=False)
    await gym.desk.execute(RevokeKey(gym.organization, await id_of(gym, revoked)), by=STAFF)

    for key in (None, "", "   "):
        response = await partner(key).get(CLASSES)
        assert (response.status_code, response.json()["errorCode"]) == (401, "API_KEY_MISSING")
    wrong = told(await partner(new_api_key()).get(CLASSES))
    assert (wrong[0], wrong[1]["errorCode"]) == (401, "API_KEY_INVALID")
    for key in (revoked, deactivated, "x" * 10_000, "ключ"):
        # Which of them it is, is told to nobody.
        answer = await partner(None).get(CLASSES, headers={"X-API-KEY": key.encode()})
        assert told(answer) == wrong


async def id_of(gym: Gym, key: str) -> int:
    column = tables.api_key.c
    query = select(column.id).where(column.key_hash == fingerprint(key))
    return await gym.database.read(lambda tx: int(tx.execute(query).scalar_one()))


async def test_a_key_stops_at_once_when_it_is_revoked_or_its_integration_deactivated(
    gym: Gym, partner: Partner
) -> None:
    key, spare, other = await gym.key(), new_api_key(), await gym.key()
    column = tables.api_key.c
    query = select(column.integration_id).where(column.key_hash == fingerprint(key))
    integration = await gym.database.read(lambda tx: int(tx.execute(query).scalar_one()))
    await gym.insert(
        tables.api_key,
        key_hash=fingerprint(spare),
        integration_id=integration,
        hint="1234",
        created_at=gym.now,
    )

    async def statuses() -> list[int]:
        return [(await partner(each).get(CLASSES)).status_code for each in (key, spare, other)]

    assert await statuses() == [200, 200, 200]
    await gym.desk.execute(RevokeKey(gym.organization, await id_of(gym, key)), by=STAFF)
    assert await statuses() == [401, 200, 200]
    await gym.set(tables.integration, integration, active=False)
    assert await statuses() == [401, 401, 200]


async def test_the_header_has_any_case_and_the_host_any_name(gym: Gym, partner: Partner) -> None:
    key, nobody = await gym.key(), partner(None)
    for name in ("X-API-KEY", "x-api-key", "X-Api-Key", "x-aPI-kEY"):
        for host in ("other-gym.example", "localhost:1", "127.0.0.1"):
            response = await nobody.get(CLASSES, headers={name: key, "Host": host})
            assert response.status_code == 200, (name, host)


async def test_every_endpoint_asks_for_its_scope_and_for_no_other(
    gym: Gym, partner: Partner
) -> None:
    slot = await gym.slot()
    ids = {
        "class": gym.classes["spin"],
        "slot": slot,
        "customer": await gym.customer("Erika", number="7"),
        "employee": await gym.employee(),
        "booking": (await gym.booked(await gym.customer(), slot)).booking_id,
    }
    listed = {endpoint.name for endpoint in ENDPOINTS}
    assert len(OPERATIONS) == len(listed), "the table is complete"
    only = {scope: partner(await gym.key(scopes=[scope])) for scope in ALL_SCOPES}
    without = {
        scope: partner(await gym.key(scopes=[each for each in ALL_SCOPES if each != scope]))
        for scope in ALL_SCOPES
    }
    nothing = partner(await gym.key(scopes=[]))
    for method, template, scope, body in OPERATIONS:
        path = template.format_map(ids)
        json = body and {name: ids.get(value[1:-1], value) for name, value in body.items()}
        if scope is None:
            assert (await nothing.request(method, path, json=json)).status_code == 200, path
            continue
        for client in (nothing, without[scope]):
            status, error = told(await client.request(method, path, json=json))
            assert (status, error["errorCode"]) == (403, "SCOPE_MISSING"), path
            assert error["errorMessage"].endswith(f"hat die Berechtigung {scope} nicht.")
        # Nothing was done for those who may not: the booking can still be cancelled.
        response = await only[scope].request(method, path, json=json)
        assert response.status_code == 200, (path, response.text)


async def test_the_scope_is_asked_before_what_was_sent(gym: Gym, partner: Partner) -> None:
    nothing = partner(await gym.key(scopes=[]))
    for method, path in (("GET", "/v1/classes/abc"), ("POST", "/v1/classes/booking/book")):
        response = await nothing.request(method, path, content=b"{")
        assert response.status_code == 403, path


async def test_pages_of_other_origins_get_no_leave(gym: Gym, partner: Partner) -> None:
    """A key that a browser holds is read by its user and by every script on the page."""
    client = partner(await gym.key())
    for answer in (
        await client.get("/v1/classes", headers={"Origin": "https://partner.example"}),
        await client.request(
            "OPTIONS",
            "/v1/classes",
            headers={
                "Origin": "https://partner.example",
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "x-api-key",
            },
        ),
    ):
        assert [each for each in answer.headers if each.startswith("access-control")] == []
    assert answer.status_code == 405


async def test_head_answers_by_the_key_alone(gym: Gym, partner: Partner) -> None:
    slot = await gym.slot()
    booking = (await gym.booked(await gym.customer(), slot)).booking_id
    valid, invalid, missing = partner(await gym.key(scopes=[])), partner("no"), partner(None)
    for path in (
        *("/v1", "/v1/", "/v1/classes", "/v1/classes/999", "/v1/classes/abc"),
        *("/v1/nothing/here", "/v1/classes/booking/book", f"/v1/classes/booking/{booking}"),
        *("/v1/employees?sliceSize=0", "/v1/%00", "/v1/a%0Ab", "/v1/%2e%2e/x", "/v1//", "/v1/ü"),
    ):
        for client, status in ((valid, 200), (invalid, 401), (missing, 401)):
            response = await client.head(path)
            assert (response.status_code, response.content) == (status, b""), path
