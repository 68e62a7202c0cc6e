"""Before anything is taken from people: say from whom, and ask.

A command that would cancel, flag or move somebody's booking is rehearsed first. On a terminal it asks;
scripts say `--yes`; `--dry-run` says what would be and does nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from kursplan.cli.clashes import clash_documents, tell_clashes
from kursplan.cli.output import Stop, counted, document, local_time, say, words, zoned
from kursplan.domain.consequences import Becomes
from kursplan.staff.refusals import clause, rule_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kursplan.cli.context import CommandContext
    from kursplan.desk.engine.rehearse import Change, Rehearsed
    from kursplan.desk.engine.turn import Command
    from kursplan.domain.events import EventType
    from kursplan.domain.refusals import Refusal

T = TypeVar("T")

YesOption = Annotated[
    bool,
    typer.Option(
        "--yes", help="Don't ask, also where something is taken from people.", show_default=False
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Only say what would be, and for whom.", show_default=False),
]
ReasonOption = Annotated[
    str | None,
    typer.Option("--reason", metavar="TEXT", help="Why, for the record; partners don't see it."),
]

_SAID = {
    Becomes.CANCELLED: "loses",
    Becomes.FLAGGED: "keeps, but would be refused today:",
    Becomes.MOVED: "is moved with",
    Becomes.MADE: "gets",
    Becomes.BACK: "is back on",
    Becomes.PROMOTED: "moves up on",
    Becomes.OTHERWISE: "has a change to",
}


async def with_consent(
    context: CommandContext,
    command: Command[T | Refusal],
    *,
    yes: bool,
    dry_run: bool,
    json: bool,
    always: str | None = None,
) -> T:
    """Have `command` done, once whoever it takes something from was named and it was agreed to.

    What was named is what is done: where others changed it meanwhile, nothing is, and they are told what.

    `always` says what is taken where no booking tells it, so that it is asked about in any case.
    """
    from kursplan.domain.seen import ChangedMeanwhile

    if yes and not dry_run:
        return await context.execute(command)
    rehearsed = await context.rehearse(command)
    while not (dry_run or rehearsed.taken or always):
        answer = await context.give(command, rehearsed.seen)
        if not isinstance(answer, ChangedMeanwhile):
            return await context.granted(answer)
        # Nobody was shown anything yet, and by now it may take something from people.
        rehearsed = await context.rehearse(command)
    if dry_run:
        _tell_dry_run(rehearsed, always, json=json)
        raise typer.Exit
    for line in _consequences(rehearsed.changes, always):
        say(line, err=True)
    if not sys.stdin.isatty():
        raise Stop(
            "nothing was done: this takes something from people, and there is no terminal to ask "
            "on. See it with --dry-run; give --yes to do it.",
            2,
        )
    if not typer.confirm("Do it?", err=True):
        raise Stop("nothing was done")
    return await context.execute(command, rehearsed.seen)


def _consequences(changes: Iterable[Change], always: str | None) -> list[str]:
    lines = [] if always is None else [always]
    return [*lines, *(said(each) for each in changes if each.becomes is not Becomes.OTHERWISE)]


def said(change: Change) -> str:
    """What becomes of a booking, with whose it is."""
    why = f" ({clause(change.conflict)})" if change.becomes is Becomes.FLAGGED else ""
    who = change.name or f"Customer {change.customer_id}"
    when = local_time(change.starts_at, change.zone)
    return (
        f"{who} {_SAID[change.becomes]} {change.title}, {when}{why} (booking {change.booking_id})."
    )


def _tell_dry_run(rehearsed: Rehearsed[Any], always: str | None, *, json: bool) -> None:
    from kursplan.desk.clashes import clashes_of

    clashes = clashes_of(rehearsed.answer)
    if json:
        document(
            {
                "dry_run": True,
                "bookings": [as_json(each) for each in rehearsed.changes],
                "events": dict(rehearsed.told),
                "clashes": clash_documents(clashes),
            }
        )
        return
    lines = _consequences(rehearsed.changes, always)
    for line in lines or ["Nobody would notice."]:
        say(line)
    tell_clashes(clashes)
    say(f"Partners would be told: {events(rehearsed.told)}. Nothing was done.")


def events(told: Mapping[EventType, int]) -> str:
    return ", ".join(counted(n, words(each), words(each)) for each, n in told.items()) or "nothing"


def as_json(each: Change) -> dict[str, object]:
    return {
        "booking_id": each.booking_id,
        "customer_id": each.customer_id,
        "customer_name": each.name,
        "slot_id": each.slot_id,
        "title": each.title,
        "starts_at": zoned(each.starts_at, each.zone),
        "becomes": each.becomes,
        "conflict": rule_of(each.conflict),
    }
