"""What was seen is what is decided by: where others changed it meanwhile, nothing is done, and it is told what."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.desk.cancel import Cancel
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.confirm import Confirm
from kursplan.desk.edit_series import AllFuture, EditSeries
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.seen import See
from kursplan.desk.engine.turn import Command
from kursplan.desk.give_back import GiveBack
from kursplan.desk.move_up import MoveUp
from kursplan.desk.participation import SetParticipation
from kursplan.desk.release import Release, WaiveLateness
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.seen import ChangedMeanwhile, Seen, Subjects
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, STAFF, Gym

TUESDAY = MONDAY + timedelta(days=1)
CAME = Participation.PARTICIPATING


@dataclass(frozen=True)
class Scene:
    """A full slot that Ina gives, one of Eva beside it, a series, and a closure."""

    of: int
    studio: int
    slot: int
    other: int
    series: int
    planned: int
    """Of the series, with a limit of its own."""
    ina: int
    eva: int
    tom: int
    seated: int
    waiting: int
    newcomer: int


@pytest.fixture
async def scene(gym: Gym) -> Scene:
    ina, eva, tom = [await gym.employee(name) for name in ("Ina", "Eva", "Tom")]
    slot = await gym.slot("spin", at="18:00", seats=1)
    other = await gym.slot("yoga", at="20:00")
    await gym.gives(slot, ina)
    await gym.gives(other, eva)
    anna, bela, cleo = await gym.customers(3)
    seated, waiting = [(await gym.booked(who, slot)).booking_id for who in (anna, bela)]
    series = await gym.series("spin", at="12:00", instructors=[ina])
    [*_, planned] = await gym.extend(series, until=MONDAY + timedelta(days=8))
    await gym.changed_slot(planned.id, max_participants=3)
    closed = CloseStudio(
        gym.organization, gym.studio_id, "water", gym.wall("23:00"), gym.wall("23:30"), "water"
    )
    await gym.take(closed)
    return Scene(
        gym.organization, gym.studio_id, slot, other, series, planned.id, ina, eva, tom, seated,
        waiting, cleo,
    )  # fmt: skip


async def see(gym: Gym, **subjects: int) -> Seen:
    named = {what: frozenset({each}) for what, each in subjects.items()}
    return await gym.desk.query(See(gym.organization, Subjects(**named)))


async def give(gym: Gym, command: Command[Any], seen: Seen) -> Any:
    return await gym.desk.execute(command, by=STAFF, seen=seen)


async def plan_of(gym: Gym, series: int) -> Any:
    [seen] = (await see(gym, series=series)).series
    return seen.plan


Given = Callable[[Gym, Scene], Awaitable[Command[Any]]]


def at_once(make: Callable[[Gym, Scene], Command[Any]]) -> Given:
    async def given(gym: Gym, scene: Scene) -> Command[Any]:
        return make(gym, scene)

    return given


async def later(gym: Gym, scene: Scene) -> Command[Any]:
    plan = replace(await plan_of(gym, scene.series), duration=30)
    return EditSeries(scene.of, scene.series, AllFuture(), plan)


async def stood_in(gym: Gym, scene: Scene) -> Command[Any]:
    await gym.take(PutStandIn(scene.of, scene.slot, scene.ina, scene.tom))
    return RemoveStandIn(scene.of, scene.slot, scene.tom)


async def confirmed(gym: Gym, scene: Scene) -> Command[Any]:
    unconfirmed = BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
    until = gym.at("17:00")
    await gym.set(tables.booking, scene.seated, status=unconfirmed, confirm_until=until)
    return Confirm(scene.of, scene.studio, scene.seated)


async def cancelled(gym: Gym, scene: Scene) -> Command[Any]:
    await gym.cancel_slot(scene.slot)
    return RestoreSlot(scene.of, scene.slot, with_bookings=True)


async def begun(gym: Gym, scene: Scene) -> Command[Any]:
    gym.clock.set(gym.at("17:45"))
    return SetParticipation(scene.of, scene.studio, scene.seated, CAME)


async def late(gym: Gym, scene: Scene) -> Command[Any]:
    await gym.take(Release(scene.of, scene.studio, scene.seated, late=True))
    return WaiveLateness(scene.of, scene.studio, scene.seated)


async def added(gym: Gym, scene: Scene) -> Command[Any]:
    beyond = frozenset({Kind.BOOKING_LIMIT_REACHED})
    fresh = await gym.desk.ids.next()
    return AddBooking(
        Book(scene.of, scene.studio, scene.newcomer, scene.slot, fresh, overrule=beyond)
    )


COMMANDS: dict[str, tuple[str, Given]] = {
    "change a slot": ("slots", at_once(lambda g, s: ChangeSlot(s.of, s.slot, max_participants=4))),
    "cancel a slot": ("slots", at_once(lambda g, s: CancelSlot(s.of, s.slot))),
    "restore a slot": ("slots", cancelled),
    "put a stand-in": ("slots", at_once(lambda g, s: PutStandIn(s.of, s.slot, s.ina, s.tom))),
    "take one back": ("slots", stood_in),
    "swap": ("slots", at_once(lambda g, s: SwapInstructors(s.of, s.slot, s.ina, s.other, s.eva))),
    "give back": ("slots", at_once(lambda g, s: GiveBack(s.of, s.planned))),
    "move up": (
        "slots",
        at_once(
            lambda g, s: MoveUp(s.of, s.slot, s.waiting, frozenset({Kind.BOOKING_LIMIT_REACHED}))
        ),
    ),
    "add a booking": ("slots", added),
    "edit a series": ("series", later),
    "end a series": ("series", at_once(lambda g, s: EndSeries(s.of, s.series, TUESDAY))),
    "close": (
        "studios",
        at_once(
            lambda g, s: CloseStudio(
                s.of, s.studio, "party", g.wall("17:00"), g.wall("21:00"), cancel_slots=True
            )
        ),
    ),
    "open": ("studios", at_once(lambda g, s: OpenStudio(s.of, s.studio, "water"))),
    "cancel": ("bookings", at_once(lambda g, s: Cancel(s.of, s.studio, s.seated))),
    "confirm": ("bookings", confirmed),
    "release": ("bookings", at_once(lambda g, s: Release(s.of, s.studio, s.seated))),
    "waive": ("bookings", late),
    "note participation": ("bookings", begun),
}
"""What staff give after they looked: each with what they looked at."""


async def meanwhile(gym: Gym, scene: Scene, command: Command[Any], what: str) -> set[Any]:
    """Somebody else changes it; what of it is different then."""
    if what == "slots":
        slot = command.slot_id if isinstance(command, GiveBack) else scene.slot
        await gym.set(tables.slot, slot, additional_participants=1)
        return {(EntityKind.SLOT, slot, "additional_participants", 0, 1)}
    if what == "series":
        plan = replace(await plan_of(gym, scene.series), location_id=await gym.location("Saal 9"))
        await gym.take(EditSeries(scene.of, scene.series, AllFuture(), plan))
        return {(EntityKind.SERIES, scene.series, "location_id", None, plan.location_id)}
    if what == "studios":
        await gym.closure(gym.wall("09:00", day=TUESDAY), gym.wall("10:00", day=TUESDAY))
        [studio] = (await see(gym, studios=scene.studio)).studios
        return {(EntityKind.STUDIO, scene.studio, "closures", (), studio.closures[-1:])}
    then, now = Participation.UNSET, Participation.NOT_PARTICIPATING
    await gym.set(tables.booking, scene.seated, participation=now)
    return {(EntityKind.BOOKING, scene.seated, "participation", then, now)}


@pytest.mark.parametrize("name", COMMANDS)
async def test_what_is_not_as_it_was_seen_is_not_done(gym: Gym, scene: Scene, name: str) -> None:
    what, make = COMMANDS[name]
    command = await make(gym, scene)
    rehearsed = await gym.desk.rehearse(command)
    assert not isinstance(rehearsed.answer, Refusal)
    different = await meanwhile(gym, scene, command, what)
    stands = await everything(gym)

    answer = await give(gym, command, rehearsed.seen)

    assert isinstance(answer, ChangedMeanwhile)
    assert {values(each) for each in answer.differences} >= different
    assert await everything(gym) == stands
    # Once it was looked at again, it is done.
    again = (await gym.desk.rehearse(command)).seen
    assert not isinstance(await give(gym, command, again), Refusal)
    assert await everything(gym) != stands


def values(difference: Any) -> tuple[Any, ...]:
    return tuple(getattr(difference, each) for each in ("entity", "id", "member", "then", "now"))


async def everything(gym: Gym) -> list[Any]:
    looked_at = (
        tables.slot, tables.booking, tables.series, tables.closure, tables.stand_in,
        tables.slot_instructor, tables.event, tables.history,
    )  # fmt: skip

    def look(tx: Any) -> list[Any]:
        return [sorted(map(str, tx.execute(each.select()))) for each in looked_at]

    return await gym.database.read(look)


async def test_who_came_and_who_left_since_is_noticed_also_where_as_many_sit_there(
    gym: Gym, scene: Scene
) -> None:
    command = CancelSlot(scene.of, scene.slot)
    seen = (await gym.desk.rehearse(command)).seen
    await gym.cancel(scene.seated)
    await gym.booked(scene.newcomer, scene.slot)

    answer = await give(gym, command, seen)

    assert isinstance(answer, ChangedMeanwhile)
    assert {(each.entity, each.id, each.member) for each in answer.differences} == {
        (EntityKind.BOOKING, scene.seated, "status"),
        (EntityKind.BOOKING, scene.waiting, "status"),
    }
    assert (await gym.slot_now(scene.slot)).status is SlotStatus.PLANNED


async def test_times_that_are_different_are_those_of_the_studio(gym: Gym, scene: Scene) -> None:
    seen = await see(gym, slots=scene.slot, bookings=scene.seated)
    await gym.changed_slot(scene.slot, local_start=gym.wall("19:00"))

    answer = await give(gym, Cancel(scene.of, scene.studio, scene.seated), seen)

    assert isinstance(answer, ChangedMeanwhile)
    assert {
        (each.entity, each.member, f"{each.then:%H:%M}", f"{each.now:%H:%M}")
        for each in answer.differences
    } == {
        (entity, member, then, now)
        for entity in (EntityKind.SLOT, EntityKind.BOOKING)
        for member, then, now in (("starts_at", "18:00", "19:00"), ("ends_at", "19:00", "20:00"))
    }


async def test_what_was_not_shown_may_be_different(gym: Gym, scene: Scene) -> None:
    """Who decides about a booking is not kept from it by a change of another, or of the room."""
    seen = await see(gym, bookings=scene.waiting)
    hall = await gym.location("Saal 9")
    await gym.changed_slot(scene.slot, location_id=hall)
    await gym.take(SetParticipation(scene.of, scene.studio, scene.seated, Participation.UNSET))

    answer = await give(gym, Cancel(scene.of, scene.studio, scene.waiting), seen)

    assert not isinstance(answer, Refusal)


async def test_a_closure_that_is_over_by_now_is_no_difference(gym: Gym, scene: Scene) -> None:
    seen = await see(gym, studios=scene.studio)
    gym.clock.set(gym.at("12:00", day=MONDAY + timedelta(days=3)))
    answer = await give(gym, OpenStudio(scene.of, scene.studio, "nothing"), seen)
    assert not isinstance(answer, Refusal)


async def test_what_is_changed_back_is_as_it_was_seen(gym: Gym, scene: Scene) -> None:
    seen = await see(gym, slots=scene.slot)
    await gym.changed_slot(scene.slot, max_participants=5)
    await gym.cancel(scene.waiting)
    await gym.changed_slot(scene.slot, max_participants=1)
    answer = await give(gym, CancelSlot(scene.of, scene.slot), seen)
    assert isinstance(answer, ChangedMeanwhile)
    assert [values(each)[2:] for each in answer.differences] == [("waiting", 1, 0)]
    seen = await see(gym, slots=scene.slot)
    await gym.changed_slot(scene.slot, additional_participants=1)
    await gym.changed_slot(scene.slot, additional_participants=0)
    assert not isinstance(await give(gym, CancelSlot(scene.of, scene.slot), seen), Refusal)
