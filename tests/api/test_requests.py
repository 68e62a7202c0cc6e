"""What a request may look like, and what is said to one that does not fit: never a 500."""

from __future__ import annotations

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kursplan.api.endpoints import ENDPOINTS
from kursplan.app import Application
from kursplan.store import tables
from tests.api.conftest import Partner
from tests.gym import Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
VALIDATE = "/v1/classes/booking/validate"
SEARCHES = ("/v1/customers/search", "/v1/cross-studio/customers/search")
LIMIT = 65_536
"""How many bytes a body may have by default."""


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


# Paths and methods.


async def test_an_unknown_path_is_told_with_the_nearest_known_one(client: Referee) -> None:
    for path, hint in (
        ("/v1/clases", "/v1/classes"),
        ("/v1/classes/1/slot", "/v1/classes/slots"),
        ("/v1/class/booking/bok", "/v1/classes/booking/book"),
        ("/v1/Employees", "/v1/employees"),
        ("/v1/customer/search", "/v1/customers/search"),
    ):
        response = await client.get(path)
        error = response.json()
        assert (response.status_code, error["errorCode"]) == (404, "PATH_NOT_FOUND")
        assert error["errorMessage"] == (
            f"Unter „{path}“ gibt es nichts. Der ähnlichste bekannte Pfad ist {hint}."
        )


async def test_whatever_the_path_is_the_answer_is_ours(client: Referee, partner: Partner) -> None:
    for path in (
        *("/v1", "/v1/", "/v1//classes", "/v1/v1/classes", "/v1/v1", "/v1/classes%0A"),
        *("/v1/%0A", "/v1/%00", "/v1/%2F", "/v1/ü", "/v1/%FF%FE"),
        *("/v1/classes/1/slots/2/3", "/v1/" + "a" * 5000, "/v1/classes;v=1", "/v1/%E2%80%AE"),
    ):
        assert refusal(await client.get(path)) == (404, "PATH_NOT_FOUND"), path
        # Whoever has no key is told that first.
        assert refusal(await partner(None).get(path)) == (401, "API_KEY_MISSING"), path
        assert refusal(await partner("wrong").get(path)) == (401, "API_KEY_INVALID"), path


async def test_a_prefix_that_merely_begins_like_ours_is_none_of_ours(client: Referee) -> None:
    for path in ("/v10/classes", "/v1classes", "/classes", "/V1/classes"):
        response = await client.get(path, headers={"Accept-Language": "de"})
        error = response.json()
        assert (response.status_code, error["errorCode"]) == (404, "PATH_NOT_FOUND"), path
        assert error["errorMessage"].endswith("Der ähnlichste bekannte Pfad ist /v1/classes."), (
            error
        )
        assert response.headers["x-trace-id"] == error["traceId"]
    response = await client.post("/openapi.json", headers={"Accept-Language": "de"})
    error = response.json()
    assert (response.status_code, error["errorCode"]) == (405, "METHOD_NOT_ALLOWED")
    assert "GET" in response.headers["allow"]


async def test_behind_a_proxy_with_a_prefix_the_paths_are_the_same(
    application: Application, gym: Gym
) -> None:
    proxied = httpx.ASGITransport(application, root_path="/gym")
    async with Referee(
        transport=proxied, base_url="http://kursplan.test", headers={"X-API-KEY": await gym.key()}
    ) as client:
        assert (await client.get("/gym/v1/classes")).json()["result"] == []
        # The document says that its server is where it was fetched, so "try it out" stays behind the
        # prefix; whether the slash at its end is doubled depends on who puts the address together.
        fetched = "http://kursplan.test/gym/openapi.json"
        document = (await client.get(fetched)).json()
        [server] = document["servers"]
        base = urljoin(fetched, server["url"])
        for path in ("/v1/classes", "/v1/employees"):
            for address in (base + path, base.rstrip("/") + path):
                assert (await client.get(address)).status_code == 200, address
        lost = (await client.get("/gym/v1/clases")).json()
        assert lost["errorMessage"].endswith("bekannte Pfad ist /v1/classes.")


async def test_a_method_that_a_path_does_not_have_is_answered_with_those_that_it_has(
    client: Referee,
) -> None:
    for path, allowed in {
        "/v1/classes": ["GET"],
        "/v1/classes/1": ["GET"],
        "/v1/classes/slots": ["GET"],
        "/v1/classes/1/slots/2": ["GET"],
        "/v1/classes/booking": ["GET"],
        "/v1/classes/booking/1": ["DELETE", "GET"],
        # A fixed path is never taken for a booking of that id.
        "/v1/classes/booking/validate": ["POST"],
        "/v1/classes/booking/book": ["POST"],
        "/v1/studios/information": ["GET"],
        "/v1/studios/confirmActivation": ["POST"],
        "/v1/customers/search": ["POST"],
        "/v1/cross-studio/customers/by": ["GET"],
        "/v1/employees/1": ["GET"],
    }.items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
            if method not in allowed:
                response = await client.request(method, path)
                assert refusal(response) == (405, "METHOD_NOT_ALLOWED"), (method, path)
                told = response.headers["allow"].split(", ")
                assert sorted(told) == sorted([*allowed, "HEAD"]), (method, path)


# Ids.

NO_IDS = [
    *(
        "0",
        "-1",
        "9223372036854775808",
        "1.5",
        "1.01",
        "1.",
        "0.0",
        "-7.0",
        '"7',
        "'7'",
        '""',
        "1e3",
        "abc",
        "null",
        "true",
        "0x10",
    ),
    *("\u0661", "\u00b2", "\uff11", " 1", "1 ", "+1", "1_000", "1,2", "%", "'", "\0", "1\0"),
    *("9" * 41, "9" * 5000, "-" * 100),
]


async def test_what_is_no_id_is_refused_wherever_an_id_stands(client: Referee, gym: Gym) -> None:
    slot = await gym.slot()
    spin = gym.classes["spin"]
    paths = {
        "/v1/classes/{}": "classId",
        "/v1/classes/{}/slots": "classId",
        "/v1/classes/{}/slots/1": "classId",
        f"/v1/classes/{spin}/slots/{{}}": "classSlotId",
        "/v1/classes/booking/{}": "bookingId",
        "/v1/customers/{}": "customerId",
        "/v1/cross-studio/customers/{}": "customerId",
        "/v1/employees/{}": "id",
    }
    for n, (template, reference) in enumerate(paths.items()):
        # All of them at the first one, and some at each.
        for wrong in NO_IDS if n == 0 else NO_IDS[n::6]:
            path = template.format(percent(wrong))
            response = await client.get(path)
            error = response.json()
            assert refusal(response) == (400, "PARAMETER_INVALID"), path
            assert error["reference"] == reference, path
            assert error["errorMessage"].endswith("Erlaubt: 1 … 9223372036854775807.")
        for unknown in ("1000", "0001000", str(2**53), str(2**63 - 1)):
            assert (await client.get(template.format(unknown))).status_code == 404, template
    for wrong in NO_IDS[::3]:
        response = await client.get("/v1/classes/booking", params={"customerId": wrong})
        assert refusal(response) == (400, "PARAMETER_INVALID"), wrong
        response = await client.delete(f"/v1/classes/booking/{percent(wrong)}")
        assert refusal(response) == (400, "PARAMETER_INVALID"), wrong

    values = [
        0,
        -1,
        2**63,
        -(2**63),
        2**64,
        10**40,
        10**400,
        1.5,
        2.0**53,
        1e300,
        "1.5",
        "1 2",
        "abc",
        "",
        True,
        [1],
        {"id": 1},
    ]
    for path in (VALIDATE, BOOK):
        for name, other in (("customerId", "classSlotId"), ("classSlotId", "customerId")):
            for value in values:
                response = await client.post(path, json={name: value, other: slot})
                assert refusal(response) == (400, "MEMBER_INVALID"), (name, value)
                assert response.json()["reference"] == name
            for body in ({other: slot}, {other: slot, name: None}):
                response = await client.post(path, json=body)
                assert refusal(response) == (400, "MEMBER_MISSING"), body
                assert response.json()["reference"] == name


def percent(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


async def test_an_id_that_is_written_in_another_way_is_taken_for_the_number(
    client: Referee, gym: Gym
) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    for notation in (str, float, "0{}".format, " {} ".format):
        body = {"customerId": notation(customer), "classSlotId": notation(slot)}
        response = await client.post(VALIDATE, json=body)
        assert (response.status_code, response.json()["validationStatus"]) == (200, "AVAILABLE")
    booked = await client.post(BOOK, json={"customerId": str(customer), "classSlotId": float(slot)})
    assert (booked.json()["customerId"], booked.json()["classSlotId"]) == (customer, slot)


async def test_so_it_is_in_paths_and_parameters(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    spin = gym.classes["spin"]
    body = {"customerId": customer, "classSlotId": slot}
    booking = (await client.post(BOOK, json=body)).json()["bookingId"]
    for notation in ("{}.0", "{}.000", '"{}"', '"{}.0"'):
        write = notation.format
        of_class = await client.get(f"/v1/classes/{percent(write(spin))}")
        of_slot = await client.get(f"/v1/classes/{spin}/slots/{percent(write(slot))}")
        listed = await client.get("/v1/classes/booking", params={"customerId": write(customer)})
        by_id = await client.get(f"/v1/classes/booking/{percent(write(booking))}")
        assert (of_class.json()["id"], of_slot.json()["id"]) == (spin, slot), notation
        assert listed.json() == [by_id.json()], notation
        assert (await client.post(BOOK, json={**body, "customerId": write(customer)})).json()[
            "errorCode"
        ] == "CUSTOMER_ALREADY_BOOKED"
    assert (await client.delete(f"/v1/classes/booking/{booking}.0")).status_code == 200


async def test_a_path_answers_with_a_slash_at_its_end_and_a_second_one_before_it(
    client: Referee, partner: Partner, gym: Gym
) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    spin = gym.classes["spin"]
    for path in ("/v1/classes", f"/v1/classes/{spin}", f"/v1/classes/{spin}/slots/{slot}"):
        plain = (await client.get(path)).json()
        for other in (path + "/", "/" + path, "/" + path + "/"):
            response = await client.get("http://kursplan.test" + other)
            assert (response.status_code, response.json()) == (200, plain), other
            assert (await client.head("http://kursplan.test" + other)).status_code == 200
    body = {"customerId": customer, "classSlotId": slot}
    assert (await client.post(BOOK + "/", json=body)).status_code == 200
    nothing = partner(None)
    assert (await nothing.get("http://kursplan.test//v1/classes/")).status_code == 401
    for path in ("/v1/classes//", "///v1/classes"):
        assert (await client.get("http://kursplan.test" + path)).status_code == 404, path


async def test_who_has_a_key_is_told_in_the_studios_language_what_is_not_there(
    client: Referee,
) -> None:
    for method, path, language, words in (
        ("GET", "/v1/nothing", None, "ähnlichste bekannte Pfad"),
        ("PUT", "/v1/classes", None, "Methode PUT"),
        ("GET", "/v1/nothing", "fr", "Le chemin connu le plus proche"),
        ("PUT", "/v1/classes", "it", "Il metodo PUT"),
    ):
        headers = {} if language is None else {"Accept-Language": language}
        response = await client.request(method, path, headers=headers)
        assert response.headers["content-language"] == (language or "de")
        assert words in response.json()["errorMessage"], response.text


# What is not known is ignored.


async def test_unknown_parameters_and_members_are_ignored(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    query = "?unknown=1&classid=x&SliceSize=7&=&&a[]=1&page=%00"
    for path in ("/v1/classes", "/v1/classes/slots", "/v1/customers", "/v1/employees"):
        assert (await client.get(path + query)).json() == (await client.get(path)).json(), path
    body = {
        "customerId": customer,
        "classSlotId": slot,
        "note": None,
        "nested": {"customerId": 1, "list": [1, {"a": "ü"}]},
        "CUSTOMERID": 1,
        "": 0,
    }
    assert (await client.post(VALIDATE + query, json=body)).json() == {
        "validationStatus": "AVAILABLE"
    }
    assert (await client.post(BOOK + query, json=body)).status_code == 200


# Bodies.


async def test_a_body_is_json_in_utf8(client: Referee, gym: Gym) -> None:
    valid = json.dumps({"customerId": await gym.customer(), "classSlotId": await gym.slot()})
    missing, broken = (400, "BODY_MISSING"), (400, "BODY_INVALID_JSON")
    no_object, no_utf8 = (400, "BODY_NOT_AN_OBJECT"), (400, "BODY_NOT_UTF8")
    for content, answer in (
        (b"", missing),
        (b" \r\n\t ", missing),
        (b"{", broken),
        (b"{'customerId': 1}", broken),
        (b'{"customerId": 1,}', broken),
        (b'{"customerId": 01}', broken),
        (b'{"customerId": NaN}', broken),
        (b'{"customerId": Infinity}', broken),
        (b'{"customerId": 1e400}', broken),
        (b'{"customerId": "\\ud800"}', broken),
        (b'{"customerId": "\\x41"}', broken),
        (b'{"customerId": "line\nbreak"}', broken),
        (b'{"customerId": 1} {}', broken),
        (b'{"customerId": ' + b"9" * 60_000 + b"}", broken),
        (b"customerId=1&classSlotId=2", broken),
        (b"[" * 60_000, broken),
        (b'{"a":' * 10_000, broken),
        (b"\0", broken),
        (b"null", no_object),
        (b"[]", no_object),
        (b'"text"', no_object),
        (b"12", no_object),
        (b'{"customerId": "\xff"}', no_utf8),
        (b'{"\xc3\x28": 1}', no_utf8),
        (b'{"a": "\xed\xa0\x80"}', no_utf8),
        (valid.encode("utf-16"), no_utf8),
        (b"\x1f\x8b\x08\x00", no_utf8),
    ):
        for path in (VALIDATE, BOOK, *SEARCHES):
            response = await client.post(path, content=content)
            assert refusal(response) == answer, (path, content[:40])
            assert response.json()["reference"] == "body"
    assert await gym.count(tables.booking) == 0


async def test_a_byte_order_mark_before_the_body_is_skipped(client: Referee, gym: Gym) -> None:
    valid = json.dumps({"customerId": await gym.customer(), "classSlotId": await gym.slot()})
    response = await client.post(VALIDATE, content=b"\xef\xbb\xbf" + valid.encode())
    assert response.json() == {"validationStatus": "AVAILABLE"}
    response = await client.post(VALIDATE, content=b"\xef\xbb\xbf")
    assert refusal(response) == (400, "BODY_MISSING")


async def test_a_compressed_body_is_told_to_be_one(client: Referee, gym: Gym) -> None:
    valid = json.dumps({"customerId": await gym.customer(), "classSlotId": await gym.slot()})
    for encoding in ("gzip", "br", "GZIP", "gzip, identity"):
        headers = {"Content-Encoding": encoding}
        for content in (gzip.compress(valid.encode()), valid.encode()):
            response = await client.post(VALIDATE, content=content, headers=headers)
            assert refusal(response) == (415, "CONTENT_ENCODING_UNSUPPORTED")
            error = response.json()
            assert error["reference"] == "Content-Encoding"
            assert error["errorMessage"].startswith(f"Die Inhaltskodierung „{encoding}“ wird nicht")
    response = await client.post(VALIDATE, content=valid, headers={"Content-Encoding": "identity"})
    assert response.status_code == 200


async def test_of_a_member_that_comes_twice_the_last_one_counts(client: Referee, gym: Gym) -> None:
    customer, slot = await gym.customer(), await gym.slot()
    body = f'{{"customerId": 999, "classSlotId": {slot}, "customerId": {customer}}}'
    assert (await client.post(VALIDATE, content=body)).json()["validationStatus"] == "AVAILABLE"


async def test_the_content_type_is_json_if_it_is_given(client: Referee, gym: Gym) -> None:
    body = json.dumps({"customerId": await gym.customer(), "classSlotId": await gym.slot()})
    for accepted in (
        *(None, "application/json", "Application/JSON", "application/json;charset=UTF-8"),
        *(
            'application/json; charset="utf-8"',
            "application/json; charset=utf8",
            "application/json;",
        ),
        *("application/json; version=1; charset = utf-8", " application/json ; odata=verbose"),
    ):
        headers = {} if accepted is None else {"Content-Type": accepted}
        response = await client.post(VALIDATE, content=body, headers=headers)
        assert response.status_code == 200, accepted
    for refused in (
        *("text/plain", "application/xml", "application/x-www-form-urlencoded", "application"),
        *(
            "text/json",
            "multipart/form-data; boundary=x",
            "application/jsonx",
            "application/json, text/plain",
        ),
        *("application/json; charset=iso-8859-1", "application/json;  charset=utf-16"),
    ):
        response = await client.post(VALIDATE, content=body, headers={"Content-Type": refused})
        assert refusal(response) == (415, "CONTENT_TYPE_UNSUPPORTED"), refused
        told = f"„{refused}“ wird nicht unterstützt. Bitte verwenden Sie application/json."
        assert response.json()["errorMessage"].endswith(told)
    # Who sends nothing may say of it what they like.
    headers = {"Content-Type": "text/plain"}
    assert (await client.get("/v1/classes", headers=headers)).status_code == 200
    confirmed = await client.post("/v1/studios/confirmActivation", headers=headers)
    assert confirmed.status_code == 200


async def test_a_body_has_an_end(client: Referee, gym: Gym) -> None:
    members = {"customerId": await gym.customer(), "classSlotId": await gym.slot(), "note": ""}
    empty = len(json.dumps(members))
    for size, status in ((LIMIT, 200), (LIMIT + 1, 413)):
        body = json.dumps(members | {"note": "x" * (size - empty)}).encode()
        response = await client.post(VALIDATE, content=body)
        assert response.status_code == status

    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1000
            yield b" " * 1000

    response = await client.post(BOOK, content=endless())
    error = response.json()
    assert (*refusal(response), error["reference"]) == (413, "BODY_TOO_LARGE", "body")
    assert error["errorMessage"] == f"Der Inhalt der Anfrage ist zu groß. Erlaubt: {LIMIT} Byte."
    assert sent <= LIMIT + 1000, "the rest was not waited for"


async def test_who_hangs_up_in_the_middle_of_a_body_has_said_nothing(
    application: Application, gym: Gym
) -> None:
    customer, slot, key = await gym.customer(), await gym.slot(), await gym.key()
    # What came is complete by itself; that there was to be more makes it worthless.
    whole = json.dumps({"customerId": customer, "classSlotId": slot}).encode()
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": whole, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": BOOK,
        "raw_path": BOOK.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"x-api-key", key.encode()), (b"content-length", b"500")],
    }
    await application(scope, receive, send)

    assert sent[0]["status"] == 400
    assert await gym.count(tables.booking) == 0


# Whatever else people send.

_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_members = st.dictionaries(
    st.sampled_from(
        [
            "customerId",
            "classSlotId",
            "expectedCustomerStatus",
            "firstName",
            "lastName",
            "email",
            "dateOfBirth",
        ]
    ),
    _anything,
)
_parameters = st.dictionaries(
    st.sampled_from(
        ["offset", "sliceSize", "daysAhead", "slotWindowStartDate", "customerStatus", "customerId"]
    ),
    st.text() | st.integers().map(str) | st.datetimes().map(str) | st.dates().map(str),
)
_segment = st.text(min_size=1).filter(lambda text: text not in (".", ".."))


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_nothing_that_is_sent_makes_the_server_fail(
    client: Referee, gym: Gym, data: st.DataObject
) -> None:
    endpoint = data.draw(st.sampled_from(ENDPOINTS))
    segments = [
        percent(data.draw(_segment)) if part.startswith("{") else part
        for part in endpoint.path.split("/")
    ]
    body = data.draw(_members.map(lambda value: json.dumps(value).encode()) | st.binary())
    response = await client.request(
        endpoint.method,
        "/v1" + "/".join(segments),
        params=data.draw(_parameters),
        content=body,
    )
    # The referee has judged that the answer is one of those described.
    assert response.status_code < 500
