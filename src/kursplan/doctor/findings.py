"""The invariants by name, and what is found where one does not hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select

from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Together


class Invariant(StrEnum):
    """What has to hold; a finding is that it does not."""

    COUNTS = "COUNTS"
    """A slot's seats and waiting positions are those of its bookings."""
    SEATS_ARE_FILLED = "SEATS_ARE_FILLED"
    """Nobody who could move up waits beside a free seat."""
    CANCELLED_SLOTS_ARE_EMPTY = "CANCELLED_SLOTS_ARE_EMPTY"
    """No booking on a cancelled slot is active."""
    ONE_BOOKING_EACH = "ONE_BOOKING_EACH"
    """A customer has one active booking on a slot at most."""
    SAME_TIMES = "SAME_TIMES"
    """A booking has the times of its slot."""
    ONE_PLACE_AT_A_TIME = "ONE_PLACE_AT_A_TIME"
    """A customer has no two seats at the same time, unless one is flagged for staff, or settled by them."""
    CONTINGENTS = "CONTINGENTS"
    """No membership has more bookings than it grants, unless they are flagged, settled or overruled."""
    ORDER_OF_JOINING = "ORDER_OF_JOINING"
    """Everybody has a place of their own in the order of joining, none beyond the last given."""
    BOOKINGS_ARE_TOLD = "BOOKINGS_ARE_TOLD"
    """Each booking was told once as made, and once as cancelled if it is cancelled."""
    SLOTS_ARE_TOLD = "SLOTS_ARE_TOLD"
    """Each cancelled slot was told once as cancelled, and no other was."""
    BOOKINGS_HAVE_A_HISTORY = "BOOKINGS_HAVE_A_HISTORY"
    """There is a line of history for the making of a booking, and for its end."""
    TIMES_MEAN_THE_SAME = "TIMES_MEAN_THE_SAME"
    """A slot to come starts when its local time says, by the present time zone data (F31)."""
    SLOTS_FOLLOW_THEIR_CLASS = "SLOTS_FOLLOW_THEIR_CLASS"
    """A slot to come has what its class gives, unless it or its series says otherwise."""
    SLOTS_FOLLOW_THEIR_SERIES = "SLOTS_FOLLOW_THEIR_SERIES"
    """A slot to come of which nothing was changed by hand is as its series has it."""
    WHO_IS_GONE_GIVES_NOTHING = "WHO_IS_GONE_GIVES_NOTHING"
    """No deleted employee gives a slot to come, or a series that goes on."""
    CLOSURES_ARE_FLAGGED = "CLOSURES_ARE_FLAGGED"
    """A booking to come is flagged for a closure, or that is settled, where there is one, and only there."""
    NOT_TWICE_AT_A_TIME = "NOT_TWICE_AT_A_TIME"
    """No instructor and no room is on two slots at the same time, where the studio of either refuses that."""
    ONE_STUDIO = "ONE_STUDIO"
    """A slot, its class, its series, its room and its bookings are of one studio."""
    WHAT_IS_COMPLETED_IS_OVER = "WHAT_IS_COMPLETED_IS_OVER"
    """No slot is completed before its end."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold."""

    invariant: Invariant
    says: str
    slot_id: int | None = None
    booking_ids: tuple[int, ...] = ()
    membership_id: int | None = None
    studio_id: int | None = None
    class_id: int | None = None
    series_id: int | None = None
    employee_id: int | None = None


_fixed = cache(Fixed)
"""Looks are constants, and each is sent for several organizations at once."""


@dataclass(frozen=True, slots=True)
class Patient:
    """What a look is given: the database, whose rows, when, and which promise it is about."""

    tx: Connection
    organization_id: int
    now: datetime
    invariant: Invariant
    kept_since: datetime
    """Since when no event and no line of history is dropped."""

    def rows(self, statement: Select[Any], **named: object) -> Iterator[AnyRow]:
        with Together(self.tx) as at:
            answer = at.rows(_fixed(statement), {"organization": self.organization_id, **named})
        yield from answer.rows

    def finding(
        self,
        says: str,
        *,
        slot_id: int | None = None,
        bookings: Iterable[int] = (),
        **about: int,
    ) -> Finding:
        """`about` are further ids, under the names that a finding has for them."""
        return Finding(self.invariant, says, slot_id, tuple(bookings), **about)
