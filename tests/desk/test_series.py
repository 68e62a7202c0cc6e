"""Series: slots come from a weekly plan, follow it when it changes, and none is made twice."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.edit_series import AllFuture, EditSeries, Following, SeriesEdited
from kursplan.desk.end_series import EndSeries
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.follow_class import ApplyClassDefaults
from kursplan.desk.give_back import GiveBack
from kursplan.desk.plan_series import PlanSeries, SeriesPlanned
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.rezone import Rezone
from kursplan.desk.stand_in import PutStandIn
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import Promotion
from kursplan.domain.events import EventType
from kursplan.domain.recurrence import Retimed
from kursplan.domain.refusals import Kind
from kursplan.domain.series import Series, SeriesPlan
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store import tables
from kursplan.store.rules import series
from kursplan.store.rules.timezones import RetimedSlot, retimed_slots
from kursplan.work.extend import extend_series
from tests.gym import MONDAY, STAFF, Gym

MONDAYS = [MONDAY + timedelta(weeks=n) for n in range(5)]
"""2, 9, 16, 23 and 30 March 2026; the clocks go forward on the 29th."""
END_OF_MARCH = date(2026, 3, 31)


async def stored(gym: Gym, series_id: int) -> Series:
    found = await gym.database.read(lambda tx: series.load(tx, gym.organization, series_id))
    assert found is not None
    return found


async def edited(gym: Gym, series_id: int, **changes: Any) -> SeriesEdited:
    """Edit all that is to come of a series, where the test takes for granted that it succeeds."""
    plan = replace((await stored(gym, series_id)).plan, **changes)
    answer = await gym.take(EditSeries(gym.organization, series_id, AllFuture(), plan))
    assert isinstance(answer, SeriesEdited), answer
    return answer


async def split(
    gym: Gym, series_id: int, from_day: date, *, new_id: int | None = None, **changes: Any
) -> SeriesEdited:
    """Edit a series from a day on, where the test takes for granted that it succeeds."""
    plan = replace((await stored(gym, series_id)).plan, **changes)
    scope = Following(from_day, new_id or await gym.desk.ids.next())
    answer = await gym.take(EditSeries(gym.organization, series_id, scope, plan))
    assert isinstance(answer, SeriesEdited), answer
    return answer


def starts(slots: Sequence[Slot]) -> list[datetime]:
    return [each.local_start for each in slots]


def at(days: Sequence[date], local: str) -> list[datetime]:
    return [datetime.combine(day, time.fromisoformat(local)) for day in days]


def wall(text: str) -> datetime:
    """A wall time such as "2026-03-02 18:00"."""
    return datetime.fromisoformat(text)


def status_of(slots: Sequence[Slot]) -> list[SlotStatus]:
    return [each.status for each in slots]


async def updated(gym: Gym) -> list[int]:
    return [each.entity_id for each in await gym.told(EventType.CLASS_SLOT_UPDATED)]


# Planning.


def plan(**changes: Any) -> SeriesPlan:
    standard = SeriesPlan(frozenset({0}), time(18), MONDAY)
    return replace(standard, **changes)


async def test_a_planned_series_is_kept_as_it_was_planned(gym: Gym) -> None:
    class_id = await gym.klass("spin")
    hall, ina = await gym.location(), await gym.employee()
    wanted = plan(
        weekdays=frozenset({0, 2}),
        last_day=END_OF_MARCH,
        duration=45,
        location_id=hall,
        instructors=(ina,),
        own=frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST}),
        max_waiting_list=3,
    )

    command = PlanSeries(gym.organization, 900_001, class_id, "spin-evenings", wanted)
    planned = await gym.take(command)

    assert planned == SeriesPlanned(await stored(gym, 900_001))
    assert (planned.series.plan, planned.series.key) == (wanted, "spin-evenings")


async def test_a_series_names_only_what_is_there(gym: Gym) -> None:
    class_id = await gym.klass("spin")
    other = await gym.studio("hamburg")
    hall_there = await gym.location("Saal 9", studio_id=other)

    async def answer(class_id: int = class_id, **changes: Any) -> object:
        return await gym.take(
            PlanSeries(gym.organization, 900_001, class_id, "evenings", plan(**changes))
        )

    assert await answer(class_id=123_456) is ErrorCode.CLASS_NOT_FOUND
    assert await answer(location_id=hall_there) is ErrorCode.LOCATION_NOT_FOUND
    assert await answer(instructors=(123_456,)) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await gym.count(tables.series) == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instructors": (1, 1)}, "named twice"),
        (
            {"own": frozenset({Override.LOCATION})},
            "does not own LOCATION: give MAX_PARTICIPANTS or",
        ),
        ({"max_participants": 3}, "that the series does not own"),
        ({"max_waiting_list": 3}, "or neither"),
        ({"own": frozenset({Override.MAX_WAITING_LIST})}, "says how long it is"),
        ({"own": frozenset({Override.MAX_PARTICIPANTS}), "max_participants": -1}, "give 0 or more"),
        ({"weekdays": frozenset[int]()}, "at least one weekday"),
        ({"duration": 0}, "give 1 to 1440"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        plan(**changes)


# Extending.


async def test_slots_take_what_they_are_from_series_and_class_and_are_told_to_nobody(
    gym: Gym,
) -> None:
    await gym.klass("spin", duration=50, max_participants=12, max_waiting_list=3)
    hall, ina, ole = await gym.location(), await gym.employee("Ina"), await gym.employee("Ole")
    plain = await gym.series("spin")
    special = await gym.series(
        "spin",
        at="19:00",
        duration=30,
        location_id=hall,
        instructors=(ole, ina),
        own=(Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST),
        max_participants=None,
        max_waiting_list=0,
    )

    [first, *_] = await gym.extend(plain, until=END_OF_MARCH)
    [other, *_] = await gym.extend(special, until=END_OF_MARCH)

    assert (first.starts_at, first.ends_at) == (gym.at("18:00"), gym.at("18:50"))
    assert (first.max_participants, first.max_waiting_list) == (12, 3)
    assert (first.location_id, first.own, first.series_id) == (None, frozenset(), plain)
    assert (other.starts_at, other.ends_at) == (gym.at("19:00"), gym.at("19:30"))
    assert (other.max_participants, other.max_waiting_list) == (None, 0)
    assert other.location_id == hall
    assert await gym.given_by(first.id) == ()
    assert await gym.given_by(other.id) == (ole, ina)
    assert await gym.told() == []


async def test_only_slots_to_come_are_made(gym: Gym) -> None:
    evenings = await gym.series("spin", since=MONDAY - timedelta(weeks=3), until=MONDAYS[3])
    gym.clock.set(gym.at("18:00"))

    slots = await gym.extend(evenings, until=END_OF_MARCH)

    assert starts(slots) == at(MONDAYS[1:4], "18:00")


async def test_extending_again_makes_no_slot_twice_f24(gym: Gym) -> None:
    evenings = await gym.series("spin")
    first = await gym.extend(evenings, until=MONDAYS[2])

    again = await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[2]))
    shorter = await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[1]))
    further = await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[4]))

    assert (again, shorter, further) == (0, 0, 2)
    slots = await gym.slots_of(evenings)
    assert slots[:3] == first
    assert starts(slots) == at(MONDAYS, "18:00")
    assert (await stored(gym, evenings)).extended_until == MONDAYS[4]


async def test_two_processes_at_once_make_each_slot_once_f24(gym: Gym) -> None:
    evenings = await gym.series("spin", weekdays=range(7))
    desks = [gym.desk, *(gym.another_desk() for _ in range(3))]

    answers = await asyncio.gather(
        *(
            desk.execute(ExtendSeries(gym.organization, evenings, END_OF_MARCH), by=STAFF)
            for desk in desks
        )
    )

    assert sorted(answers) == [0, 0, 0, 30]  # type: ignore[type-var]
    assert len({each.local_start for each in await gym.slots_of(evenings)}) == 30
    assert await gym.count(tables.slot) == 30


async def test_slots_that_another_made_without_the_lock_stay_single_f24(gym: Gym) -> None:
    """The database itself refuses a second slot for the same original local start."""
    ina = await gym.employee()
    evenings = await gym.series("spin", instructors=(ina,))
    [known, *_] = await gym.extend(evenings, until=MONDAYS[1])
    of = await stored(gym, evenings)
    both = list(of.plan.occurrences(of.standard, of.zone, MONDAYS[1], MONDAYS[2]))

    made = await gym.database.write(
        lambda tx: series.add_slots(
            tx, gym.organization, of, zip([900_001, 900_002], both, strict=True)
        )
    )

    assert made == [900_002]
    assert starts(await gym.slots_of(evenings)) == at(MONDAYS[:3], "18:00")
    assert await gym.given_by(900_002) == (ina,) == await gym.given_by(known.id)


async def test_a_slot_that_staff_moved_or_cancelled_is_not_made_again_f22(gym: Gym) -> None:
    evenings = await gym.series("spin")
    [moved, cancelled, _] = await gym.extend(evenings, until=MONDAYS[2])
    await gym.changed_slot(moved.id, local_start=wall("2026-03-03 20:00"))
    await gym.cancel_slot(cancelled.id)

    assert await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[2])) == 0
    assert len(await gym.slots_of(evenings)) == 3


async def test_there_is_no_such_series(gym: Gym) -> None:
    missing = ErrorCode.SERIES_NOT_FOUND
    assert await gym.take(ExtendSeries(gym.organization, 123_456, END_OF_MARCH)) is missing
    assert await gym.take(EndSeries(gym.organization, 123_456, MONDAY)) is missing
    edit = EditSeries(gym.organization, 123_456, AllFuture(), plan())
    assert await gym.take(edit) is missing


async def test_series_are_extended_by_themselves_day_by_day(gym: Gym) -> None:
    daily = await gym.series("spin", weekdays=range(7))
    over = await gym.series("yoga", weekdays=range(7), until=MONDAY + timedelta(days=3))
    later = await gym.series("boxing", since=date(2027, 1, 4))

    async def step() -> bool:
        return await extend_series(gym.desk, gym.database, gym.clock, horizon_days=10)

    assert await step() is True
    assert len(await gym.slots_of(daily)) == 11
    assert len(await gym.slots_of(over)) == 4
    assert await step() is False
    gym.clock.advance(timedelta(days=1))
    # The one that is over is not looked at any more.
    tomorrow = MONDAY + timedelta(days=11)
    due = await gym.database.read(lambda tx: series.due(tx, gym.organization, tomorrow))
    assert due == [daily, later]
    assert await step() is True
    assert len(await gym.slots_of(daily)) == 12
    assert len(await gym.slots_of(over)) == 4
    assert await gym.slots_of(later) == []
    assert await step() is False


async def test_series_of_every_organization_are_extended(gym: Gym) -> None:
    here = await gym.series("spin")
    elsewhere = await Gym(gym.database, gym.clock, first_id=500).open()
    there = await elsewhere.series("spin")

    assert await extend_series(gym.desk, gym.database, gym.clock, horizon_days=10) is True

    assert starts(await gym.slots_of(here)) == at(MONDAYS[:2], "18:00")
    assert starts(await elsewhere.slots_of(there)) == at(MONDAYS[:2], "18:00")


# Local time.


async def test_a_weekly_class_stays_at_its_wall_time_over_both_changes_f25(gym: Gym) -> None:
    evenings = await gym.series("spin", weekdays=(6,))

    slots = await gym.extend(evenings, until=date(2026, 11, 1))

    assert {each.local_start.time() for each in slots} == {time(18)}
    by_day = {each.local_start.date(): each.starts_at for each in slots}
    week = timedelta(weeks=1)
    one_hour = timedelta(hours=1)
    assert by_day[date(2026, 3, 29)] - by_day[date(2026, 3, 22)] == week - one_hour
    assert by_day[date(2026, 10, 25)] - by_day[date(2026, 10, 18)] == week + one_hour
    assert by_day[date(2026, 10, 25)] == gym.at("18:00", day=date(2026, 10, 25))


async def test_a_start_that_is_skipped_or_doubled_gives_one_slot_f26(gym: Gym) -> None:
    nights = await gym.series("spin", at="02:30", weekdays=(6,))

    slots = await gym.extend(nights, until=date(2026, 10, 31))

    by_day = {each.local_start.date(): each for each in slots}
    spring, autumn = by_day[date(2026, 3, 29)], by_day[date(2026, 10, 25)]
    assert spring.starts_at == gym.at("03:30", day=date(2026, 3, 29))
    assert spring.local_start.time() == time(2, 30)
    # The first of the two: still summer time.
    assert autumn.starts_at == datetime.fromisoformat("2026-10-25T00:30Z")
    assert len(by_day) == len(slots)
    assert {each.ends_at - each.starts_at for each in slots} == {timedelta(hours=1)}


async def test_a_duration_over_a_change_of_the_clocks_is_elapsed_time_f28(gym: Gym) -> None:
    nights = await gym.series("spin", at="01:30", weekdays=(6,), duration=60)
    await gym.extend(nights, until=date(2026, 10, 31))

    answer = await edited(gym, nights, duration=120)

    slots = await gym.slots_of(nights)
    assert {each.ends_at - each.starts_at for each in slots} == {timedelta(hours=2)}
    assert len(answer.changed) == len(slots)


async def test_another_wall_time_for_the_same_instant_is_told_to_nobody_f26(gym: Gym) -> None:
    clocks_change = date(2026, 3, 29)
    nights = await gym.series("spin", at="02:30", weekdays=(6,), since=clocks_change)
    [slot] = await gym.extend(nights, until=clocks_change)

    answer = await edited(gym, nights, start_time=time(3, 30))

    assert answer.changed == ()
    assert await gym.slots_of(nights) == [replace(slot, local_start=wall("2026-03-29 03:30"))]
    assert await gym.told() == []


# Editing all that is to come.


async def test_an_edit_moves_the_slots_to_come_with_their_bookings_f22(gym: Gym) -> None:
    await gym.klass("spin", earliest_booking=None, max_participants=1, confirmation="1 DAY")
    evenings = await gym.series("spin")
    slots = await gym.extend(evenings, until=MONDAYS[2])
    one, two = await gym.customers(2)
    seat = await gym.booked(one, slots[2].id)
    waiting = await gym.booked(two, slots[2].id)
    gym.clock.set(gym.at("18:00"))

    answer = await edited(gym, evenings, start_time=time(19, 30), duration=90)

    past, *moved = await gym.slots_of(evenings)
    assert past == slots[0]
    assert starts(moved) == at(MONDAYS[1:3], "19:30")
    assert moved[1].starts_at == gym.at("19:30", day=MONDAYS[2])
    assert moved[1].ends_at == gym.at("21:00", day=MONDAYS[2])
    for booking_id in (seat.booking_id, waiting.booking_id):
        booking = await gym.booking_now(booking_id)
        assert (booking.starts_at, booking.ends_at) == (moved[1].starts_at, moved[1].ends_at)
    assert await gym.statuses(slots[2].id) == [
        (one, BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED),
        (two, BookingStatus.WAITING_LIST),
    ]
    assert await updated(gym) == [each.id for each in slots[1:]] == list(answer.changed)
    assert await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[2])) == 0


async def test_an_edit_that_changes_nothing_tells_nothing(gym: Gym) -> None:
    ina = await gym.employee()
    evenings = await gym.series("spin", instructors=(ina,))
    before = await gym.extend(evenings, until=END_OF_MARCH)

    answer = await edited(gym, evenings)

    assert (answer.changed, answer.cancelled, answer.made) == ((), (), 0)
    assert await gym.slots_of(evenings) == before
    assert await gym.told() == []


async def test_each_thing_that_a_slot_takes_from_its_series_is_told_when_it_changes(
    gym: Gym,
) -> None:
    hall, ina, ole = await gym.location(), await gym.employee("Ina"), await gym.employee("Ole")
    evenings = await gym.series("spin", instructors=(ina,))
    [slot] = await gym.extend(evenings, until=MONDAY)

    await edited(gym, evenings, location_id=hall)
    await edited(gym, evenings, instructors=(ole, ina))
    await edited(gym, evenings, own=frozenset({Override.MAX_PARTICIPANTS}), max_participants=7)
    await edited(
        gym,
        evenings,
        own=frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST}),
        max_participants=None,
        max_waiting_list=2,
    )
    await edited(gym, evenings, instructors=())

    now = await gym.slot_now(slot.id)
    assert (now.location_id, now.max_participants, now.max_waiting_list) == (hall, None, 2)
    assert await gym.given_by(slot.id) == ()
    assert await updated(gym) == [slot.id] * 5


async def test_what_was_changed_by_hand_is_pinned_aspect_by_aspect_f22(gym: Gym) -> None:
    await gym.klass("spin", earliest_booking=None)
    evenings = await gym.series("spin")
    by_hand, cancelled, plain, roomier, stood_in = await gym.extend(evenings, until=MONDAYS[4])
    customer = await gym.customer()
    booking = await gym.booked(customer, cancelled.id)
    await gym.changed_slot(by_hand.id, local_start=wall("2026-03-03 20:00"))
    await gym.changed_slot(roomier.id, max_participants=99)
    await gym.changed_slot(stood_in.id, instructor_ids=(eva := await gym.employee(),))
    await gym.cancel_slot(cancelled.id)
    before = {each.id: each for each in await gym.slots_of(evenings)}

    answer = await edited(gym, evenings, start_time=time(7), weekdays=frozenset({0, 3}))

    after = {each.id: each for each in await gym.slots_of(evenings)}
    untouched = [by_hand.id, cancelled.id]
    assert [after[each] for each in untouched] == [before[each] for each in untouched]
    assert (await gym.booking_now(booking.booking_id)).status is BookingStatus.CANCELED
    # One with a limit or instructors of its own keeps them, and moves with its series.
    assert answer.changed == (plain.id, roomier.id, stood_in.id)
    assert {after[each].local_start.time() for each in answer.changed} == {time(7)}
    assert after[roomier.id].max_participants == 99
    assert await gym.given_by(stood_in.id) == (eva,)
    # Only Thursdays are new: neither the moved slot is made a second time nor the cancelled one.
    fresh = [each for each in after.values() if each.id not in before]
    assert starts(fresh) == at([MONDAY + timedelta(days=3 + 7 * n) for n in range(4)], "07:00")
    assert answer.made == 4
    assert await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[4])) == 0


async def test_a_time_of_its_own_stays_also_where_the_plan_gives_up_the_day_f22(gym: Gym) -> None:
    evenings = await gym.series("spin")
    moved, roomier = await gym.extend(evenings, until=MONDAYS[1])
    await gym.changed_slot(moved.id, local_start=wall("2026-03-03 20:00"))
    await gym.changed_slot(roomier.id, max_participants=99)

    answer = await edited(gym, evenings, weekdays=frozenset({1}))

    assert [each.slot_id for each in answer.cancelled] == [roomier.id]
    assert (await gym.slot_now(moved.id)).status is SlotStatus.PLANNED


async def test_a_slot_is_given_back_to_its_series_f22(gym: Gym) -> None:
    evenings = await gym.series("spin", instructors=(ina := await gym.employee(),))
    slot, given_up = await gym.extend(evenings, until=MONDAYS[1])
    eva = await gym.employee("Eva")
    for each in (slot, given_up):
        await gym.changed_slot(
            each.id,
            local_start=each.local_start + timedelta(days=2),
            max_participants=99,
            instructor_ids=(eva,),
        )
    customer = await gym.customer()
    await gym.booked(customer, slot.id)

    part = GiveBack(gym.organization, slot.id, frozenset({Override.MAX_PARTICIPANTS}))
    assert (await gym.take(part)).changed is True
    now = await gym.slot_now(slot.id)
    assert (now.max_participants, now.own) == (20, {Override.TIME, Override.INSTRUCTORS})

    assert (await gym.take(GiveBack(gym.organization, slot.id))).changed is True
    now = await gym.slot_now(slot.id)
    assert (now.local_start, now.own) == (slot.local_start, frozenset())
    assert await gym.given_by(slot.id) == (ina,)
    [booking] = await gym.on_slot(slot.id)
    assert booking.starts_at == now.starts_at
    assert (await gym.take(GiveBack(gym.organization, slot.id))).changed is False

    # The plan has no place for the time of this one any more.
    moved_to = (await gym.slot_now(given_up.id)).local_start
    await edited(gym, evenings, weekdays=frozenset({4}))
    assert (await gym.take(GiveBack(gym.organization, given_up.id))).changed is True
    now = await gym.slot_now(given_up.id)
    assert (now.local_start, now.own) == (moved_to, {Override.TIME})

    single = await gym.slot("spin", at="10:00")
    assert await gym.take(GiveBack(gym.organization, single)) is ErrorCode.SERIES_NOT_FOUND
    await gym.cancel_slot(given_up.id)
    assert await gym.take(GiveBack(gym.organization, given_up.id)) is ErrorCode.SLOT_NOT_PLANNED


async def test_days_that_the_plan_gives_up_are_cancelled_with_their_bookings_f22_f23(
    gym: Gym,
) -> None:
    await gym.klass("spin", earliest_booking=None, max_participants=1)
    evenings = await gym.series("spin", weekdays=(0, 2))
    await gym.extend(evenings, until=MONDAY + timedelta(days=4))
    [monday, wednesday] = await gym.slots_of(evenings)
    one, two, three = await gym.customers(3)
    seat, waiting = await gym.booked(one, monday.id), await gym.booked(two, monday.id)
    kept = await gym.booked(three, wednesday.id)
    before = await gym.told()

    answer = await edited(gym, evenings, weekdays=frozenset({2, 3}))

    [was_monday, *rest] = await gym.slots_of(evenings)
    assert (was_monday.status, was_monday.seats, was_monday.waiting) == (SlotStatus.CANCELED, 0, 0)
    assert status_of(rest) == [SlotStatus.PLANNED] * 2
    assert starts(rest)[1] == wall("2026-03-05 18:00")
    [cancelled] = answer.cancelled
    assert [each.id for each in cancelled.bookings] == [seat.booking_id, waiting.booking_id]
    assert (await gym.booking_now(kept.booking_id)).status is BookingStatus.BOOKED
    assert await gym.told_since(before) == [
        (EventType.CLASS_SLOT_CANCELLED, monday.id),
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_CANCELLED, waiting.booking_id),
    ]


async def test_a_day_that_the_plan_takes_back_gets_a_new_slot(gym: Gym) -> None:
    """What staff cancelled by hand stays cancelled, what the plan gave up is free again."""
    evenings = await gym.series("spin")
    given_up, by_hand = await gym.extend(evenings, until=MONDAYS[1])
    await gym.cancel_slot(by_hand.id)
    await edited(gym, evenings, weekdays=frozenset({1}))

    answer = await edited(gym, evenings, weekdays=frozenset({0}))

    assert answer.made == 1
    mondays = [each for each in await gym.slots_of(evenings) if each.local_start.weekday() == 0]
    assert [(each.local_start.date(), each.status) for each in mondays] == [
        (MONDAYS[0], SlotStatus.CANCELED),
        (MONDAYS[0], SlotStatus.PLANNED),
        (MONDAYS[1], SlotStatus.CANCELED),
    ]
    assert (await gym.slot_now(given_up.id)).status is SlotStatus.CANCELED


async def test_an_earlier_last_day_cancels_and_a_later_one_goes_on(gym: Gym) -> None:
    evenings = await gym.series("spin")
    slots = await gym.extend(evenings, until=MONDAYS[3])

    shortened = await edited(gym, evenings, last_day=MONDAYS[1])
    assert [each.slot_id for each in shortened.cancelled] == [slots[2].id, slots[3].id]
    assert (await gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[4]))) == 0
    longer = await edited(gym, evenings, last_day=MONDAYS[3])

    assert longer.made == 2
    planned = [s for s in await gym.slots_of(evenings) if s.status is SlotStatus.PLANNED]
    assert starts(planned) == at(MONDAYS[:4], "18:00")


async def test_more_room_moves_up_who_waits_in_the_same_turn_f12(gym: Gym) -> None:
    await gym.klass("spin", max_participants=1)
    evenings = await gym.series("spin")
    [slot] = await gym.extend(evenings, until=MONDAY)
    one, two, three = await gym.customers(3)
    for customer in (one, two, three):
        await gym.booked(customer, slot.id)
    before = await gym.told()

    await edited(gym, evenings, own=frozenset({Override.MAX_PARTICIPANTS}), max_participants=2)

    assert await gym.statuses(slot.id) == [
        (one, BookingStatus.BOOKED),
        (two, BookingStatus.BOOKED),
        (three, BookingStatus.WAITING_LIST),
    ]
    types = [type_ for type_, _ in await gym.told_since(before)]
    assert types == [EventType.CLASS_SLOT_UPDATED, EventType.CLASS_BOOKING_UPDATED]


async def test_who_is_in_another_slot_at_the_new_time_is_shown_to_staff_f20(gym: Gym) -> None:
    await gym.klass("spin", earliest_booking=None)
    mornings = await gym.series("spin", at="07:00", since=MONDAYS[1])
    slots = await gym.extend(mornings, until=MONDAYS[2])
    busy, free = await gym.customers(2)
    flagged, clear = [await gym.booked(each, slots[1].id) for each in (busy, free)]
    await gym.klass("yoga", earliest_booking=None)
    # On the last evening, so that it lies behind all that the turn had to look at.
    await gym.booked(busy, await gym.slot("yoga", at="20:30", day=MONDAYS[2]))

    await edited(gym, mornings, start_time=time(20))

    conflicts = [(await gym.booking_now(each.booking_id)).conflict for each in (flagged, clear)]
    assert conflicts == [Kind.CUSTOMER_IN_OTHER_BOOKING, None]


async def test_nothing_is_moved_into_the_past(gym: Gym) -> None:
    evenings = await gym.series("spin")
    today, next_week = await gym.extend(evenings, until=MONDAYS[1])

    answer = await edited(gym, evenings, start_time=time(7), duration=30)

    kept = await gym.slot_now(today.id)
    assert (kept.starts_at, kept.ends_at) == (gym.at("18:00"), gym.at("18:30"))
    assert (await gym.slot_now(next_week.id)).starts_at == gym.at("07:00", day=MONDAYS[1])
    assert answer.made == 0


async def test_what_took_place_today_does_not_take_place_again_at_the_new_time(gym: Gym) -> None:
    gym.clock.set(gym.at("05:00"))
    mornings = await gym.series("spin", at="07:00")
    [today] = await gym.extend(mornings, until=MONDAY)
    gym.clock.set(gym.at("12:00"))

    answer = await edited(gym, mornings, start_time=time(18))

    assert (answer.changed, answer.made) == ((), 0)
    assert await gym.slots_of(mornings) == [today]


async def test_an_edit_names_only_what_is_there(gym: Gym) -> None:
    evenings = await gym.series("spin")
    command = EditSeries(gym.organization, evenings, AllFuture(), plan(instructors=(123_456,)))
    assert await gym.take(command) is ErrorCode.EMPLOYEE_NOT_FOUND


async def test_an_edit_sees_the_slots_that_its_own_turn_has_just_made(gym: Gym) -> None:
    evenings = await gym.series("spin")
    earlier = plan(start_time=time(17))

    made, answer = await asyncio.gather(
        gym.take(ExtendSeries(gym.organization, evenings, MONDAYS[2])),
        gym.take(EditSeries(gym.organization, evenings, AllFuture(), earlier)),
    )

    assert (made, len(answer.changed)) == (3, 3)
    assert starts(await gym.slots_of(evenings)) == at(MONDAYS[:3], "17:00")


# Editing this and following.


async def test_following_splits_the_series_and_leaves_what_was_before_f22(gym: Gym) -> None:
    await gym.klass("spin", earliest_booking=None)
    ina = await gym.employee()
    evenings = await gym.series("spin", key="evenings", instructors=(ina,))
    slots = await gym.extend(evenings, until=MONDAYS[4])
    customer = await gym.customer()
    booking = await gym.booked(customer, slots[3].id)
    await gym.cancel_slot(slots[4].id)

    answer = await split(gym, evenings, MONDAYS[2], start_time=time(19))

    old, new = await stored(gym, evenings), await stored(gym, answer.series.id)
    assert old.plan.last_day == MONDAYS[2] - timedelta(days=1)
    assert (new.key, new.plan.first_day) == ("evenings/2026-03-16", MONDAYS[2])
    assert new.plan.instructors == (ina,)
    assert await gym.slots_of(evenings) == slots[:2]
    later = await gym.slots_of(new.id)
    assert [each.id for each in later] == [each.id for each in slots[2:]]
    assert starts(later[:2]) == at(MONDAYS[2:4], "19:00")
    assert later[2].status is SlotStatus.CANCELED
    assert (await gym.booking_now(booking.booking_id)).starts_at == later[1].starts_at
    assert await updated(gym) == [slots[2].id, slots[3].id]
    for series_id in (evenings, new.id):
        assert await gym.take(ExtendSeries(gym.organization, series_id, MONDAYS[4])) == 0


async def test_a_split_that_changes_nothing_tells_nothing(gym: Gym) -> None:
    evenings = await gym.series("spin")
    await gym.extend(evenings, until=MONDAYS[2])

    answer = await split(gym, evenings, MONDAYS[1])

    assert answer.changed == ()
    assert await gym.told() == []
    assert len(await gym.slots_of(answer.series.id)) == 2


async def test_following_from_the_first_day_changes_the_series_as_a_whole(gym: Gym) -> None:
    evenings = await gym.series("spin", since=MONDAYS[1])
    await gym.extend(evenings, until=MONDAYS[2])

    answer = await split(gym, evenings, MONDAYS[1], start_time=time(19))

    assert answer.series.id == evenings
    assert starts(await gym.slots_of(evenings)) == at(MONDAYS[1:3], "19:00")


async def test_following_from_a_past_day_means_from_today(gym: Gym) -> None:
    evenings = await gym.series("spin", since=MONDAY - timedelta(weeks=5))
    past = await gym.slot(
        "spin",
        day=MONDAY - timedelta(weeks=1),
        series_id=evenings,
        occurrence=wall("2026-02-23 18:00"),
        status=SlotStatus.COMPLETED,
    )
    before = await gym.slot_now(past)
    await gym.extend(evenings, until=MONDAY)

    answer = await split(gym, evenings, MONDAY - timedelta(weeks=3), start_time=time(19))

    assert answer.series.plan.first_day == MONDAY
    assert await gym.slots_of(evenings) == [before]
    assert starts(await gym.slots_of(answer.series.id)) == at([MONDAY], "19:00")


async def test_nothing_follows_the_end_of_a_series(gym: Gym) -> None:
    evenings = await gym.series("spin", until=MONDAYS[1])
    scope = Following(MONDAYS[2], 900_001)
    command = EditSeries(gym.organization, evenings, scope, plan())
    assert await gym.take(command) is ErrorCode.SERIES_NOT_FOUND


async def test_a_key_that_is_taken_gets_a_number(gym: Gym) -> None:
    evenings = await gym.series("spin", key="evenings")
    await gym.series("yoga", key=f"evenings/{MONDAYS[1]}")

    answer = await split(gym, evenings, MONDAYS[1])

    assert answer.series.key == "evenings/2026-03-09.2"


# Ending.


async def test_ending_a_series_cancels_its_slots_and_leaves_no_booking_behind_f23(
    gym: Gym,
) -> None:
    await gym.klass("spin", earliest_booking=None)
    evenings = await gym.series("spin")
    slots = await gym.extend(evenings, until=MONDAYS[3])
    await gym.changed_slot(slots[3].id, local_start=wall("2026-03-24 20:00"))
    customer = await gym.customer()
    booked = [await gym.booked(customer, each.id) for each in slots]
    before = await gym.told()

    answer = await gym.take(EndSeries(gym.organization, evenings, MONDAYS[1]))

    assert [each.slot_id for each in answer] == [each.id for each in slots[1:]]
    now = await gym.slots_of(evenings)
    assert status_of(now) == [SlotStatus.PLANNED] + [SlotStatus.CANCELED] * 3
    found: list[Booking] = [await gym.booking_now(each.booking_id) for each in booked]
    assert [each.status for each in found] == (
        [BookingStatus.BOOKED] + [BookingStatus.CANCELED] * 3
    )
    types = [type_ for type_, _ in await gym.told_since(before)]
    assert types == [EventType.CLASS_SLOT_CANCELLED, EventType.CLASS_BOOKING_CANCELLED] * 3
    ended = await stored(gym, evenings)
    assert (ended.plan.last_day, ended.ended_at) == (MONDAYS[1] - timedelta(days=1), gym.now)
    assert await gym.take(ExtendSeries(gym.organization, evenings, END_OF_MARCH)) == 0
    assert await gym.take(EndSeries(gym.organization, evenings, MONDAYS[1])) == ()


async def test_ending_a_series_leaves_what_has_started(gym: Gym) -> None:
    evenings = await gym.series("spin")
    today, _ = await gym.extend(evenings, until=MONDAYS[1])
    gym.clock.set(gym.at("18:30"))

    answer = await gym.take(EndSeries(gym.organization, evenings, MONDAY - timedelta(weeks=1)))

    assert len(answer) == 1
    assert (await gym.slot_now(today.id)).status is SlotStatus.PLANNED


async def test_a_series_that_ends_later_is_extended_until_then(gym: Gym) -> None:
    evenings = await gym.series("spin")
    await gym.extend(evenings, until=MONDAY)
    await gym.take(EndSeries(gym.organization, evenings, MONDAYS[2]))

    assert starts(await gym.extend(evenings, until=END_OF_MARCH)) == at(MONDAYS[:2], "18:00")


async def test_a_series_that_has_ended_can_go_on_with_new_slots(gym: Gym) -> None:
    evenings = await gym.series("spin")
    await gym.extend(evenings, until=MONDAYS[1])
    await gym.take(EndSeries(gym.organization, evenings, MONDAY))

    answer = await edited(gym, evenings, last_day=None)

    assert (answer.made, answer.series.ended_at) == (2, None)
    assert (
        status_of(await gym.slots_of(evenings))
        == [
            SlotStatus.CANCELED,
            SlotStatus.PLANNED,
        ]
        * 2
    )


# Following the class.


async def test_slots_follow_their_class_unless_they_or_their_series_say_otherwise(
    gym: Gym,
) -> None:
    class_id = await gym.klass("spin")
    plain = await gym.series("spin")
    special = await gym.series(
        "spin", at="19:00", duration=30, own=(Override.MAX_PARTICIPANTS,), max_participants=None
    )
    [of_plain] = await gym.extend(plain, until=MONDAY)
    [of_special] = await gym.extend(special, until=MONDAY)
    single = await gym.slot("spin", at="12:00")
    own_time = await gym.slot("spin", at="14:00", minutes=75, own=(Override.TIME,))
    own_room = await gym.slot("spin", at="16:00", seats=3, own=(Override.MAX_PARTICIPANTS,))
    past = await gym.slot("spin", at="07:30")
    over = await gym.slot("spin", at="20:00", status=SlotStatus.CANCELED)
    await gym.set(tables.class_, class_id, duration=50, max_participants=8, max_waiting_list=2)

    changed = await gym.take(ApplyClassDefaults(gym.organization, class_id))

    async def now(slot_id: int) -> tuple[timedelta, int | None, int]:
        slot = await gym.slot_now(slot_id)
        return slot.ends_at - slot.starts_at, slot.max_participants, slot.max_waiting_list

    hour, minutes = timedelta(hours=1), timedelta(minutes=1)
    assert await now(of_plain.id) == (50 * minutes, 8, 2)
    assert await now(of_special.id) == (30 * minutes, None, 2)
    assert await now(single) == (50 * minutes, 8, 2)
    assert await now(own_time) == (75 * minutes, 8, 2)
    assert await now(own_room) == (50 * minutes, 3, 2)
    assert await now(past) == (hour, 20, 5)
    assert await now(over) == (hour, 20, 5)
    assert sorted(changed) == sorted([of_plain.id, of_special.id, single, own_time, own_room])
    assert sorted(await updated(gym)) == sorted(changed)
    assert await gym.take(ApplyClassDefaults(gym.organization, class_id)) == ()


async def test_bookings_follow_a_class_that_takes_longer_and_has_more_room(gym: Gym) -> None:
    class_id = await gym.klass("spin", max_participants=1)
    slot = await gym.slot("spin", seats=1)
    one, two = await gym.customers(2)
    await gym.booked(one, slot)
    waiting = await gym.booked(two, slot)
    await gym.set(tables.class_, class_id, duration=90, max_participants=2)

    await gym.take(ApplyClassDefaults(gym.organization, class_id))

    booking = await gym.booking_now(waiting.booking_id)
    assert (booking.status, booking.ends_at) == (BookingStatus.BOOKED, gym.at("19:30"))


async def test_who_waits_moves_up_when_the_class_no_longer_leaves_that_to_staff(gym: Gym) -> None:
    class_id = await gym.klass("spin", promotion=Promotion.BY_STAFF)
    slot = await gym.slot("spin", seats=1)
    one, two = await gym.customers(2)
    seat = await gym.booked(one, slot)
    await gym.booked(two, slot)
    await gym.cancel(seat.booking_id)
    await gym.set(tables.slot, slot, own=(Override.MAX_PARTICIPANTS,))
    await gym.set(tables.class_, class_id, promotion=Promotion.AUTOMATIC)

    assert await gym.take(ApplyClassDefaults(gym.organization, class_id)) == ()

    assert await gym.statuses(slot) == [(two, BookingStatus.BOOKED)]


async def test_there_is_no_such_class_to_follow(gym: Gym) -> None:
    assert (
        await gym.take(ApplyClassDefaults(gym.organization, 123_456)) is ErrorCode.CLASS_NOT_FOUND
    )


# Time zones.


async def test_another_zone_keeps_local_times_to_come_and_past_instants_f32(gym: Gym) -> None:
    await gym.klass("spin", earliest_booking=None, confirmation="2 HOURS")
    evenings = await gym.series("spin")
    await gym.extend(evenings, until=MONDAYS[1])
    slots = await gym.slots_of(evenings)
    elsewhere = await gym.studio("hamburg")
    other = await gym.slot(await gym.klass("yoga", studio_id=elsewhere), studio_id=elsewhere)
    other_before = await gym.slot_now(other)
    customer = await gym.customer()
    booked = await gym.booked(customer, slots[1].id)
    gym.clock.set(gym.at("18:00"))
    await gym.set(tables.studio, gym.studio_id, zone="Europe/London")

    changed = await gym.take(Rezone(gym.organization, gym.studio_id))

    past, moved = await gym.slots_of(evenings)
    assert (past.starts_at, past.ends_at) == (slots[0].starts_at, slots[0].ends_at)
    assert starts([moved]) == at([MONDAYS[1]], "18:00")
    assert moved.starts_at == slots[1].starts_at + timedelta(hours=1)
    assert moved.ends_at - moved.starts_at == timedelta(hours=1)
    booking = await gym.booking_now(booked.booking_id)
    assert (booking.starts_at, booking.day) == (moved.starts_at, MONDAYS[1])
    assert booking.confirm_until == moved.starts_at - timedelta(hours=2)
    assert await gym.slot_now(other) == other_before
    assert changed == (moved.id,)
    assert await updated(gym) == [moved.id]
    assert await gym.take(Rezone(gym.organization, gym.studio_id)) == ()
    # New slots of the series are of the new zone too.
    *_, third = await gym.extend(evenings, until=MONDAYS[2])
    assert third.starts_at - moved.starts_at == timedelta(weeks=1)


async def test_slots_whose_zone_changed_its_rules_are_reported_and_not_moved_f31(gym: Gym) -> None:
    sound = await gym.slot("spin", day=MONDAYS[1])
    stale = await gym.slot("spin", day=MONDAYS[2])
    # As if Berlin had been expected to be on summer time by then.
    early = gym.at("17:00", day=MONDAYS[2])
    times = {"starts_at": early, "ends_at": early + timedelta(minutes=45)}
    await gym.set(tables.slot, stale, **times)
    past = await gym.slot("spin", day=MONDAY - timedelta(weeks=1))
    await gym.set(tables.slot, past, local_start=wall("2026-02-23 09:00"))

    found = await gym.database.read(lambda tx: retimed_slots(tx, gym.organization, gym.now))

    right = gym.at("18:00", day=MONDAYS[2])
    assert found == [
        RetimedSlot(
            stale,
            gym.studio_id,
            "Spin",
            "Europe/Berlin",
            Retimed(
                wall("2026-03-16 18:00"),
                stored_starts_at=early,
                stored_ends_at=early + timedelta(minutes=45),
                starts_at=right,
                ends_at=right + timedelta(minutes=45),
            ),
        )
    ]
    assert (await gym.slot_now(stale)).starts_at == early
    assert sound not in {each.slot_id for each in found}


async def test_no_slot_of_a_series_is_left_without_it_f23(gym: Gym) -> None:
    """Through splitting, giving days up and ending, every slot still names a series there is."""
    evenings = await gym.series("spin")
    await gym.extend(evenings, until=END_OF_MARCH)
    answer = await split(gym, evenings, MONDAYS[2], weekdays=frozenset({1}))
    await gym.take(EndSeries(gym.organization, answer.series.id, MONDAYS[3]))

    named = await gym.database.read(
        lambda tx: set(tx.execute(select(tables.slot.c.series_id)).scalars())
    )

    assert named == {evenings, answer.series.id}


# Restoring what the series gave up.


async def on(gym: Gym, series_id: int, day: date, status: SlotStatus = SlotStatus.PLANNED) -> Slot:
    """The one slot of that day with that status."""
    [slot] = [
        each
        for each in await gym.slots_of(series_id)
        if each.local_start.date() == day and each.status is status
    ]
    return slot


async def test_a_restored_slot_is_known_to_its_series_again_and_keeps_its_time(gym: Gym) -> None:
    wednesday = MONDAY + timedelta(days=2)
    series_id = await gym.series(weekdays=(0, 2))
    await gym.extend(series_id, until=END_OF_MARCH)
    await edited(gym, series_id, weekdays=frozenset({0}))
    given_up = await on(gym, series_id, wednesday, SlotStatus.CANCELED)

    await gym.take(RestoreSlot(gym.organization, given_up.id))

    assert (await gym.slot_now(given_up.id)).own == {Override.TIME}
    await edited(gym, series_id, start_time=time(17))
    assert (await on(gym, series_id, wednesday)).local_start == wall("2026-03-04 18:00")
    # Once the series has the day again, it finds the slot there, and makes no second one.
    await edited(gym, series_id, weekdays=frozenset({0, 2}), start_time=time(19))
    assert (await on(gym, series_id, wednesday)).id == given_up.id
    assert (await on(gym, series_id, wednesday)).local_start == wall("2026-03-04 18:00")
    await gym.take(GiveBack(gym.organization, given_up.id))
    assert (await on(gym, series_id, wednesday)).local_start == wall("2026-03-04 19:00")


async def test_a_slot_restored_after_its_series_ended_is_not_made_twice_when_that_goes_on(
    gym: Gym,
) -> None:
    series_id = await gym.series()
    await gym.extend(series_id, until=END_OF_MARCH)
    await gym.take(EndSeries(gym.organization, series_id, MONDAYS[1]))
    given_up = await on(gym, series_id, MONDAYS[2], SlotStatus.CANCELED)
    await gym.take(RestoreSlot(gym.organization, given_up.id))

    await edited(gym, series_id, last_day=None)

    assert (await on(gym, series_id, MONDAYS[2])).id == given_up.id
    assert [(await on(gym, series_id, each)).status for each in MONDAYS] == [SlotStatus.PLANNED] * 5


async def test_a_slot_whose_place_the_series_has_filled_is_restored_beside_it(gym: Gym) -> None:
    series_id = await gym.series()
    await gym.extend(series_id, until=END_OF_MARCH)
    await edited(gym, series_id, weekdays=frozenset({2}))
    await edited(gym, series_id, weekdays=frozenset({0}))
    old = await on(gym, series_id, MONDAYS[1], SlotStatus.CANCELED)
    new = await on(gym, series_id, MONDAYS[1])

    await gym.take(RestoreSlot(gym.organization, old.id))
    await edited(gym, series_id, start_time=time(19))

    assert (await gym.slot_now(old.id)).local_start == datetime.combine(MONDAYS[1], time(18))
    assert (await gym.slot_now(new.id)).local_start == datetime.combine(MONDAYS[1], time(19))


async def test_what_was_pinned_is_taken_along_where_staff_say_so(gym: Gym) -> None:
    ina, tom = await gym.employee("Ina"), await gym.employee("Tom")
    await gym.klass("spin", earliest_booking=None)
    series_id = await gym.series(instructors=[ina])
    slots = await gym.extend(series_id, until=END_OF_MARCH)
    moved, covered = slots[1], slots[2]
    tuesday = MONDAYS[1] + timedelta(days=1)
    await gym.changed_slot(moved.id, local_start=datetime.combine(tuesday, time(20)))
    await gym.take(PutStandIn(gym.organization, covered.id, ina, tom))
    sits = await gym.booked(await gym.customer(), moved.id)
    plan = replace((await stored(gym, series_id)).plan, start_time=time(17))

    await gym.take(EditSeries(gym.organization, series_id, AllFuture(), plan))
    assert (await gym.slot_now(moved.id)).local_start == datetime.combine(tuesday, time(20))
    assert await gym.given_by(covered.id) == (tom,)

    await gym.take(EditSeries(gym.organization, series_id, AllFuture(), plan, take_along=True))
    found = await gym.slots_of(series_id)
    assert starts(found) == at(MONDAYS, "17:00")
    assert {each.own for each in found} == {frozenset()}
    assert await gym.given_by(covered.id) == (ina,)
    assert (await gym.booking_now(sits.booking_id)).starts_at == gym.at("17:00", day=MONDAYS[1])


async def test_a_pinned_time_stays_where_the_plan_has_no_place_for_it(gym: Gym) -> None:
    series_id = await gym.series()
    slots = await gym.extend(series_id, until=END_OF_MARCH)
    moved = slots[1]
    tuesday = MONDAYS[1] + timedelta(days=1)
    await gym.changed_slot(
        moved.id, local_start=datetime.combine(tuesday, time(20)), max_participants=3
    )
    plan = replace((await stored(gym, series_id)).plan, weekdays=frozenset({3}))
    await gym.take(EditSeries(gym.organization, series_id, AllFuture(), plan, take_along=True))
    after = await gym.slot_now(moved.id)
    assert (after.status, after.own) == (SlotStatus.PLANNED, {Override.TIME})
    assert after.local_start == datetime.combine(tuesday, time(20))
    assert after.max_participants == 20
