"""The bookings of the week of the switch-over: who gets which place, and what the rules say against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kursplan.console.moving_in.prepared import (
    Moving,
    Prepared,
    doubts,
    fingerprint,
    quietly,
    refused,
    rows,
)
from kursplan.console.moving_in.view import Rule
from kursplan.console.words import Words
from kursplan.domain.admission import STAFF_MAY_OVERRULE
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.studios import zone_of
from kursplan.imports.bookings import BookingsPlan, Wanted
from kursplan.imports.switch_over import Outcome, SwitchOver
from kursplan.imports.understand import Understanding
from kursplan.staff.refusals import NOBODY, clause, sentence

OVERRULE = "overrule-"
"""So begin the fields that set a rule aside."""


def set_aside(moving: Moving) -> frozenset[Kind]:
    return frozenset(
        each for each in STAFF_MAY_OVERRULE if moving.fields.get(f"{OVERRULE}{each.value}")
    )


async def prepared(moving: Moving, found: Understanding) -> Prepared:
    visit, words, services = moving.visit, moving.visit.words, moving.visit.services
    switch_over = SwitchOver(
        services.desk,
        services.database,
        services.clock,
        visit.member.organization_id,
        moving.studio.id,
        zone_of(moving.studio.zone),
    )
    overruled = set_aside(moving)
    plan = await switch_over.plan(found, moving.answer)
    what = await switch_over.commands(plan, overruled)
    outcome = await switch_over.tried_out(plan, what)
    reason = moving.fields.get("reason", "").strip() or None
    lacks_reason = bool(overruled) and reason is None

    async def bring() -> str:
        done = await switch_over.done(plan, what, by=moving.by, reason=reason, progress=quietly)
        return words.ngettext(
            "%(n)s booking is made.",
            "%(n)s bookings are made.",
            len(done.booked) + len(done.waiting),
        )

    names = outcome.names or NOBODY
    who = (words.gettext("Who"), words.gettext("Class"), words.gettext("When"))
    conflicts = [
        (*_told(words, each), f"{sentence(refusal, names, words)}.")
        for each, refusal in outcome.conflicts
    ]
    return Prepared(
        counts=tuple(_counts(words, plan, outcome)),
        tables=(
            *rows(
                words.gettext("Speaks against it"),
                (*who, words.gettext("Because")),
                conflicts,
                words,
            ),
            *rows(
                words.gettext("Waits"), who, [_told(words, each) for each in outcome.waiting], words
            ),
            *refused(words, plan.refused),
        ),
        left_out=(plan.doubtful, plan.refused),
        leaves_out=plan.leaves_out,
        can_bring=bool(outcome.booked or outcome.waiting) and not lacks_reason,
        fingerprint=fingerprint(_all(outcome)),
        bring=bring,
        doubts=doubts(words, plan.doubtful, may_be_new=False),
        rules=tuple(_rules(words, outcome.conflicts, overruled)),
        reason_error=words.gettext("Say why. It is kept in the history.") if lacks_reason else "",
    )


def _all(outcome: Outcome) -> Iterable[object]:
    for each in outcome.booked:
        yield "booked", each.who.key, each.slot.id
    for each in outcome.waiting:
        yield "waits", each.who.key, each.slot.id
    for each, refusal in outcome.conflicts:
        yield refusal.kind, each.who.key, each.slot.id


def _counts(words: Words, plan: BookingsPlan, outcome: Outcome) -> list[str]:
    return [
        words.ngettext("%(n)s is booked", "%(n)s are booked", len(outcome.booked)),
        words.ngettext("%(n)s waits", "%(n)s wait", len(outcome.waiting)),
        words.ngettext("%(n)s there already", "%(n)s there already", len(outcome.there)),
        words.ngettext(
            "%(n)s that a rule speaks against",
            "%(n)s that a rule speaks against",
            len(outcome.conflicts),
        ),
        words.ngettext("%(n)s left out", "%(n)s left out", plan.leaves_out),
        words.ngettext("%(n)s past", "%(n)s past", plan.past),
        words.ngettext("%(n)s given up there", "%(n)s given up there", plan.given_up),
    ]


def _told(words: Words, wanted: Wanted) -> tuple[str, str, str]:
    return wanted.who.called, wanted.slot.title, words.moment(wanted.slot.start)


def _rules(
    words: Words, conflicts: Sequence[tuple[Wanted, Refusal]], overruled: frozenset[Kind]
) -> Iterable[Rule]:
    """Those that speak against a booking and can be set aside, and those that are."""
    against = {refusal.kind.rule for _, refusal in conflicts} & STAFF_MAY_OVERRULE
    for kind in sorted(against | overruled):
        label = words.gettext(clause(kind))
        yield Rule(f"{OVERRULE}{kind.value}", label, kind in overruled)
