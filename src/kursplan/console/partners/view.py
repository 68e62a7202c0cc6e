"""Partners as they are shown."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.console.frame import Link
from kursplan.console.timetable.view import Sign


@dataclass(frozen=True, slots=True)
class ApplicationRow:
    href: str
    name: str
    studios: str
    """Where it is active."""
    keys: str
    told: str
    """At how many places."""
    sign: Sign | None
    """The gravest of what is the matter; None where all is well."""


@dataclass(frozen=True, slots=True)
class PartnersView:
    rows: tuple[ApplicationRow, ...]


@dataclass(frozen=True, slots=True)
class KeyRow:
    revoke: str
    """Where it is ended."""
    hint: str
    since: str
    revoked: str
    """Since when; empty for one that works."""


@dataclass(frozen=True, slots=True)
class EndpointRow:
    href: str
    url: str = field(repr=False)
    types: str
    sign: Sign


@dataclass(frozen=True, slots=True)
class IntegrationView:
    """An application in one studio."""

    here: str
    studio: str
    sign: Sign
    waits: bool
    """Whether its program has yet to say that it is ready to be told."""
    may: tuple[str, ...]
    keys: tuple[KeyRow, ...]
    revoked: tuple[KeyRow, ...]
    endpoints: tuple[EndpointRow, ...]


@dataclass(frozen=True, slots=True)
class ApplicationView:
    here: str
    name: str
    key: str
    integrations: tuple[IntegrationView, ...]
    has_more_studios: bool
    """Whether there is a studio that it is not in."""
    done: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    href: str
    when: str
    what: str
    whom: str
    """The application, and the studio in which it listens."""
    sign: Sign
    attempts: str
    outcome: str
    """Of the last attempt."""


@dataclass(frozen=True, slots=True)
class TriedView:
    """What came of a test."""

    delivered: bool
    said: str
    excerpt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndpointView:
    here: str
    crumbs: tuple[Link, ...]
    title: str
    url: str = field(repr=False)
    key: str
    types: str
    sign: Sign
    state: str
    made: str
    old_secret: str = field(repr=False)
    """Until when the secret from before signs too; empty where there is none."""
    missed: str
    """How many it missed; empty where it missed none."""
    is_disabled: bool
    may_be_removed: bool
    deliveries: tuple[DeliveryRow, ...]
    all_deliveries: str
    tried: TriedView | None
    done: str


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    current: bool


@dataclass(frozen=True, slots=True)
class DeliveriesView:
    statuses: tuple[Choice, ...]
    endpoints: tuple[Choice, ...]
    since: str
    rows: tuple[DeliveryRow, ...]
    more: str
    """Said where there are further ones."""


@dataclass(frozen=True, slots=True)
class AttemptRow:
    number: str
    when: str
    took: str
    outcome: str
    excerpt: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    text: str = field(repr=False)
    href: str | None = None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    here: str
    crumbs: tuple[Link, ...]
    title: str
    sign: Sign
    facts: tuple[Fact, ...]
    attempts: tuple[AttemptRow, ...]
    others: tuple[DeliveryRow, ...]
    """Who else was told of the same."""
    may_be_sent: bool
    why_not: str
    done: str


@dataclass(frozen=True, slots=True)
class EventView:
    """One thing that was to be told of a change, and to whom it was."""

    what: str
    about: Link | None
    uuid: str
    told: tuple[DeliveryRow, ...]
    nobody: str
    """Why nobody is listed; empty where somebody is."""


@dataclass(frozen=True, slots=True)
class ChangeView:
    title: str
    what: str
    when: str
    by: str
    events: tuple[EventView, ...]
    nothing: str
    """Why there is nothing; empty where there is."""
    back: str
