"""Rehearse: what a command would do, found out by doing it and rolling that back.

The command runs in a turn of its own, with the locks that it takes when it is meant: what the
rehearsal says is what then happens, unless others change something in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.turn import Command, Reach, Turn, until_seen
from kursplan.domain.bookings import Booking
from kursplan.domain.consequences import TAKES, Becomes, becomes
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.values import value
from kursplan.store import bookings, schedule
from kursplan.store.database import Database
from kursplan.store.rows import AnyRow

A = TypeVar("A")


@value
class Change:
    """One booking that changes, told by whose it is."""

    booking_id: int
    customer_id: int
    name: str
    slot_id: int
    title: str
    starts_at: datetime
    """As it was, where it is moved."""
    zone: str
    becomes: Becomes
    conflict: Kind | None

    @property
    def takes(self) -> bool:
        return self.becomes in TAKES


@dataclass(frozen=True, slots=True)
class Rehearsed(Generic[A]):
    """What commands would answer, and what they would change for people."""

    answer: A
    changes: tuple[Change, ...]
    """In the order of their slots."""
    told: Mapping[EventType, int]
    """How many events of each type there would be."""

    @property
    def taken(self) -> tuple[Change, ...]:
        """What would be taken from people."""
        return tuple(each for each in self.changes if each.takes)


class _RolledBack(Exception):
    """Ends the transaction of a rehearsal, and carries out what was learned."""

    def __init__(self, learned: _Learned) -> None:
        super().__init__()
        self.learned = learned


@dataclass(frozen=True, slots=True)
class _Learned:
    answers: list[Any]
    changed: list[tuple[Booking | None, Booking]]
    slots: Mapping[int, AnyRow]
    told: Mapping[EventType, int]


async def rehearse(
    database: Database, clock: Clock, commands: Sequence[Command[Any]]
) -> Rehearsed[list[Any]]:
    """What these commands of one organization, one after the other, would come to; nothing is done.

    Raises `DatabaseUnavailable`.
    """
    organization_id = commands[0].organization_id
    learned = await _try_out(database, clock, organization_id, commands)
    # Names are read from what is there: a rehearsed erasure leaves none.
    names = await database.read(
        lambda tx: schedule.names_of_customers(
            tx, organization_id, {after.customer_id for _, after in learned.changed}
        )
    )
    changes = (_told(each, names, learned.slots) for each in learned.changed)
    ordered = sorted(changes, key=lambda each: (each.starts_at, each.slot_id, each.booking_id))
    return Rehearsed(learned.answers, tuple(ordered), learned.told)


async def _try_out(
    database: Database, clock: Clock, organization_id: int, commands: Sequence[Command[Any]]
) -> _Learned:
    def transaction(held: Reach, tx: Connection) -> NoReturn:
        turn = Turn(tx, organization_id, clock)
        turn.gather(held, lock=True)
        answers = [command.perform(turn) for command in commands]
        pairs = _pairs(tx, turn)
        turn.record()
        rows = schedule.slots_by_id(tx, organization_id, {after.slot_id for _, after in pairs})
        raise _RolledBack(_Learned(answers, pairs, rows, Counter(turn.event_types)))

    async def attempt(held: Reach) -> _Learned:
        try:
            await database.write(partial(transaction, held))
        except _RolledBack as rolled_back:
            return rolled_back.learned
        raise AssertionError("a rehearsal was committed")

    return await until_seen(Reach.of([each.reach for each in commands]), attempt)


def _pairs(tx: Connection, turn: Turn) -> list[tuple[Booking | None, Booking]]:
    """The bookings that the turn is about to write, each with what is stored of it."""
    touched = turn.touched_bookings
    stored = {each.id: each for each in bookings.load(tx, turn.organization_id, touched.keys())}
    return [(stored.get(each.id), each) for each in touched.values()]


def _told(
    pair: tuple[Booking | None, Booking], names: Mapping[int, str], slots: Mapping[int, AnyRow]
) -> Change:
    before, after = pair
    slot = slots[after.slot_id]
    return Change(
        after.id,
        after.customer_id,
        names.get(after.customer_id, ""),
        after.slot_id,
        slot.title,
        (before or after).starts_at,
        slot.zone,
        becomes(before, after),
        after.conflict,
    )
