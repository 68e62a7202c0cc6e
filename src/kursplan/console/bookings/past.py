"""The history of one booking: what became of it, line by line, through whom and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from kursplan.console.addresses import address
from kursplan.console.frame import AT_THE_DESK, Link
from kursplan.console.history.lines import LineView, LineWriter, line_writer
from kursplan.console.page import page
from kursplan.console.said import said as said_of_last
from kursplan.console.told import undo_bar
from kursplan.console.told.sayings import said_of
from kursplan.console.told.view import UndoView
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import Action, may
from kursplan.domain.bookings import BookingStatus, Ending, Participation
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.names import full_name
from kursplan.domain.refusals import Kind
from kursplan.domain.settling import kind_of
from kursplan.domain.studios import zone_of
from kursplan.staff.refusals import clause
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import contacts, history, timetable
from kursplan.store.staff.history import Span, Told

LINES: Final = 200
"""So much stands on the page; no booking that people made has nearly as much."""

CANCELLED: Final = {
    Ending.GIVEN_UP: _("Given back"),
    Ending.STAFF: _("Cancelled by staff"),
    Ending.NOT_CONFIRMED: _("Cancelled: it was not confirmed in time"),
    Ending.NOT_ADMITTED: _("Cancelled: it would be refused by now"),
    Ending.SLOT_CANCELLED: _("Cancelled with its slot"),
    Ending.STUDIO_CLOSED: _("Cancelled: the studio is closed then"),
    Ending.SERIES_CHANGED: _("Cancelled: the series has no such slot any more"),
    Ending.CUSTOMER_DELETED: _("Cancelled: the customer is forgotten"),
}
NOTED: Final = {
    Participation.PARTICIPATING: _("Noted: here"),
    Participation.NOT_PARTICIPATING: _("Noted: missing"),
    Participation.UNSET: _("Noted: nothing any more"),
}


@dataclass(frozen=True, slots=True)
class PastView:
    """Where the page is, whose booking it is and of what, and what became of it."""

    here: str
    heading: str
    crumbs: tuple[Link, ...]
    lines: tuple[LineView, ...]
    decide: Link | None
    """What there is to decide about it, or what was decided and may be asked again."""
    undo: UndoView | None
    said: str
    """What became of what they did last."""


async def handler(visit: Visit) -> Response:
    booking_id = number_of("booking_id", visit.request.path_params["booking_id"])
    rows = await visit.read(contacts.of_bookings, [booking_id])
    if not rows:
        raise NotThere(str(booking_id))
    [row] = rows
    words, zone = visit.words, zone_of(row.zone)
    found = await visit.read(history.about, EntityKind.BOOKING, booking_id, Span(limit=LINES))
    writer = await line_writer(visit, found, zone)
    at = words.moment(local(row.starts_at, zone))
    view = PastView(
        f"bookings/{booking_id}",
        words.gettext("Booking of %(name)s", name=_name(words, row)),
        tuple(_crumbs(visit, row, at)),
        tuple(_line(words, zone, writer, each, booking_id) for each in found),
        await _to_decide(visit, booking_id),
        await undo_bar(visit, f"bookings/{booking_id}"),
        said_of_last(visit),
    )
    return page(visit, "bookings/past.html", view.heading, view)


async def _to_decide(visit: Visit, booking_id: int) -> Link | None:
    """For who decides: those at the desk, as long as it is not over."""
    row = await visit.read(timetable.booking_by_id, booking_id)
    if row is None or visit.member.role not in AT_THE_DESK:
        return None
    if row.status is BookingStatus.CANCELED or row.ends_at <= visit.services.clock.now():
        return None
    here, words = f"bookings/{booking_id}", visit.words
    if row.conflict is not None:
        return Link(words.gettext("It stays …"), address(f"{here}/settle", back=here), icon="check")
    if row.settled:
        again = address(f"{here}/ask-again", back=here)
        return Link(words.gettext("Decide again …"), again, icon="flag")
    return None


def _crumbs(visit: Visit, row: AnyRow, at: str) -> Iterator[Link]:
    yield Link(f"{row.title}, {at}", f"slots/{row.slot_id}")
    if may(visit.member, Action.SEE_CUSTOMERS):
        yield Link(_name(visit.words, row), f"customers/{row.customer_id}")


def _name(words: Words, row: AnyRow) -> str:
    name = full_name(row)
    return name or words.gettext("Customer %(number)s", number=row.customer_id)


def _line(
    words: Words, zone: ZoneInfo, writer: LineWriter, line: Told, booking_id: int
) -> LineView:
    """What became of the booking; and where it came of something else that was done, of what."""
    what, done = became(words, line, booking_id, zone), said_of(words, line).rstrip(".")
    if line.subjects[0].id == booking_id:
        return replace(writer.line(line), what=what or done, about="")
    done = ", ".join(filter(None, (done, writer.whose_first(line))))
    return replace(writer.line(line), what=what or done, about=done if what else "")


def became(words: Words, line: Told, booking_id: int, zone: ZoneInfo) -> str:
    """What the line says of that booking, in words; nothing where it says nothing that means anything alone."""
    of = next(each for each in line.subjects if each.id == booking_id)
    return " · ".join(_became(words, of.before, of.after or {}, zone))


def _became(
    words: Words, before: dict[str, Any] | None, after: dict[str, Any], zone: ZoneInfo
) -> Iterator[str]:
    gettext = words.gettext
    if "status" in after:
        yield _status(words, before, after)
    if "starts_at" in after and before:
        now, then = (_moment(words, of["starts_at"], zone) for of in (after, before))
        yield gettext("%(now)s instead of %(then)s", now=now, then=then)
    if after.get("confirm_until"):
        until = _moment(words, after["confirm_until"], zone)
        yield gettext("To be confirmed until %(moment)s", moment=until)
    if overruled := after.get("overruled"):
        rules = words.listed([gettext(clause(Kind(each))) for each in overruled])
        yield gettext("Set aside: %(rules)s", rules=rules)
    if "participation" in after:
        yield gettext(NOTED[Participation(after["participation"])])
    if after.get("conflict"):
        yield gettext("Flagged: %(why)s", why=gettext(clause(Kind(after["conflict"]))))
    elif settled := after.get("settled"):
        why = words.listed([gettext(clause(kind_of(each))) for each in settled])
        yield gettext("Decided: it stays (%(why)s)", why=why)
    elif "conflict" in after or "settled" in after:
        yield gettext("Not flagged any more")
    if after.get("skipped"):
        yield gettext("Passed over: %(why)s", why=gettext(clause(Kind(after["skipped"]))))
    if after.get("late") is False and "status" not in after:
        yield gettext("The lateness is waived.").rstrip(".")
    if before is not None and "membership_id" in after and "status" not in after:
        yield gettext("Another membership is used")


def _status(words: Words, before: dict[str, Any] | None, after: dict[str, Any]) -> str:
    gettext = words.gettext
    is_ = BookingStatus(after["status"])
    if is_ is BookingStatus.CANCELED:
        ended = after.get("ended")
        how = gettext(CANCELLED[Ending(ended)]) if ended else gettext("Cancelled")
        return gettext("%(how)s, late", how=how) if after.get("late") else how
    waits = is_ is BookingStatus.WAITING_LIST
    match None if before is None else BookingStatus(before["status"]):
        case None:
            return gettext("Booked, waits") if waits else gettext("Booked, has a seat")
        case BookingStatus.CANCELED:
            return gettext("Back, waits") if waits else gettext("Back, has a seat")
        case BookingStatus.WAITING_LIST:
            return gettext("Moved up, has a seat")
        case BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
            return gettext("Confirmed")
        case _:
            return gettext("Waits") if waits else gettext("Has a seat")


def _moment(words: Words, at: str, zone: ZoneInfo) -> str:
    return words.moment(local(datetime.fromisoformat(at), zone))
