"""The front desk as it is shown: everything in words, times and addresses."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.frame import Link
from kursplan.console.timetable.view import Sign, SlotView
from kursplan.console.told.view import UndoView


@dataclass(frozen=True, slots=True)
class Entry:
    """A class of the day."""

    slot: SlotView
    href: str
    """Opens it on this page."""
    classes: str
    running: bool
    is_open: bool
    now_before: bool
    """Whether the present moment lies between the one before and this one."""


@dataclass(frozen=True, slots=True)
class Mark:
    """One of the two buttons by which somebody is ticked."""

    kind: str
    icon: str
    label: str
    value: str
    """What is noted when it is pressed: another press takes the note back."""
    pressed: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a seat."""

    booking_id: int
    name: str
    number: str
    href: str
    rate: str
    """Of the membership that is used, with how many are left."""
    tags: tuple[Sign, ...]
    shown: str
    """What is noted now, as the form sends it along."""
    state: str
    """The class of the row: is-here, is-missing or nothing."""
    action: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Waits:
    """Somebody on the waiting list."""

    booking_id: int
    position: str
    name: str
    number: str
    href: str
    rate: str
    action: str
    """Where to move them up is sent."""
    why: str
    """Why they were passed over when a seat became free."""


@dataclass(frozen=True, slots=True)
class Door:
    """The class that is open: who comes."""

    slot_id: int
    time: str
    title: str
    where: str
    soon: str
    """When it begins or ends, as one says it."""
    is_now: bool
    href: str
    listing: str
    """The attendance list."""
    booked: str
    here: str
    missing: str
    open: str
    """How many are not ticked yet."""
    signs: tuple[Sign, ...]
    people: tuple[Person, ...]
    waiting: tuple[Waits, ...]
    waiting_of: str
    may_tick: bool
    may_move_up: bool
    note: str
    """Why nobody can be ticked now, or nothing."""
    rest: str | None
    """Where "the rest took part" is sent; None where nobody is left."""
    back: str
    walk_ins: WalkIns | None
    """None for those who may not change the slot, and where it can't be changed any more."""
    add: str | None
    """The page on which somebody is added."""


@dataclass(frozen=True, slots=True)
class WalkIns:
    """People who come without a booking."""

    action: str
    count: int
    fewer: int | None


@dataclass(frozen=True, slots=True)
class NeedItem:
    href: str
    """Empty where there is no page for it."""
    title: str
    at: str
    """Today, the time alone; empty where it has none."""
    when: str
    """The same in full."""
    what: str

    @property
    def label(self) -> str:
        """All of it in one line."""
        text = " ".join(each for each in (self.title, self.at) if each)
        return f"{text}, {self.what}" if self.what else text


@dataclass(frozen=True, slots=True)
class Need:
    """One kind of thing that needs a person."""

    of: str
    """Which kind, as an address names it."""
    kind: str
    """How grave it is: grave, flagged, soon or nothing."""
    count: str
    title: str
    first: tuple[NeedItem, ...]
    items: tuple[NeedItem, ...]
    """All of them."""
    more: Link | None
    """How many there are besides the first ones, and where all stand; None where these are all."""


@dataclass(frozen=True, slots=True)
class NeedView:
    """All of one kind, on a page of their own."""

    need: Need | None
    """None where nothing is left of it."""
    live: str
    """Where the page is told of changes."""
    back: Link
    others: tuple[Link, ...]
    """What else needs a person."""


@dataclass(frozen=True, slots=True)
class TodayView:
    heading: str
    live: str | None
    """Where the page is told of changes; None for another day than today."""
    earlier: Link
    today: Link
    later: Link
    sum: str
    now: str
    """The time on the wall; empty on another day."""
    entries: tuple[Entry, ...]
    now_after: bool
    """Whether the present moment is behind all of them."""
    door: Door | None
    needs: tuple[Need, ...] | None
    """None for those who plan nothing."""
    ill: str | None
    who: str
    """For whom ticks are kept in the browser while the line is cut."""
    undo: UndoView | None
    said: str
    """What became of what they did last."""
