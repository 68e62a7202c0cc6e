"""Writes the numbers down: tiles, heat map, the line through the weeks, and a table for each thing that is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from kursplan.console.frame import Link
from kursplan.console.numbers.asked import NAMES, NARROW, Wanted
from kursplan.console.numbers.lines import Line, LineWriter, Names
from kursplan.console.numbers.plot import plot
from kursplan.console.numbers.view import (
    Cell,
    Heat,
    HeatRow,
    NumbersView,
    Plot,
    Row,
    Second,
    Table,
    Tile,
)
from kursplan.console.timetable.filters import by_label, field_of
from kursplan.console.timetable.view import Choice, Field
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.numbers import Against, Days, Span, Sums
from kursplan.store.staff.numbers import ANY, By, Summed

DEPTHS: Final = ((95, "q4"), (80, "q3"), (60, "q2"), (40, "q1"), (0, "q0"))
"""From how many per cent on a cell has which colour."""
ANY_YEAR: Final = 0
"""The year on paper, that no day is in: so days say theirs."""
MOST_WANTED: Final = 12
"""How many lines of demand stand on the page; the sheet has all of them."""
SPANS: Final = {
    Span.QUARTER: _("Last 13 weeks"),
    Span.FOUR_WEEKS: _("Last 4 weeks"),
    Span.YEAR_OF_WEEKS: _("Last 52 weeks"),
    Span.MONTH: _("This month"),
    Span.LAST_MONTH: _("Last month"),
    Span.YEAR: _("This year"),
}
AGAINST: Final = {
    Against.BEFORE: _("against the time before"),
    Against.YEAR_BEFORE: _("against the year before"),
}


class NumbersWriter:
    def __init__(
        self, words: Words, wanted: Wanted, names: Names, now: Summed, before: Summed, where: str
    ) -> None:
        """`where` names the studios."""
        self._words = words
        self._wanted = wanted
        self._names = names
        self._now = now
        self._where = where
        self._lines = LineWriter(words, wanted, names, now, before)

    def write(self) -> NumbersView:
        """Raises `BadAddress` where it is to be of a class, room or instructor that is not there."""
        words, wanted = self._words, self._wanted
        now, before = self._lines.totals
        fields = tuple(self._fields())
        took_place = bool(now.slots)
        return NumbersView(
            heading=words.gettext("Numbers"),
            days=self._days(wanted.days),
            printed=" · ".join(self._printed(fields)),
            spans=tuple(
                Choice(each, words.gettext(said), each is wanted.span)
                for each, said in SPANS.items()
            ),
            againsts=tuple(
                Choice(each, words.gettext(said), each is wanted.against)
                for each, said in AGAINST.items()
            ),
            kept=self._kept("span", "against"),
            kept_filters=self._kept(*NARROW),
            fields=fields,
            filters=tuple(
                Link(each.label, wanted.having(**{field.name: None}))
                for field in fields
                for each in field.choices
                if each.chosen
            ),
            tiles=tuple(self._tiles(now, before)) if took_place else (),
            second=self._second(),
            heat=self._heat() if took_place else None,
            plot=self._plot(),
            weeks=self._weeks() if took_place else None,
            tables=tuple(self._tables()) if took_place else (),
            empty=""
            if took_place
            else words.gettext("Nothing took place in this time that could be counted."),
        )

    def _days(self, days: Days) -> str:
        return self._words.days(days.first, days.last, self._wanted.today.year)

    def _printed(self, fields: Sequence[Field]) -> Iterator[str]:
        """Of which studios, days and filters it is, and with what it is compared."""
        words, wanted = self._words, self._wanted
        yield self._where
        yield words.days(wanted.days.first, wanted.days.last, ANY_YEAR)
        yield words.gettext(AGAINST[wanted.against])
        yield from (each.label for field in fields for each in field.choices if each.chosen)

    def _kept(self, *but: str) -> tuple[tuple[str, str], ...]:
        asked = self._wanted.parameters
        return tuple((name, asked[name]) for name in NAMES if name in asked and name not in but)

    def _fields(self) -> Iterator[Field]:
        words, wanted, names = self._words, self._wanted, self._names
        for name, label, every, things, chosen in (
            ("class", _("Class"), _("Every class"), names.classes, wanted.class_id),
            ("room", _("Room"), _("Every room"), names.rooms, wanted.room_id),
            (
                "instructor",
                _("Instructor"),
                _("Every instructor"),
                {
                    each: said
                    for each, said in names.employees.items()
                    if (each, 0, 0) in self._now.get(By.INSTRUCTOR, {})
                    or each == wanted.employee_id
                },
                wanted.employee_id,
            ),
        ):
            choices = sorted(((str(each), said) for each, said in things.items()), key=by_label)
            yield field_of(
                name,
                words.gettext(label),
                words.gettext(every),
                choices,
                None if chosen == ANY else chosen,
            )

    # --- At the top ---------------------------------------------------------------------------------

    def _tiles(self, now: Sums, before: Sums) -> Iterator[Tile]:
        words = self._words
        yield Tile(
            words.gettext("Seats taken"),
            self._percent(now.share),
            self._than_before(now.share, before.share),
        )
        then = (
            words.gettext("%(n)s the year before", n=words.number(before.booked))
            if self._wanted.against is Against.YEAR_BEFORE
            else words.gettext("%(n)s the time before", n=words.number(before.booked))
        )
        yield Tile(words.gettext("Bookings"), words.number(now.booked), then)
        yield Tile(
            words.gettext("Did not come"),
            self._percent(now.missing_share),
            self._than_before(now.missing_share, before.missing_share),
        )
        yield Tile(
            words.gettext("Cancelled late"),
            words.number(now.late),
            words.gettext("%(n)s before", n=words.number(before.late)),
        )
        yield Tile(
            words.gettext("Got no place"),
            words.number(now.in_vain),
            words.gettext(
                "%(waited)s waited in vain, %(turned)s were turned away",
                waited=words.number(now.waited),
                turned=words.number(now.turned_away),
            ),
        )

    def _second(self) -> Second | None:
        """What would be full most, if it took place a second time."""
        found = [each for each in self._lines.wanted() if each.now.is_worth_a_second]
        if not found:
            return None
        best = max(found, key=lambda each: (each.now.second_share or 0, each.now.in_vain))
        words, sums = self._words, best.now
        title, weekday, time = best.labels
        return Second(
            words.gettext(
                "A second %(title)s on %(weekday)s at %(time)s would have been %(share)s full.",
                title=title,
                weekday=weekday,
                time=time,
                share=self._percent(min(1, sums.second_share or 0)),
            ),
            words.ngettext(
                "%(n)s person got no place on %(slots)s days, about %(each)s each time.",
                "%(n)s people got no place on %(slots)s days, about %(each)s each time.",
                sums.in_vain,
                slots=words.number(sums.slots),
                each=words.decimal(sums.in_vain / sums.slots),
            ),
            Link(words.gettext("See what is free then"), best.href or ""),
        )

    # --- By weekday and hour, and by week -------------------------------------------------------

    def _heat(self) -> Heat:
        words = self._words
        by = self._now.get(By.HOUR, {})
        hours = sorted({hour for _weekday, hour, _none in by})
        days = [(words.first_weekday + at) % 7 for at in range(7)]
        return Heat(
            tuple(words.hour(hour).removesuffix(":00") for hour in hours),
            tuple(
                HeatRow(
                    words.weekdays[day],
                    tuple(
                        self._cell(day, hour, sums)
                        if (sums := by.get(((day + 1) % 7, hour, 0)))
                        else None
                        for hour in hours
                    ),
                )
                for day in days
            ),
            self._wanted.sheet("hours"),
        )

    def _cell(self, day: int, hour: int, sums: Sums) -> Cell:
        words = self._words
        named = {
            "weekday": words.weekdays[day],
            "time": words.hour(hour),
            "slots": words.ngettext("%(n)s slot", "%(n)s slots", sums.slots),
        }
        if sums.share is None:
            said = words.gettext("%(weekday)s, %(time)s: without a limit, %(slots)s", **named)
            return Cell("–", "", said)
        share = round(100 * sums.share)
        return Cell(
            words.number(share),
            next(depth for least, depth in DEPTHS if share >= least),
            words.gettext(
                "%(weekday)s, %(time)s: %(taken)s of %(seats)s seats, %(slots)s",
                taken=words.number(sums.taken),
                seats=words.number(sums.offered),
                **named,
            ),
        )

    def _plot(self) -> Plot | None:
        words = self._words
        weeks = self._lines.weeks()
        now, before = [each.now.share for each in weeks], [each.before.share for each in weeks]
        known = [each for each in now if each is not None]
        if not known:
            return None
        title = words.gettext(
            "Seats taken, week by week, %(days)s: %(first)s at first, %(last)s at last.",
            days=self._days(self._wanted.days),
            first=self._percent(known[0]),
            last=self._percent(known[-1]),
        )
        labels = [words.day_and_month(date.fromisoformat(each.labels[0])) for each in weeks]
        return plot(title, now, before, labels, words.percent)

    def _weeks(self) -> Table:
        return self._table(
            "weeks",
            _("Week by week"),
            "",
            (_("Week from"), _("Seats taken"), _("Before"), _("Bookings"), _("Did not come")),
            [
                Line((self._words.day(date.fromisoformat(each.labels[0])),), each.now, each.before)
                for each in self._lines.weeks()
            ],
            self._of_week,
        )

    # --- Tables -------------------------------------------------------------------------------------

    def _tables(self) -> Iterator[Table]:
        words = self._words
        found = self._lines.wanted()
        more = len(found) - MOST_WANTED
        yield self._table(
            "wanted",
            _("Where places were missing"),
            words.gettext("the first %(n)s; the CSV has all of them", n=MOST_WANTED)
            if more > 0
            else "",
            (
                _("Class"),
                _("A second one would have been full to"),
                _("Slots"),
                _("Waited in vain"),
                _("Turned away"),
                _("Each time"),
            ),
            found[:MOST_WANTED],
            self._of_wanted,
            lambda sums: sums.second_share,
        )
        yield self._table(
            "classes",
            _("By class"),
            "",
            (
                _("Class"),
                _("Seats taken"),
                _("Points"),
                _("Slots"),
                _("Did not come"),
                _("Cancelled late"),
                _("Got no place"),
            ),
            self._lines.classes(),
            self._of_class,
        )
        yield self._table(
            "rooms",
            _("By room"),
            "",
            (_("Room"), _("Seats taken"), _("Points"), _("Slots"), _("Hours")),
            self._lines.rooms(),
            self._of_room,
        )
        yield self._table(
            "instructors",
            _("By instructor"),
            "",
            (
                _("Instructor"),
                _("Seats taken"),
                _("Points"),
                _("Slots"),
                _("Hours given"),
                _("Before"),
            ),
            self._lines.instructors(),
            self._of_instructor,
        )

    def _table(
        self,
        name: str,
        title: str,
        note: str,
        columns: Sequence[str],
        lines: Sequence[Line],
        cells: Callable[[Line], tuple[str, ...]],
        share: Callable[[Sums], float | None] = lambda sums: sums.share,
    ) -> Table:
        words = self._words
        return Table(
            name,
            words.gettext(title),
            note,
            tuple(map(words.gettext, columns)),
            tuple(
                Row(
                    label=", ".join(each.labels),
                    href=each.href,
                    tone=each.tone,
                    share=self._percent(taken := share(each.now)),
                    taken=None if taken is None else min(100, round(100 * taken)),
                    cells=cells(each),
                )
                for each in lines
            ),
            self._wanted.sheet(name),
            words.gettext("Everybody who wanted one got a place."),
        )

    def _of_wanted(self, line: Line) -> tuple[str, ...]:
        words, sums = self._words, line.now
        return (
            words.number(sums.slots),
            words.number(sums.waited),
            words.number(sums.turned_away),
            words.decimal(sums.in_vain / sums.slots),
        )

    def _of_class(self, line: Line) -> tuple[str, ...]:
        words, sums = self._words, line.now
        return (
            self._points(line),
            words.number(sums.slots),
            self._percent(sums.missing_share),
            words.number(sums.late),
            words.number(sums.in_vain),
        )

    def _of_room(self, line: Line) -> tuple[str, ...]:
        words, sums = self._words, line.now
        return self._points(line), words.number(sums.slots), self._hours(sums)

    def _of_instructor(self, line: Line) -> tuple[str, ...]:
        return *self._of_room(line), self._hours(line.before)

    def _of_week(self, line: Line) -> tuple[str, ...]:
        words, sums = self._words, line.now
        return (
            self._percent(line.before.share),
            words.number(sums.booked),
            self._percent(sums.missing_share),
        )

    # --- How numbers are said -------------------------------------------------------------------

    def _percent(self, share: float | None) -> str:
        return "–" if share is None else self._words.percent(share)

    def _hours(self, sums: Sums) -> str:
        return self._words.decimal(sums.minutes / 60)

    def _points(self, line: Line) -> str:
        now, before = line.now.share, line.before.share
        if now is None or before is None:
            return "–"
        return self._words.signed(round(100 * now) - round(100 * before))

    def _than_before(self, now: float | None, before: float | None) -> str:
        words = self._words
        if now is None or before is None:
            return words.gettext("nothing to compare it with")
        points = round(100 * (now - before))
        if points > 0:
            return words.ngettext("%(n)s point more", "%(n)s points more", points)
        if points < 0:
            return words.ngettext("%(n)s point less", "%(n)s points less", -points)
        return words.gettext("as before")
