"""What is still missing until somebody can book, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kursplan.console.forms import Option


class State(StrEnum):
    DONE = "done"
    NEXT = "next"
    """The one to do now."""
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Act:
    label: str
    href: str


@dataclass(frozen=True, slots=True)
class Step:
    number: str
    state: State
    title: str
    text: str
    """What is there; or what it is for, and what it opens."""
    acts: tuple[Act, ...] = ()
    """What can be done about it, the way that is meant most often first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of what partners see."""

    what: str
    kind: str
    """The tone of its sign: `good`, `wait`, or none."""
    icon: str
    says: str


@dataclass(frozen=True, slots=True)
class Hidden:
    """A class that nobody can book through a partner, and everything that keeps it from that."""

    title: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetupView:
    heading: str
    lead: str
    missing: str
    """Stands over the steps: whether any is left to be done."""
    count: str
    steps: tuple[Step, ...]
    seen: tuple[Seen, ...]
    hidden: tuple[Hidden, ...]
    done: str
    """What was just done, in a sentence."""
    offers_example: bool
    why: str
    """Why they are here, where another page led them here."""


@dataclass(frozen=True, slots=True)
class FormView:
    """A short form: what was typed, what is wrong with it, and what can be chosen."""

    values: dict[str, str] = field(repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    options: dict[str, tuple[Option, ...]] = field(default_factory=dict)
    """By the name of the field."""

    def value(self, name: str) -> str:
        return self.values.get(name, "")

    def error(self, name: str) -> str:
        return self.errors.get(name, "")
