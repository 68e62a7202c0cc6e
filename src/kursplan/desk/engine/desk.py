"""The desk: a command bus with group commit.

Commands of an organization queue up. A turn takes whatever has queued up while the one before it
was committing, up to a limit; there is no timer, and alone a command is a turn of one. So a burst
on one popular slot costs a few statements per hundred bookings instead of many for each. Commands
that touch other slots and other customers than the turn at work need not wait for it.

Where commands of several organizations wait, their turns share a transaction: the way to the database and
the commit are paid once for all of them. What one of them has to wait for it waits for by itself.

Several processes may run desks on one database: each locks in the same order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Container, Coroutine, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Any, Generic, TypeVar, overload

import structlog
from sqlalchemy import Connection

from kursplan.clock import Clock, stopwatch
from kursplan.desk.engine.committed import Committed
from kursplan.desk.engine.queues import Batch, CommandQueue, CommandQueues, Queued
from kursplan.desk.engine.rehearse import Rehearsed, rehearse
from kursplan.desk.engine.seen import changed_since, footprint_of
from kursplan.desk.engine.tries import Tries
from kursplan.desk.engine.turn import (
    Command,
    Footprint,
    NeedsMore,
    Question,
    Turn,
    until_seen,
)
from kursplan.desk.engine.turned_away import TurnedAway
from kursplan.domain.actors import Actor
from kursplan.domain.refusals import Full, Refusal
from kursplan.domain.seen import Seen
from kursplan.domain.values import value
from kursplan.ids import Ids, draw
from kursplan.metrics import Metrics
from kursplan.store.engine.database import Database
from kursplan.store.engine.joint import Leaves, jointly
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules import marks
from kursplan.store.rules.idempotency import Name
from kursplan.store.rules.marks import Mark
from kursplan.store.rules.versions import SHARDS
from kursplan.telemetry import UNTRACED, Traces

A = TypeVar("A")

log = structlog.get_logger(__name__)

TURN_LIMIT = 100
"""How many commands one turn takes at most."""
TURNS_SIDE_BY_SIDE = 2
"""How many turns of one organization are at work at the same time, so that one decides while the
other waits for the database. Those that change something never touch the same slot or customer,
and where the database has a single writer there is one: a second would wait, and be the smaller."""
GIVE_WAY_SECONDS = 0.25
"""How long a turn may take before those of other organizations no longer wait for it."""
QUEUE_LIMIT = 2000
"""How many commands of one organization may wait before the next is turned away."""
PATIENCE_SECONDS = 10.0
"""How long a command may wait for its answer, tries that fail included, before it is turned away."""
CLOSING_SECONDS = 5.0
"""How long a desk that closes waits for what was begun before it lets go of it."""
WRITING_DOWN_SECONDS = 1.0
"""How long a desk that closes may take to write down who was turned away."""
FULL_SLOTS = 10_000
"""How many slots without a place are remembered."""


class DeskBusy(Exception):
    """The desk can't take the command now; nothing was changed. Try again later."""


class OutcomeUnknown(DeskBusy):
    """The database was lost while the command was committed: it may have been done. Look first."""


class ChangedConcurrently(Exception):
    """Others changed the same things at the same time, also when it was tried again."""


@value
class Order(Generic[A]):
    """A command as it is given: by whom, why, and what they saw."""

    command: Command[A]
    by: Actor
    reason: str | None
    seen: Seen | None = None
    asked_in: Any = None
    """The span of the request that gave it, as `Traces.here` says it."""

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def is_brief(self) -> bool:
        return self.command.is_brief

    @property
    def organization_id(self) -> int:
        return self.command.organization_id

    @property
    def footprint(self) -> Footprint:
        if self.seen is None:
            return self.command.footprint
        return self.command.footprint | footprint_of(self.seen.subjects)

    def perform(self, turn: Turn) -> A | Refusal:
        if self.seen is not None and (refusal := changed_since(turn, self.seen)):
            return refusal
        return turn.perform(self.command, self.by, self.reason)

    def precheck(self, full: Container[int]) -> Question[Any] | None:
        return None if self.seen is not None else self.command.precheck(full)


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
        patience: float = PATIENCE_SECONDS,
        traces: Traces = UNTRACED,
    ) -> None:
        self.ids = Ids(database.take_ids)
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._traces = traces
        self._turn_limit = turn_limit
        self._queue_limit = queue_limit
        self._patience = patience
        at_work = min(TURNS_SIDE_BY_SIDE, database.writers)
        self._commands = CommandQueues(self._turn, at_work, apart=True)
        self._questions = CommandQueues(self._look, TURNS_SIDE_BY_SIDE, apart=False)
        self._running: set[asyncio.Task[None]] = set()
        self._closed = False
        self._no_subscribers: set[int] = set()
        """The organizations in which nobody was to be told the last time."""
        self._full: set[int] = set()
        """Slots that had no place left when somebody last wanted one."""
        # Two processes that draw the same only wait for each other now and then.
        self._shard = draw(SHARDS)
        self.turned_away = TurnedAway()
        self.committed = Committed()

    @overload
    def execute(
        self, command: Command[A], *, by: Actor, reason: str | None = None
    ) -> asyncio.Future[A]: ...

    @overload
    def execute(
        self,
        command: Command[A | Refusal],
        *,
        by: Actor,
        reason: str | None = None,
        seen: Seen | None,
    ) -> asyncio.Future[A | Refusal]: ...

    def execute(
        self,
        command: Command[Any],
        *,
        by: Actor,
        reason: str | None = None,
        seen: Seen | None = None,
    ) -> asyncio.Future[Any]:
        """Have `command` done; gives its answer once it is committed.

        By whom and why is kept in the history, and with the bookings that are made or ended. With what
        was `seen` it is done only where that is still so; else the answer is `ChangedMeanwhile`. Raises `DeskBusy` when the queue is full, or the database can't do it now, and
        `ChangedConcurrently`; either way nothing was changed, unless it is an `OutcomeUnknown`.
        """
        if self._closed:
            raise DeskBusy("the server is shutting down")
        order = Order(command, by, reason, seen, self._traces.here())
        return self._queue(self._commands, order)

    def query(self, question: Question[A]) -> asyncio.Future[A]:
        """The answer to a question, on the same facts as a command and without a lock.

        Raises `DeskBusy`.
        """
        return self._queue(self._questions, question)

    async def dry_run(self, command: Command[A]) -> A:
        """What `command` would answer now; nothing of it is done.

        For those that leave writing to the turn. Raises `DeskBusy`.
        """
        try:
            [answer] = await self._look([command], command.footprint)
        except DatabaseUnavailable as unavailable:
            raise DeskBusy(str(unavailable)) from unavailable
        return answer  # type: ignore[no-any-return]

    async def rehearse(self, command: Command[A]) -> Rehearsed[A]:
        """What `command` would answer and change for people; it is done and rolled back.

        Raises `DeskBusy`, and `ChangedConcurrently`.
        """
        done = await self.rehearse_all([[command]])
        return replace(done, answer=done.answer[0][0])  # type: ignore[return-value]

    async def rehearse_all(
        self, stages: Sequence[Sequence[Command[Any]]]
    ) -> Rehearsed[list[list[Any]]]:
        """The same for several turns of one organization, one after the other, in one transaction.

        Others wait meanwhile for what they touch, and on SQLite for every write.
        """
        try:
            return await rehearse(self._database, self._clock, stages)
        except DatabaseUnavailable as unavailable:
            kind = ChangedConcurrently if unavailable.conflict else DeskBusy
            raise kind(str(unavailable)) from unavailable

    async def close(self, grace: float = CLOSING_SECONDS) -> None:
        """Take no more commands, and finish those that wait, in so many seconds at most.

        What is not done by then is refused, and turns at work are rolled back or left to the database.
        """
        self._closed = True
        latest = stopwatch() + grace
        # Who ends may have begun another.
        while self._running and (left := latest - stopwatch()) > 0:
            await asyncio.wait(self._running, timeout=left)
        for lines in (self._commands, self._questions):
            waiting, at_work = lines.abandon()
            self._metrics.queue_length.dec(len(waiting))
            for each in waiting:
                _fail(each, DeskBusy("the server is shutting down"))
            for each in at_work:
                _fail(each, OutcomeUnknown("the server is shutting down"))
        if cancelled := set(self._running):
            for turn in cancelled:
                turn.cancel()
            # The way to a database that does not answer may keep even that from ending.
            await asyncio.wait(cancelled, timeout=1.0)
        with suppress(DatabaseUnavailable, TimeoutError):
            async with asyncio.timeout(WRITING_DOWN_SECONDS):
                while self.turned_away:
                    await self.turned_away.write_down(self._database)

    def _remember_full(self, slots: frozenset[int]) -> None:
        if len(self._full) >= FULL_SLOTS:
            self._full.clear()
        self._full |= slots

    def _queue(self, lines: CommandQueues, command: Order[A] | Question[A]) -> asyncio.Future[A]:
        line = lines.of(command.organization_id)
        if len(line.waiting) >= self._queue_limit:
            raise DeskBusy("too many commands wait")
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        waiting = lines.put(line, command, answer)
        self._metrics.queue_length.inc()
        if line.turns < lines.most_turns and lines.may_begin(line, waiting):
            self._begin(lines, line)
        return answer

    def _begin(self, lines: CommandQueues, line: CommandQueue) -> None:
        """Have a turn taken of it as soon as there is a lane for it."""
        lines.make_ready(line)
        self._open_lane(lines)

    def _open_lane(self, lines: CommandQueues) -> None:
        """One more in which turns are taken until nobody waits, beside those that there are."""
        if lines.anything_ready and (not self._shares(lines) or lines.lanes < lines.most_turns):
            self._run_beside(self._work_off(lines, _Lane(lines, self._open_lane)))

    def _run_beside(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    def _shares(self, lines: CommandQueues) -> bool:
        """Whether turns of several organizations may share a transaction."""
        return lines is self._commands and self._database.mixes_organizations

    async def _work_off(self, lines: CommandQueues, lane: _Lane) -> None:
        with lane:
            while lane.counts and (taken := lines.take(self._turn_limit, self._may_share)):
                self._metrics.queue_length.dec(sum(len(batch.members) for _, batch in taken))
                if len(taken) == 1:
                    await self._serve(lines, lane, *taken[0])
                    continue
                done = await self._share([batch.members for _, batch in taken])
                for (line, batch), is_done in zip(taken, done, strict=True):
                    if is_done:
                        line.end(batch)
                        lines.go_on(line)
                    else:
                        # In no lane: it may take long, and the others have waited for it once.
                        self._run_beside(self._serve(lines, None, line, batch))

    def _may_share(self, members: Sequence[Queued]) -> bool:
        """Whether they can be in a transaction of several organizations, as the most are.

        Who holds an organization changes what is planned in it, which takes longer. Who wants a slot that was
        full has a shorter way.
        """
        return self._shares(self._commands) and not any(
            not each.may_share or not self._full.isdisjoint(each.footprint.slots)
            for each in members
        )

    async def _serve(
        self, lines: CommandQueues, lane: _Lane | None, line: CommandQueue, batch: Batch
    ) -> None:
        """One turn; where it fails, as many as can help before it is too late for an answer."""
        try:
            with lane.at_work() if lane is not None else nullcontext():
                await self._try(lines, lane, line, batch)
        finally:
            line.end(batch)
            lines.go_on(line)
            if lane is None or not lane.counts:
                self._open_lane(lines)

    async def _try(
        self, lines: CommandQueues, lane: _Lane | None, line: CommandQueue, batch: Batch
    ) -> None:
        tries = Tries(batch.members, _fail, self._patience, line.lasts)
        while part := tries.next():
            began = stopwatch()
            try:
                answers = await lines.turn(
                    [each.command for each in part], Footprint.of([each.footprint for each in part])
                )
            except OutcomeUnknown as unknown:
                for each in part:
                    _fail(each, unknown)
            except Exception as failure:
                if len(part) > 1 or isinstance(failure, DatabaseUnavailable):
                    log.warning("turn failed", commands=len(part), failure=type(failure).__name__)
                tries.failed(part, failure, stopwatch() - began)
                line.stall(batch)
                if lane is not None:
                    lane.give_way()
                if line.waiting and line.turns < lines.most_turns:
                    self._begin(lines, line)
            else:
                tries.passed()
                self._answer(part, answers)
        line.lasts = tries.lasts

    async def _share(self, turns: Sequence[Sequence[Queued]]) -> list[bool]:
        """A turn for each of these, of as many organizations, in one transaction; which of them are done.

        The others have to be taken by themselves: somebody holds what they need, or they need more. Where the
        transaction fails nobody knows for whom it does, and that goes for all of them.
        """
        try:
            found = await self._run_jointly(turns)
        except OutcomeUnknown as unknown:
            for each in chain.from_iterable(turns):
                _fail(each, unknown)
            return [True] * len(turns)
        except Exception as failure:
            log.warning(
                "turns failed together", organizations=len(turns), failure=type(failure).__name__
            )
            return [False] * len(turns)
        for members, answers in zip(turns, found, strict=True):
            if answers is not None:
                self._answer(members, answers)
        return [answers is not None for answers in found]

    async def _run_jointly(self, turns: Sequence[Sequence[Queued]]) -> list[list[Any] | None]:
        """The answers of each turn; none where it has to be taken by itself."""
        began = stopwatch()
        orders: list[list[Any]] = [[each.command for each in members] for members in turns]
        with ExitStack() as stack:
            spans = [stack.enter_context(self._traces.turn(each)) for each in orders]
            found = await self._committed_jointly(
                orders, [Footprint.of([each.footprint for each in members]) for members in turns]
            )
            answers: list[list[Any] | None] = []
            for span, its_orders, done in zip(spans, orders, found, strict=True):
                if isinstance(done, Leaves):
                    span.note("left")
                    answers.append(None)
                    continue
                span.note("committed")
                self._metrics.turns.labels("committed").inc()
                self._metrics.turn_commands.observe(len(its_orders))
                self._metrics.turn_seconds.observe(stopwatch() - began)
                answers.append(self._committed(its_orders[0].organization_id, done))
        return answers

    async def _committed_jointly(
        self, turns: Sequence[Sequence[Order[Any]]], footprints: Sequence[Footprint]
    ) -> list[_Recorded | Leaves]:
        recorded: list[_Recorded | Leaves] | None = None

        def transaction(tx: Connection) -> list[_Recorded | Leaves]:
            nonlocal recorded
            clock = _OneInstant(self._clock)
            recorded = jointly(
                tx,
                {
                    orders[0].organization_id: partial(
                        self._turn_beside_others, orders, footprint, clock
                    )
                    for orders, footprint in zip(turns, footprints, strict=True)
                },
            )
            return recorded

        try:
            return await self._database.write(transaction)
        except Exception as failure:
            done = [each for each in recorded or () if isinstance(each, _Recorded)]
            marked = next((each for each in done if each.mark is not None), None)
            if recorded is None or marked is None:
                raise
            if not await self._was_committed(marked, failure):
                raise
            return recorded

    def _turn_beside_others(
        self, orders: Sequence[Order[Any]], footprint: Footprint, clock: Clock, tx: Connection
    ) -> _Recorded:
        """Raises `Leaves` where it has to be taken by itself, and can be because it has written nothing."""
        organization_id = orders[0].organization_id
        turn = Turn(
            tx,
            organization_id,
            clock,
            self._shard,
            no_subscribers=organization_id in self._no_subscribers,
            waits=False,
        )
        try:
            return _recorded(turn, orders, footprint)
        except NeedsMore as wider:
            if turn.has_written:
                raise
            raise Leaves("it needs more") from wider

    def _answer(self, part: Sequence[Queued], answers: Sequence[Any]) -> None:
        for each, answer in zip(part, answers, strict=True):
            if not each.answer.done():
                each.answer.set_result(answer)
        # After all have their answers: whatever happens here, nobody waits for it.
        for each, answer in zip(part, answers, strict=True):
            if isinstance(answer, Full):
                self._remember_full(each.footprint.slots)
                self._count(each.command)

    def _count(self, refused: Order[Any] | Question[Any]) -> None:
        """Somebody wanted a place that is not left. Who only asks whether there is one wants none yet."""
        if isinstance(refused, Order) and (wish := refused.command.wish) is not None:
            self.turned_away.note(refused.organization_id, wish, self._clock.now())

    async def _turn(self, commands: Sequence[Order[Any]], footprint: Footprint) -> list[Any]:
        if self._full and (refusals := await self._refused_by_precheck(commands, footprint)):
            return refusals
        began = stopwatch()
        outcome = "failed"
        with self._traces.turn(commands) as span:
            try:
                answers = await self._run(commands, footprint)
                outcome = "committed"
            finally:
                span.note(outcome)
                self._metrics.turns.labels(outcome).inc()
                self._metrics.turn_commands.observe(len(commands))
                self._metrics.turn_seconds.observe(stopwatch() - began)
        return answers

    async def _refused_by_precheck(
        self, commands: Sequence[Order[Any]], footprint: Footprint
    ) -> list[Any] | None:
        """The refusals, where all of them want slots that are full: those need no lock and no commit.

        It is their turn all the same, so nobody is overtaken. None if there is more to do.
        """
        asked: list[Question[Any]] = []
        for command in commands:
            question = command.precheck(self._full)
            if question is None:
                return None
            asked.append(question)
        answers = await self._look(asked, footprint)
        refused = all(isinstance(answer, Refusal) for answer in answers)
        # Nothing was locked. What was committed in the middle of that look is seen in part: a seat that is
        # taken, and not yet the key under which somebody who asks again has taken it.
        if refused and not await self._is_done(commands[0].organization_id, footprint.keys):
            return answers
        self._full -= footprint.slots
        return None

    async def _is_done(self, organization_id: int, keys: Collection[Name]) -> bool:
        """Whether something was done under one of these idempotency keys."""
        if not keys:
            return False

        def look(tx: Connection) -> bool:
            turn = Turn(tx, organization_id, self._clock)
            turn.lock_and_load(Footprint(keys=frozenset(keys)), lock=False)
            return any(turn.outcome(each) for each in keys)

        return await self._database.read(look)

    async def _look(
        self, questions: Sequence[Command[Any] | Question[Any]], footprint: Footprint
    ) -> list[Any]:
        """The answers to what is asked at the same time, on facts that are read once for all."""

        def look(seen: Footprint, tx: Connection) -> list[Any]:
            turn = Turn(tx, questions[0].organization_id, self._clock)
            turn.lock_and_load(seen, lock=False)
            return [each.perform(turn) for each in questions]

        return await until_seen(footprint, lambda seen: self._database.read(partial(look, seen)))

    async def _run(self, commands: Sequence[Order[Any]], footprint: Footprint) -> list[Any]:
        organization_id = commands[0].organization_id
        no_subscribers = organization_id in self._no_subscribers
        recorded: _Recorded | None = None

        def transaction(held: Footprint, tx: Connection) -> _Recorded:
            nonlocal recorded
            turn = Turn(
                tx, organization_id, self._clock, self._shard, no_subscribers=no_subscribers
            )
            recorded = _recorded(turn, commands, held)
            return recorded

        try:
            done = await until_seen(
                footprint, lambda held: self._database.write(partial(transaction, held))
            )
        except Exception as failure:
            if recorded is None or not await self._was_committed(recorded, failure):
                raise
            done = recorded
        return self._committed(organization_id, done)

    def _committed(self, organization_id: int, done: _Recorded) -> list[Any]:
        if done.has_subscribers:
            self._no_subscribers.discard(organization_id)
            self.committed.note(organization_id)
        elif done.has_subscribers is False:
            self._no_subscribers.add(organization_id)
        return done.answers

    async def _was_committed(self, recorded: _Recorded, failure: Exception) -> bool:
        """Whether a turn was committed although that failed. Raises `OutcomeUnknown`."""
        mark = recorded.mark
        if mark is None:
            return False  # There was nothing to commit.
        try:
            return await self._database.write(
                lambda tx: marks.is_there(tx, recorded.organization_id, mark, self._shard)
            )
        except Exception as lost:
            log.warning("outcome unknown", failure=type(lost).__name__)
            raise OutcomeUnknown("whether it was done is not known: look first") from failure


@dataclass(frozen=True, slots=True)
class _Recorded:
    """What a turn comes to, provided that it is committed."""

    organization_id: int
    answers: list[Any]
    has_subscribers: bool | None
    mark: Mark | None


def _recorded(turn: Turn, orders: Sequence[Order[Any]], footprint: Footprint) -> _Recorded:
    """Decide and write, in the transaction of the turn."""
    turn.lock_and_load(footprint, lock=True)
    answers = [each.perform(turn) for each in orders]
    turn.flush()
    return _Recorded(turn.organization_id, answers, turn.has_subscribers, turn.mark)


class _OneInstant:
    """The time as the first asks for it: for turns that share a transaction, and lock at the same time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._instant: datetime | None = None

    def now(self) -> datetime:
        if self._instant is None:
            self._instant = self._clock.now()
        return self._instant


class _Lane:
    """One of few in which turns are taken one after the other, so that others gather meanwhile.

    A turn that takes long, because somebody holds what it needs, gives way: another lane opens for it.
    """

    def __init__(self, lines: CommandQueues, open_another: Callable[[CommandQueues], None]) -> None:
        self._lines = lines
        self._open_another = open_another
        self.counts = True
        lines.lanes += 1

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None:
        self._leave()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        timer = asyncio.get_running_loop().call_later(GIVE_WAY_SECONDS, self.give_way)
        try:
            yield
        finally:
            timer.cancel()

    def give_way(self) -> None:
        self._leave()
        self._open_another(self._lines)

    def _leave(self) -> None:
        if self.counts:
            self.counts = False
            self._lines.lanes -= 1


def _fail(waiting: Queued, failure: Exception) -> None:
    if waiting.answer.done():
        return
    if isinstance(failure, DatabaseUnavailable):
        kind = ChangedConcurrently if failure.conflict else DeskBusy
        told: Exception = kind(str(failure))
        told.__cause__ = failure
        failure = told
    waiting.answer.set_exception(failure)
