"""Clashes: whether what a command is about to place would be twice at the same time.

A command asks before it changes anything. Only what it places anew is looked at, and refused is only
what was not so before: nobody is kept from moving a slot out of one clash because it is in another.
Who makes slots by itself, or carries out what was decided elsewhere, does not ask (decision 28).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from kursplan.desk.turn import Turn
from kursplan.domain.clashes import Clash, Clashing, Held, overlaps
from kursplan.domain.localtime import day_of
from kursplan.domain.series import Series
from kursplan.domain.slots import Slot
from kursplan.store import clashes, series

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


def look(
    turn: Turn,
    before: Collection[Held],
    after: Sequence[Held],
    *,
    besides: Iterable[Held] = (),
    without: Iterable[int] = (),
) -> tuple[Clash, ...] | Clashing:
    """The clashes of what is to be `after` and was not so `before`, or `Clashing` if one is refused.

    `besides` are slots of others that are yet to be made; `without` are the ids of those that go.
    """
    placed = frozenset(after) - frozenset(before)
    if not any(each.room or each.instructors for each in placed):
        return ()
    turn.write_slots()
    around, alone = clashes.around(turn.tx, turn.organization_id, placed)
    own = {each.slot_id for each in (*before, *after)}.union(without)
    others = [each for each in around if each.slot_id not in own]
    others += _unshared(besides, alone)
    placed = frozenset(_unshared(placed, alone))
    found = overlaps([*others, *_unshared(after, alone)], placed)
    if not found:
        return ()
    told = clashes.told(turn.tx, turn.organization_id, found)
    known = {each.identity for each in overlaps([*others, *_unshared(before, alone)])}
    refused = tuple(
        clash
        for overlap, clash in zip(found, told, strict=True)
        if clash.refused and overlap.identity not in known
    )
    return Clashing(refused) if refused else told


def _unshared(held: Iterable[Held], alone: Collection[int]) -> list[Held]:
    """The same without rooms that are shared."""
    return [each if each.room in alone else replace(each, room=None) for each in held]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The days on which a series is looked at, and who else needs its room or its instructors then."""

    days: tuple[tuple[date, date], ...]
    others: tuple[Series, ...]
    now: datetime

    @classmethod
    def of(cls, turn: Turn, planned: Series, since: date, but: int | None = None) -> Outlook:
        """From `since` on. `but` is the series that goes over into this one."""
        shape, first = planned.shape, max(since, planned.plan.first_day)
        found = series.alike(
            turn.tx, turn.organization_id, shape.location_id, shape.instructors, first
        )
        others = tuple(each for each in found if each.id not in (planned.id, but))
        # Whoever plans the summer in spring meets what begins in summer only then.
        begins = {first, *(each.plan.first_day for each in others if each.plan.first_day > first)}
        days = [(day, day + LOOK_AHEAD) for day in sorted(begins)]
        if planned.extended_until is not None:
            days.append((first, planned.extended_until))
        return cls(tuple(days), others, turn.now)

    def ahead(self, of: Series, known: Collection[datetime | None] = ()) -> list[Held]:
        """What the series needs, but for the starts that are `known` and for what is past."""
        shape, given_by = of.shape, frozenset(of.shape.instructors)
        return list(
            dict.fromkeys(
                Held(None, of.class_id, each.starts_at, each.ends_at, shape.location_id, given_by)
                for since, until in self.days
                for each in of.plan.occurrences(of.standard, of.zone, since, until)
                if each.starts_at > self.now and each.local_start not in known
            )
        )

    @property
    def of_others(self) -> list[Held]:
        """What they need on days to which they were not extended; on others their slots say it."""
        return [
            held
            for each in self.others
            for held in self.ahead(each)
            if each.extended_until is None
            or day_of(held.starts_at, each.zone) > each.extended_until
        ]
