"""The rules of telling partners: who hears of an event, and the backoff of attempts that failed.

Nothing here opens a connection or reads a clock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from kursplan.domain.events import EventType

LONGEST_EXCHANGE = timedelta(milliseconds=5000)
"""How long an endpoint may take for the whole exchange."""
FAILING_AT_MOST = timedelta(days=5)
"""How long an endpoint may fail without a single success before it is disabled (F50)."""
FAILURES_FOLLOW = timedelta(days=2)
"""How long after another a failure can come and still count as part of the same trouble. No plan that
goes by a name has longer waits, and `Retry-After` asks for none."""
ANSWERS_NOTED_EVERY = timedelta(hours=1)
"""How much later than one that was noted a good answer is noted too."""
LONGEST_RETRY_AFTER = timedelta(days=1)
"""How far an endpoint can put off the next attempt by `Retry-After`."""
MOST_REPEATS = 20
LONGEST_WAIT = timedelta(days=3)
"""Before any one repeat, without the chance in it."""
OLD_SECRET_VALID = timedelta(hours=24)
"""How long the secret from before a rotation signs too, unless said otherwise."""
DEFAULT_ENDPOINT = "default"
"""The key of an integration's default endpoint."""


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
    """What kind of failure an attempt met; none of it names what was sent or received."""

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
    """It hung up without an answer, or what it answered is no HTTP."""


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint is doing."""

    failing_since: datetime | None = None
    """When the first attempt failed of those that failed since it last answered well."""
    failed_at: datetime | None = None
    """When the latest of those failed."""
    disabled: Disabled | None = None
    disabled_at: datetime | None = None
    answered_at: datetime | None = None
    """When it answered well, to within an hour: what that tells is not worth writing each time."""

    def after(self, failure: Failure | None, at: datetime, *, gone: bool = False) -> Health:
        """How it is doing after one more attempt.

        It fails for as long as it is tried and fails: a time in which nobody tried says nothing, so
        after that it begins to fail anew. One that is disabled stays so, whatever it answers.
        """
        if self.disabled is not None:
            return self
        if failure is None:
            known = self.answered_at
            fresh = known is not None and at - known < ANSWERS_NOTED_EVERY
            return Health(answered_at=known if fresh else at)
        since = self.failing_since
        if since is None or self.failed_at is None or at - self.failed_at > FAILURES_FOLLOW:
            since = at
        if gone:
            return Health(since, at, Disabled.GONE, at, self.answered_at)
        if at - since >= FAILING_AT_MOST:
            return Health(since, at, Disabled.FAILING, at, self.answered_at)
        return Health(since, at, answered_at=self.answered_at)


@dataclass(frozen=True, slots=True)
class RetryPlan:
    """The backoff of retries: after how many seconds each repeat comes, and how much jitter is in it.

    The contract's own: three repeats, ten minutes apart.
    """

    seconds: tuple[int, ...] = (600, 600, 600)
    jitter_percent: int = 0
    """Each wait is lengthened by up to this share of it."""

    def __post_init__(self) -> None:
        longest = int(LONGEST_WAIT.total_seconds())
        if len(self.seconds) > MOST_REPEATS:
            raise ValueError(f"there are {len(self.seconds)} repeats: give at most {MOST_REPEATS}")
        if not all(1 <= each <= longest for each in self.seconds):
            raise ValueError(f"a repeat comes after 1 to {longest} seconds")
        if not 0 <= self.jitter_percent <= 100:
            raise ValueError("the chance in a wait is 0 to 100 percent of it")

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
PATIENT_PLAN = RetryPlan(tuple(60 * 3**repeat for repeat in range(8)), jitter_percent=20)
"""For an endpoint that may be away for a weekend: the first repeat after a minute, each further one
after three times as long, the last one between 54 and 66 hours after the first attempt."""


class NamedPlan(StrEnum):
    """Plans that go by a name."""

    CONTRACT = "CONTRACT"
    PATIENT = "PATIENT"

    @property
    def plan(self) -> RetryPlan:
        return CONTRACTS_PLAN if self is NamedPlan.CONTRACT else PATIENT_PLAN

    @staticmethod
    def of(plan: RetryPlan) -> NamedPlan | None:
        """The name that the plan goes by, if it has one."""
        return next((each for each in NamedPlan if each.plan == plan), None)


@dataclass(frozen=True, slots=True)
class Listener:
    """An endpoint of an integration, as far as it decides who hears of what."""

    endpoint_id: int
    integration_id: int
    studio_id: int
    is_default: bool
    types: frozenset[EventType] | None
    """The types that it wants; None for all, which only the default one may."""
    disabled: bool = False

    def wants(self, type_: EventType) -> bool:
        return self.types is None or type_ in self.types


def listeners_of(
    type_: EventType, studio_ids: Iterable[int], listeners: Iterable[Listener]
) -> list[Listener]:
    """Who hears of an event of that type in these studios.

    An integration has one default endpoint, which may be narrowed to some types, and may have
    others for certain types; those take the default one's place for their types.
    """
    studios = set(studio_ids)
    by_integration: defaultdict[int, list[Listener]] = defaultdict(list)
    for each in listeners:
        if each.studio_id in studios and each.wants(type_):
            by_integration[each.integration_id].append(each)
    heard: list[Listener] = []
    for candidates in by_integration.values():
        own = [each for each in candidates if not each.is_default]
        heard.extend(own or candidates)
    return heard


def valid_secrets(
    secret: str, old_secret: str | None, old_secret_until: datetime | None, now: datetime
) -> Sequence[str]:
    """What signs now: after a rotation both secrets, as long as the old one is valid (F51)."""
    if old_secret is None or old_secret_until is None or now > old_secret_until:
        return (secret,)
    return (secret, old_secret)
