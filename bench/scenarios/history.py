"""What it costs that a line of history is kept of each booking.

Random bookings over HTTP on one server, which keeps lines in every other stretch of time and none in the
ones between: there and back, as the tables grow meanwhile. On PostgreSQL two processes answer, on SQLite one.
"""

from __future__ import annotations

from collections import Counter

from bench.filled import Filled, FilledPostgres, FilledSqlite
from bench.kursplan import kursplan_running
from bench.limits import forgetful
from bench.run import WARM_UP_SECONDS, Measured, Run
from bench.scenarios.book import arguments
from bench.wrk import load

PAIRS = 8
"""How often both ways are taken in a round."""
STRETCH_SECONDS = 1


async def measure(run: Run) -> Measured:
    measured = Measured()
    postgres = await FilledPostgres.create(run.postgres)
    sqlite = await FilledSqlite.create(run.folder)
    for number in run.each_round():
        for kind, ratio, database, workers in (
            ("PostgreSQL", "history", postgres, 2),
            ("SQLite", "history_sqlite", sqlite, 1),
        ):
            kept, forgotten = f"{kind}, with history", f"{kind}, without"
            booked = await _book_in_turns(run, database, number, workers)
            for keeps, name in ((True, kept), (False, forgotten)):
                measured.note(name, per_second=booked[keeps] / (PAIRS * STRETCH_SECONDS))
            measured.compare(ratio, kept, forgotten, "per_second")
    return measured


async def _book_in_turns(run: Run, database: Filled, number: int, workers: int) -> Counter[bool]:
    """How many were booked in all stretches with history, and in all without."""
    told = run.folder / "forgets"
    booked: Counter[bool] = Counter()
    await database.fresh()
    async with kursplan_running(
        database.url,
        run.folder,
        workers=workers,
        module=forgetful.__name__,
        further={forgetful.FORGETS: str(told)},
    ) as server:
        warm_up = arguments(database.gyms, "random", 1_000_000 + number, first=0)
        await load(server.url, "book", warm_up, seconds=WARM_UP_SECONDS)
        await database.analyze()
        for at, keeps in enumerate((True, False, False, True) * (PAIRS // 2)):
            if keeps:
                told.unlink(missing_ok=True)
            else:
                told.touch()
            asked = arguments(database.gyms, "random", number * 1000 + at, first=0)
            done = await load(server.url, "book", asked, seconds=STRETCH_SECONDS)
            booked[keeps] += done.requests - done.refused
    return booked
