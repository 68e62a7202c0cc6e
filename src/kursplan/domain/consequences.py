"""Consequences of a change for those whose bookings it touches."""

from __future__ import annotations

from enum import StrEnum

from kursplan.domain.bookings import Booking
from kursplan.domain.refusals import refuses_otherwise
from kursplan.domain.slots import Slot, SlotStatus


class Becomes(StrEnum):
    """What a booking becomes, in the eyes of whose it is."""

    CANCELLED = "CANCELLED"
    FLAGGED = "FLAGGED"
    """It stays, and would be refused today."""
    MOVED = "MOVED"
    """It is at another time."""
    MADE = "MADE"
    BACK = "BACK"
    """It was cancelled, and is not any more."""
    PROMOTED = "PROMOTED"
    OTHERWISE = "OTHERWISE"
    """Something changes that takes no place from anybody and gives none."""


TAKES = frozenset({Becomes.CANCELLED, Becomes.FLAGGED, Becomes.MOVED})
"""What takes something from people, so that staff are asked before."""


def becomes(before: Booking | None, after: Booking) -> Becomes:
    """What happened to a booking, as its owner would put it: the gravest of it."""
    if before is None:
        return Becomes.MADE
    if before.active and not after.active:
        return Becomes.CANCELLED
    if after.conflict is not None and refuses_otherwise(before.conflict, after.conflict):
        return Becomes.FLAGGED
    if after.active and not before.active:
        return Becomes.BACK
    if after.active and (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at):
        return Becomes.MOVED
    if before.waiting and after.seated:
        return Becomes.PROMOTED
    return Becomes.OTHERWISE


def slot_becomes(before: Slot, after: Slot) -> Becomes | None:
    """What happened to a slot, whoever has a place on it; None where it is neither here nor there."""
    planned = before.status is SlotStatus.PLANNED, after.status is SlotStatus.PLANNED
    if planned == (True, False):
        return Becomes.CANCELLED
    if planned == (False, True):
        return Becomes.BACK
    if (before.starts_at, before.ends_at) != (after.starts_at, after.ends_at):
        return Becomes.MOVED
    return None
