"""`kursplan series`: the weekly plans by which classes get their slots."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kursplan.cli.clashes import clash_documents, tell_clashes
from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import JsonOption, OrganizationOption, StudioOption, with_organization
from kursplan.cli.output import Stop, counted, document, facts, plain, refused, say, table
from kursplan.cli.people import employee_by_key, room_by_key
from kursplan.cli.studio import studio_by_key
from kursplan.cli.values import DAY, NONE, seats_of
from kursplan.domain.refusals import SeriesNotFound
from kursplan.domain.slots import Override

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.desk.edit_series import SeriesEdited
    from kursplan.domain.series import Series, SeriesPlan

app = typer.Typer(no_args_is_help=True, help="Series: the weekly plans of classes.")

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")

SeriesArgument = Annotated[
    int, typer.Argument(metavar="SERIES", help="The series' number, as `series list` shows it.")
]


@app.command("list")
def list_series(
    studio: StudioOption = None,
    ended: Annotated[
        bool,
        typer.Option("--ended", help="Also those that staff have ended.", show_default=False),
    ] = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show the series."""
    from kursplan.store.rules import series

    async def task(context: CommandContext) -> tuple[list[Series], _Names]:
        found = await context.read(series.every)
        if studio is not None:
            known = await studio_by_key(context, studio)
            found = [each for each in found if each.studio_id == known.id]
        return [each for each in found if ended or each.ended_at is None], await _names(context)

    found, names = with_organization(organization, task)
    if json:
        document([_document(each, names) for each in found])
        return
    table(
        ("Id", "Key", "Class", "Days", "Start", "From", "Until", "Instructors"),
        (
            (
                each.id,
                each.key,
                names.classes[each.class_id],
                _days(each.plan),
                f"{each.plan.start_time:%H:%M}",
                each.plan.first_day,
                each.plan.last_day,
                names.of(each.plan),
            )
            for each in found
        ),
        empty="There are no series.",
    )


@app.command()
def show(
    series: SeriesArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Show one series."""

    async def task(context: CommandContext) -> tuple[Series, _Names]:
        return await _series(context, series), await _names(context)

    found, names = with_organization(organization, task)
    _tell(found, names, json=json)


@app.command()
def edit(
    series: SeriesArgument,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=[DAY],
            metavar="DAY",
            help="This day and what follows change; all of the future where it is left out.",
        ),
    ] = None,
    days: Annotated[
        str | None,
        typer.Option("--days", metavar="DAYS", help="The weekdays, like MON,WED."),
    ] = None,
    at: Annotated[
        datetime | None,
        typer.Option("--at", formats=["%H:%M"], metavar="TIME", help="The start, like 18:30."),
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", min=1, max=1440, help="The duration.")
    ] = None,
    room: Annotated[
        str | None,
        typer.Option("--room", metavar="KEY", help=f"The room, by its key; `{NONE}` for none."),
    ] = None,
    instructor: Annotated[
        list[str] | None,
        typer.Option(
            "--instructor",
            metavar="EMPLOYEE",
            help="Who gives it, by key or number; for several, several times.",
        ),
    ] = None,
    seats: Annotated[
        str | None,
        typer.Option("--seats", metavar="NUMBER", help=f"How many seats; `{NONE}` for no limit."),
    ] = None,
    waiting_list: Annotated[
        int | None,
        typer.Option("--waiting-list", min=0, max=100_000, help="How many may wait for a seat."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--until", formats=[DAY], metavar="DAY", help="The last day."),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Change a series: all of its future, or from a day on.

    What is not given stays. Slots on days that it no longer has are cancelled, with their bookings.
    """
    from kursplan.desk.edit_series import AllFuture, EditSeries, Following

    told = (days, at, minutes, room, instructor, seats, waiting_list, last)
    if all(each is None for each in told):
        raise Stop("say what changes: see `kursplan series edit --help`", 2)

    async def task(context: CommandContext) -> tuple[SeriesEdited, _Names]:
        found = await _series(context, series)
        changes: dict[str, Any] = {}
        if days is not None:
            changes["weekdays"] = _weekdays(days)
        if at is not None:
            changes["start_time"] = time(at.hour, at.minute)
        if minutes is not None:
            changes["duration"] = minutes
        if room is not None:
            changes["location_id"] = None if room == NONE else await room_by_key(context, room)
        if instructor is not None:
            changes["instructors"] = tuple(
                [await employee_by_key(context, each) for each in instructor]
            )
        own = found.plan.own
        if seats is not None:
            changes["max_participants"] = seats_of(seats)
            own |= {Override.MAX_PARTICIPANTS}
        if waiting_list is not None:
            changes["max_waiting_list"] = waiting_list
            own |= {Override.MAX_WAITING_LIST}
        if last is not None:
            changes["last_day"] = last.date()
        try:
            plan = replace(found.plan, own=own, **changes)
        except ValueError as wrong:
            raise Stop(str(wrong), 2) from wrong
        scope: AllFuture | Following = AllFuture()
        if first is not None:
            scope = Following(first.date(), await context.desk.ids.next())
        command = EditSeries(context.organization_id, series, scope, plan)
        done = await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return done, await _names(context)

    done, names = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                **_document(done.series, names),
                "changed_slots": list(done.changed),
                "cancelled_slots": [each.slot_id for each in done.cancelled],
                "new_slots": done.made,
                "clashes": clash_documents(done.clashes),
            }
        )
        return
    _tell(done.series, names, json=False)
    say(
        f"{counted(len(done.changed), 'slot')} changed, {len(done.cancelled)} cancelled, "
        f"{done.made} new."
    )
    tell_clashes(done.clashes)


class _Names:
    """What series refer to, by name."""

    def __init__(self, classes: dict[int, str], employees: dict[int, str]) -> None:
        self.classes = classes
        self._employees = employees

    def of(self, plan: SeriesPlan) -> str:
        return ", ".join(self._employees[each] for each in plan.instructors)


async def _names(context: CommandContext) -> _Names:
    from kursplan.store.staff import timetable

    classes = await context.read(timetable.classes, context.clock.now())
    employees = await context.read(timetable.employees)
    return _Names({each.id: each.title for each in classes}, employees)


async def _series(context: CommandContext, series_id: int) -> Series:
    from kursplan.store.rules import series

    found = await context.read(series.load, series_id)
    if found is None:
        raise refused(SeriesNotFound(series_id))
    return found


def _weekdays(text: str) -> frozenset[int]:
    named = [each.strip().upper()[:3] for each in text.split(",")]
    if strange := [each for each in named if each not in WEEKDAYS]:
        raise Stop(f"{strange[0]!r} is no weekday: write them like {','.join(WEEKDAYS)}", 2)
    return frozenset(map(WEEKDAYS.index, named))


def _days(plan: SeriesPlan) -> str:
    return ",".join(WEEKDAYS[each] for each in sorted(plan.weekdays))


def _document(of: Series, names: _Names) -> dict[str, object]:
    shape = of.shape
    return {
        "series_id": of.id,
        "key": of.key,
        "class_id": of.class_id,
        "title": names.classes[of.class_id],
        "weekdays": _days(of.plan).split(","),
        "start_time": f"{of.plan.start_time:%H:%M}",
        "first_day": plain(of.plan.first_day),
        "last_day": plain(of.plan.last_day),
        "duration": shape.duration,
        "location_id": shape.location_id,
        "instructors": list(shape.instructors),
        "max_participants": shape.max_participants,
        "max_waiting_list": shape.max_waiting_list,
        "ended_at": plain(of.ended_at),
    }


def _tell(of: Series, names: _Names, *, json: bool) -> None:
    if json:
        document(_document(of, names))
        return
    last: date | str = of.plan.last_day or "open end"
    limit = of.shape.max_participants
    facts(
        [
            ("Series", f"{of.key} ({of.id})"),
            ("Class", f"{names.classes[of.class_id]} (class {of.class_id})"),
            ("Days", f"{_days(of.plan)} {of.plan.start_time:%H:%M} {of.zone}"),
            ("Minutes", of.shape.duration),
            ("Time", f"{of.plan.first_day} to {last}"),
            ("Instructors", names.of(of.plan)),
            ("Seats", "any number" if limit is None else limit),
            ("Waiting list", of.shape.max_waiting_list),
        ]
    )
