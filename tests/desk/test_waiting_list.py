"""The waiting list: first come, first served, and nobody waits beside a free seat."""

import asyncio
from datetime import date, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.desk.promote import Promote
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import Promotion, WhoMayBook
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.store import tables
from tests.gym import MONDAY, Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST

IDLE_IN_MARCH = (date(2026, 3, 1), date(2026, 3, 31))


async def test_who_waits_gets_the_seat_before_one_who_books_at_that_moment(gym: Gym) -> None:
    """F5"""
    slot = await gym.slot(seats=1)
    first, second, fresh = await gym.customers(3)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)

    await asyncio.gather(gym.cancel(seat.booking_id), gym.book(fresh, slot))

    assert await gym.statuses(slot) == [(second, BOOKED), (fresh, WAITING)]


async def test_a_newcomer_waits_behind_others_even_beside_a_free_seat(gym: Gym) -> None:
    """F5: where staff promote, a seat may be free while people wait for it."""
    await gym.klass(promotion=Promotion.BY_STAFF)
    slot = await gym.slot(seats=1)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.cancel(seat.booking_id)

    await gym.booked(third, slot)

    assert await gym.statuses(slot) == [(second, WAITING), (third, WAITING)]


async def test_a_newcomer_does_not_overtake_one_who_has_become_eligible(gym: Gym) -> None:
    """F5, in one turn with a cancellation of what was cancelled before."""
    slot = await gym.slot(seats=1)
    leaver, waiter, newcomer = await gym.customers(3)
    seat = await gym.booked(leaver, slot)
    await gym.booked(waiter, slot)
    membership = await gym.membership(waiter, await gym.rate())
    idle = await gym.idle(waiter, membership, *IDLE_IN_MARCH)
    await gym.cancel(seat.booking_id)
    await gym.remove(tables.idle_period, idle)

    await asyncio.gather(gym.cancel(seat.booking_id), gym.book(newcomer, slot))

    assert await gym.statuses(slot) == [(waiter, BOOKED), (newcomer, WAITING)]


async def test_a_newcomer_gets_the_seat_that_none_of_those_who_wait_can_take(gym: Gym) -> None:
    slot = await gym.slot(seats=1)
    leaver, waiter, newcomer = await gym.customers(3)
    seat = await gym.booked(leaver, slot)
    waiting = await gym.booked(waiter, slot)
    membership = await gym.membership(waiter, await gym.rate())
    await gym.idle(waiter, membership, *IDLE_IN_MARCH)
    await gym.cancel(seat.booking_id)
    before = await gym.told()

    answer = await gym.booked(newcomer, slot)

    assert answer.status is BOOKED
    assert await gym.statuses(slot) == [(waiter, WAITING), (newcomer, BOOKED)]
    assert (await gym.booking_now(waiting.booking_id)).skipped is Kind.CUSTOMER_IDLE
    assert await gym.told_since(before) == [(EventType.CLASS_BOOKING_CREATED, answer.booking_id)]


async def test_cancelling_twice_at_once_promotes_one_and_is_told_once(gym: Gym) -> None:
    """F6, over two processes."""
    slot = await gym.slot(seats=1)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.booked(third, slot)
    before = await gym.told()
    elsewhere = gym.at_another_desk()

    answers = await asyncio.gather(
        *(where.cancel(seat.booking_id) for where in (gym, elsewhere, gym, elsewhere))
    )

    assert [answer.status for answer in answers if isinstance(answer, Booked)] == [
        BookingStatus.CANCELED
    ] * 4
    assert await gym.statuses(slot) == [(second, BOOKED), (third, WAITING)]
    assert await gym.told_since(before) == [
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id),
    ]


async def test_two_seats_freed_at_once_go_to_the_first_two_in_order(gym: Gym) -> None:
    """F7"""
    slot = await gym.slot(seats=2)
    customers = await gym.customers(5)
    places = [await gym.booked(customer, slot) for customer in customers]
    before = await gym.told()

    await asyncio.gather(gym.cancel(places[0].booking_id), gym.cancel(places[1].booking_id))

    assert await gym.statuses(slot) == [
        (customers[2], BOOKED),
        (customers[3], BOOKED),
        (customers[4], WAITING),
    ]
    assert sorted(await gym.told_since(before)) == [
        (EventType.CLASS_BOOKING_CANCELLED, places[0].booking_id),
        (EventType.CLASS_BOOKING_CANCELLED, places[1].booking_id),
        (EventType.CLASS_BOOKING_UPDATED, places[2].booking_id),
        (EventType.CLASS_BOOKING_UPDATED, places[3].booking_id),
    ]


async def test_one_who_is_no_longer_eligible_is_passed_over_and_keeps_the_position(
    gym: Gym,
) -> None:
    """F8"""
    slot = await gym.slot(seats=1)
    first, head, next_one = await gym.customers(3)
    seat = await gym.booked(first, slot)
    passed_over = await gym.booked(head, slot)
    await gym.booked(next_one, slot)
    membership = await gym.membership(head, await gym.rate())
    idle = await gym.idle(head, membership, *IDLE_IN_MARCH)

    await gym.cancel(seat.booking_id)

    assert await gym.statuses(slot) == [(head, WAITING), (next_one, BOOKED)]
    assert (await gym.booking_now(passed_over.booking_id)).skipped is Kind.CUSTOMER_IDLE

    await gym.remove(tables.idle_period, idle)
    await gym.changed_slot(slot, max_participants=2)

    now = await gym.booking_now(passed_over.booking_id)
    assert (now.status, now.skipped) == (BOOKED, None)


async def test_one_who_sits_elsewhere_by_now_is_passed_over(gym: Gym) -> None:
    """F8: waiting does not keep anybody from taking a seat elsewhere."""
    full = await gym.slot("spin", seats=1, at="18:00")
    other = await gym.slot("yoga", at="18:30")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, full)
    waiting = await gym.booked(second, full)
    await gym.booked(second, other)

    await gym.cancel(seat.booking_id)

    now = await gym.booking_now(waiting.booking_id)
    assert (now.status, now.skipped) == (WAITING, Kind.CUSTOMER_IN_OTHER_BOOKING)


async def test_one_who_cancels_while_being_promoted_is_either_and_no_seat_is_lost(
    gym: Gym,
) -> None:
    """F9, over two processes and in both orders."""
    slot = await gym.slot(seats=1)
    elsewhere = gym.at_another_desk()
    customers = await gym.customers(7)
    places = [await gym.booked(customer, slot) for customer in customers[:6]]

    for seat, waiting in ((0, 1), (2, 3)):
        await asyncio.gather(
            gym.cancel(places[seat].booking_id), elsewhere.cancel(places[waiting].booking_id)
        )
        assert (await gym.booking_now(places[waiting].booking_id)).status is BookingStatus.CANCELED

    assert await gym.statuses(slot) == [(customers[4], BOOKED), (customers[5], WAITING)]
    cancelled = await gym.told(EventType.CLASS_BOOKING_CANCELLED)
    assert sorted(each.entity_id for each in cancelled) == [each.booking_id for each in places[:4]]


async def test_nobody_moves_up_once_promotion_has_ended(gym: Gym) -> None:
    """F10: the term is inclusive, and one millisecond later it is over."""
    await gym.klass(promotion_ends="1 HOURS", late_cancellation=True)
    slot = await gym.slot(seats=2, at="18:00")
    customers = await gym.customers(4)
    places = [await gym.booked(customer, slot) for customer in customers]

    gym.clock.set(gym.at("17:00"))
    await gym.cancel(places[0].booking_id)
    gym.clock.advance(timedelta(milliseconds=1))
    await gym.cancel(places[1].booking_id)

    assert await gym.statuses(slot) == [(customers[2], BOOKED), (customers[3], WAITING)]
    assert await gym.take(Promote(gym.organization, frozenset({slot}), by_staff=True)) == []


async def test_nobody_is_put_on_a_list_from_which_nobody_moves_up_any_more(gym: Gym) -> None:
    """Where the slot is full the answer is no, as of the first millisecond after promotion has ended."""
    await gym.klass(promotion_ends="1 HOURS")
    slot = await gym.slot(seats=1, at="18:00")
    first, second, third = await gym.customers(3)
    await gym.booked(first, slot)

    gym.clock.set(gym.at("17:00"))
    await gym.booked(second, slot)
    gym.clock.advance(timedelta(milliseconds=1))

    assert await gym.book(third, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING)]


async def test_nobody_moves_up_after_the_start(gym: Gym) -> None:
    """F10"""
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    await gym.booked(second, slot)

    gym.clock.set(gym.at("18:00"))
    answer = await gym.changed_slot(slot, max_participants=2)

    assert answer.promoted == ()
    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING)]


async def test_nobody_moves_up_while_the_studio_is_closed_at_that_time(gym: Gym) -> None:
    """F10"""
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.closure(gym.wall("18:59"), gym.wall("22:00"))

    await gym.cancel(seat.booking_id)

    assert await gym.statuses(slot) == [(second, WAITING)]


async def test_where_staff_promote_nobody_moves_up_by_itself(gym: Gym) -> None:
    await gym.klass(promotion=Promotion.BY_STAFF)
    slot = await gym.slot(seats=1)
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.cancel(seat.booking_id)
    assert await gym.statuses(slot) == [(second, WAITING)]
    assert await gym.take(Promote(gym.organization, frozenset({slot}))) == []

    [moved] = await gym.take(Promote(gym.organization, frozenset({slot}), by_staff=True))

    assert moved.id == waiting.booking_id
    assert await gym.statuses(slot) == [(second, BOOKED)]


async def test_promoting_on_an_unknown_slot_is_refused(gym: Gym) -> None:
    unknown = Promote(gym.organization, frozenset({999_999}))
    assert await gym.take(unknown) is ErrorCode.CLASS_SLOT_NOT_FOUND


async def test_one_who_gave_up_a_place_joins_again_at_the_tail(gym: Gym) -> None:
    slot = await gym.slot(seats=1)
    first, second, third = await gym.customers(3)
    await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)
    await gym.booked(third, slot)

    await gym.cancel(waiting.booking_id)
    await gym.booked(second, slot)

    assert await gym.statuses(slot) == [(first, BOOKED), (third, WAITING), (second, WAITING)]


async def test_the_order_is_that_of_joining_also_when_the_clock_steps_back(gym: Gym) -> None:
    """F30: a sequence number counts, never a time."""
    slot = await gym.slot(seats=1)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    gym.clock.advance(timedelta(minutes=-5))
    await gym.booked(third, slot)

    await gym.cancel(seat.booking_id)

    assert await gym.statuses(slot) == [(second, BOOKED), (third, WAITING)]


async def test_what_staff_overruled_stays_overruled_when_a_seat_becomes_free(gym: Gym) -> None:
    await gym.klass(who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot(seats=1)
    member, guest = await gym.customers(2)
    await gym.membership(member, await gym.rate())
    seat = await gym.booked(member, slot)
    overruled = frozenset({Kind.NO_CONTINGENT})
    assert await gym.book(guest, slot) is ErrorCode.NO_CONTINGENT
    await gym.booked(guest, slot, overrule=overruled)

    await gym.cancel(seat.booking_id)

    [booking] = await gym.on_slot(slot)
    assert (booking.customer_id, booking.status) == (guest, BOOKED)
    assert booking.overruled == (Kind.NO_CONTINGENT,)


async def test_staff_may_seat_somebody_past_the_limit_on_record(gym: Gym) -> None:
    slot = await gym.slot(seats=1, waiting_list=0)
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    assert await gym.book(second, slot) is ErrorCode.BOOKING_LIMIT_REACHED

    await gym.booked(second, slot, overrule=frozenset({Kind.BOOKING_LIMIT_REACHED}))

    assert await gym.statuses(slot) == [(first, BOOKED), (second, BOOKED)]
    assert (await gym.slot_now(slot)).over_capacity == 1


async def test_nobody_may_overrule_that_the_customer_is_on_the_slot(gym: Gym) -> None:
    slot = await gym.slot()
    with pytest.raises(ValueError, match="CUSTOMER_ALREADY_BOOKED cannot be overruled"):
        await gym.book(1, slot, overrule=frozenset({Kind.CUSTOMER_ALREADY_BOOKED}))


async def test_the_list_of_a_slot_on_another_day_is_left_alone(gym: Gym) -> None:
    today = await gym.slot(seats=1)
    tomorrow = await gym.slot(seats=1, day=MONDAY + timedelta(days=1))
    first, second = await gym.customers(2)
    seat = await gym.booked(first, today)
    await gym.booked(second, today)
    await gym.booked(first, tomorrow)
    await gym.booked(second, tomorrow)

    await gym.cancel(seat.booking_id)

    assert await gym.statuses(today) == [(second, BOOKED)]
    assert await gym.statuses(tomorrow) == [(first, BOOKED), (second, WAITING)]
