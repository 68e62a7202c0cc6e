"""A booking to come is looked at again by the guards of a new one, whatever of what they ask changes."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from kursplan.api.error_codes import CODES, ErrorCode
from kursplan.clock import HandClock
from kursplan.desk.classes import RecordClass
from kursplan.desk.customers import RecordCustomers
from kursplan.desk.studios import RecordStudio
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.entries import CustomerEntry
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.studios import LostEntitlement
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.entries import classes, studios
from tests.gym import MONDAY, Gym

UPDATED = EventType.CLASS_BOOKING_UPDATED

Shift = Callable[[Gym, int], Awaitable[Any]]
"""The ground shifts under the customer of that id."""


async def change_customer(gym: Gym, customer: int, **values: Any) -> None:
    entry = CustomerEntry(f"c-{customer}", "berlin", "Erika", "M", memberships=())
    await gym.take(RecordCustomers(gym.organization, {customer: replace(entry, **values)}))


async def change_class(gym: Gym, **values: Any) -> None:
    class_id = gym.classes["spin"]
    known = await gym.database.read(lambda tx: classes.load(tx, gym.organization, [class_id]))
    await gym.take(RecordClass(gym.organization, class_id, replace(known[class_id], **values)))


async def change_studio(gym: Gym, **values: Any) -> None:
    found = await gym.database.read(lambda tx: studios.load(tx, gym.organization, [gym.studio_id]))
    entry = replace(found[gym.studio_id], **values)
    await gym.take(RecordStudio(gym.organization, gym.studio_id, entry))


def customer_with(**values: Any) -> Shift:
    return lambda gym, customer: change_customer(gym, customer, **values)


def class_with(**values: Any) -> Shift:
    return lambda gym, _: change_class(gym, **values)


def studio_with(**values: Any) -> Shift:
    return lambda gym, _: change_studio(gym, **values)


TOMORROW = MONDAY + timedelta(days=1)
YESTERDAY = MONDAY - timedelta(days=1)

SHIFTS = {
    "access is refused": (
        customer_with(access_refused=True),
        customer_with(access_refused=False),
        Kind.ACCESS_REFUSED,
    ),
    "another home": (
        customer_with(studio="lisbon"),
        customer_with(studio="berlin"),
        Kind.OTHER_STUDIO,
    ),
    "not bookable": (
        class_with(bookable=False),
        class_with(bookable=True),
        Kind.CLASS_HIDDEN,
    ),
    "not online": (
        class_with(online_booking=OnlineBooking.NO),
        class_with(online_booking=OnlineBooking.AVAILABLE),
        Kind.CLASS_HIDDEN,
    ),
    "display only": (
        class_with(online_booking=OnlineBooking.DISPLAY_ONLY),
        class_with(online_booking=OnlineBooking.AVAILABLE),
        Kind.DISPLAY_ONLY,
    ),
    "members only": (
        class_with(who_may_book=WhoMayBook.MEMBERS),
        class_with(who_may_book=WhoMayBook.EVERYONE),
        Kind.NO_MEMBERSHIP,
    ),
    "not yet open": (
        studio_with(opening_date=TOMORROW),
        studio_with(opening_date=MONDAY),
        Kind.STUDIO_CLOSED,
    ),
    "closed for good": (
        studio_with(closing_date=YESTERDAY),
        studio_with(closing_date=MONDAY),
        Kind.STUDIO_CLOSED,
    ),
}


@pytest.mark.parametrize("what", SHIFTS)
async def test_what_would_be_refused_is_flagged_until_it_would_not(gym: Gym, what: str) -> None:
    shift, back, reason = SHIFTS[what]
    await gym.studio("lisbon")
    slot = await gym.slot("spin", seats=1)
    seated, waiting = [await gym.desk.ids.next() for _ in range(2)]
    for each in (seated, waiting):
        await change_customer(gym, each)
    bookings = [(await gym.booked(each, slot)).booking_id for each in (seated, waiting)]
    newcomer = await gym.desk.ids.next()
    await change_customer(gym, newcomer)
    before = len(await gym.told(UPDATED))

    for each in (seated, waiting, newcomer):
        await shift(gym, each)

    assert await gym.may_book(newcomer, slot) in (CODES[reason], ErrorCode.CLASS_SLOT_NOT_FOUND)
    now = [await gym.booking_now(each) for each in bookings]
    assert [each.conflict for each in now] == [reason, reason]
    assert [each.status for each in now] == [BookingStatus.BOOKED, BookingStatus.WAITING_LIST]
    told = (await gym.told(UPDATED))[before:]
    assert [each.entity_id for each in told] == bookings

    for each in (seated, waiting, newcomer):
        await back(gym, each)

    assert [(await gym.booking_now(each)).conflict for each in bookings] == [None, None]


async def test_by_policy_it_is_cancelled_instead(database: Database, clock: HandClock) -> None:
    gym = await Gym(database, clock).open(lost_entitlement=LostEntitlement.CANCEL)
    slot = await gym.slot("spin", seats=1)
    refused = await gym.desk.ids.next()
    await change_customer(gym, refused)
    await gym.booked(refused, slot)
    waiting = await gym.customer()
    await gym.booked(waiting, slot)

    await change_customer(gym, refused, access_refused=True)

    assert await gym.statuses(slot) == [(waiting, BookingStatus.BOOKED)]


async def test_a_studio_is_closed_outside_of_its_life(gym: Gym) -> None:
    """Its first and its last day are days on which it is open."""
    slots = {
        day: await gym.slot("spin", day=day) for day in (MONDAY, TOMORROW, TOMORROW + timedelta(1))
    }
    await change_studio(gym, opening_date=TOMORROW, closing_date=TOMORROW)
    customer = await gym.customer()

    answers = [await gym.may_book(customer, each) for each in slots.values()]

    assert [each is ErrorCode.STUDIO_CLOSED for each in answers] == [True, False, True]


@pytest.mark.parametrize(
    "zone", ["localtime", "posixrules", "Factory", "right/Europe/Berlin", "posix/UTC", "CET", ""]
)
async def test_a_studio_lies_in_the_zone_of_a_place(gym: Gym, zone: str) -> None:
    with pytest.raises(ValueError, match="write one like 'Europe/Berlin'"):
        await change_studio(gym, zone=zone)


async def test_idle_periods_of_contracts_that_are_over_or_have_not_begun_say_nothing(
    gym: Gym,
) -> None:
    slot = await gym.slot()
    customer = await gym.customer()
    rate = await gym.rate()
    over = await gym.membership(customer, rate, until=date(2026, 1, 31))
    to_come = await gym.membership(customer, rate, since=MONDAY + timedelta(days=30))
    for each in (over, to_come):
        await gym.idle(customer, each, date(2026, 1, 1))

    await gym.booked(customer, slot)


async def test_another_reason_of_the_same_rule_is_noted_and_told_to_nobody(gym: Gym) -> None:
    """Outside nothing is different; and what was noted before kinds were is made exact likewise."""
    await gym.studio("lisbon")
    slot = await gym.slot("spin")
    customer = await gym.customer()
    booked = (await gym.booked(customer, slot)).booking_id
    await gym.set(tables.booking, booked, conflict=Kind.NOT_AVAILABLE)
    noted = []
    for values in (
        {"access_refused": True, "studio": "lisbon"},
        {"access_refused": False, "studio": "lisbon"},
    ):
        before = await gym.told()
        await change_customer(gym, customer, **values)
        told = [each for each, _ in await gym.told_since(before)]
        assert EventType.CLASS_BOOKING_UPDATED not in told
        noted.append((await gym.booking_now(booked)).conflict)
    assert noted == [Kind.ACCESS_REFUSED, Kind.OTHER_STUDIO]
