"""Before something changes for people: what it would do and to whom, and the one button that does it.

A page with a change gives its command to `ask`, and goes on with what it says:

    proposal = Proposal(_("Cancel Spinning?"), _("Cancel the slot"), back=f"slots/{slot_id}", always=True)
    done = await ask(visit, fields, CancelSlot(organization_id, slot_id), proposal)
    if isinstance(done, Response):
        return done
    return told.after(visit, done, proposal.back)

The command is rehearsed. Where it takes nothing from anybody it is done at once; else the page says what
it would do, and comes back to the same address with the same fields and with what was shown. Where that is
not so any more, nothing is done, and the page says what is different now. Where they have just done the same
themselves, it is `again`: nothing is done either, and `told.after` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeVar

from starlette.responses import Response

from kursplan.console.consequences.again import done_before, has_nothing_to_do
from kursplan.console.consequences.partners import partners
from kursplan.console.consequences.parts import parts
from kursplan.console.consequences.refused import may_be_overruled, refusal_view
from kursplan.console.consequences.shown import Shown
from kursplan.console.consequences.view import (
    Choice,
    ConsequencesView,
    Item,
    Option,
    Part,
    Proposal,
    Reason,
    ReasonView,
    Standing,
)
from kursplan.console.page import page
from kursplan.console.visit import Visit
from kursplan.desk.clashes import clashes_of
from kursplan.desk.engine.desk import ChangedConcurrently
from kursplan.desk.engine.rehearse import Change, Rehearsed
from kursplan.desk.engine.turn import Command
from kursplan.domain.admission import STAFF_MAY_OVERRULE
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.seen import ChangedMeanwhile, Seen
from kursplan.store.staff import history
from kursplan.store.staff.history import Told

__all__ = [
    "SEEN",
    "Choice",
    "Done",
    "Item",
    "Option",
    "Part",
    "Proposal",
    "Reason",
    "Standing",
    "Step",
    "ask",
    "ask_each",
    "do",
    "fields_of",
    "overruled",
    "wants_form",
]

A = TypeVar("A")

SEEN: Final = "seen"
REASON: Final = "reason"
OVERRULE: Final = "overrule"
EDIT: Final = "edit"
"""Sent by the button that leads back to a form, as it was filled in."""
LONGEST_REASON: Final = 1000
TRIES: Final = 3
OURS: Final = frozenset({"csrf", SEEN, REASON, OVERRULE, EDIT})
"""The fields that are not the page's own."""


Also = Callable[[A], Iterable[Part]]
"""Says of what a command would answer what else the page shows of it."""


def _nothing(_: object) -> Iterable[Part]:
    return ()


NOTHING: Final[Rehearsed[Any]] = Rehearsed(None, (), {})
"""What would happen where nobody asked."""


@dataclass(frozen=True, slots=True)
class Done(Generic[A]):
    """What was done, and what came of it for people."""

    answer: A
    changes: tuple[Change, ...]
    """Of bookings, as they were rehearsed."""
    line: Told | None
    """What the history says of it; None where nothing changed."""
    again: bool = False
    """Whether it was done already, by the same person a moment ago: then the line is of that, and nothing was
    done now."""


async def fields_of(visit: Visit) -> Mapping[str, str]:
    """What a page is asked to do: by its form, or by its address where somebody followed a link to it.

    Raises `Forged` and `NotAForm`.
    """
    if visit.request.method == "POST":
        return await visit.form()
    return dict(visit.request.query_params)


def overruled(fields: Mapping[str, str]) -> frozenset[Kind]:
    """The rules that are set aside, knowingly: what the page of a refusal sends along."""
    named = frozenset(fields.get(OVERRULE, "").split())
    return frozenset(each for each in STAFF_MAY_OVERRULE if each.value in named)


def wants_form(fields: Mapping[str, str]) -> bool:
    """Whether somebody saw what it would do, and goes back to their form to change it."""
    return EDIT in fields


async def ask(
    visit: Visit,
    fields: Mapping[str, str],
    command: Command[A | Refusal],
    proposal: Proposal,
    also: Also[A] = _nothing,
) -> Done[A] | Response:
    """Have the command done, or say on a page what it would do, why it can't be done, what is missing.

    `also` says what else comes of it, where that takes no place from anybody and gives none. Raises
    `DeskBusy`, and `ChangedConcurrently`.
    """
    for _ in range(TRIES):
        rehearsed = await visit.services.desk.rehearse(command)
        comes = () if isinstance(rehearsed.answer, Refusal) else tuple(also(rehearsed.answer))
        asking = _Asking(visit, fields, proposal, rehearsed, comes)
        if has_nothing_to_do(rehearsed):
            before = await done_before(visit, command, rehearsed.answer)
            if before is not None:
                return Done(rehearsed.answer, (), before, again=True)  # type: ignore[arg-type]
        if isinstance(rehearsed.answer, Refusal):
            return await asking.refused(rehearsed.answer)
        if not asking.is_agreed:
            return await asking.page()
        done = await _done(visit, command, asking, rehearsed.seen)
        if not isinstance(done, ChangedMeanwhile):
            return done
        # Others were between the rehearsal and the command: what they changed is looked at like the rest.
    raise ChangedConcurrently("others changed it again and again")


@dataclass(frozen=True, slots=True)
class Step(Generic[A]):
    """One of several commands that are asked about together."""

    command: Command[A | Refusal]
    reason: str | None


async def ask_each(
    visit: Visit, fields: Mapping[str, str], steps: Sequence[Step[A]], proposal: Proposal
) -> Sequence[Done[A]] | Response:
    """The same for several commands: one page for all of them, and then they are done one by one.

    What others change in between ends it: what was done until then is done, and the rest is not.
    """
    commands = [[each.command] for each in steps]
    rehearsed = await visit.services.desk.rehearse_all(commands)
    answers: Any = tuple(answer for [answer] in rehearsed.answer)
    asking = _Asking(visit, fields, proposal, replace(rehearsed, answer=answers))
    if refusal := next((each for each in answers if isinstance(each, Refusal)), None):
        return await asking.refused(refusal)
    if not asking.is_agreed:
        return await asking.page()
    found: list[Done[A]] = []
    for step in steps:
        alone = await visit.services.desk.rehearse(step.command)
        one = _Asking(visit, {**fields, REASON: step.reason or ""}, proposal, alone)
        if not asking.showed(one):
            break
        done = await _done(visit, step.command, one, alone.seen)
        if not isinstance(done, Done):
            break
        found.append(done)
    return found


async def do(
    visit: Visit, fields: Mapping[str, str], command: Command[A | Refusal], proposal: Proposal
) -> Done[A] | Response:
    """The same for what takes nothing from anybody, whatever it is done to: it is not rehearsed."""
    asking = _Asking(visit, fields, proposal, None)
    done = await _done(visit, command, asking, None)
    if isinstance(done, ChangedMeanwhile):
        return await asking.refused(done)
    if isinstance(done, Done) and done.line is None:
        before = await done_before(visit, command, done.answer)
        return done if before is None else replace(done, line=before, again=True)
    return done


async def _done(
    visit: Visit, command: Command[A | Refusal], asking: _Asking, seen: Seen | None
) -> Done[A] | Response | ChangedMeanwhile:
    since = visit.services.clock.now()
    answer = await visit.services.desk.execute(
        command, by=visit.member.actor, reason=asking.reason, seen=seen
    )
    if isinstance(answer, ChangedMeanwhile):
        return answer
    if isinstance(answer, Refusal):
        return await asking.refused(answer)
    line = await visit.read(history.last_by, visit.member.actor, command.name, since)
    return Done(answer, asking.changes, line)


class _Asking:
    """One command that somebody is asked about."""

    def __init__(
        self,
        visit: Visit,
        fields: Mapping[str, str],
        proposal: Proposal,
        rehearsed: Rehearsed[Any] | None,
        comes: Sequence[Part] = (),
    ) -> None:
        self._visit = visit
        self._fields = fields
        self._proposal = proposal
        self._rehearsed = rehearsed or NOTHING
        self._comes = comes
        self._shown = Shown.of(self._rehearsed, (*proposal.besides, *comes))
        before = fields.get(SEEN)
        self._before = None if before is None else Shown.read(before)
        self.reason = fields.get(REASON, "").strip()[:LONGEST_REASON] or None

    @property
    def changes(self) -> tuple[Change, ...]:
        return self._rehearsed.changes

    @property
    def is_agreed(self) -> bool:
        """Whether it may be done now: somebody saw what it does, or there is nothing to see."""
        if self._visit.request.method != "POST" or (self._needs_reason and self.reason is None):
            return False
        if self._before is None:
            nothing_taken = not self._rehearsed.taken and not clashes_of(self._rehearsed.answer)
            return nothing_taken and not self._proposal.always
        return self._before == self._shown

    def showed(self, one: _Asking) -> bool:
        """Whether what would come of one of several was shown with all of them."""
        return one._shown.is_within(self._shown)

    @property
    def _needs_reason(self) -> bool:
        return self._proposal.reason is Reason.REQUIRED or bool(self._fields.get(OVERRULE))

    async def page(self) -> Response:
        words, proposal = self._visit.words, self._proposal
        changed = () if self._before is None else self._before.differences(self._shown, words)
        view = self._view(
            changed=tuple(changed),
            parts=(
                *proposal.besides,
                *parts(words, self._rehearsed, proposal.slot_id, self._comes),
            ),
            partners=await partners(self._visit, self._rehearsed),
            seen=self._shown.written(),
        )
        return page(self._visit, "consequences.html", proposal.title, view)

    async def refused(self, refusal: Refusal) -> Response:
        """Why it can't be done; and where staff may set that aside, the way to do so."""
        set_aside = overruled(self._fields)
        may = self._proposal.overrulable and may_be_overruled(refusal, set_aside)
        if may:
            set_aside |= {refusal.kind.rule}
        view = self._view(
            refusal=await refusal_view(self._visit, refusal, may=may),
            overrule=" ".join(sorted(each.value for each in set_aside)),
        )
        return page(self._visit, "consequences.html", self._proposal.title, view)

    def _view(self, overrule: str | None = None, **told: object) -> ConsequencesView:
        words, proposal = self._visit.words, self._proposal
        needed = overrule is not None or self._needs_reason
        hidden = [(name, each) for name, each in self._fields.items() if name not in OURS]
        if proposal.choice is not None:
            hidden = [(name, each) for name, each in hidden if name != proposal.choice.name]
        given = self._fields.get(OVERRULE, "") if overrule is None else overrule
        if given:
            hidden.append((OVERRULE, given))
        asked_before = self._before is not None or OVERRULE in self._fields
        error = ""
        if needed and asked_before and self.reason is None:
            error = words.gettext("Say why. It is kept in the history.")
        reason = None
        if proposal.reason is not Reason.NONE or needed:
            reason = ReasonView(self.reason or "", needed, error)
        return ConsequencesView(proposal=proposal, reason=reason, hidden=tuple(hidden), **told)  # type: ignore[arg-type]
