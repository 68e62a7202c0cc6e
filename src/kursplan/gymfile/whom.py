"""By whom something was changed that a gym file wants otherwise: what the history says of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from kursplan.gymfile.findings import Disagreement, Entry
from kursplan.gymfile.stored import Kept, Stored
from kursplan.store import history


def with_whom(
    tx: Connection, *, before: Stored, conflicts: Iterable[Disagreement]
) -> list[Disagreement]:
    """The conflicts, each with the last change of it that is known."""
    organization_id = before.id
    if organization_id is None:
        return list(conflicts)
    found = []
    for each in conflicts:
        stored_id = _id_of(before, each.entry)
        member = each.member.name.partition(".")[0]
        if stored_id is not None:
            changed = history.last_change(tx, organization_id, stored_id, member)
            found.append(replace(each, changed=changed))
        else:
            found.append(each)
    return found


def _id_of(before: Stored, entry: Entry) -> int | None:
    """Of the thing itself, or of what it lies in: an idle period is changed with its customer."""
    if entry.within is not None:
        return _id_of(before, entry.within)
    if entry.section == "organization":
        return before.id
    listed: Mapping[str, Any] = getattr(before, entry.section, {})
    kept = listed.get(entry.key)
    return kept.id if isinstance(kept, Kept) else None
