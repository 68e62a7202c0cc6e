"""Instructor is ill, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.consequences.view import Part, PartnersView
from kursplan.console.timetable.view import Choice


@dataclass(frozen=True, slots=True)
class Way:
    """One of the things that can become of a slot."""

    value: str
    label: str
    note: str
    chosen: bool
    possible: bool
    cancels: bool


@dataclass(frozen=True, slots=True)
class IllSlot:
    name: str
    """Of the field in which it is chosen what becomes of it."""
    label: str
    tone: str
    time: str
    day: str
    title: str
    href: str
    where: str
    twice: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class ForAll:
    """A button that chooses the same for each slot for which it is possible."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class IllView:
    employees: tuple[Choice, ...]
    studio: str
    first: str
    last: str
    heading: str
    """How many slots of whom; empty where nobody is chosen yet."""
    slots: tuple[IllSlot, ...]
    for_all: tuple[ForAll, ...]
    kept: tuple[tuple[str, str], ...]
    """Who and when, sent along with what is chosen."""
    changed: tuple[str, ...]
    """What is different from what was shown before."""
    refused: tuple[str, ...]
    """What can't be done, in sentences; then nothing is."""
    parts: tuple[Part, ...]
    partners: PartnersView | None
    seen: str
    chosen: str
    """What was chosen when this was shown."""
    reason: str
    does: str
    back: str
