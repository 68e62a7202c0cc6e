"""Commands of staff about one customer's contracts: rest a membership, end it, move the customer home.

Each reads what is written down behind the customer's lock, changes one thing about it, and has it
recorded as a whole: what others changed meanwhile stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from kursplan.desk.customers import RecordCustomers
from kursplan.desk.engine.turn import Command, Footprint, Hold, Turn
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry, free_key
from kursplan.domain.refusals import CustomerNotFound, Refusal
from kursplan.store.entries import customers


class NoSuchMembership(Exception):
    """The customer has no membership of that key."""


@dataclass(frozen=True, slots=True)
class FreezeMembership(Command[bool | Refusal]):
    """A membership rests from a day on; to come and within are reviewed with the bookings.

    The answer is whether anything changed. Raises `NoSuchMembership`.
    """

    name = "freeze-membership"

    organization_id: int
    customer_id: int
    membership: str
    """By its key."""
    first_day: date
    last_day: date | None = None
    reason: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.last_day is not None and self.last_day < self.first_day:
            raise ValueError(
                f"The last day {self.last_day} is before the first, {self.first_day}: "
                "give a last day on or after it."
            )

    @property
    def footprint(self) -> Footprint:
        return _footprint(self.customer_id)

    def perform(self, turn: Turn) -> bool | Refusal:
        return _change(turn, self.customer_id, self._frozen)

    def _frozen(self, entry: CustomerEntry) -> CustomerEntry:
        held = _membership(entry, self.membership)
        rests = held.idle_periods or ()
        if any(
            (each.first_day, each.last_day) == (self.first_day, self.last_day) for each in rests
        ):
            return entry
        rest = IdlePeriodEntry(
            free_key(f"freeze-{self.first_day}", {each.key for each in rests}.__contains__),
            self.first_day,
            self.last_day,
            self.reason,
        )
        return _with(entry, replace(held, idle_periods=(*rests, rest)))


@dataclass(frozen=True, slots=True)
class EndMembership(Command[bool | Refusal]):
    """A membership ends with a day; bookings after it are reviewed.

    The answer is whether anything changed. Raises `NoSuchMembership`, and ValueError for a day
    before the membership begins.
    """

    name = "end-membership"

    organization_id: int
    customer_id: int
    membership: str
    """By its key."""
    last_day: date

    @property
    def footprint(self) -> Footprint:
        return _footprint(self.customer_id)

    def perform(self, turn: Turn) -> bool | Refusal:
        return _change(turn, self.customer_id, self._ended)

    def _ended(self, entry: CustomerEntry) -> CustomerEntry:
        held = _membership(entry, self.membership)
        if self.last_day < held.valid_from:
            raise ValueError(
                f"The membership begins on {held.valid_from}, after {self.last_day}: "
                "give a day on or after it."
            )
        return _with(entry, replace(held, valid_until=self.last_day))


@dataclass(frozen=True, slots=True)
class MoveHome(Command[bool | Refusal]):
    """A customer is at home in another studio; the answer is whether that is a change.

    Raises `UnknownKey` for a studio that is not there.
    """

    name = "move-home"

    organization_id: int
    customer_id: int
    studio: str
    """By its key."""

    @property
    def footprint(self) -> Footprint:
        return _footprint(self.customer_id)

    def perform(self, turn: Turn) -> bool | Refusal:
        return _change(turn, self.customer_id, lambda entry: replace(entry, studio=self.studio))


def _footprint(customer_id: int) -> Footprint:
    return Footprint(customers=frozenset({customer_id}), organization=Hold.SHARED)


def _change(
    turn: Turn, customer_id: int, change: Callable[[CustomerEntry], CustomerEntry]
) -> bool | Refusal:
    known = customers.load(turn.tx, turn.organization_id, [customer_id]).get(customer_id)
    if known is None:
        return CustomerNotFound(customer_id)
    after = change(known.entry)
    return bool(RecordCustomers(turn.organization_id, {customer_id: after}).perform(turn))


def _membership(entry: CustomerEntry, key: str) -> MembershipEntry:
    for each in entry.memberships or ():
        if each.key == key:
            return each
    raise NoSuchMembership(key)


def _with(entry: CustomerEntry, changed: MembershipEntry) -> CustomerEntry:
    held = entry.memberships or ()
    return replace(
        entry, memberships=tuple(changed if each.key == changed.key else each for each in held)
    )
