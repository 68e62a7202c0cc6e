"""Applications: partners' products, and the studios where they are activated."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.turn import Deed, Turn
from kursplan.domain.entries import ApplicationEntry, IntegrationEntry
from kursplan.ids import new_api_key
from kursplan.store import applications, named, organizations
from kursplan.store.dialect import take_numbers
from kursplan.store.tables import studio


@dataclass(frozen=True, slots=True)
class RecordApplication(Deed):
    """Have the application be what the entry says; one that is not there is new.

    An integration that is missing where they are told is deactivated, which makes its keys stop
    working at once. The answer is whether anything changed. Raises `UnknownKey` for a studio.
    """

    organization_id: int
    application_id: int
    """A fresh id for a new one."""
    entry: ApplicationEntry

    def perform(self, turn: Turn) -> bool:
        tx, organization_id = turn.tx, self.organization_id
        organizations.entry(tx, organization_id, lock=True)
        before = applications.load(tx, organization_id, [self.application_id]).get(
            self.application_id
        )
        after = self.entry.over(before)
        if after == before:
            return False
        if before is None:
            applications.add(tx, organization_id, self.application_id, after)
        elif before.name != after.name:
            applications.change(tx, organization_id, self.application_id, after)
        known = {} if before is None else before.by_studio
        studios = named.ids(tx, organization_id, studio)
        for key, wanted in sorted(after.by_studio.items()):
            if key not in known:
                self._activate(turn, studios[key], wanted)
            elif known[key] != wanted:
                applications.change_integration(
                    tx, organization_id, self.application_id, studios[key], wanted
                )
        return True

    def _activate(self, turn: Turn, studio_id: int, wanted: IntegrationEntry) -> None:
        [number] = take_numbers(turn.tx, 1)
        applications.add_integration(
            turn.tx,
            self.organization_id,
            self.application_id,
            studio_id,
            wanted,
            integration_id=number,
            webhook_key=new_api_key(),
        )
