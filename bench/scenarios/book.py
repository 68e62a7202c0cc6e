"""Bookings a second over HTTP, with all rules, against the minimal transaction without any.

Random: each request is a random customer on a random slot of 10,000. Hot: all want the same slot,
which has no limit. Counted are bookings that are committed and were answered.

Keyed: random bookings in turns with and without an idempotency key, each on the same server.

On PostgreSQL as many processes answer as `docs/operate.md` asks for, one for each of two cores, and
one alone for comparison; the peer has as many each time. On SQLite there is one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from bench.filled import Filled, FilledPostgres, FilledSqlite
from bench.gym import Gym
from bench.kursplan import doctor_is_content, kursplan_running
from bench.limits.minimal import SLOTS, MinimalPostgres, book_sqlite
from bench.peers.database import PeerDatabase
from bench.run import WARM_UP_SECONDS, Measured, Run
from bench.wrk import CONNECTIONS, Load, load

WAYS = {"random": SLOTS, "hot": 1}
"""How bookings fall, and on how many slots."""
WORKERS = (2, 1)
"""The first is what a ratio without a further name is of."""
SETTLING_SECONDS = 0.2
LATE_CUSTOMER = 90_000
"""The first customer to book the hot slot while warming up; the others begin with the first of all."""


async def measure(run: Run) -> Measured:
    measured = Measured()
    postgres = await FilledPostgres.create(run.postgres)
    sqlite = await FilledSqlite.create(run.folder)
    peer = await PeerDatabase.create(run.postgres)
    minimal = MinimalPostgres(run.postgres, postgres.database, run.folder)
    await minimal.create()
    for number in run.each_round():
        for way, slots in WAYS.items():
            done = await minimal.book(slots=slots, seconds=run.seconds)
            measured.note(f"pgbench minimal, {way}", **done.figures)
            for workers in WORKERS:
                what = f"Kursplan on PostgreSQL, {way}, {_workers(workers)}"
                await book(run, measured, what, postgres, way, number, workers=workers)
                await _examine(measured, postgres, number)
                await _book_at_the_peer(run, measured, peer, way, number, workers)
        file = run.folder / f"minimal-{number}.db"
        done = await asyncio.to_thread(book_sqlite, file, slots=SLOTS, seconds=run.seconds)
        measured.note("SQLite minimal, random", **done.figures)
        for way in WAYS:
            await book(run, measured, f"Kursplan on SQLite, {way}", sqlite, way, number)
            await _examine(measured, sqlite, number)
        await _book_with_keys(run, measured, "PostgreSQL", postgres, number, WORKERS[0])
        await _book_with_keys(run, measured, "SQLite", sqlite, number, 1)
        _compare(measured)
    return measured


async def _examine(measured: Measured, database: Filled, number: int) -> None:
    """In the first round: has it sold a seat twice, lost an event, counted wrongly?"""
    if number == 1:
        healthy = await asyncio.to_thread(doctor_is_content, database.url)
        measured.checks["states_that_the_doctor_objects_to"] += not healthy


async def _book_with_keys(
    run: Run, measured: Measured, kind: str, database: Filled, number: int, workers: int
) -> None:
    """The same bookings with keys and without, there and back, as the tables grow meanwhile."""
    ways = ("random", "keyed", "keyed", "random")
    seconds = max(1, run.seconds // 2)
    booked: Counter[str] = Counter()
    await database.fresh()
    async with kursplan_running(database.url, run.folder, workers=workers) as server:
        for at, way in enumerate(ways):
            seed = number * len(ways) + at
            if at == 0:
                warm_up = arguments(database.gyms, way, 1_000_000 + seed, first=0)
                await load(server.url, "book", warm_up, seconds=WARM_UP_SECONDS)
                await database.analyze()
            asked = arguments(database.gyms, way, seed, first=0)
            done = await load(server.url, "book", asked, seconds=seconds)
            booked[way] += done.requests - done.refused
    for way, name in (("random", "without keys"), ("keyed", "with keys")):
        per_second = booked[way] / (seconds * ways.count(way))
        measured.note(f"Kursplan on {kind}, {name}", per_second=per_second)


def _compare(measured: Measured) -> None:
    for kind, ratio in (("PostgreSQL", "http_book_keyed"), ("SQLite", "http_book_keyed_sqlite")):
        with_keys, without = (f"Kursplan on {kind}, {how} keys" for how in ("with", "without"))
        measured.compare(ratio, with_keys, without, "per_second")
    for way in WAYS:
        for workers in WORKERS:
            fewer = "" if workers == WORKERS[0] else f"_{workers}worker"
            booked = f"Kursplan on PostgreSQL, {way}, {_workers(workers)}"
            for ratio, limit in (
                (f"http_book_pg_{way}", f"pgbench minimal, {way}"),
                (f"peer_book_pg_{way}", f"peer, {way}, {_workers(workers)}"),
            ):
                measured.compare(f"{ratio}{fewer}", booked, limit, "per_second")
        measured.compare(
            f"http_book_sqlite_{way}",
            f"Kursplan on SQLite, {way}",
            "SQLite minimal, random",
            "per_second",
        )


async def book(
    run: Run,
    measured: Measured,
    what: str,
    database: Filled,
    way: str,
    number: int,
    *,
    workers: int = 1,
    connections: int = CONNECTIONS,
) -> None:
    """Measure bookings over HTTP, with the database as it was filled and a server just started."""
    await database.fresh()
    async with (
        kursplan_running(database.url, run.folder, workers=workers) as server,
        run.looking_at(server, what),
    ):
        done, committed = await _load(run, server.url, database, way, number, connections)
    # When wrk hangs up, some bookings are under way; they count for the peer, and not for us.
    answered = done.requests - done.refused
    per_second = min(committed, answered) / done.seconds
    measured.note(what, **done.figures | {"per_second": per_second, "committed": committed})
    measured.checks["bookings_answered_but_not_committed"] += max(0, answered - committed)


async def _book_at_the_peer(
    run: Run, measured: Measured, peer: PeerDatabase, way: str, number: int, workers: int
) -> None:
    await peer.fresh()
    async with peer.served(run.folder, workers=workers) as url:
        done, committed = await _load(run, url, peer, way, number, CONNECTIONS)
    per_second = committed / done.seconds
    figures = done.figures | {"per_second": per_second, "committed": committed}
    measured.note(f"peer, {way}, {_workers(workers)}", **figures)


async def _load(
    run: Run,
    url: str,
    database: Filled | PeerDatabase,
    way: str,
    number: int,
    connections: int,
) -> tuple[Load, int]:
    """Warm up, then book; also how many bookings were committed meanwhile."""
    warm_up = arguments(database.gyms, way, 1_000_000 + number, first=LATE_CUSTOMER)
    await load(url, "book", warm_up, seconds=WARM_UP_SECONDS, connections=connections)
    await database.analyze()
    before = await _settled(database)
    asked = arguments(database.gyms, way, number, first=0)
    done = await load(url, "book", asked, seconds=run.seconds, connections=connections)
    return done, await _settled(database) - before


async def _settled(database: Filled | PeerDatabase) -> int:
    """How many bookings there are once nothing is under way any more."""
    count = -1
    while (now := await database.bookings()) != count:
        count = now
        await asyncio.sleep(SETTLING_SECONDS)
    return count


def arguments(gyms: Sequence[Gym], way: str, seed: int, *, first: int) -> list[object]:
    """What `bench/lua/book.lua` is told; on the hot slot, `first` is the first customer's number."""
    told: list[object] = ["queue", first] if way == "hot" else [way, seed]
    for gym in gyms:
        slots = range(gym.hot_slot, gym.hot_slot + 1) if way == "hot" else gym.slots
        told += [gym.key, slots[0], len(slots), gym.customers[0], len(gym.customers)]
    return told


def _workers(count: int) -> str:
    return "1 worker" if count == 1 else f"{count} workers"
