"""Reads a second, against a bare ASGI application that answers the same bytes from memory.

Every read is also measured while nobody else is there; the slots of a class once more while bookings
go on; and once by a crowd that comes at the same moment, each client over a connection of its own that it
has yet to open. And a client that has booked through one worker must find the booking through any other.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from time import monotonic

from bench.client import BOOK, VALIDATE, connected
from bench.filled import FilledPostgres
from bench.gym import Gym
from bench.kursplan import Server, kursplan_running
from bench.limits.bare import bare_running, bare_running_on_ours
from bench.peers.database import PeerDatabase
from bench.run import WARM_UP_SECONDS, Measured, Run, percentile
from bench.wrk import load, same

SLOTS_READ = 50
UNCHANGED = "_unchanged"
BOOKINGS_A_SECOND = 50
"""The steady rate at which others book while slots are read."""
BARE_ON_OURS = ("slots", "validate")
"""What the bare application is also asked behind the server that Kursplan runs on."""
READERS = 8
"""Connections that look for each booking, beside the one that made it."""
ROUNDS_OF_BOOKING = 200
CROWD = 1_000
"""How many clients come at once."""


@dataclass(frozen=True, slots=True)
class Read:
    """A request that is repeated."""

    name: str
    path: str
    method: str = "GET"
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def unchanged(self) -> bool:
        """Whether it asks only for what has changed, and nothing has."""
        return self.name.endswith(UNCHANGED)

    @property
    def route(self) -> str:
        """The path without the query."""
        return self.path.partition("?")[0]


Told = tuple[dict[str, str], str]
"""The head and the body of an answer."""


async def measure(run: Run) -> Measured:
    measured = Measured()
    database = await FilledPostgres.create(run.postgres)
    peer = await PeerDatabase.create(run.postgres)
    [gym] = database.gyms
    for number in run.each_round():
        await database.fresh()
        async with kursplan_running(database.url, run.folder) as server:
            await _against_bare(run, measured, server, gym, number)
        async with peer.served(run.folder) as url:
            await _read(run, measured, "peer: slots", url, _slots(peer.gyms[0]), peer.gyms[0])
        measured.compare("peer_read_slots", "slots", "peer: slots", "per_second")
        await database.fresh()
        async with kursplan_running(database.url, run.folder, workers=2) as server:
            measured.checks["own_writes_not_seen"] += await own_writes(server.url, gym)
    return measured


async def _against_bare(
    run: Run, measured: Measured, server: Server, gym: Gym, number: int
) -> None:
    reads, answers = await _prepared(server.url, gym)
    async with bare_running(answers, run.folder) as bare:
        for read in reads:
            if not read.unchanged:
                await _read(run, measured, f"bare: {read.name}", bare, read, gym)
            async with run.looking_at(server, read.name):
                await _read(run, measured, read.name, server.url, read, gym)
            # Validating reads nothing that is stored, so it has a figure of its own.
            ratio = read.name if read.method == "POST" else f"read_{read.name}"
            whole = read.name.removesuffix(UNCHANGED)
            measured.compare(ratio, read.name, f"bare: {whole}", "per_second")
        await _at_once(measured, f"bare: {_AT_ONCE}", bare, gym)
        await _at_once(measured, _AT_ONCE, server.url, gym)
        measured.compare("at_once", _AT_ONCE, f"bare: {_AT_ONCE}", "p99_ms")
        async with bare_running_on_ours(answers, run.folder) as ours:
            for read in reads:
                if read.name in BARE_ON_OURS:
                    await _read(run, measured, f"bare, our server: {read.name}", ours, read, gym)
                    beside = f"bare: {read.name}"
                    what = f"bare, our server: {read.name}"
                    measured.compare(f"server_{read.name}", what, beside, "per_second")
    what = "slots_while_booking"
    async with steady_bookings(server.url, gym, number), run.looking_at(server, what):
        await _read(run, measured, what, server.url, _slots(gym), gym)
    measured.compare(f"read_{what}", what, "bare: slots", "per_second")


def _slots(gym: Gym) -> Read:
    return Read("slots", f"/v1/classes/{gym.read_class}/slots?sliceSize=50")


async def _prepared(url: str, gym: Gym) -> tuple[list[Read], dict[str, Told]]:
    """What is read, and what Kursplan answers to each, for the bare application to repeat."""
    slot_id, to_validate, customer_id = gym.slots[0], gym.slots[1], gym.customers[-1]
    asked = f'{{"customerId": {customer_id}, "classSlotId": {to_validate}}}'
    async with connected(url, gym.key) as [connection]:
        booked = (await connection.book(customer_id, slot_id)).json()
        plain = [
            _slots(gym),
            Read("all_slots", "/v1/classes/slots?sliceSize=50"),
            Read("classes", "/v1/classes?sliceSize=50"),
            Read("slot", f"/v1/classes/{gym.read_class}/slots/{slot_id}"),
            Read("booking", f"/v1/classes/booking/{booked['bookingId']}"),
        ]
        validate = Read("validate", VALIDATE, "POST", asked, {"Content-Type": "application/json"})
        validated = await connection.validate(customer_id, to_validate)
        answers: dict[str, Told] = {
            validate.route: (dict(validated.headers), validated.body.decode())
        }
        unchanged = []
        for read in plain:
            answer = await connection.get(read.path)
            if answer.status != HTTPStatus.OK:
                raise RuntimeError(f"{read.path}: {answer.status} {answer.body!r}")
            answers[read.route] = dict(answer.headers), answer.body.decode()
            if tag := answer.headers.get("etag"):
                named = {"If-None-Match": tag}
                unchanged.append(Read(read.name + UNCHANGED, read.path, headers=named))
    if (count := len(json.loads(answers[plain[0].route][1])["result"])) != SLOTS_READ:
        raise RuntimeError(f"{count} slots are read instead of {SLOTS_READ}")
    return [*plain, validate, *unchanged], answers


async def _read(run: Run, measured: Measured, what: str, url: str, read: Read, gym: Gym) -> None:
    asked = same(read.method, read.body, {"X-API-KEY": gym.key, **read.headers})
    await load(url + read.path, "same", asked, seconds=WARM_UP_SECONDS)
    done = await load(url + read.path, "same", asked, seconds=run.seconds)
    measured.note(what, **done.figures)


_AT_ONCE = f"slots, {CROWD} clients at once"


async def _at_once(measured: Measured, what: str, url: str, gym: Gym) -> None:
    """How long each waits, from when it knocks until it has its answer."""
    path = _slots(gym).path

    async def come() -> float:
        began = monotonic()
        async with connected(url, gym.key) as [connection]:
            answer = await connection.get(path)
        return (answer.answered_at - began) * 1000

    await come()
    waited = await asyncio.gather(*(come() for _ in range(CROWD)))
    measured.note(what, p50_ms=percentile(waited, 50), p99_ms=percentile(waited, 99))


@asynccontextmanager
async def steady_bookings(url: str, gym: Gym, seed: int) -> AsyncIterator[None]:
    """Book at a modest, steady rate for as long as the block lasts."""
    dice = random.Random(seed)  # noqa: S311

    async def book() -> None:
        loop = asyncio.get_running_loop()
        async with connected(url, gym.key) as [connection]:
            due = loop.time()
            while True:
                await connection.book(dice.choice(gym.customers), dice.choice(gym.slots))
                due += 1 / BOOKINGS_A_SECOND
                await asyncio.sleep(max(0, due - loop.time()))

    booking = asyncio.create_task(book())
    try:
        yield
        if booking.done():
            await booking
    finally:
        booking.cancel()
        await asyncio.gather(booking, return_exceptions=True)


async def own_writes(url: str, gym: Gym) -> int:
    """Book, and look at once through other connections, which the other worker may answer.

    A look that is begun after the booking was answered has to show it: the booking itself, and one
    participant more on its slot. Counted are looks that did not.
    """
    violations = 0
    async with connected(url, gym.key, 1 + READERS) as [booker, *readers]:
        slot_id = gym.slots[0]
        path = f"/v1/classes/{gym.classes[0]}/slots/{slot_id}"
        for number in range(ROUNDS_OF_BOOKING):
            booked = await booker.book(gym.customers[number], slot_id)
            expected = {"bookingId": booked.json().get("bookingId"), "classSlotId": slot_id}
            found = await asyncio.gather(
                *(
                    reader.get(path if each % 2 else f"{BOOKING}/{expected['bookingId']}")
                    for each, reader in enumerate(readers)
                )
            )
            for each, answer in enumerate(found):
                shown = answer.json()
                if each % 2:
                    seen = shown.get("bookedParticipants") == number + 1
                else:
                    seen = all(shown.get(name) == value for name, value in expected.items())
                violations += not seen
    return violations


BOOKING = BOOK.rpartition("/")[0]
