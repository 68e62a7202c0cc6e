"""What is done to a slot: each a form of its page, or a page that asks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import address, with_query, within
from kursplan.console.consequences import (
    SEEN,
    Done,
    Reason,
    Standing,
    fields_of,
    overruled,
    wants_form,
)
from kursplan.console.consequences.again import done_before, done_lately
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.said import CHANGED
from kursplan.console.slot.which import ask_of, crumbs, proposal_of, slot_of, times_of
from kursplan.console.visit import BadAddress, Visit, number_of
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.engine.turn import Command
from kursplan.desk.give_back import GiveBack
from kursplan.desk.move_up import MoveUp
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.classes import DAY_IN_MINUTES
from kursplan.domain.localtime import instant_of, local
from kursplan.domain.studios import zone_of
from kursplan.domain.values import SAME
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import instructors
from kursplan.store.staff import slot as stored
from kursplan.store.staff import timetable

MOST_PLACES: Final = 100_000


async def cancel(visit: Visit) -> Response:
    """It does not take place; whoever was on it is told."""
    fields, row = await fields_of(visit), await slot_of(visit)
    words = visit.words
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Cancel %(title)s?", title=row.title),
        words.gettext("Cancel the slot"),
        reason=Reason.REQUIRED,
        always=True,
        grave=True,
        note=times_of(visit, row),
    )
    return await ask_of(visit, fields, CancelSlot(visit.member.organization_id, row.id), proposal)


async def restore(visit: Visit) -> Response:
    """It takes place after all: with those who were on it (`people` is `yes`), or with nobody."""
    fields, row = await fields_of(visit), await slot_of(visit)
    words = visit.words
    with_people = fields.get("people", "yes") == "yes"
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Restore %(title)s?", title=row.title),
        words.gettext("Restore with its people")
        if with_people
        else words.gettext("Restore with nobody on it"),
        always=True,
        note=times_of(visit, row),
    )
    command = RestoreSlot(visit.member.organization_id, row.id, with_people)
    return await ask_of(visit, fields, command, proposal)


async def give_back(visit: Visit) -> Response:
    """What was set by hand follows the series again."""
    fields, row = await fields_of(visit), await slot_of(visit)
    words = visit.words
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Give %(title)s back to its series?", title=row.title),
        words.gettext("Give it back"),
        always=True,
        note=times_of(visit, row),
    )
    return await ask_of(visit, fields, GiveBack(visit.member.organization_id, row.id), proposal)


# --- Places -------------------------------------------------------------------------------------


PLACES: Final = {
    "seats": "max_participants",
    "waiting": "max_waiting_list",
    "walk-ins": "additional_participants",
}
"""By the name of the field, the member of the slot."""


async def places(visit: Visit) -> Response:
    """Another number of seats, of positions to wait in, of people without a booking.

    Each number stands in the form beside what it `was-` when the form was shown: two who add one at the same
    time have not added two, so the second is told.
    """
    fields, row = await visit.form(), await slot_of(visit)
    words = visit.words
    named = {field: member for field, member in PLACES.items() if field in fields}
    what: dict[str, Any] = {
        member: _places(field, fields[field]) for field, member in named.items()
    }
    back = within(fields.get("back"), f"slots/{row.id}")
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Change the places of %(title)s?", title=row.title),
        words.gettext("Change the places"),
        reason=Reason.OFFERED,
        back=back,
    )
    command = ChangeSlot(visit.member.organization_id, row.id, **what)
    # Once it was shown what comes of it, that is what counts.
    if SEEN not in fields and any(
        fields.get(f"was-{field}", str(getattr(row, member))) != str(getattr(row, member))
        for field, member in named.items()
    ):
        line = None
        if all(getattr(row, member) == number for member, number in what.items()):
            line = await done_before(visit, command, None)
        if line is None:
            return visit.to(with_query(back, said=CHANGED))
        return told.after(visit, Done(None, (), line, again=True), back)
    return await ask_of(visit, fields, command, proposal)


def _places(field: str, said: str) -> int:
    if not (said.isascii() and said.isdigit() and int(said[:9]) <= MOST_PLACES):
        raise BadAddress(field, said, f"0 … {MOST_PLACES}")
    return int(said)


async def move_up(visit: Visit) -> Response:
    """Give a seat to the first who waits and whom the rules admit.

    `shown` is how many sat there when the button was shown: pressed twice, it is done once.
    """
    fields, row = await visit.form(), await slot_of(visit)
    words = visit.words
    if fields.get("shown", str(row.seats)) != str(row.seats):
        for line in await done_lately(visit, MoveUp.name):
            booked = await visit.read(timetable.booking_by_id, line.subjects[0].id)
            if booked is not None and booked.slot_id == row.id:
                return told.after(visit, Done(None, (), line, again=True), f"slots/{row.id}")
        return visit.to(address(f"slots/{row.id}", said=CHANGED))
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Move the first up?"),
        words.gettext("Move up"),
        overrulable=True,
    )
    command = MoveUp(visit.member.organization_id, row.id, overrule=overruled(fields))
    return await ask_of(visit, fields, command, proposal)


# --- Time and room ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Room:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class MoveView:
    heading: str
    crumbs: tuple[Link, ...]
    back: str
    day: str
    time: str
    minutes: str
    rooms: tuple[Room, ...]
    error: str


async def move(visit: Visit) -> Response:
    """Another time, length or room: a form, and then what it would do."""
    fields, row = await fields_of(visit), await slot_of(visit)
    rooms = await visit.read(stored.rooms_of, row.studio_id)
    if "day" not in fields or wants_form(fields):
        return _move_page(visit, row, rooms, fields, "")
    try:
        command, then = _moved(visit, row, rooms, fields)
    except ValueError:
        said = visit.words.gettext(
            "Give a day, a time, and a length from 1 to %(most)s minutes.", most=DAY_IN_MINUTES
        )
        return _move_page(visit, row, rooms, fields, said)
    words = visit.words
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Move %(title)s?", title=row.title),
        words.gettext("Move it"),
        now=Standing(times_of(visit, row), row.location or words.gettext("no room")),
        then=then,
        always=True,
        has_form=True,
    )
    return await ask_of(visit, fields, command, proposal)


def _moved(
    visit: Visit, row: AnyRow, rooms: Sequence[AnyRow], fields: Mapping[str, str]
) -> tuple[ChangeSlot, Standing]:
    """Raises ValueError for what is no time, no length and no room."""
    start = datetime.combine(
        date.fromisoformat(fields["day"]), time.fromisoformat(fields.get("time", ""))
    ).replace(second=0, microsecond=0)
    minutes = int(fields.get("minutes", ""))
    if not 1 <= minutes <= DAY_IN_MINUTES or start.tzinfo is not None:
        raise ValueError(minutes)
    room = int(fields["room"]) if fields.get("room") else None
    names = {each.id: each.name for each in rooms}
    if room is not None and room not in names:
        raise ValueError(room)
    was = local(row.starts_at, zone_of(row.zone)).replace(tzinfo=None)
    length = int((row.ends_at - row.starts_at).total_seconds() // 60)
    command = ChangeSlot(
        visit.member.organization_id,
        row.id,
        local_start=start if start != was else None,
        duration_minutes=minutes if minutes != length else None,
        location_id=room if room != row.location_id else SAME,
    )
    zone = zone_of(row.zone)
    starts_at = instant_of(start, zone)
    words = visit.words
    ends_at = starts_at + timedelta(minutes=minutes)
    span = words.span(local(starts_at, zone), local(ends_at, zone))
    return command, Standing(span, names[room] if room else words.gettext("no room"))


def _move_page(
    visit: Visit, row: AnyRow, rooms: Sequence[AnyRow], fields: Mapping[str, str], error: str
) -> Response:
    words = visit.words
    start = local(row.starts_at, zone_of(row.zone))
    length = int((row.ends_at - row.starts_at).total_seconds() // 60)
    chosen = fields.get("room", str(row.location_id or ""))
    view = MoveView(
        heading=words.gettext("Move %(title)s", title=row.title),
        crumbs=crumbs(visit, row),
        back=f"slots/{row.id}",
        day=fields.get("day", start.date().isoformat()),
        time=fields.get("time", f"{start:%H:%M}"),
        minutes=fields.get("minutes", str(length)),
        rooms=(
            Room("", words.gettext("no room"), not chosen),
            *(Room(str(each.id), each.name, chosen == str(each.id)) for each in rooms),
        ),
        error=error,
    )
    return page(visit, "slot/move.html", view.heading, view)


# --- Who gives it -------------------------------------------------------------------------------


async def stand_in(visit: Visit) -> Response:
    """`stand-in` gives it instead of `replaced`; where nobody gives it, simply gives it."""
    fields, row = await visit.form(), await slot_of(visit)
    words = visit.words
    who = number_of("stand-in", fields.get("stand-in", ""))
    replaced = fields.get("replaced", "")
    organization_id = visit.member.organization_id
    command: Command[Any] = (
        PutStandIn(organization_id, row.id, number_of("replaced", replaced), who)
        if replaced
        else ChangeSlot(organization_id, row.id, instructor_ids=(who,))
    )
    names = await visit.read(timetable.employees)
    proposal = proposal_of(
        visit,
        row,
        words.gettext("%(who)s for %(title)s?", who=names.get(who, str(who)), title=row.title),
        words.gettext("Take as stand-in"),
    )
    return await ask_of(visit, fields, command, proposal)


async def stand_in_back(visit: Visit) -> Response:
    """Whom `stand-in` replaced gives it again."""
    fields, row = await visit.form(), await slot_of(visit)
    words = visit.words
    who = number_of("stand-in", fields.get("stand-in", ""))
    proposal = proposal_of(
        visit, row, words.gettext("Take the stand-in back?"), words.gettext("Take back")
    )
    command = RemoveStandIn(visit.member.organization_id, row.id, who)
    return await ask_of(visit, fields, command, proposal)


@dataclass(frozen=True, slots=True)
class SwapOffer:
    slot_id: int
    here: int
    there: int
    what: str
    label: str


@dataclass(frozen=True, slots=True)
class SwapView:
    heading: str
    crumbs: tuple[Link, ...]
    path: str
    back: str
    offers: tuple[SwapOffer, ...]


async def swap(visit: Visit) -> Response:
    """Two instructors change places: which, of those who give a slot here on that day; and then it is done."""
    fields, row = await fields_of(visit), await slot_of(visit)
    if "other" not in fields:
        return await _swap_page(visit, row)
    words = visit.words
    here, other, there = (
        number_of(name, fields.get(name, "")) for name in ("here", "other", "there")
    )
    if other == row.id:
        raise BadAddress("other", str(other), words.gettext("another slot"))
    proposal = proposal_of(
        visit, row, words.gettext("Swap the instructors?"), words.gettext("Swap them")
    )
    command = SwapInstructors(visit.member.organization_id, row.id, here, other, there)
    return await ask_of(visit, fields, command, proposal)


async def _swap_page(visit: Visit, row: AnyRow) -> Response:
    words, zone = visit.words, zone_of(row.zone)
    day = local(row.starts_at, zone).date()
    since, until = (datetime.combine(day, at, zone) for at in (time.min, time.max))
    rows = await visit.read(timetable.slots_of_studio, row.studio_id, since, until)
    given = await visit.read(instructors.of_slots, [each.id for each in rows])
    names = await visit.read(timetable.employees)
    offers = [
        SwapOffer(
            each.id,
            here,
            there,
            f"{each.title}, {words.moment(local(each.starts_at, zone))}",
            words.gettext("%(here)s and %(there)s", here=names[here], there=names[there]),
        )
        for each in rows
        if each.id != row.id and each.status == row.status
        for here in given[row.id]
        for there in given[each.id]
        if here not in given[each.id] and there not in given[row.id]
    ]
    view = SwapView(
        words.gettext("Swap instructors of %(title)s", title=row.title),
        crumbs(visit, row),
        f"slots/{row.id}/swap",
        f"slots/{row.id}",
        tuple(offers),
    )
    return page(visit, "slot/swap.html", view.heading, view)
