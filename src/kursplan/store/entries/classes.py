"""Classes with all of their options, as the operator writes them down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import fields
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, insert, select, update

from kursplan.domain.entries import ClassEntry
from kursplan.store.engine.dialect import any_of
from kursplan.store.tables import ORGANIZATION, class_, class_rate, rate, studio

_PLAIN = tuple(
    each.name for each in fields(ClassEntry) if each.name not in ("key", "studio", "rates")
)
_CLASS_ID = bindparam("class_id", type_=BigInteger)

CLASSES = (
    select(
        class_.c.id,
        class_.c.key,
        studio.c.key.label("studio"),
        *(class_.c[name] for name in _PLAIN),
    )
    .select_from(
        class_.join(
            studio,
            (studio.c.organization_id == class_.c.organization_id)
            & (studio.c.id == class_.c.studio_id),
        )
    )
    .where(class_.c.organization_id == ORGANIZATION, any_of(class_.c.id, "class_ids"))
    .order_by(class_.c.id)
)

NAMED_RATES = (
    select(class_rate.c.class_id, rate.c.key)
    .select_from(
        class_rate.join(
            rate,
            (rate.c.organization_id == class_rate.c.organization_id)
            & (rate.c.id == class_rate.c.rate_id),
        )
    )
    .where(class_rate.c.organization_id == ORGANIZATION, any_of(class_rate.c.class_id, "class_ids"))
)

ADD = insert(class_)

CHANGE = (
    update(class_)
    .where(class_.c.organization_id == ORGANIZATION, class_.c.id == _CLASS_ID)
    .values({name: bindparam(name) for name in _PLAIN})
)

FORGET_RATES = delete(class_rate).where(
    class_rate.c.organization_id == ORGANIZATION, class_rate.c.class_id == _CLASS_ID
)
ADD_RATES = insert(class_rate)


def load(tx: Connection, organization_id: int, class_ids: Collection[int]) -> dict[int, ClassEntry]:
    """The classes of these ids; unknown ids are left out."""
    named = {"organization": organization_id, "class_ids": class_ids}
    rates: defaultdict[int, set[str]] = defaultdict(set)
    for class_id, key in tx.execute(NAMED_RATES, named):
        rates[class_id].add(key)
    return {
        row.id: ClassEntry(
            key=row.key,
            studio=row.studio,
            rates=frozenset(rates[row.id]),
            **{name: getattr(row, name) for name in _PLAIN},
        )
        for row in tx.execute(CLASSES, named)
    }


def add(
    tx: Connection, organization_id: int, class_id: int, studio_id: int, entry: ClassEntry
) -> None:
    """Store a new class, without the rates that it names."""
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "id": class_id,
            "studio_id": studio_id,
            "key": entry.key,
            **_values(entry),
        },
    )


def change(tx: Connection, organization_id: int, class_id: int, entry: ClassEntry) -> None:
    """Write down all that can change about the class, but for the rates; its studio can't."""
    named = {"organization": organization_id, "class_id": class_id}
    tx.execute(CHANGE, named | _values(entry))


def _values(entry: ClassEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _PLAIN}


def put_rates(
    tx: Connection, organization_id: int, class_id: int, rate_ids: Collection[int]
) -> None:
    """The class names these rates from now on, and no others."""
    tx.execute(FORGET_RATES, {"organization": organization_id, "class_id": class_id})
    if rate_ids:
        tx.execute(
            ADD_RATES,
            [
                {"organization_id": organization_id, "class_id": class_id, "rate_id": rate_id}
                for rate_id in sorted(rate_ids)
            ],
        )
