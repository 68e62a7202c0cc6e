"""`kursplan import bookings`: match, rehearse, tell, do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kursplan.cli.output import counted, say, tell_some
from kursplan.cli.studio import studio_by_key

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.imports.bookings import BookingsPlan, Wanted
    from kursplan.imports.switch_over import Outcome, SwitchOver


async def switch_over(context: CommandContext, studio: str) -> SwitchOver:
    """What works for the studio of that key. Raises `Stop`."""
    from kursplan.imports.switch_over import SwitchOver

    home = await studio_by_key(context, studio)
    return SwitchOver(
        context.desk,
        context.database,
        context.clock,
        context.organization_id,
        home.id,
        ZoneInfo(home.zone),
    )


def tell(plan: BookingsPlan, outcome: Outcome) -> None:
    """What is in conflict with the rules, in doubt, and left out."""
    from kursplan.staff.refusals import NOBODY, sentence

    names = outcome.names or NOBODY
    tell_some(
        ("Conflict: line", "Customer", "Class", "At", "Because"),
        [
            (*_who_and_where(each), f"{sentence(refusal, names)} ({refusal.kind.rule})")
            for each, refusal in outcome.conflicts
        ],
    )
    tell_some(
        ("Waits: line", "Customer", "Class", "At"),
        [_who_and_where(each) for each in outcome.waiting],
    )
    tell_some(
        ("In doubt", "Line", "Because"),
        [(each.person.called, each.person.row.line, each.because) for each in plan.doubtful],
    )
    tell_some(
        ("Refused: line", "Because"),
        [(each.row.line, "; ".join(each.reasons)) for each in plan.refused],
    )


def tell_end(plan: BookingsPlan, outcome: Outcome, *, is_done: bool) -> None:
    say()
    said = [
        f"{len(outcome.booked)} booked",
        f"{len(outcome.waiting)} waiting",
        f"{len(outcome.there)} there already",
        counted(len(outcome.conflicts), "conflict"),
        f"{plan.leaves_out} left out",
        f"{plan.past} past",
        f"{plan.given_up} given up there",
    ]
    say(f"{', '.join(said)}.")
    say("Done." if is_done else "Nothing was done.")


def as_document(plan: BookingsPlan, outcome: Outcome, *, is_done: bool) -> dict[str, Any]:
    from kursplan.staff.refusals import NOBODY, facts_of

    names = outcome.names or NOBODY
    return {
        "done": is_done,
        "booked": [each.line for each in outcome.booked],
        "waiting": [each.line for each in outcome.waiting],
        "there_already": [each.line for each in outcome.there],
        "conflicts": [
            {
                "line": each.line,
                "customer": each.who.key,
                "slot_id": each.slot.id,
                "conflict": refusal.kind.rule,
                "refusal": facts_of(refusal, names),
            }
            for each, refusal in outcome.conflicts
        ],
        "doubtful": [
            {
                "line": each.person.row.line,
                "because": each.because,
                "candidates": [who.key for who in each.candidates],
            }
            for each in plan.doubtful
        ],
        "refused": [
            {"line": each.row.line, "reasons": list(each.reasons)} for each in plan.refused
        ],
        "past": plan.past,
        "given_up": plan.given_up,
    }


def _who_and_where(each: Wanted) -> tuple[int, str, str, str]:
    return each.line, each.who.called, each.slot.title, f"{each.slot.start:%a %Y-%m-%d %H:%M}"
