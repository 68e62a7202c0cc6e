"""A customer as they are shown: every word of it, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.customers.book import BookView
from kursplan.console.customers.booked import BookedView
from kursplan.console.customers.card import CardView
from kursplan.console.frame import Link
from kursplan.console.history.lines import LineView
from kursplan.console.told.view import UndoView


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str
    href: str | None = None


@dataclass(frozen=True, slots=True)
class CustomerView:
    here: str
    """Where the page is; forms come back to it."""
    undo: UndoView | None
    said: str
    """What became of what they did last."""
    book: BookView
    name: str
    aside: str
    notices: tuple[str, ...]
    cards: tuple[CardView, ...]
    over: tuple[CardView, ...]
    """Memberships that have ended."""
    facts: tuple[Fact, ...]
    to_come: tuple[BookedView, ...]
    past: tuple[BookedView, ...]
    past_count: str
    more_past: Link | None
    menu: tuple[Link, ...]
    history: tuple[LineView, ...]
    all_history: str | None
    """Where all of it is; None for those who have no page of it."""
