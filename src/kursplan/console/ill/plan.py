"""What is to become of each slot of whoever is away: proposed, chosen, and the commands that do it.

Proposed is who is free and gave the class most often, trainers before others; nobody is put on two slots at a time by it. Where
somebody else gives the slot, too, they give it alone; where nobody is free, it is cancelled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.engine.turn import Command
from kursplan.desk.stand_in import PutStandIn
from kursplan.domain.clashes import Held
from kursplan.domain.employees import BusinessRole
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff.absence import Substitutes

CANCEL: Final = "cancel"
ALONE: Final = "nobody"
STAND_IN: Final = "e"
"""Stands before the id of the employee who gives it instead."""


@dataclass(frozen=True, slots=True)
class Candidate:
    employee: AnyRow
    gave: int
    busy: Held | None
    """What else they give at that time, as it is planned now."""

    @property
    def is_trainer(self) -> bool:
        """Whether giving classes is what they do here; others may help out."""
        return self.employee.business_role is BusinessRole.TRAINER


@dataclass(frozen=True, slots=True)
class Planned:
    """A slot, and what is to become of it."""

    row: AnyRow
    others: tuple[int, ...]
    """Who gives it besides."""
    candidates: Sequence[Candidate]
    """The best one first, those who are not free at the end."""
    becomes: str

    @property
    def stand_in(self) -> int | None:
        return stand_in(self.becomes)

    def command(self, organization_id: int, away: int) -> Command[Any]:
        if self.becomes == CANCEL:
            return CancelSlot(organization_id, self.row.id)
        if self.stand_in is not None:
            return PutStandIn(organization_id, self.row.id, away, self.stand_in)
        return ChangeSlot(organization_id, self.row.id, instructor_ids=self.others)


def field_of(slot_id: int) -> str:
    return f"slot-{slot_id}"


def stand_in(becomes: str) -> int | None:
    """The id of the employee who gives it instead, if that is what becomes of it."""
    number = becomes.removeprefix(STAND_IN)
    return int(number) if becomes != number and number.isascii() and number.isdigit() else None


def planned(
    away: int,
    rows: Sequence[AnyRow],
    given_by: Mapping[int, Sequence[int]],
    found: Substitutes,
    chosen: Mapping[str, str],
) -> list[Planned]:
    """In the order of the slots. `chosen` are the fields of the page: `slot-12` one of the ways, `all` one for
    every slot for which it is possible."""
    taken: list[tuple[int, AnyRow]] = []
    """Who gives which slot by this plan."""
    plan = []
    for row in rows:
        others = tuple(each for each in given_by[row.id] if each != away)
        candidates = sorted(
            _candidates(away, row, others, found),
            key=lambda each: (each.busy is not None, -each.gave, not each.is_trainer),
        )
        free = {
            f"{STAND_IN}{each.employee.id}"
            for each in candidates
            if each.busy is None and not _is_taken(each.employee.id, row, taken)
        }
        possible = {*free, CANCEL, *([ALONE] if others else [])}
        best = next((each for each in _ways(candidates) if each in free), CANCEL)
        wanted = [chosen.get("all"), chosen.get(field_of(row.id)), ALONE if others else best]
        becomes = next(each for each in wanted if each in possible)
        assert becomes is not None  # noqa: S101, None is nothing that is possible
        if (who := stand_in(becomes)) is not None:
            taken.append((who, row))
        plan.append(Planned(row, others, candidates, becomes))
    return plan


def _ways(candidates: Sequence[Candidate]) -> Iterator[str]:
    for each in candidates:
        yield f"{STAND_IN}{each.employee.id}"


def _candidates(
    away: int, row: AnyRow, others: Sequence[int], found: Substitutes
) -> Iterator[Candidate]:
    for each in found.work_in.get(row.studio_id, ()):
        if each.id != away and each.id not in others:
            yield Candidate(
                each,
                found.gave.get((row.class_id, each.id), 0),
                next((held for held in found.around if _holds(held, each.id, row)), None),
            )


def _holds(held: Held, employee_id: int, row: AnyRow) -> bool:
    return (
        employee_id in held.instructors
        and held.slot_id != row.id
        and held.starts_at < row.ends_at
        and held.ends_at > row.starts_at
    )


def _is_taken(employee_id: int, row: AnyRow, taken: Sequence[tuple[int, AnyRow]]) -> bool:
    return any(
        who == employee_id and other.starts_at < row.ends_at and other.ends_at > row.starts_at
        for who, other in taken
    )
