"""Events: exactly one for every committed change, and none where nothing changed (F44)."""

import asyncio
import json
from dataclasses import dataclass

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.events import EventType
from kursplan.store import tables
from tests.gym import Gym

CREATED = EventType.CLASS_BOOKING_CREATED
UPDATED = EventType.CLASS_BOOKING_UPDATED
CANCELLED = EventType.CLASS_BOOKING_CANCELLED


@dataclass(frozen=True)
class Fails(Command[None]):
    """A command whose turn cannot be committed."""

    organization_id: int

    def perform(self, turn: Turn) -> None:
        raise ArithmeticError("this turn is lost")


async def test_each_change_of_a_booking_has_one(gym: Gym) -> None:
    """F44: created, confirmed, noted, and another one cancelled."""
    await gym.klass(confirmation="1 HOURS")
    slot = await gym.slot(at="18:00")
    first, second = await gym.customers(2)
    seat, other = await gym.booked(first, slot), await gym.booked(second, slot)
    await gym.cancel(other.booking_id)
    await gym.confirm(seat.booking_id)
    gym.clock.set(gym.at("17:45"))
    await gym.note(seat.booking_id, Participation.PARTICIPATING)

    assert await gym.told_since([]) == [
        (CREATED, seat.booking_id),
        (CREATED, other.booking_id),
        (CANCELLED, other.booking_id),
        (UPDATED, seat.booking_id),
        (UPDATED, seat.booking_id),
    ]
    told = await gym.told()
    assert len({each.uuid for each in told}) == len(told)
    assert {each.content for each in told} == {None}


async def test_an_event_about_a_slot_names_its_class(gym: Gym) -> None:
    slot = await gym.slot("spin")
    await gym.changed_slot(slot, max_participants=7)
    await gym.cancel_slot(slot)
    told = await gym.told()
    assert [(each.type, each.entity_id) for each in told] == [
        (EventType.CLASS_SLOT_UPDATED, slot),
        (EventType.CLASS_SLOT_CANCELLED, slot),
    ]
    expected = {"classId": gym.classes["spin"]}
    assert [json.loads(each.content or "") for each in told] == [expected, expected]


async def test_a_refusal_has_none(gym: Gym) -> None:
    """F44"""
    slot = await gym.slot(seats=1, waiting_list=0, at="18:00")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    before = await gym.told()
    gym.clock.set(gym.at("17:00"))

    refusals = [
        await gym.book(first, slot),
        await gym.book(second, slot),
        await gym.cancel(seat.booking_id),
        await gym.confirm(seat.booking_id),
        await gym.note(seat.booking_id, Participation.PARTICIPATING),
        await gym.change_slot(slot, duration_minutes=0),
        await gym.cancel_slot(999_999),
    ]

    assert refusals == [
        ErrorCode.CUSTOMER_ALREADY_BOOKED,
        ErrorCode.BOOKING_LIMIT_REACHED,
        ErrorCode.CANCELLATION_TOO_LATE,
        ErrorCode.NO_CONFIRMATION_REQUIRED,
        ErrorCode.PARTICIPATION_TOO_EARLY,
        ErrorCode.INVALID_TIMES,
        ErrorCode.CLASS_SLOT_NOT_FOUND,
    ]
    assert await gym.told_since(before) == []


async def test_a_turn_that_is_rolled_back_leaves_neither_rows_nor_events(gym: Gym) -> None:
    """F44: and the commands that it took along are done all the same, once."""
    slot = await gym.slot()
    first, second = await gym.customers(2)

    booked, lost, also = await asyncio.gather(
        gym.book(first, slot),
        gym.take(Fails(gym.organization)),
        gym.book(second, slot),
        return_exceptions=True,
    )

    assert isinstance(lost, ArithmeticError)
    assert isinstance(booked, Booked)
    assert isinstance(also, Booked)
    assert await gym.count(tables.booking) == 2
    assert await gym.told_since([]) == [(CREATED, booked.booking_id), (CREATED, also.booking_id)]
    assert (await gym.slot_now(slot)).seats == 2


async def test_a_failure_alone_changes_nothing(gym: Gym) -> None:
    with pytest.raises(ArithmeticError):
        await gym.take(Fails(gym.organization))
    assert await gym.told() == []


async def test_the_home_studio_of_a_customer_from_elsewhere_is_told_too(gym: Gym) -> None:
    """The contract's section about booking across studios."""
    hamburg = await gym.studio("hamburg")
    await gym.klass(admits_other_studios=True)
    slot = await gym.slot(seats=1)
    local, guest = await gym.customer(), await gym.customer(studio_id=hamburg)
    seat = await gym.booked(local, slot)
    visit = await gym.booked(guest, slot)
    await gym.cancel(seat.booking_id)
    await gym.cancel_slot(slot)

    berlin = gym.studio_id
    assert [
        (each.type, each.entity_id, each.studio_id, each.home_studio_id)
        for each in await gym.told()
    ] == [
        (CREATED, seat.booking_id, berlin, None),
        (CREATED, visit.booking_id, berlin, hamburg),
        (CANCELLED, seat.booking_id, berlin, None),
        (UPDATED, visit.booking_id, berlin, hamburg),
        (EventType.CLASS_SLOT_CANCELLED, slot, berlin, None),
        (CANCELLED, visit.booking_id, berlin, hamburg),
    ]


async def test_many_commands_of_one_turn_have_their_events_in_their_order(gym: Gym) -> None:
    slot = await gym.slot(seats=3, waiting_list=9)
    customers = await gym.customers(6)

    answers = await asyncio.gather(*(gym.booked(customer, slot) for customer in customers))

    assert await gym.told_since([]) == [(CREATED, each.booking_id) for each in answers]
    assert [each.status for each in answers].count(BookingStatus.BOOKED) == 3
