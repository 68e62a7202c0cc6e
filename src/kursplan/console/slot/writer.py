"""Writes a slot down, in one language, as of one instant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from kursplan.console.addresses import address
from kursplan.console.consequences.refused import overlap_sentence
from kursplan.console.frame import IN_CHARGE, Link
from kursplan.console.history.asked import part_of
from kursplan.console.history.lines import LineView
from kursplan.console.slot.view import (
    Candidate,
    Fact,
    Given,
    PersonView,
    SlotView,
    Step,
    Tag,
)
from kursplan.console.today.door import with_left
from kursplan.console.told.view import UndoView
from kursplan.console.tones import tone_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.console.words import marked_by_count as _n
from kursplan.domain.accounts import Action, Role, StaffMember, may
from kursplan.domain.bookings import SEATED, BookingStatus, Participation
from kursplan.domain.clashes import Needed
from kursplan.domain.classes import OnlineBooking, Promotion
from kursplan.domain.localtime import local
from kursplan.domain.names import full_name
from kursplan.domain.slots import PARTICIPATION_OPENS, Override, SlotStatus
from kursplan.staff.flags import Flags
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.slot import OnSlot

MINUS: Final = "\N{MINUS SIGN}"
DRAWN: Final = 60
"""So many seats are drawn at most."""
PINNED: Final = {
    Override.TIME: _("time"),
    Override.LOCATION: _("room"),
    Override.INSTRUCTORS: _("instructors"),
    Override.MAX_PARTICIPANTS: _("seats"),
    Override.MAX_WAITING_LIST: _("waiting list"),
}

STEPS: Final = {
    "seats": (
        _n("%(n)s seat less", "%(n)s seats less"),
        _n("%(n)s seat more", "%(n)s seats more"),
    ),
    "walk-ins": (
        _n("%(n)s less without a booking", "%(n)s less without a booking"),
        _n("%(n)s more without a booking", "%(n)s more without a booking"),
    ),
    "waiting": (
        _n("%(n)s position less", "%(n)s positions less"),
        _n("%(n)s position more", "%(n)s positions more"),
    ),
}
"""What each button of a number says to those who do not see its sign."""


class SlotWriter:
    def __init__(
        self, words: Words, on: OnSlot, flags: Flags, member: StaffMember, now: datetime
    ) -> None:
        self._words = words
        self._on = on
        self._flags = flags
        self._member = member
        self._now = now
        self._row = on.row
        self._slot = on.slot
        self._zone = on.slot.studio.zone

    def write(
        self,
        history: Sequence[LineView],
        undo: UndoView | None,
        live: str = "",
        said: str = "",
    ) -> SlotView:
        words, row, slot = self._words, self._row, self._slot
        start, end = (local(each, self._zone) for each in (row.starts_at, row.ends_at))
        of = self._on.bookings
        seated = [each for each in of if each.status in SEATED]
        waiting = [each for each in of if each.status is BookingStatus.WAITING_LIST]
        cancelled = [each for each in of if each.status is BookingStatus.CANCELED]
        at_desk = self._member.role is not Role.INSTRUCTOR
        planned = row.status is SlotStatus.PLANNED and row.ends_at > self._now
        today = local(self._now, self._zone).date()
        day = start.date()
        walk_ins = row.additional_participants
        limit = row.max_participants
        drawn = limit is not None and max(limit, len(seated) + walk_ins) <= DRAWN
        return SlotView(
            live=live,
            id=row.id,
            path=f"slots/{row.id}",
            crumbs=(
                Link(words.gettext("Timetable"), f"timetable?studio={row.studio}&day={day}"),
                Link(
                    words.long_day(day, today.year),
                    f"timetable?studio={row.studio}&show=day&day={day}",
                ),
            ),
            time=f"{words.time(start)}–{words.time(end)}",
            title=row.title,
            where=" · ".join(self._where()),
            tone=tone_of(row.class_id),
            tags=tuple(self._tags()),
            clashes=tuple(self._clashes()),
            undo=undo,
            said=said,
            count=self._count(len(seated)),
            seated=tuple(self._person(each) for each in sorted(seated, key=_by_name)),
            waiting_count=words.gettext(
                "%(n)s of %(limit)s",
                n=words.number(len(waiting)),
                limit=words.number(row.max_waiting_list),
            ),
            waiting_note=self._waiting_note(),
            waiting=tuple(self._person(each, n) for n, each in enumerate(waiting, 1)),
            cancelled=tuple(self._person(each) for each in cancelled),
            given=tuple(self._given()),
            candidates=tuple(self._candidates()) if at_desk and planned else (),
            facts=tuple(self._facts(may=at_desk and planned)),
            taken=len(seated) if drawn else 0,
            walk_ins=walk_ins if drawn else 0,
            free=max(0, (limit or 0) - len(seated) - walk_ins) if drawn else 0,
            history=tuple(history),
            all_history=part_of("slot", row.id) if self._member.role in IN_CHARGE else None,
            is_cancelled=row.status is SlotStatus.CANCELED,
            may_change=at_desk and planned,
            may_release=at_desk and row.status is not SlotStatus.CANCELED,
            may_tick=row.status is not SlotStatus.CANCELED
            and self._now >= row.starts_at - PARTICIPATION_OPENS,
            may_restore=at_desk
            and row.status is SlotStatus.CANCELED
            and not slot.has_started(self._now),
            may_give_back=at_desk
            and planned
            and row.series_id is not None
            and bool(row.own)
            and not slot.has_started(self._now),
            can_move_up_first=bool(waiting) and slot.seats_free > 0,
            plans=tuple(self._plans(start.date())),
            seats=row.seats,
            who=str(self._member.account_id),
        )

    # --- The head -------------------------------------------------------------------------------

    def _where(self) -> Iterator[str]:
        if self._row.location:
            yield self._row.location
        given = [self._employee(each) for each in self._on.given_by]
        yield ", ".join(given) if given else self._words.gettext("nobody gives it")

    def _tags(self) -> Iterator[Tag]:
        words, row, slot = self._words, self._row, self._slot
        if row.status is SlotStatus.CANCELED:
            yield Tag("stop", "cross", words.gettext("cancelled"))
            return
        if row.status is SlotStatus.COMPLETED or slot.is_over(self._now):
            yield Tag("", "check", words.gettext("over"))
        elif slot.has_started(self._now):
            yield Tag("now", "", words.gettext("running"))
        if slot.over_capacity:
            over = slot.over_capacity
            said = words.ngettext("%(n)s more than seats", "%(n)s more than seats", over)
            yield Tag("flag", "warning", said)
        elif slot.max_participants is not None and slot.seats_free == 0:
            yield Tag("full", "", words.gettext("full"))
        if row.waiting:
            said = words.ngettext("%(n)s waiting", "%(n)s waiting", row.waiting)
            yield Tag("wait", "wait", said)
        flagged = sum(1 for each in self._on.bookings if each.conflict)
        if flagged:
            said = words.ngettext("%(n)s booking to decide", "%(n)s bookings to decide", flagged)
            yield Tag("flag", "flag", said)
        if self._on.stand_ins:
            yield Tag("bare", "stand-in", words.gettext("stand-in"))
        if row.own and row.series_id is not None:
            what = words.listed([words.gettext(PINNED[each]) for each in sorted(row.own)])
            yield Tag("bare", "pin", words.gettext("set by hand: %(what)s", what=what))
        if slot.class_.online_booking is OnlineBooking.DISPLAY_ONLY:
            yield Tag("bare", "eye", words.gettext("display only"))

    def _clashes(self) -> Iterator[str]:
        rooms = {each.id: each.name for each in self._on.rooms}
        for each in self._on.overlaps:
            other = each.other if each.one.slot_id == self._row.id else each.one
            beside = self._on.titles.get(other.slot_id or 0)
            if beside is None:
                continue
            is_room = each.needed is Needed.ROOM
            who = rooms[each.id] if is_room else self._employee(each.id)
            yield overlap_sentence(self._words, who, beside)

    def _plans(self, day: date) -> Iterator[Link]:
        words, row = self._words, self._row
        if not may(self._member, Action.PLAN, row.studio_id):
            return
        if row.series_id is not None and not self._slot.has_started(self._now):
            at = address(f"series/{row.series_id}", slot=row.id, **{"from": day})
            yield Link(words.gettext("Change its series …"), at, icon="timetable")
        at = address("timetable/new", studio=row.studio, copy=row.id)
        yield Link(words.gettext("Copy the slot …"), at, icon="copy")
        yield Link(words.gettext("Its class"), f"classes/{row.class_id}", icon="classes")

    # --- People ---------------------------------------------------------------------------------

    def _count(self, seated: int) -> str:
        words, row = self._words, self._row
        if row.max_participants is None:
            return words.number(seated)
        return words.gettext(
            "%(n)s of %(limit)s",
            n=words.number(seated + row.additional_participants),
            limit=words.number(row.max_participants),
        )

    def _person(self, row: AnyRow, position: int = 0) -> PersonView:
        words, on = self._words, self._on
        is_instructor = self._member.role is Role.INSTRUCTOR
        membership = on.memberships.get(row.membership_id, "").rpartition(" (")[0]
        membership = with_left(words, membership, on.left.get(row.id))
        return PersonView(
            booking_id=row.id,
            name=full_name(row) or words.gettext("Customer %(number)s", number=row.customer_id),
            href=None if is_instructor else f"customers/{row.customer_id}",
            number=row.number or "",
            phone="" if is_instructor else row.phone or "",
            membership=membership,
            position=words.number(position) if position else "",
            since=self._since(row),
            tags=tuple(self._person_tags(row)),
            why=self._why(row),
            shown=row.participation.value,
            is_here=row.participation is Participation.PARTICIPATING,
            is_missing=row.participation is Participation.NOT_PARTICIPATING,
            to_confirm=row.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
            and self._now <= row.confirm_until,
            to_decide=bool(row.conflict) and row.status is not BookingStatus.CANCELED,
            may_be_waived=bool(row.late) and row.status is BookingStatus.CANCELED,
        )

    def _person_tags(self, row: AnyRow) -> Iterator[Tag]:
        words = self._words
        if row.status is BookingStatus.CANCELED:
            if row.late:
                yield Tag("wait", "warning", words.gettext("late"))
            return
        if row.conflict:
            yield Tag("flag", "flag", words.gettext("to decide"))
        elif row.settled:
            yield Tag("", "flag", words.gettext("decided: it stays"))
        if row.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED:
            until = words.moment(local(row.confirm_until, self._zone))
            yield Tag("wait", "wait", words.gettext("to confirm until %(until)s", until=until))
        if row.overruled:
            yield Tag("", "key", words.gettext("by overruling"))
        if row.customer_id not in self._on.been_before:
            yield Tag("good", "first", words.gettext("first time"))

    def _since(self, row: AnyRow) -> str:
        words = self._words
        if row.status is BookingStatus.CANCELED:
            at = words.moment(local(row.cancelled_at, self._zone))
            return words.gettext("cancelled %(at)s", at=at)
        at = words.moment(local(row.booked_at, self._zone))
        if row.status is BookingStatus.WAITING_LIST:
            return words.gettext("since %(since)s", since=at)
        if row.promoted_at is not None:
            moved_up = words.moment(local(row.promoted_at, self._zone))
            return words.gettext("moved up %(at)s", at=moved_up)
        return words.gettext("booked %(at)s", at=at)

    def _why(self, row: AnyRow) -> str:
        words = self._words
        if why := self._flags.conflict(row, words):
            return words.gettext("would be refused today: %(why)s", why=why)
        if why := self._flags.skipped(row, words):
            return words.gettext("passed over: %(why)s", why=why)
        if row.settled and row.status is not BookingStatus.CANCELED:
            why = "; ".join(self._flags.settled(row, words))
            return words.gettext("would be refused today, and stays: %(why)s", why=why)
        return ""

    def _waiting_note(self) -> str:
        words, slot = self._words, self._slot
        if slot.class_.promotion is Promotion.BY_STAFF:
            return words.gettext("you move them up")
        if not slot.promotes(self._now):
            return words.gettext("nobody moves up by itself any more")
        until = words.moment(local(slot.promotion_ends_at, self._zone))
        return words.gettext("in order, until %(until)s", until=until)

    # --- Who gives it ---------------------------------------------------------------------------

    def _given(self) -> Iterator[Given]:
        stand_ins = {each.stand_in_id: each for each in self._on.stand_ins}
        for each in self._on.given_by:
            stands = stand_ins.get(each)
            yield Given(
                each,
                self._employee(each, full=True),
                "" if stands is None else self._employee(stands.replaced_id),
                "" if stands is None else stands.reason or "",
            )

    def _candidates(self) -> Iterator[Candidate]:
        """Who is free and has given it before comes first."""
        on, words = self._on, self._words
        others = [
            each
            for each in on.work_here
            if each not in on.given_by and on.employees[each].deleted_at is None
        ]
        others.sort(key=lambda each: (each in on.busy, -on.gave.get(each, 0), self._employee(each)))
        for each in others:
            held = on.busy.get(each)
            times = on.gave.get(each, 0)
            if held is not None:
                beside = on.titles.get(held.slot_id or 0)
                until = words.time(local(held.ends_at, self._zone))
                title = "" if beside is None else beside.title
                note = words.gettext("gives %(title)s until %(until)s", title=title, until=until)
            elif times:
                note = words.ngettext(
                    "free · gave this class %(n)s time",
                    "free · gave this class %(n)s times",
                    times,
                )
            else:
                note = words.gettext("free · not this class in the last year")
            yield Candidate(each, self._employee(each, full=True), note, held is None)

    def _employee(self, employee_id: int, *, full: bool = False) -> str:
        row = self._on.employees[employee_id]
        if full:
            return f"{row.first_name} {row.last_name}"
        return row.public_name or f"{row.first_name} {row.last_name[:1]}."

    # --- Facts ----------------------------------------------------------------------------------

    def _facts(self, *, may: bool) -> Iterator[Fact]:
        words, row, slot = self._words, self._row, self._slot
        limit = row.max_participants
        seats = words.gettext("no limit") if limit is None else words.number(limit)
        steps = self._steps("seats", limit, (-1, 1, 2)) if may and limit is not None else ()
        yield Fact(words.gettext("Seats"), seats, steps, str(limit or 0))
        yield Fact(
            words.gettext("Without a booking"),
            words.number(row.additional_participants),
            self._steps("walk-ins", row.additional_participants, (-1, 1)) if may else (),
            str(row.additional_participants),
        )
        yield Fact(
            words.gettext("Waiting list"),
            words.number(row.max_waiting_list),
            self._steps("waiting", row.max_waiting_list, (-1, 1)) if may else (),
            str(row.max_waiting_list),
        )
        opens_at = slot.opens_at
        if opens_at is not None and opens_at > self._now:
            opens = words.moment(local(opens_at, self._zone))
            yield Fact(words.gettext("Booking"), words.gettext("opens %(at)s", at=opens))
        else:
            closes = words.moment(local(slot.closes_at, self._zone))
            yield Fact(words.gettext("Booking"), words.gettext("until %(at)s", at=closes))
        until = words.moment(local(slot.cancellable_until, self._zone))
        yield Fact(words.gettext("Giving back"), words.gettext("until %(at)s", at=until))

    def _steps(self, field: str, now: int, by: Sequence[int]) -> tuple[Step, ...]:
        less, more = STEPS[field]
        words = self._words
        return tuple(
            Step(
                words.ngettext(*(less if each < 0 else more), abs(each)),
                f"{MINUS if each < 0 else '+'}{words.number(abs(each))}",
                field,
                str(now + each),
            )
            for each in by
            if now + each >= 0
        )


def _by_name(row: AnyRow) -> tuple[str, str]:
    return row.last_name.casefold(), row.first_name.casefold()
