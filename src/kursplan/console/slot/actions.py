"""What is done to a slot: each a form of its page, or a page that asks first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from kursplan.console import places as studios
from kursplan.console import told
from kursplan.console.addresses import address, with_query, within
from kursplan.console.consequences import (
    SEEN,
    Done,
    Proposal,
    Reason,
    Standing,
    ask,
    fields_of,
    overruled,
)
from kursplan.console.consequences.again import done_before, done_lately
from kursplan.console.find import TYPED, as_typed, in_turn
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.said import CHANGED
from kursplan.console.visit import BadAddress, NotThere, Visit, number_of
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.engine.turn import Command
from kursplan.desk.give_back import GiveBack
from kursplan.desk.move_up import MoveUp
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.swap_instructors import SwapInstructors
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import DAY_IN_MINUTES
from kursplan.domain.localtime import instant_of, local
from kursplan.domain.names import full_name
from kursplan.domain.refusals import Refusal
from kursplan.domain.studios import zone_of
from kursplan.domain.values import SAME
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import instructors
from kursplan.store.staff import contacts, customers, timetable
from kursplan.store.staff import slot as stored

MOST_PLACES: Final = 100_000
FOUND: Final = 12
"""How many customers are offered at once; whoever is not among them needs more letters."""
SUGGESTED: Final = 6
"""How many of them while somebody types."""


async def cancel(visit: Visit) -> Response:
    """It does not take place; whoever was on it is told."""
    fields, row = await fields_of(visit), await _slot(visit)
    words = visit.words
    proposal = _proposal(
        visit,
        row,
        words.gettext("Cancel %(title)s?", title=row.title),
        words.gettext("Cancel the slot"),
        reason=Reason.REQUIRED,
        always=True,
        grave=True,
        note=_at(visit, row),
    )
    return await _ask(visit, fields, CancelSlot(visit.member.organization_id, row.id), proposal)


async def restore(visit: Visit) -> Response:
    """It takes place after all: with those who were on it (`people` is `yes`), or with nobody."""
    fields, row = await fields_of(visit), await _slot(visit)
    words = visit.words
    with_people = fields.get("people", "yes") == "yes"
    proposal = _proposal(
        visit,
        row,
        words.gettext("Restore %(title)s?", title=row.title),
        words.gettext("Restore with its people")
        if with_people
        else words.gettext("Restore with nobody on it"),
        always=True,
        note=_at(visit, row),
    )
    command = RestoreSlot(visit.member.organization_id, row.id, with_people)
    return await _ask(visit, fields, command, proposal)


async def give_back(visit: Visit) -> Response:
    """What was set by hand follows the series again."""
    fields, row = await fields_of(visit), await _slot(visit)
    words = visit.words
    proposal = _proposal(
        visit,
        row,
        words.gettext("Give %(title)s back to its series?", title=row.title),
        words.gettext("Give it back"),
        always=True,
        note=_at(visit, row),
    )
    return await _ask(visit, fields, GiveBack(visit.member.organization_id, row.id), proposal)


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
    fields, row = await visit.form(), await _slot(visit)
    words = visit.words
    named = {field: member for field, member in PLACES.items() if field in fields}
    what: dict[str, Any] = {
        member: _places(field, fields[field]) for field, member in named.items()
    }
    back = within(fields.get("back"), f"slots/{row.id}")
    proposal = _proposal(
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
    return await _ask(visit, fields, command, proposal)


def _places(field: str, said: str) -> int:
    if not (said.isascii() and said.isdigit() and int(said[:9]) <= MOST_PLACES):
        raise BadAddress(field, said, f"0 … {MOST_PLACES}")
    return int(said)


async def move_up(visit: Visit) -> Response:
    """Give a seat to the first who waits and whom the rules admit.

    `shown` is how many sat there when the button was shown: pressed twice, it is done once.
    """
    fields, row = await visit.form(), await _slot(visit)
    words = visit.words
    if fields.get("shown", str(row.seats)) != str(row.seats):
        for line in await done_lately(visit, MoveUp.name):
            booked = await visit.read(timetable.booking_by_id, line.subjects[0].id)
            if booked is not None and booked.slot_id == row.id:
                return told.after(visit, Done(None, (), line, again=True), f"slots/{row.id}")
        return visit.to(address(f"slots/{row.id}", said=CHANGED))
    proposal = _proposal(
        visit,
        row,
        words.gettext("Move the first up?"),
        words.gettext("Move up"),
        overrulable=True,
    )
    command = MoveUp(visit.member.organization_id, row.id, overrule=overruled(fields))
    return await _ask(visit, fields, command, proposal)


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
    fields, row = await fields_of(visit), await _slot(visit)
    rooms = await visit.read(stored.rooms_of, row.studio_id)
    if "day" not in fields:
        return _move_page(visit, row, rooms, {}, "")
    try:
        command, then = _moved(visit, row, rooms, fields)
    except ValueError:
        said = visit.words.gettext(
            "Give a day, a time, and a length from 1 to %(most)s minutes.", most=DAY_IN_MINUTES
        )
        return _move_page(visit, row, rooms, fields, said)
    words = visit.words
    proposal = _proposal(
        visit,
        row,
        words.gettext("Move %(title)s?", title=row.title),
        words.gettext("Move it"),
        now=Standing(_at(visit, row), row.location or words.gettext("no room")),
        then=then,
        always=True,
    )
    return await _ask(visit, fields, command, proposal)


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
        crumbs=_crumbs(visit, row),
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
    fields, row = await visit.form(), await _slot(visit)
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
    proposal = _proposal(
        visit,
        row,
        words.gettext("%(who)s for %(title)s?", who=names.get(who, str(who)), title=row.title),
        words.gettext("Take as stand-in"),
    )
    return await _ask(visit, fields, command, proposal)


async def stand_in_back(visit: Visit) -> Response:
    """Whom `stand-in` replaced gives it again."""
    fields, row = await visit.form(), await _slot(visit)
    words = visit.words
    who = number_of("stand-in", fields.get("stand-in", ""))
    proposal = _proposal(
        visit, row, words.gettext("Take the stand-in back?"), words.gettext("Take back")
    )
    command = RemoveStandIn(visit.member.organization_id, row.id, who)
    return await _ask(visit, fields, command, proposal)


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
    fields, row = await fields_of(visit), await _slot(visit)
    if "other" not in fields:
        return await _swap_page(visit, row)
    words = visit.words
    here, other, there = (
        number_of(name, fields.get(name, "")) for name in ("here", "other", "there")
    )
    if other == row.id:
        raise BadAddress("other", str(other), words.gettext("another slot"))
    proposal = _proposal(
        visit, row, words.gettext("Swap the instructors?"), words.gettext("Swap them")
    )
    command = SwapInstructors(visit.member.organization_id, row.id, here, other, there)
    return await _ask(visit, fields, command, proposal)


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
        _crumbs(visit, row),
        f"slots/{row.id}/swap",
        f"slots/{row.id}",
        tuple(offers),
    )
    return page(visit, "slot/swap.html", view.heading, view)


# --- A customer on the slot ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FoundView:
    id: int
    name: str
    href: str
    note: str
    on_it: str
    """Said of who is on the slot already; empty for who can be booked."""


@dataclass(frozen=True, slots=True)
class BookView:
    heading: str
    crumbs: tuple[Link, ...]
    slot: str
    """Where the page of the slot is; its others are below it."""
    back: str
    q: str
    found: tuple[FoundView, ...]


async def book(visit: Visit) -> Response:
    """Whom `q` finds, each with a button that books them; and then it is done."""
    fields, row = await fields_of(visit), await _slot(visit)
    if visit.request.method != "POST":
        back = within(fields.get("back"), f"slots/{row.id}")
        return await _book_page(visit, row, fields.get("who", "").strip(), back)
    words = visit.words
    customer_id = number_of("customer", fields.get("customer", ""))
    names = await visit.read(timetable.names_of_customers, [customer_id])
    if customer_id not in names:
        raise NotThere(str(customer_id))
    booking = Book(
        visit.member.organization_id,
        row.studio_id,
        customer_id,
        row.id,
        await visit.services.desk.ids.next(),
        overrule=overruled(fields),
    )
    proposal = _proposal(
        visit,
        row,
        words.gettext("Book %(who)s on %(title)s?", who=names[customer_id], title=row.title),
        words.gettext("Book"),
        overrulable=True,
        back=within(fields.get("back"), f"slots/{row.id}"),
    )
    return await _ask(visit, fields, AddBooking(booking), proposal)


async def _book_page(visit: Visit, row: AnyRow, q: str, back: str) -> Response:
    """Of all studios: somebody who comes from another one for the first time is found by whoever asks for them."""
    found = await visit.read(customers.find, q) if q else ()
    view = await _book_view(visit, row, found[:FOUND], q, back)
    return page(visit, "slot/book.html", view.heading, view)


async def suggestions(visit: Visit) -> Response:
    """The first few customers of their studios whom what is typed fits, to be booked."""
    fields, row = await visit.form(), await _slot(visit)
    q = as_typed(fields.get(TYPED))
    studio_ids = [each.id for each in await studios.theirs(visit)]

    async def first_few() -> Response:
        found = await visit.read(customers.find, q, studio_ids, SUGGESTED)
        view = await _book_view(visit, row, found, q, f"slots/{row.id}")
        return page(visit, "slot/suggestions.html", "", view)

    return await in_turn(visit, first_few)


async def _book_view(
    visit: Visit, row: AnyRow, found: Sequence[AnyRow], q: str, back: str
) -> BookView:
    words = visit.words
    on_it = {each.customer_id: each.status for each in await visit.read(contacts.on_slot, row.id)}

    def says(customer_id: int) -> str:
        if customer_id not in on_it:
            return ""
        waits = on_it[customer_id] is BookingStatus.WAITING_LIST
        return words.gettext("Waits there") if waits else words.gettext("Has a seat there")

    return BookView(
        words.gettext("Book somebody on %(title)s", title=row.title),
        _crumbs(visit, row),
        f"slots/{row.id}",
        back,
        q,
        tuple(
            FoundView(
                each.id,
                full_name(each),
                f"customers/{each.id}",
                " · ".join(
                    part
                    for part in (
                        each.number,
                        "" if each.date_of_birth is None else words.day(each.date_of_birth),
                        each.email,
                        words.gettext("access refused") if each.access_refused else "",
                    )
                    if part
                ),
                says(each.id),
            )
            for each in found
        ),
    )


# --- What all of them do ------------------------------------------------------------------------


async def _ask(
    visit: Visit, fields: Mapping[str, str], command: Command[Any | Refusal], proposal: Proposal
) -> Response:
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


def _proposal(visit: Visit, row: AnyRow, title: str, does: str, **more: Any) -> Proposal:
    return Proposal(
        title,
        does,
        **{
            "back": f"slots/{row.id}",
            "crumbs": _crumbs(visit, row),
            "slot_id": row.id,
            **more,
        },
    )


def _crumbs(visit: Visit, row: AnyRow) -> tuple[Link, ...]:
    return (Link(f"{row.title}, {_at(visit, row)}", f"slots/{row.id}"),)


def _at(visit: Visit, row: AnyRow) -> str:
    zone = zone_of(row.zone)
    return visit.words.span(local(row.starts_at, zone), local(row.ends_at, zone))


async def _slot(visit: Visit) -> AnyRow:
    slot_id = number_of("slot_id", visit.request.path_params["slot_id"])
    row = await visit.read(timetable.slot_by_id, slot_id)
    if row is None:
        raise NotThere(str(slot_id))
    return row
