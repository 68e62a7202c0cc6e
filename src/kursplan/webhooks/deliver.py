"""Deliver: claim what is due, send it, and mark what came of it.

Send, then mark, and no transaction is open while the network is. A claim lapses by itself, so a
process that dies between the two loses nothing; its delivery is sent again with the same uuid
(F45). An endpoint that is slow or dead keeps only its own few places busy, and all that are failing
together at most half of the places, so they delay no other (F46).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import structlog
from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.domain.webhooks import (
    FAILING_AT_MOST,
    DeliveryStatus,
    Disabled,
    Failure,
)
from kursplan.ids import chance
from kursplan.metrics import Metrics
from kursplan.store import webhooks
from kursplan.store.database import Database, DatabaseUnavailable
from kursplan.store.webhooks import Attempted, Health, Parcel
from kursplan.webhooks.post import Post, Result
from kursplan.webhooks.signing import Message, headers

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(seconds=60)
"""After this a claim counts for nothing: whoever made it must be dead."""
AT_ONCE = 256
"""How many attempts one process has under way."""
EACH_AT_ONCE = 8
"""How many of those go to one endpoint."""
FAILING_AT_ONCE = 128
"""How many of those go to endpoints whose latest attempt failed."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What an attempt that is under way takes."""

    endpoint_id: int
    failing: bool


class Courier:
    """Delivers what is due; one object per process."""

    def __init__(self, database: Database, clock: Clock, post: Post, metrics: Metrics) -> None:
        self._database = database
        self._clock = clock
        self._post = post
        self._metrics = metrics
        self._under_way: dict[asyncio.Task[None], _Place] = {}
        self._attempted: list[tuple[int, Attempted]] = []
        self._marking = asyncio.Lock()
        self.finished = asyncio.Event()
        """Set whenever an attempt is done, so that a place is free; who waits for it clears it."""

    @property
    def under_way(self) -> set[asyncio.Task[None]]:
        """The attempts that are not done yet."""
        return set(self._under_way)

    async def send_due(self, organization_id: int) -> bool:
        """Begin as many attempts as there are places free; whether any was begun."""
        now = self._clock.now()
        healthy = await self._begin(organization_id, now, failing=False)
        return await self._begin(organization_id, now, failing=True) or healthy

    async def settle(self) -> None:
        """Wait until nothing is under way, and all that came of it is marked."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _begin(self, organization_id: int, now: datetime, *, failing: bool) -> bool:
        free = self._free_places(failing=failing)
        if free <= 0:
            return False
        busy = Counter(place.endpoint_id for place in self._under_way.values())
        due = await self._database.read(
            partial(
                webhooks.due,
                organization_id=organization_id,
                now=now,
                failing=failing,
                busy=[each for each, count in busy.items() if count >= EACH_AT_ONCE],
                each=EACH_AT_ONCE,
                limit=free,
            )
        )
        chosen = []
        for delivery_id, endpoint_id in due:
            busy[endpoint_id] += 1
            if busy[endpoint_id] <= EACH_AT_ONCE:
                chosen.append(delivery_id)
        if not chosen:
            return False
        parcels = await self._database.write(
            partial(
                webhooks.claim,
                organization_id=organization_id,
                delivery_ids=chosen,
                now=now,
                until=now + CLAIM_LASTS,
            )
        )
        for parcel in parcels:
            task = asyncio.create_task(self._deliver(organization_id, parcel))
            self._under_way[task] = _Place(parcel.endpoint_id, failing)
            task.add_done_callback(self._free)
        return bool(parcels)

    def _free(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self.finished.set()

    def _free_places(self, *, failing: bool) -> int:
        free = AT_ONCE - len(self._under_way)
        if failing:
            taken = sum(place.failing for place in self._under_way.values())
            free = min(free, FAILING_AT_ONCE - taken)
        return free

    async def _deliver(self, organization_id: int, parcel: Parcel) -> None:
        try:
            result = await self._send(parcel)
        except Exception:
            # A fault of ours with one of them: it counts like any failure, and sinks no other.
            log.exception("attempt failed", organization_id=organization_id, delivery_id=parcel.id)
            result = Result(0, failure=Failure.CONNECTION)
        outcome = "delivered" if result.failure is None else result.failure.value.lower()
        self._metrics.deliveries.labels(outcome).inc()
        self._metrics.attempt_seconds.observe(result.milliseconds / 1000)
        self._attempted.append((organization_id, _attempted(parcel, result, self._clock.now())))
        await self._mark()

    async def _send(self, parcel: Parcel) -> Result:
        message = Message(
            parcel.uuid, parcel.type, parcel.entity_id, parcel.happened_at, parcel.content
        )
        body = message.body()
        now = self._clock.now()
        sent = headers(message, body, parcel.webhook_key, parcel.secrets(now), now)
        return await self._post.send(parcel.url, body, sent)

    async def _mark(self) -> None:
        """Mark all that is done by now; what gets done while one marks is marked by the next."""
        async with self._marking:
            done, self._attempted = self._attempted, []
            by_organization: defaultdict[int, list[Attempted]] = defaultdict(list)
            for organization_id, attempted in done:
                by_organization[organization_id].append(attempted)
            for organization_id, attempted_ones in by_organization.items():
                try:
                    await self._database.write(
                        partial(mark, organization_id=organization_id, attempted=attempted_ones)
                    )
                except DatabaseUnavailable as unavailable:
                    # The claims lapse, and the same is sent again with the same uuid.
                    log.warning("attempts not marked", reason=str(unavailable))
                except Exception:
                    log.exception("attempts not marked", organization_id=organization_id)


def mark(tx: Connection, organization_id: int, attempted: Sequence[Attempted]) -> None:
    """Write down the attempts, and what they say about the health of their endpoints.

    The endpoints are locked first, and then deliveries, whoever marks: what is held when one is
    disabled may be under way elsewhere.
    """
    by_endpoint: defaultdict[int, list[Attempted]] = defaultdict(list)
    for each in attempted:
        by_endpoint[each.endpoint_id].append(each)
    healths = webhooks.health(tx, organization_id, by_endpoint.keys())
    webhooks.mark(tx, organization_id, attempted)
    for health in healths:
        changed = _judged(health, by_endpoint[health.endpoint_id])
        if changed != health:
            at = attempted[-1].attempted_at
            webhooks.set_health(tx, organization_id, changed, at if changed.disabled else None)
        if changed.disabled is None:
            continue
        # Also what was under way when it was disabled is not sent again by itself.
        webhooks.hold(tx, organization_id, changed.endpoint_id)
        if health.disabled is None:
            log.warning(
                "webhook endpoint disabled",
                organization_id=organization_id,
                endpoint_id=changed.endpoint_id,
                because=changed.disabled.value,
            )


def _judged(health: Health, attempted: Sequence[Attempted]) -> Health:
    """How the endpoint is doing after these attempts."""
    if health.disabled is not None:
        return health
    for each in attempted:
        if each.failure is None:
            health = replace(health, failing_since=None)
            continue
        since = health.failing_since or each.attempted_at
        health = replace(health, failing_since=since)
        if each.gone:
            return replace(health, disabled=Disabled.GONE)
        if each.attempted_at - since >= FAILING_AT_MOST:
            return replace(health, disabled=Disabled.FAILING)
    return health


def _attempted(parcel: Parcel, result: Result, now: datetime) -> Attempted:
    """What becomes of the delivery: done, repeated later, or given up."""
    failed = parcel.failed_attempts
    status, due_at = DeliveryStatus.DELIVERED, now
    if not result.delivered:
        failed += 1
        again = parcel.plan.next_attempt(failed, now, chance(), result.retry_after)
        status = DeliveryStatus.FAILED if again is None else DeliveryStatus.PENDING
        due_at = again or now
    return Attempted(
        delivery_id=parcel.id,
        endpoint_id=parcel.endpoint_id,
        claimed_until=parcel.claimed_until,
        attempted_at=now,
        milliseconds=result.milliseconds,
        status_code=result.status_code,
        failure=result.failure,
        excerpt=result.excerpt,
        status=status,
        failed_attempts=failed,
        due_at=due_at,
        gone=result.gone,
    )
