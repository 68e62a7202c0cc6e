"""Clashes: whether what a command is about to place would be twice at the same time.

A command asks before it changes anything. Only what it places anew is looked at, and refused is only
what was not so before: nobody is kept from moving a slot out of one clash because it is in another.
Who makes slots by itself, or carries out what was decided elsewhere, does not ask (decision 28).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from kursplan.desk.turn import Turn
from kursplan.domain.clashes import Clash, Clashing, Held, overlaps
from kursplan.domain.localtime import day_of
from kursplan.domain.series import Series
from kursplan.domain.slots import Slot
from kursplan.store import clashes, series

LOOK_AHEAD = timedelta(days=60)
"""How far a series is looked at beyond its beginning: a weekly plan repeats itself."""


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


def held_ahead(
    of: Series, known: Collection[datetime | None], since: date, until: date, now: datetime
) -> Iterator[Held]:
    """What the series needs on those days, but for the starts that are `known` and for what is past."""
    shape = of.shape
    for each in of.plan.occurrences(of.standard, of.zone, since, until):
        if each.starts_at > now and each.local_start not in known:
            yield Held(
                None,
                of.class_id,
                each.starts_at,
                each.ends_at,
                shape.location_id,
                frozenset(shape.instructors),
            )


def look(
    turn: Turn,
    before: Collection[Held],
    after: Sequence[Held],
    *,
    besides: Callable[[], Iterable[Held]] = tuple,
    without: Iterable[int] = (),
) -> tuple[Clash, ...] | Clashing:
    """The clashes of what is to be `after` and was not so `before`, or `Clashing` if one is refused.

    `besides` says which slots of others are yet to be made; `without` are the ids of those that go.
    """
    placed = frozenset(after) - frozenset(before)
    if not any(each.room or each.instructors for each in placed):
        return ()
    turn.write_slots()
    around, alone = clashes.around(turn.tx, turn.organization_id, placed)
    own = {each.slot_id for each in (*before, *after)}.union(without)
    others = [each for each in around if each.slot_id not in own]
    others += _unshared(besides(), alone)
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


def other_series(
    turn: Turn, of: Series, since: date, until: date, but: int | None = None
) -> list[Held]:
    """What series with the same room or instructors need then, as far as they have no slots yet.

    On days to which a series was extended, its slots say what it needs. `but` goes over into `of`.
    """
    shape = of.shape
    found = series.alike(turn.tx, turn.organization_id, shape.location_id, shape.instructors, since)
    return [
        held
        for each in found
        if each.id not in (of.id, but)
        for held in held_ahead(each, (), max(since, _beyond(each, since)), until, turn.now)
    ]


def _beyond(of: Series, since: date) -> date:
    return since if of.extended_until is None else of.extended_until + timedelta(days=1)


def days_ahead(of: Series, now: datetime) -> tuple[date, date]:
    """The days on which a series is looked at: as far as it has slots, and at least for some weeks."""
    since = max(day_of(now, of.zone), of.plan.first_day)
    return since, max(since + LOOK_AHEAD, of.extended_until or since)
