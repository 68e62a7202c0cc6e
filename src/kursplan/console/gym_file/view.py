"""The gym file as it is shown: what it would change, what others changed too, and what that means for people."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as shown_as

from kursplan.console.consequences.view import Part, PartnersView
from kursplan.console.forms import Option


@dataclass(frozen=True, slots=True)
class GymFileView:
    """The page with which it begins."""

    organization: str
    sections: tuple[Option, ...]
    """What can be taken along."""
    done: tuple[str, ...]
    """What was just done, in sentences."""
    error: str


@dataclass(frozen=True, slots=True)
class MistakeRow:
    line: str
    """Empty where the mistake is in no line."""
    path: str
    says: str


@dataclass(frozen=True, slots=True)
class MistakesView:
    heading: str
    name: str
    rows: tuple[MistakeRow, ...]
    further: str
    remove: bool


@dataclass(frozen=True, slots=True)
class Count:
    """How much of a section becomes what."""

    what: str
    new: str
    changed: str
    removed: str


@dataclass(frozen=True, slots=True)
class Changed:
    """One member of an entry that changes."""

    member: str
    before: str = shown_as(repr=False)
    after: str = shown_as(repr=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry, and what becomes of it."""

    name: str
    line: str
    fate: str
    """In a word or two; empty where its members say it."""
    members: tuple[Changed, ...] = ()


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two ways in which a conflict can end."""

    value: str
    label: str
    says: str = shown_as(repr=False)
    who: str
    """Who changed it there last, and when."""
    chosen: bool


@dataclass(frozen=True, slots=True)
class Conflict:
    """What both the file and others changed."""

    field: str
    """The name of the field that says who wins."""
    name: str
    member: str
    """Empty where it is about the whole entry."""
    line: str
    before: str = shown_as(repr=False)
    """What the file said the last time."""
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class LookView:
    """What loading would do."""

    name: str
    packed: str = shown_as(repr=False)
    remove: bool
    nothing: bool
    """Whether there is nothing to be done, whoever wins."""
    lead: str
    changed: tuple[str, ...]
    """What is different from what was shown before; then nothing was done."""
    counts: tuple[Count, ...]
    entries: tuple[Entry, ...]
    further: str
    """How many more there are than are shown."""
    conflicts: tuple[Conflict, ...]
    conflicts_title: str
    conflicts_further: str
    carried: tuple[tuple[str, str], ...] = shown_as(repr=False)
    """What was decided about conflicts that are not on the page."""
    left: tuple[Entry, ...]
    left_title: str
    missing: tuple[str, ...]
    warnings: tuple[MistakeRow, ...]
    parts: tuple[Part, ...]
    partners: PartnersView | None
    takes: str
    """In a sentence, how many bookings it takes; empty where it takes none."""
    asks_takes: bool
    """Whether it is a large share of all, so that the number has to be typed."""
    takes_error: str
    seen: str
