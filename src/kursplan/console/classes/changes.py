"""What is different about a class, in the words of its form: as it is shown before it is changed."""

from __future__ import annotations

from collections.abc import Iterator

from kursplan.console.classes.facts import Known
from kursplan.console.classes.saying import length
from kursplan.console.consequences import Item, Part
from kursplan.console.words import Words
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.entries import ClassEntry
from kursplan.domain.terms import Term


def changes(words: Words, found: Known, entry: ClassEntry) -> Iterator[Part]:
    """Each option that would say something else, with what it says and what it would say."""
    before, after = _Told(words, found, found.entry), _Told(words, found, entry)
    items = [
        Item(name, note=f"{was} → {now}")
        for (name, was), (_, now) in zip(before.lines(), after.lines(), strict=True)
        if was != now
    ]
    if items:
        heading = words.ngettext("%(n)s option changes", "%(n)s options change", len(items))
        yield Part("", "classes", heading, items=tuple(items))


class _Told:
    """A class, option by option."""

    def __init__(self, words: Words, found: Known, entry: ClassEntry) -> None:
        self._words = words
        self._found = found
        self._entry = entry

    def lines(self) -> Iterator[tuple[str, str]]:
        gettext, entry, words = self._words.gettext, self._entry, self._words
        yield gettext("Title"), entry.title
        yield gettext("Category"), entry.category or gettext("none")
        yield gettext("Length"), words.ngettext("%(n)s minute", "%(n)s minutes", entry.duration)
        yield (
            gettext("Kind"),
            gettext("stream") if entry.type is ClassType.STREAM else gettext("in the studio"),
        )
        yield gettext("Seats"), self._number(entry.max_participants)
        yield gettext("Waiting list"), words.number(entry.max_waiting_list)
        yield gettext("When a seat becomes free"), self._promotion()
        yield gettext("Booking opens"), self._term(entry.earliest_booking, gettext("always"))
        yield gettext("Booking closes"), self._term(entry.latest_booking)
        yield gettext("Online"), self._online()
        yield gettext("Free until"), self._term(entry.latest_cancellation)
        yield (
            gettext("Giving back later"),
            gettext("counts as late") if entry.late_cancellation else gettext("not possible"),
        )
        yield (
            gettext("Moving up ends"),
            self._term(entry.promotion_ends, gettext("with giving back")),
        )
        yield gettext("Time to think"), length(words, entry.grace)
        yield gettext("May book"), self._who()
        yield gettext("Uses the contingent"), self._yes(entry.uses_contingent)
        yield gettext("Other studios"), self._yes(entry.admits_other_studios)
        yield gettext("To be confirmed"), self._term(entry.confirmation, gettext("no"))
        yield gettext("Time to confirm"), length(words, entry.confirm_promotion)

    def _number(self, number: int | None) -> str:
        return self._words.gettext("no limit") if number is None else self._words.number(number)

    def _term(self, term: Term | None, none: str = "") -> str:
        if term is None:
            return none
        return self._words.gettext("%(length)s before", length=length(self._words, term))

    def _yes(self, is_so: bool) -> str:
        return self._words.gettext("yes") if is_so else self._words.gettext("no")

    def _promotion(self) -> str:
        if self._entry.promotion is Promotion.BY_STAFF:
            return self._words.gettext("staff decide")
        return self._words.gettext("the first moves up")

    def _online(self) -> str:
        gettext = self._words.gettext
        if not self._entry.bookable:
            return gettext("switched off")
        return {
            OnlineBooking.AVAILABLE: gettext("can be booked"),
            OnlineBooking.DISPLAY_ONLY: gettext("display only"),
            OnlineBooking.NO: gettext("not online"),
        }[self._entry.online_booking]

    def _who(self) -> str:
        gettext = self._words.gettext
        if self._entry.who_may_book is WhoMayBook.NAMED_RATES:
            rates = self._words.listed(list(self._found.named(self._entry)))
            return gettext("only %(rates)s", rates=rates)
        if self._entry.who_may_book is WhoMayBook.MEMBERS:
            return gettext("with a membership")
        return gettext("everybody")
