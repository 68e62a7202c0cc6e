"""Deliver: claim what is due, send it, and mark what came of it.

Send, then mark, and no transaction is open while the network is. A claim is a lease: it lapses by itself,
so a process that dies between the two loses nothing; its delivery is sent again with the same uuid
(F45). Who gets a place is for the rules in `kursplan.domain.attempts` to say, so that an endpoint
that is slow or dead delays no other (F46). They ask for what is stored of an endpoint, and for what
this process has under way; so they hold from its first moment on.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

import structlog
from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.endpoints import DisableEndpoint
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.attempts import (
    EACH_AT_ONCE,
    USUAL_ROOMS,
    Place,
    Places,
    Rooms,
    Turns,
    by_turns,
)
from kursplan.domain.history import Change, EntityKind
from kursplan.domain.webhooks import DeliveryStatus, Disabled, Failure, Health
from kursplan.ids import chance, draw
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.store.engine.joint import Leaves, each_committed, jointly
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.together import Together
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.outbox import claims, deliveries, endpoints
from kursplan.store.outbox.claims import Attempted, ClaimedDelivery
from kursplan.store.rules import history
from kursplan.store.rules.history import Line
from kursplan.telemetry import UNTRACED, Traces
from kursplan.webhooks.client import Result, WebhookClient
from kursplan.webhooks.signing import Message, headers

log = structlog.get_logger(__name__)

CLAIM_LASTS = timedelta(seconds=60)
"""After this a claim counts for nothing: whoever made it must be dead."""
SLOW_AFTER = timedelta(milliseconds=500)
"""How long an endpoint may take before its attempt makes room for others."""
MARKED_TOGETHER = 64
"""Of how many organizations attempts are marked in one transaction."""
MARKS_WAITING = 512
"""How many attempts may be under way or wait for their mark, beyond as many as there are places: while marks
do not keep up, nothing is begun."""
GATHERING_SECONDS = 0.005
"""How long after an attempt is done it is told: looking for more costs as much as some attempts do, so
those that are done by then take part in it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of looking for something to send in some organizations."""

    begun: Mapping[int, bool | Exception]
    """Of each where something was due whether any attempt was begun, or the fault with it."""
    refused: Collection[int]
    """Those where there were not places enough for all that is due."""


class DeliveryWorker:
    """Delivers what is due; one object per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        client: WebhookClient,
        metrics: Metrics,
        *,
        signs_by: Clock | None = None,
        rooms: Rooms = USUAL_ROOMS,
        slow_after: timedelta = SLOW_AFTER,
        traces: Traces = UNTRACED,
    ) -> None:
        """What is due is due by `clock`; receivers compare the time of a signature with theirs."""
        self._database = database
        self._clock = clock
        self._signs_by = signs_by or clock
        self._client = client
        self._metrics = metrics
        self._traces = traces
        self._slow_after = slow_after
        self._places = Places(rooms)
        self._most_under_way = sum(rooms.sizes.values()) + MARKS_WAITING
        self._under_way: dict[asyncio.Task[None], Place] = {}
        self._organizations = Turns()
        self._order = draw(2**32)
        self._endpoints = Turns()
        self._attempted: list[tuple[int, Attempted]] = []
        self._marking = asyncio.Lock()
        self.finished = asyncio.Event()
        """Set a moment after places got free; who waits for it clears it."""
        self._gathering: asyncio.TimerHandle | None = None

    @property
    def under_way(self) -> set[asyncio.Task[None]]:
        """The attempts that are not done yet."""
        return set(self._under_way)

    async def organizations(self) -> list[int]:
        """Those with something due for which there may be a place, in the order of their turns.

        Those with an endpoint that answers take turns with the others, however many there are of either.
        """
        found = await self._database.read(
            partial(
                claims.organizations_waiting,
                now=self._clock.now(),
                rooms=self._places.open,
                busy=self._places.busy,
            )
        )
        # Of those that had no turn yet, other workers begin with others.
        in_turn = sorted(
            found, key=lambda each: (self._organizations.last(each), each ^ self._order)
        )
        return by_turns(
            [[each for each in in_turn if found[each] is answers] for answers in (True, False)]
        )

    async def send_due(self, organization_ids: Collection[int]) -> Sent:
        """Begin as many attempts as there are places for; those named first come first."""
        if len(self._under_way) >= self._most_under_way:
            return Sent({}, organization_ids)  # Marking does not keep up.
        now = self._clock.now()
        for each in organization_ids:
            self._organizations.had(each)
        taken, refused = await self._take_places(organization_ids, now)
        begun: dict[int, bool | Exception] = {}
        try:
            claimed = await self._claim(taken, now)
            for organization_id, given in claimed.items():
                if isinstance(given, Exception):
                    begun[organization_id] = given
                    continue
                for delivery in given:
                    self._begin(delivery, taken[organization_id].pop(delivery.id))
                begun[organization_id] = bool(given)
        finally:
            # What another process took, or could not be claimed.
            for places in taken.values():
                for place in places.values():
                    self._places.leave(place)
        return Sent(begun, refused)

    async def drain(self) -> None:
        """Wait until nothing is under way, and all that came of it is marked."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _take_places(
        self, organization_ids: Collection[int], now: datetime
    ) -> tuple[dict[int, dict[int, Place]], set[int]]:
        """By organization, deliveries that are due, each with a place that was free for it; and where there was
        none for some."""
        look = partial(
            _look,
            organization_ids=organization_ids,
            now=now,
            places=self._places.copy(),
            turns=self._endpoints,
        )
        due, refused = await self._database.read(look)
        # Of every endpoint the first before any second, counting what is under way.
        in_turn = sorted(
            (
                (position, delivery_id, place)
                for place, delivery_ids in due
                for position, delivery_id in enumerate(
                    delivery_ids, start=self._places.at_endpoint(place)
                )
            ),
            key=itemgetter(0),
        )
        taken: defaultdict[int, dict[int, Place]] = defaultdict(dict)
        for _, delivery_id, place in in_turn:
            if self._places.take(place):
                taken[place.organization_id][delivery_id] = place
        return taken, refused

    async def _claim(
        self, taken: Mapping[int, Mapping[int, Place]], now: datetime
    ) -> dict[int, list[ClaimedDelivery] | Exception]:
        return await each_committed(
            self._database,
            {
                organization_id: partial(
                    claims.claim,
                    organization_id=organization_id,
                    delivery_ids=places.keys(),
                    now=now,
                    until=now + CLAIM_LASTS,
                )
                for organization_id, places in taken.items()
            },
        )

    def _begin(self, delivery: ClaimedDelivery, place: Place) -> None:
        """Begin an attempt that has its place."""
        self._endpoints.had(place.endpoint_id)
        task = asyncio.create_task(self._deliver(place.organization_id, delivery))
        self._under_way[task] = place
        task.add_done_callback(self._free)
        task.get_loop().call_later(self._slow_after.total_seconds(), self._turn_slow, task)

    def _turn_slow(self, task: asyncio.Task[None]) -> None:
        """An attempt that is still under way makes room."""
        place = self._under_way.get(task)
        if place is None or place.is_over:
            return
        self._under_way[task] = self._places.turn_slow(place)
        self._gather()

    def _exchange_is_over(self) -> None:
        """Others may have the place before this task has marked what came of it."""
        task = asyncio.current_task()
        if (place := self._under_way.get(task)) is not None:  # type: ignore[arg-type]
            self._under_way[task] = self._places.is_over(place)  # type: ignore[index]
            self._gather()

    def _free(self, task: asyncio.Task[None]) -> None:
        self._places.leave(self._under_way.pop(task))
        self._gather()

    def _gather(self) -> None:
        """Say in a moment that places got free."""
        if self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathering = loop.call_later(GATHERING_SECONDS, self._finish)

    def _finish(self) -> None:
        self._gathering = None
        self.finished.set()

    async def _deliver(self, organization_id: int, delivery: ClaimedDelivery) -> None:
        try:
            result = await self._send(delivery)
        except Exception:
            # A fault of ours with one of them: it counts like any failure, and sinks no other.
            log.exception(
                "attempt failed", organization_id=organization_id, delivery_id=delivery.id
            )
            result = Result(0, failure=Failure.CONNECTION)
        self._exchange_is_over()
        self._metrics.deliveries.labels(_outcome(result)).inc()
        self._metrics.attempt_seconds.observe(result.milliseconds / 1000)
        self._attempted.append((organization_id, _attempted(delivery, result, self._clock.now())))
        await self._mark()

    async def _send(self, delivery: ClaimedDelivery) -> Result:
        message = Message(
            delivery.uuid, delivery.type, delivery.entity_id, delivery.happened_at, delivery.content
        )
        body = message.body()
        now, sender = self._signs_by.now(), delivery.sender
        sent = headers(message, body, sender.webhook_key, sender.secrets(now), now)
        with self._traces.attempt(delivery.type.value, _host(sender.url)) as span:
            result = await self._client.send(sender.url, body, {**sent, **span.headers})
            span.note(_outcome(result), result.status_code)
        return result

    async def _mark(self) -> None:
        """Mark all that is done by now; what gets done while one marks is marked by the next."""
        async with self._marking:
            done, self._attempted = self._attempted, []
            by_organization: defaultdict[int, list[Attempted]] = defaultdict(list)
            for organization_id, attempted in done:
                by_organization[organization_id].append(attempted)
            works = {
                each: partial(mark, organization_id=each, attempted=attempted)
                for each, attempted in by_organization.items()
            }
            for begin in range(0, len(works), MARKED_TOGETHER):
                portion = dict(islice(works.items(), begin, begin + MARKED_TOGETHER))
                for each, fault in (await each_committed(self._database, portion)).items():
                    _log_if_not_marked(each, fault)


def _log_if_not_marked(organization_id: int, fault: Exception | None) -> None:
    """The claims lapse, and the same is sent again with the same uuid."""
    if isinstance(fault, DatabaseUnavailable):
        log.warning("attempts not marked", organization_id=organization_id, reason=str(fault))
    elif fault is not None:
        log.error("attempts not marked", organization_id=organization_id, exc_info=fault)


def _look(
    tx: Connection,
    organization_ids: Collection[int],
    now: datetime,
    places: Places,
    turns: Turns,
) -> tuple[list[tuple[Place, Sequence[int]]], set[int]]:
    """The endpoints for which there is a place now, each with some of what is due there; and the organizations
    where there was none for some.

    Of an organization, who was sent to longest ago comes first. Tried out with `places`, which is changed.
    """
    rooms, busy = places.open, places.busy
    waits = partial(claims.waiting, now=now, rooms=rooms, busy=busy)
    waiting: list[Any] = jointly(
        tx, {each: partial(waits, organization_id=each) for each in organization_ids}
    )
    chosen: dict[int, list[Place]] = {}
    refused = set()
    for organization_id, those in zip(organization_ids, waiting, strict=True):
        asked = [
            Place(organization_id, each.endpoint_id, _host(each.url), each.standing)
            for each in sorted(those, key=lambda each: turns.last(each.endpoint_id))
        ]
        found = [place for place in asked if places.take(place)]
        if found:
            chosen[organization_id] = found
        if len(found) < len(asked):
            refused.add(organization_id)
    due: list[Any] = jointly(
        tx,
        {
            each: partial(
                claims.due,
                organization_id=each,
                now=now,
                endpoint_ids=[place.endpoint_id for place in its],
                each=EACH_AT_ONCE,
            )
            for each, its in chosen.items()
        },
    )
    return [
        (place, deliveries.get(place.endpoint_id, ()))
        for its, deliveries in zip(chosen.values(), due, strict=True)
        for place in its
    ], refused


def _host(url: str) -> str:
    """With its port. Of many URLs at a time, so they are not taken apart any further."""
    return url.partition("://")[2].partition("/")[0]


def mark(
    tx: Connection, organization_id: int, attempted: Sequence[Attempted], *, waits: bool = True
) -> None:
    """Write down the attempts, and what they say about the health of their endpoints.

    The endpoints are locked first, and then deliveries, whoever marks: what is held when one is
    disabled may be under way elsewhere. Unless it `waits`, it leaves where one of them is taken or gone, or
    is to be disabled.
    """
    by_endpoint: defaultdict[int, list[Attempted]] = defaultdict(list)
    for each in attempted:
        by_endpoint[each.endpoint_id].append(each)
    with Together(tx) as at:
        asked = endpoints.ask_health(at, organization_id, by_endpoint.keys(), waits=waits)
        deliveries_asked = claims.ask_attempted(at, organization_id, attempted, waits=waits)
    before, marks = asked(), deliveries_asked()
    after = {
        endpoint_id: _after(health, by_endpoint[endpoint_id])
        for endpoint_id, health in before.items()
    }
    disabled = {number: health for number, health in after.items() if health.disabled is not None}
    if not waits and (disabled or len(before) < len(by_endpoint) or len(marks) < len(attempted)):
        raise Leaves("something is taken, gone, or to be disabled")
    changed = {number: health for number, health in after.items() if health != before[number]}
    with Together(tx) as writing:
        claims.mark(writing, organization_id, attempted, marks)
        endpoints.set_health(writing, organization_id, changed)
    for endpoint_id, health in disabled.items():
        # Also what was under way when it was disabled is not sent again by itself.
        deliveries.hold(tx, organization_id, endpoint_id)
        if endpoint_id in changed and health.disabled is not None:
            at_instant = max(each.attempted_at for each in by_endpoint[endpoint_id])
            _note_disabled(tx, organization_id, endpoint_id, health.disabled, at_instant)
            log.warning(
                "webhook endpoint disabled",
                organization_id=organization_id,
                endpoint_id=endpoint_id,
                because=health.disabled.value,
            )


def _note_disabled(
    tx: Connection, organization_id: int, endpoint_id: int, because: Disabled, at: datetime
) -> None:
    """What is changed past the desk, and an operator asks about later, has its line of history too."""
    changed = Change(
        EntityKind.ENDPOINT, endpoint_id, {"disabled": None}, {"disabled": because.value}
    )
    line = Line(DisableEndpoint.name, THE_HOUSE, None, [changed])
    numbers = take_numbers(tx, 1)
    with Together(tx) as writing:
        history.add(writing, organization_id, [line], numbers, at)


def _after(health: Health, attempted: Iterable[Attempted]) -> Health:
    for each in attempted:
        health = health.after(each.failure, each.attempted_at, gone=each.gone)
    return health


def _outcome(result: Result) -> str:
    """As instruments call it."""
    return "delivered" if result.failure is None else result.failure.value.lower()


def _attempted(delivery: ClaimedDelivery, result: Result, now: datetime) -> Attempted:
    """What becomes of the delivery: done, repeated later, or given up."""
    failed = delivery.failed_attempts
    status, due_at = DeliveryStatus.DELIVERED, now
    if not result.delivered:
        failed += 1
        again = delivery.plan.next_attempt(failed, now, chance(), result.retry_after)
        status = DeliveryStatus.FAILED if again is None else DeliveryStatus.PENDING
        due_at = again or now
    return Attempted(
        delivery_id=delivery.id,
        endpoint_id=delivery.endpoint_id,
        claimed_until=delivery.claimed_until,
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
