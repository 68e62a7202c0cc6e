"""Notes: what one command of a turn changes, taken while it does so.

A thing may be changed several times by one command. What counts is how it was before the command and
how it is after it; what is as it was is not noted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kursplan.domain.actors import Actor
from kursplan.domain.bookings import Booking
from kursplan.domain.history import Change, EntityKind, change_of, change_of_booking


class Notes:
    """Who gives a command and why, and what it has changed so far."""

    __slots__ = ("_found", "by", "command", "reason")

    def __init__(self, command: str, by: Actor, reason: str | None) -> None:
        self.command = command
        self.by = by
        self.reason = reason
        self._found: dict[int, _Booking | _Thing] = {}
        """By the id, which no two things share, in the order in which they were changed first."""

    def booking(self, before: Booking | None, after: Booking) -> None:
        known = self._found.get(after.id)
        if known is None:
            self._found[after.id] = _Booking(before, after)
        else:
            known.after = after

    def thing(
        self,
        kind: EntityKind,
        id_: int,
        before: object | None,
        after: object | None,
        also: Collection[str] = (),
    ) -> None:
        """One thing of any other kind: itself, or its members by name, before and after."""
        change = change_of(kind, id_, before, after, also)
        if change is None:
            return
        known = self._found.get(id_)
        if isinstance(known, _Thing):
            known.go_on(change)
        else:
            self._found[id_] = _Thing(change)

    def changes(self) -> list[Change]:
        """What the command changed altogether; what it is about comes first."""
        found = (each.change() for each in self._found.values())
        return [each for each in found if each is not None]


@dataclass(slots=True)
class _Booking:
    before: Booking | None
    after: Booking

    def change(self) -> Change | None:
        return change_of_booking(self.before, self.after)


@dataclass(slots=True)
class _Thing:
    after: Change
    """All of it so far in one."""

    def go_on(self, further: Change) -> None:
        so_far = self.after
        before = after = None
        if so_far.before is not None:
            # What was changed first is what it was.
            before = {**(further.before or {}), **so_far.before}
        if further.after is not None:
            after = {**(so_far.after or {}), **further.after}
        withheld = dict.fromkeys((*so_far.withheld, *further.withheld))
        self.after = Change(so_far.kind, so_far.id, before, after, tuple(withheld))

    def change(self) -> Change | None:
        found = self.after
        if found.before is None or found.after is None or found.withheld:
            return found
        return change_of(found.kind, found.id, found.before, found.after)
