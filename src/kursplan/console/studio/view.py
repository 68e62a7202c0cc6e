"""A studio as its page shows it: every word of it, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.forms import Field
from kursplan.console.frame import Link
from kursplan.console.history.lines import LineView
from kursplan.console.studio.closures import ClosureRow
from kursplan.console.studio.hours import HoursLine
from kursplan.console.told.view import UndoView


@dataclass(frozen=True, slots=True)
class RoomRow:
    href: str
    what: str
    shared: bool
    hits: str
    """How many slots are to come in it."""


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str = field(repr=False)
    href: str | None = None


@dataclass(frozen=True, slots=True)
class StudioView:
    title: str
    aside: str
    change_data: str
    change_hours: str
    enter_closure: str
    holidays: str
    new_room: str
    employees: Link
    who: str
    """The names of those who work here, in one sentence."""
    closures: tuple[ClosureRow, ...]
    rooms: tuple[RoomRow, ...]
    hours: tuple[HoursLine, ...]
    public_hours: tuple[HoursLine, ...]
    facts: tuple[Fact, ...]
    rules: tuple[Fact, ...]
    """Each leads to where it is changed; what holds for all studios, only for owners."""
    history: tuple[LineView, ...]
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class RoomView:
    title: str
    crumbs: tuple[Link, ...]
    action: str
    fields: tuple[Field, ...]
    does: str
    back: str
    wrong: str
    remove: str | None
    """Where it is taken away; None of a new one."""
    stays: bool
    """Whether somebody wanted that, and it can't be."""


@dataclass(frozen=True, slots=True)
class EmployeeRow:
    href: str
    who: str
    works_as: str
    to_come: str
    """How many slots within a week."""
    hours: str
    """That they gave this month."""
    hours_before: str
    """And in the month before."""


@dataclass(frozen=True, slots=True)
class EmployeesView:
    title: str
    crumbs: tuple[Link, ...]
    new: str
    rows: tuple[EmployeeRow, ...]
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class SlotRow:
    href: str
    tone: str
    what: str
    when: str
    note: str


@dataclass(frozen=True, slots=True)
class TaughtRow:
    """A class that they give, or gave in the last year."""

    tone: str
    what: str
    often: str
    last: str


@dataclass(frozen=True, slots=True)
class EmployeeView:
    title: str
    aside: str
    crumbs: tuple[Link, ...]
    edit: str
    ill: str
    remove: str | None
    """None where they work in a studio, too, that is not theirs who looks."""
    to_come: tuple[SlotRow, ...]
    more: Link | None
    """The timetable with all of it."""
    taught: tuple[TaughtRow, ...]
    hours: tuple[Fact, ...]
    replaced: tuple[SlotRow, ...]
    facts: tuple[Fact, ...]
    history: tuple[LineView, ...]
    undo: UndoView | None
