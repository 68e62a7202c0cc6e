"""Everything that is kept of one customer, as one document in JSON's types: for whoever asks for their data."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from kursplan.domain.history import EntityKind
from kursplan.store.entries import customers as entries
from kursplan.store.entries import told
from kursplan.store.rules import turned_away
from kursplan.store.staff import customers, history
from kursplan.store.staff.history import Told


def export_of(tx: Connection, organization_id: int, customer_id: int) -> dict[str, Any] | None:
    """None where nobody is that customer."""
    person = entries.load(tx, organization_id, [customer_id]).get(customer_id)
    kept = customers.everything_of(tx, organization_id, customer_id)
    if person is None or kept is None:
        return None
    row, bookings = kept
    theirs = {customer_id, *(each.id for each in bookings)}
    done = history.about(tx, organization_id, EntityKind.CUSTOMER, customer_id, history.EVERYTHING)
    document: dict[str, Any] = plain(
        {
            "customer": row._asdict(),
            "memberships": [asdict(each) for each in person.entry.memberships or ()],
            "bookings": [each._asdict() for each in bookings],
            "turned_away": [
                each._asdict() for each in turned_away.of_customer(tx, organization_id, customer_id)
            ],
            "said_by_gym_file": list(
                told.of_customers(tx, organization_id, [customer_id]).values()
            ),
            "history": [_kept(each, theirs) for each in done],
        }
    )
    return document


def _kept(line: Told, theirs: set[int]) -> dict[str, object]:
    """What a line of history says of a customer; what it says of others is theirs."""
    about = [each for each in line.subjects if each.id in theirs]
    return {
        "happened_at": line.happened_at,
        "command": line.command,
        "reason": line.reason if line.subjects[0].id in theirs else None,
        "changes": [asdict(each) for each in about],
    }


def plain(value: Any) -> Any:
    """The same in JSON's types."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case dict():
            return {key: plain(each) for key, each in value.items()}
        case frozenset():
            return [plain(each) for each in sorted(value, key=repr)]
        case tuple() | list():
            return [plain(each) for each in value]
        # Those within a set are not taken apart together with what holds it.
        case _ if is_dataclass(value) and not isinstance(value, type):
            return plain(asdict(value))
        case _:
            return value
