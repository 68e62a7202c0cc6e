"""Organizations: one is founded, or its name and its policy change."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import OrganizationEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.studios import LostEntitlement
from kursplan.store.entries import organizations


class OrganizationWithoutName(ValueError):
    """An organization is founded with a name."""


@dataclass(frozen=True, slots=True)
class RecordOrganization(Command[bool]):
    """Have the organization be what the entry says; one that is not there is founded.

    What becomes of bookings by a changed policy is decided when something happens to them next.
    The answer is whether anything changed. Raises `OrganizationWithoutName`.
    """

    name = "record-organization"

    organization_id: int
    """A fresh id for a new one."""
    entry: OrganizationEntry
    stood: OrganizationEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool:
        before = organizations.entry(turn.tx, self.organization_id)
        check(self.stood, before)
        if before is None:
            if self.entry.name is None:
                raise OrganizationWithoutName(
                    f"the new organization {self.entry.key!r} has no name"
                )
            organizations.add(
                turn.note(EntityKind.ORGANIZATION, self.organization_id, None, self.entry),
                self.organization_id,
                self.entry.key,
                self.entry.name,
                self.entry.lost_entitlement or LostEntitlement.FLAG,
                turn.now,
            )
            return True
        after = self.entry.over(before)
        if after == before:
            return False
        tx = turn.note(EntityKind.ORGANIZATION, self.organization_id, before, after)
        organizations.change(tx, self.organization_id, after.name, after.lost_entitlement)
        return True
