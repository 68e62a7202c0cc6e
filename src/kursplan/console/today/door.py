"""The class that is open at the front desk: who comes, who is here, who waits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kursplan.console.addresses import address
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.timetable.view import Sign
from kursplan.console.today.view import Door, Mark, Person, Waits, WalkIns
from kursplan.console.words import Words
from kursplan.domain.accounts import Action, StaffMember, may
from kursplan.domain.bookings import SEATED, BookingStatus, Participation
from kursplan.domain.names import full_name
from kursplan.domain.slots import PARTICIPATION_OPENS, SlotStatus
from kursplan.staff.refusals import clause
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.left import Left

MARKS: Final = (
    ("here", "check", Participation.PARTICIPATING),
    ("missing", "cross", Participation.NOT_PARTICIPATING),
)
A_WHILE: Final = timedelta(minutes=90)
"""How long before the start it is said in how many minutes that is."""


def seated(people: Sequence[AnyRow]) -> list[AnyRow]:
    return [each for each in people if each.status in SEATED]


class DoorWriter:
    """Writes it down, in one language, as of one instant, for one staff member."""

    def __init__(
        self, words: Words, writer: SlotWriter, now: datetime, member: StaffMember
    ) -> None:
        self._words = words
        self._writer = writer
        self._now = now
        self._member = member

    def write(
        self,
        slot: Placed,
        title: str,
        people: Sequence[AnyRow],
        left: Mapping[int, Left],
        back: str,
    ) -> Door:
        """`left` is what is left to them, by booking."""
        words, row = self._words, slot.row
        sit = seated(people)
        marks = [each.participation for each in sit]
        unmarked = marks.count(Participation.UNSET)
        may_tick = row.status is not SlotStatus.CANCELED and self._ticks_since(row) <= self._now
        wait = [each for each in people if each.status is BookingStatus.WAITING_LIST]
        changes = may(self._member, Action.CHANGE_SLOTS)
        is_planned = row.status is SlotStatus.PLANNED and row.ends_at > self._now
        extra = row.additional_participants
        return Door(
            slot_id=row.id,
            time=words.time(slot.start),
            title=title,
            where=self._writer.where(slot),
            soon=self._soon(row),
            is_now=abs(row.starts_at - self._now) < PARTICIPATION_OPENS,
            href=f"slots/{row.id}",
            listing=f"slots/{row.id}/attendance",
            booked=self._taken(row),
            here=words.number(marks.count(Participation.PARTICIPATING) + extra),
            missing=words.number(marks.count(Participation.NOT_PARTICIPATING)),
            open=words.number(unmarked),
            signs=self._writer.write(slot).signs,
            people=tuple(self._person(each, slot, left.get(each.id)) for each in sit),
            waiting=tuple(self._waits(at, each) for at, each in enumerate(wait, 1)),
            waiting_of=words.number(len(wait)),
            may_tick=may_tick,
            may_move_up=is_planned and may(self._member, Action.BOOK),
            note="" if may_tick else self._not_yet(slot),
            rest=f"slots/{row.id}/the-rest" if may_tick and unmarked else None,
            back=back,
            walk_ins=WalkIns(f"slots/{row.id}/places", extra, extra - 1 if extra else None)
            if changes and is_planned
            else None,
            add=f"slots/{row.id}/book" if may(self._member, Action.BOOK) and is_planned else None,
        )

    def _taken(self, row: AnyRow) -> str:
        words, taken = self._words, row.seats + row.additional_participants
        if row.max_participants is None:
            return words.ngettext("%(n)s booked", "%(n)s booked", taken)
        return words.gettext(
            "%(taken)s of %(limit)s", taken=taken, limit=words.number(row.max_participants)
        )

    @staticmethod
    def _ticks_since(row: AnyRow) -> datetime:
        since: datetime = row.starts_at - PARTICIPATION_OPENS
        return since

    def _not_yet(self, slot: Placed) -> str:
        if slot.row.status is SlotStatus.CANCELED:
            return self._words.gettext("This class is cancelled.")
        opens = slot.start - PARTICIPATION_OPENS
        return self._words.gettext("Check-in opens at %(time)s.", time=self._words.time(opens))

    def _soon(self, row: AnyRow) -> str:
        """Counted in whole minutes, up for what is to come and down for what is over."""
        words, minute = self._words, timedelta(minutes=1)
        if row.status is SlotStatus.CANCELED:
            return words.gettext("cancelled")
        if row.ends_at <= self._now:
            return words.gettext("over")
        if row.starts_at <= self._now:
            left = -((self._now - row.ends_at) // minute)
            return words.ngettext("ends in %(n)s minute", "ends in %(n)s minutes", left)
        ahead = -((self._now - row.starts_at) // minute)
        if row.starts_at - self._now > A_WHILE:
            return ""
        return words.ngettext("begins in %(n)s minute", "begins in %(n)s minutes", ahead)

    # --- People ---------------------------------------------------------------------------------

    def _person(self, row: AnyRow, slot: Placed, left: Left | None) -> Person:
        noted = row.participation
        state = {
            Participation.PARTICIPATING: "is-here",
            Participation.NOT_PARTICIPATING: "is-missing",
        }
        return Person(
            booking_id=row.id,
            name=_name(row),
            number=row.number or "",
            href=f"customers/{row.customer_id}",
            rate=with_left(self._words, row.rate or "", left),
            tags=tuple(self._tags(row, slot)),
            shown=noted.value,
            state=state.get(noted, ""),
            action=f"bookings/{row.id}/participation",
            marks=tuple(
                Mark(
                    kind,
                    icon,
                    self._label(mark),
                    (Participation.UNSET if noted is mark else mark).value,
                    noted is mark,
                )
                for kind, icon, mark in MARKS
            ),
        )

    def _label(self, mark: Participation) -> str:
        if mark is Participation.PARTICIPATING:
            return self._words.gettext("Here")
        return self._words.gettext("Missing")

    def _tags(self, row: AnyRow, slot: Placed) -> Iterator[Sign]:
        """The gravest first."""
        words = self._words
        if row.conflict is not None:
            yield Sign("flag", "flag", words.gettext(clause(row.conflict)))
        if row.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
            yield Sign("wait", "wait", words.gettext("to be confirmed"))
        if not row.came_before:
            yield Sign("good", "first", words.gettext("First time"))
        born = row.date_of_birth
        if born is not None and (born.month, born.day) == (slot.start.month, slot.start.day):
            yield Sign("", "cake", words.gettext("Birthday"))

    def _waits(self, position: int, row: AnyRow) -> Waits:
        return Waits(
            booking_id=row.id,
            position=self._words.number(position),
            name=_name(row),
            number=row.number or "",
            href=f"customers/{row.customer_id}",
            rate=row.rate or "",
            action=f"bookings/{row.id}/move-up",
            why="" if row.skipped is None else self._words.gettext(clause(row.skipped)),
        )


def with_left(words: Words, rate: str, left: Left | None) -> str:
    """`Flex · 6 of 10 left`; the rate alone where it grants no number."""
    if left is None:
        return rate
    said = words.gettext(
        "%(left)s of %(granted)s left",
        left=words.number(left.left),
        granted=words.number(left.granted),
    )
    return f"{rate} · {said}"


def _name(row: AnyRow) -> str:
    return full_name(row)


def home(studio: str, slot_id: int | None = None, day: object = None) -> str:
    """This page, with that class open."""
    return address("today", studio=studio, day=day, slot=slot_id)
