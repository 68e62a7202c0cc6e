"""The numbers as they are shown: every word, colour and line of them, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.frame import Link
from kursplan.console.timetable.view import Choice, Field


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    value: str
    hint: str


@dataclass(frozen=True, slots=True)
class Cell:
    """Of the heat map: what is in it, and how deep its colour is."""

    text: str
    classes: str
    label: str
    """All of it in one sentence, where somebody points at it."""


@dataclass(frozen=True, slots=True)
class HeatRow:
    label: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True, slots=True)
class Heat:
    hours: tuple[str, ...]
    rows: tuple[HeatRow, ...]
    sheet: str
    """Where it is to be had for a spreadsheet, as of the others."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A word beside the plot, at its place."""

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A line through the weeks, and one of the time before, drawn in a space of 720 by 300."""

    title: str
    """What it shows, in a sentence."""
    rules: tuple[Mark, ...]
    weeks: tuple[Mark, ...]
    area: str
    line: str
    before: str
    ends: tuple[Mark, ...]
    dot: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Row:
    label: str
    href: str | None
    tone: str
    """The class of the sheet in whose colour it is marked; empty where it has none."""
    share: str
    """Said in words; and of a hundred, for its bar."""
    taken: int | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    name: str
    title: str
    note: str
    columns: tuple[str, ...]
    """What each row is, what its bar shows, and then what its cells are."""
    rows: tuple[Row, ...]
    sheet: str
    empty: str
    """What is said where it has no rows."""


@dataclass(frozen=True, slots=True)
class Second:
    """What would have been wanted a second time."""

    text: str
    why: str
    link: Link


@dataclass(frozen=True, slots=True)
class NumbersView:
    heading: str
    days: str
    printed: str
    """What stands below the heading on paper, where nothing else says of what it is."""
    spans: tuple[Choice, ...]
    againsts: tuple[Choice, ...]
    kept: tuple[tuple[str, str], ...]
    """What else stands in the address, and stays there when days are chosen."""
    kept_filters: tuple[tuple[str, str], ...]
    """The same when a filter is."""
    fields: tuple[Field, ...]
    filters: tuple[Link, ...]
    """Those that are set, each leading to the page without it."""
    tiles: tuple[Tile, ...]
    second: Second | None
    heat: Heat | None
    plot: Plot | None
    weeks: Table | None
    tables: tuple[Table, ...]
    empty: str
    """What is said where nothing took place."""
