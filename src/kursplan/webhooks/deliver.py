"""Deliver: claim what is due, send it, and mark what came of it.

Send, then mark, and no transaction is open while the network is. A claim lapses by itself, so a
process that dies between the two loses nothing; its delivery is sent again with the same uuid
(F45). An endpoint that is slow or dead keeps only its own few places busy, and all that are failing
together at most half of the places, so they delay no other (F46).
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import itemgetter

import structlog
from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.domain.webhooks import DeliveryStatus, Failure, Health
from kursplan.ids import chance
from kursplan.metrics import Metrics
from kursplan.store import deliveries, endpoints, webhooks
from kursplan.store.database import Database
from kursplan.store.trouble import DatabaseUnavailable
from kursplan.store.webhooks import Attempted, Due, Parcel
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
GATHERING_SECONDS = 0.005
"""How long after an attempt is done it is told: looking for more costs as much as some attempts do, so
those that are done by then take part in it."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What an attempt that is under way takes."""

    endpoint_id: int
    failing: bool


class Courier:
    """Delivers what is due; one object per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        post: Post,
        metrics: Metrics,
        *,
        signs_by: Clock | None = None,
    ) -> None:
        """What is due is due by `clock`; receivers compare the time of a signature with theirs."""
        self._database = database
        self._clock = clock
        self._signs_by = signs_by or clock
        self._post = post
        self._metrics = metrics
        self._under_way: dict[asyncio.Task[None], _Place] = {}
        self._after: dict[int, int] = {}
        self._attempted: list[tuple[int, Attempted]] = []
        self._marking = asyncio.Lock()
        self.finished = asyncio.Event()
        """Set a moment after attempts are done, so that places are free; who waits for it clears it."""
        self._gathering: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> set[asyncio.Task[None]]:
        """The attempts that are not done yet."""
        return set(self._under_way)

    async def send_due(self, organization_id: int) -> bool:
        """Begin as many attempts as there are places free; whether any was begun."""
        now = self._clock.now()
        chosen = await self._choose(organization_id, now)
        if not chosen:
            return False
        parcels = await self._database.write(
            partial(
                webhooks.claim,
                organization_id=organization_id,
                delivery_ids=chosen.keys(),
                now=now,
                until=now + CLAIM_LASTS,
            )
        )
        for parcel in parcels:
            task = asyncio.create_task(self._deliver(organization_id, parcel))
            self._under_way[task] = chosen[parcel.id]
            task.add_done_callback(self._free)
        return bool(parcels)

    async def settle(self) -> None:
        """Wait until nothing is under way, and all that came of it is marked."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _choose(self, organization_id: int, now: datetime) -> dict[int, _Place]:
        """Deliveries that are due, each with a place that is free for it."""
        free = AT_ONCE - len(self._under_way)
        free_to_fail = FAILING_AT_ONCE - sum(each.failing for each in self._under_way.values())
        taken = Counter(each.endpoint_id for each in self._under_way.values())
        if free <= 0:
            return {}
        due = await self._look(organization_id, now, taken, free, failing_too=free_to_fail > 0)
        # Of every endpoint the first before any second, counting what is under way.
        in_turn = sorted(
            (
                (position, delivery_id, _Place(each.endpoint_id, each.failing))
                for each in due
                for position, delivery_id in enumerate(
                    each.delivery_ids, start=taken[each.endpoint_id]
                )
            ),
            key=itemgetter(0),
        )
        chosen: dict[int, _Place] = {}
        for position, delivery_id, place in in_turn:
            if position >= EACH_AT_ONCE or len(chosen) == free:
                break
            if place.failing:
                if free_to_fail <= 0:
                    continue
                free_to_fail -= 1
            chosen[delivery_id] = place
        return chosen

    async def _look(
        self,
        organization_id: int,
        now: datetime,
        taken: Mapping[int, int],
        limit: int,
        *,
        failing_too: bool,
    ) -> list[Due]:
        """What is due at some endpoints. Where those are not all, the next look begins after them.

        So all endpoints have their turn, however much is due at any.
        """
        look = partial(
            webhooks.due,
            organization_id=organization_id,
            now=now,
            busy=[each for each, count in taken.items() if count >= EACH_AT_ONCE],
            failing_too=failing_too,
            each=EACH_AT_ONCE,
            limit=limit,
        )
        after = self._after.pop(organization_id, 0)
        due = await self._database.read(partial(look, after=after))
        if not due and after:
            due = await self._database.read(partial(look, after=0))
        if len(due) == limit:
            self._after[organization_id] = due[-1].endpoint_id
        return due

    def _free(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if self._gathering is None:
            self._gathering = task.get_loop().call_later(GATHERING_SECONDS, self._finish)

    def _finish(self) -> None:
        self._gathering = None
        self.finished.set()

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
        now, sender = self._signs_by.now(), parcel.sender
        sent = headers(message, body, sender.webhook_key, sender.secrets(now), now)
        return await self._post.send(sender.url, body, sent)

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
    before = endpoints.health(tx, organization_id, by_endpoint.keys())
    webhooks.mark(tx, organization_id, attempted)
    after = {
        endpoint_id: _after(health, by_endpoint[endpoint_id])
        for endpoint_id, health in before.items()
    }
    changed = {number: health for number, health in after.items() if health != before[number]}
    if changed:
        endpoints.set_health(tx, organization_id, changed)
    for endpoint_id, health in after.items():
        if health.disabled is None:
            continue
        # Also what was under way when it was disabled is not sent again by itself.
        deliveries.hold(tx, organization_id, endpoint_id)
        if endpoint_id in changed:
            log.warning(
                "webhook endpoint disabled",
                organization_id=organization_id,
                endpoint_id=endpoint_id,
                because=health.disabled.value,
            )


def _after(health: Health, attempted: Iterable[Attempted]) -> Health:
    for each in attempted:
        health = health.after(each.failure, each.attempted_at, gone=each.gone)
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
