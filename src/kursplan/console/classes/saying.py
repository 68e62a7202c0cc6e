"""What the terms of a class mean: in sentences, and for one slot in days and times.

The same is said by the server when the page is opened and while somebody types. The times are those that the rules
decide by (`kursplan.domain.slots`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from markupsafe import Markup, escape

from kursplan.console.classes.view import Fact, Says
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.console.words import marked_by_count as _n
from kursplan.desk.classes import options_of
from kursplan.domain.classes import OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.entries import ClassEntry
from kursplan.domain.localtime import local
from kursplan.domain.slots import Slot
from kursplan.domain.studios import Studio
from kursplan.domain.terms import Term, TermUnit

LENGTHS: Final = {
    TermUnit.MINUTES: _n("%(n)s minute", "%(n)s minutes"),
    TermUnit.HOURS: _n("%(n)s hour", "%(n)s hours"),
    TermUnit.DAY: _n("%(n)s day", "%(n)s days"),
    TermUnit.WEEK: _n("%(n)s week", "%(n)s weeks"),
    TermUnit.MONTH: _n("%(n)s month", "%(n)s months"),
    TermUnit.YEAR: _n("%(n)s year", "%(n)s years"),
}


@dataclass(frozen=True, slots=True)
class Example:
    """A slot of the class: the next one, or where there is none one that could be."""

    starts_at: datetime
    is_made_up: bool


def length(words: Words, term: Term) -> str:
    """`7 days`"""
    return words.ngettext(*LENGTHS[term.unit], term.value)


def says(
    words: Words,
    entry: ClassEntry,
    rates: Sequence[str],
    others: Sequence[str],
    studio: Studio,
    example: Example,
    now: datetime,
) -> Says:
    """`rates` are the names of those that the class names, `others` those of the other studios."""
    writer = _Writer(words, entry, rates, others)
    slot = Slot(
        id=0,
        class_=options_of(0, entry, ()),
        studio=studio,
        starts_at=example.starts_at,
        ends_at=example.starts_at + timedelta(minutes=entry.duration),
        local_start=local(example.starts_at, studio.zone).replace(tzinfo=None),
        max_participants=entry.max_participants,
        max_waiting_list=entry.max_waiting_list,
    )
    start = local(slot.starts_at, studio.zone)
    when = f"{words.long_day(start.date(), local(now, studio.zone).year)}, {words.time(start)}"
    heading = (
        words.gettext("For example on %(when)s", when=when)
        if example.is_made_up
        else words.gettext("For the next slot on %(when)s", when=when)
    )
    return Says(
        tuple(Markup(" ").join(each) for each in writer.paragraphs() if each),
        tuple(writer.notes(slot)),
        heading,
        tuple(writer.facts(slot, now)),
    )


class _Writer:
    def __init__(
        self, words: Words, entry: ClassEntry, rates: Sequence[str], others: Sequence[str]
    ) -> None:
        self._words = words
        self._entry = entry
        self._rates = rates
        self._others = others

    def paragraphs(self) -> Iterator[list[Markup]]:
        yield [*self._opens_and_closes(), *self._given_back()]
        yield [*self._places(), *self._moving_up()]
        yield [*self._who(), *self._confirmation()]
        yield [*self._online()]

    # --- When -----------------------------------------------------------------------------------

    def _opens_and_closes(self) -> Iterator[Markup]:
        said, entry = self._said, self._entry
        opens, closes = entry.earliest_booking, entry.latest_booking
        if opens is None:
            yield said(_("It can be booked as soon as it is on the timetable."))
        elif opens.is_elapsed:
            yield said(_("Booking opens %(length)s before the start."), length=self._length(opens))
        elif opens.value == 0:
            yield said(_("Booking opens on the day itself, at midnight."))
        else:
            yield said(
                _("Booking opens %(length)s before, at midnight."), length=self._length(opens)
            )
        if closes.value == 0:
            yield said(_("It closes when the class starts."))
        elif closes.is_elapsed:
            yield said(_("It closes %(length)s before the start."), length=self._length(closes))
        else:
            yield said(
                _("It closes %(length)s before, at the end of that day."),
                length=self._length(closes),
            )

    def _given_back(self) -> Iterator[Markup]:
        said, entry = self._said, self._entry
        until = entry.latest_cancellation
        if until.value == 0:
            yield said(_("A place can be given back free of charge until the class starts."))
            return
        if until.is_elapsed:
            yield said(
                _("A place can be given back free of charge up to %(length)s before the start."),
                length=self._length(until),
            )
        else:
            yield said(
                _(
                    "A place can be given back free of charge up to %(length)s before, until the end of "
                    "that day."
                ),
                length=self._length(until),
            )
        if entry.late_cancellation:
            yield said(_("Later it is possible, too, and counts as late."))
        else:
            yield said(_("Later it is not possible."))
        if entry.grace.value:
            yield said(
                _("Whoever gets a seat later than that has %(length)s to give it back."),
                length=self._length(entry.grace),
            )

    # --- How many -------------------------------------------------------------------------------

    def _places(self) -> Iterator[Markup]:
        said, words, entry = self._said, self._words, self._entry
        seats, waiting = entry.max_participants, entry.max_waiting_list
        if seats is None:
            yield said(_("There is a seat for everybody who books, so nobody ever waits."))
        elif seats == 0:
            yield said(_("There is no seat: nobody can book."))
        elif waiting == 0:
            yield said(
                _("There are %(seats)s seats, and nobody can wait."), seats=words.number(seats)
            )
        else:
            yield said(
                _("There are %(seats)s seats, and %(waiting)s more can wait."),
                seats=words.number(seats),
                waiting=words.number(waiting),
            )

    def _moving_up(self) -> Iterator[Markup]:
        said, entry = self._said, self._entry
        if not entry.max_participants or not entry.max_waiting_list:
            return
        if entry.promotion is Promotion.BY_STAFF:
            yield said(_("When a seat becomes free, staff decide who moves up."))
            return
        ends = entry.promotion_ends
        if ends is None:
            yield said(
                _(
                    "When a seat becomes free, the first who waits moves up, as long as it could be given "
                    "back again."
                )
            )
        elif ends.value == 0:
            yield said(
                _("When a seat becomes free, the first who waits moves up, until the start.")
            )
        else:
            yield said(
                _(
                    "When a seat becomes free, the first who waits moves up, until %(length)s before."
                ),
                length=self._length(ends),
            )

    # --- Who ------------------------------------------------------------------------------------

    def _who(self) -> Iterator[Markup]:
        said, words, entry = self._said, self._words, self._entry
        if entry.who_may_book is WhoMayBook.NAMED_RATES:
            yield said(_("Only those with %(rates)s may book."), rates=words.listed(self._rates))
        elif entry.who_may_book is WhoMayBook.MEMBERS or entry.uses_contingent:
            yield said(_("Only those with a valid membership may book."))
        else:
            yield said(_("Every customer may book."))
        if entry.uses_contingent:
            yield said(_("Each booking uses one of what the membership grants."))
        if self._others and entry.admits_other_studios:
            yield said(
                _("Customers of %(studios)s are admitted, too."), studios=words.listed(self._others)
            )

    def _confirmation(self) -> Iterator[Markup]:
        said, term = self._said, self._entry.confirmation
        if term is None:
            return
        if term.value == 0:
            yield said(_("A booking has to be confirmed before the start, or it is cancelled."))
        else:
            yield said(
                _("A booking has to be confirmed up to %(length)s before, or it is cancelled."),
                length=self._length(term),
            )
        if self._entry.confirm_promotion.value:
            yield said(
                _("Whoever moves up has at least %(length)s for that."),
                length=self._length(self._entry.confirm_promotion),
            )

    def _online(self) -> Iterator[Markup]:
        said, entry = self._said, self._entry
        if not entry.bookable:
            yield said(_("It is switched off: it is shown nowhere, and only staff can book it."))
        elif entry.online_booking is OnlineBooking.AVAILABLE:
            yield said(_("It can be booked online."))
        elif entry.online_booking is OnlineBooking.DISPLAY_ONLY:
            yield said(_("It is shown online, and booked at the desk."))
        else:
            yield said(_("It is not shown online; it is booked at the desk."))

    # --- For one slot ---------------------------------------------------------------------------

    def facts(self, slot: Slot, now: datetime) -> Iterator[Fact]:
        gettext = self._words.gettext
        if slot.opens_at is not None:
            label = gettext("opened") if slot.opens_at <= now else gettext("opens")
            yield self._fact(label, slot, slot.opens_at)
        yield self._fact(
            gettext("give back until"), slot, min(slot.cancellable_until, slot.starts_at)
        )
        waits = bool(slot.max_participants and slot.max_waiting_list)
        if waits and self._entry.promotion is Promotion.AUTOMATIC:
            ends = min(slot.promotion_ends_at, slot.starts_at)
            yield self._fact(gettext("moving up until"), slot, ends)
        if slot.confirm_until is not None:
            yield self._fact(gettext("confirm until"), slot, slot.confirm_until)
        yield self._fact(gettext("closes"), slot, min(slot.closes_at, slot.starts_at))

    def _fact(self, name: str, slot: Slot, at: datetime) -> Fact:
        return Fact(name, self._words.moment(local(at, slot.studio.zone)))

    def notes(self, slot: Slot) -> Iterator[str]:
        """What can be chosen, and is probably not meant."""
        gettext, entry = self._words.gettext, self._entry
        if slot.opens_at is not None and slot.opens_at >= min(slot.closes_at, slot.starts_at):
            yield gettext("It opens only when it has closed already: nobody could book.")
        moves_up = entry.promotion is Promotion.AUTOMATIC and bool(
            entry.max_participants and entry.max_waiting_list
        )
        later = slot.promotion_ends_at > slot.cancellable_until
        if moves_up and later and not entry.late_cancellation:
            yield gettext(
                "Moving up ends later than giving back: whoever moves up then has only %(length)s to "
                "give the seat back.",
                length=length(self._words, entry.grace),
            )
        opens_late = slot.opens_at is not None and slot.opens_at > slot.cancellable_until
        if opens_late and not entry.late_cancellation:
            yield gettext(
                "It opens when places can’t be given back any more: whoever books has only %(length)s "
                "to give it back.",
                length=length(self._words, entry.grace),
            )

    # --- Words ----------------------------------------------------------------------------------

    def _length(self, term: Term) -> str:
        return length(self._words, term)

    def _said(self, message: str, **chosen: str) -> Markup:
        """The message with what was chosen marked in it."""
        marked = {name: Markup("<mark>{}</mark>").format(each) for name, each in chosen.items()}
        return escape(self._words.gettext(message)) % marked
