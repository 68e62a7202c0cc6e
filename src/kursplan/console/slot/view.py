"""A slot as it is shown: every word of it, and what this person may do."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.frame import Link
from kursplan.console.history.lines import LineView
from kursplan.console.told.view import UndoView


@dataclass(frozen=True, slots=True)
class Tag:
    """Something to know: the graver, the more ink."""

    kind: str
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody with a seat, or who waits, or had one of these."""

    booking_id: int
    name: str
    href: str | None
    number: str
    phone: str = field(repr=False)
    membership: str
    position: str
    """Of who waits."""
    since: str
    tags: tuple[Tag, ...]
    why: str
    """Why they were passed over, or would be refused today, and what of that is settled."""
    shown: str
    """What is noted now, as the form sends it along."""
    is_here: bool
    is_missing: bool
    to_confirm: bool
    to_decide: bool
    may_be_waived: bool


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could give the slot."""

    id: int
    name: str
    note: str
    is_free: bool


@dataclass(frozen=True, slots=True)
class Given:
    """Somebody who gives it."""

    id: int
    name: str
    stands_in_for: str
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """A button that changes a number of places."""

    label: str
    text: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Fact:
    name: str
    value: str
    steps: tuple[Step, ...] = ()
    was: str = ""
    """What the buttons change, as a number."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class SlotView:
    id: int
    live: str
    """Where the page is told of changes."""
    path: str
    crumbs: tuple[Link, ...]
    time: str
    title: str
    where: str
    tone: str
    tags: tuple[Tag, ...]
    clashes: tuple[str, ...]
    undo: UndoView | None
    said: str
    """What became of what they did last."""
    count: str
    seated: tuple[PersonView, ...]
    waiting_count: str
    waiting_note: str
    waiting: tuple[PersonView, ...]
    cancelled: tuple[PersonView, ...]
    given: tuple[Given, ...]
    candidates: tuple[Candidate, ...]
    facts: tuple[Fact, ...]
    taken: int
    walk_ins: int
    free: int
    """Seats to draw; none where there is no limit, or so many that drawing them says nothing."""
    history: tuple[LineView, ...]
    all_history: str | None
    """Where all of it is; None for those who have no page of it."""
    is_cancelled: bool
    may_change: bool
    """Whether this person, at this time, changes the slot and who is on it."""
    may_release: bool
    """Also after it: cancel and waive for somebody."""
    may_tick: bool
    may_restore: bool
    may_give_back: bool
    can_move_up_first: bool
    plans: tuple[Link, ...]
    """For those who plan: what comes of it beyond this slot."""
    seats: int
    """How many sit there, as the button says to move up the first."""
    who: str
    """For whom ticks are kept in the browser while the line is cut."""
