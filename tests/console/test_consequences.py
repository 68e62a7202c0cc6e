"""What is shown before something changes for people, what is said after it, and the way back."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from kursplan.clock import HandClock
from kursplan.console.addresses import within
from kursplan.console.consequences.partners import SAID
from kursplan.console.consequences.view import Item, Part
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.events import EventType
from kursplan.store import tables
from tests.console.desk import Console
from tests.console.forms import form_of
from tests.gym import MONDAY, Gym


def field(page: httpx.Response, name: str) -> str:
    """What a hidden field of the page says."""
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return found[1]


def at(answer: httpx.Response) -> str:
    """Where it leads to, below `/console/`."""
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).lstrip("./")


# --- Cancelling for a customer ------------------------------------------------------------------


async def test_it_says_who_moves_up_and_does_it_when_agreed(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    anna, ben = await gym.customer("Anna"), await gym.customer("Ben")
    booked = await gym.booked(anna, slot)
    await gym.booked(ben, slot)
    desk = console.member(Role.FRONT_DESK)
    path = f"bookings/{booked.booking_id}/cancel"
    asked = await console.ask(path, desk)
    assert "1 person loses the place" in asked.text
    assert "1 person moves up" in asked.text
    assert (await gym.booking_now(booked.booking_id)).status is BookingStatus.BOOKED
    done = await console.send(path, desk, {"seen": field(asked, "seen"), "late": "no"})
    assert (await gym.booking_now(booked.booking_id)).status is BookingStatus.CANCELED
    told = await console.ask(at(done), desk)
    assert "Ben" in told.text
    assert "moved up, has a seat on Spin, Mon 2 Mar, 18:00" in told.text


async def test_what_changed_since_it_was_shown_is_told_and_nothing_is_done(
    console: Console,
) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    booked = await gym.booked(await gym.customer("Anna"), slot)
    desk = console.member(Role.FRONT_DESK)
    path = f"bookings/{booked.booking_id}/cancel"
    asked = await console.ask(path, desk)
    await gym.booked(await gym.customer("Ben"), slot)
    again = await console.send(path, desk, {"seen": field(asked, "seen")})
    assert again.status_code == 200
    assert "Changed since you looked; nothing was done" in again.text
    assert re.search(r"Ben \w+ came to it and is in the list below", again.text)
    assert (await gym.booking_now(booked.booking_id)).status is BookingStatus.BOOKED
    done = await console.send(path, desk, {"seen": field(again, "seen")})
    assert at(done).startswith("told/")


async def test_from_what_would_happen_one_goes_back_to_the_form_as_it_was_filled_in(
    console: Console,
) -> None:
    """Also from where it can't be done, as on a day that is past."""
    gym = console.gym
    spin = await gym.klass("spin")
    series = await gym.series(spin)
    anna = await gym.customer("Anna")
    held = await gym.membership(anna, await gym.rate("flex"))
    await gym.booked(anna, await gym.slot("spin", day=MONDAY + timedelta(days=2)))
    mara = console.member()
    edit = f"classes/{spin}/edit"
    of_spin = form_of((await console.ask(edit, mara)).text)
    of_anna = form_of((await console.ask(f"customers/{anna}/edit", mara)).text)
    past, to_come = {"day": "2026-03-01", "class": spin}, {"first": "2026-03-08", "day-6": "yes"}
    for path, form, typed in (
        ("timetable/new?studio=berlin", past | {"time": "06:45"}, 'value="06:45"'),
        (f"classes/{spin}/series", to_come | {"time": "06:45"}, 'value="06:45"'),
        (f"series/{series}", to_come | {"time": "06:45", "scope": "all"}, 'value="06:45"'),
        ("studio/closures/new", {"first": "2026-03-02", "slots": "cancel", "why": "x y"}, "x y"),
        (edit, {**of_spin, "title": "Spin hard", "who": "MEMBERS"}, 'value="Spin hard"'),
        (
            f"customers/{anna}/edit",
            {**of_anna, "last_name": "Meier", "access_refused": "yes"},
            "Meier",
        ),
        (f"series/{series}/end", {"last": "2026-04-05"}, 'value="2026-04-05"'),
        ("timetable/copy", {"from": "2026-03-02", "to": "2026-04-06"}, 'value="2026-04-06"'),
        (
            f"customers/{anna}/end",
            {"membership": f"membership-{held}", "last": "2026-04-05"},
            'value="2026-04-05"',
        ),
    ):
        asked = await console.send(path, mara, form)
        assert asked.status_code == 200, path
        assert 'name="edit"' in asked.text, path
        again = await console.send(path, mara, form | {"edit": "yes"})
        assert again.status_code == 200, path
        assert typed in again.text, path
        assert 'name="edit"' not in again.text, path


async def test_who_has_two_bookings_is_one_person(console: Console) -> None:
    gym = console.gym
    anna = await gym.customer("Anna")
    for at_ in ("18:00", "20:00"):
        await gym.booked(anna, await gym.slot("spin", at=at_))
    form = {"first": "2026-03-02", "slots": "stay"}
    shown = await console.send("studio/closures/new", console.member(), form)
    assert "1 person keeps the place, flagged" in shown.text


def test_a_long_list_is_folded_so_that_what_is_below_is_not_overlooked() -> None:
    items = tuple(Item(str(each)) for each in range(12))
    for count, seen in ((8, 8), (9, 9), (10, 8), (12, 8)):
        part = Part("", "arrow", "", items=items[:count])
        assert (len(part.first), part.first + part.further) == (seen, items[:count])


def test_each_type_of_event_is_said_in_words() -> None:
    assert SAID.keys() == set(EventType)


async def test_back_leads_to_a_page_of_ours_and_nowhere_else() -> None:
    for ours in ("timetable", "slots/12", "today?studio=berlin&slot=12", "slots/12/stand-in"):
        assert within(ours, "x") == ours
    for other in ("//evil", "/console", "https://evil", "../x", "slots/../x", "a\\b", "", None):
        assert within(other, "x") == "x"


# --- Participation, and the way back ------------------------------------------------------------


async def test_a_tick_is_done_at_once_and_can_be_undone(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="08:20")
    booked = await gym.booked(await gym.customer("Anna"), slot)
    desk = console.member(Role.FRONT_DESK)
    form = {"participation": Participation.PARTICIPATING, "back": f"slots/{slot}"}
    done = at(await console.send(f"bookings/{booked.booking_id}/participation", desk, form))
    assert done.startswith(f"slots/{slot}?done=")
    assert (await gym.booking_now(booked.booking_id)).participation is Participation.PARTICIPATING
    line = done.partition("done=")[2]
    back = at(await console.send(f"told/{line}/undo", desk, {"back": f"slots/{slot}"}))
    assert back.startswith(f"slots/{slot}?done=")
    assert (await gym.booking_now(booked.booking_id)).participation is Participation.UNSET
    again = await console.send(f"told/{line}/undo", desk, {"back": f"slots/{slot}"})
    assert at(again) == f"{back}&again=yes"


# --- Pressed twice ------------------------------------------------------------------------------


async def test_who_sends_a_form_twice_is_told_that_it_is_done_and_nobody_else_is(
    console: Console,
) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    booked = await gym.booked(await gym.customer("Anna"), slot)
    desk = console.member(Role.FRONT_DESK)
    path = f"bookings/{booked.booking_id}/cancel"
    form = {"seen": field(await console.ask(path, desk), "seen")}
    done = at(await console.send(path, desk, form))
    twice = at(await console.send(path, desk, form))
    assert twice == f"{done}&again=yes"
    assert "You have done this already." in (await console.ask(twice, desk)).text
    # Gone back to, the page asks nothing any more.
    assert at(await console.ask(path, desk)) == twice
    other = await console.send(path, replace(desk, account_id=2), form)
    assert "Changed since you looked; nothing was done" in other.text


async def test_a_slot_that_is_cancelled_twice_leads_to_whom_to_tell(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin")
    await gym.booked(await gym.customer("Anna"), slot)
    manager, path = console.member(), f"slots/{slot}/cancel"
    form = {"seen": field(await console.ask(path, manager), "seen"), "reason": "ill"}
    done = at(await console.send(path, manager, form))
    assert done.startswith("told/")
    assert at(await console.send(path, manager, form)) == f"{done}&again=yes"


async def test_the_first_is_moved_up_once_and_a_customer_booked_once(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    anna, ben, cora = [await gym.customer(each) for each in ("Anna", "Ben", "Cora")]
    for each in (anna, ben, cora):
        await gym.booked(each, slot)
    await gym.set(tables.slot, slot, max_participants=3)
    manager = console.member()
    form = {"shown": 1}
    await console.send(f"slots/{slot}/move-up", manager, form)
    twice = await console.send(f"slots/{slot}/move-up", manager, form)
    assert at(twice).endswith("again=yes")
    assert [status for _, status in await gym.statuses(slot)].count(BookingStatus.BOOKED) == 2
    other = await gym.slot("yoga", at="20:00")
    for _ in range(2):
        booked = await console.send(f"slots/{other}/book", manager, {"customer": anna})
    assert at(booked).endswith("again=yes")
    assert len(await gym.on_slot(other)) == 1


async def test_a_way_back_is_offered_for_a_while(console: Console, clock: HandClock) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="08:20")
    booked = await gym.booked(await gym.customer("Anna"), slot)
    desk = console.member(Role.FRONT_DESK)
    form = {"participation": Participation.PARTICIPATING}
    done = at(await console.send(f"bookings/{booked.booking_id}/participation", desk, form))
    line = done.partition("done=")[2]
    clock.advance(timedelta(minutes=11))
    await console.send(f"told/{line}/undo", desk)
    assert (await gym.booking_now(booked.booking_id)).participation is Participation.PARTICIPATING


@pytest.mark.parametrize("name", ["1-1", "x", "-", "9" * 16 + "-1", "1772438400000-99999999"])
async def test_a_line_that_is_not_there_is_not_found(console: Console, name: str) -> None:
    assert (await console.ask(f"told/{name}", console.member())).status_code == 404


# --- Overruling ---------------------------------------------------------------------------------


async def test_who_overrules_a_refusal_gives_a_reason(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    await gym.booked(await gym.customer("Anna"), slot)
    waits = await gym.booked(await gym.customer("Ben"), slot)
    desk = console.member(Role.FRONT_DESK)
    path = f"bookings/{waits.booking_id}/move-up"
    refused = await console.send(path, desk)
    assert "That can’t be done" in refused.text
    assert field(refused, "overrule") == "BOOKING_LIMIT_REACHED"
    without = await console.send(path, desk, {"overrule": "BOOKING_LIMIT_REACHED"})
    assert "Say why. It is kept in the history." in without.text
    assert (await gym.booking_now(waits.booking_id)).status is BookingStatus.WAITING_LIST
    form = {"overrule": "BOOKING_LIMIT_REACHED", "reason": "a mat more fits"}
    assert at(await console.send(path, desk, form)).startswith("told/")
    assert (await gym.booking_now(waits.booking_id)).status is BookingStatus.BOOKED


async def test_an_instructor_marks_the_slots_that_they_give_and_does_nothing_else(
    console: Console, gym: Gym
) -> None:
    ina = await gym.employee("Ina")
    own, other = await gym.slot("spin", at="08:20"), await gym.slot("spin", at="08:25")
    await gym.gives(own, ina)
    instructor = console.member(Role.INSTRUCTOR, employee_id=ina)
    here, there = [
        (await gym.booked(await gym.customer(name), slot)).booking_id
        for name, slot in (("Anna", own), ("Ben", other))
    ]
    form = {"participation": Participation.PARTICIPATING}
    assert (await console.send(f"bookings/{here}/participation", instructor, form)).is_redirect
    for path in (f"bookings/{there}/participation", f"bookings/{here}/cancel"):
        assert (await console.send(path, instructor, form)).status_code == 403
