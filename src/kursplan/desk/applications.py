"""Applications: partners' products, and the studios where they are activated."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.desk.endpoints import dispatch_pending, put_endpoints
from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import NO_WEBHOOKS, ApplicationEntry, IntegrationEntry
from kursplan.domain.history import EntityKind
from kursplan.ids import new_api_key
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.entries import applications, ids
from kursplan.store.outbox import endpoints
from kursplan.store.tables import studio


@dataclass(frozen=True, slots=True)
class RecordApplication(Command[bool]):
    """Have the application be what the entry says; one that is not there is new.

    An integration that is missing where they are told is deactivated, which makes its keys stop
    working at once. Whether its URLs may be called is looked at before. The answer is whether
    anything changed. Raises `UnknownKey` for a studio, and `EndpointRefused`.
    """

    name = "record-application"

    organization_id: int
    application_id: int
    """A fresh id for a new one."""
    entry: ApplicationEntry
    stood: ApplicationEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool:
        tx, organization_id = turn.tx, self.organization_id
        before = applications.load(tx, organization_id, [self.application_id]).get(
            self.application_id
        )
        check(self.stood, before)
        after = self.entry.over(before)
        if after == before:
            return False
        dispatch_pending(turn)
        tx = turn.note(EntityKind.APPLICATION, self.application_id, before, after)
        if before is None:
            applications.add(tx, organization_id, self.application_id, after)
        elif before.name != after.name:
            applications.change(tx, organization_id, self.application_id, after)
        known = {} if before is None else before.by_studio
        studios = ids.ids(tx, organization_id, studio)
        for key, wanted in sorted(after.by_studio.items()):
            if key not in known:
                number = self._activate(turn, studios[key], wanted)
                self._tell_at(turn, number, None, wanted)
            elif known[key] != wanted:
                number = applications.integration_id(
                    tx, organization_id, self.application_id, studios[key]
                )
                tx = turn.note(EntityKind.INTEGRATION, number, known[key], wanted)
                applications.change_integration(
                    tx, organization_id, self.application_id, studios[key], wanted
                )
                self._tell_at(turn, number, known[key], wanted)
        return True

    def _tell_at(
        self,
        turn: Turn,
        integration_id: int,
        before: IntegrationEntry | None,
        wanted: IntegrationEntry,
    ) -> None:
        """Where and by which plan the integration is told of events."""
        stands = NO_WEBHOOKS if before is None else before.webhooks or NO_WEBHOOKS
        webhooks = wanted.webhooks or NO_WEBHOOKS
        if webhooks.endpoints is not None and webhooks.endpoints != stands.endpoints:
            put_endpoints(turn, integration_id, webhooks.endpoints)
        if webhooks.retry is not None and webhooks.retry != stands.retry:
            tx = turn.note(
                EntityKind.INTEGRATION,
                integration_id,
                {"retry": stands.retry},
                {"retry": webhooks.retry},
            )
            endpoints.set_plan(tx, self.organization_id, integration_id, webhooks.retry)

    def _activate(self, turn: Turn, studio_id: int, wanted: IntegrationEntry) -> int:
        [number] = take_numbers(turn.tx, 1)
        applications.add_integration(
            turn.note(EntityKind.INTEGRATION, number, None, wanted),
            self.organization_id,
            self.application_id,
            studio_id,
            wanted,
            integration_id=number,
            webhook_key=new_api_key(),
        )
        return number
