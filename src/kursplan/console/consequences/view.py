"""What would happen, as it is shown: every word of it, for the template to write down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from kursplan.console.frame import Link

MOST_SEEN: Final = 8
"""So many lines of a part are seen before it is unfolded."""


class Reason(StrEnum):
    """Whether somebody says why."""

    NONE = "NONE"
    OFFERED = "OFFERED"
    REQUIRED = "REQUIRED"


@dataclass(frozen=True, slots=True)
class Standing:
    """How something is, in two lines: before the change, or after it."""

    large: str
    small: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Several buttons instead of one, for what changes nothing about whom it touches."""

    name: str
    """Of the field that says which was pressed."""
    legend: str
    options: tuple[Option, ...]
    """The first is the one that is meant most often."""


@dataclass(frozen=True, slots=True)
class Item:
    """One of those whom a part of it is about."""

    name: str
    href: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that would happen."""

    kind: str
    """The tone of the sheet: `good`, `wait`, `stop`, or none."""
    icon: str
    heading: str
    note: str = ""
    items: tuple[Item, ...] = ()
    """Listed one below the other, since each needs a look."""
    names: str = ""
    """Of those who need none: all in one sentence."""

    @property
    def first(self) -> tuple[Item, ...]:
        """Those that are seen at once."""
        return self.items if len(self.items) <= MOST_SEEN + 1 else self.items[:MOST_SEEN]

    @property
    def further(self) -> tuple[Item, ...]:
        """Those that are unfolded, so that what comes below them is not overlooked."""
        return self.items[len(self.first) :]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that is asked about, in the words of the page that asks."""

    title: str
    """As a question: `Cancel Spinning?`"""
    does: str
    """The command by its name, on the button: `Cancel the slot`"""
    back: str
    """Where it leads to leave it as it is; relative to `/console/`."""
    crumbs: tuple[Link, ...] = ()
    note: str = ""
    now: Standing | None = None
    then: Standing | None = None
    slot_id: int | None = None
    """The slot that the page is about: what becomes of it is said already."""
    reason: Reason = Reason.OFFERED
    choice: Choice | None = None
    always: bool = False
    """Whether it is asked about also where nothing is taken from anybody."""
    grave: bool = False
    overrulable: bool = False
    """Whether the command takes what `overruled` reads of the fields."""
    has_form: bool = False
    """Whether the page shows its form again, as it was filled in, where it `wants_form`."""
    besides: tuple[Part, ...] = ()
    """What would happen to other things than bookings and the times of slots, which the page knows itself."""


@dataclass(frozen=True, slots=True)
class RefusalView:
    """Why it can't be done."""

    sentence: str
    items: tuple[str, ...]
    may_be_overruled: bool


@dataclass(frozen=True, slots=True)
class PartnersView:
    """Who is told by the house, and of what."""

    names: str
    """Empty where no partner listens."""
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReasonView:
    value: str
    required: bool
    error: str


@dataclass(frozen=True, slots=True)
class ConsequencesView:
    proposal: Proposal
    reason: ReasonView | None
    hidden: tuple[tuple[str, str], ...]
    """What the page was asked for, to be sent along."""
    changed: tuple[str, ...] = ()
    """What is different from what was shown before."""
    parts: tuple[Part, ...] = ()
    partners: PartnersView | None = None
    seen: str | None = None
    refusal: RefusalView | None = None
