"""Slots: moving, changing, cancelling and completing one occurrence."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.cancel_slot import SlotCancelled
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.complete import CompleteSlots
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import Override, SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST
CANCELED = BookingStatus.CANCELED

TUESDAY = MONDAY + timedelta(days=1)
NEXT_MONDAY = MONDAY + timedelta(days=7)


async def test_a_slot_that_moves_keeps_its_bookings_and_is_told_once(gym: Gym) -> None:
    """F20"""
    slot = await gym.slot(seats=1, at="18:00", minutes=45)
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    await gym.booked(second, slot)
    before = await gym.told()

    answer = await gym.changed_slot(slot, local_start=gym.wall("19:30", day=TUESDAY))

    assert (answer.changed, answer.conflicts) == (True, ())
    now = await gym.slot_now(slot)
    assert now.starts_at == gym.at("19:30", day=TUESDAY)
    assert now.ends_at == gym.at("20:15", day=TUESDAY)
    assert now.local_start == gym.wall("19:30", day=TUESDAY)
    assert now.own == {Override.TIME, Override.MAX_PARTICIPANTS}
    assert await gym.statuses(slot) == [(first, BOOKED), (second, WAITING)]
    assert {(each.starts_at, each.ends_at, each.day) for each in await gym.on_slot(slot)} == {
        (now.starts_at, now.ends_at, TUESDAY)
    }
    assert await gym.told_since(before) == [(EventType.CLASS_SLOT_UPDATED, slot)]


async def test_the_event_names_the_class(gym: Gym) -> None:
    slot = await gym.slot("spin")
    await gym.changed_slot(slot, duration_minutes=30)
    [event] = await gym.told()
    assert (event.studio_id, event.content) == (
        gym.studio_id,
        f'{{"classId": {gym.classes["spin"]}}}',
    )


async def test_cancelled_bookings_follow_the_slot_too(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    cancelled = await gym.booked(await gym.customer(), slot)
    await gym.cancel(cancelled.booking_id)

    await gym.changed_slot(slot, local_start=gym.wall("19:30", day=TUESDAY))

    now = await gym.booking_now(cancelled.booking_id)
    assert (now.status, now.starts_at) == (CANCELED, gym.at("19:30", day=TUESDAY))
    assert (now.ends_at, now.day) == (gym.at("20:30", day=TUESDAY), TUESDAY)


async def test_its_windows_move_along(gym: Gym) -> None:
    """F20: booking opens seven days before, by whole local days."""
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()

    await gym.changed_slot(slot, local_start=gym.wall("18:00", day=MONDAY + timedelta(days=8)))

    closed = ErrorCode.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME
    assert await gym.book(customer, slot) is closed
    gym.clock.set(gym.at("00:00", day=TUESDAY))
    await gym.booked(customer, slot)


async def test_who_now_has_two_places_at_once_is_shown_to_staff(gym: Gym) -> None:
    """F20: the move is far away, so what happens there has to be looked up."""
    slot = await gym.slot("spin", at="18:00")
    other = await gym.slot("yoga", at="18:30", day=MONDAY + timedelta(days=5))
    both, free = await gym.customers(2)
    conflicting = await gym.booked(both, slot)
    await gym.booked(free, slot)
    await gym.booked(both, other)
    before = await gym.told()
    there = gym.wall("18:00", day=MONDAY + timedelta(days=5))

    answer = await gym.changed_slot(slot, local_start=there)

    assert [(each.id, each.conflict) for each in answer.conflicts] == [
        (conflicting.booking_id, Kind.CUSTOMER_IN_OTHER_BOOKING)
    ]
    assert await gym.statuses(slot) == [(both, BOOKED), (free, BOOKED)]
    assert await gym.told_since(before) == [(EventType.CLASS_SLOT_UPDATED, slot)]

    back = await gym.changed_slot(slot, local_start=gym.wall("18:00"))

    assert back.conflicts == ()
    assert [each.conflict for each in await gym.on_slot(slot)] == [None, None]


async def test_who_is_idle_at_the_new_time_is_shown_to_staff(gym: Gym) -> None:
    """F20"""
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    membership = await gym.membership(customer, await gym.rate())
    await gym.idle(customer, membership, NEXT_MONDAY, NEXT_MONDAY)
    seat = await gym.booked(customer, slot)

    answer = await gym.changed_slot(slot, local_start=gym.wall("18:00", day=NEXT_MONDAY))

    assert [(each.id, each.conflict) for each in answer.conflicts] == [
        (seat.booking_id, ErrorCode.CUSTOMER_IDLE)
    ]


async def test_a_slot_moved_into_a_closure_is_shown_to_staff(gym: Gym) -> None:
    slot = await gym.slot(seats=1, at="18:00")
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    await gym.booked(second, slot)
    far = MONDAY + timedelta(days=40)
    await gym.closure(gym.wall("00:00", day=far), gym.wall("00:00", day=far + timedelta(days=1)))

    answer = await gym.changed_slot(
        slot, local_start=gym.wall("18:00", day=far), max_participants=2
    )

    closed = ErrorCode.STUDIO_CLOSED
    assert [each.conflict for each in answer.conflicts] == [closed, closed]
    assert answer.promoted == ()


async def test_a_booking_counts_in_the_period_to_which_its_slot_moves(gym: Gym) -> None:
    await gym.klass(uses_contingent=True)
    moving = await gym.slot(at="18:00")
    this_week = await gym.slot(at="20:00")
    next_week = await gym.slot(at="20:00", day=NEXT_MONDAY)
    customer = await gym.customer()
    await gym.membership(customer, await gym.rate(grants={Period.WEEK: 1}))
    await gym.booked(customer, moving)
    assert await gym.book(customer, this_week) is ErrorCode.NO_CONTINGENT

    answer = await gym.changed_slot(moving, local_start=gym.wall("18:00", day=NEXT_MONDAY))

    assert answer.conflicts == ()
    assert await gym.book(customer, next_week) is ErrorCode.NO_CONTINGENT
    await gym.booked(customer, this_week)


async def test_a_move_to_a_period_that_is_used_up_is_shown_to_staff(gym: Gym) -> None:
    await gym.klass(uses_contingent=True)
    moving = await gym.slot(at="18:00")
    next_week = await gym.slot(at="20:00", day=NEXT_MONDAY)
    customer = await gym.customer()
    await gym.membership(customer, await gym.rate(grants={Period.WEEK: 1}))
    seat = await gym.booked(customer, moving)
    await gym.booked(customer, next_week)

    answer = await gym.changed_slot(
        moving, local_start=gym.wall("18:00", day=NEXT_MONDAY + timedelta(days=2))
    )

    assert [(each.id, each.conflict) for each in answer.conflicts] == [
        (seat.booking_id, Kind.CONTINGENT_USED_UP)
    ]
    assert await gym.statuses(moving) == [(customer, BOOKED)]


async def test_the_term_for_confirming_moves_along(gym: Gym) -> None:
    await gym.klass(confirmation="2 HOURS")
    slot = await gym.slot(at="18:00")
    seat = await gym.booked(await gym.customer(), slot)

    await gym.changed_slot(slot, local_start=gym.wall("20:00"))

    now = await gym.booking_now(seat.booking_id)
    assert now.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
    assert now.confirm_until == gym.at("18:00")


async def test_nobody_loses_a_seat_because_the_slot_moved_past_the_term_for_confirming(
    gym: Gym,
) -> None:
    """They have two hours at least to learn of it, and nothing to confirm where there are none."""
    await gym.klass(confirmation="1 DAY")
    slot = await gym.slot(at="18:00", day=TUESDAY)
    seat = await gym.booked(await gym.customer(), slot)
    await gym.changed_slot(slot, local_start=gym.wall("18:00"))
    now = await gym.booking_now(seat.booking_id)
    assert now.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
    assert now.confirm_until == gym.now + timedelta(hours=2)
    before = await gym.told()
    gym.clock.set(gym.at("16:30"))

    await gym.changed_slot(slot, local_start=gym.wall("18:15"))

    now = await gym.booking_now(seat.booking_id)
    assert (now.status, now.confirm_until) == (BOOKED, None)
    assert await gym.told_since(before) == [
        (EventType.CLASS_SLOT_UPDATED, slot),
        (EventType.CLASS_BOOKING_UPDATED, seat.booking_id),
    ]


async def test_a_move_makes_room_for_one_who_could_not_take_the_seat(gym: Gym) -> None:
    """Nobody waits beside a free seat longer than needed."""
    slot = await gym.slot("spin", seats=1, at="18:00")
    other = await gym.slot("yoga", at="18:00")
    first, second = await gym.customers(2)
    seat = await gym.booked(first, slot)
    await gym.booked(second, slot)
    await gym.booked(second, other)
    await gym.cancel(seat.booking_id)
    assert await gym.statuses(slot) == [(second, WAITING)]

    answer = await gym.changed_slot(slot, local_start=gym.wall("20:00"))

    assert [each.customer_id for each in answer.promoted] == [second]
    assert await gym.statuses(slot) == [(second, BOOKED)]


async def test_the_duration_is_elapsed_time_over_a_change_of_the_clocks(gym: Gym) -> None:
    """F28: on 29 March at 02:00 the clocks in Berlin show 03:00."""
    night = date(2026, 3, 28)
    slot = await gym.slot(at="18:00")

    await gym.changed_slot(slot, local_start=gym.wall("23:30", day=night), duration_minutes=4 * 60)

    now = await gym.slot_now(slot)
    assert now.ends_at - now.starts_at == timedelta(hours=4)
    assert now.ends_at == gym.at("04:30", day=night + timedelta(days=1))


async def test_a_start_that_the_clocks_skip_is_shifted_by_the_gap(gym: Gym) -> None:
    """F26"""
    slot = await gym.slot(at="18:00")
    skipped = gym.wall("02:30", day=date(2026, 3, 29))

    await gym.changed_slot(slot, local_start=skipped)

    now = await gym.slot_now(slot)
    assert now.local_start == skipped
    assert now.starts_at == gym.at("03:30", day=date(2026, 3, 29))


async def test_a_slot_is_moved_by_the_wall_clock_of_its_studio(gym: Gym) -> None:
    """F27"""
    new_york = ZoneInfo("America/New_York")
    studio = await gym.studio("newyork", zone="America/New_York")
    await gym.klass("pilates", studio_id=studio)
    slot = await gym.slot("pilates", studio_id=studio, zone=new_york, at="18:00")

    await gym.changed_slot(slot, local_start=gym.wall("19:00"))

    assert (await gym.slot_now(slot)).starts_at == gym.at("19:00", zone=new_york)


@pytest.mark.parametrize(
    "times",
    [
        {"duration_minutes": 0},
        {"duration_minutes": -60},
        {"duration_minutes": 24 * 60 + 1},
        {"local_start": datetime.combine(MONDAY, datetime.min.time()).replace(hour=8)},
        {"local_start": datetime.combine(date(2026, 3, 1), datetime.min.time())},
    ],
    ids=["no duration", "end before start", "over a day", "now", "yesterday"],
)
async def test_times_that_make_no_sense_are_refused(gym: Gym, times: dict[str, Any]) -> None:
    slot = await gym.slot(at="18:00")
    before = await gym.slot_now(slot)

    assert await gym.change_slot(slot, **times) is ErrorCode.INVALID_TIMES

    assert await gym.slot_now(slot) == before
    assert await gym.told() == []


async def test_a_slot_that_has_started_stays_where_it_is(gym: Gym) -> None:
    """It may still take longer, but not end before it is changed."""
    slot = await gym.slot(at="18:00", minutes=60)
    gym.clock.set(gym.at("18:30"))

    later = await gym.change_slot(slot, local_start=gym.wall("20:00"))
    over = await gym.change_slot(slot, duration_minutes=30)

    assert (later, over) == (ErrorCode.INVALID_TIMES, ErrorCode.INVALID_TIMES)
    assert (await gym.changed_slot(slot, duration_minutes=90)).changed


@pytest.mark.parametrize(
    "values",
    [
        {"max_participants": -1},
        {"max_waiting_list": -1},
        {"additional_participants": -1},
        {"local_start": datetime.fromisoformat("2026-03-02T18:00:00+01:00")},
        {"local_start": datetime.fromisoformat("2026-03-02T18:00:30")},
        {"instructor_ids": (7, 7)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_values_that_no_slot_can_have_are_errors(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"give 0 or more|plain local time|named twice"):
        ChangeSlot(1, 2, **values)


async def test_what_is_changed_by_hand_is_the_slots_own(gym: Gym) -> None:
    slot = await gym.slot(seats=20, waiting_list=5)
    room, trainer = await gym.location(), await gym.employee()

    await gym.changed_slot(slot, location_id=room)
    assert (await gym.slot_now(slot)).own == {Override.LOCATION}
    await gym.changed_slot(slot, instructor_ids=(trainer,), max_waiting_list=5)
    assert (await gym.slot_now(slot)).own == {Override.LOCATION, Override.INSTRUCTORS}
    await gym.changed_slot(slot, max_participants=None, max_waiting_list=9)

    now = await gym.slot_now(slot)
    assert (now.location_id, now.max_participants, now.max_waiting_list) == (room, None, 9)
    assert now.own == {
        Override.LOCATION,
        Override.INSTRUCTORS,
        Override.MAX_PARTICIPANTS,
        Override.MAX_WAITING_LIST,
    }
    assert await gym.given_by(slot) == (trainer,)
    assert [each.type for each in await gym.told()] == [EventType.CLASS_SLOT_UPDATED] * 3


async def test_additional_participants_belong_to_the_slot_anyway(gym: Gym) -> None:
    slot = await gym.slot()
    assert (await gym.changed_slot(slot, additional_participants=3)).changed
    now = await gym.slot_now(slot)
    assert (now.additional_participants, now.own) == (3, frozenset())
    assert [each.type for each in await gym.told()] == [EventType.CLASS_SLOT_UPDATED]


async def test_many_changes_at_once_are_told_once(gym: Gym) -> None:
    slot = await gym.slot()
    room, trainer = await gym.location(), await gym.employee()

    changes: dict[str, Any] = {
        "local_start": gym.wall("20:00"),
        "duration_minutes": 30,
        "location_id": room,
        "instructor_ids": (trainer,),
        "max_participants": 7,
    }
    assert (await gym.changed_slot(slot, **changes)).changed
    assert not (await gym.changed_slot(slot, **changes)).changed

    assert [(each.type, each.entity_id) for each in await gym.told()] == [
        (EventType.CLASS_SLOT_UPDATED, slot)
    ]


async def test_a_location_is_taken_away_by_saying_so(gym: Gym) -> None:
    slot = await gym.slot(location_id=await gym.location())
    assert not (await gym.changed_slot(slot)).changed
    assert (await gym.changed_slot(slot, location_id=None)).changed
    assert (await gym.slot_now(slot)).location_id is None


async def test_what_is_not_there_is_refused(gym: Gym) -> None:
    slot = await gym.slot()
    hamburg = await gym.studio("hamburg")
    room_elsewhere = await gym.location("Saal Elbe", studio_id=hamburg)
    gone = await gym.employee("Gerd")
    await gym.set(tables.employee, gone, deleted_at=gym.now)

    assert await gym.change_slot(999_999, max_participants=1) is ErrorCode.CLASS_SLOT_NOT_FOUND
    assert await gym.change_slot(slot, location_id=999_999) is ErrorCode.LOCATION_NOT_FOUND
    assert await gym.change_slot(slot, location_id=room_elsewhere) is ErrorCode.LOCATION_NOT_FOUND
    assert await gym.change_slot(slot, instructor_ids=(999_999,)) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await gym.change_slot(slot, instructor_ids=(gone,)) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await gym.told() == []


async def test_a_slot_of_another_organization_is_not_there(gym: Gym) -> None:
    slot = await gym.slot()
    stranger = await Gym(gym.database, gym.clock, first_id=100_000).open()

    assert await stranger.change_slot(slot, max_participants=1) is ErrorCode.CLASS_SLOT_NOT_FOUND
    assert await stranger.cancel_slot(slot) is ErrorCode.CLASS_SLOT_NOT_FOUND

    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED


async def test_cancelling_a_slot_ends_every_booking_and_promotes_nobody(gym: Gym) -> None:
    """F18"""
    await gym.klass(uses_contingent=True)
    slot = await gym.slot(seats=1, at="18:00")
    first, second, third = await gym.customers(3)
    rate = await gym.rate(grants={Period.WEEK: 1})
    for customer in (first, second, third):
        await gym.membership(customer, rate)
    given_up = await gym.booked(third, slot)
    await gym.cancel(given_up.booking_id)
    seat, waiting = await gym.booked(first, slot), await gym.booked(second, slot)
    before = await gym.told()
    gym.clock.set(gym.at("17:00"))

    answer = await gym.cancel_slot(slot)

    assert isinstance(answer, SlotCancelled)
    assert [each.id for each in answer.bookings] == [seat.booking_id, waiting.booking_id]
    now = await gym.slot_now(slot)
    assert (now.status, now.seats, now.waiting) == (SlotStatus.CANCELED, 0, 0)
    stored = await gym.booking_now(seat.booking_id)
    assert (stored.status, stored.counts, stored.late) == (CANCELED, False, False)
    assert await gym.told_since(before) == [
        (EventType.CLASS_SLOT_CANCELLED, slot),
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_CANCELLED, waiting.booking_id),
    ]
    again = await gym.slot(at="20:00")
    await gym.booked(first, again)


async def test_cancelling_a_slot_twice_changes_nothing(gym: Gym) -> None:
    """F18"""
    slot = await gym.slot()
    await gym.booked(await gym.customer(), slot)
    await gym.cancel_slot(slot)
    told = await gym.told()

    answer = await gym.cancel_slot(slot)

    assert answer == SlotCancelled(slot, changed=False)
    assert await gym.told() == told


async def test_nobody_books_or_changes_what_is_cancelled(gym: Gym) -> None:
    """F19: though all its seats are free."""
    slot = await gym.slot(seats=5)
    await gym.cancel_slot(slot)
    assert await gym.book(await gym.customer(), slot) is ErrorCode.NOT_AVAILABLE
    assert await gym.change_slot(slot, max_participants=9) is ErrorCode.SLOT_NOT_PLANNED


async def test_nobody_books_what_has_started(gym: Gym) -> None:
    """F19"""
    slot = await gym.slot(at="18:00", seats=5)
    customer = await gym.customer()
    gym.clock.set(gym.at("18:00"))
    assert await gym.book(customer, slot) is ErrorCode.NOT_AVAILABLE


async def test_a_slot_is_completed_once_it_has_ended(gym: Gym) -> None:
    """F43, F19"""
    slot, later = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    cancelled = await gym.slot(at="10:00")
    await gym.cancel_slot(cancelled)
    customer = await gym.customer()
    await gym.booked(customer, slot)
    before = await gym.told()
    complete = CompleteSlots(gym.organization, frozenset({slot, later, cancelled, 999_999}))

    gym.clock.set(gym.at("19:00") - timedelta(milliseconds=1))
    assert await gym.take(complete) == ()
    gym.clock.set(gym.at("19:00"))
    assert await gym.take(complete) == (slot,)
    assert await gym.take(complete) == ()

    assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED
    assert (await gym.slot_now(cancelled)).status is SlotStatus.CANCELED
    assert await gym.told_since(before) == []
    assert await gym.statuses(slot) == [(customer, BOOKED)]
    [other] = await gym.customers(1)
    assert await gym.book(other, slot) is ErrorCode.NOT_AVAILABLE
    assert await gym.change_slot(slot, max_participants=9) is ErrorCode.SLOT_NOT_PLANNED
    assert await gym.cancel_slot(slot) is ErrorCode.SLOT_NOT_PLANNED


async def test_what_is_over_is_not_changed_though_nobody_completed_it_yet(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    gym.clock.set(gym.at("19:00"))
    assert await gym.change_slot(slot, max_participants=9) is ErrorCode.SLOT_NOT_PLANNED
    assert await gym.cancel_slot(slot) is ErrorCode.SLOT_NOT_PLANNED


async def test_where_a_restored_slot_has_too_few_seats_they_are_for_who_joined_first(
    gym: Gym,
) -> None:
    slot = await gym.slot(seats=3)
    customers = await gym.customers(3)
    for customer in customers:
        await gym.booked(customer, slot)
    await gym.changed_slot(slot, max_participants=2)
    await gym.cancel_slot(slot)

    await gym.take(RestoreSlot(gym.organization, slot, with_bookings=True))

    assert await gym.statuses(slot) == [
        (customers[0], BOOKED),
        (customers[1], BOOKED),
        (customers[2], BookingStatus.WAITING_LIST),
    ]
