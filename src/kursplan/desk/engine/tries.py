"""Retries of transactions: which commands of a turn that failed are tried again, and with whom.

A turn fails as a whole, and does not say for which of its commands. What the failure is says what
may help:

* Others were in the way, or the connection was lost: all of it once more.
* It fails again, a row was not to be had, or there is a fault: halves, and halves of these, so that
  in the end only those fail for whom it fails. Parts that want nothing in common take turns, so
  none waits for the halves of another; of those who want the same, the order in which they came
  decides, as everywhere.
* The database can't be used at all: nobody is tried any more.

None is tried who would not be answered in time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import chain

from kursplan.clock import stopwatch
from kursplan.desk.engine.queues import Queued
from kursplan.store.engine.trouble import DatabaseUnavailable

_NOTHING: frozenset[int] = frozenset()


class Tries:
    """What is left of a batch: `next` gives who is tried now, until all have their answer."""

    def __init__(
        self,
        batch: Sequence[Queued],
        fail: Callable[[Queued, Exception], None],
        patience: float,
        lasts: float,
    ) -> None:
        """`patience` is in how many seconds each is to be answered, `lasts` how long a try may take."""
        # Parts of one sequence may want the same, so each waits for the one before it.
        self._sequences: deque[deque[Sequence[Queued]]] = deque([deque([batch])])
        self._fail = fail
        self._patience = patience
        self.lasts = lasts
        self._failed_before = False
        self._without: list[frozenset[int]] = []
        """What each one touches that met a lock when it was tried alone."""
        self._locked = _NOTHING
        """What two of these touch: that is what somebody holds."""

    def next(self) -> list[Queued]:
        """Those who are to be tried now, as far as they still wait."""
        latest = stopwatch() - self._patience + self.lasts
        while self._sequences:
            parts = self._sequences[0]
            while parts:
                if part := [each for each in parts.popleft() if self._is_wanted(each, latest)]:
                    return part
            self._sequences.popleft()
        return []

    def passed(self) -> None:
        """Those who were tried last are served."""
        if not self._failed_before:
            self.lasts = 0.0

    def failed(self, part: Sequence[Queued], failure: Exception, lasted: float) -> None:
        """Decides what becomes of those who were tried last, `lasted` seconds long."""
        # Whoever comes fresh is tried once, however long that takes.
        self.lasts = min(lasted, self._patience / 2)
        unavailable = failure if isinstance(failure, DatabaseUnavailable) else None
        met_lock = unavailable is not None and unavailable.locked
        first, self._failed_before = not self._failed_before, True
        if first and unavailable is not None and (len(part) == 1 or not met_lock):
            self._sequences[0].appendleft(part)
        elif unavailable is not None and not (met_lock or unavailable.conflict):
            self._refuse_all(part, failure)
        elif len(part) > 1:
            self._divide(part, met_lock=met_lock)
        else:
            self._fail(part[0], failure)
            if met_lock:
                self._note_lock(part[0].touches)

    def _is_wanted(self, each: Queued, latest: float) -> bool:
        if each.since < latest:
            self._fail(each, DatabaseUnavailable("its turn did not come in time"))
        elif not each.touches.isdisjoint(self._locked):
            self._fail(each, DatabaseUnavailable("somebody holds what it needs", locked=True))
        return not each.answer.done()

    def _refuse_all(self, part: Sequence[Queued], failure: Exception) -> None:
        for each in chain(part, *chain.from_iterable(self._sequences)):
            self._fail(each, failure)
        self._sequences.clear()

    def _note_lock(self, touched: frozenset[int]) -> None:
        self._locked = self._locked.union(*[touched & each for each in self._without])
        self._without.append(touched)

    def _divide(self, part: Sequence[Queued], *, met_lock: bool) -> None:
        parts, groups = self._sequences[0], _groups(part)
        # Which slot a booking is on nobody knows yet, so it may be the one that others want. Waiting for a
        # lock costs too much time for that: then it goes by what is named, as in turns side by side.
        may_want_the_same = not met_lock and any(each.footprint.bookings for each in part)
        if parts or may_want_the_same or len(groups) == 1:
            middle = len(part) // 2
            parts.extendleft((part[middle:], part[:middle]))
        else:
            first, second = _apart(part, groups)
            parts.append(first)
            self._sequences.append(deque([second]))
        self._sequences.rotate(-1)


def _apart(part: Sequence[Queued], groups: Sequence[set[int]]) -> tuple[list[Queued], list[Queued]]:
    """Two parts of about the same size, of whole groups."""
    first = set(groups[0])
    for group in groups[1:]:
        if 2 * (len(first) + len(group)) <= len(part):
            first |= group
    return (
        [each for at, each in enumerate(part) if at in first],
        [each for at, each in enumerate(part) if at not in first],
    )


def _groups(part: Sequence[Queued]) -> list[set[int]]:
    """The places of those who want the same, or want the same as somebody who does."""
    groups: list[tuple[frozenset[int], set[int]]] = []
    for at, each in enumerate(part):
        touched, places = each.touches, {at}
        for group in [group for group in groups if group[0] & each.touches]:
            groups.remove(group)
            touched, places = touched | group[0], places | group[1]
        groups.append((touched, places))
    return [places for _, places in groups]
