"""The queues of commands: one for each organization, and whose turn is next.

A turn takes a batch of them. What it does with them is not known here. Where turns of several
organizations share a transaction, their batches are taken together; queues in which something waits stand
in the order in which they began to.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kursplan.clock import stopwatch
from kursplan.desk.engine.turn import Command, Footprint, Hold, Question

RunTurn = Callable[[Sequence[Any], Footprint], Awaitable[list[Any]]]
"""Does what is commanded or asked, which reaches so far, and gives the answers."""

ORGANIZATIONS_LIMIT = 64
"""How many organizations share a transaction at most."""
SHARE_LIMIT = 32
"""How many commands of one of them it takes at most, where others wait as well."""

_NOTHING: frozenset[int] = frozenset()
_THE_ORGANIZATION = frozenset({0})
"""What is touched by a command that holds the organization alone."""


@dataclass(slots=True)
class Queued:
    command: Command[Any] | Question[Any]
    footprint: Footprint
    touches: frozenset[int]
    """The ids that it names; no two things of an organization have the same."""
    answer: asyncio.Future[Any]
    since: float
    may_share: bool
    """Whether its turn may share a transaction with those of other organizations."""


@dataclass(slots=True)
class Batch:
    """The commands of one turn."""

    members: Sequence[Queued]
    counts: int
    """As how many they count when it is asked whether another turn is worth it."""


@dataclass(slots=True)
class CommandQueue:
    """The commands that wait in one organization, and the turns that are at work on it."""

    organization_id: int
    waiting: deque[Queued] = field(default_factory=deque)
    turns: int = 0
    at_work: int = 0
    """How many commands are in the turns at work."""
    touched: set[int] = field(default_factory=set)
    """What these touch."""
    batches: list[Batch] = field(default_factory=list)
    """Which these are."""
    lasts: float = 0.0
    """How many seconds a turn may take: as long as the last one that failed, until one succeeds."""

    @property
    def is_worth_a_turn(self) -> bool:
        """Whether another turn would not be much smaller than those at work."""
        return len(self.waiting) >= self.at_work

    def begin(self, members: Sequence[Queued]) -> Batch:
        """Those are in a turn from now on."""
        batch = Batch(members, len(members))
        self.touched |= _NOTHING.union(*[each.touches for each in members])
        self.at_work += batch.counts
        self.batches.append(batch)
        return batch

    def end(self, batch: Batch) -> None:
        """They are no longer."""
        self.batches = [each for each in self.batches if each is not batch]
        self.touched -= _NOTHING.union(*[each.touches for each in batch.members])
        self.at_work -= batch.counts

    def stall(self, batch: Batch) -> None:
        """A turn of theirs failed, and others may wait for long: who wants something else need not."""
        self.at_work -= batch.counts
        batch.counts = 0


class CommandQueues:
    """The lines of all organizations in which something waits, and what a turn makes of it.

    Several turns of a line may be at work side by side. Where they are to be apart, no two of them
    touch the same: of those who want the same, the order in which they came decides. A turn costs
    much by itself, so another begins only when as many wait as are at work.
    """

    def __init__(self, turn: RunTurn, most_turns: int, *, apart: bool) -> None:
        self.turn = turn
        self.most_turns = most_turns
        self._apart = apart
        self._lines: dict[int, CommandQueue] = {}
        self._ready: deque[CommandQueue] = deque()
        """Those that have a turn coming."""
        self.lanes = 0
        """How many take turns of them at this time, but for those that gave way."""

    @property
    def anything_ready(self) -> bool:
        return bool(self._ready)

    def make_ready(self, line: CommandQueue) -> None:
        """It has one turn more coming, behind all others that have."""
        line.turns += 1
        self._ready.append(line)

    def go_on(self, line: CommandQueue) -> None:
        """One of its turns is over; where somebody waits it has another one coming."""
        if line.waiting:
            self._ready.append(line)
        else:
            self.release(line)

    def take(
        self, limit: int, may_share: Callable[[Sequence[Queued]], bool]
    ) -> list[tuple[CommandQueue, Batch]]:
        """Whose turn it is: a batch of one organization, or of several that may share a transaction.

        They are at work from now on. Who may not share comes alone.
        """
        taken: list[tuple[CommandQueue, Batch]] = []
        again: list[CommandQueue] = []
        left = limit
        while self._ready and left and len(taken) < ORGANIZATIONS_LIMIT:
            line = self._ready.popleft()
            if any(line is each for each, _ in taken):
                again.append(line)
                continue
            others_too = bool(taken) or any(each is not line for each in self._ready)
            members = self.next(line, min(left, SHARE_LIMIT) if others_too else left)
            if not members:
                self.release(line)
                continue
            shares = may_share(members)
            if taken and not shares:
                line.waiting.extendleft(reversed(members))
                again.append(line)
                break
            taken.append((line, line.begin(members)))
            left -= len(members)
            if not shares:
                break
        self._ready.extendleft(reversed(again))
        return taken

    def put(
        self, line: CommandQueue, command: Command[Any] | Question[Any], answer: asyncio.Future[Any]
    ) -> Queued:
        """Put it at the end of the line."""
        footprint = command.footprint
        touches = _NOTHING
        if self._apart:
            touches = footprint.ids
            if footprint.organization is Hold.ALONE:
                touches |= _THE_ORGANIZATION
        may_share = footprint.organization is Hold.NOT or getattr(command, "is_brief", False)
        waiting = Queued(command, footprint, touches, answer, stopwatch(), may_share)
        line.waiting.append(waiting)
        return waiting

    def may_begin(self, line: CommandQueue, newest: Queued) -> bool:
        """Whether there is something to do for another turn, now that `newest` has come."""
        return line.is_worth_a_turn and (not self._apart or newest.touches.isdisjoint(line.touched))

    def next(self, line: CommandQueue, limit: int) -> list[Queued]:
        """Those whose turn it is; the others stay as they stood."""
        queue = line.waiting
        if not line.is_worth_a_turn:
            return []
        if not self._apart or not line.touched:
            return [queue.popleft() for _ in range(min(len(queue), limit))]
        taken: list[Queued] = []
        stay: list[Queued] = []
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

    def of(self, organization_id: int) -> CommandQueue:
        line = self._lines.get(organization_id)
        if line is None:
            line = self._lines[organization_id] = CommandQueue(organization_id)
        return line

    def abandon(self) -> tuple[list[Queued], list[Queued]]:
        """Those who wait, who do so no longer, and those in the turns at work."""
        waiting = [each for line in self._lines.values() for each in line.waiting]
        at_work = [
            each
            for line in self._lines.values()
            for batch in line.batches
            for each in batch.members
        ]
        for line in self._lines.values():
            line.waiting.clear()
        return waiting, at_work

    def release(self, line: CommandQueue) -> None:
        line.turns -= 1
        if not line.turns and not line.waiting:
            del self._lines[line.organization_id]
