"""`kursplan import`: what another system exported, read, told, and brought in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli import import_read
from kursplan.cli.booking import OverruleOption, rules_set_aside
from kursplan.cli.clashes import refused_for
from kursplan.cli.consent import ReasonOption, YesOption
from kursplan.cli.context import JsonOption, OrganizationOption, system_user, with_organization
from kursplan.cli.files import write_for_the_owner
from kursplan.cli.gym import progress_of_loading
from kursplan.cli.import_read import Given
from kursplan.cli.output import Stop, document
from kursplan.domain.actors import Actor
from kursplan.imports.heads import FIELDS, Subject

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.domain.clashes import Clash
    from kursplan.imports.bookings import BookingsPlan
    from kursplan.imports.members import Plan
    from kursplan.imports.plan_timetable import TimetablePlan
    from kursplan.imports.switch_over import Outcome

app = typer.Typer(no_args_is_help=True, help="Bring in what another system exported.")


def _fields(subject: Subject) -> str:
    """What a column can be, for the end of the help."""
    known = ", ".join(each for each in FIELDS[subject] if each != "same_as")
    return f"Fields: {known}. The guide, with the systems that are known: `kursplan docs imports`."


SOMETHING_LEFT_OUT = 3
"""The exit status where rows were left out, for somebody to look at."""

FileArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", help="What was exported; `-` reads standard input.", allow_dash=True
    ),
]
HomeOption = Annotated[
    str,
    typer.Option("--studio", metavar="KEY", help="The studio that the file is of, by its key."),
]
MappingOption = Annotated[
    Path | None,
    typer.Option(
        "--mapping", metavar="FILE", help="How to read it, as --keep-mapping wrote it before."
    ),
]
KeepMappingOption = Annotated[
    Path | None,
    typer.Option(
        "--keep-mapping", metavar="FILE", help="Write there how it is read, for the next time."
    ),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar="HEAD=FIELD",
        help="What a column is, like 'Handynr=phone'; 'HEAD=not used' leaves it out.",
    ),
]
ValueOption = Annotated[
    list[str] | None,
    typer.Option(
        "--value",
        metavar="FIELD:TEXT=WORD",
        help="What a word of the file means, like 'status:Gekündigt=MEMBER'; IGNORED is nothing.",
    ),
]
DatesOption = Annotated[
    str | None,
    typer.Option(
        "--dates",
        metavar="ORDER",
        help="How days are written where no cell proves it: day-month-year or month-day-year.",
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Its encoding, where that can't be told."),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="SIGN", help="What divides its cells: `;`, `,` or `tab`."),
]
SheetOption = Annotated[
    str | None, typer.Option("--sheet", metavar="NAME", help="Which sheet of a workbook.")
]
KeepOption = Annotated[
    Path | None,
    typer.Option("--keep", metavar="FILE", help="Write there the gym file that is made of it."),
]
RefusedOption = Annotated[
    Path | None,
    typer.Option(
        "--refused", metavar="FILE", help="Write there the rows that are left out, to be mended."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Only say what would be done.", show_default=False)
]


@app.command(epilog=_fields(Subject.MEMBERS))
def members(
    file: FileArgument,
    studio: HomeOption,
    mapping: MappingOption = None,
    column: ColumnOption = None,
    value: ValueOption = None,
    dates: DatesOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    keep_mapping: KeepMappingOption = None,
    keep: KeepOption = None,
    refused: RefusedOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Bring in a list of members.

    It is CSV in any form, or a workbook (XLSX). The command says what it understood, shows what would change, asks, and does it. Who is stored already is
    found by number, or else by e-mail and name; memberships are left alone. Rows that can't be taken, or
    whose person is in doubt, are left out: the command ends with status 3 then.
    """
    from kursplan.cli import import_members
    from kursplan.imports.members import as_gym_file, in_doubt
    from kursplan.imports.to_mend import rows_to_mend

    given = Given(mapping, column, value, dates, encoding, delimiter, sheet)
    asks = import_read.may_ask() and not yes and not json
    found = import_read.understood(file, import_read.exported(file), Subject.MEMBERS, given)
    if not json:
        import_read.tell(found)
    if not found.has_names:
        import_read.require(found, "last_name")
    import_read.settle(found, ask=asks)
    about = f"Members of {studio}, imported from {file.name}."
    answer = import_read.Answers().of if asks else in_doubt

    async def task(context: CommandContext) -> tuple[Plan, bool]:
        plan = await import_members.planned(context, found, studio, answer)
        if not json:
            import_members.tell(plan)
        if keep_mapping is not None:
            import_read.keep_mapping(found, keep_mapping)
        if keep is not None:
            write_for_the_owner(keep, as_gym_file(plan, context.organization_key, about))
        if refused is not None and plan.leaves_out:
            rows = rows_to_mend(found.table, plan.doubtful, plan.refused)
            write_for_the_owner(refused, rows)
        if dry_run or not plan.changes_something:
            return plan, False
        if _agreed(yes=yes, json=json):
            now = await import_members.planned(context, found, studio, answer)
            _still(plan.fingerprint, now.fingerprint)
        with _loading() as progress:
            await import_members.bring(context, plan, about, progress, _importer(file))
        return plan, True

    plan, done = with_organization(organization, task)
    if json:
        document(import_members.as_document(found, plan, done=done))
    else:
        import_members.tell_end(plan, done=done, dry_run=dry_run, refused=refused)
    if plan.leaves_out:
        raise typer.Exit(SOMETHING_LEFT_OUT)


@app.command(epilog=_fields(Subject.TIMETABLE))
def timetable(
    file: FileArgument,
    studio: HomeOption,
    go_on: Annotated[
        bool,
        typer.Option(
            "--go-on",
            help="What still takes place in the last week of a table goes on without an end.",
            show_default=False,
        ),
    ] = False,
    mapping: MappingOption = None,
    column: ColumnOption = None,
    dates: DatesOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    keep_mapping: KeepMappingOption = None,
    keep: KeepOption = None,
    refused: RefusedOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Bring in a timetable.

    It is a calendar (ICS), or a table of dates (CSV, XLSX), which are folded into series.

    Only what is not planned yet is added, with the classes, rooms and instructors that are missing; what is
    planned stays as it is. What can't be taken is left out: the command ends with status 3 then.
    """
    from kursplan.cli import import_timetable
    from kursplan.imports.to_mend import rows_to_mend

    given = Given(mapping, column, None, dates, encoding, delimiter, sheet)
    asks = import_read.may_ask() and not yes and not json
    source = import_timetable.source_of(file, given, ask=asks, tell=not json)

    async def task(context: CommandContext) -> tuple[TimetablePlan, Sequence[Clash], bool]:
        plan = await import_timetable.planned(context, source, studio, go_on=go_on)
        if not json:
            import_timetable.tell(plan)
        if keep_mapping is not None and source.table is not None:
            import_read.keep_mapping(source.table, keep_mapping)
        if keep is not None:
            _keep(keep, plan.gym_files)
        if refused is not None and plan.refused and source.table is not None:
            write_for_the_owner(refused, rows_to_mend(source.table.table, plan.refused))
        if dry_run or not plan.changes_something:
            return plan, (), False
        if _agreed(yes=yes, json=json):
            _still(plan, await import_timetable.planned(context, source, studio, go_on=go_on))
        with _loading() as progress:
            return (
                plan,
                await import_timetable.bring(context, plan, progress, _importer(file)),
                True,
            )

    plan, clashes, done = with_organization(organization, task)
    if json:
        document(import_timetable.as_document(plan, source, clashes, done=done))
    else:
        import_timetable.tell_end(plan, clashes, done=done, dry_run=dry_run)
    if plan.leaves_out:
        raise typer.Exit(SOMETHING_LEFT_OUT)


@app.command(epilog=_fields(Subject.BOOKINGS))
def bookings(
    file: FileArgument,
    studio: HomeOption,
    mapping: MappingOption = None,
    column: ColumnOption = None,
    dates: DatesOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    keep_mapping: KeepMappingOption = None,
    refused: RefusedOption = None,
    overrule: OverruleOption = None,
    reason: ReasonOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Bring in the bookings of the switch-over.

    They are a table (CSV, XLSX) of that week, once members and timetable are there.

    Each is made over the desk, by the rules or over them as `booking add` does. What the rules refuse is
    listed, and not done: the command ends with status 3 then.
    """
    from kursplan.cli import import_bookings
    from kursplan.imports.members import in_doubt
    from kursplan.imports.to_mend import rows_to_mend

    set_aside = rules_set_aside(overrule, reason)
    given = Given(mapping, column, None, dates, encoding, delimiter, sheet)
    asks = import_read.may_ask() and not yes and not json
    found = import_read.understood(file, import_read.exported(file), Subject.BOOKINGS, given)
    if not json:
        import_read.tell(found)
    for needed in ("title", "start"):
        import_read.require(found, needed)
    if not found.has_names:
        import_read.require(found, "last_name")
    import_read.settle(found, ask=asks)

    async def task(context: CommandContext) -> tuple[BookingsPlan, Outcome, bool]:
        answer = import_read.Answers(may_be_new=False).of if asks else in_doubt
        moving = await import_bookings.switch_over(context, studio)
        plan = await moving.plan(found, answer)
        what = await moving.commands(plan, set_aside)
        outcome = await moving.tried_out(plan, what)
        if not json:
            import_bookings.tell(plan, outcome)
        if keep_mapping is not None:
            import_read.keep_mapping(found, keep_mapping)
        if refused is not None and plan.leaves_out:
            rows = rows_to_mend(found.table, plan.doubtful, plan.refused)
            write_for_the_owner(refused, rows)
        if dry_run or not (outcome.booked or outcome.waiting):
            return plan, outcome, False
        _agreed(yes=yes, json=json)
        with progress_of_loading() as progress:
            done = await moving.done(
                plan, what, by=_importer(file), reason=context.reason, progress=progress
            )
            return plan, done, True

    plan, outcome, is_done = with_organization(organization, task, reason=reason)
    if json:
        document(import_bookings.as_document(plan, outcome, is_done=is_done))
    else:
        import_bookings.tell_end(plan, outcome, is_done=is_done)
    if plan.leaves_out or outcome.conflicts:
        raise typer.Exit(SOMETHING_LEFT_OUT)


def _keep(output: Path, gym_files: Sequence[str]) -> None:
    """The last one goes to the file that was named, and what it needs to one beside it."""
    for text in gym_files[:-1]:
        write_for_the_owner(output.with_stem(f"{output.stem}-needs"), text)
    for text in gym_files[-1:]:
        write_for_the_owner(output, text)


def _importer(file: Path) -> Actor:
    """By whom, and from which file, what is done comes into the history."""
    return Actor.importer(file.name, system_user())


def _agreed(*, yes: bool, json: bool) -> bool:
    """Whether somebody was asked, and agreed; not where `--yes` said so before. Raises `Stop`."""
    if yes:
        return False
    if json or not import_read.may_ask():
        raise Stop(
            "nothing was done: there is no terminal to ask on. See it with --dry-run; give --yes to "
            "do it",
            2,
        )
    if not typer.confirm("Do it?", err=True):
        raise Stop("nothing was done")
    return True


@contextmanager
def _loading() -> Iterator[Callable[[str, int, int], None]]:
    """Shows progress. What the gym file may not do by now, or in this studio, stops the command."""
    from kursplan.gymfile import Clashes, GymFileMistakes

    try:
        with progress_of_loading() as progress:
            yield progress
    except GymFileMistakes as wrong:
        raise Stop(f"the gym file that was made of it can't be loaded: {wrong}") from wrong
    except Clashes as refused:
        raise refused_for(refused.clashing) from refused


def _still(shown: object, now: object) -> None:
    """What was agreed to has to be what is done: others may have been at work while it was read."""
    if shown != now:
        raise Stop("nothing was done: others changed something meanwhile; look at it again")
