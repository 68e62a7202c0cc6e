"""Why bookings are flagged, or were passed over: what is stored, with the facts as they are now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from kursplan.desk.engine.desk import Desk
from kursplan.desk.why_refused import Against, WhyRefused
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.settling import ground_of, kind_of
from kursplan.staff.names import names_for
from kursplan.staff.refusals import (
    NOBODY,
    PLAINLY,
    Names,
    Saying,
    clause,
    facts_of,
    in_full,
    rule_of,
)
from kursplan.store.engine.database import Database

_NOTHING: Final = Against((), (), None)


@dataclass(frozen=True, slots=True)
class Flags:
    """What there is to say of bookings, each given as the row by which staff see it."""

    against: Mapping[int, Against]
    names: Names = NOBODY

    def conflict(self, row: Any, saying: Saying = PLAINLY) -> str:
        """Why it would be refused today, in words; nothing where it would not."""
        return self._words(row.conflict, _first(self._of(row)), saying)

    def conflicts(self, row: Any, saying: Saying = PLAINLY) -> tuple[str, ...]:
        """All that speaks against it, likewise: what it is flagged for first."""
        further = self._of(row).conflicts[1:]
        return (
            self.conflict(row, saying),
            *(in_full(each, self.names, saying) for each in further),
        )

    def settled(self, row: Any, saying: Saying = PLAINLY) -> tuple[str, ...]:
        """What else would refuse it today and staff have settled, in words: each thing in a clause."""
        today = {ground_of(each): each for each in self._of(row).settled}
        return tuple(
            self._words(kind_of(each), today.get(each), saying) for each in row.settled or ()
        )

    def skipped(self, row: Any, saying: Saying = PLAINLY) -> str:
        """Why it was passed over when a seat became free, likewise."""
        return self._words(row.skipped, self._of(row).skipped, saying)

    def members(self, row: Any) -> dict[str, object]:
        """Both for scripts: the rule, and the refusal with its facts."""
        return {
            "skipped": rule_of(row.skipped),
            "skipped_refusal": self._members(row.skipped, self._of(row).skipped),
            "conflict": rule_of(row.conflict),
            "conflict_refusal": self._members(row.conflict, _first(self._of(row))),
            "settled": [rule_of(kind_of(each)) for each in row.settled or ()],
        }

    def _of(self, row: Any) -> Against:
        return self.against.get(row.id, _NOTHING)

    def _words(self, stored: Kind | None, today: Refusal | None, saying: Saying) -> str:
        if today is not None and today.kind is stored:
            return in_full(today, self.names, saying)
        return saying.gettext(clause(stored)) if stored is not None else ""

    def _members(self, stored: Kind | None, today: Refusal | None) -> dict[str, object] | None:
        if today is not None and today.kind is stored:
            return facts_of(today, self.names)
        return None if stored is None else {"kind": stored.value}


def _first(against: Against) -> Refusal | None:
    return next(iter(against.conflicts), None)


NO_FACTS: Final = Flags({})
"""For bookings of which only is told what is stored."""


async def flags_of(
    desk: Desk, database: Database, organization_id: int, rows: Iterable[Any]
) -> Flags:
    """What there is to say of these bookings: one question for all of them, where any is flagged.

    Raises `DeskBusy`.
    """
    asked = frozenset(each.id for each in rows if each.conflict or each.settled or each.skipped)
    if not asked:
        return NO_FACTS
    against = await desk.query(WhyRefused(organization_id, asked))
    told = ((*each.conflicts, *each.settled, each.skipped) for each in against.values())
    refusals = [refusal for each in told for refusal in each if refusal]
    names = await database.read(lambda tx: names_for(tx, organization_id, refusals))
    return Flags(against, names)
