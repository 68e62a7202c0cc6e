"""Series and slots in a line, as they stand with their class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from kursplan.console.addresses import address
from kursplan.console.classes.view import SeriesRow, SlotRow
from kursplan.console.slot.view import Tag
from kursplan.console.slot.writer import PINNED
from kursplan.console.words import Words
from kursplan.domain.localtime import local
from kursplan.domain.series import Series, SeriesPlan
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow


@dataclass(frozen=True, slots=True)
class Names:
    """What plans refer to, by its id."""

    rooms: Mapping[int, str]
    employees: Mapping[int, str]

    def where(self, words: Words, plan: SeriesPlan) -> str:
        """The room, and who gives it."""
        room = [] if plan.location_id is None else [self.rooms.get(plan.location_id, "")]
        given = [self.employees.get(each, "") for each in plan.instructors]
        who = words.listed(given) if given else words.gettext("nobody gives it")
        return " · ".join([*filter(None, room), who])


def weekdays(words: Words, days: Iterable[int]) -> str:
    """`Monday and Wednesday`, the week as it begins there."""
    ordered = sorted(days, key=lambda each: (each - words.first_weekday) % 7)
    return words.listed([words.weekdays[each] for each in ordered])


def rhythm(words: Words, plan: SeriesPlan) -> str:
    """`Monday and Wednesday, 18:00`"""
    days = weekdays(words, plan.weekdays)
    return words.gettext("%(day)s, %(time)s", day=days, time=words.time(plan.start_time))


def span(words: Words, plan: SeriesPlan, today: date) -> str:
    """From when or until when, where it does not simply go on."""
    begins = plan.first_day > today
    first, last = words.day(plan.first_day), plan.last_day and words.day(plan.last_day)
    if begins and last:
        return words.gettext("%(first)s to %(last)s", first=first, last=last)
    if begins:
        return words.gettext("from %(first)s on", first=first)
    return words.gettext("until %(last)s", last=last) if last else ""


def series_rows(
    words: Words, found: Iterable[Series], names: Names, today: date
) -> Iterator[SeriesRow]:
    """In the order of the week."""
    ordered = sorted(
        found,
        key=lambda each: (
            min((day - words.first_weekday) % 7 for day in each.plan.weekdays),
            each.plan.start_time,
            each.plan.first_day,
        ),
    )
    for each in ordered:
        yield SeriesRow(
            f"series/{each.id}",
            rhythm(words, each.plan),
            names.where(words, each.plan),
            span(words, each.plan, today),
        )


def slot_rows(
    words: Words, rows: Iterable[AnyRow], given_by: Mapping[int, Sequence[int]], names: Names
) -> Iterator[SlotRow]:
    for row in rows:
        start = local(row.starts_at, zone_of(row.zone))
        given = [names.employees.get(each, "") for each in given_by.get(row.id, ())]
        where = [row.location, words.listed(given)] if given else [row.location]
        yield SlotRow(
            address(f"slots/{row.id}"),
            words.moment(start),
            " · ".join(filter(None, where)),
            count(words, row),
            tuple(_tags(words, row)),
        )


def count(words: Words, row: AnyRow) -> str:
    """`12 of 14`"""
    if row.status is SlotStatus.CANCELED:
        return ""
    taken = row.seats + row.additional_participants
    if row.max_participants is None:
        return words.ngettext("%(n)s booked", "%(n)s booked", taken)
    return words.gettext(
        "%(taken)s of %(limit)s",
        taken=words.number(taken),
        limit=words.number(row.max_participants),
    )


def _tags(words: Words, row: AnyRow) -> Iterator[Tag]:
    if row.status is SlotStatus.CANCELED:
        yield Tag("stop", "cross", words.gettext("cancelled"))
        return
    if row.waiting:
        yield Tag("wait", "wait", words.ngettext("%(n)s waiting", "%(n)s waiting", row.waiting))
    if row.own and row.series_id is not None:
        yield Tag("bare", "pin", words.gettext("set by hand: %(what)s", what=pinned(words, row)))


def pinned(words: Words, row: AnyRow) -> str:
    """What was set by hand on the slot: `time and room`"""
    return words.listed([words.gettext(PINNED[each]) for each in sorted(row.own)])


def begins(row: AnyRow) -> datetime:
    """When the slot begins, in the time of its studio."""
    return local(row.starts_at, zone_of(row.zone))
