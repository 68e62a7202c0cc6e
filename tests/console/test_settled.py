"""At the console staff decide that a flagged booking stays, wherever they meet it; and have the way back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from kursplan.desk.close_studio import CloseStudio
from kursplan.desk.settle import Settle
from kursplan.domain.accounts import Role
from kursplan.domain.actors import Actor
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import Kind
from kursplan.domain.settling import kind_of
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console, agreed
from tests.gym import Gym

WHY = "the caretaker lets them in"
CLOSED = "the studio is closed at that time"


async def hit(gym: Gym, *, waiting: bool = False) -> tuple[int, int]:
    """A slot of today in a closure, and the booking of Anna on it."""
    slot = await gym.slot("spin", at="18:00", seats=1)
    if waiting:
        await gym.booked(await gym.customer("Ben"), slot)
    booking = (await gym.booked(await gym.customer("Anna"), slot)).booking_id
    await close(gym)
    return slot, booking


async def close(gym: Gym, until: str = "22:00") -> None:
    times = gym.wall("17:00"), gym.wall(until)
    await gym.take(CloseStudio(gym.organization, gym.studio_id, "repair", *times, "heating"))


async def needed(console: Console) -> bool:
    """Whether Today asks for somebody to decide."""
    page = await console.ask("today", console.member(Role.FRONT_DESK))
    assert page.status_code == 200
    return "Flagged bookings" in page.text


async def now(gym: Gym, booking: int) -> tuple[Kind | None, list[Kind]]:
    stored = await gym.booking_now(booking)
    return stored.conflict, [kind_of(each) for each in stored.settled]


@pytest.mark.parametrize("waiting", [False, True])
async def test_it_is_decided_with_a_reason_and_nobody_is_asked_any_more(
    console: Console, waiting: bool
) -> None:
    gym = console.gym
    slot, booking = await hit(gym, waiting=waiting)
    desk = console.member(Role.FRONT_DESK)
    assert await needed(console)
    there = (await console.ask(f"slots/{slot}", desk)).text
    assert f'bookings/{booking}/settle?back=slots/{slot}"' in there

    asked = await console.ask(f"bookings/{booking}/settle?back=slots/{slot}", desk)
    assert "Does the booking of Anna Mustermann stay?" in asked.text
    assert "The studio is closed at that time: Mon 2 Mar, 17:00–22:00 (heating)" in asked.text
    assert "Nobody loses or gets a place" in asked.text
    unsaid = await console.send(f"bookings/{booking}/settle", desk, {"back": f"slots/{slot}"})
    assert (unsaid.status_code, await now(gym, booking)) == (200, (Kind.STUDIO_CLOSED, []))

    form = {"back": f"slots/{slot}", "reason": WHY}
    done = await agreed(console, f"bookings/{booking}/settle", form, role=Role.FRONT_DESK)

    assert done.status_code == 303
    assert await now(gym, booking) == (None, [Kind.STUDIO_CLOSED])
    after = (await console.ask(f"slots/{slot}", desk)).text
    assert waiting or "decided: it stays" in after
    assert f"would be refused today, and stays: {CLOSED}" in after
    assert f"bookings/{booking}/settle" not in after
    assert await needed(console) is waiting, "the one who has the seat is flagged as well"


async def test_the_history_says_so_and_the_way_back_asks_again(console: Console) -> None:
    gym = console.gym
    slot, booking = await hit(gym)
    desk = console.member(Role.FRONT_DESK)
    form = {"back": f"bookings/{booking}", "reason": WHY}
    done = await agreed(console, f"bookings/{booking}/settle", form, role=Role.FRONT_DESK)

    [at] = re.findall(r"bookings/.*", done.headers["location"])
    page = await console.ask(at, desk)
    assert f"Decided: it stays ({CLOSED})" in page.text
    assert WHY in page.text
    assert "It is decided: the booking stays." in page.text
    assert f"bookings/{booking}/ask-again" in page.text
    [undo] = re.findall(r'action="\.\./(told/[^"]+/undo)"', page.text)
    await agreed(console, undo, {"back": f"slots/{slot}"}, role=Role.FRONT_DESK)

    assert await now(gym, booking) == (Kind.STUDIO_CLOSED, [])
    assert await needed(console)


async def test_it_is_decided_again_later_too(console: Console) -> None:
    gym = console.gym
    slot, booking = await hit(gym)
    await gym.take(Settle(gym.organization, gym.studio_id, booking), reason=WHY)
    gym.clock.advance(timedelta(hours=1))
    desk = console.member(Role.FRONT_DESK)

    asked = await console.ask(f"bookings/{booking}/ask-again?back=bookings/{booking}", desk)
    assert "Decide about the booking of Anna Mustermann again?" in asked.text
    form = {"back": f"slots/{slot}"}
    await agreed(console, f"bookings/{booking}/ask-again", form, role=Role.FRONT_DESK)

    assert await now(gym, booking) == (Kind.STUDIO_CLOSED, [])


async def test_a_closure_that_changes_asks_again(console: Console) -> None:
    gym = console.gym
    _, booking = await hit(gym)
    await gym.take(Settle(gym.organization, gym.studio_id, booking), reason=WHY)
    await close(gym)
    assert not await needed(console)
    await close(gym, until="23:00")
    assert await needed(console)


async def test_the_page_of_a_closure_says_what_there_is_to_decide(console: Console) -> None:
    gym = console.gym
    slot, booking = await hit(gym, waiting=True)
    [closure] = await closures(console)
    manager = console.member(Role.MANAGER)

    before = (await console.ask(f"studio/closures/{closure}", manager)).text
    await gym.take(Settle(gym.organization, gym.studio_id, booking), reason=WHY)
    after = (await console.ask(f"studio/closures/{closure}", manager)).text

    assert f'href="../../slots/{slot}"' in before
    assert "2 bookings · 2 to decide" in before
    assert "2 bookings · 1 to decide · 1 decided: stays" in after


async def closures(console: Console) -> list[str]:
    page = await console.ask("studio", console.member(Role.MANAGER))
    return re.findall(r'href="[./]*studio/closures/(\d+)"', page.text)


async def test_a_customers_page_says_it_and_leads_there(console: Console) -> None:
    gym = console.gym
    _, booking = await hit(gym)
    customer = (await gym.booking_now(booking)).customer_id
    desk = console.member(Role.FRONT_DESK)

    before = (await console.ask(f"customers/{customer}", desk)).text
    await gym.take(Settle(gym.organization, gym.studio_id, booking), reason=WHY)
    after = (await console.ask(f"customers/{customer}", desk)).text

    assert f'bookings/{booking}/settle"' in before
    assert f'bookings/{booking}/settle"' not in after
    assert f"Would be refused today, and stays: {CLOSED}" in after


async def test_who_was_overtaken_is_told_and_who_presses_twice_too(console: Console) -> None:
    gym = console.gym
    slot, booking = await hit(gym)
    desk = console.member(Role.FRONT_DESK)
    form = {"back": f"slots/{slot}", "reason": WHY}
    asked = await console.send(f"bookings/{booking}/settle", desk, form)
    assert asked.status_code == 200
    await agreed(console, f"bookings/{booking}/settle", form, role=Role.FRONT_DESK)

    twice = await console.send(f"bookings/{booking}/settle", desk, form)
    assert "again=yes" in twice.headers["location"]

    other = console.member(Role.FRONT_DESK)
    await gym.take(Settle(gym.organization, gym.studio_id, booking), by=Actor.command_line("eva"))
    gym.clock.advance(timedelta(minutes=11))
    late = await console.ask(f"bookings/{booking}/settle?back=slots/{slot}", other)
    assert late.headers["location"].endswith(f"slots/{slot}?said=changed")


async def test_an_instructor_decides_nothing(console: Console) -> None:
    gym = console.gym
    slot, booking = await hit(gym)
    ina = await gym.employee("Ina")
    await gym.gives(slot, ina)
    instructor = console.member(Role.INSTRUCTOR, employee_id=ina)
    for path in (f"slots/{slot}", f"bookings/{booking}"):
        page = await console.ask(path, instructor)
        assert (page.status_code, "/settle" in page.text) == (200, False)
    assert (await console.ask(f"bookings/{booking}/settle", instructor)).status_code == 403


async def test_from_today_to_decided_by_clicks_and_on_a_phone(
    served: Console, open_tab: OpenTab
) -> None:
    gym = served.gym
    slot, booking = await hit(gym)
    tab = await open_tab(served.member(Role.FRONT_DESK))
    await tab.goto(f"slots/{slot}")
    assert await tab.barriers() == []
    await tab.size(PHONE)
    assert await tab.wider_than_it_should() == 0
    await tab.page.get_by_role("link", name="It stays … Anna").click()
    assert await tab.barriers() == []
    await tab.size(PHONE)
    assert await tab.wider_than_it_should() == 0
    await tab.page.get_by_label("Reason").fill(WHY)
    await tab.page.get_by_role("button", name="It stays").click()
    await tab.page.wait_for_url(f"**/slots/{slot}?done=*")
    assert await tab.wider_than_it_should() == 0
    assert (await gym.booking_now(booking)).status is BookingStatus.BOOKED
    await tab.page.get_by_role("button", name="Undo").click()
    await tab.page.get_by_role("button", name="Undo it").click()
    await tab.page.get_by_role("link", name="It stays … Anna").wait_for()
    assert await now(gym, booking) == (Kind.STUDIO_CLOSED, [])
