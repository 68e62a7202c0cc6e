"""`kursplan gym`: an organization as one file, in and out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.clashes import refused_for
from kursplan.cli.consent import YesOption
from kursplan.cli.context import (
    JsonOption,
    OrganizationOption,
    desk_of,
    read_settings,
    system_user,
    with_database,
    with_organization,
)
from kursplan.cli.files import bytes_of
from kursplan.cli.output import Stop, counted, document, say

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.gymfile import Differences, Foretold, Mistake
    from kursplan.store.engine.database import Database

app = typer.Typer(no_args_is_help=True, help="An organization as one file.")

MOST_MISTAKES = 100
"""How many mistakes of a file are told, a line each."""


class Side(StrEnum):
    """Who wins where both changed the same."""

    FILE = "file"


FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="The gym file, YAML or JSON; `-` reads standard input.",
        allow_dash=True,
    ),
]
PreferOption = Annotated[
    Side | None,
    typer.Option(
        "--prefer",
        help="Who wins where both the file and others changed the same: `file`, or else they do.",
    ),
]
RemoveOption = Annotated[
    bool,
    typer.Option(
        "--remove",
        help="Take away what the file had the last time, and has no longer.",
        show_default=False,
    ),
]
NewOption = Annotated[
    bool,
    typer.Option(
        "--new", help="Found another organization, by the key in the file.", show_default=False
    ),
]


@app.command()
def load(
    file: FileArgument,
    prefer: PreferOption = None,
    remove: RemoveOption = False,
    new: NewOption = False,
    yes: YesOption = False,
    takes: Annotated[
        int | None,
        typer.Option(
            "--takes",
            metavar="NUMBER",
            min=0,
            help="How many bookings it takes from people: to be said where that is a large share.",
        ),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Only say what would change, and for whom.", show_default=False
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring what a gym file changed into the database; loading it again changes nothing.

    What others changed is left as it is; where the file changed it too, that is told, and the command
    ends with status 3. Where the file has mistakes they are told, and nothing is changed.
    """
    from kursplan import gymfile
    from kursplan.cli import gym_load
    from kursplan.domain.actors import Actor
    from kursplan.webhooks.egress import EgressPolicy

    settings = read_settings()
    how: dict[str, Any] = {
        "wish": gymfile.Wish(prefer_file=prefer is Side.FILE, remove=remove),
        "new": new,
        "egress": EgressPolicy(insecure=settings.webhooks_insecure),
        "horizon_days": settings.horizon_days,
    }
    with _mistakes_told():
        gym_file = gymfile.read(bytes_of(file, gymfile.LONGEST_FILE))

        async def task(database: Database) -> Foretold:
            async with desk_of(database, settings) as (desk, clock):
                foretold = await gymfile.rehearse(desk, database, clock, gym_file, **how)
                if dry_run:
                    return foretold
                gym_load.agree(foretold, yes=yes, takes=takes)
                with progress_of_loading() as progress:
                    by = Actor.gym_file(file.name, system_user())
                    done = await gymfile.load(
                        desk, database, clock, gym_file, by=by, progress=progress, **how
                    )
                return replace(foretold, differences=done)

        foretold = with_database(task)
    if json:
        document(gym_load.as_document(foretold, dry_run=dry_run))
    else:
        if dry_run:
            for line in gym_load.told(foretold, will="would"):
                say(line)
        gym_load.counts(foretold.differences, dry_run=dry_run)
        for line in gym_load.notes(foretold.differences):
            say(line, err=True)
    if foretold.differences.conflicts:
        raise typer.Exit(gym_load.CONFLICTS_LEFT)


@app.command()
def diff(
    file: FileArgument,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="End with status 3 where something differs.", show_default=False
        ),
    ] = False,
    new: NewOption = False,
    json: JsonOption = False,
) -> None:
    """Say where a gym file and the database differ, and what loading would do about it.

    `+` would be new, `~` would change, `!` was changed by the file and by others and is left alone, `=`
    was changed by others alone and is left alone, `?` is no longer in the file and stays.
    """
    from kursplan import gymfile
    from kursplan.cli import gym_load
    from kursplan.clock import SystemClock
    from kursplan.webhooks.egress import EgressPolicy

    egress = EgressPolicy(insecure=read_settings().webhooks_insecure)
    with _mistakes_told():
        gym_file = gymfile.read(bytes_of(file, gymfile.LONGEST_FILE))

        async def task(database: Database) -> Differences:
            return await gymfile.preview(database, SystemClock(), gym_file, new=new, egress=egress)

        found = with_database(task)
    if json:
        document(gym_load.differences_as_document(found))
    else:
        for line in gym_load.difference_lines(found):
            say(line)
        if not found.differs:
            say("The file and the database say the same.")
    if exit_code and found.differs:
        raise typer.Exit(gym_load.CONFLICTS_LEFT)


@app.command()
def dump(
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write there instead of to standard output."
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="SECTION",
            help="Write this section, like customers, and no other; may be given several times.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="SECTION",
            help="Leave this section out; may be given several times.",
        ),
    ] = None,
    organization: OrganizationOption = None,
) -> None:
    """Write the organization as a gym file, as it stands now; in UTF-8, whatever the terminal's is.

    The organization itself is always in it. What a part refers to is looked for among what is
    stored when it is loaded.
    """
    from kursplan import gymfile

    sections = _sections(only or gymfile.SECTIONS) - _sections(without or ())

    async def task(context: CommandContext) -> str:
        return await gymfile.dump(
            context.database, context.clock, context.organization_key, sections
        )

    text = with_organization(organization, task).encode()
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        _write_whole(output, text)
    except OSError as error:
        raise Stop(f"can't write {output}: {error.strerror}") from error


@app.command()
def schema() -> None:
    """Write the JSON Schema of gym files, by which editors check and complete them."""
    from kursplan.gymfile import SCHEMA_TEXT

    typer.echo(SCHEMA_TEXT.rstrip("\n").encode())


def _sections(named: Iterable[str]) -> frozenset[str]:
    """The sections of those names."""
    from kursplan.gymfile import SECTIONS

    wanted = frozenset(each.strip().lower() for each in named)
    if strange := sorted(wanted - {*SECTIONS}):
        names = ", ".join(SECTIONS)
        if strange == ["organization"]:
            raise Stop(f"the organization itself is in every gym file; sections are {names}", 2)
        raise Stop(f"a gym file has no section {' and no '.join(strange)}: there are {names}", 2)
    return wanted


@contextmanager
def progress_of_loading() -> Iterator[Callable[[str, int, int], None]]:
    """Shows how far loading is, on standard error and only where somebody looks at it."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    console = Console(stderr=True)
    bars: dict[str, TaskID] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as shown:

        def tell(section: str, done: int, total: int) -> None:
            if section not in bars:
                bars[section] = shown.add_task(section, total=total)
            shown.update(bars[section], completed=done, total=total)

        yield tell


@contextmanager
def _mistakes_told() -> Iterator[None]:
    from kursplan.gymfile import Clashes, GymFileMistakes

    try:
        yield
    except GymFileMistakes as wrong:
        raise Stop(_told(wrong.mistakes)) from wrong
    except Clashes as refused:
        raise refused_for(refused.clashing) from refused


def _write_whole(output: Path, text: bytes) -> None:
    """Write the file, or leave what was there before: never a part, and never nothing."""
    if output.exists() and not output.is_file():
        output.write_bytes(text)  # A device or a pipe has nothing to keep.
        return
    output = output.resolve()
    partial = output.with_name(f".{output.name}.partial")
    try:
        partial.write_bytes(text)
        partial.replace(output)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise


def _told(mistakes: Sequence[Mistake]) -> str:
    """The first of them, a line each, and how many there are beyond."""
    lines = [str(each) for each in mistakes[:MOST_MISTAKES]]
    if further := len(mistakes) - len(lines):
        lines.append(f"… and {counted(further, 'further mistake')}")
    return "\n".join(lines)
