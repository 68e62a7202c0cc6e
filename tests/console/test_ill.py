"""Instructor is ill: who is proposed, what is shown before it is done, and whom to tell after it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.slots import SlotStatus
from tests.console.desk import Console
from tests.gym import MONDAY, Gym

TUESDAY = MONDAY + timedelta(days=1)


@dataclass(frozen=True)
class Plan:
    """Ina is away on Tuesday, and gives three classes then."""

    ina: int
    tarek: int
    ada: int
    noon: int
    """Tarek is free, and gave it before."""
    evening: int
    """Tarek gives another class at that time; Ada is free."""
    both: int
    """Tarek gives it with her."""

    @property
    def slots(self) -> tuple[int, int, int]:
        return self.noon, self.both, self.evening

    def choices(self, *ways: str) -> dict[str, str]:
        return {f"slot-{slot}": way for slot, way in zip(self.slots, ways, strict=True)}


async def a_plan(gym: Gym) -> Plan:
    ina, tarek, ada = [await gym.employee(each) for each in ("Ina", "Tarek", "Ada")]
    before = await gym.slot("spin", at="12:00", day=MONDAY - timedelta(days=7))
    await gym.gives(before, tarek)
    noon = await gym.slot("spin", at="12:00", day=TUESDAY)
    both = await gym.slot("yoga", at="15:00", day=TUESDAY)
    evening = await gym.slot("spin", at="18:00", day=TUESDAY)
    other = await gym.slot("row", at="18:30", day=TUESDAY)
    await gym.gives(noon, ina)
    await gym.gives(both, ina, tarek)
    await gym.gives(evening, ina)
    await gym.gives(other, tarek)
    return Plan(ina, tarek, ada, noon, evening, both)


def asked(plan: Plan, **more: object) -> str:
    query = {"employee": plan.ina, "from": TUESDAY, **more}
    return "ill?" + "&".join(f"{name}={each}" for name, each in query.items())


def chosen(page: str) -> dict[int, str]:
    """What becomes of each slot, as it is checked."""
    found = re.findall(r'name="slot-(\d+)" value="([^"]*)" checked', page)
    return {int(slot): way for slot, way in found}


def form(page: str) -> dict[str, Any]:
    """What the form of the page sends."""
    hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page)
    fields = {name: unescape(value) for name, value in hidden}
    return {**fields, **{f"slot-{slot}": way for slot, way in chosen(page).items()}}


async def test_who_is_free_and_gave_the_class_is_proposed(console: Console) -> None:
    plan = await a_plan(console.gym)
    answer = await console.ask(asked(plan), console.member())
    assert chosen(answer.text) == {
        plan.noon: f"e{plan.tarek}",
        plan.both: "nobody",
        plan.evening: f"e{plan.ada}",
    }
    assert "free, gave it once" in answer.text
    assert "at 18:30 Row" in answer.text
    assert "Tarek Trainer gives it alone" in answer.text
    nobody = await console.ask("ill", console.member())
    assert chosen(nobody.text) == {}
    monday = await console.ask(asked(plan) + f"&from={MONDAY}&to={MONDAY}", console.member())
    assert "There is nothing to decide" in monday.text


async def test_one_for_all_where_it_is_possible(console: Console) -> None:
    plan = await a_plan(console.gym)
    cancel = await console.ask(asked(plan, all="cancel"), console.member())
    assert set(chosen(cancel.text).values()) == {"cancel"}
    tarek = await console.ask(asked(plan, all=f"e{plan.tarek}"), console.member())
    assert chosen(tarek.text)[plan.evening] == f"e{plan.ada}"
    ada = await console.ask(asked(plan, all=f"e{plan.ada}"), console.member())
    assert set(chosen(ada.text).values()) == {f"e{plan.ada}"}


async def test_nobody_is_proposed_twice_at_the_same_time(console: Console) -> None:
    gym = console.gym
    plan = await a_plan(gym)
    beside = await gym.slot("spin", at="12:30", day=TUESDAY)
    await gym.gives(beside, plan.ina)
    answer = await console.ask(asked(plan), console.member())
    assert chosen(answer.text)[plan.noon] == f"e{plan.tarek}"
    assert chosen(answer.text)[beside] == f"e{plan.ada}"


async def test_what_was_shown_is_done_in_one_go(console: Console) -> None:
    gym = console.gym
    plan = await a_plan(gym)
    sits = await gym.booked(await gym.customer("Cem"), plan.evening)
    member = console.member()
    page = await console.ask(
        asked(plan, **plan.choices(f"e{plan.tarek}", "nobody", "cancel")), member
    )
    assert "1 slot is cancelled" in page.text
    assert "1 person loses the place" in page.text
    assert await gym.given_by(plan.noon) == (plan.ina,)
    done = await console.send("ill", member, {**form(page.text), "do": 1, "reason": "flu"})
    assert done.status_code == 303
    assert await gym.given_by(plan.noon) == (plan.tarek,)
    assert await gym.given_by(plan.both) == (plan.tarek,)
    assert (await gym.slot_now(plan.evening)).status is SlotStatus.CANCELED
    assert (await gym.booking_now(sits.booking_id)).status is BookingStatus.CANCELED
    told = await console.ask(done.headers["location"].removeprefix("./"), member)
    assert "Cem Mustermann" in told.text
    assert "does not take place" in told.text
    assert "3 changes are made." in told.text


async def test_where_it_is_otherwise_by_now_nothing_is_done(console: Console) -> None:
    gym = console.gym
    plan = await a_plan(gym)
    member = console.member()
    page = await console.ask(asked(plan, **plan.choices("cancel", "cancel", "cancel")), member)
    await gym.booked(await gym.customer("Late"), plan.noon)
    late = await console.send("ill", member, {**form(page.text), "do": 1, "reason": "flu"})
    assert late.status_code == 200
    assert "Late Mustermann came to it" in late.text
    assert (await gym.slot_now(plan.noon)).status is SlotStatus.PLANNED
    # Something else is chosen than what was shown.
    other = {**form(late.text), **plan.choices("cancel", "nobody", "cancel")}
    another = await console.send("ill", member, {**other, "do": 1, "reason": "flu"})
    assert another.status_code == 200
    assert (await gym.slot_now(plan.noon)).status is SlotStatus.PLANNED
    agreed = await console.send("ill", member, {**form(another.text), "do": 1, "reason": "flu"})
    assert agreed.status_code == 303
    assert (await gym.slot_now(plan.noon)).status is SlotStatus.CANCELED
    assert (await gym.slot_now(plan.both)).status is SlotStatus.PLANNED


async def test_who_only_gives_classes_does_not_plan_them(console: Console) -> None:
    plan = await a_plan(console.gym)
    instructor = console.member(Role.INSTRUCTOR, employee_id=plan.tarek)
    assert (await console.ask(asked(plan), instructor)).status_code == 403
