"""Slots as the rules see them: with the options of their class and the closures of their studio."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from kursplan.domain.classes import Class
from kursplan.domain.slots import Override, Slot
from kursplan.domain.studios import Closure, Studio, outside_of_life, zone_of
from kursplan.store.engine.dialect import any_of, numbers_of
from kursplan.store.engine.driver import Fixed, update_many
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Asked, Together, at_once
from kursplan.store.tables import ORGANIZATION, class_, class_rate, closure, location, slot, studio

_zone = lru_cache(maxsize=512)(zone_of)


_OPTIONS = [each.name for each in fields(Class) if each.name not in ("id", "rates")]
"""What the rules ask of a class, as far as it is in its own row."""

_COLUMNS = (
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
)

_OPTION_COLUMNS = [class_.c[name] for name in _OPTIONS]
_OPTIONS_AFTER_ID = slice(1, 1 + len(_OPTION_COLUMNS))

_SLOTS: Select[Any] = (
    select(*_COLUMNS)
    .where(slot.c.organization_id == ORGANIZATION, any_of(slot.c.id, "slot_ids"))
    .order_by(slot.c.id)
)
SLOTS = Fixed(_SLOTS)
LOCKED_SLOTS = Fixed(_SLOTS.with_for_update(key_share=True))
"""In id order, so that two transactions never wait for each other crosswise."""
FREE_SLOTS = Fixed(_SLOTS.with_for_update(key_share=True, skip_locked=True))
"""The same, as far as nobody else has them."""

_RATES_HERE = select(class_rate.c.rate_id).where(
    class_rate.c.organization_id == class_.c.organization_id, class_rate.c.class_id == class_.c.id
)

CLASSES = Fixed(
    select(
        class_.c.id,
        *_OPTION_COLUMNS,
        numbers_of(_RATES_HERE).label("rates"),
        class_.c.studio_id,
        studio.c.zone,
        studio.c.opening_date,
        studio.c.closing_date,
        closure.c.local_from,
        closure.c.local_to,
        closure.c.reason,
    )
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        ).outerjoin(
            closure,
            (closure.c.organization_id == studio.c.organization_id)
            & (closure.c.studio_id == studio.c.id)
            & (closure.c.local_to >= bindparam("since"))
            & (closure.c.local_from <= bindparam("until")),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION, any_of(class_.c.id, "class_ids"))
)
"""With their studios, and as often as those are closed in that time, but at least once. Asked by
themselves, because many slots are of few classes."""

SHOWN_COLUMNS = (*_COLUMNS, studio.c.zone, *_OPTION_COLUMNS)
"""What `shown` asks for, and where it is."""
SHOWN_FROM = slot.join(
    class_,
    (class_.c.organization_id == slot.c.organization_id) & (class_.c.id == slot.c.class_id),
).join(
    studio,
    (studio.c.organization_id == slot.c.organization_id) & (studio.c.id == slot.c.studio_id),
)
_OPTIONS_WHERE_SHOWN = slice(len(_COLUMNS) + 1, len(SHOWN_COLUMNS))

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


def load(tx: Connection, organization_id: int, slot_ids: Collection[int]) -> dict[int, Slot]:
    """The slots of these ids with all that the rules ask about them; unknown ids are left out."""
    return fill(tx, organization_id, lock_rows(tx, organization_id, slot_ids, lock=False))


def lock_rows(
    tx: Connection, organization_id: int, slot_ids: Collection[int], *, lock: bool
) -> Sequence[AnyRow]:
    """The slots by themselves; with `lock`, nobody else changes them or books on them."""
    return at_once(tx, lambda at: ask_rows(at, organization_id, slot_ids, lock=lock))


def ask_rows(
    at: Together,
    organization_id: int,
    slot_ids: Collection[int],
    *,
    lock: bool,
    waits: bool = True,
) -> Asked[Sequence[AnyRow]]:
    """Unless it `waits`, those that others have are not among them."""
    if not slot_ids:
        return tuple
    locked = LOCKED_SLOTS if waits else FREE_SLOTS
    answer = at.rows(
        locked if lock else SLOTS, {"organization": organization_id, "slot_ids": slot_ids}
    )
    return lambda: answer.rows


def fill(
    tx: Connection, organization_id: int, rows: Sequence[AnyRow], ahead: Collection[Slot] = ()
) -> dict[int, Slot]:
    """The slots of these rows, with the options of their classes and the closures of their studios.

    Closures are those around the times of the slots and of those `ahead`, which are slots as they
    are about to be placed.
    """
    return at_once(tx, lambda at: ask(at, organization_id, rows, ahead))


def ask(
    at: Together, organization_id: int, rows: Sequence[AnyRow], ahead: Collection[Slot] = ()
) -> Asked[dict[int, Slot]]:
    if not rows:
        return dict
    held = _ask_held(at, organization_id, rows, ahead)

    def filled() -> dict[int, Slot]:
        by_class = held()
        # Without a lock, a slot may just have been removed together with its class.
        return {
            row.id: _slot(row, *by_class[row.class_id]) for row in rows if row.class_id in by_class
        }

    return filled


def _ask_held(
    at: Together, organization_id: int, rows: Sequence[AnyRow], ahead: Collection[Slot]
) -> Asked[dict[int, tuple[Class, Studio]]]:
    """The class of each slot, by its id, and the studio that holds it."""
    # Local times are up to a day away from UTC, and a slot lasts up to a day.
    margin = timedelta(days=2)
    times = [(each.starts_at, each.ends_at) for each in rows]
    times.extend((each.starts_at, each.ends_at) for each in ahead)
    named = {
        "organization": organization_id,
        "class_ids": {row.class_id for row in rows},
        "since": min(starts_at for starts_at, _ in times).replace(tzinfo=None) - margin,
        "until": max(ends_at for _, ends_at in times).replace(tzinfo=None) + margin,
    }
    answer = at.rows(CLASSES, named)
    return lambda: _held(answer.rows, named["since"], named["until"])


def _held(
    found: Sequence[AnyRow], since: datetime, until: datetime
) -> dict[int, tuple[Class, Studio]]:
    closures: defaultdict[int, list[Closure]] = defaultdict(list)
    held: dict[int, tuple[Class, Studio]] = {}
    for row in found:
        if row.local_from is not None:
            closed = Closure.of_local(row.local_from, row.local_to, _zone(row.zone), row.reason)
            closures[row.id].append(closed)
    for row in found:
        if row.id not in held:
            closed_then = (*closures[row.id], *_outside_of_life(row, since, until))
            held[row.id] = (
                _class(row.id, row[_OPTIONS_AFTER_ID], frozenset(row.rates)),
                Studio(row.studio_id, _zone(row.zone), closed_then),
            )
    return held


def _outside_of_life(row: AnyRow, since: datetime, until: datetime) -> tuple[Closure, ...]:
    """When the studio is not open yet, or no longer, as far as that falls on the local times asked for."""
    first_day, last_day = row.opening_date, row.closing_date
    if first_day is not None and first_day <= since.date():
        first_day = None
    if last_day is not None and last_day >= until.date():
        last_day = None
    if first_day is None and last_day is None:
        return ()
    return outside_of_life(first_day, last_day, _zone(row.zone))


def shown(rows: Collection[AnyRow]) -> list[Slot]:
    """The slots as they are shown; what only deciding asks for, rates and closures, is not there."""
    options = {row.class_id: row[_OPTIONS_WHERE_SHOWN] for row in rows}
    classes = {class_id: _class(class_id, of, frozenset()) for class_id, of in options.items()}
    return [
        _slot(row, classes[row.class_id], Studio(row.studio_id, _zone(row.zone))) for row in rows
    ]


def _slot(row: AnyRow, class_: Class, held_in: Studio) -> Slot:
    return Slot(
        row.id,
        class_,
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
        frozenset(map(Override, row.own)) if row.own else _NOTHING_OWN,
    )


_NOTHING_OWN: frozenset[Override] = frozenset()


def _class(class_id: int, options: Sequence[Any], rates: frozenset[int]) -> Class:
    return Class(class_id, rates=rates, **dict(zip(_OPTIONS, options, strict=True)))


def has_location(tx: Connection, organization_id: int, studio_id: int, location_id: int) -> bool:
    """Whether the studio has such a location."""
    named = {
        "organization": organization_id,
        "studio_id": studio_id,
        "location_id": location_id,
    }
    return tx.execute(LOCATION_IN_STUDIO, named).one_or_none() is not None


def count_places(at: Together, organization_id: int, slots: Iterable[Slot]) -> None:
    """Write down how many sit and wait."""
    at.run(COUNT_PLACES, organization_id, map(_counted, slots))


def change(at: Together, organization_id: int, slots: Iterable[Slot]) -> None:
    """Write down all that can change about these slots."""
    at.run(CHANGE, organization_id, [(*_changed(each), sorted(each.own)) for each in slots])
