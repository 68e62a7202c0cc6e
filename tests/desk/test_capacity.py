"""Capacity: how many get a seat, how many wait, and what happens when staff change it."""

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from tests.gym import Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST


async def fill(gym: Gym, slot: int, count: int) -> list[int]:
    """So many customers, booked one after the other."""
    customers = await gym.customers(count)
    for customer in customers:
        await gym.booked(customer, slot)
    return customers


async def test_lowering_the_limit_sends_nobody_away(gym: Gym) -> None:
    """F11: it reports how many are too many, and admits nobody until enough have left."""
    slot = await gym.slot(seats=3, waiting_list=5)
    first, second, third = await fill(gym, slot, 3)
    [fresh] = await gym.customers(1)

    answer = await gym.changed_slot(slot, max_participants=1)

    assert (answer.changed, answer.over_capacity) == (True, 2)
    assert await gym.statuses(slot) == [(first, BOOKED), (second, BOOKED), (third, BOOKED)]
    await gym.booked(fresh, slot)
    bookings = {each.customer_id: each.id for each in await gym.on_slot(slot)}
    await gym.cancel(bookings[first])
    await gym.cancel(bookings[second])
    assert await gym.statuses(slot) == [(third, BOOKED), (fresh, WAITING)]
    await gym.cancel(bookings[third])
    assert await gym.statuses(slot) == [(fresh, BOOKED)]


async def test_raising_the_limit_promotes_in_order_up_to_it(gym: Gym) -> None:
    """F12"""
    slot = await gym.slot(seats=1)
    customers = await fill(gym, slot, 4)
    before = await gym.told()

    answer = await gym.changed_slot(slot, max_participants=3)

    assert [each.customer_id for each in answer.promoted] == customers[1:3]
    assert await gym.statuses(slot) == [
        (customers[0], BOOKED),
        (customers[1], BOOKED),
        (customers[2], BOOKED),
        (customers[3], WAITING),
    ]
    assert await gym.told_since(before) == [
        (EventType.CLASS_SLOT_UPDATED, slot),
        *((EventType.CLASS_BOOKING_UPDATED, each.id) for each in answer.promoted),
    ]


async def test_additional_participants_take_seats(gym: Gym) -> None:
    """F13"""
    slot = await gym.slot(seats=2)
    await gym.changed_slot(slot, additional_participants=1)
    first, second, third = await fill(gym, slot, 3)
    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING), (third, WAITING)]
    before = await gym.told()

    answer = await gym.changed_slot(slot, additional_participants=0)

    assert [each.customer_id for each in answer.promoted] == [second]
    assert await gym.statuses(slot) == [(first, BOOKED), (second, BOOKED), (third, WAITING)]
    assert [type_ for type_, _ in await gym.told_since(before)] == [
        EventType.CLASS_SLOT_UPDATED,
        EventType.CLASS_BOOKING_UPDATED,
    ]


async def test_more_additional_participants_than_seats_are_reported(gym: Gym) -> None:
    """F13"""
    slot = await gym.slot(seats=2)
    [first] = await fill(gym, slot, 1)

    answer = await gym.changed_slot(slot, additional_participants=3)

    assert answer.over_capacity == 2
    assert await gym.statuses(slot) == [(first, BOOKED)]


async def test_a_shorter_waiting_list_keeps_who_is_on_it(gym: Gym) -> None:
    """F14"""
    slot = await gym.slot(seats=1, waiting_list=3)
    first, second, third = await fill(gym, slot, 3)
    [fresh] = await gym.customers(1)

    await gym.changed_slot(slot, max_waiting_list=1)

    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING), (third, WAITING)]
    assert await gym.book(fresh, slot) is ErrorCode.BOOKING_LIMIT_REACHED


async def test_without_a_limit_everybody_gets_a_seat_and_nobody_waits(gym: Gym) -> None:
    """F15"""
    slot = await gym.slot(seats=None, waiting_list=5)
    customers = await fill(gym, slot, 8)
    assert await gym.statuses(slot) == [(customer, BOOKED) for customer in customers]
    assert (await gym.slot_now(slot)).over_capacity == 0


async def test_taking_the_limit_away_promotes_everybody(gym: Gym) -> None:
    """F15: no limit is not the same as a limit that is not given."""
    slot = await gym.slot(seats=1)
    customers = await fill(gym, slot, 4)

    untouched = await gym.changed_slot(slot, max_waiting_list=9)
    assert untouched.promoted == ()
    await gym.changed_slot(slot, max_participants=None)

    assert await gym.statuses(slot) == [(customer, BOOKED) for customer in customers]


@pytest.mark.parametrize("waiting_list", [0, 5])
async def test_with_a_limit_of_none_at_all_nobody_can_book(gym: Gym, waiting_list: int) -> None:
    """F15"""
    slot = await gym.slot(seats=0, waiting_list=waiting_list)
    [customer] = await gym.customers(1)
    assert await gym.book(customer, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    assert await gym.may_book(customer, slot) is ErrorCode.BOOKING_LIMIT_REACHED


async def test_seat_and_waiting_position_are_refused_when_they_are_not_what_is_expected(
    gym: Gym,
) -> None:
    slot = await gym.slot(seats=1, waiting_list=1)
    first, second, third = await gym.customers(3)
    not_possible = ErrorCode.EXPECTED_STATUS_NOT_POSSIBLE

    assert await gym.book(first, slot, expected=WAITING) is not_possible
    assert isinstance(await gym.book(first, slot, expected=BOOKED), Booked)
    assert await gym.book(second, slot, expected=BOOKED) is not_possible
    assert isinstance(await gym.book(second, slot, expected=WAITING), Booked)
    assert await gym.book(third, slot, expected=BOOKED) is ErrorCode.BOOKING_LIMIT_REACHED


async def test_changing_nothing_is_told_to_nobody(gym: Gym) -> None:
    slot = await gym.slot(seats=20, waiting_list=5)
    same = {"max_participants": 20, "max_waiting_list": 5, "additional_participants": 0}

    answer = await gym.changed_slot(slot, **same)

    assert not answer.changed
    assert await gym.told() == []
    assert (await gym.slot_now(slot)).own == frozenset()


async def test_a_place_that_becomes_free_is_there_for_the_next_who_comes(gym: Gym) -> None:
    """However many were told before that the slot is full, and whoever made it free."""
    slot = await gym.slot(seats=1, waiting_list=0)
    [seated, *refused, late, last] = await gym.customers(5)
    seat = await gym.booked(seated, slot)
    for customer in refused:
        assert await gym.book(customer, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    await gym.at_another_desk().cancel(seat.booking_id)
    await gym.booked(late, slot)
    assert await gym.book(last, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    assert await gym.statuses(slot) == [(late, BOOKED)]
