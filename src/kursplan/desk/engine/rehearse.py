"""Rehearse: what commands would do, found out by doing them and rolling that back.

They run in turns of their own, with the locks that they take when they are meant: what the
rehearsal says is what then happens, unless others change something in between. Many turns one after
the other, as loading a gym file takes them, are rehearsed in one transaction: each sees what those
before it wrote, and what it comes to is told against what was there before the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, NoReturn, TypeVar

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.engine.seen import see
from kursplan.desk.engine.turn import Command, Footprint, Hold, NeedsMore, Turn
from kursplan.domain.bookings import Booking
from kursplan.domain.consequences import TAKES, Becomes, becomes, slot_becomes
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.seen import Seen, Subjects
from kursplan.domain.slots import Slot
from kursplan.domain.values import value
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.savepoint import savepoint
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.entries import organizations
from kursplan.store.rules import bookings, customers, slots
from kursplan.store.staff import timetable

A = TypeVar("A")

TRIES = 3
"""How often a rehearsal begins anew where others were in its way."""


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


@value
class SlotChange:
    """One slot that is cancelled, moved or back, whether or not anybody has a place on it."""

    slot_id: int
    title: str
    starts_at: datetime
    """As it was, where it is moved."""
    zone: str
    becomes: Becomes
    moved_to: datetime | None


@dataclass(frozen=True, slots=True)
class Rehearsed(Generic[A]):
    """What commands would answer, and what they would change for people."""

    answer: A
    changes: tuple[Change, ...]
    """In the order of their slots."""
    told: Mapping[EventType, int]
    """How many events of each type there would be."""
    slots: tuple[SlotChange, ...] = ()
    """In their order."""
    seen: Seen = field(default_factory=Seen)
    """How all that would change stands, for whoever then has it done. Of several turns: nothing."""
    changes_anything: bool = True
    """Whether anything at all would be different from what it is."""

    @property
    def taken(self) -> tuple[Change, ...]:
        """What would be taken from people."""
        return tuple(each for each in self.changes if each.takes)


class _RolledBack(Exception):
    """Ends the transaction of a rehearsal."""


@dataclass(slots=True)
class _Learned:
    """What was seen while it was done: what was there before the first change, and at the end."""

    answers: list[list[Any]] = field(default_factory=list)
    bookings_before: dict[int, Booking | None] = field(default_factory=dict)
    bookings: dict[int, Booking] = field(default_factory=dict)
    slots_before: dict[int, Slot] = field(default_factory=dict)
    slots: dict[int, Slot] = field(default_factory=dict)
    told: Counter[EventType] = field(default_factory=Counter)
    seen: Seen = field(default_factory=Seen)
    changes_anything: bool = False

    def take_in(self, tx: Connection, turn: Turn, answers: list[Any]) -> None:
        """What the turn is about to write, each with what is stored of it."""
        self.answers.append(answers)
        self.changes_anything |= turn.changes_anything
        touched = turn.touched_bookings
        new = touched.keys() - self.bookings.keys()
        stored = {each.id: each for each in bookings.load(tx, turn.organization_id, new)}
        self.bookings_before |= {each: stored.get(each) for each in new}
        self.bookings |= touched
        reshaped = turn.touched_slots
        new_slots = reshaped.keys() - self.slots.keys()
        self.slots_before |= slots.load(tx, turn.organization_id, new_slots)
        self.slots |= reshaped
        self.told.update(turn.event_types)


async def rehearse(
    database: Database, clock: Clock, stages: Sequence[Sequence[Command[Any]]]
) -> Rehearsed[list[list[Any]]]:
    """What these commands of one organization would come to, a turn for each stage; nothing is done.

    The answers are by stage. Raises `DatabaseUnavailable`.
    """
    organization_id = stages[0][0].organization_id
    learned = await _Rehearsal(database, clock, organization_id, stages).try_out()
    # Read from what is there: a rehearsed erasure leaves no names, another title or zone is not yet.
    customer_ids = {each.customer_id for each in learned.bookings.values()}
    slot_ids = {each.slot_id for each in learned.bookings.values()} | learned.slots.keys()
    names, rows = await database.read(
        lambda tx: (
            timetable.names_of_customers(tx, organization_id, customer_ids),
            timetable.slots_by_id(tx, organization_id, slot_ids),
        )
    )
    changes = (
        _told(learned.bookings_before[each.id], each, names, rows[each.slot_id])
        for each in learned.bookings.values()
    )
    ordered = sorted(changes, key=lambda each: (each.starts_at, each.slot_id, each.booking_id))
    return Rehearsed(
        learned.answers,
        tuple(ordered),
        learned.told,
        tuple(_slot_changes(learned, rows)),
        learned.seen,
        learned.changes_anything,
    )


class _Rehearsal:
    """One transaction of several turns, begun anew where others were in its way."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        organization_id: int,
        stages: Sequence[Sequence[Command[Any]]],
    ) -> None:
        self._database = database
        self._clock = clock
        self._organization_id = organization_id
        self._stages = stages
        self._reaches = [Footprint.of([each.footprint for each in commands]) for commands in stages]
        self._customers: set[int] = set()
        self._slots: set[int] = set()

    async def try_out(self) -> _Learned:
        for for_retry in range(TRIES):
            learned = _Learned()
            try:
                await self._database.write(
                    lambda tx, for_retry=for_retry, learned=learned: self._transaction(  # type: ignore[misc]
                        tx, learned, for_retry=for_retry > 0
                    )
                )
            except _RolledBack:
                return learned
            except DatabaseUnavailable as unavailable:
                if not unavailable.conflict or for_retry == TRIES - 1:
                    raise
        raise AssertionError("the last try ends with an answer or an error")

    def _transaction(self, tx: Connection, learned: _Learned, *, for_retry: bool) -> NoReturn:
        if for_retry:
            self._hold_all(tx)
        for number in range(len(self._stages)):
            self._turn(tx, learned, number)
        raise _RolledBack

    def _hold_all(self, tx: Connection) -> None:
        """What the turns took one after the other crossed the order of locks, and met others who take
        them in order: now all that is known is taken in order, before the first."""
        organization_id = self._organization_id
        customers.lock_rows(tx, organization_id, self._customers, lock=True)
        slots.lock_rows(tx, organization_id, self._slots, lock=True)
        hold = max(each.organization for each in self._reaches)
        if hold is not Hold.NOT:
            organizations.hold(tx, organization_id, alone=hold is Hold.ALONE)

    def _turn(self, tx: Connection, learned: _Learned, number: int) -> None:
        """One turn; with a wider footprint it alone starts over, as often as that grows."""
        while True:
            turn = Turn(tx, self._organization_id, self._clock)
            try:
                with savepoint(tx):
                    turn.lock_and_load(self._reaches[number], lock=True)
                    stood = self._seen(turn)
                    answers = [command.perform(turn) for command in self._stages[number]]
            except NeedsMore as wider:
                self._widen(number, wider.further)
                continue
            self._customers |= turn.customers.keys()
            self._slots |= turn.slots.keys()
            learned.take_in(tx, turn, answers)
            learned.seen = stood.only(self._touched(turn))
            turn.flush()
            return

    def _seen(self, turn: Turn) -> Seen:
        """All that a single command may come to change, before it does."""
        if len(self._stages) > 1:
            return Seen()
        about = self._stages[0][0].about
        loaded = replace(about, slots=frozenset(turn.slots), bookings=frozenset(turn.bookings))
        return see(turn, loaded)

    def _touched(self, turn: Turn) -> Subjects:
        """What it came to change, with the slots of all bookings."""
        booked = turn.touched_bookings.values()
        slots = turn.touched_slots.keys() | {each.slot_id for each in booked}
        bookings = frozenset(each.id for each in booked)
        return replace(self._stages[0][0].about, slots=frozenset(slots), bookings=bookings)

    def _widen(self, number: int, further: Footprint) -> None:
        wider = self._reaches[number] | further
        if wider == self._reaches[number]:
            raise DatabaseUnavailable("the rehearsal never saw all that it needed", conflict=True)
        self._reaches[number] = wider


def _told(before: Booking | None, after: Booking, names: Mapping[int, str], slot: AnyRow) -> Change:
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


def _slot_changes(learned: _Learned, rows: Mapping[int, AnyRow]) -> Iterable[SlotChange]:
    """What is new by the same load and changes again is nobody's loss."""
    found = []
    for slot_id, after in learned.slots.items():
        before, row = learned.slots_before[slot_id], rows.get(slot_id)
        what = slot_becomes(before, after)
        if row is not None and what is not None:
            moved_to = after.starts_at if what is Becomes.MOVED else None
            change = SlotChange(slot_id, row.title, before.starts_at, row.zone, what, moved_to)
            found.append(change)
    return sorted(found, key=lambda each: (each.starts_at, each.slot_id))
