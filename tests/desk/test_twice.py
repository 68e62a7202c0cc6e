"""Twice at the same time: every door by which staff place a slot or a person says so, or refuses it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.clashes import clashes_of
from kursplan.desk.edit_series import AllFuture, EditSeries, Following
from kursplan.desk.engine.turn import Command
from kursplan.desk.give_back import GiveBack
from kursplan.desk.plan_series import PlanSeries
from kursplan.desk.plan_slot import PlanSlot
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.studios import SetOnClash
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.clashes import Clashing, Needed, OnClash, overlaps
from kursplan.domain.refusals import Kind
from kursplan.domain.series import SeriesPlan
from kursplan.domain.slots import Override, SlotStatus
from kursplan.store import tables
from kursplan.store.rules import clashes, series
from tests.gym import MONDAY, STAFF, Gym

TUESDAY = MONDAY + timedelta(days=1)
HALF_PAST = time(18, 30)


@dataclass(frozen=True)
class House:
    """A gym with a slot of Ina in the hall at 18:00, on every day that a test asks about."""

    gym: Gym
    spin: int
    yoga: int
    hall: int
    loft: int
    ina: int
    tom: int

    async def six(self, day: date = TUESDAY) -> int:
        """Spin from 18:00 to 19:00, given by Ina in the hall."""
        return await self.slot("spin", "18:00", self.ina, room=self.hall, day=day)

    async def slot(
        self,
        of: str,
        at: str,
        *given_by: int,
        room: int | None = None,
        day: date = TUESDAY,
        **values: Any,
    ) -> int:
        slot_id = await self.gym.slot(of, at=at, day=day, location_id=room, **values)
        await self.gym.gives(slot_id, *given_by)
        return slot_id

    async def plan(self, at: str = "18:30", day: date = TUESDAY, **options: Any) -> PlanSlot:
        """A slot of yoga that nobody gives, in no room, unless options say otherwise."""
        fresh = await self.gym.desk.ids.next()
        start = self.gym.wall(at, day=day)
        return PlanSlot(
            self.gym.organization, fresh, self.yoga, f"single-{fresh}", start, **options
        )

    async def weekly(self, day: date, **options: Any) -> SeriesPlan:
        return SeriesPlan(frozenset({day.weekday()}), HALF_PAST, day, **options)

    async def refuses(self, studio_id: int | None = None) -> None:
        studio_id = studio_id or self.gym.studio_id
        assert await self.gym.take(SetOnClash(self.gym.organization, studio_id, OnClash.REFUSE))

    async def standing(self) -> list[tuple[Needed, int]]:
        found = await self.gym.database.read(
            lambda tx: clashes.to_come(tx, self.gym.organization, self.gym.now)
        )
        return [(each.needed, each.id) for each in overlaps(found)]


@pytest.fixture
async def house(gym: Gym) -> House:
    return House(
        gym,
        spin=await gym.klass("spin"),
        yoga=await gym.klass("yoga"),
        hall=await gym.location("Hall"),
        loft=await gym.location("Loft"),
        ina=await gym.employee("Ina"),
        tom=await gym.employee("Tom"),
    )


# Each door, with a command by which Ina would give yoga at 18:30 although she gives spin at 18:00.

Door = Callable[[House, date, int], Awaitable[Command[Any]]]


async def plan_a_slot(house: House, day: date, _six: int) -> Command[Any]:
    return await house.plan(day=day, instructor_ids=(house.ina,))


async def plan_a_series(house: House, day: date, _six: int) -> Command[Any]:
    plan = await house.weekly(day, last_day=day, instructors=(house.ina,))
    fresh = await house.gym.desk.ids.next()
    return PlanSeries(house.gym.organization, fresh, house.yoga, f"weekly-{fresh}", plan)


async def move_a_slot(house: House, day: date, _six: int) -> Command[Any]:
    slot = await house.slot("yoga", "19:30", house.ina, day=day)
    return ChangeSlot(house.gym.organization, slot, local_start=datetime.combine(day, HALF_PAST))


async def lengthen_a_slot(house: House, day: date, _six: int) -> Command[Any]:
    slot = await house.slot("yoga", "17:00", house.ina, day=day)
    return ChangeSlot(house.gym.organization, slot, duration_minutes=61)


async def change_instructors(house: House, day: date, _six: int) -> Command[Any]:
    slot = await house.slot("yoga", "18:30", house.tom, day=day)
    return ChangeSlot(house.gym.organization, slot, instructor_ids=(house.tom, house.ina))


async def put_a_stand_in(house: House, day: date, _six: int) -> Command[Any]:
    slot = await house.slot("yoga", "18:30", house.tom, day=day)
    return PutStandIn(house.gym.organization, slot, house.tom, house.ina)


async def take_a_stand_in_back(house: House, day: date, _six: int) -> Command[Any]:
    slot = await house.slot("yoga", "18:30", house.tom, day=day)
    await house.gym.insert(
        tables.stand_in,
        slot_id=slot,
        replaced_id=house.ina,
        stand_in_id=house.tom,
        set_at=house.gym.now,
    )
    return RemoveStandIn(house.gym.organization, slot, house.tom)


async def swap(house: House, day: date, _six: int) -> Command[Any]:
    """Tom's slot overlaps one of Ina's, and she gives him another for it."""
    slot = await house.slot("yoga", "18:30", house.tom, day=day)
    another = await house.slot("yoga", "10:00", house.ina, day=day)
    return SwapInstructors(house.gym.organization, slot, house.tom, another, house.ina)


async def restore(house: House, day: date, _six: int) -> Command[Any]:
    canceled = {"status": SlotStatus.CANCELED}
    slot = await house.slot("yoga", "18:30", house.ina, day=day, **canceled)
    return RestoreSlot(house.gym.organization, slot)


async def _series(house: House, day: date, **options: Any) -> int:
    """A series of yoga that takes place once, on that day."""
    series = await house.gym.series(
        "yoga", weekdays=[day.weekday()], since=day, until=day, **options
    )
    await house.gym.extend(series, until=day)
    return series


async def give_back(house: House, day: date, _six: int) -> Command[Any]:
    series = await _series(house, day, at="18:30", instructors=[house.ina])
    [slot] = await house.gym.slots_of(series)
    await house.gym.gives(slot.id, house.tom)
    await house.gym.set(tables.slot, slot.id, own=[Override.INSTRUCTORS])
    return GiveBack(house.gym.organization, slot.id)


async def edit_a_series(house: House, day: date, _six: int) -> Command[Any]:
    series = await _series(house, day, at="20:00", instructors=[house.ina])
    plan = await house.weekly(day, last_day=day, instructors=(house.ina,))
    return EditSeries(house.gym.organization, series, AllFuture(), plan)


async def edit_the_following(house: House, day: date, _six: int) -> Command[Any]:
    series = await _series(house, day, at="18:30", instructors=[house.tom])
    plan = await house.weekly(day, last_day=day, instructors=(house.ina,))
    fresh = await house.gym.desk.ids.next()
    return EditSeries(house.gym.organization, series, Following(day, fresh), plan)


DOORS: tuple[Door, ...] = (
    plan_a_slot,
    plan_a_series,
    move_a_slot,
    lengthen_a_slot,
    change_instructors,
    put_a_stand_in,
    take_a_stand_in_back,
    swap,
    restore,
    give_back,
    edit_a_series,
    edit_the_following,
)


async def test_every_door_tells_both_slots_and_who(house: House) -> None:
    gym = house.gym
    for number, door in enumerate(DOORS):
        day = TUESDAY + timedelta(days=number)
        six = await house.six(day)
        command = await door(house, day, six)

        [clash] = clashes_of(await gym.take(command))

        told = (clash.needed, clash.id, clash.name, clash.refused)
        assert told == (Needed.INSTRUCTOR, house.ina, "Ina Trainer", False), door.__name__
        slots = {each.title: each for each in clash.slots}
        assert slots["Spin"].slot_id == six
        assert slots["Spin"].starts_at == gym.at("18:00", day=day)
        assert (slots["Spin"].studio, slots["Spin"].zone) == ("berlin", "Europe/Berlin")
        if door is not lengthen_a_slot:
            assert slots["Yoga"].starts_at == gym.at("18:30", day=day), door.__name__


async def test_where_the_studio_refuses_it_nothing_is_changed(house: House) -> None:
    gym = house.gym
    await house.refuses()
    for number, door in enumerate(DOORS):
        day = TUESDAY + timedelta(days=number)
        command = await door(house, day, await house.six(day))
        before = await _rows(gym)

        answer = await gym.take(command)

        assert isinstance(answer, Clashing), door.__name__
        assert answer.kind is Kind.TWICE_AT_THE_SAME_TIME
        [clash] = answer.clashes
        assert (clash.id, clash.refused) == (house.ina, True)
        assert await _rows(gym) == before, door.__name__
    assert await gym.told() == []
    assert await house.standing() == []


async def _rows(gym: Gym) -> list[object]:
    """The timetable as it is stored."""
    of = (
        tables.slot,
        tables.slot_instructor,
        tables.stand_in,
        tables.series,
        tables.series_instructor,
    )
    return await gym.database.read(
        lambda tx: [sorted(map(str, tx.execute(each.select()))) for each in of]
    )


async def test_what_only_touches_and_what_is_cancelled_is_none(house: House) -> None:
    gym = house.gym
    await house.refuses()
    await house.six()
    for at in ("17:00", "19:00"):
        planned = await gym.take(await house.plan(at, instructor_ids=(house.ina,)))
        assert planned.clashes == ()
    another = await house.six(TUESDAY + timedelta(days=1))
    await gym.cancel_slot(another)
    day = TUESDAY + timedelta(days=1)
    planned = await gym.take(await house.plan(day=day, instructor_ids=(house.ina,)))
    assert planned.clashes == ()


async def test_a_room_counts_unless_it_is_shared(house: House) -> None:
    gym = house.gym
    meadow = await gym.location("Meadow")
    await gym.set(tables.location, meadow, shared=True)
    await house.six()
    await house.slot("spin", "18:00", room=meadow)

    in_the_loft = await gym.take(await house.plan(location_id=house.loft))
    outside = await gym.take(await house.plan(location_id=meadow))
    in_the_hall = await gym.take(await house.plan(location_id=house.hall))
    moved = await gym.changed_slot(in_the_loft.slot.id, location_id=house.hall)

    assert (in_the_loft.clashes, outside.clashes) == ((), ())
    assert [(each.needed, each.name) for each in in_the_hall.clashes] == [(Needed.ROOM, "Hall")]
    assert [each.name for each in moved.clashes] == ["Hall", "Hall"]


async def test_instructors_are_looked_at_across_studios_and_the_stricter_one_decides(
    house: House,
) -> None:
    gym = house.gym
    hamburg = await gym.studio("hamburg")
    barre = await gym.klass("barre", studio_id=hamburg)
    await house.refuses(hamburg)
    await house.six()
    there = replace(await house.plan(instructor_ids=(house.ina,)), class_id=barre)

    refused = await gym.take(there)
    assert isinstance(refused, Clashing)
    assert [each.studio for each in refused.clashes[0].slots] == ["berlin", "hamburg"]

    # Also where the slot in the studio that refuses was there first.
    await gym.take(replace(there, local_start=gym.wall("20:00", day=TUESDAY)))
    here = await house.plan("20:30", instructor_ids=(house.ina,))
    assert isinstance(await gym.take(here), Clashing)
    assert await house.standing() == []


async def test_only_what_a_change_makes_worse_is_held_against_it(house: House) -> None:
    """What was so before a studio began to refuse can be mended step by step."""
    gym = house.gym
    six = await house.six()
    both = await house.slot("yoga", "18:30", house.ina, room=house.hall)
    await house.refuses()

    later = await gym.changed_slot(both, local_start=gym.wall("18:45", day=TUESDAY))
    room = await gym.changed_slot(both, location_id=house.loft)
    more = await gym.changed_slot(both, max_participants=3)
    back = await gym.change_slot(both, location_id=house.hall)
    stand_in = await gym.take(PutStandIn(gym.organization, both, house.ina, house.tom))

    assert [each.needed for each in later.clashes] == [Needed.INSTRUCTOR, Needed.ROOM]
    assert [each.needed for each in room.clashes] == [Needed.INSTRUCTOR]
    assert more.clashes == ()  # It places nothing.
    assert isinstance(back, Clashing)
    assert [each.needed for each in back.clashes] == [Needed.ROOM]
    assert stand_in.clashes == ()
    assert await gym.given_by(six) == (house.ina,)


async def test_a_swap_between_overlapping_slots_is_none(house: House) -> None:
    gym = house.gym
    await house.refuses()
    six = await house.six()
    half_past = await house.slot("yoga", "18:30", house.tom)

    swapped = await gym.take(
        SwapInstructors(gym.organization, six, house.ina, half_past, house.tom)
    )

    assert clashes_of(swapped) == ()
    assert await gym.given_by(half_past) == (house.ina,)


async def test_what_one_command_places_the_next_of_the_same_turn_sees(house: House) -> None:
    """They are decided together, before anything of it is committed."""
    gym = house.gym
    await house.refuses()
    six = await house.six()
    at_six = await house.plan("18:00", instructor_ids=(house.ina,))
    away = ChangeSlot(gym.organization, six, local_start=gym.wall("20:00", day=TUESDAY))
    again = await house.plan("20:30", instructor_ids=(house.ina,))

    moved, planned, refused = [
        await each for each in [gym.desk.execute(each, by=STAFF) for each in (away, at_six, again)]
    ]

    assert moved.clashes == planned.clashes == ()
    assert isinstance(refused, Clashing)
    assert {each.slot_id for each in refused.clashes[0].slots} == {six, again.slot_id}


# Series.


async def test_two_series_meet_before_either_has_a_slot(house: House) -> None:
    """They are planned one after the other, and extended later; also where one begins in summer."""
    gym = house.gym
    summer = date(2026, 7, 7)
    plan = replace(await house.weekly(summer, instructors=(house.ina,)), start_time=time(18))

    async def planned(plan: SeriesPlan) -> Any:
        fresh = await gym.desk.ids.next()
        return await gym.take(
            PlanSeries(gym.organization, fresh, house.yoga, f"weekly-{fresh}", plan)
        )

    first = await planned(plan)
    second = await planned(replace(plan, start_time=HALF_PAST, first_day=MONDAY))
    elsewhere = await planned(replace(plan, weekdays=frozenset({2})))
    ends_before = await planned(
        replace(plan, start_time=HALF_PAST, first_day=MONDAY, last_day=date(2026, 7, 6))
    )
    await house.refuses()
    third = await planned(replace(plan, start_time=time(18, 15), first_day=MONDAY, last_day=summer))

    assert first.clashes == elsewhere.clashes == ()
    assert {each.starts_at for clash in second.clashes for each in clash.slots} == {
        gym.at(at, day=summer + timedelta(weeks=week))
        for at in ("18:00", "18:30")
        for week in range(9)
    }
    assert {each.slots[0].title for each in ends_before.clashes} == {"Yoga"}
    assert isinstance(third, Clashing)
    assert {each.starts_at for clash in third.clashes for each in clash.slots} == {
        gym.at(at, day=TUESDAY + timedelta(weeks=week))
        for at in ("18:15", "18:30")
        for week in range(9)
    } | {gym.at(at, day=summer) for at in ("18:00", "18:15", "18:30")}
    assert {each.slot_id for clash in third.clashes for each in clash.slots} == {None}


async def test_the_houses_own_extension_makes_its_slots_whatever_they_meet(house: House) -> None:
    """A series that stopped in the middle would be worse: staff see it, and the doctor does."""
    gym = house.gym
    await house.six()
    series = await gym.series(
        "yoga", at="18:30", weekdays=[1], since=TUESDAY, instructors=[house.ina]
    )
    await house.refuses()

    slots = await gym.extend(series, until=TUESDAY + timedelta(days=14))

    assert len(slots) == 3
    assert await house.standing() == [(Needed.INSTRUCTOR, house.ina)]


async def test_an_edit_that_places_nothing_is_not_held_up_by_what_is_so_already(
    house: House,
) -> None:
    gym = house.gym
    await house.six()
    series = await _series(house, TUESDAY, at="18:30", instructors=[house.ina])
    await house.refuses()
    plan = await house.weekly(TUESDAY, last_day=TUESDAY, instructors=(house.ina,))
    own = frozenset({Override.MAX_PARTICIPANTS})

    seats = await gym.take(
        EditSeries(
            gym.organization, series, AllFuture(), replace(plan, own=own, max_participants=9)
        )
    )
    room = await gym.take(
        EditSeries(gym.organization, series, AllFuture(), replace(plan, location_id=house.hall))
    )

    assert len(seats.changed) == 1
    assert seats.clashes == ()
    assert isinstance(room, Clashing)
    assert [each.needed for each in room.clashes] == [Needed.ROOM]


async def test_an_edit_looks_at_the_days_that_become_slots_by_it(house: House) -> None:
    """On Tuesdays until now, and from now on on Wednesdays too, when somebody is in the hall."""
    gym = house.gym
    wednesday = TUESDAY + timedelta(days=1)
    series = await gym.series("yoga", at="18:30", weekdays=[1], since=TUESDAY)
    await gym.extend(series, until=wednesday)
    await house.six(wednesday)
    plan = SeriesPlan(frozenset({1, 2}), HALF_PAST, TUESDAY, location_id=house.hall)

    edited = await gym.take(EditSeries(gym.organization, series, AllFuture(), plan))

    assert edited.made == 1
    assert [(each.needed, each.name) for each in edited.clashes] == [(Needed.ROOM, "Hall")]


async def test_the_days_that_an_edit_gives_up_are_nobodys_any_more(house: House) -> None:
    """The slot of Tuesday goes, and on Wednesday the same series takes its instructor."""
    gym = house.gym
    await house.refuses()
    series = await gym.series(
        "yoga", at="18:30", weekdays=[1], since=TUESDAY, instructors=[house.ina]
    )
    await gym.extend(series, until=TUESDAY + timedelta(days=7))
    plan = SeriesPlan(frozenset({2}), HALF_PAST, TUESDAY, instructors=(house.ina,))
    fresh = await gym.desk.ids.next()
    scope = Following(TUESDAY + timedelta(days=7), fresh)

    edited = await gym.take(EditSeries(gym.organization, series, scope, plan))

    assert edited.clashes == ()
    assert len(edited.cancelled) == 1


async def test_a_slot_meets_the_slots_that_a_series_is_yet_to_get(house: House) -> None:
    """On a day far ahead, and in the moment between planning a series and making its slots."""
    gym = house.gym
    far = date(2026, 11, 3)
    evenings = await gym.series(
        "spin", at="18:00", weekdays=[1], since=TUESDAY, instructors=[house.ina]
    )
    await gym.extend(evenings, until=TUESDAY + timedelta(days=7))

    there = await gym.take(await house.plan(day=far, instructor_ids=(house.ina,)))
    cancelled = (await gym.slots_of(evenings))[0]
    await gym.cancel_slot(cancelled.id)
    here = await gym.take(await house.plan(instructor_ids=(house.ina,)))

    assert [[each.slot_id for each in clash.slots] for clash in there.clashes] == [
        [None, there.slot.id]
    ]
    assert here.clashes == ()  # It was made, and cancelled.


# What it costs.


@contextmanager
def sent() -> Iterator[list[str]]:
    """The statements about clashes that are sent in the block, by what they ask for."""
    found: list[str] = []
    texts = {
        id(getattr(clashes, name)): name
        for name in ("AROUND", "TO_COME", "CLASSES", "EMPLOYEES", "ROOMS")
    }
    texts[id(series.ALIKE)] = "ALIKE"

    def note(_c: Any, _cu: Any, _sent: str, _p: Any, context: Any, _many: bool) -> None:
        if context is not None and id(context.invoked_statement) in texts:
            found.append(texts[id(context.invoked_statement)])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_whoever_places_asks_with_two_statements_and_whoever_books_with_none(
    house: House,
) -> None:
    gym = house.gym
    six = await house.six()
    customer = await gym.customer()
    free = await house.plan("10:00", location_id=house.hall, instructor_ids=(house.ina, house.tom))
    with sent() as found:
        booked = await gym.booked(customer, six)
        await gym.cancel(booked.booking_id)
        await gym.changed_slot(six, max_participants=3)
        await gym.cancel_slot(six)
    assert found == []
    with sent() as found:
        assert (await gym.take(free)).clashes == ()
    assert found == ["AROUND", "ALIKE"]


# The setting.


async def test_the_setting_is_changed_once_and_for_a_studio_that_is_there(house: House) -> None:
    gym = house.gym
    command = SetOnClash(gym.organization, gym.studio_id, OnClash.REFUSE)

    assert [await gym.take(command), await gym.take(command)] == [True, False]
    assert await gym.take(replace(command, on_clash=OnClash.WARN)) is True
    assert await gym.take(replace(command, studio_id=77)) is ErrorCode.STUDIO_NOT_FOUND
