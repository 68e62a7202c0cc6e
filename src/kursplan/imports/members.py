"""An import of members: what is known, what the file says, and what would come of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import Connection

from kursplan import gymfile
from kursplan.clock import Clock
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import Actor
from kursplan.imports import gym_file
from kursplan.imports.match import Doubtful, Known, Matched, Matching, Repeated, known_of
from kursplan.imports.people import Refused, people
from kursplan.imports.understand import Understanding
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.entries import customers as stored_people
from kursplan.store.entries import ids as entry_ids
from kursplan.store.entries import told

_AS_SHOWN = gymfile.Wish(prefer_file=True)
"""What the file changed was shown with what is there, and agreed to."""
_READ_AT_ONCE = 5_000
"""How many customers are in memory with all that is known of them."""

Progress = Callable[[str, int, int], None]
"""Is told the section, how much of it is done, and how much there is to do."""


@dataclass(slots=True)
class Plan:
    """What an import would do, and what it leaves out."""

    new: int = 0
    unchanged: int = 0
    changed: list[Matched] = field(default_factory=list)
    left: list[Matched] = field(default_factory=list)
    """Of whom something was changed here that the file did not change: that stays."""
    repeated: list[Repeated] = field(default_factory=list)
    doubtful: list[Doubtful] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    customers: list[str] = field(default_factory=list, repr=False)
    """The entries of the gym file, of everybody who is known for sure: also of those of whom nothing
    changes, so that it is known what the file said of them."""

    @property
    def changes_something(self) -> bool:
        return bool(self.new or self.changed)

    @property
    def leaves_out(self) -> int:
        """How many rows nothing is done about although they say something."""
        return len(self.doubtful) + len(self.refused)


def stored_customers(tx: Connection, organization_id: int) -> list[Known]:
    """All customers of the organization, as far as an import can tell."""
    said = told.load(tx, organization_id, ["customers"]).get("customers", {})
    ids = sorted(entry_ids.ids(tx, organization_id, tables.customer).values())
    return [
        known_of(each.entry, said.get(each.entry.key))
        for begin in range(0, len(ids), _READ_AT_ONCE)
        for each in stored_people.load(
            tx, organization_id, ids[begin : begin + _READ_AT_ONCE]
        ).values()
    ]


def in_doubt(_: Doubtful) -> None:
    """The answer of nobody: who is in doubt is left out."""


def plan(
    found: Understanding,
    stored: Iterable[Known],
    studio: str,
    today: date,
    answer: Callable[[Doubtful], str | None] = in_doubt,
) -> Plan:
    """What importing would do. `studio` is the home of who is new; `answer` is asked about doubts."""
    plan = Plan()
    matching = Matching(stored, studio, answer)
    for outcome in matching.outcomes(people(found, today)):
        match outcome:
            case Matched():
                plan.customers.append(gym_file.entry(gym_file.customer(outcome)))
                if outcome.left:
                    plan.left.append(outcome)
                if outcome.is_new:
                    plan.new += 1
                elif outcome.changes:
                    plan.changed.append(outcome)
                else:
                    plan.unchanged += 1
            case Repeated():
                plan.repeated.append(outcome)
            case Doubtful():
                plan.doubtful.append(outcome)
            case Refused():
                plan.refused.append(outcome)
    return plan


def as_gym_file(plan: Plan, organization: str, about: str) -> str:
    """The gym file with all of it."""
    return gym_file.head(organization, about) + gym_file.section("customers", plan.customers)


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
