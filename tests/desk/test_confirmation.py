"""Confirmation: a seat that has to be confirmed in time, or goes to the next."""

import asyncio
from datetime import date, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock
from kursplan.desk.book import Booked
from kursplan.desk.expire import ExpireConfirmations
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from tests.gym import Gym

BOOKED = BookingStatus.BOOKED
UNCONFIRMED = BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
WAITING = BookingStatus.WAITING_LIST
CANCELED = BookingStatus.CANCELED

MOMENT = timedelta(milliseconds=1)


@pytest.fixture
async def slot(gym: Gym) -> int:
    """One seat at 18:00, to be confirmed by 16:00."""
    await gym.klass(confirmation="2 HOURS", late_cancellation=True, promotion_ends="0 MINUTES")
    return await gym.slot(seats=1, at="18:00")


async def expire(gym: Gym, *booking_ids: int) -> list[int]:
    command = ExpireConfirmations(gym.organization, frozenset(booking_ids))
    return [booking.id for booking in await gym.take(command)]


async def test_a_booking_to_be_confirmed_holds_a_seat(gym: Gym, slot: int) -> None:
    """F41"""
    first, second = await gym.customers(2)

    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)

    assert await gym.statuses(slot) == [(first, UNCONFIRMED), (second, WAITING)]
    assert (await gym.slot_now(slot)).seats == 1
    assert (await gym.booking_now(seat.booking_id)).confirm_until == gym.at("16:00")


async def test_it_can_be_confirmed_up_to_the_last_moment(gym: Gym, slot: int) -> None:
    seat = await gym.booked(await gym.customer(), slot)
    before = await gym.told()
    gym.clock.set(gym.at("16:00"))

    answer = await gym.confirm(seat.booking_id)

    assert isinstance(answer, Booked)
    assert answer.status is BOOKED
    assert await gym.told_since(before) == [(EventType.CLASS_BOOKING_UPDATED, seat.booking_id)]


async def test_a_moment_later_it_is_too_late_though_nobody_expired_it_yet(
    gym: Gym, slot: int
) -> None:
    customer = await gym.customer()
    seat = await gym.booked(customer, slot)
    before = await gym.told()
    gym.clock.set(gym.at("16:00") + MOMENT)

    assert await gym.confirm(seat.booking_id) is ErrorCode.CONFIRMATION_EXPIRED

    assert await gym.statuses(slot) == [(customer, UNCONFIRMED)]
    assert await gym.told_since(before) == []


async def test_confirming_again_changes_nothing_also_after_the_term(gym: Gym, slot: int) -> None:
    seat = await gym.booked(await gym.customer(), slot)
    first = await gym.confirm(seat.booking_id)
    told = await gym.told()
    gym.clock.set(gym.at("17:00"))

    assert await gym.confirm(seat.booking_id) == first

    assert await gym.told() == told


async def test_only_a_seat_that_asks_for_it_can_be_confirmed(gym: Gym, slot: int) -> None:
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    plain = await gym.booked(third, await gym.slot("plain", at="10:00"))
    elsewhere = await gym.studio("hamburg")

    assert await gym.confirm(waiting.booking_id) is ErrorCode.BOOKING_NOT_ACTIVE
    assert await gym.confirm(plain.booking_id) is ErrorCode.NO_CONFIRMATION_REQUIRED
    assert await gym.confirm(seat.booking_id, studio_id=elsewhere) is ErrorCode.BOOKING_NOT_FOUND
    assert await gym.confirm(999_999) is ErrorCode.BOOKING_NOT_FOUND
    await gym.cancel(seat.booking_id)
    assert await gym.confirm(seat.booking_id) is ErrorCode.BOOKING_NOT_ACTIVE


async def test_an_unconfirmed_seat_goes_to_the_next_once(gym: Gym, slot: int) -> None:
    """F41: in time nothing expires; then it does, and asking again changes nothing."""
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.booked(third, slot)
    before = await gym.told()

    gym.clock.set(gym.at("16:00"))
    assert await expire(gym, seat.booking_id) == []
    gym.clock.advance(MOMENT)
    assert await expire(gym, seat.booking_id, waiting.booking_id) == [seat.booking_id]
    assert await expire(gym, seat.booking_id, waiting.booking_id) == []

    assert await gym.statuses(slot) == [(second, BOOKED), (third, WAITING)]
    assert not (await gym.booking_now(seat.booking_id)).late
    assert await gym.told_since(before) == [
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id),
    ]


@pytest.mark.parametrize("attempt", range(3))
async def test_confirming_and_expiring_at_once_have_one_outcome(
    gym: Gym, slot: int, attempt: int
) -> None:
    """F41, over two processes whose clocks differ by a moment: to one of them it is not late."""
    customer = await gym.customer()
    seat = await gym.booked(customer, slot)
    before = await gym.told()
    gym.clock.set(gym.at("16:00") + MOMENT)
    elsewhere = gym.at_another_desk(HandClock(gym.at("16:00")))
    actions = [elsewhere.confirm(seat.booking_id), expire(gym, seat.booking_id)]

    answers = await asyncio.gather(*(actions if attempt else reversed(actions)))

    confirmed, expired = answers if attempt else reversed(answers)
    told = await gym.told_since(before)
    if isinstance(confirmed, Booked):
        assert expired == []
        assert await gym.statuses(slot) == [(customer, BOOKED)]
        assert told == [(EventType.CLASS_BOOKING_UPDATED, seat.booking_id)]
    else:
        assert confirmed is ErrorCode.BOOKING_NOT_ACTIVE
        assert expired == [seat.booking_id]
        assert await gym.statuses(slot) == []
        assert told == [(EventType.CLASS_BOOKING_CANCELLED, seat.booking_id)]


async def test_one_that_was_confirmed_does_not_expire(gym: Gym, slot: int) -> None:
    """F41: the expiry had been due when it looked, and decides again at its turn."""
    customer = await gym.customer()
    seat = await gym.booked(customer, slot)
    gym.clock.set(gym.at("16:00"))
    await gym.confirm(seat.booking_id)
    gym.clock.advance(MOMENT)

    assert await expire(gym, seat.booking_id) == []

    assert await gym.statuses(slot) == [(customer, BOOKED)]


async def test_who_moves_up_in_time_has_to_confirm_too(gym: Gym, slot: int) -> None:
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)

    gym.clock.set(gym.at("15:00"))
    await gym.cancel(seat.booking_id)

    assert await gym.statuses(slot) == [(second, UNCONFIRMED)]
    assert isinstance(await gym.confirm(waiting.booking_id), Booked)


async def test_who_books_after_the_term_has_nothing_to_confirm(gym: Gym, slot: int) -> None:
    gym.clock.set(gym.at("16:00") + MOMENT)
    seat = await gym.booked(await gym.customer(), slot)
    assert seat.status is BOOKED
    assert await gym.confirm(seat.booking_id) is ErrorCode.NO_CONFIRMATION_REQUIRED


async def test_a_term_in_days_ends_with_the_local_day(gym: Gym) -> None:
    """F27: on the Sunday on which the clocks change."""
    await gym.klass(confirmation="1 DAY", earliest_booking="60 DAY")
    monday = date(2026, 3, 30)
    seat = await gym.booked(await gym.customer(), await gym.slot(day=monday))
    last = gym.at("23:59:59.999", day=date(2026, 3, 29))
    assert (await gym.booking_now(seat.booking_id)).confirm_until == last


async def test_an_expired_seat_gives_its_contingent_back(gym: Gym) -> None:
    await gym.klass(confirmation="2 HOURS", uses_contingent=True)
    early, late = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    customer = await gym.customer()
    await gym.membership(customer, await gym.rate(grants={Period.WEEK: 1}))
    seat = await gym.booked(customer, early)
    assert await gym.book(customer, late) is ErrorCode.NO_CONTINGENT

    gym.clock.set(gym.at("16:00") + MOMENT)
    assert await expire(gym, seat.booking_id) == [seat.booking_id]

    assert (await gym.booked(customer, late)).status is UNCONFIRMED
