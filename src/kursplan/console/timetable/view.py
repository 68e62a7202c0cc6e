"""The timetable as it is shown: every word, time and place of it, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.frame import Link
from kursplan.console.told.view import UndoView
from kursplan.domain.values import value


@value
class Sign:
    """What a person should know about a slot: the graver, the more ink."""

    kind: str
    """The tone of the sheet: `bare`, `wait`, `flag` or `stop`."""
    icon: str
    text: str = ""
    """Beside the icon; what it means is in the label of the slot."""
    is_word: bool = False
    """Whether that may be left out where there is no room."""


@value
class SlotView:
    id: str
    """Its own on the page."""
    href: str
    label: str
    """All of it in one sentence, for those who do not see where it stands."""
    title: str
    time: str
    where: str
    count: str
    is_full: bool
    taken: int | None
    """Of a hundred; None where there is no limit."""
    signs: tuple[Sign, ...]
    classes: str
    """Its place, its tone, how full it is and its state, for the sheet."""


@dataclass(frozen=True, slots=True)
class Block:
    """A time in which the studio is closed."""

    text: str
    classes: str


@dataclass(frozen=True, slots=True)
class Now:
    time: str
    classes: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which a room is free, and where a slot is planned in it."""

    text: str
    href: str
    classes: str


@dataclass(frozen=True, slots=True)
class Column:
    head: str
    note: str
    href: str | None
    """Where the head leads: to its day, in a week."""
    classes: str
    slots: tuple[SlotView, ...]
    closed: tuple[Block, ...]
    now: Now | None
    new: str | None = None
    """Where a slot is planned there, for those who may."""
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Hour:
    text: str
    classes: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """One of the filters."""

    name: str
    label: str
    every: str
    """What it says where nothing is chosen."""
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """A clash in words, and the slots that it is about."""

    text: str
    slots: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class TimetableView:
    live: str
    """Where the page is told of changes."""
    heading: str
    aside: str
    """Beside the heading, in small: the number of the week."""
    earlier: Link
    today: Link
    later: Link
    shown: tuple[Link, ...]
    """Week, day, rooms, instructors."""
    fields: tuple[Field, ...]
    kept: tuple[tuple[str, str], ...]
    """What else stands in the address, and stays there when a filter is chosen."""
    filters: tuple[Link, ...]
    """Those that are set, each leading to the page without it."""
    clashes: tuple[Told, ...]
    grid: str
    """Classes of the grid: how many columns, from which hour to which."""
    hours: tuple[Hour, ...]
    columns: tuple[Column, ...]
    empty: str | None
    """What is said where there is no slot at all."""
    new: str | None = None
    """Where a slot is planned, and where a week is copied, for those who may."""
    copy: str | None = None
    undo: UndoView | None = None
