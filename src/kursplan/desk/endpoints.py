"""Commands about webhook endpoints: their URLs, their secrets, and whether they are sent to.

An integration has one default endpoint, which comes first and goes last, and may have others for
certain types. Whether a URL may be called is looked at by whoever brings it here: that takes the
network, and the desk does not wait for it. Nothing here is told to partners as an event.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from kursplan.desk.engine.turn import Command, Turn
from kursplan.domain.entries import EndpointEntry
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.values import SAME, Same
from kursplan.domain.webhooks import OLD_SECRET_VALID, Disabled, Health, RetryPlan
from kursplan.ids import new_webhook_secret
from kursplan.store.engine.numbers import take_numbers
from kursplan.store.engine.together import Together
from kursplan.store.outbox import deliveries, endpoints
from kursplan.store.outbox.dispatch import dispatch_all
from kursplan.store.outbox.endpoints import Endpoint

RESENT_AT_ONCE = 1_000
"""How many deliveries one turn has sent again."""

Rest = TypeVar("Rest")


class EndpointRefused(ValueError):
    """That does not go together with what the integration has; the message says what would."""


class RotatedAlready(EndpointRefused):
    """The secret from before an earlier rotation is still valid."""


class IsDisabled(EndpointRefused):
    """Nothing is sent to the endpoint until it is enabled."""


class NoSuchEndpoint(LookupError):
    """There is no endpoint of that number."""


@dataclass(frozen=True, slots=True)
class AddEndpoint(Command[None]):
    """Tell an integration at a further URL, or at its first one; of events from now on.

    Raises `EndpointRefused`.
    """

    name = "add-endpoint"

    organization_id: int
    integration_id: int
    endpoint_id: int
    entry: EndpointEntry
    secret: str = field(repr=False)

    @classmethod
    def fresh(
        cls, organization_id: int, integration_id: int, endpoint_id: int, entry: EndpointEntry
    ) -> AddEndpoint:
        """The command with a secret that nobody has yet."""
        return cls(organization_id, integration_id, endpoint_id, entry, new_webhook_secret())

    def perform(self, turn: Turn) -> None:
        dispatch_pending(turn)
        there = endpoints.of_integration(turn.tx, self.organization_id, self.integration_id)
        _check(self.entry, there)
        add(turn, self.integration_id, self.entry, self.endpoint_id, self.secret)


@dataclass(frozen=True, slots=True)
class ChangeEndpoint(Command[bool]):
    """Send to another URL, or other types. The answer is whether anything changed.

    What is still to be sent goes to the new URL. Raises `NoSuchEndpoint` and `EndpointRefused`.
    """

    name = "change-endpoint"

    organization_id: int
    endpoint_id: int
    url: str | None = field(default=None, repr=False)
    types: frozenset[EventType] | Same | None = SAME
    """None for all types."""

    def perform(self, turn: Turn) -> bool:
        dispatch_pending(turn)
        before = find(turn, self.endpoint_id)
        wanted = replace(before.entry, url=self.url or before.entry.url)
        if self.types is not SAME:
            wanted = replace(wanted, types=self.types)
        there = endpoints.of_integration(turn.tx, self.organization_id, before.integration_id)
        _check(wanted, [each for each in there if each.id != before.id])
        return change(turn, before, wanted)


@dataclass(frozen=True, slots=True)
class RemoveEndpoint(Command[int]):
    """Drop an endpoint, and with it all that is known of its deliveries; how many there were.

    To keep those, disable it. The default one goes last. Raises `NoSuchEndpoint` and
    `EndpointRefused`.
    """

    name = "remove-endpoint"

    organization_id: int
    endpoint_id: int

    def perform(self, turn: Turn) -> int:
        dispatch_pending(turn)
        gone = find(turn, self.endpoint_id)
        there = endpoints.of_integration(turn.tx, self.organization_id, gone.integration_id)
        if gone.entry.is_default and len(there) > 1:
            raise EndpointRefused(
                "the default endpoint goes last: remove the others of this integration before, "
                "or change its URL"
            )
        return _remove(turn, gone)


@dataclass(frozen=True, slots=True)
class RotateSecret(Command[datetime | None]):
    """Sign with a new secret; the one until now signs too for `overlap`. The answer is until when.

    So no receiver misses an event while it learns the new one (F51). Raises `NoSuchEndpoint`, and
    `EndpointRefused` where the secret from before an earlier rotation is still valid: that one would
    end now. Without an overlap both end at once.
    """

    name = "rotate-secret"

    organization_id: int
    endpoint_id: int
    secret: str = field(repr=False)
    overlap: timedelta = OLD_SECRET_VALID

    @classmethod
    def fresh(
        cls, organization_id: int, endpoint_id: int, overlap: timedelta = OLD_SECRET_VALID
    ) -> RotateSecret:
        """The command with a secret that nobody has yet."""
        return cls(organization_id, endpoint_id, new_webhook_secret(), overlap)

    def perform(self, turn: Turn) -> datetime | None:
        dispatch_pending(turn)
        before = find(turn, self.endpoint_id)
        until = before.old_secret_until
        if self.overlap and until is not None and turn.now <= until:
            raise RotatedAlready(
                f"its secret was rotated already, and the one from before is valid until "
                f"{until:%Y-%m-%d %H:%M} UTC: wait until then, or end both at once with no overlap"
            )
        old_secret, until = None, None
        if self.overlap:
            old_secret, until = before.secret, turn.now + self.overlap
        tx = turn.note(EntityKind.ENDPOINT, self.endpoint_id, {}, {}, also=("secret",))
        endpoints.set_secret(
            tx, self.organization_id, self.endpoint_id, self.secret, old_secret, until
        )
        return until


@dataclass(frozen=True, slots=True)
class DisableEndpoint(Command[bool]):
    """Send no more to an endpoint, and keep what it misses. Whether anything was sent until now.

    Raises `NoSuchEndpoint`.
    """

    name = "disable-endpoint"

    organization_id: int
    endpoint_id: int

    def perform(self, turn: Turn) -> bool:
        dispatch_pending(turn)
        health = find(turn, self.endpoint_id).health
        if health.disabled is None:
            disabled = replace(health, disabled=Disabled.BY_OPERATOR, disabled_at=turn.now)
            _set_health(turn, self.endpoint_id, health, disabled)
        deliveries.hold(turn.tx, self.organization_id, self.endpoint_id)
        return health.disabled is None


@dataclass(frozen=True, slots=True)
class Resent(Generic[Rest]):
    """How many deliveries are sent again, and the command that does the rest, if there is any."""

    count: int
    rest: Rest | None = None


@dataclass(frozen=True, slots=True)
class EnableEndpoint(Command["Resent[EnableEndpoint]"]):
    """Send to an endpoint again. The answer is how many deliveries are sent that it missed.

    Those are only sent on demand: what was held while it was disabled, and what was given up since
    it last accepted one (F50), however old its event. They are made due in portions, so that no turn
    takes long: the answer names the command for the rest, and the last portion enables the endpoint.
    Where that never comes it stays disabled, and finds the others when it is enabled later. Raises
    `NoSuchEndpoint`.
    """

    name = "enable-endpoint"

    organization_id: int
    endpoint_id: int
    resend_missed: bool = False
    accepted_at: datetime | None = None
    """When it last accepted one, as the first portion found it."""

    def perform(self, turn: Turn) -> Resent[EnableEndpoint]:
        dispatch_pending(turn)
        health = find(turn, self.endpoint_id).health
        resent = self._resend(turn) if self.resend_missed else Resent(0)
        if resent.rest is None and replace(health, answered_at=None) != Health():
            _set_health(turn, self.endpoint_id, health, Health())
        return resent

    def _resend(self, turn: Turn) -> Resent[EnableEndpoint]:
        tx, of, endpoint_id = turn.tx, self.organization_id, self.endpoint_id
        accepted_at = (
            self.accepted_at
            or deliveries.last_delivered(tx, of, endpoint_id)
            or datetime.min.replace(tzinfo=UTC)
        )
        missed = deliveries.missed(tx, of, endpoint_id, accepted_at, RESENT_AT_ONCE)
        count = send_again(turn, endpoint_id, missed)
        more = len(missed) == RESENT_AT_ONCE
        return Resent(count, replace(self, accepted_at=accepted_at) if more else None)


@dataclass(frozen=True, slots=True)
class SetRetryPlan(Command[bool]):
    """Repeat failed attempts of an integration by another plan; those under way included.

    The answer is whether anything changed.
    """

    name = "set-retry-plan"

    organization_id: int
    integration_id: int
    plan: RetryPlan

    def perform(self, turn: Turn) -> bool:
        dispatch_pending(turn)
        before = endpoints.plan_of(turn.tx, self.organization_id, self.integration_id)
        if before == self.plan:
            return False
        tx = turn.note(
            EntityKind.INTEGRATION, self.integration_id, {"retry": before}, {"retry": self.plan}
        )
        endpoints.set_plan(tx, self.organization_id, self.integration_id, self.plan)
        return True


# What sending again does too.


def dispatch_pending(turn: Turn) -> None:
    """Who is told of what, or how, is about to change: until the turn ends nobody else does that.

    What is committed by now is fanned out before, so it goes to those who listen until now. What is
    not will go to those who listen from now on, however early it happened.
    """
    dispatch_all(turn.tx, turn.organization_id, turn.now)


def find(turn: Turn, endpoint_id: int) -> Endpoint:
    """The endpoint, with its row locked. Raises `NoSuchEndpoint`."""
    found = endpoints.find(turn.tx, turn.organization_id, endpoint_id)
    if found is None:
        raise NoSuchEndpoint(f"there is no endpoint {endpoint_id}")
    return found


def send_again(turn: Turn, endpoint_id: int, delivery_ids: Collection[int]) -> int:
    """Make these deliveries to the endpoint due; how many."""
    if not delivery_ids:
        return 0
    tx = turn.note(EntityKind.ENDPOINT, endpoint_id, {}, {"sent_again": len(delivery_ids)})
    return deliveries.make_due(tx, turn.organization_id, delivery_ids, turn.now)


# What recording an application does too, in the turn that it has.


def add(
    turn: Turn, integration_id: int, entry: EndpointEntry, endpoint_id: int, secret: str
) -> None:
    """Store an endpoint that hears of whatever happens from now on."""
    endpoints.add(
        turn.note(EntityKind.ENDPOINT, endpoint_id, None, entry),
        turn.organization_id,
        integration_id,
        entry,
        endpoint_id=endpoint_id,
        secret=secret,
        created_at=turn.now,
    )


def change(turn: Turn, before: Endpoint, wanted: EndpointEntry) -> bool:
    """Have the endpoint be what the entry says; whether anything changed.

    Another URL has not failed yet; one that is disabled stays so.
    """
    if wanted == before.entry:
        return False
    tx = turn.note(EntityKind.ENDPOINT, before.id, before.entry, wanted)
    endpoints.change(tx, turn.organization_id, before.id, wanted)
    if wanted.url != before.entry.url and before.health.disabled is None:
        _set_health(turn, before.id, before.health, Health())
    return True


def _set_health(turn: Turn, endpoint_id: int, before: Health, after: Health) -> None:
    with Together(turn.note(EntityKind.ENDPOINT, endpoint_id, before, after)) as writing:
        endpoints.set_health(writing, turn.organization_id, {endpoint_id: after})


def _remove(turn: Turn, gone: Endpoint) -> int:
    """With all that is known of its deliveries; how many there were."""
    tx = turn.note(EntityKind.ENDPOINT, gone.id, gone.entry, None)
    return endpoints.remove(tx, turn.organization_id, gone.id)


def put_endpoints(turn: Turn, integration_id: int, wanted: Iterable[EndpointEntry]) -> None:
    """Have the integration have these endpoints and no others. Raises `EndpointRefused`.

    A new one gets a secret, which `RotateSecret` replaces by one that somebody is shown.
    """
    told = {each.key: each for each in wanted}
    for entry in told.values():
        _check_types(entry)
    there = {
        each.entry.key: each
        for each in endpoints.of_integration(turn.tx, turn.organization_id, integration_id)
    }
    if told and not any(each.is_default for each in told.values()):
        raise EndpointRefused("an integration with endpoints has a default one")
    for key, each in there.items():
        if key not in told:
            _remove(turn, each)
    for key, entry in sorted(told.items()):
        if key in there:
            change(turn, there[key], entry)
        else:
            [endpoint_id] = take_numbers(turn.tx, 1)
            add(turn, integration_id, entry, endpoint_id, new_webhook_secret())


def _check(entry: EndpointEntry, others: Sequence[Endpoint]) -> None:
    """Whether it goes together with the other endpoints of its integration."""
    keys = {each.entry.key for each in others}
    if entry.is_default and entry.key in keys:
        raise EndpointRefused(
            "it has a default endpoint already: give a further one a key of its own, and types"
        )
    if entry.key in keys:
        raise EndpointRefused(f"it has an endpoint {entry.key!r} already: give another key")
    if not entry.is_default and not any(each.entry.is_default for each in others):
        raise EndpointRefused("its first endpoint is the default one, and has no key of its own")
    _check_types(entry)


def _check_types(entry: EndpointEntry) -> None:
    if entry.types is None and not entry.is_default:
        raise EndpointRefused("an endpoint beside the default one is for certain types: name them")
    if entry.types is not None and not entry.types:
        raise EndpointRefused("an endpoint without any types would hear of nothing: name some")
