"""One more process with a desk of its own, for what staff and background steps do.

    python -m tests.races.deskhand DATABASE_URL INSTANT

Its clock stands at INSTANT. Each line of standard input is a list of work in JSON, done one after
the other, and each is answered by a line with what came of it. It ends with its input.

Work is `["step", NAME]` for a step of the background, or the name of a deed and its arguments.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kursplan.clock import HandClock
from kursplan.desk.book import Booked
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.confirm import Confirm
from kursplan.desk.desk import Desk
from kursplan.metrics import Metrics
from kursplan.store.database import connect
from kursplan.work.loop import Background

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEEDS = {deed.__name__: deed for deed in (ChangeSlot, Confirm)}
READY = "ready"


class Deskhand:
    """Such a process, told what to do."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, *work: Sequence[Any]) -> list[Any]:
        """What came of each: whether a step had work, or the outcome of a deed in a word."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(work).encode() + b"\n")
        outcomes: list[Any] = json.loads(await self._line())
        return outcomes

    async def ready(self) -> None:
        assert await self._line() == READY

    async def _line(self) -> str:
        assert self._process.stdout is not None
        return (await self._process.stdout.readline()).decode().strip()


@asynccontextmanager
async def deskhand(database_url: str, instant: datetime) -> AsyncIterator[Deskhand]:
    """A process that stands ready for as long as the block lasts."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.races.deskhand", database_url, instant.isoformat()),
        cwd=Path(__file__).parents[2],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        hand = Deskhand(process)
        await hand.ready()
        yield hand
    finally:
        # It ends with its input.
        await process.communicate(b"")


async def _work(database_url: str, instant: datetime) -> None:
    database = connect(database_url)
    clock = HandClock(instant)
    desk = Desk(database, clock, Metrics())
    steps = Background(desk, database, clock, Metrics()).steps
    await desk.ids.next()
    print(READY, flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        outcomes: list[Any] = []
        for kind, *arguments in json.loads(line):
            if kind == "step":
                outcomes.append(await steps[arguments[0]]())
            else:
                answer = await desk.take(DEEDS[kind](**arguments[0]))
                outcomes.append(answer.status if isinstance(answer, Booked) else str(answer))
        print(json.dumps(outcomes), flush=True)
    await desk.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1], datetime.fromisoformat(sys.argv[2])))
