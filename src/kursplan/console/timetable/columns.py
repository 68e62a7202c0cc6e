"""The columns of the timetable: days, studios, rooms or instructors, each with its slots."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any, Final

from kursplan.console.addresses import address
from kursplan.console.assets import BESIDE, COLUMNS, LANES, SHORT
from kursplan.console.lanes import lanes
from kursplan.console.places import Place
from kursplan.console.timetable.asked import ONE_DAY, Asked, Shown
from kursplan.console.timetable.slots import DAY_IN_MINUTES, STEP, Placed, SlotWriter
from kursplan.console.timetable.view import Block, Column, Gap, Hour, Now
from kursplan.console.words import Words
from kursplan.domain.localtime import local
from kursplan.domain.slots import SlotStatus
from kursplan.store.staff.schedule import Schedule

FIRST_HOUR, LAST_HOUR = 8, 20
"""What a grid shows at least, whatever is on."""
Bounds = tuple[int, int]
"""The hours from and to which a grid goes."""
NONE: Final = 0
"""Stands for no room and for no instructor."""
FREE_FROM: Final = 45
"""So many minutes a room has to be free for it to be said."""
QUARTER: Final = 15
COVERED: Final = 20
"""So many minutes before and after a moment its time takes on the scale of the hours."""


@dataclass(frozen=True, slots=True)
class Sought:
    """A column before anything stands in it."""

    day: date
    head: str
    holds: object
    """What the slots that stand in it have in common, of the things by which columns are told apart."""
    places: Sequence[Place]
    """Whose closures and whose present moment it shows."""
    href: str | None = None
    is_day: bool = True
    """Whether its head says which day it is, so that the present one stands out."""
    says: str = ""
    """What its head says already of where each slot is; it is not said again on them."""
    room: int | None = None
    """The room, where it is the column of one."""


class ColumnWriter:
    def __init__(
        self,
        words: Words,
        asked: Asked,
        on: Schedule,
        places: Sequence[Place],
        writer: SlotWriter,
        now: datetime,
        *,
        plans: bool = False,
    ) -> None:
        """`plans` where whoever looks may plan a slot there."""
        self._words = words
        self._asked = asked
        self._on = on
        self._places = places
        self._writer = writer
        self._now = now
        self._plans = plans and len(places) == 1

    def columns(self, slots: Sequence[Placed], bounds: Bounds) -> tuple[Column, ...]:
        """Those of a grid that goes from and to these hours."""
        self._first, self._last = bounds
        held = defaultdict[Any, list[Placed]](list)
        for each in slots:
            for column in self._of(each):
                held[column].append(each)
        sought = list(self._sought(held))[:COLUMNS]
        self._beside = len(sought)
        return tuple(_told_once([self._column(each, held[each.holds]) for each in sought]))

    def _of(self, slot: Placed) -> Sequence[object]:
        """In which columns a slot stands."""
        match self._asked.shown:
            case Shown.DAY if len(self._places) > 1:
                return (slot.row.studio_id,)
            case Shown.ROOMS:
                return (slot.row.location_id or NONE,)
            case Shown.INSTRUCTORS:
                return slot.instructors or (NONE,)
            case _:
                return (slot.start.date(),)

    def _sought(self, held: Mapping[Any, object]) -> Iterator[Sought]:
        day, places = self._asked.day, self._places
        match self._asked.shown:
            case Shown.WEEK:
                for at in range(self._asked.days):
                    yield self._day(self._asked.first + at * ONE_DAY)
            case Shown.DAY if len(places) > 1:
                for place in places:
                    yield Sought(
                        day,
                        place.name,
                        place.id,
                        [place],
                        is_day=False,
                        says=place.name,
                    )
            case Shown.DAY:
                yield self._day(day)
            case Shown.ROOMS:
                for room in self._on.rooms.values():
                    if self._asked.room in (None, room.id):
                        yield Sought(
                            day,
                            room.name,
                            room.id,
                            places,
                            is_day=False,
                            says=room.name,
                            room=room.id,
                        )
                if NONE in held:
                    without = self._words.gettext("Without a room")
                    yield Sought(day, without, NONE, places, is_day=False)
            case Shown.INSTRUCTORS:
                named = {self._writer.employee(each): each for each in held if each != NONE}
                for name, employee_id in sorted(named.items()):
                    yield Sought(day, name, employee_id, places, is_day=False, says=name)
                if NONE in held:
                    nobody = self._words.gettext("Nobody yet")
                    yield Sought(day, nobody, NONE, places, is_day=False)

    def _day(self, day: date) -> Sought:
        href = self._asked.having(show=Shown.DAY.value, day=day)
        return Sought(
            day,
            self._words.short_day(day),
            day,
            self._places,
            href if self._asked.shown is Shown.WEEK else None,
        )

    def _column(self, sought: Sought, held: Sequence[Placed]) -> Column:
        beside = lanes([(each.first_minute, each.last_minute) for each in held])
        all_day, blocks = self._closed(sought)
        is_today = sought.is_day and sought.day in {self._today(each) for each in sought.places}
        states = {"is-today": is_today, "is-closed": all_day is not None}
        return Column(
            sought.head,
            " · ".join(self._notes(is_today, all_day, held)),
            sought.href,
            "".join(f" {name}" for name, holds in states.items() if holds),
            tuple(
                self._writer.write(
                    each, self._place(each, min(lane, LANES - 1), min(of, LANES)), sought.says
                )
                for each, (lane, of) in zip(held, beside, strict=True)
            ),
            tuple(blocks),
            self._present(sought),
            self._new(sought) if self._plans and all_day is None else None,
            tuple(self._gaps(sought, held)) if self._plans and all_day is None else (),
        )

    def _place(self, slot: Placed, lane: int, of: int) -> str:
        """Where it stands, in its lane of so many, and how much room that is, for the sheet."""
        length = max(-((slot.first_minute - slot.last_minute) // STEP) * STEP, 3 * STEP)
        parts = (self._last - self._first) * 60 / length
        return " ".join(
            [
                f"h{slot.start.hour} m{slot.start.minute} d{length}",
                *([f"l{lane} of{of}"] if of > 1 else []),
                f"beside{max(each for each in BESIDE if each <= self._beside * of)}",
                *[f"short{each}" for each in SHORT[::-1] if each <= parts][:1],
            ]
        )

    def _notes(self, is_today: bool, all_day: str | None, held: Iterable[Placed]) -> Iterator[str]:
        words = self._words
        rows = [each.row for each in held if each.row.status is not SlotStatus.CANCELED]
        if is_today:
            yield words.gettext("Today")
        if all_day is not None:
            yield words.gettext("Closed")
            if all_day:
                yield all_day
        elif rows:
            yield words.ngettext("%(n)s class", "%(n)s classes", len(rows))
            limited = [each for each in rows if each.max_participants is not None]
            if limited:
                taken = sum(each.seats + each.additional_participants for each in limited)
                seats = sum(each.max_participants for each in limited)
                yield words.gettext(
                    "%(taken)s of %(limit)s", taken=words.number(taken), limit=words.number(seats)
                )

    # --- Where something could be planned -------------------------------------------------------

    def _new(self, sought: Sought, at: str | None = None) -> str | None:
        """The page for a new slot on that day; none for days that are past."""
        place = self._places[0]
        if sought.day < self._today(place):
            return None
        return address("timetable/new", studio=place.key, day=sought.day, time=at, room=sought.room)

    def _gaps(self, sought: Sought, held: Iterable[Placed]) -> Iterator[Gap]:
        """When the room is free for so long that something could take place there."""
        if sought.room is None:
            return
        now = local(self._now, self._places[0].zone).replace(tzinfo=None)
        free = self._first * 60
        if sought.day == now.date():
            free = max(free, (now.hour * 60 + now.minute) // QUARTER * QUARTER + QUARTER)
        taken = [
            (each.first_minute, each.last_minute)
            for each in held
            if each.row.status is not SlotStatus.CANCELED
        ]
        for start, end in [*sorted(taken), (self._last * 60, DAY_IN_MINUTES)]:
            if start - free >= FREE_FROM:
                at = time(free // 60, free % 60)
                href = self._new(sought, f"{at:%H:%M}")
                if href is not None:
                    until = self._words.time(time(start // 60 % 24, start % 60))
                    text = self._words.gettext("free until %(until)s", until=until)
                    yield Gap(text, href, f"h{at.hour} m{at.minute}")
            free = max(free, end)

    # --- What is not a slot ---------------------------------------------------------------------

    def _today(self, place: Place) -> date:
        return local(self._now, place.zone).date()

    def _closed(self, sought: Sought) -> tuple[str | None, list[Block]]:
        """Why it is closed all day, if it is; and the times at which it is closed otherwise.

        Where several studios stand in one column, nothing is said: each is closed for itself.
        """
        if len(sought.places) > 1:
            return None, []
        begins = datetime.combine(sought.day, time())
        ends = begins + ONE_DAY
        blocks = []
        for each in self._on.closures:
            if each.studio_id != sought.places[0].id:
                continue
            start, end = max(each.local_from, begins), min(each.local_to, ends)
            if (start, end) == (begins, ends):
                return each.reason or "", []
            if start < end:
                blocks.append(self._block(start, end, each.reason))
        return None, blocks

    def _block(self, start: datetime, end: datetime, reason: str | None) -> Block:
        words = self._words
        length = (end - start).seconds // 60 // STEP * STEP
        span = words.gettext(
            "Closed %(start)s to %(end)s", start=words.time(start), end=words.time(end)
        )
        text = " · ".join(each for each in (span, reason) if each)
        return Block(text, f"h{start.hour} m{start.minute} d{max(length, STEP)}")

    def _present(self, sought: Sought) -> Now | None:
        """The line of the present moment, where it is the same for all who are in the column."""
        moments = {local(self._now, each.zone).replace(tzinfo=None) for each in sought.places}
        if len(moments) != 1:
            return None
        [moment] = moments
        if moment.date() != sought.day:
            return None
        return Now(self._words.time(moment), f"h{moment.hour} m{moment.minute}")


def hours(words: Words, bounds: Bounds, beside: datetime | None) -> tuple[str, tuple[Hour, ...]]:
    """The classes of a grid that goes from and to these hours, and each of them.

    `beside` is the moment that is told beside them, if any: an hour beneath it could not be read.
    """
    first, last = bounds
    told = None if beside is None else beside.hour * 60 + beside.minute
    shown = tuple(
        Hour(words.hour(hour), f"h{hour}")
        for hour in range(first, last)
        if told is None or abs(told - hour * 60) > COVERED
    )
    return f"from{first} to{last}", shown


def bounds(slots: Iterable[Placed]) -> Bounds:
    """The hours from and to which a grid goes that holds all these."""
    starts = [FIRST_HOUR * 60]
    ends = [LAST_HOUR * 60]
    for each in slots:
        starts.append(each.first_minute)
        ends.append(each.last_minute)
    first = min(starts) // 60
    last = -(-min(max(ends), DAY_IN_MINUTES) // 60)
    return first, last


def _told_once(columns: Sequence[Column]) -> Iterator[Column]:
    """The present moment is told where its line begins; beside that, the line goes on without."""
    told: Now | None = None
    for each in columns:
        if each.now is not None and each.now == told:
            yield replace(each, now=replace(each.now, time=""))
        else:
            yield each
        told = each.now
