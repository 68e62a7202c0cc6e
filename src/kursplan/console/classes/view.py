"""Classes as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from kursplan.console.forms import Option
from kursplan.console.frame import Link
from kursplan.console.history.lines import LineView
from kursplan.console.slot.view import Tag
from kursplan.console.told.view import UndoView


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A series in a line, as it stands with its class."""

    href: str
    days: str
    """`Mon and Wed 18:00`"""
    where: str
    """The room, and who gives it."""
    span: str
    """From when or until when, where that is not plain."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    href: str
    title: str
    note: str
    """Category and length."""
    tone: str
    tags: tuple[Tag, ...]
    seats: str
    who: str
    series: tuple[SeriesRow, ...]
    add: str
    """Where it gets a series."""
    next: str
    next_href: str | None


@dataclass(frozen=True, slots=True)
class ClassesView:
    add: str
    rows: tuple[ClassRow, ...]
    also: tuple[Link, ...]
    """What else is planned by these people."""
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Says:
    """What the terms of a class mean, in sentences, and for one slot in times."""

    paragraphs: tuple[Markup, ...]
    """The values that were chosen are marked."""
    notes: tuple[str, ...]
    """What is probably not meant so."""
    example: str
    """Which slot the times are of."""
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class SlotRow:
    href: str
    when: str
    where: str
    count: str
    tags: tuple[Tag, ...]


@dataclass(frozen=True, slots=True)
class ClassView:
    here: str
    title: str
    aside: str
    tone: str
    crumbs: tuple[Link, ...]
    description: str
    tags: tuple[Tag, ...]
    says: Says
    series: tuple[SeriesRow, ...]
    ended: tuple[SeriesRow, ...]
    """Those that have ended, or were."""
    slots: tuple[SlotRow, ...]
    slots_note: str
    new_slot: str
    """Where it gets a slot besides."""
    history: tuple[LineView, ...]
    all_history: str
    """Where all of it is, with that of its slots."""
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class RateChoice:
    name: str
    """Of its field."""
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ClassForm:
    heading: str
    aside: str
    crumbs: tuple[Link, ...]
    tone: str
    action: str
    back: str
    does: str
    words_at: str
    """Answers what the terms mean that stand in the form by now."""
    values: Mapping[str, str]
    """By the name of the field, as it is typed."""
    was: tuple[tuple[str, str], ...]
    """What it says where nobody changed it."""
    errors: Mapping[str, str]
    wrong: str
    units: tuple[Option, ...]
    short_units: tuple[Option, ...]
    """For what is counted in minutes or hours only."""
    rates: tuple[RateChoice, ...]
    others: str
    """Whom the class may admit besides; empty where there is no other studio."""
    categories: tuple[str, ...]
    """Those that other classes have."""
    says: Says
