"""The desk takes commands in turns.

Commands of an organization queue up. A turn takes whatever has queued up while the one before it
was committing, up to a limit; there is no timer, and alone a command is a turn of one. So a burst
on one popular slot costs a few statements per hundred bookings instead of many for each. Commands
that touch other slots and other customers than the turn at work need not wait for it.

Several processes may run desks on one database: each locks in the same order.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from sqlalchemy import Connection

from kursplan.clock import Clock, stopwatch
from kursplan.desk.turn import Command, LookAgain, Question, Reach, Turn
from kursplan.domain.refusals import Refusal
from kursplan.ids import Ids, draw
from kursplan.metrics import Metrics
from kursplan.store.database import Database, DatabaseUnavailable
from kursplan.store.versions import LANES

A = TypeVar("A")

log = structlog.get_logger(__name__)

TURN_LIMIT = 100
"""How many commands one turn takes at most."""
TURNS_SIDE_BY_SIDE = 2
"""How many turns of one organization are at work at the same time, so that one decides while the
other waits for the database. Those that change something never touch the same slot or customer,
and where the database has a single writer there is one: a second would wait, and be the smaller."""
QUEUE_LIMIT = 2000
"""How many commands of one organization may wait before the next is turned away."""
PATIENCE_SECONDS = 10.0
"""How long a command may wait for its turn before it is turned away instead."""
FULL_SLOTS = 10_000
"""How many slots without a place are remembered."""
LOOKS = 8
"""How often a turn starts over with a wider reach before it gives way to others."""


_TurnOf = Callable[[Sequence[Any], Reach], Awaitable[list[Any]]]
_NOTHING: frozenset[int] = frozenset()
_ANYTHING = frozenset({0})
"""What a command touches that does not say what."""


class DeskBusy(Exception):
    """The desk can't take the command now; nothing was changed. Try again later."""


class ChangedConcurrently(Exception):
    """Others changed the same things at the same time, also when it was tried again."""


@dataclass(slots=True)
class _Waiting:
    command: Command[Any] | Question[Any]
    reach: Reach
    touches: frozenset[int]
    """The ids that it names; no two things of an organization have the same."""
    answer: asyncio.Future[Any]
    since: float


@dataclass(slots=True)
class _Line:
    """What waits in one organization, and how many turns are at work on it."""

    organization_id: int
    waiting: deque[_Waiting] = field(default_factory=deque)
    turns: int = 0
    at_work: int = 0
    """How many commands are in the turns at work."""
    touched: set[int] = field(default_factory=set)
    """What these touch."""


class _Lines:
    """The lines of all organizations in which something waits, and what a turn makes of it.

    Several turns of a line may be at work side by side. Where they are to be apart, no two of them
    touch the same: of those who want the same, the order in which they came decides. A turn costs
    much by itself, so another begins only when as many wait as are at work.
    """

    def __init__(self, turn: _TurnOf, most_turns: int, *, apart: bool) -> None:
        self.turn = turn
        self.most_turns = most_turns
        self._apart = apart
        self._lines: dict[int, _Line] = {}

    @property
    def waiting(self) -> int:
        return sum(len(line.waiting) for line in self._lines.values())

    def stand(
        self, line: _Line, command: Command[Any] | Question[Any], answer: asyncio.Future[Any]
    ) -> _Waiting:
        """Put it at the end of the line."""
        reach = command.reach
        touches = reach.names or _ANYTHING if self._apart else _NOTHING
        waiting = _Waiting(command, reach, touches, answer, stopwatch())
        line.waiting.append(waiting)
        return waiting

    def may_begin(self, line: _Line, newest: _Waiting) -> bool:
        """Whether there is something to do for another turn, now that `newest` has come."""
        return len(line.waiting) >= line.at_work and (
            not self._apart or newest.touches.isdisjoint(line.touched)
        )

    def next(self, line: _Line, limit: int) -> list[_Waiting]:
        """Those whose turn it is; the others stay as they stood."""
        queue = line.waiting
        if len(queue) < line.at_work:
            return []
        if not self._apart or not line.touched:
            return [queue.popleft() for _ in range(min(len(queue), limit))]
        taken: list[_Waiting] = []
        stay: list[_Waiting] = []
        # Whoever wants the same as one who stays, stays behind them.
        wanted = set(line.touched)
        while queue and len(taken) < limit:
            each = queue.popleft()
            if each.touches.isdisjoint(wanted):
                taken.append(each)
            else:
                stay.append(each)
                wanted |= each.touches
        queue.extendleft(reversed(stay))
        return taken

    def of(self, organization_id: int) -> _Line:
        line = self._lines.get(organization_id)
        if line is None:
            line = self._lines[organization_id] = _Line(organization_id)
        return line

    def leave(self, line: _Line) -> None:
        line.turns -= 1
        if not line.turns and not line.waiting:
            del self._lines[line.organization_id]


class Desk:
    """Takes the commands of all organizations; one object per process."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        metrics: Metrics,
        *,
        turn_limit: int = TURN_LIMIT,
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.ids = Ids(database.take_ids)
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._turn_limit = turn_limit
        self._queue_limit = queue_limit
        at_work = min(TURNS_SIDE_BY_SIDE, database.writers)
        self._commands = _Lines(self._turn, at_work, apart=True)
        self._questions = _Lines(self._look, TURNS_SIDE_BY_SIDE, apart=False)
        metrics.queue_length.set_function(self._waiting)
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        self._unheard: set[int] = set()
        """The organizations in which nobody was to be told the last time."""
        self._full: set[int] = set()
        """Slots that had no place left when somebody last wanted one."""
        # Two processes that draw the same only wait for each other now and then.
        self._lane = draw(LANES)
        self.committed = asyncio.Event()
        """Set whenever a turn has stored events, for whoever tells them; they clear it."""

    def take(self, command: Command[A]) -> Awaitable[A]:
        """Have `command` done; gives its answer once it is committed.

        Raises `DeskBusy` when the queue is full, or the database can't do it now, and
        `ChangedConcurrently`; either way nothing was changed.
        """
        if self._closed:
            raise DeskBusy("the server is shutting down")
        if (asked := command.beforehand(self._full)) is not None:
            return self._unless_refused(command, asked)
        return self._queue(self._commands, command)

    def ask(self, question: Question[A]) -> asyncio.Future[A]:
        """The answer to a question, on the same facts as a command and without a lock.

        Raises `DeskBusy`.
        """
        return self._queue(self._questions, question)

    async def try_out(self, command: Command[A]) -> A:
        """What `command` would answer now; nothing of it is done.

        Raises `DeskBusy`.
        """
        try:
            [answer] = await self._look([command], command.reach)
        except DatabaseUnavailable as unavailable:
            raise DeskBusy(str(unavailable)) from unavailable
        return answer  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Take no more commands, and finish those that wait."""
        self._closed = True
        while self._running:
            await asyncio.wait(self._running)

    async def _unless_refused(self, command: Command[Any], asked: Question[Any]) -> Any:
        """Where the slot was full, look whether it still is: a refusal needs no turn.

        Who came before was refused by then, too, so nobody is overtaken.
        """
        answer = await self.ask(asked)
        if isinstance(answer, Refusal):
            return answer
        self._full -= asked.reach.slots
        return await self._queue(self._commands, command)

    def _remember_full(self, slots: frozenset[int]) -> None:
        if len(self._full) >= FULL_SLOTS:
            self._full.clear()
        self._full |= slots

    def _waiting(self) -> int:
        """How many wait for their turn."""
        return self._commands.waiting + self._questions.waiting

    def _queue(self, lines: _Lines, command: Command[A] | Question[A]) -> asyncio.Future[A]:
        line = lines.of(command.organization_id)
        if len(line.waiting) >= self._queue_limit:
            raise DeskBusy("too many commands wait")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        waiting = lines.stand(line, command, answer)
        if line.turns < lines.most_turns and lines.may_begin(line, waiting):
            line.turns += 1
            task = asyncio.create_task(self._work_off(lines, line))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return answer

    async def _work_off(self, lines: _Lines, line: _Line) -> None:
        try:
            while batch := lines.next(line, self._turn_limit):
                touched = _NOTHING.union(*[each.touches for each in batch])
                line.touched |= touched
                line.at_work += len(batch)
                earliest = stopwatch() - PATIENCE_SECONDS
                try:
                    await self._serve(
                        lines, [each for each in batch if _is_still_wanted(each, earliest)]
                    )
                finally:
                    line.touched -= touched
                    line.at_work -= len(batch)
        finally:
            lines.leave(line)

    async def _serve(self, lines: _Lines, batch: Sequence[_Waiting]) -> None:
        """One turn; where it fails, each command once more by itself, so that none sinks another."""
        if not batch:
            return
        try:
            answers = await lines.turn(
                [each.command for each in batch], Reach.of([each.reach for each in batch])
            )
        except Exception as failure:
            if len(batch) == 1 and not _may_pass_again(failure):
                _fail(batch[0], failure)
                return
            log.warning("turn failed", commands=len(batch), failure=type(failure).__name__)
            for each in batch:
                await self._serve_again(lines, each)
        else:
            for each, answer in zip(batch, answers, strict=True):
                if answer is Refusal.BOOKING_LIMIT_REACHED:
                    self._remember_full(each.reach.slots)
                if not each.answer.done():
                    each.answer.set_result(answer)

    async def _serve_again(self, lines: _Lines, waiting: _Waiting) -> None:
        try:
            again = waiting.command.again()
            [answer] = await lines.turn([again], again.reach)
        except Exception as failure:
            _fail(waiting, failure)
        else:
            if not waiting.answer.done():
                waiting.answer.set_result(answer)

    async def _turn(self, commands: Sequence[Command[Any]], reach: Reach) -> list[Any]:
        began = stopwatch()
        outcome = "failed"
        try:
            answers = await self._run(commands, reach)
            outcome = "committed"
        finally:
            self._metrics.turns.labels(outcome).inc()
            self._metrics.turn_commands.observe(len(commands))
            self._metrics.turn_seconds.observe(stopwatch() - began)
        return answers

    async def _look(
        self, questions: Sequence[Command[Any] | Question[Any]], reach: Reach
    ) -> list[Any]:
        """The answers to what is asked at the same time, on facts that are read once for all."""

        def look(tx: Connection) -> list[Any]:
            turn = Turn(tx, questions[0].organization_id, self._clock)
            turn.gather(reach, lock=False)
            return [each.perform(turn) for each in questions]

        return await self._database.read(look)

    async def _run(self, commands: Sequence[Command[Any]], reach: Reach) -> list[Any]:
        organization_id = commands[0].organization_id
        unheard = organization_id in self._unheard

        def transaction(tx: Connection) -> tuple[list[Any], bool | None]:
            turn = Turn(tx, organization_id, self._clock, self._lane, unheard=unheard)
            turn.gather(reach, lock=True)
            answers = [command.perform(turn) for command in commands]
            turn.record()
            return answers, turn.is_heard

        for _ in range(LOOKS):
            try:
                answers, is_heard = await self._database.write(transaction)
            except LookAgain as wider:
                reach |= wider.further
            else:
                if is_heard:
                    self._unheard.discard(organization_id)
                    self.committed.set()
                elif is_heard is False:
                    self._unheard.add(organization_id)
                return answers
        raise DatabaseUnavailable("the turn never saw all that it needed", conflict=True)


def _is_still_wanted(waiting: _Waiting, earliest: float) -> bool:
    """Whether the caller still waits; one who has since before `earliest` is turned away here."""
    if waiting.answer.done():
        return False
    if waiting.since < earliest:
        _fail(waiting, DatabaseUnavailable("its turn did not come in time"))
        return False
    return True


def _may_pass_again(failure: Exception) -> bool:
    return isinstance(failure, DatabaseUnavailable)


def _fail(waiting: _Waiting, failure: Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(failure, DatabaseUnavailable):
        kind = ChangedConcurrently if failure.conflict else DeskBusy
        told: Exception = kind(str(failure))
        told.__cause__ = failure
        failure = told
    waiting.answer.set_exception(failure)
