"""What staff settle: that a booking stays although the rules would refuse it by now.

Settled is what speaks against it, each thing by its facts, and not the booking: another closure, the same one
at other times, a membership that ends as well is new, and flagged like any other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from hashlib import sha256

from kursplan.domain.history import plain
from kursplan.domain.refusals import (
    ContingentUsedUp,
    Kind,
    Lack,
    NoMembership,
    Refusal,
    StudioClosed,
    UsedUp,
)
from kursplan.domain.values import value

_DIGITS = 16


@value
class Weighed:
    """What speaks against a booking, once it is weighed with what staff settled."""

    flagged: Refusal | None
    """The first thing that they have not settled."""
    settled: tuple[Refusal, ...]
    """What they have, as far as it still speaks against it."""


def weigh(objections: Iterable[Refusal], settled: tuple[str, ...]) -> Weighed:
    """`settled` are the grounds. Where there are none, no more is asked than for the first objection."""
    flagged: Refusal | None = None
    known: list[Refusal] = []
    for each in objections:
        if ground_of(each) in settled:
            known.append(each)
        elif flagged is None:
            flagged = each
        if flagged is not None and not settled:
            break
    return Weighed(flagged, tuple(known))


def ground_of(refusal: Refusal) -> str:
    """The name of an objection: the same for the same facts, and for no others.

    It says its kind, and of the facts no value, since memberships are personal data. Left out is what changes
    nothing about it: how many bookings the customer has made since, and how somebody words why it is closed.
    """
    facts = json.dumps(plain(_as_it_counts(refusal)), sort_keys=True)
    return f"{refusal.kind}:{sha256(facts.encode()).hexdigest()[:_DIGITS]}"


def kind_of(ground: str) -> Kind:
    return Kind(ground.partition(":")[0])


def _as_it_counts(refusal: Refusal) -> Refusal:
    match refusal:
        case StudioClosed():
            return replace(refusal, closed_for=None)
        case NoMembership() | ContingentUsedUp():
            return replace(refusal, lacks=tuple(map(_lack, refusal.lacks)))
        case _:
            return refusal


def _lack(lack: Lack) -> Lack:
    return replace(lack, used=0, again_from=None) if isinstance(lack, UsedUp) else lack
