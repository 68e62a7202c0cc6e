"""`kursplan import members`: match, tell, do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kursplan.cli import import_read
from kursplan.cli.output import counted, say, tell_some
from kursplan.cli.studio import studio_by_key

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.domain.actors import Actor
    from kursplan.imports.match import Change, Doubtful, Matched
    from kursplan.imports.members import Plan
    from kursplan.imports.understand import Understanding


async def planned(
    context: CommandContext,
    found: Understanding,
    studio: str,
    answer: Callable[[Doubtful], str | None],
) -> Plan:
    """What would become of the members of the studio. Raises `Stop`."""
    from kursplan.imports import members

    home = await studio_by_key(context, studio)
    everybody = await context.read(members.everybody_stored)
    today = context.clock.now().astimezone(ZoneInfo(home.zone)).date()
    return members.plan(found, everybody, home.key, today, answer)


async def bring(
    context: CommandContext,
    plan: Plan,
    about: str,
    progress: Callable[[str, int, int], None],
    by: Actor,
) -> None:
    """Load the gym file that is made of it."""
    from kursplan.imports import members

    await members.bring(
        context.desk,
        context.database,
        context.clock,
        plan,
        context.organization_key,
        about,
        progress,
        by,
    )


def _row(of: Matched, change: Change) -> tuple[object, ...]:
    """A member of somebody that is told otherwise in the file."""
    member = change.member.replace("_", " ")
    return of.who.called, of.person.row.line, member, change.before, change.after


def tell(plan: Plan) -> None:
    """What would come of it."""
    changed = (_row(each, one) for each in plan.changed for one in each.changes)
    tell_some(("Changed", "Line", "Member", "From", "To"), changed)
    left = (_row(each, one) for each in plan.left for one in each.left)
    here = ("Left as it is here", "Line", "Member", "Here", "In the file, as before")
    tell_some(here, left)
    tell_some(
        ("In doubt", "Line", "Because"),
        ((each.person.called, each.person.row.line, each.because) for each in plan.doubtful),
    )
    tell_some(
        ("Refused: line", "Because"),
        ((each.row.line, "; ".join(each.reasons)) for each in plan.refused),
    )
    tell_some(
        ("Repeated: line", "Says the same as line"),
        ((each.person.row.line, each.line) for each in plan.repeated),
    )


def tell_end(plan: Plan, *, done: bool, dry_run: bool, refused: Path | None) -> None:
    """How many of each kind, and what became of them."""
    counts = [
        counted(plan.new, "new customer"),
        f"{len(plan.changed)} changed",
        f"{plan.unchanged} as they were",
    ]
    if plan.repeated:
        counts.append(f"{len(plan.repeated)} repeated")
    if plan.doubtful:
        counts.append(f"{len(plan.doubtful)} in doubt")
    if plan.refused:
        counts.append(f"{len(plan.refused)} refused")
    say()
    say(f"{', '.join(counts)}.")
    if not plan.changes_something:
        say("There is nothing to change.")
    elif dry_run:
        say("Nothing was done.")
    elif done:
        say("Done.")
    if plan.leaves_out:
        rows = counted(plan.leaves_out, "row")
        if refused is None:
            say(f"{rows} left out: --refused FILE writes them for you to mend.", err=True)
        else:
            say(f"{rows} left out: mend them in {refused}, and import that.", err=True)


def as_document(found: Understanding, plan: Plan, *, done: bool) -> dict[str, Any]:
    return {
        "understood": import_read.as_document(found),
        "done": done,
        "new": plan.new,
        "unchanged": plan.unchanged,
        "changed": [
            {
                "line": each.person.row.line,
                "customer": each.who.key,
                "changes": [
                    {"member": one.member, "from": one.before, "to": one.after}
                    for one in each.changes
                ],
            }
            for each in plan.changed
        ],
        "left": [
            {
                "line": each.person.row.line,
                "customer": each.who.key,
                "members": [one.member for one in each.left],
            }
            for each in plan.left
        ],
        "repeated": [
            {"line": each.person.row.line, "same_as_line": each.line} for each in plan.repeated
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
    }
