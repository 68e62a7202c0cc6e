"""After something changed for people: whom to tell, how they are reached and what happened; and the way back.

The list is made of the line that the history has of the change, so there is nothing to be kept for it: its
address can be opened again by whoever may, as long as the history has the line. What is ticked off stays
in the browser.

Every page shows with `undo_bar` what was just done, where its address says `done`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from kursplan.console import about
from kursplan.console.addresses import address, with_query, within
from kursplan.console.consequences import Done, Proposal, Reason, ask
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.told import plans
from kursplan.console.told.back import UNDO_FOR, way_back
from kursplan.console.told.sayings import said_of
from kursplan.console.told.view import PersonView, ToldView, UndoView
from kursplan.console.visit import NotThere, Subject, Visit
from kursplan.console.words import Words
from kursplan.desk.engine.turn import Command
from kursplan.domain.accounts import Action, Role, StaffMember, may
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.consequences import Becomes
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.names import full_name
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import classes, contacts, history, studio, timetable
from kursplan.store.staff.history import Subject as Changed
from kursplan.store.staff.history import Told

DONE: Final = "done"
"""The parameter of an address that names what was just done."""
AGAIN: Final = "again"
"""Stands beside it where it had been done already, and was not done a second time."""
YES: Final = "yes"
TOGETHER: Final = 100
"""How many changes one list is of at most."""
WRITTEN_TO_AT_ONCE: Final = 90
"""Beyond so many addresses, programs for e-mail cut a link off; then each has its own."""
SAY: Final = frozenset(
    {Becomes.CANCELLED, Becomes.MOVED, Becomes.FLAGGED, Becomes.BACK, Becomes.PROMOTED}
)
"""What people do not know by themselves."""
_TOUCHING: Final = frozenset({EntityKind.SLOT, EntityKind.BOOKING})
"""What has people on it: of everything else that is changed nobody has to be told."""
FOR_NOBODY: Final = frozenset(
    {
        "add-booking",
        "ask-again",
        "confirm",
        "copy-week",
        "plan-series",
        "plan-slot",
        "record-rate",
        "set-participation",
        "settle",
        "waive-lateness",
    }
)
"""The commands after which nobody has to be told: who is there knows it, nobody is booked yet, or it is between
staff."""
NEEDED: Final = {EntityKind.CLOSURE: Action.SETTINGS} | plans.NEEDED
"""What one has to be allowed to go back, where more is needed than to see it."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


# --- From a change to its list ------------------------------------------------------------------


def after(visit: Visit, done: Done[Any], back: str, *, knows: int | None = None) -> Response:
    """Where somebody gets to when it is done: the list, where somebody has to be told; else back.

    `knows` is the customer for whom it is done, who stands there or is on the telephone.
    """
    if done.line is None:
        return visit.to(back)
    name = name_of(done.line)
    if done.again:
        touches = any(each.kind is EntityKind.BOOKING for each in done.line.subjects[1:])
        if touches:
            return visit.to(address(f"told/{name}", back=back, **{AGAIN: YES}))
        return visit.to(with_query(back, **{DONE: name, AGAIN: YES}))
    tells = done.line.command not in FOR_NOBODY
    if tells and any(e.becomes in SAY and e.customer_id != knows for e in done.changes):
        return visit.to(address(f"told/{name}", back=back))
    return visit.to(with_query(back, **{DONE: name}))


def name_of(line: Told) -> str:
    """By which a line of history is named in addresses."""
    return f"{(line.happened_at - _EPOCH) // _MILLISECOND}-{line.id}"


def instant_and_number(name: str) -> tuple[datetime, int] | None:
    """The same read; None where it can't be."""
    at, _, number = name.partition("-")
    if not all(each.isascii() and each.isdigit() and len(each) < 17 for each in (at, number)):
        return None
    try:
        return _EPOCH + int(at) * _MILLISECOND, int(number)
    except OverflowError:
        return None


async def undo_bar(visit: Visit, back: str) -> UndoView | None:
    """What was just done, where the address says so; `back` is this page."""
    name = visit.asked(DONE)
    if name is None:
        return None
    line = await visit.read(_line_named, name)
    if line is None:
        return None
    return await _undo(visit, line, back, tell=True)


async def _undo(visit: Visit, line: Told, back: str, *, tell: bool) -> UndoView:
    offered = await _way_back(visit, line) is not None
    name = name_of(line)
    touches = line.command not in FOR_NOBODY
    touches = touches and any(each.kind in _TOUCHING for each in line.subjects)
    return UndoView(
        f"{_again(visit)} {said_of(visit.words, line)}".strip(),
        f"told/{name}/undo" if offered else None,
        address(f"told/{name}", back=back) if tell and touches else None,
        back,
    )


def _again(visit: Visit) -> str:
    """Said where whoever sent a form had done so already."""
    if visit.asked(AGAIN) is None:
        return ""
    return visit.words.gettext("You have done this already.")


async def _way_back(visit: Visit, line: Told) -> Command[Any] | None:
    """What takes it back, as long as that is offered and nothing else happened to it since."""
    if not await visit.read(history.is_last_about, line):
        return None
    return await _command_back(visit, line)


async def _command_back(visit: Visit, line: Told) -> Command[Any] | None:
    if visit.services.clock.now() - line.happened_at > UNDO_FOR:
        return None
    first = line.subjects[0]
    needed = NEEDED.get(first.kind)
    studio_id = await visit.read(_studio_of, line)
    if needed is not None and not may(visit.member, needed, studio_id):
        return None
    if first.kind in plans.NEEDED:
        return await visit.read(plans.way_back, line)
    about_ = await visit.read(_about_first, line)
    fresh_id = await visit.services.desk.ids.next()
    return way_back(visit.member.organization_id, line, about_, fresh_id)


async def _gone_back(visit: Visit, line: Told) -> Told | None:
    """The line by which they have taken it back themselves, as whoever presses the button twice has."""
    command = await _command_back(visit, line)
    last = await visit.read(history.last_about, line.subjects[0].id)
    if command is None or last is None or last.id == line.id:
        return None
    return last if last.by == visit.member.actor and last.command == command.name else None


# --- The pages ----------------------------------------------------------------------------------


def line_in_path(tx: Connection, request: Request, member: StaffMember) -> Subject | None:
    """The slot that the line of history is about, by itself or through a booking, or the studio of the
    closure, class or series; else they see only who has a booking in a studio that is theirs."""
    organization_id = member.organization_id
    line = _line_named(tx, organization_id, request.path_params["line"])
    if line is None:
        raise NotThere(request.path_params["line"])
    first = _about_first(tx, organization_id, line)
    slot_id = _slot_id(line, first)
    if slot_id is not None:
        return about.slot(tx, organization_id, slot_id)
    if member.role is Role.INSTRUCTOR:
        raise NotThere(request.path_params["line"])
    studio_id = _studio_of(tx, organization_id, line)
    return None if studio_id is None else Subject(studio_id)


async def handler(visit: Visit) -> Response:
    """The list."""
    line = await line_of(visit)
    back = within(visit.asked("back"), "timetable")
    view = await _view(visit, line, back)
    return page(visit, "told.html", view.heading, view)


def address_of(lines: Sequence[Told], back: str) -> str:
    """Where the one list for several changes is that belong together."""
    return address("told", lines=",".join(name_of(each) for each in lines), back=back)


async def together(visit: Visit) -> Response:
    """One list for several changes that belong together: those of them that are about a studio of theirs."""
    back = within(visit.asked("back"), "timetable")
    names = (visit.asked("lines") or "").split(",")[:TOGETHER]
    found = [await visit.read(_line_named, each) for each in names]
    views = [
        await _view(visit, line, back)
        for line in found
        if line is not None and await _is_theirs(visit, line)
    ]
    people = tuple(person for each in views for person in each.people)
    reached = [each.email for each in people if each.email]
    without = len(people) - len(reached)
    words = visit.words
    view = ToldView(
        heading=words.gettext("Whom to tell"),
        crumbs=tuple(crumb for each in views for crumb in each.crumbs),
        done=words.ngettext("%(n)s change is made.", "%(n)s changes are made.", len(views)),
        reason=next((each.reason for each in views), ""),
        people=people,
        employees=tuple(
            f"{each.crumbs[0].label}: {said}" if each.crumbs else said
            for each in views
            for said in each.employees
        ),
        without_email=words.ngettext("%(n)s to call", "%(n)s to call", without) if without else "",
        mail_to=_mail_to(reached),
        as_text="\n".join(_as_text(each) for each in people),
        undo=UndoView("", None, None, back),
        key=names[0],
    )
    return page(visit, "told.html", view.heading, view)


async def _is_theirs(visit: Visit, line: Told) -> bool:
    row = await visit.read(_about_first, line)
    return row is not None and visit.member.has(row.studio_id)


async def undo(visit: Visit) -> Response:
    """Go back to how it was, as far as there is a way: asked about like any other change."""
    fields = await visit.form()
    line = await line_of(visit)
    words = visit.words
    back = within(fields.get("back"), "timetable")
    command = await _way_back(visit, line)
    if command is None:
        since = await _gone_back(visit, line)
        if since is not None:
            return after(visit, Done(None, (), since, again=True), back)
        return visit.to(address(f"told/{name_of(line)}", back=back))
    proposal = Proposal(
        words.gettext("Undo it?"),
        words.gettext("Undo it"),
        back=back,
        note=said_of(words, line),
        reason=Reason.OFFERED,
    )
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else after(visit, done, back)


async def line_of(visit: Visit) -> Told:
    """The line of history that the path names. Raises `NotThere`."""
    line = await visit.read(_line_named, visit.request.path_params["line"])
    if line is None:
        raise NotThere(visit.request.path_params["line"])
    return line


def _line_named(tx: Connection, organization_id: int, name: str) -> Told | None:
    named = instant_and_number(name)
    return None if named is None else history.line_at(tx, organization_id, *named)


def _about_first(tx: Connection, organization_id: int, line: Told) -> AnyRow | None:
    """The slot, booking or closure that the line is about."""
    first = line.subjects[0]
    if first.kind is EntityKind.SLOT:
        return timetable.slot_by_id(tx, organization_id, first.id)
    if first.kind is EntityKind.BOOKING:
        return timetable.booking_by_id(tx, organization_id, first.id)
    if first.kind is EntityKind.CLOSURE:
        return studio.closure_by_id(tx, organization_id, first.id)
    return None


def _studio_of(tx: Connection, organization_id: int, line: Told) -> int | None:
    """The studio of what the line is about; None where it is of none."""
    first = line.subjects[0]
    if first.kind is EntityKind.CLASS:
        return classes.studio_of(tx, organization_id, first.id)
    if first.kind is EntityKind.SERIES:
        return classes.studio_of_series(tx, organization_id, first.id)
    row = _about_first(tx, organization_id, line)
    return None if row is None else row.studio_id


def _slot_id(line: Told, row: AnyRow | None) -> int | None:
    kind = line.subjects[0].kind
    if row is None or kind is EntityKind.CLOSURE:
        return None
    return int(row.id if kind is EntityKind.SLOT else row.slot_id)


# --- The list -----------------------------------------------------------------------------------


async def _view(visit: Visit, line: Told, back: str) -> ToldView:
    words = visit.words
    changed = {each.id: each for each in line.subjects if each.kind is EntityKind.BOOKING}
    rows = await visit.read(contacts.of_bookings, changed.keys())
    first = await visit.read(_about_first, line)
    slot_id = _slot_id(line, first)
    people = [
        _person(words, row, what)
        for row in rows
        if visit.member.has(row.studio_id) and (what := _happened(words, changed[row.id], row))
    ]
    employees: list[str] = []
    if slot_id is not None and (given := _given(line, slot_id)) is not None:
        names = await visit.read(timetable.employees)
        what = _instructors(words, given, names)
        employees = [what]
        on_it = await visit.read(contacts.on_slot, slot_id)
        people += [_person(words, row, what) for row in on_it if row.id not in changed]
    reached = [each.email for each in people if each.email]
    crumbs: tuple[Link, ...] = ()
    if first is not None and slot_id is not None:
        at = words.moment(local(first.starts_at, zone_of(first.zone)))
        crumbs = (Link(f"{first.title}, {at}", f"slots/{slot_id}"),)
    without = len(people) - len(reached)
    return ToldView(
        heading=words.gettext("Whom to tell"),
        crumbs=crumbs,
        done=f"{_again(visit)} {said_of(words, line)}".strip(),
        reason=line.reason or "",
        people=tuple(people),
        employees=tuple(employees),
        without_email=words.ngettext("%(n)s to call", "%(n)s to call", without) if without else "",
        mail_to=_mail_to(reached),
        as_text="\n".join(_as_text(each) for each in people),
        undo=await _undo(visit, line, back, tell=False),
        key=name_of(line),
        partners=address(f"told/{name_of(line)}/partners", back=back)
        if may(visit.member, Action.INTEGRATIONS)
        else "",
    )


def _person(words: Words, row: AnyRow, what: str) -> PersonView:
    return PersonView(
        id=row.customer_id,
        name=full_name(row) or words.gettext("Customer %(number)s", number=row.customer_id),
        href=f"customers/{row.customer_id}",
        number=row.number or "",
        phone=row.phone or "",
        email=row.email or "",
        language=words.language_name(row.language) if row.language else "",
        what=what,
    )


def _happened(words: Words, changed: Changed, row: AnyRow) -> str:
    """What became of the booking, as it is told; nothing where there is nothing to tell."""
    before, after_ = changed.before, changed.after or {}
    zone = zone_of(row.zone)
    at = words.moment(local(row.starts_at, zone))
    named = {"title": row.title, "at": at}
    status = after_.get("status")
    if before is None:
        if status == BookingStatus.WAITING_LIST:
            return words.gettext("waits for %(title)s, %(at)s", **named)
        return words.gettext("has a place on %(title)s, %(at)s", **named)
    was = before.get("status")
    if status == BookingStatus.CANCELED:
        if after_.get("ended") == "SLOT_CANCELLED":
            return words.gettext("%(title)s, %(at)s, does not take place", **named)
        return words.gettext("has no place on %(title)s, %(at)s, any more", **named)
    if was == BookingStatus.CANCELED:
        if status == BookingStatus.WAITING_LIST:
            return words.gettext("waits again for %(title)s, %(at)s", **named)
        return words.gettext("is back on %(title)s, %(at)s", **named)
    if was == BookingStatus.WAITING_LIST:
        return words.gettext("moved up, has a seat on %(title)s, %(at)s", **named)
    if "starts_at" in before:
        then = words.moment(local(datetime.fromisoformat(before["starts_at"]), zone))
        return words.gettext("%(title)s is not %(then)s but %(at)s", then=then, **named)
    if after_.get("conflict"):
        return words.gettext(
            "has a booking that is not allowed any more: %(title)s, %(at)s", **named
        )
    return ""


def _given(line: Told, slot_id: int) -> tuple[Sequence[int], Sequence[int]] | None:
    """Who gave the slot before and who gives it now, where that changed."""
    for each in line.subjects:
        if each.id == slot_id and each.after is not None and "instructors" in each.after:
            before: Mapping[str, Any] = each.before or {}
            return before.get("instructors") or (), each.after["instructors"] or ()
    return None


def _instructors(
    words: Words, given: tuple[Sequence[int], Sequence[int]], names: Mapping[int, str]
) -> str:
    before, now = ([names[each] for each in of if each in names] for of in given)
    if not now:
        return words.gettext("nobody gives it")
    who = words.listed(now)
    if not before:
        return words.gettext("%(who)s gives it", who=who)
    return words.gettext("%(who)s gives it instead of %(whom)s", who=who, whom=words.listed(before))


def _mail_to(reached: Sequence[str]) -> str:
    if not reached or len(reached) > WRITTEN_TO_AT_ONCE:
        return ""
    return "mailto:?bcc=" + quote(",".join(dict.fromkeys(reached)), safe="@,")


def _as_text(person: PersonView) -> str:
    told = (person.name, person.number, person.phone, person.email, person.language, person.what)
    return "\t".join(told)
