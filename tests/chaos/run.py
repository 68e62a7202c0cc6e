"""A run: clients, staff, a moody partner, and blows one after the other; then the audit."""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from kursplan.clock import HandClock, SystemClock
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.history import EntityKind
from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.audit import audit
from tests.chaos.clients import Client
from tests.chaos.house import House
from tests.chaos.ledger import Ledger, Stored
from tests.chaos.listener import Moody
from tests.chaos.plan import KILLS, Step
from tests.chaos.staff import Staff
from tests.gym import Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import receiving

CLIENTS = 24
SLOTS = 12
SEATS = 5
WAITING_LIST = 4
PATIENCE_SECONDS = 90.0
"""Within which bookings go on after a blow; if they do not, that is a finding."""
SETTLED_SECONDS = 3.0
"""In which what comes by itself is done, once nobody asks any more: it is looked for each second."""
REPEATS = 30
"""How often those that were not told are told again, each a day later than the last: further than any plan goes."""


@dataclass
class Counts:
    """What a run did."""

    kind: str
    seed: int
    began: str
    seconds: float = 0
    blows: Counter[str] = field(default_factory=Counter)
    kills: int = 0
    bookings: int = 0
    cancelled: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    staff: Counter[str] = field(default_factory=Counter)
    events: int = 0
    requests_to_partners: int = 0
    resumed_ms: list[int] = field(default_factory=list)
    """How long after each promotion the next booking was answered."""
    findings: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """All of it, with nothing in it but what JSON knows."""
        return {
            each.name: dict(value) if isinstance(value, Counter) else value
            for each in fields(self)
            for value in [getattr(self, each.name)]
        }


class Run:
    """A gym in the house, and all who want something of it."""

    def __init__(self, house: House, gym: Gym, partners: Partners, seed: int) -> None:
        self.house = house
        self.gym = gym
        self.ledger = Ledger()
        self.counts = Counts(house.kind, seed, gym.now.isoformat(timespec="seconds"))
        self._partners = partners
        self._dice = random.Random(f"{seed} listener")  # noqa: S311 - nothing depends on its being secret
        self._seed = seed
        self._over = asyncio.Event()
        self._answered = asyncio.Event()
        self._staff: Staff
        self._listener: Moody
        self._clients: list[Client] = []

    async def set_up(self) -> None:
        """A week with few seats, so that most of them have a waiting list, and who wants them."""
        gym = self.gym
        await gym.klass("spin")
        await gym.klass("yoga", confirmation="1 HOURS")
        tomorrow = gym.now.date() + timedelta(days=2)
        slots = [
            await gym.slot(
                ("spin", "spin", "yoga")[number % 3],
                day=tomorrow + timedelta(days=number % 2),
                at=f"{8 + number:02}:00",
                minutes=30,
                seats=SEATS,
                waiting_list=WAITING_LIST,
            )
            for number in range(SLOTS)
        ]
        self._listener = Moody(self._partners.receiver, "/moody", self._dice)
        endpoint = await self._partners.endpoint(self._listener.path)
        self._staff = Staff(gym, slots, self._dice_of("staff"))
        self._clients = [
            Client(
                customer,
                slots,
                endpoint.integration.api_key,
                lambda: self.house.url,
                self.ledger,
                self._dice_of(f"client {number}"),
                self._answered.set,
            )
            for number, customer in enumerate(await gym.customers(CLIENTS))
        ]

    def _dice_of(self, whom: str) -> random.Random:
        return random.Random(f"{self._seed} {whom}")  # noqa: S311 - nothing depends on its being secret

    async def storm(
        self, plan: Iterable[Step], *, seconds: float = math.inf, most: float = math.inf
    ) -> None:
        """One blow after the other for so long, or so many; then all who asked are answered."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as group:
            for each in self._clients:
                group.create_task(each.come_and_go(self._over))
            group.create_task(self._staff.work(self._over))
            try:
                for step in plan:
                    if loop.time() - began > seconds or self.counts.blows.total() >= most:
                        break
                    await asyncio.sleep(step.after_seconds)
                    await self._strike(step)
            finally:
                self._over.set()
        await asyncio.sleep(SETTLED_SECONDS)
        self.counts.seconds = round(loop.time() - began, 1)

    async def _strike(self, step: Step) -> None:
        promoted = await self.house.strike(step)
        self.counts.blows[step.blow] += 1
        self.counts.kills += step.blow in KILLS
        self._answered.clear()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._answered.wait()
        except TimeoutError:
            self.ledger.faults.append(f"no booking within {PATIENCE_SECONDS} s after {step.blow}")
        if promoted is not None:
            passed = asyncio.get_running_loop().time() - promoted
            self.counts.resumed_ms.append(round(passed * 1000))
        await self.house.mend()

    async def findings(self) -> list[str]:
        """What is wrong, once the server has stopped; nothing, if all that is promised held."""
        await self.house.close_doors()
        found = list(self.ledger.findings(await self._stored()))
        found += await self._untold()
        found += await self._without_history()
        try:
            await audit(self.gym.database, self.gym.organization, SystemClock().now())
        except AssertionError as wrong:
            found += str(wrong).splitlines()
        self.counts.bookings = len(self.ledger.bookings)
        self.counts.cancelled = sum(each.cancelled for each in self.ledger.bookings.values())
        self.counts.answers = self.ledger.answers
        self.counts.staff = self._staff.done
        self.counts.requests_to_partners = self._listener.came
        self.counts.findings = found
        return found

    async def _stored(self) -> list[Stored]:
        booking = tables.booking
        query = select(
            booking.c.id,
            booking.c.customer_id,
            booking.c.slot_id,
            booking.c.status,
            booking.c.ended,
        ).where(booking.c.organization_id == self.gym.organization)
        rows = await self.gym.database.read(lambda tx: tx.execute(query).all())
        return [Stored(*row) for row in rows]

    async def _untold(self) -> list[str]:
        """Events that the partner does not have, when all that was to be repeated has been."""
        self._listener.is_good = True
        clock = HandClock(SystemClock().now())
        teller = self._partners.another_teller(clock=clock)
        events = {each.uuid for each in await self.gym.told()}
        self.counts.events = len(events)
        for _ in range(REPEATS):
            clock.advance(timedelta(days=1))
            await teller.telling.round()
            if events <= self._listener.taken:
                break
        return [f"event {each} was not told" for each in events - self._listener.taken] + [
            f"event {each} was told, and is not there" for each in self._listener.taken - events
        ]

    async def _without_history(self) -> list[str]:
        """Bookings of which no line says how they were made, or how they ended."""
        line, other, booking = tables.history, tables.history_subject, tables.booking
        here = self.gym.organization

        def look(tx: Any) -> Iterator[str]:
            def ids(query: Any) -> Counter[int]:
                return Counter(tx.execute(query).scalars())

            made = ids(
                select(line.c.subject_id).where(
                    line.c.organization_id == here, line.c.command == "book"
                )
            )
            named = ids(
                select(line.c.subject_id).where(
                    line.c.organization_id == here,
                    line.c.kind == EntityKind.BOOKING,
                    line.c.command != "book",
                )
            ) + ids(
                select(other.c.subject_id).where(
                    other.c.organization_id == here, other.c.kind == EntityKind.BOOKING
                )
            )
            bookings = select(booking.c.id, booking.c.status).where(
                booking.c.organization_id == here
            )
            for booking_id, status in tx.execute(bookings):
                if made[booking_id] != 1:
                    yield f"booking {booking_id} was made, by history {made[booking_id]} times"
                if status is BookingStatus.CANCELED and not named[booking_id]:
                    yield f"booking {booking_id} is cancelled, and history does not say so"

        return await self.gym.database.read(lambda tx: list(look(tx)))


@asynccontextmanager
async def running(house: House, seed: int) -> AsyncIterator[Run]:
    """A run in that house, set up and about to begin."""
    database = connect(house.database_url)
    try:
        gym = await Gym(database, HandClock(SystemClock().now())).open()
        async with (
            receiving(None) as receiver,
            WebhookClient(EgressPolicy(insecure=True), trusted(), timedelta(seconds=10)) as post,
        ):
            run = Run(house, gym, Partners(gym, receiver, post), seed)
            await run.set_up()
            yield run
    finally:
        await database.close()
