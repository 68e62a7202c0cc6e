"""Clashes: whether what a command is about to place would be twice at the same time.

A command asks before it changes anything. Only what it places anew is looked at, and refused is only
what was not so before: nobody is kept from moving a slot out of one clash because it is in another.
Who makes slots by itself, or carries out what was decided elsewhere, does not ask (decision 28).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import chain

from kursplan.desk.engine.turn import Turn
from kursplan.domain.clashes import Clash, Clashing, Held, Needed, overlaps
from kursplan.domain.series import Series
from kursplan.domain.slots import Slot
from kursplan.store.rules import clashes, series

ONE_DAY = timedelta(days=1)
LOOK_AHEAD = timedelta(days=60)
"""How far two series are looked at beyond the day on which both have begun: weekly plans repeat themselves."""


def held(slot: Slot, given_by: Iterable[int]) -> Held:
    """What the slot needs when these employees give it."""
    return Held(
        slot.id,
        slot.class_.id,
        slot.starts_at,
        slot.ends_at,
        slot.location_id,
        frozenset(given_by),
    )


def clashes_of(answer: object) -> tuple[Clash, ...]:
    """What an answer of the desk tells of, whichever command it is of; each once."""
    if isinstance(answer, tuple):
        return tuple(dict.fromkeys(clash for each in answer for clash in clashes_of(each)))
    found: tuple[Clash, ...] = getattr(answer, "clashes", ())
    return found


def look(
    turn: Turn,
    before: Collection[Held],
    after: Collection[Held],
    *,
    others: Iterable[Series] | None = None,
    without: Iterable[int] = (),
) -> tuple[Clash, ...] | Clashing:
    """The clashes of what is to be `after` and was not so `before`, or `Clashing` if one is refused.

    `others` are the series that may be in the way with slots that they are yet to get, where that is known;
    `without` are the ids of slots that go.
    """
    placed = frozenset(after) - frozenset(before)
    if not any(each.room or each.instructors for each in placed):
        return ()
    turn.write_slots()
    around, alone = clashes.around(turn.tx, turn.organization_id, placed)
    own = {each.slot_id for each in (*before, *after)}.union(without)
    there = [each for each in around if each.slot_id not in own]
    there += _unshared(_ahead_of(turn, placed, others), alone)
    placed = frozenset(_unshared(placed, alone))
    found = overlaps([*there, *_unshared(after, alone)], placed)
    if not found:
        return ()
    told = clashes.told(turn.tx, turn.organization_id, found)
    known = {each.identity for each in overlaps([*there, *_unshared(before, alone)])}
    refused = tuple(
        clash
        for overlap, clash in zip(found, told, strict=True)
        if clash.refused and overlap.identity not in known
    )
    return Clashing(refused) if refused else told


def _unshared(held: Iterable[Held], alone: Collection[int]) -> list[Held]:
    """The same without rooms that are shared."""
    return [each if each.room in alone else replace(each, room=None) for each in held]


def _ahead_of(
    turn: Turn, placed: Collection[Held], others: Iterable[Series] | None
) -> Iterator[Held]:
    """What other series need around that time on days to which they were not extended.

    On all other days their slots say it.
    """
    since = min(each.starts_at for each in placed).date() - ONE_DAY
    until = max(each.ends_at for each in placed).date() + ONE_DAY
    if others is None:
        needs = {need for each in placed for need in each.needs}
        rooms = {which for needed, which in needs if needed is Needed.ROOM}
        employees = {which for needed, which in needs if needed is Needed.INSTRUCTOR}
        others = series.alike(turn.tx, turn.organization_id, rooms, employees, since, until)
    for each in others:
        first = since
        if each.extended_until is not None:
            first = max(since, each.extended_until + ONE_DAY)
        yield from ahead(each, first, until, turn.now)


def ahead(
    of: Series,
    since: date,
    until: date,
    now: datetime,
    known: Collection[datetime | None] = (),
) -> Iterator[Held]:
    """What the series needs on these days, but for the starts that are `known` and for what is past."""
    shape, given_by = of.shape, frozenset(of.shape.instructors)
    for each in of.plan.occurrences(of.standard, of.zone, since, until):
        if each.starts_at > now and each.local_start not in known:
            yield Held(None, of.class_id, each.starts_at, each.ends_at, shape.location_id, given_by)


@dataclass(frozen=True, slots=True)
class Outlook:
    """The days on which a series is looked at, and the series that may be in its way."""

    days: tuple[tuple[date, date], ...]
    others: tuple[Series, ...]
    now: datetime

    @classmethod
    def of(cls, turn: Turn, planned: Series, since: date, but: int | None = None) -> Outlook:
        """From `since` on. `but` is the series that goes over into this one."""
        shape, first = planned.shape, max(since, planned.plan.first_day)
        rooms = [] if shape.location_id is None else [shape.location_id]
        found = series.alike(turn.tx, turn.organization_id, rooms, shape.instructors, first)
        others = tuple(each for each in found if each.id not in (planned.id, but))
        # Whoever plans the summer in spring meets what begins in summer only then.
        begins = {first, *(each.plan.first_day for each in others if each.plan.first_day > first)}
        days = [(day, day + LOOK_AHEAD) for day in sorted(begins)]
        if planned.extended_until is not None:
            days.append((first, planned.extended_until))
        return cls(tuple(days), others, turn.now)

    def ahead(self, of: Series, known: Collection[datetime | None] = ()) -> list[Held]:
        """What the series needs on those days, each once."""
        every = (ahead(of, since, until, self.now, known) for since, until in self.days)
        return list(dict.fromkeys(chain.from_iterable(every)))
