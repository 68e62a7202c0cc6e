"""Reshape many slots in one turn, where what they follow has changed: series, class or zone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kursplan.desk.change_slot import put_instructors, reshape
from kursplan.desk.engine.turn import Turn
from kursplan.domain.slots import Override, Slot
from kursplan.store.rules import instructors


def reshape_all(
    turn: Turn, wanted: Iterable[Slot], given_by: Sequence[int] | None = None
) -> tuple[int, ...]:
    """Make each slot what `wanted` says, and have these employees give it, if any are said.

    A slot whose instructors are pinned keeps them.
    Slots that are so already are left alone and told to nobody. The ids of the others.
    """
    wanted = list(wanted)
    handed_on = set() if given_by is None else _given_by_others(turn, wanted, given_by)
    changes = {
        each.id: each
        for each in wanted
        if each.id in handed_on or _shows(turn.slots[each.id], each)
    }
    # All that they need is asked for at once, or the turn would start over for each.
    moves = [each for each in changes.values() if _moves(turn.slots[each.id], each)]
    waited_for = [each for each in changes.values() if each.waiting]
    turn.need_rosters(each.id for each in (*moves, *waited_for))
    turn.look_ahead(moves)
    for each in wanted:
        if each.id in handed_on:
            put_instructors(turn, each, given_by or ())
        if each.id in changes:
            reshape(turn, each)
        elif each != turn.slots[each.id]:
            turn.change_slot(each)
    return tuple(changes)


def _shows(before: Slot, after: Slot) -> bool:
    """Whether anybody outside sees the difference.

    Nobody asks for the series. And two wall times are one instant where the clocks skip an hour.
    """
    return after != replace(before, local_start=after.local_start, series_id=after.series_id)


def _moves(before: Slot, after: Slot) -> bool:
    return (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at)


def _given_by_others(turn: Turn, wanted: Sequence[Slot], given_by: Sequence[int]) -> set[int]:
    """Those of the slots that other employees give than these."""
    free = [each.id for each in wanted if Override.INSTRUCTORS not in each.own]
    given = instructors.of_slots(turn.tx, turn.organization_id, free)
    return {slot_id for slot_id, employees in given.items() if employees != tuple(given_by)}
