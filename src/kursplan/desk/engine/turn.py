"""A turn, the unit of work: one transaction in which commands of one organization are decided and written.

First everything that the commands reach for is locked; then it is read, for all of them at once.
Each command decides on what the ones before it left in memory. At the end changed bookings and
slots, one event per change and one line of history per command are written together; what else a command
changes it notes, and writes itself. A command that finds that it needs more has the whole turn rolled
back and start over with a wider footprint.

Locks come in one order: customers, slots, the organization, each kind by id. What is decided by is
read only behind all of them, whatever was seen before: nobody can change it any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.engine.notes import Notes
from kursplan.domain.actors import THE_HOUSE, Actor
from kursplan.domain.bookings import Booking
from kursplan.domain.customers import Customer
from kursplan.domain.events import Event, EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import BookingNotFound, Refusal
from kursplan.domain.seen import Subjects
from kursplan.domain.slots import Slot
from kursplan.domain.studios import Closure
from kursplan.domain.values import value
from kursplan.store.engine.joint import Leaves
from kursplan.store.engine.numbers import ask_numbers
from kursplan.store.engine.together import Asked, Together
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.entries import organizations
from kursplan.store.outbox import events
from kursplan.store.outbox.dispatch import lock_subscriptions
from kursplan.store.rules import bookings, customers, history, idempotency, slots, versions
from kursplan.store.rules.bookings import Timed
from kursplan.store.rules.history import Line
from kursplan.store.rules.idempotency import Name, Outcome
from kursplan.store.rules.marks import Mark
from kursplan.store.rules.turned_away import Wish

Answer = TypeVar("Answer", covariant=True)
A = TypeVar("A")

LOOKS = 8
"""How often a turn starts over with a wider footprint before it gives way to others."""

_NOTHING: frozenset[int] = frozenset()


class Hold(IntEnum):
    """How a command holds the organization: all that is planned and written down in it.

    That is the parent of studios, closures, classes, series, slots, employees, rates, memberships
    and applications. Who only fills places on slots that are there holds customers and slots, which
    whoever changes anything about them holds too; it needs no more.
    """

    NOT = 0
    SHARED = 1
    """It stays as it is meanwhile, also for others who rely on that."""
    ALONE = 2
    """Nobody else changes it, or relies on it, meanwhile."""


@value
class Footprint:
    """The ids of what a command needs locked and loaded, and how it holds the organization."""

    customers: frozenset[int] = _NOTHING
    slots: frozenset[int] = _NOTHING
    bookings: frozenset[int] = _NOTHING
    """Bookings, with their slots and customers and with the waiting lists of those slots."""
    queues: frozenset[int] = _NOTHING
    """Slots of which all who wait are needed."""
    rosters: frozenset[int] = _NOTHING
    """Slots of which all who sit or wait are needed."""
    planned: frozenset[Slot] = frozenset()
    """Slots as a command is about to place them: what happens around those times is needed too."""
    organization: Hold = Hold.NOT
    keys: frozenset[Name] = frozenset()
    """Idempotency keys under which something may have been done before."""

    @classmethod
    def of(cls, parts: Collection[Footprint]) -> Footprint:
        """The footprint of all of them together."""
        return cls(
            _NOTHING.union(*[each.customers for each in parts]),
            _NOTHING.union(*[each.slots for each in parts]),
            _NOTHING.union(*[each.bookings for each in parts]),
            _NOTHING.union(*[each.queues for each in parts]),
            _NOTHING.union(*[each.rosters for each in parts]),
            frozenset[Slot]().union(*[each.planned for each in parts]),
            max((each.organization for each in parts), default=Hold.NOT),
            frozenset[Name]().union(*[each.keys for each in parts]),
        )

    @property
    def ids(self) -> frozenset[int]:
        """The ids of all that is named."""
        return self.customers.union(self.slots, self.bookings, self.queues, self.rosters)

    def __or__(self, other: Footprint) -> Footprint:
        return Footprint.of((self, other))


THE_ORGANIZATION = Footprint(organization=Hold.ALONE)
"""What a command reaches for unless it says otherwise."""


class NeedsMore(Exception):
    """The command needs more than was locked; the turn starts over and takes this too."""

    def __init__(self, further: Footprint) -> None:
        super().__init__(further)
        self.further = further


class Unnoted(Exception):
    """A fault: the command told of a change that it had not noted for the history."""


async def until_seen(footprint: Footprint, attempt: Callable[[Footprint], Awaitable[A]]) -> A:
    """What comes of `attempt`, made again with a wider footprint as long as it finds that it needs more.

    Raises `DatabaseUnavailable` where others are always quicker: it gives way to them.
    """
    for _ in range(LOOKS):
        try:
            return await attempt(footprint)
        except NeedsMore as wider:
            footprint |= wider.further
    raise DatabaseUnavailable("it never saw all that it needed", conflict=True)


class Command(Generic[Answer]):
    """A value that says what is to be done; the desk has it done in a turn.

    Commands are frozen dataclasses, one a module, and say in their type what they answer.
    """

    name: ClassVar[str] = ""
    """What it is called in the history, for as long as that is kept: never given another one."""
    is_brief: ClassVar[bool] = False
    """Whether it is soon done although it holds the organization: so it may share a transaction, too."""

    if TYPE_CHECKING:

        @property
        def organization_id(self) -> int: ...

    @property
    def footprint(self) -> Footprint:
        """What has to be locked, as far as it is known beforehand."""
        return THE_ORGANIZATION

    @property
    def about(self) -> Subjects:
        """What its giver has before them besides the slots and bookings that it changes."""
        return Subjects()

    @property
    def wish(self) -> Wish | None:
        """The place that somebody wants by it, if it counts that they wanted it where none is left."""
        return None

    def precheck(self, full: Container[int]) -> Question[Any] | None:
        """What to ask first, without a lock, where these slots were full: a `Refusal` stands.

        Most have no such short way.
        """
        return None

    def perform(self, turn: Turn) -> Answer:
        """Decide, and if the answer is yes, change what the turn holds."""
        raise NotImplementedError


class Question(Protocol[Answer]):
    """A value that asks what would be; it changes nothing, not even in the turn that it shares."""

    @property
    def organization_id(self) -> int: ...

    @property
    def footprint(self) -> Footprint: ...

    def perform(self, turn: Turn) -> Answer: ...


class Turn:
    """What the commands of one transaction see and change."""

    def __init__(
        self,
        tx: Connection,
        organization_id: int,
        clock: Clock,
        shard: int = 0,
        *,
        no_subscribers: bool = False,
        waits: bool = True,
    ) -> None:
        """`no_subscribers` if most likely nobody is to be told of what happens in the organization.

        Unless it `waits` for what others hold it `Leaves` instead: others share the transaction.
        """
        self._tx = tx
        self.organization_id = organization_id
        self._clock = clock
        self._shard = shard
        self.now: datetime
        """The instant by which the whole turn decides, taken once everything is locked."""
        self.slots: dict[int, Slot] = {}
        self.customers: dict[int, Customer] = {}
        self.bookings: dict[int, Booking] = {}
        self._on_slot: defaultdict[int, set[int]] = defaultdict(set)
        self._footprint = Footprint()
        self._added: dict[int, None] = {}
        self._unannounced: set[int] = set()
        self._changed: dict[int, None] = {}
        self._counted: dict[int, None] = {}
        self._reshaped: dict[int, None] = {}
        self._unwritten: dict[int, None] = {}
        """Of the reshaped slots those that are to be written yet."""
        self._earlier: Mapping[Name, Outcome] = {}
        self._outcomes: dict[Name, Outcome] = {}
        self._notes = Notes("", THE_HOUSE, None)
        self._history: list[Line] = []
        self._events: list[Event] = []
        self._invalidated: set[int] = set()
        self._no_subscribers = no_subscribers
        self._waits = waits
        self._has_written = False
        self.has_subscribers: bool | None = None
        """Whether somebody is to be told of its events, once they are recorded and if there are."""
        self.mark: Mark | None = None
        """By what it is known once it is committed; none where it changes nothing."""

    @property
    def tx(self) -> Connection:
        """The transaction, to read what the turn does not hold; to write, there is `note`."""
        return self._tx

    @property
    def by(self) -> Actor:
        """Who gives the command that is being performed."""
        return self._notes.by

    @property
    def reason(self) -> str | None:
        """Why they do."""
        return self._notes.reason

    def perform(self, command: Command[A], by: Actor, reason: str | None = None) -> A:
        """Have one of its commands done; what it changes becomes a line of history."""
        self._notes = notes = Notes(command.name, by, reason)
        told = len(self._events)
        answer = command.perform(self)
        if changes := notes.changes():
            self._history.append(Line(notes.command, by, reason, changes))
        elif len(self._events) > told:
            raise Unnoted(notes.command)
        return answer

    @property
    def changes_anything(self) -> bool:
        """Whether its commands have changed anything so far."""
        return bool(self._history) or bool(self._notes.changes())

    def call_it(self, command: str) -> None:
        """The line of history is that of another command, which the one at work has done."""
        self._notes.command = command

    def lock_and_load(self, footprint: Footprint, *, lock: bool) -> None:
        """Load all of `footprint`, locked: customers first, then slots, then the organization.

        Bookings are looked up before the locks only to learn what to lock. What is there is what is
        found under them, which may be more: one who came meanwhile is not missed.
        """
        tx, organization_id = self._tx, self.organization_id
        found = self._look_up(footprint)
        customer_ids = footprint.customers | {each.customer_id for each in found}
        slot_ids = (
            footprint.slots
            | footprint.queues
            | footprint.rosters
            | {each.slot_id for each in found}
        )
        with Together(tx) as at:
            waits = self._waits
            the_customers = customers.ask_rows(
                at, organization_id, customer_ids, lock=lock, waits=waits
            )
            the_slots = slots.ask_rows(at, organization_id, slot_ids, lock=lock, waits=waits)
        customer_rows, slot_rows = the_customers(), the_slots()
        if not waits and len(customer_rows) + len(slot_rows) < len(customer_ids) + len(slot_ids):
            raise Leaves("others hold what it needs, or it is not there")
        if lock and footprint.organization is not Hold.NOT:
            with Together(tx) as at:
                alone = footprint.organization is Hold.ALONE
                held = organizations.ask_to_hold(at, organization_id, alone=alone, waits=waits)
            if not waits and not held():
                raise Leaves("others hold the organization")
        self.now = self._clock.now()
        # All that is locked by now, and only now, is read; without locks it was read just before.
        named = self._named(footprint) if lock else []
        with Together(tx) as at:
            on_slots = self._ask_on_slots(at, footprint, named) if lock else list
            filled = slots.ask(at, organization_id, slot_rows, footprint.planned)
            times: list[Timed] = [*slot_rows, *footprint.planned]
            with_customers = customers.ask(at, organization_id, customer_rows, times)
            earlier = idempotency.find(at, organization_id, footprint.keys, self.now)
        if lock:
            _check_held(named, customer_ids, slot_ids)
            found = [*named, *on_slots()]
        self.slots = filled()
        self.customers = with_customers()([*self.slots.values(), *footprint.planned])
        self.bookings = {each.id: each for each in found}
        for each in found:
            self._on_slot[each.slot_id].add(each.id)
        self._footprint = replace(
            footprint,
            customers=customer_ids,
            slots=slot_ids,
            queues=footprint.queues
            | {each.slot_id for each in found if each.id in footprint.bookings and each.active},
        )
        self._earlier = earlier()

    def _look_up(self, footprint: Footprint) -> list[Booking]:
        named = self._named(footprint)
        with Together(self._tx) as at:
            on_slots = self._ask_on_slots(at, footprint, named)
        return [*named, *on_slots()]

    def _named(self, footprint: Footprint) -> list[Booking]:
        return bookings.load(self._tx, self.organization_id, footprint.bookings)

    def _ask_on_slots(
        self, at: Together, footprint: Footprint, named: Iterable[Booking]
    ) -> Asked[list[Booking]]:
        queues = footprint.queues | {each.slot_id for each in named if each.active}
        rosters = footprint.rosters
        return bookings.on(at, self.organization_id, rosters, queues - rosters)

    # What is there.

    def queue(self, slot: Slot) -> list[Booking]:
        """All who wait on `slot`.

        Who joined the end while the turn waited for its locks is among them, and is not held before
        `customer_of` is asked.
        """
        if slot.id not in self._footprint.queues | self._footprint.rosters:
            raise NeedsMore(Footprint(queues=frozenset({slot.id})))
        return [each for each in self.bookings_on(slot) if each.waiting]

    def roster(self, slot: Slot) -> list[tuple[Booking, Customer]]:
        """All who sit or wait on `slot`, in the order in which they joined."""
        if slot.id not in self._footprint.rosters:
            raise NeedsMore(Footprint(rosters=frozenset({slot.id})))
        here = [each for each in self.bookings_on(slot) if each.active]
        here.sort(key=attrgetter("sequence"))
        return [(each, self.customer_of(each)) for each in here]

    def bookings_on(self, slot: Slot) -> list[Booking]:
        """The bookings on `slot` that the turn knows of, whatever became of them."""
        return [self.bookings[each] for each in self._on_slot[slot.id]]

    def customer_of(self, booking: Booking) -> Customer:
        if booking.customer_id not in self.customers:
            raise NeedsMore(Footprint(customers=frozenset({booking.customer_id})))
        return self.customers[booking.customer_id]

    def booking(self, booking_id: int) -> Booking:
        """A booking that a command came to know only in the turn, with its slot and customer held."""
        if booking_id not in self.bookings:
            raise NeedsMore(Footprint(bookings=frozenset({booking_id})))
        return self.bookings[booking_id]

    def booking_in(self, studio_id: int, booking_id: int) -> Booking | Refusal:
        """A booking that the command reaches for, on a slot of that studio and of no other."""
        booking = self.bookings.get(booking_id)
        if booking is None or booking.studio_id != studio_id:
            return BookingNotFound(booking_id)
        return booking

    def slot_of(self, booking: Booking) -> Slot:
        if booking.slot_id not in self.slots:
            raise NeedsMore(Footprint(slots=frozenset({booking.slot_id})))
        return self.slots[booking.slot_id]

    def need_slots(self, slot_ids: Iterable[int]) -> list[Slot]:
        """The slots of these ids, which a command came to know only in the turn."""
        wanted = frozenset(slot_ids)
        if missing := wanted - self._footprint.slots:
            raise NeedsMore(Footprint(slots=missing))
        return [self.slots[slot_id] for slot_id in sorted(wanted) if slot_id in self.slots]

    def need_rosters(self, slot_ids: Iterable[int]) -> list[Slot]:
        """The same with all who sit or wait there, for all of these slots at once."""
        wanted = frozenset(slot_ids)
        if missing := wanted - self._footprint.rosters:
            raise NeedsMore(Footprint(rosters=missing))
        return self.need_slots(wanted)

    def look_ahead(self, slots: Iterable[Slot]) -> None:
        """A command is about to place slots like this, and decides on what happens around them."""
        seen = {(each.id, each.starts_at, each.ends_at) for each in self._footprint.planned}
        if further := [
            each for each in slots if (each.id, each.starts_at, each.ends_at) not in seen
        ]:
            raise NeedsMore(Footprint(planned=frozenset(further)))

    def register_slots(self, slot_ids: Iterable[int]) -> None:
        """Slots that a command has just made are there for the commands after it."""
        made = frozenset(slot_ids)
        self.slots |= slots.load(self._tx, self.organization_id, made)
        self._footprint |= Footprint(slots=made, queues=made, rosters=made)
        for slot_id in sorted(made):
            self.note(EntityKind.SLOT, slot_id, None, self.slots[slot_id])

    def is_unannounced(self, booking: Booking) -> bool:
        """Whether it was just made, by a command that has not told it yet."""
        return booking.id in self._unannounced

    # What changes.

    def add(self, booking: Booking) -> None:
        """A new booking takes its place."""
        self._added[booking.id] = None
        self._unannounced.add(booking.id)
        self._notes.booking(None, booking)
        self._put(None, booking)

    def change(self, booking: Booking) -> None:
        """The booking of that id is now `booking`."""
        before = self.bookings[booking.id]
        self._changed[booking.id] = None
        self._notes.booking(before, booking)
        self._put(before, booking)

    def _put(self, before: Booking | None, booking: Booking) -> None:
        """The one place where seats and waiting positions are counted."""
        self.bookings[booking.id] = booking
        self._on_slot[booking.slot_id].add(booking.id)
        who = self.customers.get(booking.customer_id)
        if who is not None:
            self.customers[who.id] = who.after(before, booking)
        slot = self.slots[booking.slot_id]
        self._invalidated.add(slot.studio.id)
        seats, waiting = slot.seats + booking.seated, slot.waiting + booking.waiting
        if before is not None:
            seats, waiting = seats - before.seated, waiting - before.waiting
        last_sequence = max(slot.last_sequence, booking.sequence)
        if (seats, waiting, last_sequence) != (slot.seats, slot.waiting, slot.last_sequence):
            self.slots[slot.id] = slot.with_places(seats, waiting, last_sequence)
            self._counted[slot.id] = None

    def change_slot(self, slot: Slot) -> None:
        """The slot of that id is now `slot`."""
        self._notes.thing(EntityKind.SLOT, slot.id, self.slots[slot.id], slot)
        self.slots[slot.id] = slot
        self._reshaped[slot.id] = self._unwritten[slot.id] = None
        self._invalidated.add(slot.studio.id)

    def write_slots(self) -> None:
        """Write down the slots that changed until now, for whoever asks the database about all of them."""
        self._has_written = True
        with Together(self._tx) as at:
            self._write_slots(at)

    def _write_slots(self, at: Together) -> None:
        slots.change(at, self.organization_id, [self.slots[each] for each in self._unwritten])
        self._unwritten.clear()

    @property
    def has_written(self) -> bool:
        """Whether anything was written for it before the end: what was cannot be taken back for it alone."""
        return self._has_written

    def note(
        self,
        kind: EntityKind,
        id_: int,
        before: object | None,
        after: object | None,
        also: Collection[str] = (),
    ) -> Connection:
        """The transaction, to write what becomes of one thing that is not for the turn to write.

        Before and after are the thing itself or its members by name, None where there is none. `also` are
        members that change too, and of which the history keeps no values.
        """
        self._notes.thing(kind, id_, before, after, also)
        self._invalidated.add(versions.EVERYTHING)
        self._has_written = True
        return self._tx

    def forget_reasons(self, customer_ids: Collection[int]) -> None:
        """Why something was done to these customers or their bookings is not kept any longer.

        The lines of commands before this one in the same turn are not written yet.
        """
        self._has_written = True
        history.forget_reasons(self._tx, self.organization_id, customer_ids)
        theirs = {each.id for each in self.bookings.values() if each.customer_id in customer_ids}
        theirs.update(customer_ids)
        self._history = [
            replace(each, reason=None) if each.changes[0].id in theirs else each
            for each in self._history
        ]

    def change_closures(self, studio_id: int, closures: Iterable[Closure]) -> None:
        """The studio is now closed at these times; its row is not for the turn to write."""
        closed = tuple(closures)
        for slot in self.slots.values():
            if slot.studio.id == studio_id:
                studio = replace(slot.studio, closures=closed)
                self.slots[slot.id] = replace(slot, studio=studio)

    def tell(
        self,
        type_: EventType,
        entity_id: int,
        studio_id: int,
        *,
        home_studio_id: int | None = None,
        content: Mapping[str, int] | None = None,
    ) -> None:
        """Partners of the studio, and of the customer's home studio, are to hear of a change."""
        elsewhere = home_studio_id if home_studio_id != studio_id else None
        self._events.append(Event(type_, entity_id, studio_id, elsewhere, content))

    def tell_booking(self, type_: EventType, booking: Booking) -> None:
        self._unannounced.discard(booking.id)
        self.tell(type_, booking.id, booking.studio_id, home_studio_id=booking.home_studio_id)

    def tell_slot(self, type_: EventType, slot: Slot) -> None:
        self.tell(type_, slot.id, slot.studio.id, content={"classId": slot.class_.id})

    # Answers under an idempotency key.

    def outcome(self, name: Name) -> Outcome | None:
        """What came of an earlier request of that name, in this turn or before it."""
        return self._outcomes.get(name) or self._earlier.get(name)

    def booking_of(self, outcome: Outcome) -> Booking | None:
        """The booking that was made then, as it is now."""
        booking_id = outcome.booking_id
        if booking_id not in self.bookings and booking_id not in self._footprint.bookings:
            # All who ask again are looked up at once.
            raise NeedsMore(
                Footprint(bookings=frozenset(each.booking_id for each in self._earlier.values()))
            )
        return self.bookings.get(booking_id)

    def keep(self, outcome: Outcome) -> None:
        """Whoever asks again under that name is to find what came of it."""
        self._outcomes[outcome.name] = outcome

    @property
    def touched_bookings(self) -> dict[int, Booking]:
        """The bookings that are new or changed, as they now stand."""
        return {each: self.bookings[each] for each in self._added | self._changed}

    @property
    def touched_slots(self) -> dict[int, Slot]:
        """The slots that are changed in more than how many sit and wait, as they now stand."""
        return {each: self.slots[each] for each in self._reshaped}

    @property
    def event_types(self) -> list[EventType]:
        """Of what will be told, in order."""
        return [each.type for each in self._events]

    def flush(self) -> None:
        """Write all that changed, and one event for each change; what is shown changes with it."""
        self._has_written = True
        lines, events_told, held = self._take_numbers()
        made = [self.bookings[each] for each in self._added]
        changed = [self.bookings[each] for each in self._changed]
        if made and changed:
            self._write_bookings_in_order()
            made = changed = []
        tx, organization_id, now = self._tx, self.organization_id, self.now
        counted = sorted(self._counted.keys() - self._unwritten.keys())
        with Together(tx) as at:
            bookings.add(at, organization_id, made)
            bookings.change(at, organization_id, changed)
            slots.count_places(at, organization_id, [self.slots[each] for each in counted])
            self._write_slots(at)
            if lines:
                history.add(at, organization_id, self._history, lines, now)
            told = events.add(at, organization_id, self._events, events_told, now, held=held)
            versions.bump(at, organization_id, self._invalidated, self._shard, now)
        # Last, so that nobody who asks again under one of the keys waits for more than the commit.
        idempotency.add(tx, organization_id, self._outcomes.values(), now)
        if lines:
            self.mark = Mark(frozenset(self._invalidated), now, lines[0])
        if self._events:
            self.has_subscribers = told()

    def _take_numbers(self) -> tuple[Sequence[int], Sequence[int], bool]:
        """Those of its lines and of its events, and whether who listens to these stays as it is.

        They are taken while what changed is locked, so those of later changes are higher.
        """
        count = len(self._history) + len(self._events)
        if not count:
            return (), (), False
        with Together(self._tx) as at:
            taken = ask_numbers(at, count)
            locked = (
                lock_subscriptions(
                    at, self.organization_id, likely=self._no_subscribers, waits=self._waits
                )
                if self._events
                else None
            )
        numbers = taken()
        lines = len(self._history)
        return numbers[:lines], numbers[lines:], locked is not None and locked()

    def _write_bookings_in_order(self) -> None:
        """What was there changes first: who gave up a place may have taken another on the same slot.

        New ones change last, and only if they were changed since they were made.
        """
        before = [each for each in self._changed if each not in self._added]
        since = [each for each in self._changed if each in self._added]
        for write, booking_ids in (
            (bookings.change, before),
            (bookings.add, self._added),
            (bookings.change, since),
        ):
            with Together(self._tx) as at:
                write(at, self.organization_id, [self.bookings[each] for each in booking_ids])


def _check_held(
    named: Iterable[Booking], customer_ids: frozenset[int], slot_ids: frozenset[int]
) -> None:
    """Raises `NeedsMore` where one came that was not there when the locks were chosen."""
    customers_too = frozenset({each.customer_id for each in named}) - customer_ids
    slots_too = frozenset({each.slot_id for each in named}) - slot_ids
    if customers_too or slots_too:
        raise NeedsMore(Footprint(customers=customers_too, slots=slots_too))
