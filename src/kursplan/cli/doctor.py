"""`kursplan doctor`: whether what is stored keeps the promises of the house, and mends it.

The database may be in use meanwhile. So what is found is looked at a second time after a while,
and only what is still there is told: the rest was in motion.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.context import (
    JsonOption,
    OrganizationOption,
    choose,
    desk_of,
    organizations,
    read_settings,
    system_user,
    with_database,
)
from kursplan.cli.doctor_note import leave_note
from kursplan.cli.output import Stop, counted, document, say
from kursplan.clock import Clock, SystemClock, stopwatch

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from kursplan.desk.engine.desk import Desk
    from kursplan.doctor import Finding
    from kursplan.domain.actors import Actor
    from kursplan.store.engine.database import Database


def doctor(
    organization: OrganizationOption = None,
    patience: Annotated[
        float,
        typer.Option(
            "--patience",
            metavar="SECONDS",
            min=0,
            max=600,
            help="How long to wait before looking a second time at what was found.",
        ),
    ] = 10.0,
    mend: Annotated[
        bool,
        typer.Option(
            "--mend",
            help="Put right what has one right value: counts, times, what follows class, series "
            "and zone, who gives what, flags. Partners are told of what changes.",
        ),
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            help="Say nothing where all is well, for cron; notes are not told at all.",
            show_default=False,
        ),
    ] = False,
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FILE",
            help="Leave there when it was and how much was found, for the textfile collector of "
            "node_exporter.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Examine the database: are seats counted right, is everything told, does nobody wait in vain?

    Changes nothing unless `--mend` is given, and may run while the server does. The exit status is 0
    where all is well, or is by now, and 1 where something is left or nothing could be examined; ask for
    help then, the findings name what to look at. Notes are for staff: an instructor or a room twice at the same time, where
    the studio does not refuse that.
    """
    from kursplan.domain.actors import Actor

    if quiet and json:
        raise Stop("--json always writes a document: leave --quiet out", 2)
    if metrics is not None and organization is not None:
        raise Stop("--metrics is about all organizations: leave --organization out", 2)
    moment, began = SystemClock().now(), stopwatch()
    mended: dict[str, list[Finding]] = {}
    noted: dict[str, list[Finding]] = {}

    async def task(database: Database) -> dict[str, list[Finding]]:
        found = await organizations(database)
        if organization is not None:
            found = {organization: found[choose(found, organization)]}
        if not quiet:
            noted.update(await _notes(database, SystemClock(), found))
        pause = partial(asyncio.sleep, patience)
        findings = await examine_twice(database, SystemClock(), found, pause)
        if mend and any(findings.values()):
            async with desk_of(database, read_settings()) as (desk, _):
                await put_right(desk, Actor.command_line(system_user()), found, findings)
            left = await examine_twice(database, SystemClock(), found, pause)
            mended.update(
                (key, [each for each in findings[key] if each not in left[key]]) for key in found
            )
            return left
        return findings

    findings = with_database(task)
    healthy = not any(findings.values())
    if metrics is not None:
        every = [each for found in findings.values() for each in found]
        leave_note(metrics, every, len(findings), moment, stopwatch() - began)
    if json:
        document(
            {
                "healthy": healthy,
                "organizations": list(findings),
                "findings": _listed(findings),
                "mended": _listed(mended),
                "notes": _listed(noted),
            }
        )
    else:
        for key, repaired in mended.items():
            for each in repaired:
                say(f"{key}: mended: {each.says}")
        for key, found in findings.items():
            if found or not quiet:
                say(
                    f"{key}: {counted(len(found), 'finding')}." if found else f"{key}: all is well."
                )
            for each in found:
                say(f"  {each.invariant}: {each.says}")
            for each in noted.get(key, ()):
                say(f"  note: {each.says}")
        if not findings and not quiet:
            say("There is no organization yet.")
    if not healthy:
        raise typer.Exit(1)


def _listed(findings: dict[str, list[Finding]]) -> list[dict[str, object]]:
    return [
        {"organization": key, **asdict(each)} for key, found in findings.items() for each in found
    ]


async def put_right(
    desk: Desk, by: Actor, found: dict[str, int], findings: dict[str, list[Finding]]
) -> None:
    """Do what is to be done about the findings, as far as they have one right value."""
    from kursplan.desk.mend import mending

    for key, of in findings.items():
        for command in mending(found[key], of):
            await desk.execute(command, by=by, reason="found by the doctor")


async def examine_twice(
    database: Database, clock: Clock, found: dict[str, int], pause: Callable[[], Awaitable[None]]
) -> dict[str, list[Finding]]:
    """What is found in each of the organizations, and is still found after a pause."""
    first = await _look(database, clock, found)
    if not any(first.values()):
        return first
    await pause()
    second = await _look(database, clock, {key: found[key] for key in first if first[key]})
    return {
        key: [each for each in second.get(key, ()) if each in before]
        for key, before in first.items()
    }


async def _notes(
    database: Database, clock: Clock, found: dict[str, int]
) -> dict[str, list[Finding]]:
    from kursplan.doctor import notes

    return await _in_all(database, found, lambda: partial(notes, now=clock.now()))


async def _look(
    database: Database, clock: Clock, found: dict[str, int]
) -> dict[str, list[Finding]]:
    from kursplan.doctor import examine

    settings = read_settings()
    kept = timedelta(days=min(settings.events_kept_days, settings.history_kept_days))
    return await _in_all(database, found, lambda: partial(examine, now=clock.now(), kept=kept))


async def _in_all(
    database: Database, found: dict[str, int], look: Callable[[], Callable[..., list[Finding]]]
) -> dict[str, list[Finding]]:
    """What the look of that moment finds in each organization, some at a time."""
    from kursplan.doctor import AT_ONCE, in_several

    keys = list(found)
    findings: dict[str, list[Finding]] = {}
    for at in range(0, len(keys), AT_ONCE):
        some = keys[at : at + AT_ONCE]
        of = [found[key] for key in some]
        seen = await database.read(partial(in_several, organization_ids=of, look=look()))
        findings.update((key, seen[found[key]]) for key in some)
    return findings
