"""An import of members: what is known, what the file says, and what would come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection

from kursplan import gymfile
from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import Actor
from kursplan.imports import gym_file
from kursplan.imports.everybody import Everybody, Known
from kursplan.imports.match import (
    Change,
    Doubtful,
    Matched,
    Matching,
    Outcome,
    Repeated,
    known_of,
)
from kursplan.imports.people import Refused, people
from kursplan.imports.spool import Spool
from kursplan.imports.understand import Understanding
from kursplan.store.engine.database import Database
from kursplan.store.entries import customers as stored_people
from kursplan.store.entries import told

_AS_SHOWN = gymfile.Wish(prefer_file=True)
"""What the file changed was shown with what is there, and agreed to."""
_READ_AT_ONCE = 1_000
"""How many customers are in memory with all that is known of them."""

Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


@dataclass(slots=True)
class Plan:
    """What an import would do, and what it leaves out; each in the order of the lines."""

    new: int = 0
    unchanged: int = 0
    changed: Spool[Matched] = field(default_factory=Spool)
    left: Spool[Matched] = field(default_factory=Spool)
    """Of whom something was changed here that the file did not change: that stays."""
    repeated: Spool[Repeated] = field(default_factory=Spool)
    doubtful: Spool[Doubtful] = field(default_factory=Spool)
    refused: Spool[Refused] = field(default_factory=Spool)
    customers: Spool[str] = field(default_factory=Spool, repr=False)
    """The entries of the gym file, of everybody who is known for sure: also of those of whom nothing
    changes, so that it is known what the file said of them."""
    _told: Any = field(default_factory=sha256, repr=False)

    def take_in(self, outcome: Outcome) -> None:
        match outcome:
            case Matched():
                entry = gym_file.entry(gym_file.customer(outcome))
                self.customers.append(entry)
                self._tell(entry, outcome.is_new, *map(_as_told, (*outcome.changes, *outcome.left)))
                if outcome.left:
                    self.left.append(outcome)
                if outcome.is_new:
                    self.new += 1
                elif outcome.changes:
                    self.changed.append(outcome)
                else:
                    self.unchanged += 1
            case Repeated():
                self.repeated.append(outcome)
                self._tell(outcome.person.row.line, outcome.line)
            case Doubtful():
                self.doubtful.append(outcome)
                candidates = (each.key for each in outcome.candidates)
                self._tell(outcome.person.row.line, str(outcome.because), *candidates)
            case Refused():
                self.refused.append(outcome)
                self._tell(outcome.row.line, *map(str, outcome.reasons))

    def _tell(self, *what: object) -> None:
        self._told.update(f"{what!r}\n".encode())

    @property
    def fingerprint(self) -> str:
        """What would be done; where it is something else by then, it is to be shown again."""
        return str(self._told.hexdigest())[:32]

    @property
    def changes_something(self) -> bool:
        return bool(self.new or self.changed)

    @property
    def leaves_out(self) -> int:
        """How many rows nothing is done about although they say something."""
        return len(self.doubtful) + len(self.refused)


def _as_told(change: Change) -> tuple[str | None, ...]:
    return change.member, change.before, change.after


def everybody_stored(tx: Connection, organization_id: int) -> Everybody:
    """All customers of the organization, as far as an import can tell."""
    return Everybody(_stored(tx, organization_id))


def _stored(tx: Connection, organization_id: int) -> Iterator[Known]:
    for some in stored_people.every(tx, organization_id, _READ_AT_ONCE):
        said = told.of_customers(tx, organization_id, some.keys())
        yield from (known_of(each.entry, said.get(each.entry.key)) for each in some.values())


def in_doubt(_: Doubtful) -> None:
    """The answer of nobody: who is in doubt is left out."""


def plan(
    found: Understanding,
    everybody: Everybody,
    studio: str,
    today: date,
    answer: Callable[[Doubtful], str | None] = in_doubt,
) -> Plan:
    """What importing would do among `everybody` who is stored.

    `studio` is the home of who is new; `answer` is asked about doubts.
    """
    plan = Plan()
    for outcome in Matching(everybody, studio, answer).outcomes(people(found, today)):
        plan.take_in(outcome)
    return plan


def as_gym_file(plan: Plan, organization: str, about: str) -> Iterator[str]:
    """The gym file with all of it, line by line."""
    yield gym_file.head(organization, about)
    yield from gym_file.section("customers", plan.customers)


async def bring(
    desk: Desk,
    database: Database,
    clock: Clock,
    plan: Plan,
    organization: str,
    about: str,
    progress: Progress,
    by: Actor,
) -> None:
    """Load the gym file, some thousands of customers at a time, so that memory stays as it is.

    Raises what `gymfile.load` raises; importing again carries on.
    """
    done = 0
    for text, count in gym_file.in_parts(organization, about, plan.customers):

        def tell(section: str, of_part: int, _total: int, before: int = done) -> None:
            if section == "customers":
                progress(section, before + of_part, len(plan.customers))

        await gymfile.load(
            desk, database, clock, gymfile.read(text), by=by, progress=tell, wish=_AS_SHOWN
        )
        done += count
