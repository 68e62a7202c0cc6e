"""What becomes slower as things grow: more organizations, a longer history, more connections.

About the same slots and customers are spread over 1, 10 and 100 organizations; 10,000 to 1,000,000
bookings of slots that are over lie in the database; 64 to 1,024 connections are open. Each is measured
with random bookings and with reading 50 slots.
"""

from __future__ import annotations

from collections.abc import Mapping

from bench.filled import FilledPostgres
from bench.gym import SLOTS_OF_A_CLASS, Size
from bench.kursplan import kursplan_running
from bench.run import WARM_UP_SECONDS, Measured, Run
from bench.scenarios.book import book
from bench.wrk import CONNECTIONS, load

SLOTS, CUSTOMERS = 10_000, 100_000
ORGANIZATIONS = (1, 10, 100)
STORED = (10_000, 100_000, 1_000_000)
MOST_CONNECTIONS = (64, 256, 1024)


async def measure(run: Run) -> Measured:
    measured = Measured()
    databases = await _databases(run)
    smallest = databases[f"{ORGANIZATIONS[0]} organizations"]
    for number in run.each_round():
        for what, database in databases.items():
            await _measure(run, measured, what, database, number)
        for connections in MOST_CONNECTIONS:
            await _measure(
                run, measured, f"{connections} connections", smallest, number, connections
            )
        for kind, sizes in (
            ("organizations", ORGANIZATIONS),
            ("bookings", STORED),
            ("connections", MOST_CONNECTIONS),
        ):
            _compare(measured, kind, sizes)
    return measured


async def _databases(run: Run) -> Mapping[str, FilledPostgres]:
    """One for each number of organizations, and one for each length of the history."""
    found = {}
    for count in ORGANIZATIONS:
        sizes = [Size(max(SLOTS // count, SLOTS_OF_A_CLASS), CUSTOMERS // count)] * count
        found[f"{count} organizations"] = await FilledPostgres.create(
            run.postgres, sizes, f"organizations_{count}"
        )
    for count in STORED:
        sizes = [Size(SLOTS, CUSTOMERS, past_bookings=count)]
        found[f"{count} bookings"] = await FilledPostgres.create(
            run.postgres, sizes, f"bookings_{count}"
        )
    return found


async def _measure(
    run: Run,
    measured: Measured,
    what: str,
    database: FilledPostgres,
    number: int,
    connections: int = CONNECTIONS,
) -> None:
    await book(run, measured, f"book, {what}", database, "random", number, connections=connections)
    asked = [word for gym in database.gyms for word in (gym.key, gym.read_class)]
    async with (
        kursplan_running(database.url, run.folder) as server,
        run.looking_at(server, f"read slots, {what}"),
    ):
        await load(server.url, "slots", asked, seconds=WARM_UP_SECONDS, connections=connections)
        done = await load(server.url, "slots", asked, seconds=run.seconds, connections=connections)
    measured.note(f"read slots, {what}", **done.figures)


def _compare(measured: Measured, kind: str, sizes: tuple[int, ...]) -> None:
    """How much is left, of what the smallest size does, at each of the larger ones."""
    for size in sizes[1:]:
        for ratio, figure in (("book", "book"), ("read_slots", "read slots")):
            measured.compare(
                f"growth_{ratio}_{size}_{kind}",
                f"{figure}, {size} {kind}",
                f"{figure}, {sizes[0]} {kind}",
                "per_second",
            )
