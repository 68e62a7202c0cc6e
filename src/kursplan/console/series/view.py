"""A series as it is shown: a form, and beside it what is to come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kursplan.console.classes.view import SlotRow
from kursplan.console.forms import Option
from kursplan.console.frame import Link


@dataclass(frozen=True, slots=True)
class Tick:
    """Something that is ticked or not."""

    name: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """One of the ways in which a series changes."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class PlanFields:
    """When and where something takes place, who gives it and for how many: of a series and of a single slot."""

    values: Mapping[str, str]
    errors: Mapping[str, str]
    rooms: tuple[Option, ...]
    people: tuple[Tick, ...]
    minutes: str
    """What holds where a field is left empty: what the class says."""
    seats: str
    waiting: str


@dataclass(frozen=True, slots=True)
class SeriesForm:
    heading: str
    aside: str
    tone: str
    crumbs: tuple[Link, ...]
    action: str
    back: str
    does: str
    plan: PlanFields
    days: tuple[Tick, ...]
    was: tuple[tuple[str, str], ...]
    wrong: str
    scopes: tuple[Scope, ...]
    """None where there is nothing yet that could change."""
    along: str
    """Said beside the box that takes along what was set by hand; empty where nothing was."""
    actions: tuple[Link, ...]
    slots: tuple[SlotRow, ...]
    slots_note: str
