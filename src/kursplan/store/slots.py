"""Slots as the rules see them: with the options of their class and the closures of their studio."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from kursplan.domain.classes import Class
from kursplan.domain.slots import Own, Slot
from kursplan.domain.studios import Closure, Studio, zone_of
from kursplan.store.dialect import any_of, numbers_of
from kursplan.store.driver import Fixed, update_many
from kursplan.store.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, class_, class_rate, closure, location, slot, studio

_zone = lru_cache(maxsize=512)(zone_of)


_OPTIONS = [each.name for each in fields(Class) if each.name not in ("id", "rates")]
"""What the rules ask of a class, as far as it is in its own row."""

COLUMNS = (
    slot.c.id,
    slot.c.class_id,
    slot.c.studio_id,
    slot.c.series_id,
    slot.c.starts_at,
    slot.c.ends_at,
    slot.c.local_start,
    slot.c.status,
    slot.c.location_id,
    slot.c.own,
    slot.c.max_participants,
    slot.c.max_waiting_list,
    slot.c.additional_participants,
    slot.c.seats,
    slot.c.waiting,
    slot.c.last_sequence,
    studio.c.zone,
    *(class_.c[name] for name in _OPTIONS),
)

_OPTIONS_HERE = slice(len(COLUMNS) - len(_OPTIONS), len(COLUMNS))

WITH_CLASS_AND_STUDIO = slot.join(
    class_,
    (class_.c.organization_id == slot.c.organization_id) & (class_.c.id == slot.c.class_id),
).join(
    studio,
    (studio.c.organization_id == slot.c.organization_id) & (studio.c.id == slot.c.studio_id),
)

_RATES_HERE = select(class_rate.c.rate_id).where(
    class_rate.c.organization_id == slot.c.organization_id, class_rate.c.class_id == slot.c.class_id
)

_SLOTS: Select[Any] = (
    select(*COLUMNS, numbers_of(_RATES_HERE).label("rates"))
    .select_from(WITH_CLASS_AND_STUDIO)
    .where(slot.c.organization_id == ORGANIZATION, any_of(slot.c.id, "slot_ids"))
    .order_by(slot.c.id)
)
SLOTS = Fixed(_SLOTS)
LOCKED_SLOTS = Fixed(_SLOTS.with_for_update(of=slot, key_share=True))
"""In id order, so that two transactions never wait for each other crosswise."""

CLOSURES = Fixed(
    select(closure.c.studio_id, closure.c.local_from, closure.c.local_to).where(
        closure.c.organization_id == ORGANIZATION,
        any_of(closure.c.studio_id, "studio_ids"),
        closure.c.local_to >= bindparam("since"),
        closure.c.local_from <= bindparam("until"),
    )
)

LOCATION_IN_STUDIO = select(location.c.id).where(
    location.c.organization_id == ORGANIZATION,
    location.c.id == bindparam("location_id"),
    location.c.studio_id == bindparam("studio_id"),
)

_COUNTS = ("seats", "waiting", "last_sequence")
COUNT_PLACES = update_many(slot, *_COUNTS)
_counted = attrgetter("id", *_COUNTS)

_CHANGEABLE = (
    "local_start",
    "starts_at",
    "ends_at",
    "status",
    "location_id",
    "max_participants",
    "max_waiting_list",
    "additional_participants",
    *_COUNTS,
)
CHANGE = update_many(slot, *_CHANGEABLE, "own")
_changed = attrgetter("id", *_CHANGEABLE)


def load(
    tx: Connection,
    organization_id: int,
    slot_ids: Collection[int],
    *,
    lock: bool,
    ahead: Collection[Slot] = (),
) -> dict[int, Slot]:
    """The slots of these ids with all that the rules ask about them; unknown ids are left out.

    With `lock`, nobody else changes them until the transaction ends. Closures are those around the
    times of the slots and of those `ahead`, which are slots as they are about to be placed.
    """
    if not slot_ids:
        return {}
    statement = LOCKED_SLOTS if lock else SLOTS
    rows = statement.rows(tx, {"organization": organization_id, "slot_ids": slot_ids})
    if not rows:
        return {}
    studios = _studios(tx, organization_id, rows, ahead)
    return {row.id: _slot(row, studios[row.studio_id], frozenset(row.rates)) for row in rows}


def _studios(
    tx: Connection, organization_id: int, rows: Sequence[AnyRow], ahead: Collection[Slot]
) -> dict[int, Studio]:
    zones = {row.studio_id: _zone(row.zone) for row in rows}
    # Local times are up to a day away from UTC, and a slot lasts up to a day.
    margin = timedelta(days=2)
    times = [(each.starts_at, each.ends_at) for each in rows]
    times.extend((each.starts_at, each.ends_at) for each in ahead)
    since = min(starts_at for starts_at, _ in times).replace(tzinfo=None) - margin
    until = max(ends_at for _, ends_at in times).replace(tzinfo=None) + margin
    closures: defaultdict[int, list[Closure]] = defaultdict(list)
    for studio_id, local_from, local_to in CLOSURES.rows(
        tx,
        {
            "organization": organization_id,
            "studio_ids": zones.keys(),
            "since": since,
            "until": until,
        },
    ):
        closures[studio_id].append(Closure.of_local(local_from, local_to, zones[studio_id]))
    return {
        studio_id: Studio(studio_id, zone, tuple(closures[studio_id]))
        for studio_id, zone in zones.items()
    }


def without_closures(row: AnyRow) -> Slot:
    """The slot as it is shown; closures are for deciding, and are not looked up here."""
    return _slot(row, Studio(row.studio_id, _zone(row.zone)), frozenset())


def _slot(row: AnyRow, held_in: Studio, rates: frozenset[int]) -> Slot:
    return Slot(
        row.id,
        _class(row.class_id, row[_OPTIONS_HERE], rates),
        held_in,
        row.starts_at,
        row.ends_at,
        row.local_start,
        row.status,
        row.max_participants,
        row.max_waiting_list,
        row.additional_participants,
        row.seats,
        row.waiting,
        row.last_sequence,
        row.series_id,
        row.location_id,
        frozenset(map(Own, row.own)) if row.own else _NOTHING_OWN,
    )


_NOTHING_OWN: frozenset[Own] = frozenset()


# Many slots are of few classes.
@lru_cache(maxsize=1024)
def _class(class_id: int, options: tuple[Any, ...], rates: frozenset[int]) -> Class:
    return Class(class_id, rates=rates, **dict(zip(_OPTIONS, options, strict=True)))


def has_location(tx: Connection, organization_id: int, studio_id: int, location_id: int) -> bool:
    """Whether the studio has such a location."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "location_id": location_id,
    }
    return tx.execute(LOCATION_IN_STUDIO, named).one_or_none() is not None


def count_places(tx: Connection, organization_id: int, slots: Iterable[Slot]) -> None:
    """Write down how many sit and wait."""
    COUNT_PLACES.run(tx, organization_id, map(_counted, slots))


def change(tx: Connection, organization_id: int, slots: Iterable[Slot]) -> None:
    """Write down all that can change about these slots."""
    CHANGE.run(tx, organization_id, [(*_changed(each), sorted(each.own)) for each in slots])
