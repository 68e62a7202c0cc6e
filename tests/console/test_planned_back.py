"""The way back from a class, a rate or a series that was changed: where there is one, and where there is none."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from kursplan.clock import HandClock
from kursplan.domain.accounts import Role
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.console.desk import Console
from tests.console.forms import form_of
from tests.console.test_classes import agreed, entry_of, rate_of, series_now
from tests.gym import MONDAY

WEEK = timedelta(days=7)


async def changed(console: Console, path: str, to: str = "", **fields: object) -> str:
    """Change something by its form, agree to what that does, and where the way back is then; empty where there is
    none."""
    member = console.member()
    form = form_of((await console.ask(path, member)).text, to or path)
    form = {name: each for name, each in form.items() if name not in ("csrf", *_none(fields))}
    form |= {name.replace("_", "-"): str(each) for name, each in fields.items() if each is not None}
    done = await console.send(path, member, form)
    if done.status_code == 200:
        done = await agreed(console, path, form)
    assert done.status_code == 303, done.text
    page = (await console.ask(done.headers["location"].lstrip("./"), member)).text
    found = re.search(r'action="(?:\.\./|\./)*(told/[^"]+/undo)"', page)
    return found[1] if found else ""


def _none(fields: dict[str, Any]) -> set[str]:
    return {name.replace("_", "-") for name, each in fields.items() if each is None}


async def back(console: Console, undo: str) -> None:
    """Go back, and agree to what that does where it is asked about."""
    member = console.member()
    done = await console.send(undo, member, {"back": "classes"})
    if done.status_code == 200:
        done = await agreed(console, undo, {"back": "classes"})
    assert done.status_code == 303, done.text


# --- Classes and rates --------------------------------------------------------------------------


async def test_a_class_is_as_it_was_with_its_slots(console: Console) -> None:
    gym = console.gym
    flex = await gym.rate("flex")
    slot = await gym.slot("spin", seats=20)
    await gym.set(tables.slot, slot, own=[])
    sits = await gym.booked(await gym.customer("Anna"), slot)
    spin = gym.classes["spin"]
    before = await entry_of(gym, spin)
    undo = await changed(
        console,
        f"classes/{spin}/edit",
        title="Cycling",
        seats=4,
        opens=14,
        who="NAMED_RATES",
        category="Ausdauer",
        **{f"rate_{flex}": "yes"},
    )
    assert (await gym.slot_now(slot)).max_participants == 4
    assert (await gym.booking_now(sits.booking_id)).conflict is not None
    assert await entry_of(gym, spin) != before
    await back(console, undo)
    assert (await gym.booking_now(sits.booking_id)).conflict is None
    assert await entry_of(gym, spin) == before
    assert (await gym.slot_now(slot)).max_participants == 20
    # Pressed twice it is done once.
    twice = await console.send(undo, console.member(), {"back": "classes"})
    assert twice.headers["location"].endswith("again=yes")


async def test_there_is_no_way_back_once_somebody_moved_up(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="20:00")
    spin = gym.classes["spin"]
    await gym.set(tables.slot, slot, max_participants=1, own=[])
    await gym.set(tables.class_, spin, max_participants=1)
    for each in await gym.customers(2):
        await gym.booked(each, slot)
    assert await changed(console, f"classes/{spin}/edit", seats=4) == ""


async def test_it_is_offered_to_those_who_plan_there_for_ten_minutes_and_to_nobody_else(
    console: Console, clock: HandClock
) -> None:
    gym = console.gym
    spin = await gym.klass("spin")
    undo = await changed(console, f"classes/{spin}/edit", title="Cycling")
    desk = console.member(Role.FRONT_DESK)
    assert (await console.send(undo, desk, {"back": "today"})).status_code == 303
    foreign = console.member(studios=[await gym.studio("hamburg")])
    assert (await console.send(undo, foreign, {"back": "today"})).status_code == 403
    clock.advance(timedelta(minutes=11))
    await console.send(undo, console.member(), {"back": "classes"})
    assert (await entry_of(gym, spin)).title == "Cycling"


async def test_nothing_is_offered_once_somebody_changed_it_again(console: Console) -> None:
    gym = console.gym
    spin = await gym.klass("spin")
    undo = await changed(console, f"classes/{spin}/edit", title="Cycling")
    await changed(console, f"classes/{spin}/edit", title="Spinning")
    await console.send(undo, console.member(), {"back": "classes"})
    assert (await entry_of(gym, spin)).title == "Spinning"


async def test_a_rate_grants_again_what_it_did(console: Console) -> None:
    gym = console.gym
    flex = await gym.rate("flex", grants={Period.MONTH: 10})
    undo = await changed(console, f"rates/{flex}/edit", month="", week=2, name="Flex 2")
    assert (await rate_of(gym, flex)).contingents == {Contingent(2, Period.WEEK)}
    desk = console.member(Role.FRONT_DESK)
    await console.send(undo, desk, {"back": "today"})
    assert (await rate_of(gym, flex)).contingents == {Contingent(2, Period.WEEK)}
    await back(console, undo)
    found = await rate_of(gym, flex)
    assert (found.name, found.contingents) == ("Flex", {Contingent(10, Period.MONTH)})


# --- Series -------------------------------------------------------------------------------------


async def test_a_series_takes_place_again_as_it_did_with_its_people(console: Console) -> None:
    gym = console.gym
    await gym.klass("spin", earliest_booking=None)
    series_id = await gym.series("spin")
    slots = await gym.extend(series_id, until=MONDAY + 2 * WEEK)
    sits = await gym.booked(await gym.customer("Cem"), slots[1].id)
    before = await series_now(gym, series_id)
    slots = [await gym.slot_now(each.id) for each in slots]
    undo = await changed(console, f"series/{series_id}", time="19:00", seats=9, scope="all")
    assert (await gym.slot_now(slots[1].id)).local_start.time() == time(19)
    await back(console, undo)
    assert await series_now(gym, series_id) == before
    assert [await gym.slot_now(each.id) for each in slots] == slots
    assert (await gym.booking_now(sits.booking_id)).starts_at == slots[1].starts_at


async def test_from_a_day_on_it_takes_place_again_as_before_that_day(console: Console) -> None:
    """The two parts stay two, and there is nothing in which they differ."""
    gym = console.gym
    series_id = await gym.series("spin", until=MONDAY + 8 * WEEK)
    slots = await gym.extend(series_id, until=MONDAY + 3 * WEEK)
    first = MONDAY + WEEK
    undo = await changed(
        console, f"series/{series_id}", time="19:00", last=MONDAY + 7 * WEEK, **{"from": first}
    )
    assert [(await gym.slot_now(each.id)).local_start.hour for each in slots] == [18, 19, 19, 19]
    await back(console, undo)
    starts = [(await gym.slot_now(each.id)).starts_at for each in slots]
    assert starts == [each.starts_at for each in slots]
    later = await series_now(gym, (await gym.slot_now(slots[1].id)).series_id or 0)
    assert (later.plan.first_day, later.plan.last_day) == (first, MONDAY + 8 * WEEK)
    assert (await series_now(gym, series_id)).plan.last_day == first - timedelta(days=1)


async def test_what_came_of_it_for_good_leaves_no_way_back(console: Console) -> None:
    gym = console.gym
    for fields in (
        # Slots of Monday are cancelled, and new ones come on Wednesday.
        {"day_0": None, "day_2": "yes", "scope": "all"},
        # What was set by hand is lost.
        {"time": "19:00", "along": "yes", "scope": "all"},
        # A further day has new slots.
        {"day_2": "yes", "scope": "all"},
    ):
        series_id = await gym.series("spin")
        slots = await gym.extend(series_id, until=MONDAY + 2 * WEEK)
        at = gym.wall("20:00", day=MONDAY + WEEK)
        await gym.changed_slot(slots[1].id, local_start=at)
        assert await changed(console, f"series/{series_id}", **fields) == "", fields


async def test_an_end_that_cancelled_nothing_is_taken_back(console: Console) -> None:
    gym = console.gym
    series_id = await gym.series("spin")
    slots = await gym.extend(series_id, until=MONDAY + WEEK)
    path = f"series/{series_id}/end"
    later = {"last": MONDAY + 4 * WEEK, "reason": "summer"}
    undo = await changed(console, path, **later)
    assert (await series_now(gym, series_id)).plan.last_day == MONDAY + 4 * WEEK
    await back(console, undo)
    found = await series_now(gym, series_id)
    assert (found.plan.last_day, found.ended_at) == (None, None)
    sooner = {"last": MONDAY, "reason": "summer"}
    assert await changed(console, path, **sooner) == ""
    assert (await gym.slot_now(slots[1].id)).status is SlotStatus.CANCELED
