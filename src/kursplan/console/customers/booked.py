"""The bookings of a customer, each as one row: what it is, how it stands, what can be done with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from kursplan.console.customers.facts import Facts
from kursplan.console.frame import Link
from kursplan.console.timetable.view import Sign
from kursplan.console.tones import tone_of
from kursplan.console.words import Words
from kursplan.domain.accounts import StaffMember
from kursplan.domain.bookings import SEATED, BookingStatus, Participation
from kursplan.domain.cancelling import in_time_until, is_late
from kursplan.domain.localtime import local
from kursplan.domain.slots import PARTICIPATION_OPENS
from kursplan.domain.studios import zone_of
from kursplan.staff.flags import Flags
from kursplan.store.engine.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Act:
    """A button: what it is called, and where its form goes."""

    label: str
    action: str
    full: str
    """The same with what it is about, for those who hear it alone."""
    value: str = ""
    """What the button says besides: a word of `Participation`."""
    is_first: bool = False
    """Whether it is what most come for."""


@dataclass(frozen=True, slots=True)
class BookedView:
    href: str
    when: str
    title: str
    where: str
    sign: Sign
    notes: tuple[str, ...]
    """What somebody has to know of it, the gravest first."""
    acts: tuple[Act, ...]
    past: Link | None
    """The history of the booking; None where it is in a studio that is not theirs."""
    tone: str


class BookedWriter:
    def __init__(
        self, words: Words, found: Facts, flags: Flags, now: datetime, member: StaffMember
    ) -> None:
        self._words = words
        self._member = member
        self._found = found
        self._flags = flags
        self._now = now

    def to_come(self) -> tuple[BookedView, ...]:
        return tuple(
            self._row(row, self._sign(row), tuple(self._notes(row)), tuple(self._acts(row)))
            for row in self._found.to_come
        )

    def past(self) -> tuple[BookedView, ...]:
        return tuple(
            self._row(row, self._past_sign(row), (), tuple(self._past_acts(row)))
            for row in self._found.past
        )

    def _row(
        self, row: AnyRow, sign: Sign, notes: tuple[str, ...], acts: tuple[Act, ...]
    ) -> BookedView:
        start = local(row.starts_at, zone_of(row.zone))
        several = len(self._found.studios) > 1
        where = (row.location, row.studio_name if several else None)
        return BookedView(
            f"slots/{row.slot_id}",
            self._words.moment(start),
            row.title,
            " · ".join(each for each in where if each),
            sign,
            notes,
            acts,
            self._past(row) if self._member.has(row.studio_id) else None,
            tone_of(row.class_id),
        )

    def _past(self, row: AnyRow) -> Link:
        what = self._words.gettext("History of the booking of %(who)s", who=self._what(row))
        return Link(what, f"bookings/{row.id}")

    # --- To come --------------------------------------------------------------------------------

    def _sign(self, row: AnyRow) -> Sign:
        gettext = self._words.gettext
        if row.conflict is not None:
            return Sign("flag", "flag", gettext("Flagged"))
        match row.status:
            case BookingStatus.WAITING_LIST:
                return Sign(
                    "wait",
                    "wait",
                    gettext("Waits, %(n)s ahead", n=row.ahead)
                    if row.ahead
                    else gettext("Waits, is next"),
                )
            case BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
                return Sign("wait", "warning", gettext("To be confirmed"))
        return self._part(row) or Sign("", "check", gettext("Seat"))

    def _notes(self, row: AnyRow) -> Iterator[str]:
        gettext = self._words.gettext
        if row.conflict is not None:
            yield _sentence(self._flags.conflict(row, self._words))
        if row.settled:
            why = "; ".join(self._flags.settled(row, self._words))
            yield gettext("Would be refused today, and stays: %(why)s", why=why)
        if row.skipped is not None:
            yield gettext("Passed over: %(why)s", why=self._flags.skipped(row, self._words))
        booking, slot = self._found.bookings.get(row.id), self._found.slots.get(row.slot_id)
        if booking is None or slot is None:
            return
        zone = slot.studio.zone
        if row.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
            until = local(row.confirm_until, zone)
            yield gettext("To be confirmed until %(moment)s", moment=self._words.moment(until))
        if booking.waiting or slot.has_started(self._now) or booking.is_contested:
            return
        if is_late(slot, booking, self._now):
            yield gettext("Cancelling would be late now")
        else:
            until = local(min(in_time_until(slot, booking), slot.starts_at), zone)
            yield gettext("Can be given back until %(moment)s", moment=self._words.moment(until))

    def _acts(self, row: AnyRow) -> Iterator[Act]:
        gettext = self._words.gettext
        if row.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
            yield self._act(row, gettext("Confirm"), "confirm")
        if row.status is BookingStatus.WAITING_LIST:
            yield self._act(row, gettext("Move up"), "move-up")
        elif self._now >= row.starts_at - PARTICIPATION_OPENS:
            yield from self._ticks(row)
        if row.conflict is not None:
            yield self._act(row, gettext("It stays …"), "settle")
        yield self._act(row, gettext("Cancel"), "cancel")

    # --- Past -----------------------------------------------------------------------------------

    def _past_sign(self, row: AnyRow) -> Sign:
        gettext = self._words.gettext
        if row.status is BookingStatus.CANCELED:
            late = gettext("Cancelled late") if row.late else gettext("Cancelled")
            return Sign("", "cross", late)
        if row.status is BookingStatus.WAITING_LIST:
            return Sign("", "wait", gettext("Waited in vain"))
        return self._part(row) or Sign("bare", "minus", gettext("Not noted"))

    def _past_acts(self, row: AnyRow) -> Iterator[Act]:
        if row.status in SEATED:
            yield from self._ticks(row)
        if row.status is BookingStatus.CANCELED and row.late:
            yield self._act(row, self._words.gettext("Waive …"), "waive")

    def _ticks(self, row: AnyRow) -> Iterator[Act]:
        """Whether they are there: for a card that is scanned at the counter, and for what nobody noted."""
        if row.participation is Participation.UNSET:
            for said, label in (
                (Participation.PARTICIPATING, self._words.gettext("Here")),
                (Participation.NOT_PARTICIPATING, self._words.gettext("Missing")),
            ):
                act = self._act(row, label, "participation")
                is_first = said is Participation.PARTICIPATING and row.ends_at > self._now
                yield replace(act, value=said.value, is_first=is_first)

    def _part(self, row: AnyRow) -> Sign | None:
        if row.participation is Participation.PARTICIPATING:
            return Sign("good", "check", self._words.gettext("Here"))
        if row.participation is Participation.NOT_PARTICIPATING:
            return Sign("stop", "cross", self._words.gettext("Missing"))
        return None

    def _act(self, row: AnyRow, label: str, what: str) -> Act:
        return Act(label, f"bookings/{row.id}/{what}", self._what(row))

    def _what(self, row: AnyRow) -> str:
        return f"{row.title}, {self._words.moment(local(row.starts_at, zone_of(row.zone)))}"


def _sentence(said: str) -> str:
    return said[:1].upper() + said[1:]
