"""The rules of telling partners: who hears of an event, when a failed attempt is repeated.

Nothing here opens a connection or reads a clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kursplan.domain.events import EventType

LONGEST_EXCHANGE = timedelta(milliseconds=5000)
"""How long an endpoint may take for the whole exchange."""
FAILING_AT_MOST = timedelta(days=5)
"""How long an endpoint may fail without a single success before it is disabled (F50)."""
LONGEST_RETRY_AFTER = timedelta(days=1)
"""How far an endpoint can put off the next attempt by `Retry-After`."""


class DeliveryStatus(StrEnum):
    PENDING = "PENDING"
    """To be attempted when it is due."""
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """All repeats failed; it is sent again only when somebody asks for that."""
    HELD = "HELD"
    """The endpoint was disabled; it is sent when the endpoint is enabled with what it missed."""


class Disabled(StrEnum):
    """Why nothing is sent to an endpoint."""

    BY_OPERATOR = "BY_OPERATOR"
    GONE = "GONE"
    """It answered 410."""
    FAILING = "FAILING"
    """It failed for too long."""


class Failure(StrEnum):
    """What kind of failure an attempt met; None of it names what was sent or received."""

    STATUS = "STATUS"
    """An answer that is not 2xx, a redirect included."""
    TIMEOUT = "TIMEOUT"
    NO_ADDRESS = "NO_ADDRESS"
    REFUSED_ADDRESS = "REFUSED_ADDRESS"
    """The name leads to an address that must not be called."""
    REFUSED_URL = "REFUSED_URL"
    CERTIFICATE = "CERTIFICATE"
    CONNECTION = "CONNECTION"
    """It could not be reached, or broke off."""
    PROTOCOL = "PROTOCOL"
    """What it answered is no HTTP."""


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """After how many seconds each repeat comes, and how much chance is in it.

    The contract's own: three repeats, ten minutes apart.
    """

    seconds: tuple[int, ...] = (600, 600, 600)
    jitter_percent: int = 0
    """Each wait is lengthened by up to this share of it."""

    def next_attempt(
        self, failed: int, now: datetime, chance: float, retry_after: timedelta | None = None
    ) -> datetime | None:
        """When to try again after so many failed attempts; None when that was the last.

        `chance` is a number from 0 to 1. An endpoint that asks for more time gets it.
        """
        if failed > len(self.seconds):
            return None
        wait = timedelta(
            seconds=self.seconds[failed - 1] * (1 + chance * self.jitter_percent / 100)
        )
        if retry_after is not None:
            wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
        return now + wait


CONTRACTS_PLAN = RetryPlan()


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint of an integration, as far as it decides who hears of what."""

    endpoint_id: int
    integration_id: int
    studio_id: int
    is_default: bool
    types: frozenset[EventType] | None
    """The types that it wants; None for all, which only the default one may."""
    since: int
    """The number of the event after which it listens."""
    disabled: bool = False

    def wants(self, type_: EventType) -> bool:
        return self.types is None or type_ in self.types


def listeners_of(
    type_: EventType, number: int, studio_ids: Iterable[int], listeners: Iterable[Listener]
) -> list[Listener]:
    """Who hears of the event of that number in these studios.

    An integration has one default endpoint, which may be narrowed to some types, and may have
    others for certain types; those take the default one's place for their types.
    """
    studios = set(studio_ids)
    by_integration: defaultdict[int, list[Listener]] = defaultdict(list)
    for each in listeners:
        if each.studio_id in studios and number > each.since and each.wants(type_):
            by_integration[each.integration_id].append(each)
    heard: list[Listener] = []
    for candidates in by_integration.values():
        own = [each for each in candidates if not each.is_default]
        heard.extend(own or candidates)
    return heard
