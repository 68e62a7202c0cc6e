"""Whether it is as somebody saw it: read behind the locks of the turn, as all that is decided by.

What is seen is made in one way, also for whoever is about to show it: `See`, asked before what is shown
is read, is never newer than that.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from kursplan.desk.engine.turn import Footprint, Hold, Turn
from kursplan.domain.localtime import local
from kursplan.domain.seen import (
    BookingSeen,
    ChangedMeanwhile,
    ClosureSeen,
    Seen,
    SeriesSeen,
    SlotSeen,
    StudioSeen,
    Subjects,
    differences,
)
from kursplan.domain.values import value
from kursplan.store.rules import closures, instructors, series

_A_DAY = timedelta(days=1)


@value
class See:
    """What there is to see of these things; those that are not there are left out."""

    organization_id: int
    subjects: Subjects

    @property
    def footprint(self) -> Footprint:
        return footprint_of(self.subjects)

    def perform(self, turn: Turn) -> Seen:
        return see(turn, self.subjects)


def footprint_of(subjects: Subjects) -> Footprint:
    """What it takes that they stay as they are until the turn is over."""
    planned = subjects.series or subjects.studios
    return Footprint(
        slots=subjects.slots,
        bookings=subjects.bookings,
        organization=Hold.SHARED if planned else Hold.NOT,
    )


def see(turn: Turn, subjects: Subjects) -> Seen:
    """What the turn sees of these things; of closures, those that are not long over."""
    tx, organization_id = turn.tx, turn.organization_id
    slots = [turn.slots[each] for each in sorted(subjects.slots) if each in turn.slots]
    given = instructors.of_slots(tx, organization_id, [each.id for each in slots]) if slots else {}
    bookings = [turn.bookings[each] for each in sorted(subjects.bookings) if each in turn.bookings]
    planned = [series.load(tx, organization_id, each) for each in sorted(subjects.series)]
    studios = [_studio(turn, each) for each in sorted(subjects.studios)]
    return Seen(
        tuple(SlotSeen.of(each, given[each.id]) for each in slots),
        tuple(map(BookingSeen.of, bookings)),
        tuple(SeriesSeen(each.id, each.plan) for each in planned if each is not None),
        tuple(each for each in studios if each is not None),
    )


def _studio(turn: Turn, studio_id: int, since: datetime | None = None) -> StudioSeen | None:
    zone = closures.zone(turn.tx, turn.organization_id, studio_id)
    if zone is None:
        return None
    if since is None:
        since = local(turn.now, zone).replace(tzinfo=None) - _A_DAY
    found = closures.noted(turn.tx, turn.organization_id, studio_id, since)
    return StudioSeen(studio_id, since, tuple(ClosureSeen(*each) for each in found))


def changed_since(turn: Turn, seen: Seen) -> ChangedMeanwhile | None:
    """What is not as it was seen; None where all of it is."""
    stands = see(turn, replace(seen.subjects, studios=frozenset()))
    studios = [_studio(turn, each.id, each.since) for each in seen.studios]
    stands = replace(stands, studios=tuple(each for each in studios if each is not None))

    def of_slot(slot_id: int, at: datetime) -> datetime:
        slot = turn.slots.get(slot_id)
        return at if slot is None else slot.studio.local(at)

    found = differences(seen, stands, of_slot)
    return ChangedMeanwhile(found) if found else None
