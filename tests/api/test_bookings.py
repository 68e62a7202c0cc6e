"""Booking over HTTP: one rule for validate and book, and what becomes of a booking."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import httpx

from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ERRORS
from kursplan.clock import HandClock
from kursplan.domain.bookings import Participation
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from kursplan.web.languages import translate
from tests.api.conftest import Partner
from tests.gym import MONDAY, Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
REPLAYED = "Idempotency-Replayed"
VALIDATE = "/v1/classes/booking/validate"
TICK = timedelta(milliseconds=1)
TUESDAY = MONDAY + timedelta(days=1)
NOW = Gym.wall("08:00")


def place(customer: int, slot: int, **more: object) -> dict[str, object]:
    return {"customerId": customer, "classSlotId": slot, **more}


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


async def book(client: Referee, customer: int, slot: int, **more: object) -> Any:
    """Book, where the test takes for granted that it succeeds."""
    response = await client.post(BOOK, json=place(customer, slot, **more))
    assert response.status_code == 200, response.text
    return response.json()


async def traces(gym: Gym) -> list[int]:
    """How many rows there are of everything that booking writes."""
    written = (tables.booking, tables.event, tables.idempotency_key)
    return [await gym.count(table) for table in written]


# May this customer book this slot?


async def situations(gym: Gym) -> dict[str, tuple[str, int, int]]:
    """Each situation with its status, customer and slot; no two are in each other's way."""
    found: dict[str, tuple[str, int, int]] = {}
    hour = iter(range(9, 24 * 7))

    async def when(
        name: str, answer: str, *, klass: str | None = None, customer: int = 0, **slot: Any
    ) -> tuple[int, int]:
        at = slot.pop("at", Gym.wall("00:00") + timedelta(hours=next(hour)))
        slot_id = await gym.slot(klass or "spin", at=at, **slot)
        customer_id = customer or await gym.customer(name)
        found[name] = answer, customer_id, slot_id
        return customer_id, slot_id

    await when("a seat is free", "AVAILABLE")
    _, full = await when("a position is free", "AVAILABLE", seats=1, waiting_list=1)
    await gym.booked(await gym.customer(), full)

    await when("cancelled", "NOT_AVAILABLE", status=SlotStatus.CANCELED)
    await when("completed", "NOT_AVAILABLE", status=SlotStatus.COMPLETED)
    await when("just started", "NOT_AVAILABLE", at=NOW)
    refused = await gym.customer(access_refused=True)
    await when("access refused", "NOT_AVAILABLE", customer=refused)
    other_studio = await gym.studio("hamburg")
    guest = await gym.customer(studio_id=other_studio)
    await when("other studio", "NOT_AVAILABLE", customer=guest)

    await gym.klass("show", online_booking=OnlineBooking.DISPLAY_ONLY)
    await when("only shown", "DISPLAY_ONLY", klass="show")

    # Tuesday of the next week, so that nothing else is closed too.
    closed = Gym.wall("18:00", day=date(2026, 3, 10))
    await gym.closure(closed + timedelta(minutes=59), closed + timedelta(hours=9))
    await when("closed at the end", "STUDIO_CLOSED", at=closed)

    booked = await when("booked", "CUSTOMER_ALREADY_BOOKED")
    await gym.booked(*booked)
    waits, there = await when("waits", "CUSTOMER_ALREADY_BOOKED", seats=1)
    await gym.booked(await gym.customer(), there)
    await gym.booked(waits, there)

    await gym.klass("soon", earliest_booking="60 MINUTES", latest_booking="30 MINUTES")
    await when(
        "not open yet",
        "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
        klass="soon",
        at=NOW + timedelta(minutes=60) + TICK,
    )
    await when("just open", "AVAILABLE", klass="soon", at=NOW + timedelta(minutes=60))
    await when("still open", "AVAILABLE", klass="soon", at=NOW + timedelta(minutes=30))
    await when(
        "closed for booking",
        "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME",
        klass="soon",
        at=NOW + timedelta(minutes=30) - TICK,
    )

    rate = await gym.rate(grants={Period.TOTAL: 1})
    idler = await gym.customer()
    await gym.idle(idler, await gym.membership(idler, rate), TUESDAY, TUESDAY)
    await when("idle", "CUSTOMER_IDLE", customer=idler, at=Gym.wall("09:00", day=TUESDAY))
    await when("not idle yet", "AVAILABLE", customer=idler, at=Gym.wall("23:00"))

    await gym.klass("members", who_may_book=WhoMayBook.MEMBERS)
    await when("no membership", "NO_CONTINGENT", klass="members")
    await gym.klass("counted", uses_contingent=True)
    used = await gym.customer()
    await gym.membership(used, rate)
    await when("contingent left", "AVAILABLE", klass="counted")
    await gym.membership(found["contingent left"][1], rate)
    await when("contingent used", "NO_CONTINGENT", klass="counted", customer=used)
    spent = await gym.slot("counted", at="07:59", day=TUESDAY)
    await gym.booked(used, spent)

    overlapping = Gym.wall("13:00", day=date(2026, 3, 8))
    busy, _ = await when("elsewhere", "CUSTOMER_IN_OTHER_BOOKING", at=overlapping)
    await gym.booked(busy, await gym.slot("yoga", at=overlapping - timedelta(minutes=59)))
    await when("right after", "AVAILABLE", customer=busy, at=overlapping + timedelta(minutes=1))

    for name, numbers in {
        "full": {"seats": 1, "waiting_list": 0},
        "full of others": {"seats": 1, "waiting_list": 0, "additional_participants": 1},
        "no seats at all": {"seats": 0, "waiting_list": 5},
    }.items():
        await when(name, "BOOKING_LIMIT_REACHED", **numbers)
    await gym.booked(await gym.customer(), found["full"][2])
    return found


async def test_validate_says_the_status_and_book_answers_accordingly(
    client: Referee, gym: Gym
) -> None:
    there = await situations(gym)
    said, done = {}, {}
    for name, (_, customer, slot) in there.items():
        before = await traces(gym)
        answer = await client.post(VALIDATE, json=place(customer, slot))
        assert await traces(gym) == before, "validate never writes (F35)"
        assert answer.status_code == 200, name
        [(member, said[name])] = answer.json().items()
        assert member == "validationStatus", "partners get the word, and no fact"

        response = await client.post(BOOK, json=place(customer, slot))
        if response.status_code == 200:
            done[name] = "AVAILABLE"
        else:
            assert response.status_code == 400, name
            assert await traces(gym) == before, f"{name}: a refusal leaves nothing behind"
            told = response.json()
            done[name] = told["errorCode"]
            message = translate(ERRORS[ErrorCode(done[name])].message, "de")
            assert told == {
                "errorMessage": message,
                "errorCode": done[name],
                "traceId": told["traceId"],
            }, "partners get the word, and no fact"

    assert said == {name: status for name, (status, _, _) in there.items()}
    assert done == said


async def test_an_unknown_slot_or_customer_is_404_in_both(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    gone = await gym.customer()
    await gym.set(tables.customer, gone, deleted_at=gym.now)
    before = await traces(gym)
    for who, where, code in (
        (customer, 999, "CLASS_SLOT_NOT_FOUND"),
        (999, slot, "CUSTOMER_NOT_FOUND"),
        (gone, slot, "CUSTOMER_NOT_FOUND"),
        (999, 999, "CLASS_SLOT_NOT_FOUND"),
        # Each is an id, but of the other.
        (slot, customer, "CLASS_SLOT_NOT_FOUND"),
        (customer, 2**63 - 1, "CLASS_SLOT_NOT_FOUND"),
        (2**63 - 1, slot, "CUSTOMER_NOT_FOUND"),
    ):
        for path in (VALIDATE, BOOK):
            response = await client.post(path, json=place(who, where))
            assert refusal(response) == (404, code), (path, who, where)
    assert await traces(gym) == before


# What a booking is.


async def test_a_booking_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot("spin"), await gym.customer()

    response = await client.post(BOOK, json=place(customer, slot))

    booking = response.json()["bookingId"]
    assert response.headers["content-type"] == "application/json"
    assert response.text == (
        f'{{"bookingId":{booking},"bookingStatus":"BOOKED","classSlotId":{slot},'
        f'"classId":{gym.classes["spin"]},"customerId":{customer},'
        '"classSlotStatus":"PLANNED","participantStatus":"UNSET"}'
    )
    assert (await client.get(f"/v1/classes/booking/{booking}")).text == response.text
    listed = await client.get("/v1/classes/booking", params={"customerId": customer})
    assert listed.text == f"[{response.text}]"


async def test_a_booking_tells_what_became_of_it(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    slot = await gym.slot("spin", seats=1)
    first, second = await gym.customers(2)
    seated, waiting = [await book(client, each, slot) for each in (first, second)]
    assert (seated["bookingStatus"], waiting["bookingStatus"]) == ("BOOKED", "WAITING_LIST")

    async def now(booking: Any) -> list[str]:
        shown = (await client.get(f"/v1/classes/booking/{booking['bookingId']}")).json()
        return [shown[f"{of}Status"] for of in ("booking", "classSlot", "participant")]

    await client.delete(f"/v1/classes/booking/{seated['bookingId']}")
    assert await now(seated) == ["CANCELED", "PLANNED", "UNSET"]
    assert await now(waiting) == ["BOOKED", "PLANNED", "UNSET"]

    clock.set(gym.at("18:00"))
    await gym.note(waiting["bookingId"], Participation.PARTICIPATING)
    await gym.set(tables.slot, slot, status=SlotStatus.COMPLETED)
    assert await now(waiting) == ["BOOKED", "COMPLETED", "PARTICIPATING"]


async def test_where_the_class_asks_for_it_a_booking_waits_for_confirmation(
    client: Referee, gym: Gym
) -> None:
    await gym.klass("workshop", confirmation="2 HOURS")
    slot, customer = await gym.slot("workshop", seats=1), await gym.customer()

    booking = await book(client, customer, slot, expectedCustomerStatus="BOOKED")
    assert booking["bookingStatus"] == "BOOKED_WITH_CONFIRMATION_REQUIRED"
    # It holds its seat (F41).
    next_one = await book(client, await gym.customer(), slot)
    assert next_one["bookingStatus"] == "WAITING_LIST"

    await gym.confirm(booking["bookingId"])
    shown = await client.get(f"/v1/classes/booking/{booking['bookingId']}")
    assert shown.json()["bookingStatus"] == "BOOKED"


async def test_who_insists_on_a_seat_or_on_waiting_gets_that_or_nothing(
    client: Referee, gym: Gym
) -> None:
    free, full = await gym.slot("free"), await gym.slot("full", at="20:00", seats=1)
    await gym.booked(await gym.customer(), full)
    customer = await gym.customer()
    before = await traces(gym)

    for slot, expected in ((free, "WAITING_LIST"), (full, "BOOKED")):
        response = await client.post(
            BOOK, json=place(customer, slot, expectedCustomerStatus=expected)
        )
        assert refusal(response) == (400, "EXPECTED_STATUS_NOT_POSSIBLE")
        assert response.json()["reference"] == "expectedCustomerStatus"
    for nonsense in ("CANCELED", "booked", "", 1, True, [], {"a": 1}):
        response = await client.post(
            BOOK, json=place(customer, free, expectedCustomerStatus=nonsense)
        )
        assert refusal(response) == (400, "MEMBER_INVALID"), nonsense
        assert response.json()["reference"] == "expectedCustomerStatus"
    assert await traces(gym) == before

    for slot, expected in ((free, "BOOKED"), (full, "WAITING_LIST")):
        booking = await book(client, customer, slot, expectedCustomerStatus=expected)
        assert booking["bookingStatus"] == expected
    absent = await book(client, await gym.customer(), free, expectedCustomerStatus=None)
    assert absent["bookingStatus"] == "BOOKED"


# Cancelling.


async def test_cancelling_twice_is_once(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    path = f"/v1/classes/booking/{(await book(client, customer, slot))['bookingId']}"
    for _ in range(2):
        response = await client.delete(path)
        assert (response.status_code, response.content) == (200, b"")
        # Nothing was changed by the second one, so nothing is told either (F40).
        assert len(await gym.told(EventType.CLASS_BOOKING_CANCELLED)) == 1


async def test_what_is_no_booking_here_cannot_be_cancelled_or_read(
    client: Referee, gym: Gym, partner: Partner
) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    booking = (await book(client, customer, slot))["bookingId"]
    elsewhere = partner(await gym.key(studio_id=await gym.studio("hamburg")))
    before = await traces(gym)

    for who, unknown in ((client, 999), (client, slot), (elsewhere, booking)):
        for method in ("GET", "DELETE"):
            response = await who.request(method, f"/v1/classes/booking/{unknown}")
            assert refusal(response) == (404, "BOOKING_NOT_FOUND"), (method, unknown)
            assert response.json()["reference"] == "bookingId"
    assert await traces(gym) == before
    assert (await gym.booking_now(booking)).active


async def test_until_when_a_booking_can_be_cancelled(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    await gym.klass("strict", latest_cancellation="2 HOURS")
    await gym.klass("lenient", latest_cancellation="2 HOURS", late_cancellation=True)
    strict, lenient = await gym.slot("strict", seats=1), await gym.slot("lenient", at="18:00")
    first, second, third, fourth = await gym.customers(4)
    in_time = await book(client, first, strict)
    late = await book(client, second, strict)
    waits = await book(client, third, strict)
    forgiven = await book(client, fourth, lenient)

    async def cancel(booking: Any) -> httpx.Response:
        return await client.delete(f"/v1/classes/booking/{booking['bookingId']}")

    clock.set(gym.at("16:00"))
    assert (await cancel(in_time)).status_code == 200
    # Who moved up by that has a while to think about it.
    clock.set(gym.at("16:15") + TICK)
    assert refusal(await cancel(late)) == (400, "CANCELLATION_TOO_LATE")
    assert (await cancel(forgiven)).status_code == 200
    assert (await cancel(waits)).status_code == 200, "a waiting position can be given up"
    clock.set(gym.at("18:00"))
    assert refusal(await cancel(late)) == (400, "SLOT_STARTED")
    # What was cancelled in time stays so.
    assert (await cancel(in_time)).status_code == 200


# The bookings of a customer.


async def test_listed_are_the_bookings_of_two_weeks_before_and_after(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    inside, outside, never = await gym.customers(3)
    await gym.klass("any", earliest_booking=None)
    weeks, hour = timedelta(weeks=2), timedelta(hours=1)
    clock.advance(-timedelta(weeks=3))  # What is past now could only be booked before.

    async def booked(customer: int, at: datetime) -> int:
        return (await gym.booked(customer, await gym.slot("any", at=at))).booking_id

    within = [
        await booked(inside, at) for at in (NOW - weeks, NOW, Gym.wall("18:00"), NOW + weeks - hour)
    ]
    await gym.cancel(within[2])  # A cancelled one is listed too.
    for at in (NOW - weeks - TICK, NOW + weeks - hour + TICK, NOW + timedelta(weeks=9)):
        await booked(outside, at)
    clock.advance(timedelta(weeks=3))

    async def of(customer_id: int) -> list[int]:
        response = await client.get("/v1/classes/booking", params={"customerId": customer_id})
        return [each["bookingId"] for each in response.json()]

    assert await of(inside) == within
    assert await of(outside) == []
    assert await of(never) == []


async def test_the_list_needs_a_customer_of_the_organization(client: Referee) -> None:
    for query, answer in {
        "": (400, "PARAMETER_MISSING"),
        "?customerId=": (400, "PARAMETER_MISSING"),
        "?customerId=abc": (400, "PARAMETER_INVALID"),
        "?customerId=999": (404, "CUSTOMER_NOT_FOUND"),
    }.items():
        response = await client.get(f"/v1/classes/booking{query}")
        assert refusal(response) == answer, query
        assert response.json()["reference"] == "customerId"


# Saying the same thing twice.


async def test_under_one_idempotency_key_a_booking_is_made_once(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    slot = await gym.slot("spin", day=MONDAY + timedelta(days=4))
    customer, other = await gym.customers(2)

    async def ask(key: str, who: int = customer, **more: object) -> httpx.Response:
        return await client.post(
            BOOK, json=place(who, slot, **more), headers={"Idempotency-Key": key}
        )

    first = await ask("a lost answer")
    assert first.status_code == 200
    assert REPLAYED not in first.headers
    again = await ask("a lost answer", note="an unknown member does not make it another request")
    assert (again.json(), again.headers[REPLAYED]) == (first.json(), "true")
    await client.delete(f"/v1/classes/booking/{first.json()['bookingId']}")
    since = await ask("a lost answer")
    assert since.json() == first.json() | {"bookingStatus": "CANCELED"}, "as it now stands"
    assert since.headers[REPLAYED] == "true"
    assert await gym.statuses(slot) == [], "and not a second booking"

    for changed in ({"who": other}, {"expectedCustomerStatus": "BOOKED"}):
        assert refusal(await ask("a lost answer", **changed)) == (409, "IDEMPOTENCY_KEY_REUSED")
    fresh = await ask("another key")
    assert fresh.json()["bookingId"] != first.json()["bookingId"]

    clock.advance(timedelta(hours=24) - TICK)
    assert (await ask("a lost answer")).text == since.text
    clock.advance(TICK)
    # After a day the key is free again; the customer is on the slot by the other one.
    assert refusal(await ask("a lost answer")) == (400, "CUSTOMER_ALREADY_BOOKED")


async def test_what_was_refused_is_decided_anew(client: Referee, gym: Gym) -> None:
    """Under its key too: book and validate agree, whatever was answered before."""
    slot = await gym.slot("spin", seats=1, waiting_list=0)
    customer = await gym.customer()
    taken = await gym.booked(await gym.customer(), slot)
    named = {"Idempotency-Key": "k" * 255}

    async def ask(slot: int = slot) -> httpx.Response:
        return await client.post(BOOK, json=place(customer, slot), headers=named)

    assert refusal(await ask(slot + 999)) == (404, "CLASS_SLOT_NOT_FOUND")
    assert refusal(await ask()) == (400, "BOOKING_LIMIT_REACHED")
    await gym.cancel(taken.booking_id)
    booked = await ask()
    assert booked.json()["bookingStatus"] == "BOOKED"
    assert REPLAYED not in booked.headers


async def test_an_idempotency_key_belongs_to_one_partner(
    client: Referee, gym: Gym, partner: Partner
) -> None:
    slot, (one, two) = await gym.slot(), await gym.customers(2)
    named = {"Idempotency-Key": "1"}
    other = partner(await gym.key(application="other"))

    mine = await client.post(BOOK, json=place(one, slot), headers=named)
    theirs = await other.post(BOOK, json=place(two, slot), headers=named)

    assert [each.json()["customerId"] for each in (mine, theirs)] == [one, two]


async def test_what_is_no_idempotency_key_is_refused(client: Referee, gym: Gym) -> None:
    slot, customer = await gym.slot(), await gym.customer()
    before = await traces(gym)
    for key in ("", "k" * 256, "a\tb", "a\x7fb", "\x00"):
        response = await client.post(
            BOOK, json=place(customer, slot), headers={"Idempotency-Key": key}
        )
        assert refusal(response) == (400, "PARAMETER_INVALID"), key
        assert response.json()["reference"] == "Idempotency-Key"
    assert await traces(gym) == before
