"""Whether a backup is one: it is restored into a copy, which the doctor looks at.

What the house would put right within moments, such as who moves up into a seat that has just become
free, is no finding: where there is one, the house may work in the copy before the second look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import typer

from kursplan.cli.context import database_of, desk_of, organizations, read_settings
from kursplan.cli.doctor import examine_twice
from kursplan.cli.output import Stop, counted, say
from kursplan.clock import SystemClock, stopwatch

if TYPE_CHECKING:
    from kursplan.doctor import Finding
    from kursplan.settings import Settings
    from kursplan.store.engine.database import Database

ROUNDS = 10_000
"""How often the house goes round in a copy, at most, until there is nothing left to do."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What is in a backup."""

    revision: str | None
    """Of its schema."""
    is_behind: bool
    upgrade_seconds: float
    """How long the copy took to be brought to this version's."""
    findings: dict[str, list[Finding]]
    """By organization."""


def is_a_dump(file: Path) -> bool:
    """Whether it is one of PostgreSQL's. Raises OSError."""
    from kursplan.store.engine.postgres_dump import MAGIC

    with file.open("rb") as opened:
        return opened.read(len(MAGIC)) == MAGIC


def say_whether_it_can_be_restored(file: Path) -> None:
    """Tell what is in the backup; where it is none, or not content, the command ends with status 1."""
    from kursplan.store.engine import schema

    settings = read_settings()
    with _restored_beside(file, settings.database_url) as url:
        checked = asyncio.run(_check(replace(settings, database_url=url)))
    for key, found in checked.findings.items():
        say(f"{key}: {counted(len(found), 'finding')}." if found else f"{key}: all is well.")
        for each in found:
            say(f"  {each.invariant}: {each.says}")
    if any(checked.findings.values()):
        raise typer.Exit(1)
    say(f"{file} can be restored: it has schema {checked.revision}.")
    if checked.is_behind:
        say(
            f"`kursplan db upgrade` brings it to {schema.newest()}; in the copy that took"
            f" {checked.upgrade_seconds:.1f} seconds."
        )


@contextmanager
def _restored_beside(file: Path, set_url: str) -> Iterator[str]:
    """The URL of a copy of what the backup holds, as long as the block lasts. Raises `Stop`."""
    from sqlalchemy import make_url

    from kursplan.ids import new_trace_id
    from kursplan.store.engine.backup import CannotRestore, copied
    from kursplan.store.engine.postgres_dump import ProgramFailed, empty_database, restore

    try:
        if not is_a_dump(file):
            with TemporaryDirectory(prefix="kursplan-check-") as folder:
                copy = Path(folder) / "kursplan.db"
                copied(file, copy)
                yield f"sqlite:///{copy}"
            return
        url = make_url(set_url)
        if url.get_backend_name() == "sqlite":
            raise Stop(
                f"{file} is a dump of PostgreSQL: set KURSPLAN_DATABASE_URL to a database of a server"
                " on which a copy of it can be made"
            )
        with empty_database(url, f"kursplan_check_{new_trace_id()}") as beside:
            restore(beside, file)
            yield beside.render_as_string(hide_password=False)
    except CannotRestore as reason:
        raise Stop(str(reason)) from reason
    except ProgramFailed as reason:
        raise Stop(f"{file} can't be restored into a copy: {reason}") from reason
    except OSError as error:
        raise Stop(f"{file} can't be restored into a copy: {error.strerror}") from error


async def _check(settings: Settings) -> Checked:
    from kursplan.store.engine import schema

    async with database_of(settings, checked=False) as database:
        standing = await schema.standing(database)
        began = stopwatch()
        await schema.upgrade(database)
        took = stopwatch() - began
        found = await organizations(database)

        async def let_the_house_work() -> None:
            await _work(database, settings)

        findings = await examine_twice(database, SystemClock(), found, let_the_house_work)
        return Checked(standing.revision, standing.is_behind, took, findings)


async def _work(database: Database, settings: Settings) -> None:
    """Do in the copy what would be done by itself where it was restored and served now."""
    from kursplan.metrics import Metrics
    from kursplan.store.rules import clock as stored
    from kursplan.work.house_clock import HouseClock
    from kursplan.work.loop import Background

    now = SystemClock().now()
    # However old the backup is: the clock does not leap, the copy does.
    await database.write(lambda tx: stored.see(tx, now))
    async with desk_of(database, settings) as (desk, clock):
        background = Background(
            desk, database, HouseClock(clock), Metrics(), horizon_days=settings.horizon_days
        )
        for _ in range(ROUNDS):
            if not await background.round():
                return
