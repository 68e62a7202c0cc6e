"""A week is copied: what is not there yet takes place there too, and nothing is made twice."""

from __future__ import annotations

from datetime import timedelta

from kursplan.desk.copy_week import CopyWeek, WeekCopied
from kursplan.domain.clashes import Clashing, OnClash
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, Gym

WEEK = timedelta(days=7)
NEXT = MONDAY + WEEK
TUESDAY = MONDAY + timedelta(days=1)


async def copied(gym: Gym, weeks: int = 1) -> WeekCopied:
    answer = await gym.take(
        CopyWeek(gym.organization, gym.studio_id, MONDAY, MONDAY + weeks * WEEK)
    )
    assert isinstance(answer, WeekCopied), answer
    return answer


def at(gym: Gym, slots: tuple[Slot, ...]) -> list[tuple[int, str]]:
    return sorted((each.class_.id, f"{each.local_start:%d %H:%M}") for each in slots)


async def test_each_slot_gets_one_like_it_with_nobody_on_it(gym: Gym) -> None:
    ina, tom = await gym.employee("Ina"), await gym.employee("Tom")
    hall = await gym.location()
    spin = await gym.slot("spin", seats=3, waiting_list=1, minutes=45, location_id=hall)
    yoga = await gym.slot("yoga", at="10:00", day=TUESDAY)
    await gym.gives(spin, tom)
    await gym.insert(
        tables.stand_in, slot_id=spin, replaced_id=ina, stand_in_id=tom, set_at=gym.now
    )
    await gym.booked(await gym.customer(), spin)
    before = await gym.told()
    done = await copied(gym)
    assert at(gym, done.made) == sorted(
        [(gym.classes["spin"], "09 18:00"), (gym.classes["yoga"], "10 10:00")]
    )
    new = next(each for each in done.made if each.class_.id == gym.classes["spin"])
    assert (new.max_participants, new.max_waiting_list, new.location_id) == (3, 1, hall)
    assert (new.ends_at - new.starts_at, new.seats, new.series_id) == (
        timedelta(minutes=45),
        0,
        None,
    )
    assert new.own == {Override.TIME, Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST}
    # Whoever was replaced gives it again.
    assert await gym.given_by(new.id) == (ina,)
    plain = next(each for each in done.made if each.class_.id == gym.classes["yoga"])
    assert plain.own == frozenset()
    assert (await gym.slot_now(yoga)).local_start.date() == TUESDAY
    assert await gym.told_since(before) == []


async def test_done_again_it_makes_nothing(gym: Gym) -> None:
    await gym.slot("spin")
    gone = await gym.slot("yoga")
    await gym.slot("row", status=SlotStatus.CANCELED)
    first = await copied(gym)
    assert (len(first.made), first.there) == (2, 0)
    again = await copied(gym)
    assert (again.made, again.there) == ((), 2)
    # What staff cancelled there does not come back.
    copy = next(each for each in first.made if each.class_.id == gym.classes["yoga"])
    await gym.cancel_slot(copy.id)
    assert (await copied(gym)).made == ()
    assert (await gym.slot_now(gone)).status is SlotStatus.PLANNED


async def test_what_a_series_brings_is_not_made_beside_it(gym: Gym) -> None:
    """Also where it has no slots there yet; once it is over, its week can be copied."""
    series = await gym.series("spin", at="18:00", until=MONDAY + 2 * WEEK)
    await gym.extend(series, until=NEXT)
    assert [(len(each.made), each.there) for each in (await copied(gym), await copied(gym, 2))] == [
        (0, 1),
        (0, 1),
    ]
    assert at(gym, (await copied(gym, 3)).made) == [(gym.classes["spin"], "23 18:00")]


async def test_left_out_is_what_is_closed_or_past(gym: Gym) -> None:
    await gym.slot("spin", at="18:00")
    await gym.slot("yoga", at="07:00", day=TUESDAY)
    await gym.closure(gym.wall("12:00", day=NEXT), gym.wall("23:00", day=NEXT))
    done = await copied(gym)
    assert (len(done.made), done.closed, done.past) == (1, 1, 0)
    back = await gym.take(CopyWeek(gym.organization, gym.studio_id, MONDAY, MONDAY - WEEK))
    assert (back.made, back.past) == ((), 2)


async def test_twice_at_the_same_time_is_said_or_refused(gym: Gym) -> None:
    ina = await gym.employee()
    await gym.gives(await gym.slot("spin"), ina)
    await gym.gives(await gym.slot("yoga", at="18:30", day=NEXT), ina)
    done = await gym.desk.rehearse(CopyWeek(gym.organization, gym.studio_id, MONDAY, NEXT))
    assert isinstance(done.answer, WeekCopied)
    assert len(done.answer.clashes) == 1
    await gym.set(tables.studio, gym.studio_id, clashes=OnClash.REFUSE)
    refused = await gym.refused(CopyWeek(gym.organization, gym.studio_id, MONDAY, NEXT))
    assert isinstance(refused, Clashing)


async def test_there_is_such_a_studio(gym: Gym) -> None:
    refused = await gym.refused(CopyWeek(gym.organization, 999_999, MONDAY, NEXT))
    assert refused.kind is Kind.STUDIO_NOT_FOUND
