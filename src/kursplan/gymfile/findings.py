"""Findings of a comparison: what would change, and what is told and left as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from kursplan.gymfile.three_way import ABSENT, Absent, Fate, Member, Way
from kursplan.store.staff.history import Told

ONE = {
    "organization": "organization",
    "studios": "studio",
    "locations": "location",
    "closures": "closure",
    "employees": "employee",
    "rates": "rate",
    "classes": "class",
    "series": "series",
    "slots": "slot",
    "customers": "customer",
    "memberships": "membership",
    "idle periods": "idle period",
    "applications": "application",
    "integrations": "integration",
    "endpoints": "endpoint",
}
"""What one of a section is called."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Which entry is meant: that of a section with a key, and in which others it is."""

    section: str
    key: str
    within: Entry | None = None

    @property
    def way(self) -> Way:
        """The way to it, by which a wish can name it."""
        outer = () if self.within is None else self.within.way
        return (*outer, self.section, self.key)

    def __str__(self) -> str:
        outer = "" if self.within is None else f"{self.within}, "
        return f"{outer}{ONE[self.section]} {self.key}"


@dataclass(frozen=True, slots=True)
class Change:
    """What loading makes of one entry."""

    entry: Entry
    fate: Fate
    """NEW, REMOVED, or STAYS where members of it change."""
    members: tuple[Member, ...] = ()

    def lines(self) -> list[str]:
        """As people read it."""
        if self.fate is Fate.NEW:
            return [f"{self.entry}: new"]
        if self.fate is Fate.REMOVED:
            return [f"{self.entry}: {_ENDS.get(self.entry.section, 'ends')}"]
        return [
            f"{self.entry}: {each.name} {shown(each.there)} becomes {shown(each.now)}"
            for each in self.members
        ]


_ENDS = {
    "slots": "is cancelled",
    "closures": "the studio is open",
    "employees": "is deleted",
    "customers": "is deleted",
    "applications": "is deactivated",
    "integrations": "is deactivated",
    "endpoints": "is removed",
}


@dataclass(frozen=True, slots=True)
class Disagreement:
    """The file says one thing, and another is there."""

    line: int
    path: str
    entry: Entry
    member: Member
    is_conflict: bool
    """Whether both were changed; otherwise the file was not, and it is left as it is in any case."""
    then_known: bool = field(default=True)
    """Whether it is known what the file said before; not of what was never loaded by this version."""
    changed: Told | None = None
    """By whom it was changed last, where that is known."""

    @property
    def way(self) -> Way:
        """What a wish has to name for the file to win: the member, or the whole entry where one side
        removed it."""
        is_of_entry = isinstance(self.member.now, Absent) or isinstance(self.member.there, Absent)
        return self.entry.way if is_of_entry else (*self.entry.way, self.member.name)

    @property
    def place(self) -> str:
        return ", ".join(
            each for each in (f"line {self.line}" if self.line else "", self.path) if each
        )

    @property
    def says(self) -> str:
        then, now, there = self.member.then, self.member.now, self.member.there
        if isinstance(now, Absent):
            return (
                f"{self.entry} is no longer in the file, but {self.member.name} was changed"
                f" from {shown(then)} to {shown(there)} since: it stays"
            )
        if isinstance(there, Absent):
            return f"{self.entry} was taken away by others, and changed in the file: it stays away"
        if not self.is_conflict:
            return f"is {shown(there)} there; the file says {shown(now)} as before, and it stays"
        if not self.then_known:
            before = "nobody knows what the file said before"
        elif isinstance(then, Absent):
            before = "said nothing of it before"
        else:
            before = f"said {shown(then)}"
        return f"the file says {shown(now)} and {before}; there it is {shown(there)}, and stays"

    def __str__(self) -> str:
        return f"{self.place}: {self.says}" if self.place else self.says


def shown(value: Any) -> str:
    """A value as it may stand in a sentence."""
    if value is ABSENT:
        return "nothing"
    if isinstance(value, str):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
