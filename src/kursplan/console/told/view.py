"""Whom to tell, as it is shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.frame import Link


@dataclass(frozen=True, slots=True)
class UndoView:
    """What was just done, and the way back where there is one."""

    text: str
    undo: str | None
    """Where the button leads; None where there is no way back, or not any more."""
    tell: str | None
    """The list of whom to tell; None on that list itself, and where nobody has to be told."""
    back: str
    """Where the way back leads to."""


@dataclass(frozen=True, slots=True)
class PersonView:
    id: int
    name: str
    href: str
    number: str
    phone: str = field(repr=False)
    email: str = field(repr=False)
    language: str
    what: str
    """What happened, as it is told to them."""


@dataclass(frozen=True, slots=True)
class ToldView:
    heading: str
    crumbs: tuple[Link, ...]
    done: str
    """In a sentence, what happened."""
    reason: str
    people: tuple[PersonView, ...]
    employees: tuple[str, ...]
    """Who gives a slot now, or not any more, in sentences."""
    without_email: str = field(repr=False)
    """How many of them have no address."""
    mail_to: str
    """To write to all others at once; nobody sees the others' addresses. Empty where there are none."""
    as_text: str
    """All of it, to be copied."""
    undo: UndoView
    key: str
    """By which what is ticked off is kept in the browser."""
    partners: str = ""
    """Where it stands which partners heard of it; empty for whoever does not look after them."""
