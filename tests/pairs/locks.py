"""What each kind of command locks, reads and writes, as its own statements say.

The table of it stands in ARCHITECTURE.md; `test_locks.py` compares the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from kursplan.store.tables import metadata

CUSTOMERS = frozenset(
    {
        "customer",
        "membership",
        "membership_contingent",
        "rate_contingent",
        "idle_period",
        "booking",
    }
)
"""What is read of customers who are held."""
SLOTS = frozenset({"slot", "class", "class_rate", "studio", "closure", "booking"})
"""What is read of slots that are held."""
TOLD = frozenset({"event", "integration", "webhook_endpoint"})
"""What is read, and written, wherever something is told."""
ORDER = ("customer", "slot", "organization", "webhook_endpoint")
NUMBERED = frozenset({"version", "history", "history_subject"})
"""What every turn writes last that changes something."""

_LOCK = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|SHARE)\b")
_SOURCE = re.compile(r'\b(?:FROM|JOIN)\s+"?(\w+)"?')
_TARGET = re.compile(r'\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)"?')


@dataclass(frozen=True)
class Sent:
    """A statement, by what it does to which tables."""

    text: str

    @property
    def locks(self) -> str | None:
        """The table of which it locks rows, and how where that is the organization's."""
        strength = _LOCK.search(self.text)
        if strength is None:
            return None
        [table, *_] = _SOURCE.findall(self.text)
        if table != "organization":
            return str(table)
        return "organization (shared)" if strength[1] == "SHARE" else "organization"

    @property
    def writes(self) -> frozenset[str]:
        head = self.text if self.locks is None else ""
        return frozenset(_TARGET.findall(head)) & metadata.tables.keys()

    @property
    def reads(self) -> frozenset[str]:
        return frozenset(_SOURCE.findall(self.text)) & metadata.tables.keys() - self.writes


@dataclass(frozen=True)
class Row:
    """A line of the table."""

    locks: tuple[str, ...]
    reads: frozenset[str]
    writes: frozenset[str]

    @classmethod
    def of(cls, statements: Iterable[str]) -> Row:
        sent = [Sent(each) for each in statements]
        locks = dict.fromkeys(each.locks for each in sent if each.locks is not None)
        reads = frozenset[str]().union(*[each.reads for each in sent])
        writes = frozenset[str]().union(*[each.writes for each in sent])
        implied = TOLD | NUMBERED | {each.split(" ")[0] for each in locks}
        if "customer" in locks:
            implied |= CUSTOMERS
        if "slot" in locks:
            implied |= SLOTS
        return cls(in_order(locks), reads - implied, writes - NUMBERED)

    def __str__(self) -> str:
        return " | ".join(
            ", ".join(each) or "-" for each in (self.locks, sorted(self.reads), sorted(self.writes))
        )


def in_order(locks: Iterable[str]) -> tuple[str, ...]:
    """Of the organization only how it is held at last: alone if ever."""
    found = set(locks)
    if "organization" in found:
        found.discard("organization (shared)")
    return tuple(sorted(found, key=rank))


def rank(lock: str) -> int:
    """In which order locks are taken, everywhere."""
    return ORDER.index(lock.split(" ")[0])


def table(rows: dict[str, Row]) -> str:
    """As it stands in the document: kinds that are alike share a line."""
    alike: dict[str, list[str]] = {}
    for kind in sorted(rows, key=lambda each: (str(rows[each].locks), each)):
        alike.setdefault(str(rows[kind]), []).append(kind)
    lines = [
        "| command | locks, in this order | reads besides | writes |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {', '.join(f'`{each}`' for each in kinds)} | {row} |" for row, kinds in alike.items()
    ]
    return "\n".join(lines)
