"""Load a gym file: what differs from the database goes over the desk, and nothing else.

Section after section, what is referred to before what refers to it. Each change is a turn of its
own or part of one, so loading that breaks off leaves whole changes behind, and loading again
carries on. Before, it can be rehearsed: all of it is done in one transaction and rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial
from itertools import count
from typing import Any

from sqlalchemy import Connection

from kursplan.clock import Clock
from kursplan.desk.clashes import clashes_of
from kursplan.desk.engine.desk import ChangedConcurrently, Desk
from kursplan.desk.engine.overtaken import Overtaken
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.desk.extend_series import HORIZON_DAYS
from kursplan.domain.actors import Actor
from kursplan.domain.clashes import Clash, Clashing, Overlap
from kursplan.domain.refusals import Refusal
from kursplan.domain.sentences import Sentence
from kursplan.gymfile.clashes import Clashes, new_clashes, standing
from kursplan.gymfile.compare import AS_IT_IS, compare
from kursplan.gymfile.differences import Differences
from kursplan.gymfile.members import KINDS
from kursplan.gymfile.mistakes import GymFileMistakes, Mistake
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stages import Stage, stages
from kursplan.gymfile.stored import Stored, names_in, stored
from kursplan.gymfile.targets import mistakes_of_targets
from kursplan.gymfile.three_way import Wish
from kursplan.gymfile.whom import with_whom
from kursplan.store.engine.database import Database
from kursplan.store.entries import organizations, timetable
from kursplan.store.rules import series
from kursplan.webhooks.egress import EgressPolicy

TRIES = 5
"""How often it is compared anew because others changed the same meanwhile."""
_MADE_UP = 1 << 62
"""Ids from here on are for what is rolled back."""

Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


def quietly(_section: str, _done: int, _total: int) -> None:
    """Show no progress."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What loading would change, and what that means for people."""

    differences: Differences
    rehearsed: Rehearsed[list[list[Any]]] | None
    """None where nothing is to be done, or the organization is new and there is nobody yet."""
    bookings_to_come: int
    """How many there are now."""

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What would be twice at the same time."""
        return (
            () if self.rehearsed is None else clashes_of(tuple(map(tuple, self.rehearsed.answer)))
        )


@dataclass(frozen=True, slots=True)
class Loading:
    """Where a gym file is loaded, and how."""

    desk: Desk
    database: Database
    clock: Clock
    gym_file: GymFile
    wish: Wish = AS_IT_IS
    new: bool = False
    """Whether a new organization is meant; the first is founded in any case."""
    horizon_days: int = HORIZON_DAYS
    egress: EgressPolicy | None = None


async def load(
    desk: Desk,
    database: Database,
    clock: Clock,
    gym_file: GymFile,
    *,
    by: Actor,
    progress: Progress = quietly,
    **how: Any,
) -> Differences:
    """Bring what differs over the desk, and make the slots of all series up to the horizon.

    The history says that it was `by` that actor. `how` are further fields of `Loading`. Raises
    `GymFileMistakes` where the file contradicts what is stored, or names an address that may not be
    called; then nothing was changed. Raises `DeskBusy`, and `ChangedConcurrently` where others changed the same at the same time; then loading again
    carries on. Raises `Clashes` where a studio refuses what would be twice at the same time; what was
    loaded before that is kept.
    """
    loading = Loading(desk, database, clock, gym_file, **how)
    now = clock.now()
    first: _Seen | None = None
    for _ in range(TRIES):
        seen = await _look(loading)
        first = first or seen
        try:
            await _bring(loading, seen, by, progress)
        except Overtaken:
            continue
        done = first.differences
        done.summary.clashes = await _new_clashes(loading, now, first.clashes)
        return done
    raise ChangedConcurrently("it was changed again and again while the gym file was loaded")


async def preview(database: Database, clock: Clock, gym_file: GymFile, **how: Any) -> Differences:
    """What `load` would change. Raises `GymFileMistakes` as `load` does."""
    # Nothing of it goes over a desk.
    loading = Loading(None, database, clock, gym_file, **how)  # type: ignore[arg-type]
    return (await _look(loading)).differences


async def rehearse(
    desk: Desk, database: Database, clock: Clock, gym_file: GymFile, **how: Any
) -> Foretold:
    """What `load` would change, and what that would mean for people: it is done and rolled back.

    Raises what `load` raises.
    """
    loading = Loading(desk, database, clock, gym_file, **how)
    for _ in range(TRIES):
        seen = await _look(loading)
        to_do = _stages(loading, seen, count(_MADE_UP))
        rehearsed = None
        if to_do and seen.before.id is not None:
            try:
                rehearsed = await desk.rehearse_all([each.commands for each in to_do])
            except Overtaken:
                continue
            for answers in rehearsed.answer:
                for answer in answers:
                    _accepted(answer)
        return Foretold(seen.differences, rehearsed, await _bookings_to_come(loading, seen))
    raise ChangedConcurrently("it was changed again and again while the gym file was rehearsed")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What is there, and how the file differs from it."""

    before: Stored
    due: list[int]
    clashes: list[Overlap]
    """What is twice at the same time already."""
    differences: Differences


async def _look(loading: Loading) -> _Seen:
    gym_file, gym = loading.gym_file, loading.gym_file.gym
    until = loading.clock.now().date() + timedelta(days=loading.horizon_days)
    names = names_in(gym)
    now = loading.clock.now()

    def look(tx: Connection) -> tuple[Stored, list[int], list[Overlap], list[str]]:
        sections = {*KINDS, "organization"} - {"customers"}
        before = stored(tx, gym.organization.key, customers=names, told_in=sections)
        if before.id is None:
            return before, [], [], list(organizations.every(tx))
        return before, series.due(tx, before.id, until), standing(tx, before.id, now), []

    before, due, clashes, others = await loading.database.read(look)
    if wrong := _founding(loading, before, others):
        raise GymFileMistakes([wrong])
    differences = compare(gym_file, before, now, loading.wish)
    egress = loading.egress or EgressPolicy()
    if mistakes := await mistakes_of_targets(gym_file, before, egress):
        raise GymFileMistakes(mistakes)
    if differences.conflicts:
        differences.conflicts = await loading.database.read(
            partial(with_whom, before=before, conflicts=differences.conflicts)
        )
    return _Seen(before, due, clashes, differences)


def _founding(loading: Loading, before: Stored, others: list[str]) -> Mistake | None:
    """Why the key of the organization can't be meant: a mistyped one must not found another."""
    key = loading.gym_file.gym.organization.key
    path = ("organization", "key")
    if before.id is not None and loading.new:
        says = Sentence(
            "there is an organization %(key)s already: leave out --new to load into it",
            key=repr(key),
        )
        return loading.gym_file.mistake(path, says)
    if before.id is None and others and not loading.new:
        close = get_close_matches(key, others, n=1)
        says = Sentence("there is no organization %(key)s: To found one, give --new", key=repr(key))
        if close:
            says = Sentence(
                "there is no organization %(key)s: did you mean %(close)s? To found one, give --new",
                key=repr(key),
                close=repr(close[0]),
            )
        return loading.gym_file.mistake(path, says)
    return None


def _stages(loading: Loading, seen: _Seen, fresh: Any, organization_id: int = 0) -> list[Stage]:
    return stages(
        seen.differences,
        seen.before,
        seen.before.id or organization_id,
        fresh,
        loading.clock.now(),
        loading.horizon_days,
        seen.due,
    )


async def _bring(loading: Loading, seen: _Seen, by: Actor, progress: Progress) -> None:
    counted = count(_MADE_UP)
    if not _stages(loading, seen, counted):
        return
    needed = next(counted) - _MADE_UP
    founded = seen.before.id is None
    fresh = iter(await loading.database.take_ids(needed + founded) if needed or founded else ())
    organization_id = next(fresh) if founded else 0
    for stage in _stages(loading, seen, fresh, organization_id):
        taken = (loading.desk.execute(each, by=by) for each in stage.commands)
        answers = await asyncio.gather(*taken, return_exceptions=True)
        for answer in answers:
            _accepted(answer)
        progress(stage.section, stage.done, stage.total)


async def _new_clashes(loading: Loading, now: datetime, before: list[Overlap]) -> tuple[Clash, ...]:
    key = loading.gym_file.gym.organization.key

    def look(tx: Connection) -> tuple[Clash, ...]:
        organization_id = organizations.find(tx, key)
        return () if organization_id is None else new_clashes(tx, organization_id, now, before)

    return await loading.database.read(look)


async def _bookings_to_come(loading: Loading, seen: _Seen) -> int:
    organization_id = seen.before.id
    if organization_id is None:
        return 0
    now = loading.clock.now()
    return await loading.database.read(
        lambda tx: timetable.count_bookings_to_come(tx, organization_id, now)
    )


def _accepted(answer: object) -> None:
    """The file was compared with what is stored, so a refusal means that it is no longer so."""
    if isinstance(answer, BaseException):
        raise answer
    if isinstance(answer, Clashing):
        raise Clashes(answer)
    if isinstance(answer, Clashing):
        raise Clashes(answer)
    if isinstance(answer, Refusal):
        raise ChangedConcurrently(f"it was changed while the gym file was loaded: {answer.kind}")
