"""`kursplan gym`: an organization as one file, in and out."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.clashes import clash_documents, refused_for, tell_clashes
from kursplan.cli.office import (
    JsonOption,
    OrganizationOption,
    desk_of,
    in_office,
    read_settings,
    with_database,
)
from kursplan.cli.output import Stop, counted, document, say, table

if TYPE_CHECKING:
    from kursplan.cli.office import Office
    from kursplan.gymfile import Mistake, Summary
    from kursplan.store.database import Database

app = typer.Typer(no_args_is_help=True, help="An organization as one file.")

MOST_MISTAKES = 100
"""How many mistakes of a file are told, a line each."""


@app.command()
def load(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="The gym file, YAML or JSON; `-` reads standard input.",
            allow_dash=True,
        ),
    ],
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Only say what would change.", show_default=False),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring what differs from a gym file into the database; loading it again changes nothing.

    Where the file has mistakes they are told, and nothing is changed.
    """
    from kursplan import gymfile
    from kursplan.webhooks.targets import Targets

    settings = read_settings()
    targets = Targets(insecure=settings.webhooks_insecure)
    try:
        gym_file = gymfile.read(_text(file))

        async def task(database: Database) -> Summary:
            async with desk_of(database, settings) as (desk, clock):
                if dry_run:
                    return await gymfile.preview(database, clock, gym_file, targets=targets)
                with progress_of_loading() as progress:
                    return await gymfile.load(
                        desk,
                        database,
                        clock,
                        gym_file,
                        progress=progress,
                        horizon_days=settings.horizon_days,
                        targets=targets,
                    )

        summary = with_database(task)
    except gymfile.GymFileMistakes as wrong:
        raise Stop(_told(wrong.mistakes)) from wrong
    except gymfile.Clashes as refused:
        raise refused_for(refused.clashing) from refused
    if json:
        document({**_counts(summary), "clashes": clash_documents(summary.clashes)})
        return
    tell_clashes(summary.clashes)
    if summary.nothing:
        say("Nothing would change." if dry_run else "Nothing had to be changed.")
        return
    table(
        ("Would change" if dry_run else "Changed", "New", "Changed", "Removed"),
        (
            (section, count.created, count.changed, count.removed)
            for section, count in summary.sections.items()
            if count.created or count.changed or count.removed
        ),
        empty="",
    )


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

    async def task(office: Office) -> str:
        return await gymfile.dump(office.database, office.clock, office.organization_key, sections)

    text = in_office(organization, task).encode()
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


def _text(file: Path) -> bytes:
    """What the file holds, as far as a gym file may go: a pipe may never end."""
    from kursplan.gymfile import LONGEST_FILE

    try:
        if str(file) == "-":
            return sys.stdin.buffer.read(LONGEST_FILE + 1)
        with file.open("rb") as opened:
            return opened.read(LONGEST_FILE + 1)
    except OSError as error:
        raise Stop(f"can't read {file}: {error.strerror}") from error


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


def _counts(summary: Summary) -> dict[str, dict[str, int]]:
    return {
        section: {"created": count.created, "changed": count.changed, "removed": count.removed}
        for section, count in summary.sections.items()
    }
