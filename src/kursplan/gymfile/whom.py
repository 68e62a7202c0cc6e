"""Blame: by whom something was changed that a gym file wants otherwise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from kursplan.gymfile.findings import Disagreement, Entry
from kursplan.gymfile.stored import Kept, Stored
from kursplan.store.staff import history
from kursplan.store.staff.history import Told


def with_whom(
    tx: Connection, *, before: Stored, conflicts: Iterable[Disagreement]
) -> list[Disagreement]:
    """The conflicts, each with the last change of it that is known."""
    return [replace(each, changed=_last_change(tx, before, each)) for each in conflicts]


def _last_change(tx: Connection, before: Stored, conflict: Disagreement) -> Told | None:
    stored_id = _id_of(before, conflict.entry)
    if before.id is None or stored_id is None:
        return None
    member = conflict.member.name.partition(".")[0]
    return history.last_change(tx, before.id, stored_id, member)


def _id_of(before: Stored, entry: Entry) -> int | None:
    """Of the thing itself, or of what it lies in: an idle period is changed with its customer."""
    if entry.within is not None:
        return _id_of(before, entry.within)
    if entry.section == "organization":
        return before.id
    listed: Mapping[str, Any] = getattr(before, entry.section, {})
    kept = listed.get(entry.key)
    return kept.id if isinstance(kept, Kept) else None
