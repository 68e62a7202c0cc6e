"""Participation: staff note who came."""

from datetime import timedelta

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.desk.complete import CompleteSlots
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from tests.gym import Gym

CAME = Participation.PARTICIPATING
STAYED_AWAY = Participation.NOT_PARTICIPATING
UNSET = Participation.UNSET


async def test_it_can_be_noted_from_half_an_hour_before_the_start(gym: Gym) -> None:
    seat = await gym.booked(await gym.customer(), await gym.slot(at="18:00"))
    before = await gym.told()

    gym.clock.set(gym.at("17:30") - timedelta(milliseconds=1))
    assert await gym.note(seat.booking_id, CAME) is ErrorCode.PARTICIPATION_TOO_EARLY
    assert await gym.told_since(before) == []
    gym.clock.set(gym.at("17:30"))
    answer = await gym.note(seat.booking_id, CAME)

    assert isinstance(answer, Booked)
    assert answer.participation is CAME
    assert await gym.told_since(before) == [(EventType.CLASS_BOOKING_UPDATED, seat.booking_id)]


async def test_only_a_change_is_told(gym: Gym) -> None:
    seat = await gym.booked(await gym.customer(), await gym.slot(at="18:00"))
    before = await gym.told()
    gym.clock.set(gym.at("18:00"))

    for noted in (UNSET, CAME, CAME, STAYED_AWAY, UNSET):
        await gym.note(seat.booking_id, noted)

    updated = (EventType.CLASS_BOOKING_UPDATED, seat.booking_id)
    assert await gym.told_since(before) == [updated] * 3
    assert (await gym.booking_now(seat.booking_id)).participation is UNSET


async def test_a_note_made_after_the_slot_was_completed_reopens_nothing(gym: Gym) -> None:
    """F43"""
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    gym.clock.set(gym.at("19:00"))
    assert await gym.take(CompleteSlots(gym.organization, frozenset({slot}))) == (slot,)

    gym.clock.advance(timedelta(days=3))
    answer = await gym.note(seat.booking_id, STAYED_AWAY)

    assert isinstance(answer, Booked)
    assert (answer.status, answer.slot_status) == (BookingStatus.BOOKED, SlotStatus.COMPLETED)
    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED
    assert (await gym.booking_now(waiting.booking_id)).waiting
    [third] = await gym.customers(1)
    assert await gym.book(third, slot) is ErrorCode.NOT_AVAILABLE


async def test_it_is_noted_for_seats_alone(gym: Gym) -> None:
    slot = await gym.slot(seats=1, at="18:00")
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    cancelled = await gym.booked(third, slot)
    await gym.cancel(cancelled.booking_id)
    elsewhere = await gym.studio("hamburg")
    gym.clock.set(gym.at("18:00"))
    before = await gym.told()

    assert await gym.note(waiting.booking_id, CAME) is ErrorCode.BOOKING_NOT_ACTIVE
    assert await gym.note(cancelled.booking_id, CAME) is ErrorCode.BOOKING_NOT_ACTIVE
    assert await gym.note(999_999, CAME) is ErrorCode.BOOKING_NOT_FOUND
    foreign = await gym.note(seat.booking_id, CAME, studio_id=elsewhere)
    assert foreign is ErrorCode.BOOKING_NOT_FOUND
    assert await gym.told_since(before) == []
