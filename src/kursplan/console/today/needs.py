"""What needs a person: what the rules can't decide, and what somebody should look at before it is too late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from kursplan.console.frame import Link
from kursplan.console.places import Place
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.today.view import Need
from kursplan.console.words import Words
from kursplan.domain.localtime import local
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.front_desk import Waiting
from kursplan.store.staff.schedule import Schedule

AHEAD: Final = timedelta(days=7)
"""How far ahead is looked for what goes wrong on the timetable."""
CONFIRM_SOON: Final = timedelta(hours=48)
EMPTY_SOON: Final = timedelta(hours=24)
"""How long before its start a class that hardly anybody booked is worth a look."""
NEARLY_EMPTY: Final = 2
"""So many people at most."""
SHOWN: Final = 3
"""How many of each kind are named."""


class NeedsWriter:
    """Writes it down for one studio."""

    def __init__(
        self, words: Words, on: Schedule, writer: SlotWriter, place: Place, now: datetime
    ) -> None:
        self._words = words
        self._on = on
        self._writer = writer
        self._place = place
        self._now = now
        self._today = local(now, place.zone).date()

    def write(
        self, waiting: Waiting, others: Mapping[int, AnyRow], *, plans: bool
    ) -> tuple[Need, ...]:
        """The gravest first. `others` are slots beyond the schedule, by id; `plans` is whether whoever looks
        does more than the front desk."""
        every = [
            self._twice(),
            self._flagged(waiting, others),
            self._over_capacity(),
            self._without_instructor(),
            *([self._endpoints(waiting)] if plans else []),
            self._unconfirmed(waiting, others),
            self._free_beside_waiting(),
            self._nearly_empty(),
        ]
        return tuple(each for each in every if each is not None)

    # --- On the timetable -----------------------------------------------------------------------

    def _twice(self) -> Need | None:
        words = self._words
        found = {each.identity: each for every in self._on.clashes.values() for each in every}
        rows = {row.id: row for row in self._on.slots}
        items = []
        for each in found.values():
            of = next(rows[held.slot_id] for held in (each.one, each.other) if held.slot_id in rows)
            start = local(max(each.one.starts_at, each.other.starts_at), self._place.zone)
            text = f"{self._writer.needed(each)} {self._at(start)}"
            items.append(Link(text, f"slots/{of.id}"))
        return self._need("grave", words.gettext("Twice at the same time"), items)

    def _over_capacity(self) -> Need | None:
        items = [
            self._item(
                each,
                self._words.gettext(
                    "%(taken)s of %(limit)s", taken=_taken(each), limit=each.max_participants
                ),
            )
            for each in self._planned()
            if each.max_participants is not None and _taken(each) > each.max_participants
        ]
        return self._need("flagged", self._words.gettext("Over capacity"), items)

    def _without_instructor(self) -> Need | None:
        items = [self._item(each) for each in self._planned() if not self._on.instructors[each.id]]
        return self._need("flagged", self._words.gettext("Instructor missing"), items)

    def _free_beside_waiting(self) -> Need | None:
        items = [
            self._item(
                each,
                self._words.ngettext("%(n)s waiting", "%(n)s waiting", each.waiting),
            )
            for each in self._planned()
            if each.waiting
            and each.max_participants is not None
            and _taken(each) < each.max_participants
        ]
        return self._need("soon", self._words.gettext("A seat is free, and somebody waits"), items)

    def _nearly_empty(self) -> Need | None:
        items = [
            self._item(each, self._words.ngettext("%(n)s booked", "%(n)s booked", _taken(each)))
            for each in self._planned()
            if self._now < each.starts_at <= self._now + EMPTY_SOON
            and _taken(each) <= NEARLY_EMPTY
            and each.max_participants is not None
        ]
        return self._need("", self._words.gettext("Nearly empty"), items)

    def _planned(self) -> Iterator[AnyRow]:
        for each in self._on.slots:
            if each.status is SlotStatus.PLANNED and each.ends_at > self._now:
                yield each

    # --- Beyond it ------------------------------------------------------------------------------

    def _flagged(self, waiting: Waiting, others: Mapping[int, AnyRow]) -> Need | None:
        items = [
            self._item(
                others[each.slot_id],
                self._words.number(each.bookings) if each.bookings > 1 else "",
            )
            for each in waiting.flagged
        ]
        count = sum(each.bookings for each in waiting.flagged)
        return self._need("flagged", self._words.gettext("Flagged bookings"), items, count)

    def _unconfirmed(self, waiting: Waiting, others: Mapping[int, AnyRow]) -> Need | None:
        items = [
            self._item(
                others[each.slot_id],
                self._words.gettext(
                    "until %(time)s", time=self._at(local(each.until, self._place.zone))
                ),
            )
            for each in waiting.unconfirmed
        ]
        count = sum(each.bookings for each in waiting.unconfirmed)
        return self._need("soon", self._words.gettext("To be confirmed soon"), items, count)

    def _endpoints(self, waiting: Waiting) -> Need | None:
        items = [Link(each.url.partition("?")[0], "") for each in waiting.endpoints]
        title = self._words.gettext("Partners are told nothing any more")
        return self._need("flagged", title, items)

    # --- Words ----------------------------------------------------------------------------------

    def _need(
        self, kind: str, title: str, items: Sequence[Link], count: int | None = None
    ) -> Need | None:
        if not items:
            return None
        words, further = self._words, len(items) - SHOWN
        more = words.ngettext("and %(n)s more", "and %(n)s more", further) if further > 0 else ""
        n = len(items) if count is None else count
        return Need(kind, words.number(n), title, tuple(items[:SHOWN]), more)

    def _item(self, row: AnyRow, what: str = "") -> Link:
        title = getattr(row, "title", None) or self._on.classes[row.class_id].title
        start = local(row.starts_at, self._place.zone)
        text = f"{title} {self._at(start)}"
        return Link(f"{text}, {what}" if what else text, f"slots/{row.id}")

    def _at(self, start: datetime) -> str:
        """`18:00` today, otherwise with the day."""
        time = self._words.time(start)
        return (
            time if start.date() == self._today else f"{self._words.short_day(start.date())} {time}"
        )


def _taken(row: AnyRow) -> int:
    return int(row.seats + row.additional_participants)


def placed(row: AnyRow, place: Place, instructors: Sequence[int]) -> Placed:
    """The slot by the clock on the wall of its studio."""
    start, end = (
        local(each, place.zone).replace(tzinfo=None) for each in (row.starts_at, row.ends_at)
    )
    return Placed(row, start, end, instructors)
