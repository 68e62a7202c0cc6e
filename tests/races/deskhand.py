"""One more process with a desk of its own, for what staff and background steps do.

    python -m tests.races.deskhand

reads lines of JSON from its standard input, does what each says, and answers each with a line. It
ends with its input, so it never outlives the tests. The lines are

* `["open", DATABASE_URL, INSTANT]`: work on that database with a clock that stands at the instant,
* `["do", WORK...]`, one after the other; each is `["step", NAME]` for a step of the background, or
  the name of a action with its arguments,
* `["close"]`.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from kursplan.clock import HandClock
from kursplan.desk.book import Booked
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.confirm import Confirm
from kursplan.desk.engine.desk import Desk
from kursplan.metrics import Metrics
from kursplan.store.engine.database import connect
from kursplan.work.complete import complete_slots
from kursplan.work.expire import expire_confirmations
from kursplan.work.promote import promote_waiting
from tests.gym import STAFF, by_code

Work = Sequence[Any]

COMMANDS = {action.__name__: action for action in (ChangeSlot, Confirm)}
STEPS = {step.__name__: step for step in (complete_slots, expire_confirmations, promote_waiting)}


class Deskhand:
    """Such a process, told what to do."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.races.deskhand"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @asynccontextmanager
    async def at(self, database_url: str, instant: datetime) -> AsyncIterator[Deskhand]:
        """Have it work there for as long as the block lasts."""
        await self._tell("open", database_url, instant.isoformat())
        yield self
        await self._tell("close")

    async def do(self, *work: Work) -> list[Any]:
        """What came of each: whether a step had work, or the outcome of a action in a word."""
        outcomes: list[Any] = await self._tell("do", *work)
        return outcomes

    async def _tell(self, *line: Any) -> Any:
        return await asyncio.to_thread(self._tell_and_wait, json.dumps(line))

    def _tell_and_wait(self, line: str) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(line, file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def stop(self) -> None:
        self._process.communicate()


async def _serve() -> None:
    while line := await asyncio.to_thread(sys.stdin.readline):
        kind, database_url, instant = json.loads(line)
        assert kind == "open"
        await _work(database_url, HandClock(datetime.fromisoformat(instant)))


async def _work(database_url: str, clock: HandClock) -> None:
    database = connect(database_url)
    desk = Desk(database, clock, Metrics())
    await desk.ids.next()
    _answer(None)
    while line := await asyncio.to_thread(sys.stdin.readline):
        kind, *works = json.loads(line)
        if kind == "close":
            break
        outcomes: list[Any] = []
        for what, *arguments in works:
            if what == "step":
                outcomes.append(await STEPS[arguments[0]](desk, database, clock))
            else:
                answer = await desk.execute(COMMANDS[what](**arguments[0]), by=STAFF)
                outcomes.append(
                    answer.status if isinstance(answer, Booked) else str(by_code(answer))
                )
        _answer(outcomes)
    await desk.close()
    await database.close()
    _answer(None)


def _answer(what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve())
