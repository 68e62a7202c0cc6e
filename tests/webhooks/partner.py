"""A partner who is told by webhook, and the process that tells them, in sentences.

`await partners.integration()` is an application in a studio, `await partners.endpoint("/hook")` a URL
of it at the receiver, `await partners.tell()` a round of telling. Nothing is told but in a round.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, select

from kursplan.clock import HandClock
from kursplan.desk.endpoints import EnableEndpoint, Resent
from kursplan.desk.keys import ConfirmActivation
from kursplan.desk.resend import ResendSince
from kursplan.domain.attempts import USUAL_ROOMS, Rooms
from kursplan.domain.events import EventType
from kursplan.domain.webhooks import DeliveryStatus, Disabled
from kursplan.ids import fingerprint, new_api_key, new_webhook_secret
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.rows import AnyRow
from kursplan.webhooks.client import WebhookClient
from kursplan.webhooks.deliver import SLOW_AFTER, DeliveryWorker
from kursplan.webhooks.dispatch import dispatch
from kursplan.work.relay import OutboxRelay
from tests.gym import ALL_SCOPES, Gym
from tests.webhooks.receiver import Receiver


async def fanned_out(gym: Gym, database: Database | None = None) -> bool:
    """Some events of the gym are fanned out; whether there were any."""
    one = [gym.organization]
    found = await dispatch(one, database=database or gym.database, clock=gym.clock)
    return found == {gym.organization: True}


@dataclass(frozen=True)
class Integration:
    """An application in one studio."""

    id: int
    studio_id: int
    api_key: str
    webhook_key: str


@dataclass(frozen=True)
class Endpoint:
    """A URL of an integration."""

    id: int
    path: str
    secret: str
    integration: Integration


@dataclass(frozen=True)
class Delivery:
    """A delivery as it is stored."""

    id: int
    type: EventType
    entity_id: int
    uuid: str
    endpoint_id: int
    status: DeliveryStatus
    attempts: int
    failed_attempts: int
    due_at: datetime
    claimed_until: datetime | None
    finished_at: datetime | None


@dataclass
class Teller:
    """One process that tells partners."""

    courier: DeliveryWorker
    telling: OutboxRelay
    metrics: Metrics

    def attempts(self, outcome: str) -> float:
        """How many attempts this process counted with that outcome."""
        name = "kursplan_webhook_attempts_total"
        return self.metrics.registry.get_sample_value(name, {"outcome": outcome}) or 0.0


@dataclass
class Partners:
    """All partners of a gym, who listen at one receiver."""

    gym: Gym
    receiver: Receiver
    post: WebhookClient
    teller: Teller = field(init=False)

    def __post_init__(self) -> None:
        self.teller = self.another_teller()

    @property
    def clock(self) -> HandClock:
        return self.gym.clock

    def another_teller(
        self,
        post: WebhookClient | None = None,
        clock: HandClock | None = None,
        rooms: Rooms = USUAL_ROOMS,
        slow_after: timedelta = SLOW_AFTER,
    ) -> Teller:
        """Another process on the same database."""
        metrics = Metrics()
        gym, clock = self.gym, clock or self.clock
        courier = DeliveryWorker(
            gym.database, clock, post or self.post, metrics, rooms=rooms, slow_after=slow_after
        )
        telling = OutboxRelay(gym.database, clock, courier, gym.desk.committed, metrics)
        return Teller(courier, telling, metrics)

    async def resends(self, command: EnableEndpoint | ResendSince) -> int:
        """Have it done portion by portion, as the command does; how many are sent again."""
        count, rest = 0, command
        while rest is not None:
            resent: Resent[Any] = await self.gym.take(rest)
            count, rest = count + resent.count, resent.rest
        return count

    async def integration(
        self,
        *,
        studio_id: int | None = None,
        confirmed: bool = True,
        active: bool = True,
        **values: Any,
    ) -> Integration:
        """An application in the studio, which has confirmed its activation."""
        gym = self.gym
        api_key, webhook_key = new_api_key(), new_api_key()
        application_id = await gym.insert(tables.application, key=api_key[:8], name="Partner")
        integration_id = await gym.insert(
            tables.integration,
            application_id=application_id,
            studio_id=studio_id or gym.studio_id,
            scopes=ALL_SCOPES,
            active=active,
            webhook_key=webhook_key,
            **values,
        )
        await gym.insert(
            tables.api_key,
            key_hash=fingerprint(api_key),
            integration_id=integration_id,
            hint=api_key[-4:],
            created_at=gym.now,
        )
        if confirmed:
            await gym.take(ConfirmActivation(gym.organization, integration_id))
        return Integration(integration_id, studio_id or gym.studio_id, api_key, webhook_key)

    async def endpoint(
        self,
        path: str = "/hook",
        *,
        of: Integration | None = None,
        types: Iterable[EventType] | None = None,
        is_default: bool = True,
        answers: bool = False,
        **values: Any,
    ) -> Endpoint:
        """Where an integration is told; a new one, if none is named.

        One that `answers` is known to do so.
        """
        integration = of or await self.integration()
        secret = new_webhook_secret()
        standard = {
            "key": path,
            "url": self.receiver.url(path),
            "secret": secret,
            "answered_at": self.gym.now if answers else None,
        }
        endpoint_id = await self.gym.insert(
            tables.webhook_endpoint,
            integration_id=integration.id,
            is_default=is_default,
            types=None if types is None else list(types),
            created_at=self.gym.now,
            **standard | values,
        )
        return Endpoint(endpoint_id, path, secret, integration)

    async def event(self, *, entity_id: int | None = None) -> int:
        """Something happens that all partners of the studio hear of; gives what it is about."""
        slot = entity_id or await self.gym.slot(day=self.clock.now().date() + timedelta(days=1))
        now = await self.gym.slot_now(slot)
        await self.gym.changed_slot(slot, max_participants=(now.max_participants or 0) + 1)
        return slot

    async def tell(self) -> None:
        """All that can be told now is told."""
        await self.teller.telling.round()

    async def later(self, **time: float) -> None:
        """Let time pass, and tell what is due then."""
        self.clock.advance(timedelta(**time))
        await self.tell()

    # What is stored.

    async def deliveries(self, at: Endpoint | None = None) -> list[Delivery]:
        """The deliveries in the order of their events, all or those to one endpoint."""
        delivery, event = tables.delivery, tables.event
        query = (
            select(
                delivery.c.id,
                event.c.type,
                event.c.entity_id,
                event.c.uuid,
                delivery.c.endpoint_id,
                delivery.c.status,
                delivery.c.attempts,
                delivery.c.failed_attempts,
                delivery.c.due_at,
                delivery.c.claimed_until,
                delivery.c.finished_at,
            )
            .join(event, event.c.id == delivery.c.event_id)
            .order_by(event.c.id, delivery.c.endpoint_id)
        )
        if at is not None:
            query = query.where(delivery.c.endpoint_id == at.id)
        rows = await self.gym.database.read(lambda tx: tx.execute(query).all())
        return [Delivery(*row) for row in rows]

    async def statuses(self, at: Endpoint | None = None) -> list[DeliveryStatus]:
        return [each.status for each in await self.deliveries(at)]

    async def attempts(self) -> list[AnyRow]:
        """All attempts that are kept, in order."""
        attempt = tables.attempt
        query = select(attempt).order_by(attempt.c.delivery_id, attempt.c.number)
        return list(await self.gym.database.read(lambda tx: tx.execute(query).all()))

    async def row(self, table: Table, row_id: int) -> AnyRow:
        query = select(table).where(table.c.id == row_id)
        return await self.gym.database.read(lambda tx: tx.execute(query).one())

    async def disabled(self, endpoint: Endpoint) -> Disabled | None:
        row = await self.row(tables.webhook_endpoint, endpoint.id)
        found: Disabled | None = row.disabled
        return found
