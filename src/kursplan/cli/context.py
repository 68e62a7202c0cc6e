"""The context of an operator's command: the same parts as the running application.

Here, and nowhere else in the command, what can go wrong on the way to the database becomes words.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer

from kursplan.cli.clashes import refused_for
from kursplan.cli.output import Stop, refused
from kursplan.clock import Clock, SystemClock
from kursplan.domain.actors import Actor
from kursplan.domain.clashes import Clashing
from kursplan.domain.refusals import Refusal

if TYPE_CHECKING:
    from kursplan.desk.engine.desk import Desk
    from kursplan.desk.engine.rehearse import Rehearsed
    from kursplan.desk.engine.turn import Command
    from kursplan.domain.seen import Seen
    from kursplan.settings import Settings
    from kursplan.staff.flags import Flags
    from kursplan.store.engine.database import Database
    from kursplan.store.engine.rows import AnyRow
    from kursplan.store.engine.trouble import Work

T = TypeVar("T")

OrganizationOption = Annotated[
    str | None,
    typer.Option(
        "--organization",
        metavar="KEY",
        help="Which organization is meant; needed only where there are several.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document, for scripts.", show_default=False)
]
StudioOption = Annotated[
    str | None,
    typer.Option("--studio", metavar="KEY", help="Only what is in the studio with this key."),
]


@dataclass(frozen=True, slots=True)
class CommandContext:
    """One organization and what works for it."""

    settings: Settings
    database: Database
    desk: Desk
    clock: Clock
    organization_id: int
    organization_key: str
    actor: Actor
    reason: str | None
    """Why the command is given, as whoever gives it says."""

    async def read(self, query: Callable[..., T], *args: Any, **named: Any) -> T:
        """The answer to one of the store's queries, asked for this organization."""
        return await self.database.read(lambda tx: query(tx, self.organization_id, *args, **named))

    async def execute(self, command: Command[T | Refusal], seen: Seen | None = None) -> T:
        """Have the desk do it, if it still is as it was `seen`; a refusal stops the command and is told."""
        return await self.granted(await self.give(command, seen))

    async def give(self, command: Command[T | Refusal], seen: Seen | None) -> T | Refusal:
        """The same; a refusal is for the caller to look at."""
        return await self.desk.execute(command, by=self.actor, reason=self.reason, seen=seen)

    async def rehearse(self, command: Command[T | Refusal]) -> Rehearsed[T]:
        """What the desk would do; a refusal stops the command and is told."""
        rehearsed = await self.desk.rehearse(command)
        await self.granted(rehearsed.answer)
        return cast("Rehearsed[T]", rehearsed)

    async def flags_of(self, bookings: Iterable[AnyRow]) -> Flags:
        """What there is to say of these bookings, as staff see them."""
        from kursplan.staff.flags import flags_of

        return await flags_of(self.desk, self.database, self.organization_id, bookings)

    async def granted(self, answer: T | Refusal) -> T:
        """The answer; a refusal stops the command and is told."""
        if isinstance(answer, Clashing):
            raise refused_for(answer)
        if isinstance(answer, Refusal):
            from kursplan.staff.names import names_for

            raise refused(answer, await self.read(names_for, [answer]))
        return answer


def read_settings() -> Settings:
    """The settings, or all that is wrong with them."""
    from kursplan import settings

    try:
        return settings.read_settings(os.environ)
    except settings.BadSettings as bad:
        raise Stop(str(bad)) from bad


def system_user() -> str:
    """Who gives the command: their name on this machine, or their number where they have none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def with_organization(
    organization: str | None,
    task: Callable[[CommandContext], Awaitable[T]],
    *,
    reason: str | None = None,
) -> T:
    """Do `task` for the organization of that key, or for the only one there is.

    What it changes is kept under the name of the system user, with the `reason`.
    """

    async def run() -> T:
        settings = read_settings()
        async with database_of(settings) as database:
            found = await organizations(database)
            key = choose(found, organization)
            async with desk_of(database, settings) as (desk, clock):
                actor = Actor.command_line(system_user())
                why = (reason or "").strip() or None
                return await task(
                    CommandContext(settings, database, desk, clock, found[key], key, actor, why)
                )

    return asyncio.run(run())


def with_database(task: Callable[[Database], Awaitable[T]], *, checked: bool = True) -> T:
    """Do `task` with the database by itself; `checked` where it needs this version's schema."""

    async def run() -> T:
        async with database_of(read_settings(), checked=checked) as database:
            return await task(database)

    return asyncio.run(run())


@asynccontextmanager
async def database_of(settings: Settings, *, checked: bool = True) -> AsyncIterator[Database]:
    """The database that is set, while the block lasts; troubles with it stop the command."""
    from asyncpg import PostgresError
    from sqlalchemy.exc import DBAPIError

    from kursplan import logs
    from kursplan.desk.engine.desk import ChangedConcurrently, DeskBusy
    from kursplan.store.engine import schema
    from kursplan.store.engine.database import connect
    from kursplan.store.engine.trouble import DatabaseUnavailable

    logs.set_up_for_a_command()
    database = connect(
        settings.database_url,
        connections=settings.connections,
        lock_wait=settings.lock_wait_ms / 1000,
        statement=settings.statement_ms / 1000,
        silence=settings.silence_ms / 1000,
    )
    try:
        await database.check_setup()
        if checked:
            await schema.check(database)
        yield database
    except schema.SchemaOutdated as outdated:
        raise Stop(str(outdated)) from outdated
    except DatabaseUnavailable as unavailable:
        raise Stop(f"the database can't be used: {unavailable}") from unavailable
    except (DBAPIError, PostgresError, sqlite3.Error) as error:
        # The first line is the message; what follows may quote what is in the database.
        original = error.orig if isinstance(error, DBAPIError) and error.orig else error
        told = str(original.__cause__ or original).partition("\n")[0]
        raise Stop(f"the database can't be used: {told}") from error
    except DeskBusy as busy:
        raise Stop(f"the database can't do it now ({busy}); try again later") from busy
    except ChangedConcurrently as conflict:
        raise Stop("others changed the same at the same time; look, and try again") from conflict
    finally:
        await database.close()


@asynccontextmanager
async def desk_of(database: Database, settings: Settings) -> AsyncIterator[tuple[Desk, Clock]]:
    """A desk over the database, as the application has one."""
    from kursplan.desk.engine.desk import Desk
    from kursplan.metrics import Metrics

    clock = SystemClock()
    desk = Desk(database, clock, Metrics(), queue_limit=settings.queue_limit)
    try:
        yield desk, clock
    finally:
        await desk.close()


async def organizations(database: Database) -> dict[str, int]:
    """The ids of all organizations, by key."""
    from kursplan.store.entries import organizations as stored

    every: Work[dict[str, int]] = stored.every
    return await database.read(every)


def choose(found: dict[str, int], wanted: str | None) -> str:
    if not found:
        raise Stop(
            "there is no organization yet: load one with `kursplan gym load FILE`, or found one with "
            "`kursplan staff invite EMAIL --role owner --found NAME`"
        )
    if wanted is None:
        if len(found) > 1:
            raise Stop(f"there are several organizations: give --organization {_one_of(found)}", 2)
        return next(iter(found))
    if wanted not in found:
        raise Stop(f"there is no organization {wanted!r}: it is {_one_of(found)}")
    return wanted


def _one_of(found: dict[str, int]) -> str:
    return " or ".join(sorted(found)) if len(found) < 10 else f"one of {len(found)}"
