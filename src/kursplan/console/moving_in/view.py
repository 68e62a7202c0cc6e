"""Moving in, as it is shown: how a file was understood, what would come of it, what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.forms import Option


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the three things that are brought in."""

    subject: str
    title: str
    text: str
    accept: str
    """What the browser offers to choose."""
    error: str = ""


@dataclass(frozen=True, slots=True)
class MovingInView:
    kinds: tuple[Kind, ...]
    studios: tuple[Option, ...]
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    number: int
    head: str
    examples: str = field(repr=False)
    value: str
    """Which field it is; empty where it is not used."""
    why: str


@dataclass(frozen=True, slots=True)
class Strange:
    """A word of the file that is not known."""

    number: int
    of: str
    """The field."""
    text: str = field(repr=False)
    says: str = field(repr=False)
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody who may be one of these, or a new one."""

    name: str
    """Of the field that says who it is."""
    who: str = field(repr=False)
    because: str = field(repr=False)
    options: tuple[Option, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """A table of what would come, or is left out."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...] = field(repr=False)
    further: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that staff may set aside for the whole file."""

    name: str
    label: str
    checked: bool


@dataclass(frozen=True, slots=True)
class LookView:
    subject: str
    title: str
    name: str
    packed: str = field(repr=False)
    studio: str
    studio_name: str
    hidden: tuple[tuple[str, str], ...] = field(repr=False)
    """What was said before, and is not asked on this page."""
    done: str
    """What was just done; empty where nothing was."""
    changed: str
    error: str
    """Why the file can't be read."""
    asks: tuple[str, ...]
    """What has to be said before anything can come of it."""
    told: str
    """What kind of file it is."""
    columns: tuple[Column, ...]
    fields: tuple[Option, ...]
    days: str
    """How days are read, and what proves it."""
    orders: tuple[Option, ...]
    """In which order they may be; empty where nobody has to say it."""
    order: str
    strange: tuple[Strange, ...]
    go_on: bool | None
    """Whether the last week goes on without an end; None where that makes no sense."""
    counts: tuple[str, ...]
    doubts: tuple[Doubt, ...]
    tables: tuple[Rows, ...]
    rules: tuple[Rule, ...]
    reason: str = field(repr=False)
    reason_error: str
    can_bring: bool
    leaves_out: str
    """How many rows nothing is done about; empty where there are none."""
    seen: str
    encoding: str
    delimiter: str
    sheet: str
