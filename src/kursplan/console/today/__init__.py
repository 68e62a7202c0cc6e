"""Today: the front desk, and what needs a person. Where one gets to after signing in.

The classes of the day stand in their order; the one that is nearest to now is open, so whoever comes is
ticked with one press each, and all the others at once. Instructors see the slots that they give.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from starlette.responses import Response

from kursplan.console import places
from kursplan.console.addresses import address, with_query
from kursplan.console.frame import Link
from kursplan.console.live import live_at
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.said import REFUSED, said
from kursplan.console.slot.which import slot_of
from kursplan.console.timetable.asked import ONE_DAY
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.today.door import DoorWriter, home, seated
from kursplan.console.today.needs import days, what_needs
from kursplan.console.today.view import Door, Entry, TodayView
from kursplan.console.told import undo_bar
from kursplan.console.visit import NotThere, Visit
from kursplan.console.words import Words
from kursplan.desk.participation import SetParticipation
from kursplan.domain.accounts import Action, Role, may
from kursplan.domain.bookings import Participation
from kursplan.domain.localtime import day_of, local
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import front_desk, schedule
from kursplan.store.staff.left import of_those_on
from kursplan.store.staff.schedule import Schedule

PATH: Final = "today"


async def handler(visit: Visit) -> Response:
    theirs = await places.theirs(visit)
    place = places.chosen(visit, theirs)[0]
    now = visit.services.clock.now()
    today = local(now, place.zone).date()
    day = visit.asked_day("day") or today
    live = await live_at(visit, [place]) if day == today else None
    on = await visit.read(schedule.of_studios, [place.id], days(place, day, day), now)
    writer = SlotWriter(visit.words, on, now, {})
    slots = [
        Placed.of(each, place.zone, on.instructors[each.id])
        for each in on.slots
        if local(each.starts_at, place.zone).date() == day and _is_theirs(visit, on, each)
    ]
    opened = _opened(visit, slots, now)
    shown = None if day == today else day
    changes = may(visit.member, Action.CHANGE_SLOTS)
    view = TodayView(
        heading=visit.words.long_day(day, today.year),
        live=live,
        earlier=Link(visit.words.gettext("Day before"), _at(place, today, day - ONE_DAY)),
        today=Link(visit.words.gettext("Today"), _at(place, today, today), day == today),
        later=Link(visit.words.gettext("Day after"), _at(place, today, day + ONE_DAY)),
        sum=_sum(visit.words, slots),
        now=visit.words.time(local(now, place.zone)) if day == today else "",
        entries=tuple(_entries(writer, slots, opened, place, now, shown)),
        now_after=day == today and all(each.row.starts_at <= now for each in slots),
        door=await _door(visit, writer, on, opened, place, shown),
        needs=await what_needs(visit, place, now) if changes else None,
        ill=address("ill", studio=place.key) if changes else None,
        who=str(visit.member.account_id),
        undo=await undo_bar(visit, home(place.key, opened.row.id if opened else None, shown)),
        said=said(visit),
    )
    links = [Link(each.name, address(PATH, studio=each.key), each == place) for each in theirs]
    return page(visit, "today.html", visit.words.gettext("Today"), view, links)


def _at(place: Place, today: date, day: date) -> str:
    return home(place.key, day=None if day == today else day)


def _is_theirs(visit: Visit, on: Schedule, row: AnyRow) -> bool:
    member = visit.member
    return member.role is not Role.INSTRUCTOR or member.employee_id in on.instructors[row.id]


# --- The classes of the day ---------------------------------------------------------------------


def _opened(visit: Visit, slots: Sequence[Placed], now: datetime) -> Placed | None:
    """The one that the address names, or else the one that is nearest to now. Raises `NotThere`."""
    wanted = visit.asked_id("slot")
    if wanted is not None:
        for each in slots:
            if each.row.id == wanted:
                return each
        raise NotThere(str(wanted))
    return nearest(slots, now)


def nearest(slots: Sequence[Placed], now: datetime) -> Placed | None:
    """The class for which people come now: of those that take place and are not over the one whose start is
    nearest; where all are over, the last one."""
    takes_place = [each for each in slots if each.row.status is not SlotStatus.CANCELED]
    ahead = [each for each in takes_place if each.row.ends_at > now]
    if ahead:
        return min(ahead, key=lambda each: abs(each.row.starts_at - now))
    return takes_place[-1] if takes_place else None


def _entries(
    writer: SlotWriter,
    slots: Sequence[Placed],
    opened: Placed | None,
    place: Place,
    now: datetime,
    day: date | None,
) -> Iterator[Entry]:
    passed = False
    for each in slots:
        begins_after = day is None and each.row.starts_at > now and not passed
        passed = passed or begins_after
        slot = writer.write(each)
        states = slot.classes.split()
        kept = [state for state in states if state in ("over", "cancelled")]
        yield Entry(
            slot=slot,
            href=home(place.key, each.row.id, day),
            classes=" ".join([states[0], *kept, *(["open"] if each is opened else [])]),
            running="running" in states,
            is_open=each is opened,
            now_before=begins_after,
        )


def _sum(words: Words, slots: Sequence[Placed]) -> str:
    on = [each.row for each in slots if each.row.status is not SlotStatus.CANCELED]
    booked = sum(each.seats + each.additional_participants for each in on)
    waiting = sum(each.waiting for each in on)
    parts = [
        words.ngettext("%(n)s class", "%(n)s classes", len(on)),
        words.ngettext("%(n)s booked", "%(n)s booked", booked),
    ]
    if waiting:
        parts.append(words.ngettext("%(n)s waiting", "%(n)s waiting", waiting))
    return ", ".join(parts)


async def _door(
    visit: Visit,
    writer: SlotWriter,
    on: Schedule,
    opened: Placed | None,
    place: Place,
    day: date | None,
) -> Door | None:
    if opened is None:
        return None
    people = await visit.read(front_desk.people, opened.row.id)
    left = await visit.read(of_those_on, opened.row.id, people)
    title = on.classes[opened.row.class_id].title
    back = home(place.key, opened.row.id, day)
    now = visit.services.clock.now()
    return DoorWriter(visit.words, writer, now, visit.member).write(
        opened, title, people, left, back
    )


# --- What is done here --------------------------------------------------------------------------


async def the_rest(visit: Visit) -> Response:
    """The rest took part: only who is not ticked yet is."""
    await visit.form()
    slot = await slot_of(visit)
    people = await visit.read(front_desk.people, slot.id)
    answers = await asyncio.gather(
        *(
            visit.services.desk.execute(
                SetParticipation(
                    visit.member.organization_id,
                    slot.studio_id,
                    each.id,
                    Participation.PARTICIPATING,
                    frozenset({Participation.UNSET}),
                ),
                by=visit.member.actor,
            )
            for each in seated(people)
            if each.participation is Participation.UNSET
        )
    )
    refused = any(isinstance(each, Refusal) for each in answers)
    # To this page, with the same class open.
    return visit.to(with_query(_home(visit, slot), said=REFUSED if refused else None))


def _home(visit: Visit, slot: AnyRow) -> str:
    zone = zone_of(slot.zone)
    day, today = day_of(slot.starts_at, zone), day_of(visit.services.clock.now(), zone)
    return home(slot.studio, slot.id, None if day == today else day)
