"""Classes of a studio as those who plan see them, with what is to come of them: reads, never for deciding."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select, text

from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.tables import ORGANIZATION, class_, class_rate, rate, series, slot

CLASSES = (
    select(
        class_.c.id,
        class_.c.title,
        class_.c.category,
        class_.c.type,
        class_.c.duration,
        class_.c.bookable,
        class_.c.online_booking,
        class_.c.who_may_book,
        class_.c.uses_contingent,
        class_.c.max_participants,
        class_.c.max_waiting_list,
    )
    .where(class_.c.organization_id == ORGANIZATION, class_.c.studio_id == bindparam("studio_id"))
    .order_by(class_.c.title, class_.c.id)
)

NAMED_RATES = (
    select(class_rate.c.class_id, rate.c.name)
    .select_from(
        class_rate.join(
            rate,
            (rate.c.organization_id == class_rate.c.organization_id)
            & (rate.c.id == class_rate.c.rate_id),
        )
    )
    .where(class_rate.c.organization_id == ORGANIZATION, any_of(class_rate.c.class_id, "class_ids"))
    .order_by(rate.c.name, rate.c.id)
)

NAMED_BY = (
    select(class_rate.c.rate_id, class_.c.id, class_.c.title, class_.c.studio_id)
    .select_from(
        class_rate.join(
            class_,
            (class_.c.organization_id == class_rate.c.organization_id)
            & (class_.c.id == class_rate.c.class_id),
        )
    )
    .where(class_rate.c.organization_id == ORGANIZATION)
    .order_by(class_.c.title, class_.c.id)
)

TO_COME = (
    select(
        slot.c.class_id, func.min(slot.c.starts_at).label("next_start"), func.count().label("slots")
    )
    .where(
        slot.c.organization_id == ORGANIZATION,
        slot.c.studio_id == bindparam("studio_id"),
        slot.c.starts_at > bindparam("now", type_=Instant),
        text("slot.status = 'PLANNED'"),
    )
    .group_by(slot.c.class_id)
)

STUDIO_OF = select(class_.c.studio_id).where(
    class_.c.organization_id == ORGANIZATION, class_.c.id == bindparam("class_id")
)

STUDIO_OF_SERIES = select(series.c.studio_id).where(
    series.c.organization_id == ORGANIZATION, series.c.id == bindparam("series_id")
)


def of_studio(tx: Connection, organization_id: int, studio_id: int) -> Sequence[AnyRow]:
    """All of its classes, by title."""
    return tx.execute(CLASSES, {"organization": organization_id, "studio_id": studio_id}).all()


def rates_named(
    tx: Connection, organization_id: int, class_ids: Collection[int]
) -> Mapping[int, Sequence[str]]:
    """By class: the names of the rates to which it is restricted, if it is."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    named = {"organization": organization_id, "class_ids": class_ids}
    for class_id, name in tx.execute(NAMED_RATES, named):
        found[class_id].append(name)
    return found


def naming_rates(tx: Connection, organization_id: int) -> Mapping[int, Sequence[AnyRow]]:
    """By rate: the classes that are restricted to it and others that they name."""
    found: defaultdict[int, list[AnyRow]] = defaultdict(list)
    for row in tx.execute(NAMED_BY, {"organization": organization_id}):
        found[row.rate_id].append(row)
    return found


def to_come(
    tx: Connection, organization_id: int, studio_id: int, now: datetime
) -> Mapping[int, AnyRow]:
    """By class of the studio: how many slots are planned, and when the next one starts."""
    named = {"organization": organization_id, "studio_id": studio_id, "now": now}
    return {row.class_id: row for row in tx.execute(TO_COME, named)}


def studio_of(tx: Connection, organization_id: int, class_id: int) -> int | None:
    """The studio that offers the class; None where there is no such class."""
    named = {"organization": organization_id, "class_id": class_id}
    return tx.execute(STUDIO_OF, named).scalar_one_or_none()


def studio_of_series(tx: Connection, organization_id: int, series_id: int) -> int | None:
    """The studio in which the series takes place; None where there is no such series."""
    named = {"organization": organization_id, "series_id": series_id}
    return tx.execute(STUDIO_OF_SERIES, named).scalar_one_or_none()
