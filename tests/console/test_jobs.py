"""The ten most frequent jobs: done in few clicks, with and without script, on a phone, and by keyboard alone.

Each begins where one is after signing in. Typing counts one, with Enter behind it; a reason that has to be
given is typing, too. By keyboard nothing is counted: there it is shown that it gets done, and that at each
stop it can be seen where one is.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser
from sqlalchemy import func, select

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.slots import SlotStatus
from kursplan.settings import Settings
from kursplan.store import tables
from kursplan.store.engine.database import connect
from tests.console.browser import PHONE, Tab
from tests.console.desk import Console, Cookies, InTurn, Serving, cookie
from tests.console.hand import Finger, Hand, Keyboard, Mouse
from tests.gym import MONDAY, MORNING, Gym

WEEK = timedelta(days=7)
SMALL = PHONE | {"height": 740}


# --- The day ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Day:
    """Monday, 2 March 2026, 08:00; the first class begins in a quarter of an hour, and Ina gives it."""

    gym: Gym
    next: int
    """Four of six are on it: Ada, Bea, Cem and Dana."""
    ada: int
    """Her booking there, which it is too late to cancel."""
    bea: int
    evening: int
    """Emil has a seat, Finn and Gesa wait, and two seats are free."""
    for_some: int
    """Zoe's rate does not let her book it."""
    for_all: int
    zoe: int
    """She has used three of the ten bookings that she has in a month."""
    mila: int
    """She is free when Ina gives a class, and has given it before."""
    series: tuple[int, ...]
    """The slots of one on Mondays at 07:30: this week's has begun, and Finn is on the next one."""


async def monday(gym: Gym) -> Day:
    """It has to be earlier on that day."""
    ina, mila, tarek = [await gym.employee(each) for each in ("Ina", "Mila", "Tarek")]
    spin = await gym.klass("spin", late_cancellation=True)
    await gym.klass("yoga", uses_contingent=True)
    card = await gym.rate("card", grants={Period.MONTH: 10})
    premium = await gym.rate("premium")
    await gym.klass("reformer", who_may_book=WhoMayBook.NAMED_RATES, rates=[premium])
    people = {
        name: await gym.customer(name)
        for name in ("Ada", "Bea", "Cem", "Dana", "Emil", "Finn", "Gesa")
    }
    zoe = await gym.customer("Zoe", last_name="Dahl")
    await gym.customer("Zora", last_name="Dahlmann")
    await gym.membership(zoe, card)

    before = await gym.slot(spin, at="08:15", day=MONDAY - WEEK, status=SlotStatus.COMPLETED)
    await gym.gives(before, mila)
    series = await gym.series("pilates", at="07:30", instructors=[tarek])
    planned = await gym.extend(series, until=MONDAY + 2 * WEEK)
    await gym.booked(people["Finn"], planned[1].id)
    following = await gym.slot(spin, at="08:15", seats=6)
    await gym.gives(following, ina)
    on_it = [await gym.booked(people[each], following) for each in ("Ada", "Bea", "Cem", "Dana")]
    evening = await gym.slot("box", at="18:00", seats=1)
    for each in ("Emil", "Finn", "Gesa"):
        await gym.booked(people[each], evening)
    await gym.set(tables.slot, evening, max_participants=3)
    for_some = await gym.slot("reformer", at="19:00")
    for_all = await gym.slot("box", at="20:00")
    for each in (evening, for_some, for_all):
        await gym.gives(each, tarek)
    for days in (1, 2, 3):
        flow = await gym.slot("yoga", at="12:00", day=MONDAY + timedelta(days=days))
        await gym.gives(flow, tarek)
        await gym.booked(zoe, flow)
    ada, bea, *_ = (each.booking_id for each in on_it)
    return Day(
        gym,
        following,
        ada,
        bea,
        evening,
        for_some,
        for_all,
        zoe,
        mila,
        tuple(each.id for each in planned),
    )


# --- The jobs -----------------------------------------------------------------------------------


async def check_in(hand: Hand, on: Day) -> None:
    await hand.press("button", "The rest took part")
    await hand.sees_no("button", "The rest took part")
    await hand.press("button", "missing", of="Bea")
    here, missing = Participation.PARTICIPATING, Participation.NOT_PARTICIPATING

    async def marks() -> list[Participation]:
        return [each.participation for each in await on.gym.on_slot(on.next)]

    await _becomes(marks, [here, missing, here, here])


async def _becomes(look: Callable[[], Awaitable[object]], wanted: object) -> None:
    """What a script sends by itself is there soon after it is shown."""
    for _ in range(500):
        if await look() == wanted:
            return
        await asyncio.sleep(0.01)
    assert await look() == wanted


async def what_is_left(hand: Hand, on: Day) -> None:
    await hand.find("dahl")
    await hand.press("link", "Zoe Dahl")
    used = select(func.count()).where(
        tables.booking.c.organization_id == on.gym.organization,
        tables.booking.c.customer_id == on.zoe,
        tables.booking.c.counts,
    )
    left = 10 - await on.gym.database.read(lambda tx: tx.execute(used).scalar_one())
    assert left == 7
    await hand.sees(f"{left} of 10 left in March")


async def book(hand: Hand, on: Day) -> None:
    await hand.find("dahl")
    await hand.press("link", "Zoe Dahl")
    await hand.press("button", "Book Box, Mon 2 Mar, 20:00")
    await hand.sees("The booking is made.")
    assert await on.gym.statuses(on.for_all) == [(on.zoe, BookingStatus.BOOKED)]


async def book_at_the_door(hand: Hand, on: Day) -> None:
    await hand.type("Add by name", "dahl", send=True)
    await hand.press("button", "Book Zoe Dahl")
    await hand.sees("Zoe Dahl", "5 of 6")
    assert (on.zoe, BookingStatus.BOOKED) in await on.gym.statuses(on.next)


async def overrule(hand: Hand, on: Day) -> None:
    await hand.find("dahl")
    await hand.press("link", "Zoe Dahl")
    await hand.press("button", "Overrule … Reformer")
    await hand.type("Reason", "trial", send=True)
    await hand.sees("The booking is made.")
    assert await on.gym.statuses(on.for_some) == [(on.zoe, BookingStatus.BOOKED)]


async def cancel_without_penalty(hand: Hand, on: Day) -> None:
    await hand.press("link", "Spin", exact=True)
    await hand.press("link", "Cancel … Ada")
    await hand.press("button", "Cancel without penalty")
    await hand.sees("The booking is cancelled")
    ended = await on.gym.booking_now(on.ada)
    assert (ended.status, ended.late) == (BookingStatus.CANCELED, False)


async def move_up_the_first(hand: Hand, on: Day) -> None:
    await hand.press("link", "Box 18:00, 2 waiting")
    await hand.press("button", "Move up the first who may")
    await hand.sees("They have a seat now.")
    assert await _waiting(on) == ["Gesa"]


async def move_up_another(hand: Hand, on: Day) -> None:
    await hand.press("link", "Box, Monday 18:00")
    await hand.press("button", "Move up Gesa")
    await hand.sees("They have a seat now.")
    assert await _waiting(on) == ["Finn"]


async def _waiting(on: Day) -> list[str]:
    waits = [
        each.customer_id
        for each in await on.gym.on_slot(on.evening)
        if each.status is BookingStatus.WAITING_LIST
    ]
    names = select(tables.customer.c.first_name).where(
        tables.customer.c.organization_id == on.gym.organization, tables.customer.c.id.in_(waits)
    )
    return await on.gym.database.read(lambda tx: list(tx.execute(names).scalars()))


async def stand_in(hand: Hand, on: Day) -> None:
    await hand.press("link", "Spin", exact=True)
    await hand.press("button", "Take Mila")
    await hand.sees("stands in for Ina")
    assert await on.gym.given_by(on.next) == (on.mila,)


async def instructor_ill(hand: Hand, on: Day) -> None:
    await hand.press("link", "Instructor is ill")
    await hand.choose("Who", "Ina Trainer")
    await hand.press("button", "Show the slots")
    await hand.type("Reason", "flu", send=True)
    await hand.sees("Whom to tell", "Ada Mustermann", "Dana Mustermann")
    assert await on.gym.given_by(on.next) == (on.mila,)


async def cancel_slot(hand: Hand, on: Day) -> None:
    await hand.press("link", "Spin", exact=True)
    await hand.press("link", "Cancel slot …")
    await hand.type("Reason", "flooded", send=True)
    await hand.sees("Whom to tell", "Ada Mustermann", "Dana Mustermann")
    assert (await on.gym.slot_now(on.next)).status is SlotStatus.CANCELED


async def two_seats_more(hand: Hand, on: Day) -> None:
    await hand.press("link", "Spin", exact=True)
    await hand.press("button", "2 seats more")
    await hand.sees("4 of 8")
    assert (await on.gym.slot_now(on.next)).max_participants == 8


async def another_time(hand: Hand, on: Day) -> None:
    await hand.press("link", "Classes")
    await hand.press("link", "Monday, 07:30")
    await hand.type("Start", "07:45")
    await hand.press("button", "Show what changes")
    await hand.sees("1 person keeps the place")
    await hand.press("button", "Change the series")
    await hand.sees("Whom to tell", "Finn Mustermann")
    begin = [(await on.gym.slot_now(each)).local_start.time() for each in on.series]
    assert begin == [time(7, 30), time(7, 45), time(7, 45)]
    assert [each.status for each in await on.gym.on_slot(on.series[1])] == [BookingStatus.BOOKED]


@dataclass(frozen=True)
class Job:
    name: str
    presses: int
    """As many as it may take, typing among them."""
    role: Role
    """Whose job it is."""
    do: Callable[[Hand, Day], Awaitable[None]]


JOBS = (
    Job("check in the class that begins now; one is missing", 1 + 1, Role.FRONT_DESK, check_in),
    Job("find a customer; how many are left on the card", 1 + 1, Role.FRONT_DESK, what_is_left),
    Job("book a customer on a slot", 1 + 2, Role.FRONT_DESK, book),
    Job("book a customer on the class that begins now", 1 + 2, Role.FRONT_DESK, book_at_the_door),
    Job("book a customer on a slot, overruling", 1 + 2 + 1 + 1, Role.FRONT_DESK, overrule),
    Job("cancel for a customer, late without penalty", 3, Role.FRONT_DESK, cancel_without_penalty),
    Job("move up the first", 2, Role.FRONT_DESK, move_up_the_first),
    Job("move up a certain one", 2, Role.FRONT_DESK, move_up_another),
    Job("stand-in for one slot", 2, Role.FRONT_DESK, stand_in),
    Job("instructor ill for a day", 4, Role.FRONT_DESK, instructor_ill),
    Job("cancel a slot and tell the people", 3, Role.FRONT_DESK, cancel_slot),
    Job("two seats more", 2, Role.FRONT_DESK, two_seats_more),
    Job("another time for a series from a day on", 5, Role.MANAGER, another_time),
)


# --- The ways -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Way:
    name: str
    hand: Callable[[Tab], Hand]
    options: dict[str, Any]
    """Of the browser."""


WAYS = (
    Way("with script", Mouse, {}),
    Way("without script", Mouse, {"java_script_enabled": False}),
    Way("on a phone", Finger, {"viewport": SMALL, "has_touch": True}),
    Way("by keyboard", Keyboard, {}),
)


@pytest_asyncio.fixture(scope="module")
async def written_down(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Day]:
    """The day in a file, to be copied."""
    file = tmp_path_factory.mktemp("day") / "kursplan.db"
    shutil.copyfile(sqlite_template, file)
    database = connect(f"sqlite:///{file}")
    gym = await Gym(database, HandClock(MORNING - timedelta(hours=2))).open()
    on = await monday(gym)
    await gym.desk.close()
    await database.close()
    return file, on


@pytest_asyncio.fixture(scope="module")
async def served() -> AsyncIterator[tuple[InTurn, str]]:
    """One address for all, so that a browser loads once what never changes."""
    at = InTurn()
    serving = Serving(at)
    await serving.start()
    yield at, serving.url
    await serving.stop()


@pytest_asyncio.fixture(scope="module", params=WAYS, ids=lambda each: each.name)
async def hand(
    request: pytest.FixtureRequest, browser: Browser, served: tuple[InTurn, str]
) -> AsyncIterator[Hand]:
    way: Way = request.param
    tab = await Tab.open(browser, served[1], None, **way.options)
    yield way.hand(tab)
    await tab.context.close()


@pytest.fixture
async def on(
    written_down: tuple[Path, Day], served: tuple[InTurn, str], tmp_path: Path, clock: HandClock
) -> AsyncIterator[Day]:
    """The same day once more."""
    template, day = written_down
    file = tmp_path / "day.db"
    shutil.copyfile(template, file)
    settings = Settings(database_url=f"sqlite:///{file}", background=False)
    application = Application(settings, clock, visitors=Cookies())
    gym = copy(day.gym)
    gym.database = application.database
    async with served[0].running(application):
        yield replace(day, gym=gym)


@pytest.mark.parametrize("job", JOBS, ids=lambda each: each.name)
async def test_a_job_is_done_in_as_few_clicks_as_are_promised(
    on: Day, served: tuple[InTurn, str], hand: Hand, job: Job
) -> None:
    await hand.tab.become(cookie(Console(on.gym, served[0]).member(job.role)))
    hand.tab.complaints.clear()
    try:
        await hand.begin()
        await job.do(hand, on)
        hand.check(job.presses)
        assert hand.tab.complaints == []
    finally:
        # What the page still asks for would find the application at its end.
        await hand.tab.page.goto("about:blank")
