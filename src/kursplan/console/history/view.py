"""The history as it is shown: every word of it, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.frame import Link
from kursplan.console.timetable.view import Field


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of it."""

    id: str
    at: str
    when: str
    """In full, for machines."""
    what: str
    about: str
    """The thing that it is about, in words; it leads there where there is a page of it."""
    href: str | None
    people: str
    who: str
    reason: str
    tell: str | None
    """The list of whom to tell, where somebody was concerned."""
    heard: str
    """Which partners were told, in a sentence."""


@dataclass(frozen=True, slots=True)
class Day:
    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class HistoryView:
    heading: str
    fields: tuple[Field, ...]
    first: str
    last: str
    """The days between which it is looked, as a field has them; empty where there are none."""
    kept: tuple[tuple[str, str], ...]
    """What else stands in the address, and stays there when a filter is chosen."""
    filters: tuple[Link, ...]
    """Those that are set, each leading to the page without it."""
    days: tuple[Day, ...]
    newest: Link | None
    older: Link | None
    empty: str
