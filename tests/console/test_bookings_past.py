"""The history of one booking: what became of it, who did that, through which door, and why."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from kursplan.console.bookings.past import became
from kursplan.console.words import words
from kursplan.desk.book import Book
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.domain.accounts import Role
from kursplan.domain.actors import THE_HOUSE, Actor
from kursplan.domain.bookings import Participation
from kursplan.domain.history import EntityKind
from kursplan.store.staff.history import Subject, Told
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.things import Partner
from tests.gym import BERLIN, MONDAY, MORNING, Gym

LINE = re.compile(
    r'<li><time[^>]*>(.*?)</time><span>(.*?)<br><span class="faint">(.*?)</span></span></li>',
    re.DOTALL,
)


def said_of(before: dict[str, Any] | None, after: dict[str, Any], language: str = "en") -> str:
    changed = Subject(EntityKind.BOOKING, 7, before, after, ())
    line = Told(1, MORNING, "book", THE_HOUSE, None, (changed,))
    return became(words(language), line, 7, BERLIN)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (None, {"status": "BOOKED", "counts": True}, "Booked, has a seat"),
        (None, {"status": "WAITING_LIST"}, "Booked, waits"),
        (
            None,
            {
                "status": "BOOKED_WITH_CONFIRMATION_REQUIRED",
                "confirm_until": "2026-03-01T17:00:00+00:00",
            },
            "Booked, has a seat · To be confirmed until Sun 1 Mar, 18:00",
        ),
        (
            None,
            {"status": "BOOKED", "overruled": ["BOOKING_LIMIT_REACHED"]},
            "Booked, has a seat · Set aside: the slot and its waiting list are full",
        ),
        ({"status": "WAITING_LIST"}, {"status": "BOOKED"}, "Moved up, has a seat"),
        ({"status": "BOOKED_WITH_CONFIRMATION_REQUIRED"}, {"status": "BOOKED"}, "Confirmed"),
        (
            {"status": "BOOKED", "ended": None, "late": False},
            {"status": "CANCELED", "ended": "GIVEN_UP", "late": True},
            "Given back, late",
        ),
        (
            {"status": "BOOKED", "ended": None},
            {"status": "CANCELED", "ended": "SLOT_CANCELLED"},
            "Cancelled with its slot",
        ),
        ({"status": "CANCELED"}, {"status": "WAITING_LIST"}, "Back, waits"),
        ({"late": True}, {"late": False}, "The lateness is waived"),
        ({"participation": "UNSET"}, {"participation": "PARTICIPATING"}, "Noted: here"),
        ({"participation": "PARTICIPATING"}, {"participation": "UNSET"}, "Noted: nothing any more"),
        (
            {"conflict": None},
            {"conflict": "STUDIO_CLOSED"},
            "Flagged: the studio is closed at that time",
        ),
        ({"conflict": "STUDIO_CLOSED"}, {"conflict": None}, "Not flagged any more"),
        (
            {"skipped": None},
            {"skipped": "CUSTOMER_IDLE"},
            "Passed over: the customer's membership rests at that time",
        ),
        (
            {"starts_at": "2026-03-02T17:00:00+00:00"},
            {"starts_at": "2026-03-02T18:15:00+00:00"},
            "Mon 2 Mar, 19:15 instead of Mon 2 Mar, 18:00",
        ),
        ({"membership_id": 3}, {"membership_id": 4}, "Another membership is used"),
        ({"counts": True}, {"counts": False}, ""),
    ],
)
def test_each_change_of_a_booking_has_its_words(
    before: dict[str, Any] | None, after: dict[str, Any], says: str
) -> None:
    assert said_of(before, after) == says


def test_they_are_said_in_german_too() -> None:
    assert said_of({"status": "WAITING_LIST"}, {"status": "BOOKED"}, "de") == (
        "Nachgerückt, hat einen Platz"
    )


async def told(console: Console, booking_id: int, role: Role = Role.FRONT_DESK) -> list[str]:
    """Line by line, what became of it and who did that, why."""
    answer = await console.ask(f"bookings/{booking_id}", console.member(role))
    assert answer.status_code == 200, answer.text
    plain = [[re.sub("<[^>]+>", "", part) for part in line] for line in LINE.findall(answer.text)]
    return [unescape(f"{what} | {who}") for _, what, who in plain]


async def a_past(gym: Gym) -> tuple[int, int]:
    """A slot, and a booking on it: made by a partner, who waits; moved up as another one leaves, ticked, and cancelled
    with the slot."""
    slot = await gym.slot("spin", seats=1)
    first = await gym.booked(await gym.customer("Anna"), slot)
    partner = await Partner.of(gym, first.booking_id, None)
    ben = await gym.customer("Ben")
    number = await gym.desk.ids.next()
    book = Book(gym.organization, gym.studio_id, ben, slot, number)
    booked = await gym.take(book, by=Actor.application(partner.integration))
    gym.clock.advance(timedelta(minutes=1))
    await gym.cancel(first.booking_id)
    gym.clock.advance(timedelta(hours=10))
    await gym.note(booked.booking_id, Participation.PARTICIPATING)
    gym.clock.advance(timedelta(minutes=1))
    await gym.take(CancelSlot(gym.organization, slot), reason="water")
    return slot, booked.booking_id


async def test_it_says_what_became_of_it_through_whom_and_why(console: Console) -> None:
    gym = console.gym
    slot, booking_id = await a_past(gym)
    command = "staff, by the command"
    assert await told(console, booking_id) == [
        "Cancelled with its slot: The slot is cancelled | staff, by the command · water",
        "Noted: here | " + command,
        "Moved up, has a seat: The booking is cancelled, Anna Mustermann | " + command,
        "Booked, waits | Classy",
    ]
    ours = await console.ask(f"bookings/{booking_id}", console.member(Role.FRONT_DESK))
    assert f'href="../slots/{slot}"' in ours.text
    assert "Booking of Ben Mustermann" in ours.text


async def test_lines_of_bookings_lead_to_it_where_it_is_theirs(console: Console) -> None:
    gym = console.gym
    slot, booking_id = await a_past(gym)
    booking = await gym.booking_now(booking_id)
    there = await gym.studio("potsdam")
    klass = await gym.klass("row", studio_id=there, admits_other_studios=True)
    row = await gym.slot(klass, studio_id=there, day=MONDAY + timedelta(days=1))
    far = await gym.booked(booking.customer_id, row, studio_id=there)
    desk = console.member(Role.FRONT_DESK)
    link = 'href="../bookings/{}"'
    assert link.format(booking_id) in (await console.ask(f"slots/{slot}", desk)).text
    page = (await console.ask(f"customers/{booking.customer_id}", desk)).text
    assert (link.format(booking_id) in page, link.format(far.booking_id) in page) == (True, False)
    both = (await console.ask(f"customers/{booking.customer_id}", console.member(Role.OWNER))).text
    assert link.format(far.booking_id) in both


async def test_an_instructor_sees_whose_slot_it_is_and_leads_to_no_customer(
    console: Console,
) -> None:
    gym = console.gym
    ina = await gym.employee("Ina")
    slot, booking_id = await a_past(gym)
    await gym.gives(slot, ina)
    instructor = console.member(Role.INSTRUCTOR, employee_id=ina)
    answer = await console.ask(f"bookings/{booking_id}", instructor)
    assert answer.status_code == 200
    assert "customers/" not in answer.text


async def test_it_can_be_read_by_day_and_by_night_and_on_a_phone(
    served: Console, open_tab: OpenTab
) -> None:
    slot, _ = await a_past(served.gym)
    tab = await open_tab(served.member(Role.OWNER))
    await tab.goto(f"slots/{slot}")
    await tab.page.get_by_role("link", name="History of the booking of Ben").click()
    assert await tab.barriers() == []
    await tab.size(PHONE)
    assert await tab.wider_than_it_should() == 0
