"""Contingents: what a membership grants, what uses it, and what gives it back."""

import asyncio
from datetime import date, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.refusals import Kind
from kursplan.store import tables
from tests.gym import MONDAY, Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST

NEXT_MONDAY = MONDAY + timedelta(days=7)


async def member(gym: Gym, grants: dict[Period, int | None]) -> int:
    """A customer with a membership of the house's first rate that grants so much."""
    customer = await gym.customer()
    await gym.membership(customer, await gym.rate(f"rate-{customer}", grants=grants))
    return customer


@pytest.fixture(autouse=True)
async def spin(gym: Gym) -> None:
    """A class that uses a contingent."""
    await gym.klass("spin", uses_contingent=True, late_cancellation=True)


async def test_a_seat_uses_the_contingent_of_the_week_in_which_the_slot_lies(gym: Gym) -> None:
    customer = await member(gym, {Period.WEEK: 1})
    today, sunday = await gym.slot(), await gym.slot(day=MONDAY + timedelta(days=6))
    next_monday = await gym.slot(day=NEXT_MONDAY)

    await gym.booked(customer, today)

    assert await gym.book(customer, sunday) is ErrorCode.NO_CONTINGENT
    await gym.booked(customer, next_monday)


async def test_two_books_at_once_use_a_contingent_of_one_once(gym: Gym) -> None:
    """F4, over two processes."""
    customer = await member(gym, {Period.WEEK: 1})
    slots = [await gym.slot(at=f"{hour}:00") for hour in range(10, 16)]
    elsewhere = gym.at_another_desk()

    answers = await asyncio.gather(
        *((elsewhere if n % 2 else gym).book(customer, slot) for n, slot in enumerate(slots))
    )

    assert sum(isinstance(answer, Booked) for answer in answers) == 1
    assert answers.count(ErrorCode.NO_CONTINGENT) == len(slots) - 1


async def test_every_contingent_of_a_membership_needs_room(gym: Gym) -> None:
    customer = await member(gym, {Period.WEEK: 3, Period.MONTH: 2, Period.TOTAL: None})
    slots = [await gym.slot(at=f"{hour}:00") for hour in (10, 12, 14)]
    await gym.booked(customer, slots[0])
    await gym.booked(customer, slots[1])
    assert await gym.book(customer, slots[2]) is ErrorCode.NO_CONTINGENT


async def test_cancelling_in_time_gives_it_back_and_late_does_not(gym: Gym) -> None:
    customer = await member(gym, {Period.WEEK: 1})
    evening, night = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    in_time = await gym.booked(customer, evening)
    await gym.cancel(in_time.booking_id)

    again = await gym.booked(customer, evening)
    gym.clock.set(gym.at("17:00"))
    await gym.cancel(again.booking_id)

    late = await gym.booking_now(again.booking_id)
    assert (late.late, late.counts) == (True, True)
    assert await gym.book(customer, night) is ErrorCode.NO_CONTINGENT


async def test_waiting_uses_nothing_and_moving_up_does(gym: Gym) -> None:
    customer, other = await member(gym, {Period.WEEK: 1}), await member(gym, {Period.WEEK: 9})
    full, free = await gym.slot(at="18:00", seats=1), await gym.slot(at="10:00")
    seat = await gym.booked(other, full)
    waiting = await gym.booked(customer, full)
    assert not (await gym.booking_now(waiting.booking_id)).counts

    await gym.cancel(seat.booking_id)

    moved = await gym.booking_now(waiting.booking_id)
    assert (moved.status, moved.counts) == (BOOKED, True)
    assert await gym.book(customer, free) is ErrorCode.NO_CONTINGENT


async def test_one_whose_contingent_is_used_up_by_then_is_passed_over(gym: Gym) -> None:
    """F8"""
    customer, other = await member(gym, {Period.WEEK: 1}), await member(gym, {Period.WEEK: 9})
    full, free = await gym.slot(at="18:00", seats=1), await gym.slot(at="10:00")
    seat = await gym.booked(other, full)
    waiting = await gym.booked(customer, full)
    await gym.booked(customer, free)

    await gym.cancel(seat.booking_id)

    now = await gym.booking_now(waiting.booking_id)
    assert (now.status, now.skipped) == (WAITING, Kind.CONTINGENT_USED_UP)


async def test_one_turn_counts_what_the_commands_before_took_and_gave(gym: Gym) -> None:
    customer = await member(gym, {Period.WEEK: 1})
    first, second = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    seat = await gym.booked(customer, first)

    _, booked, refused = await asyncio.gather(
        gym.cancel(seat.booking_id), gym.book(customer, second), gym.book(customer, first)
    )

    assert isinstance(booked, Booked)
    assert refused is ErrorCode.NO_CONTINGENT


async def test_a_booking_in_another_studio_uses_the_same_contingent(gym: Gym) -> None:
    """F38: and cancelling it there gives it back."""
    hamburg = await gym.studio("hamburg")
    await gym.klass("yoga", studio_id=hamburg, uses_contingent=True, admits_other_studios=True)
    away = await gym.slot("yoga", studio_id=hamburg, at="18:00")
    home = await gym.slot("spin", at="10:00")
    customer = await member(gym, {Period.WEEK: 1})

    seat = await gym.booked(customer, away, studio_id=hamburg)
    assert await gym.book(customer, home) is ErrorCode.NO_CONTINGENT
    await gym.cancel(seat.booking_id, studio_id=hamburg)
    await gym.booked(customer, home)


async def test_of_several_memberships_the_one_that_ends_first_and_has_room_is_used(
    gym: Gym,
) -> None:
    customer = await gym.customer()
    rate = await gym.rate(grants={Period.WEEK: 1})
    endless = await gym.membership(customer, rate)
    ending = await gym.membership(customer, rate, until=date(2026, 3, 31))
    slots = [await gym.slot(at=f"{hour}:00") for hour in (10, 12, 14)]

    places = [await gym.booked(customer, slot) for slot in slots[:2]]

    used = [(await gym.booking_now(each.booking_id)).membership_id for each in places]
    assert used == [ending, endless]
    assert await gym.book(customer, slots[2]) is ErrorCode.NO_CONTINGENT


async def test_a_memberships_own_contingent_replaces_that_of_its_rate(gym: Gym) -> None:
    customer = await gym.customer()
    rate = await gym.rate(grants={Period.WEEK: 5, Period.MONTH: 5})
    await gym.membership(customer, rate, grants={Period.WEEK: 1})
    first, second = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    await gym.booked(customer, first)
    assert await gym.book(customer, second) is ErrorCode.NO_CONTINGENT


async def test_a_membership_that_grants_nothing_admits_nobody(gym: Gym) -> None:
    slot = await gym.slot()
    assert await gym.book(await member(gym, {}), slot) is ErrorCode.NO_CONTINGENT
    assert await gym.book(await member(gym, {Period.WEEK: 0}), slot) is ErrorCode.NO_CONTINGENT
    assert await gym.book(await gym.customer(), slot) is ErrorCode.NO_CONTINGENT


async def test_a_contingent_without_limit_is_used_and_given_back_without_end(gym: Gym) -> None:
    customer = await member(gym, {Period.MONTH: None})
    slots = [await gym.slot(at=f"{hour}:00") for hour in (10, 12, 14)]
    places = [await gym.booked(customer, slot) for slot in slots]

    for each in places:
        await gym.cancel(each.booking_id)

    assert [await gym.statuses(slot) for slot in slots] == [[], [], []]


async def test_what_counts_is_given_back_also_when_the_class_no_longer_asks_for_it(
    gym: Gym,
) -> None:
    customer = await member(gym, {Period.WEEK: 1})
    slot = await gym.slot()
    seat = await gym.booked(customer, slot)
    await gym.set(tables.class_, gym.classes["spin"], uses_contingent=False)

    await gym.cancel(seat.booking_id)

    assert not (await gym.booking_now(seat.booking_id)).counts


async def test_named_rates_admit_their_members_alone(gym: Gym) -> None:
    gold, basic = await gym.rate("gold"), await gym.rate("basic")
    await gym.klass("power", who_may_book=WhoMayBook.NAMED_RATES, rates=[gold])
    slot = await gym.slot("power")
    golden, plain = await gym.customers(2)
    membership = await gym.membership(golden, gold)
    await gym.membership(plain, basic)

    seat = await gym.booked(golden, slot)

    stored = await gym.booking_now(seat.booking_id)
    assert (stored.membership_id, stored.counts) == (membership, False)
    assert await gym.book(plain, slot) is ErrorCode.NO_CONTINGENT
