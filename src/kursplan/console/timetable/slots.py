"""A slot on the timetable: where it stands, what is written on it, and which signs it bears."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from kursplan.console.assets import FILLED_BY
from kursplan.console.timetable.view import Sign, SlotView
from kursplan.console.tones import tone_of
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.clashes import Needed, Overlap
from kursplan.domain.classes import ClassType, OnlineBooking
from kursplan.domain.localtime import local
from kursplan.domain.slots import Override, SlotStatus
from kursplan.domain.values import value
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.schedule import Schedule

STEP: Final = 5
"""Lengths are drawn in so many minutes, and nothing is drawn shorter than three of them."""
DAY_IN_MINUTES: Final = 24 * 60


PINNED: Final = {
    Override.TIME: _("time"),
    Override.LOCATION: _("room"),
    Override.INSTRUCTORS: _("instructors"),
    Override.MAX_PARTICIPANTS: _("seats"),
    Override.MAX_WAITING_LIST: _("waiting list"),
}


@value
class Placed:
    """A slot with its times on the wall of its studio."""

    row: AnyRow
    start: datetime
    end: datetime
    first_minute: int
    last_minute: int
    """Of the day on which it starts; it stands there as far as the day goes."""
    instructors: Sequence[int]

    @classmethod
    def of(cls, row: AnyRow, zone: ZoneInfo, instructors: Sequence[int]) -> Placed:
        start = local(row.starts_at, zone).replace(tzinfo=None)
        end = local(row.ends_at, zone).replace(tzinfo=None)
        first = start.hour * 60 + start.minute
        if end.date() > start.date():
            last = DAY_IN_MINUTES
        else:
            last = max(end.hour * 60 + end.minute, first + STEP)
        return cls(row, start, end, first, last, instructors)


class SlotWriter:
    """Writes slots down, in one language, as of one instant."""

    def __init__(
        self, words: Words, on: Schedule, now: datetime, studios: Mapping[int, str]
    ) -> None:
        """`studios` are the names that stand with the room where several are shown, by id."""
        self._words = words
        self._when = words.gettext("%(title)s, %(weekday)s %(start)s to %(end)s")
        self._on = on
        self._now = now
        self._studios = studios

    def write(self, slot: Placed, place: str = "", said: str = "") -> SlotView:
        """At its place of a grid; `said` is what the column says already of where it is."""
        row, words = slot.row, self._words
        class_ = self._on.classes[row.class_id]
        taken = row.seats + row.additional_participants
        limit = row.max_participants
        signs = list(self._signs(slot))
        where = self._where(slot)
        start = words.time(slot.start)
        cancelled = row.status is SlotStatus.CANCELED
        count = words.number(taken) if limit is None else f"{taken}/{limit}"
        when = self._when % {
            "title": class_.title,
            "weekday": words.weekday(slot.start),
            "start": start,
            "end": words.time(slot.end),
        }
        share = None if not limit or cancelled else min(100, round(100 * taken / limit))
        return SlotView(
            id=f"slots-{row.id}",
            href=f"slots/{row.id}",
            label=", ".join(
                [when, *self._counted(row, taken), *(each for each, _ in signs), *where]
            ),
            title=class_.title,
            time=start,
            where=" · ".join([each for each in where if each != said]),
            count="" if cancelled else count,
            is_full=not cancelled and limit is not None and taken >= limit,
            taken=share,
            signs=tuple([sign for _, sign in signs]),
            classes=" ".join(
                [tone_of(row.class_id), *filter(None, [place]), *_filled(share), *self._states(row)]
            ),
        )

    def _counted(self, row: AnyRow, taken: int) -> Iterator[str]:
        words = self._words
        if row.status is SlotStatus.CANCELED:
            return
        limit = row.max_participants
        if limit is None:
            yield words.ngettext("%(n)s booked", "%(n)s booked", taken)
        elif taken >= limit:
            yield words.gettext("full, %(taken)s of %(limit)s", taken=taken, limit=limit)
        else:
            yield words.gettext("%(taken)s of %(limit)s", taken=taken, limit=limit)

    def _states(self, row: AnyRow) -> Iterator[str]:
        if row.status is SlotStatus.CANCELED:
            yield "cancelled"
        if row.ends_at <= self._now:
            yield "over"
        elif row.starts_at <= self._now and row.status is SlotStatus.PLANNED:
            yield "running"
        if row.id in self._on.clashes:
            yield "clash"

    def _signs(self, slot: Placed) -> Iterator[tuple[str, Sign]]:
        """Each with what it means, the gravest first."""
        row, words = slot.row, self._words
        class_ = self._on.classes[row.class_id]
        if row.status is SlotStatus.CANCELED:
            yield (
                words.gettext("cancelled"),
                Sign("stop", "cross", words.gettext("cancelled"), is_word=True),
            )
        if clashes := self._on.clashes.get(row.id):
            twice = words.listed(sorted({self.needed(each) for each in clashes}))
            yield words.gettext("%(who)s twice at this time", who=twice), Sign("stop", "clash")
        if flagged := self._on.flagged.get(row.id, 0):
            said = words.ngettext("%(n)s booking to decide", "%(n)s bookings to decide", flagged)
            yield said, Sign("flag", "flag", words.number(flagged))
        if row.status is SlotStatus.PLANNED:
            yield from self._places(row)
        for each in self._on.stand_ins.get(row.id, ()):
            who, whom = self.employee(each.stand_in_id), self.employee(each.replaced_id)
            said = words.gettext("stand-in %(who)s for %(whom)s", who=who, whom=whom)
            yield said, Sign("bare", "stand-in")
        if row.own and row.series_id is not None:
            what = words.listed([words.gettext(PINNED[each]) for each in row.own])
            yield words.gettext("set by hand: %(what)s", what=what), Sign("bare", "pin")
        if class_.online_booking is OnlineBooking.DISPLAY_ONLY:
            yield words.gettext("display only"), Sign("bare", "eye")
        if class_.type is ClassType.STREAM:
            yield words.gettext("stream"), Sign("bare", "stream")

    def _places(self, row: AnyRow) -> Iterator[tuple[str, Sign]]:
        words = self._words
        taken = row.seats + row.additional_participants
        over = 0 if row.max_participants is None else taken - row.max_participants
        if over > 0:
            said = words.ngettext("%(n)s more than seats", "%(n)s more than seats", over)
            yield said, Sign("flag", "warning", f"+{words.number(over)}")
        if row.waiting:
            said = words.ngettext("%(n)s waiting", "%(n)s waiting", row.waiting)
            yield said, Sign("wait", "wait", words.number(row.waiting))

    # --- Names ----------------------------------------------------------------------------------

    def where(self, slot: Placed) -> str:
        """The room, who gives it, and where several studios are shown which one it is."""
        return " · ".join(self._where(slot))

    def _where(self, slot: Placed) -> list[str]:
        row = slot.row
        room = None if row.location_id is None else self._on.rooms[row.location_id].name
        given_by = ", ".join(self.employee(each) for each in slot.instructors)
        return [each for each in (room, given_by, self._studios.get(row.studio_id)) if each]

    def needed(self, overlap: Overlap) -> str:
        """Who or what is needed twice."""
        if overlap.needed is Needed.ROOM:
            return str(self._on.rooms[overlap.id].name)
        return self.employee(overlap.id)

    def employee(self, employee_id: int) -> str:
        """As briefly as they are known by: the name for the public, or the first one and a letter."""
        row = self._on.employees[employee_id]
        return row.public_name or f"{row.first_name} {row.last_name[:1]}."


def _filled(share: int | None) -> Iterator[str]:
    if share:
        yield f"t{-(-share // FILLED_BY) * FILLED_BY}"
