"""Keep what a gym file said, in the turn that does what it said.

So the one is never there without the other: what a file said and did not get is not kept, and who
loads it again is told again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kursplan.desk.engine.turn import Command, Footprint, Hold, Turn
from kursplan.domain.refusals import Refusal
from kursplan.store.entries import told
from kursplan.store.entries.told import Told


@dataclass(frozen=True, slots=True)
class KeepTold(Command[Any]):
    """Do `command`, if there is one, and keep that a file said this, unless it is refused.

    The answer is that of the command.
    """

    name = "keep-told"

    organization_id: int
    told: tuple[Told, ...]
    command: Command[Any] | None = None
    """None where all is as the file says already."""

    @property
    def footprint(self) -> Footprint:
        about = frozenset(each.customer_id for each in self.told if each.customer_id is not None)
        if self.command is not None:
            return self.command.footprint | Footprint(customers=about, organization=Hold.SHARED)
        of_others = any(each.customer_id is None for each in self.told)
        return Footprint(customers=about, organization=Hold.ALONE if of_others else Hold.SHARED)

    def perform(self, turn: Turn) -> Any:
        answer = None
        if self.command is not None:
            turn.call_it(self.command.name)
            answer = self.command.perform(turn)
        if not isinstance(answer, Refusal) and self.told:
            told.keep(turn.tx, self.organization_id, self.told)
        return answer
