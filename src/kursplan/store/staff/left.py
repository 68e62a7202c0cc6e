"""How many bookings are left to those on a slot, counted as the rules count. Reads, never for deciding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from kursplan.domain.contingents import left_of, tightest
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import customers, slots


@dataclass(frozen=True, slots=True)
class Left:
    """Of the contingent that is the tightest, in its period in which the slot lies."""

    left: int
    granted: int


def of_those_on(
    tx: Connection, organization_id: int, slot_id: int, bookings: Iterable[AnyRow]
) -> Mapping[int, Left]:
    """By booking, as far as it uses a membership of which so many are granted; nothing for a class that
    uses no contingent."""
    held = {each.id: each for each in bookings if each.membership_id is not None}
    slot = slots.load(tx, organization_id, [slot_id]).get(slot_id)
    if slot is None or not held or not slot.class_.uses_contingent:
        return {}
    whose = {each.customer_id for each in held.values()}
    rows = customers.lock_rows(tx, organization_id, whose, lock=False)
    found = customers.fill(tx, organization_id, rows, [slot])
    memberships = {each.id: each for who in found.values() for each in who.memberships}
    left = {}
    for booking_id, row in held.items():
        membership = memberships.get(row.membership_id)
        if membership is None:
            continue
        days = membership.used_days
        contingent = tightest(membership.contingents, slot.day, days)
        if contingent is not None and contingent.bookings is not None:
            left[booking_id] = Left(left_of(contingent, slot.day, days), contingent.bookings)
    return left
