"""Customers: who they are, where they are at home, and their contracts.

Many at once, because a gym has thousands of them: what is written is set-based.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from kursplan.desk.cancel import give_up
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Footprint, Hold, NeedsMore, Turn
from kursplan.desk.promote import fill_seats
from kursplan.desk.review import review
from kursplan.domain.bookings import Booking, Ending
from kursplan.domain.contracts import as_told, by_key, contract_changes
from kursplan.domain.entries import CustomerEntry, MembershipEntry
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import day_of
from kursplan.domain.studios import zone_of
from kursplan.ids import new_uuid
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.entries import customers as customer_entries
from kursplan.store.entries import ids, studios
from kursplan.store.entries.customers import Contract, CustomerRow, IdlePeriodRow, Person
from kursplan.store.rules import bookings, customers
from kursplan.store.tables import rate, studio


@dataclass(frozen=True, slots=True)
class RecordCustomers(Command[int]):
    """Have customers be what their entries say; those who are not there are new.

    Where memberships or idle periods are told, those that are missing end (see
    `kursplan.domain.contracts`). Bookings to come of whoever's contracts change are reviewed in
    the same turn (F34). The answer is how many customers changed. Raises `UnknownKey` for a studio
    or a rate.
    """

    name = "record-customers"

    organization_id: int
    entries: Mapping[int, CustomerEntry]
    """By id, which is a fresh one for who is new."""
    stood: Mapping[int, CustomerEntry] = field(default_factory=dict)
    """What they were when this was decided, of those of whom that matters."""

    @property
    def footprint(self) -> Footprint:
        return Footprint(customers=frozenset(self.entries), organization=Hold.SHARED)

    def perform(self, turn: Turn) -> int:
        tx = turn.tx
        studio_ids = ids.ids(tx, self.organization_id, studio)
        today = _today(turn, studio_ids)
        known = customer_entries.load(tx, self.organization_id, self.entries.keys())
        changes = []
        for customer_id, told in self.entries.items():
            before = known.get(customer_id)
            check(self.stood.get(customer_id), None if before is None else before.entry)
            home = CustomerRow(customer_id, studio_ids[told.studio], told)
            after = as_told(None if before is None else before.entry, told, today[home.studio_id])
            if before is None or after != before.entry:
                changes.append(
                    _Change.of(replace(home, entry=after), before, today[home.studio_id])
                )
        if not changes:
            return 0
        affected = {each.home.id for each in changes if each.may_affect_bookings}
        _bookings_to_come(turn, affected)  # Before anything is written: it may start the turn over.
        ledger = _Ledger(ids.ids(tx, self.organization_id, rate), _numbers(turn))
        for change in changes:
            ledger.enter(change)
        for change in changes:
            was = None if change.before is None else change.before.entry
            turn.note(EntityKind.CUSTOMER, change.home.id, was, change.after)
        ledger.write(turn)
        for change in changes:
            change.tell(turn, studio_ids)
        _see_anew(turn, {each.home.id for each in changes})
        for booking in _bookings_to_come(turn, affected):
            # Who may sit again moves up first: that is told once, and not also that nothing speaks
            # against it any more.
            if turn.bookings[booking.id].waiting:
                fill_seats(turn, turn.slots[booking.slot_id])
            review(turn, booking)
        return len(changes)


@dataclass(frozen=True, slots=True)
class DeleteCustomers(Command[int]):
    """Customers are gone: their bookings to come are cancelled, and who they were is forgotten.

    Their contracts end with them, which is not told by itself. The answer is how many were there.
    """

    name = "delete-customers"

    organization_id: int
    customer_ids: frozenset[int]

    @property
    def footprint(self) -> Footprint:
        return Footprint(customers=self.customer_ids, organization=Hold.SHARED)

    def perform(self, turn: Turn) -> int:
        known = customer_entries.load(turn.tx, self.organization_id, self.customer_ids)
        freed: dict[int, None] = {}
        given_up = _bookings_to_come(turn, known.keys())
        for customer_id, person in known.items():
            turn.note(EntityKind.CUSTOMER, customer_id, person.entry, None)
        for booking in given_up:
            give_up(turn, turn.bookings[booking.id], Ending.CUSTOMER_DELETED)
            freed[booking.slot_id] = None
        for slot_id in freed:
            fill_seats(turn, turn.slots[slot_id])
        studio_ids = ids.ids(turn.tx, self.organization_id, studio)
        customer_entries.erase(turn.tx, self.organization_id, known, turn.now)
        turn.forget_reasons(known.keys())
        for customer_id, person in known.items():
            turn.tell(EventType.CUSTOMER_DELETED, customer_id, studio_ids[person.entry.studio])
            del turn.customers[customer_id]
        return len(known)


@dataclass(slots=True)
class _Change:
    """What a customer becomes, and was until now."""

    home: CustomerRow
    before: Person | None
    today: date
    memberships: dict[str, int]
    """The ids by key of all that there were and will be."""
    idle_periods: dict[tuple[str, str], int]

    @classmethod
    def of(cls, home: CustomerRow, before: Person | None, today: date) -> _Change:
        if before is None:
            return cls(home, None, today, {}, {})
        return cls(home, before, today, dict(before.memberships), dict(before.idle_periods))

    @property
    def after(self) -> CustomerEntry:
        return self.home.entry

    @property
    def known(self) -> dict[str, MembershipEntry]:
        return {} if self.before is None else by_key(self.before.entry.memberships)

    @property
    def may_affect_bookings(self) -> bool:
        return self.before is not None and _rules(self.before.entry) != _rules(self.after)

    def tell(self, turn: Turn, studio_ids: Mapping[str, int]) -> None:
        """One event for each row of the contract's table that this is about."""
        customer_id, home_id = self.home.id, self.home.studio_id
        before = None if self.before is None else self.before.entry
        if before is None:
            turn.tell(EventType.CUSTOMER_CREATED, customer_id, home_id)
        else:
            if _person(before) != _person(self.after):
                turn.tell(EventType.CUSTOMER_UPDATED, customer_id, home_id)
            if before.studio != self.after.studio:
                source_id = studio_ids[before.studio]
                turn.tell(
                    EventType.CUSTOMER_HOME_STUDIO_UPDATED,
                    customer_id,
                    home_id,
                    # The studio that they leave hears of it too.
                    home_studio_id=source_id,
                    content={"sourceStudioId": source_id, "targetStudioId": home_id},
                )
        for each in contract_changes(before, self.after, self.today):
            content = {"contractId": self.memberships[each.membership]}
            if each.idle_period is not None:
                content["idlePeriodId"] = self.idle_periods[each.membership, each.idle_period]
            turn.tell(each.type, customer_id, home_id, content=content)


@dataclass(slots=True)
class _Ledger:
    """What is to be written for all customers of a command together."""

    rate_ids: Mapping[str, int]
    numbers: Iterator[int]
    """Fresh ids."""
    new_homes: list[CustomerRow] = field(default_factory=list)
    changed_homes: list[CustomerRow] = field(default_factory=list)
    new_contracts: list[Contract] = field(default_factory=list)
    changed_contracts: list[Contract] = field(default_factory=list)
    ended_contracts: list[int] = field(default_factory=list)
    new_rests: list[IdlePeriodRow] = field(default_factory=list)
    changed_rests: list[IdlePeriodRow] = field(default_factory=list)
    ended_rests: list[int] = field(default_factory=list)

    def enter(self, change: _Change) -> None:
        if change.before is None:
            self.new_homes.append(change.home)
        elif replace(change.before.entry, memberships=()) != replace(change.after, memberships=()):
            self.changed_homes.append(change.home)
        gone = change.known
        for entry in change.after.memberships or ():
            was = gone.pop(entry.key, None)
            if was is None:
                change.memberships[entry.key] = next(self.numbers)
            contract = Contract(
                change.memberships[entry.key], change.home.id, self.rate_ids[entry.rate], entry
            )
            if was is None:
                self.new_contracts.append(contract)
            elif replace(was, idle_periods=()) != replace(entry, idle_periods=()):
                self.changed_contracts.append(contract)
            self._enter_rests(change, contract, was)
        for key, was in gone.items():
            self.ended_contracts.append(change.memberships[key])
            self.ended_rests.extend(
                change.idle_periods[key, each.key] for each in was.idle_periods or ()
            )

    def _enter_rests(
        self, change: _Change, contract: Contract, was: MembershipEntry | None
    ) -> None:
        gone = {} if was is None else by_key(was.idle_periods)
        for entry in contract.entry.idle_periods or ():
            before = gone.pop(entry.key, None)
            place = contract.entry.key, entry.key
            if before is None:
                change.idle_periods[place] = next(self.numbers)
            rest = IdlePeriodRow(
                change.idle_periods[place], contract.customer_id, contract.id, entry
            )
            if before is None:
                self.new_rests.append(rest)
            elif before != entry:
                self.changed_rests.append(rest)
        self.ended_rests.extend(change.idle_periods[contract.entry.key, key] for key in gone)

    def write(self, turn: Turn) -> None:
        """What goes is written first: its key or number may be another's now."""
        tx, organization_id = turn.tx, turn.organization_id
        customer_entries.remove_idle_periods(tx, organization_id, self.ended_rests)
        customer_entries.remove_memberships(tx, organization_id, self.ended_contracts)
        for booking in list(turn.bookings.values()):
            if booking.membership_id in self.ended_contracts:
                turn.change(replace(booking, membership_id=None, counts=False))
        customer_entries.change(tx, organization_id, self.changed_homes)
        customer_entries.add(
            tx, organization_id, self.new_homes, [new_uuid() for _ in self.new_homes]
        )
        customer_entries.change_memberships(tx, organization_id, self.changed_contracts)
        customer_entries.add_memberships(tx, organization_id, self.new_contracts)
        customer_entries.change_idle_periods(tx, organization_id, self.changed_rests)
        customer_entries.add_idle_periods(tx, organization_id, self.new_rests)


def _person(entry: CustomerEntry) -> CustomerEntry:
    """Who the customer is, without home and contracts."""
    return replace(entry, studio="", memberships=())


def _rules(entry: CustomerEntry) -> tuple[object, ...]:
    """What the booking rules look at."""
    return entry.studio, entry.access_refused, entry.memberships


def _numbers(turn: Turn) -> Iterator[int]:
    """Fresh ids, taken some at a time; gaps are harmless."""
    while True:
        yield from take_numbers(turn.tx, 100)


def _today(turn: Turn, studio_ids: Mapping[str, int]) -> dict[int, date]:
    """The local day in each studio."""
    found = studios.load(turn.tx, turn.organization_id, studio_ids.values())
    return {studio_id: day_of(turn.now, zone_of(entry.zone)) for studio_id, entry in found.items()}


def _bookings_to_come(turn: Turn, customer_ids: Collection[int]) -> list[Booking]:
    """The active bookings of these customers on slots that are not over, the next first."""
    if not customer_ids:
        return []
    found = customer_entries.bookings_to_come(turn.tx, turn.organization_id, customer_ids, turn.now)
    if missing := found - turn.bookings.keys():
        raise NeedsMore(Footprint(bookings=frozenset(missing)))
    held = [
        each
        for each in turn.bookings.values()
        if each.customer_id in customer_ids and each.active and each.ends_at > turn.now
    ]
    return sorted(held, key=lambda each: (each.starts_at, each.id))


def _see_anew(turn: Turn, customer_ids: Collection[int]) -> None:
    """Have the turn see these customers as they are written now.

    Their bookings are in memory as commands before this one left them, which is not in the rows
    yet; so what those changed is counted over again.
    """
    loaded = turn.customers.keys() & customer_ids
    if not loaded:
        return
    rows = customers.lock_rows(turn.tx, turn.organization_id, loaded, lock=False)
    fresh = customers.fill(turn.tx, turn.organization_id, rows, turn.slots.values())
    held = [each for each in turn.bookings.values() if each.customer_id in loaded]
    stored = {
        each.id: each
        for each in bookings.load(turn.tx, turn.organization_id, [each.id for each in held])
    }
    for customer_id, each in fresh.items():
        memberships = each.memberships
        for booking in held:
            if booking.customer_id == customer_id:
                before = stored.get(booking.id)
                memberships = tuple(m.after(before, booking) for m in memberships)
        known = turn.customers[customer_id]
        turn.customers[customer_id] = replace(
            each, memberships=memberships, bookings=known.bookings
        )
