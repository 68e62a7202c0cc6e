"""`kursplan import timetable`: read, tell, do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kursplan.cli import import_read
from kursplan.cli.clashes import clash_documents, tell_clashes
from kursplan.cli.output import Stop, counted, say, tell_some
from kursplan.cli.studio import studio_by_key

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.cli.import_read import Given
    from kursplan.domain.actors import Actor
    from kursplan.domain.clashes import Clash
    from kursplan.imports.move_timetable import Source
    from kursplan.imports.plan_timetable import TimetablePlan
    from kursplan.imports.timetable import Dated, Traits, Weekly

_BEGINNING = 1024
"""By how many bytes it is told what it is."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def source_of(file: Path, given: Given, *, ask: bool, tell: bool) -> Source:
    """Look at the file, and tell what it is. Raises `Stop`."""
    from kursplan.imports.calendars import is_calendar
    from kursplan.imports.heads import Subject
    from kursplan.imports.move_timetable import Source

    data = import_read.exported(file)
    if is_calendar(data.begins(_BEGINNING)):
        if tell:
            say("The file is a calendar (ICS).")
        return Source.calendar(data.whole())
    found = import_read.understood(file, data, Subject.TIMETABLE, given)
    if tell:
        import_read.tell(found)
    import_read.require(found, "title")
    if found.days_in is None:
        import_read.require(found, "date")
    import_read.settle(found, ask=ask)
    return Source.of_table(found)


async def planned(
    context: CommandContext, source: Source, studio: str, *, go_on: bool
) -> TimetablePlan:
    """What would be added to the timetable of the studio. Raises `Stop`."""
    from kursplan.imports import move_timetable
    from kursplan.imports.table import Unreadable

    home = await studio_by_key(context, studio)
    try:
        return await move_timetable.planned(
            context.database,
            context.clock,
            source,
            context.organization_key,
            home.key,
            ZoneInfo(home.zone),
            go_on=go_on,
        )
    except Unreadable as unreadable:
        raise Stop(str(unreadable)) from unreadable


async def bring(
    context: CommandContext,
    plan: TimetablePlan,
    progress: Callable[[str, int, int], None],
    by: Actor,
) -> Sequence[Clash]:
    """Load the gym files that are made of it; which instructors and rooms are twice at the same time."""
    from kursplan.imports import move_timetable

    return await move_timetable.bring(
        context.desk,
        context.database,
        context.clock,
        plan,
        by=by,
        progress=progress,
        horizon_days=context.settings.horizon_days,
    )


def tell(plan: TimetablePlan) -> None:
    """What would be added, and what is left out."""
    tell_some(
        ("New series", "On", "At", "From", "Until", "Room", "Instructors"),
        [
            (
                each.traits.title,
                ", ".join(_DAYS[day] for day in sorted(each.weekdays)),
                f"{each.start:%H:%M}",
                each.first_day,
                each.last_day or "goes on",
                *_where_and_who(each.traits),
            )
            for each in plan.series
        ],
    )
    tell_some(
        ("New slot", "At", "Room", "Instructors"),
        [
            (each.traits.title, f"{each.start:%a %Y-%m-%d %H:%M}", *_where_and_who(each.traits))
            for each in plan.slots
        ],
    )
    for what, names in (
        ("classes", plan.classes),
        ("rooms", plan.rooms),
        ("instructors", plan.instructors),
    ):
        if names:
            say(f"New {what}: {', '.join(names)}.")
    for short, whole in plan.taken_for.items():
        say(f"“{short}” is taken for {whole}, the only one who is called so.")
    tell_some(("Planned otherwise, and left as it is",), [(each,) for each in plan.otherwise])
    tell_some(
        ("Left out", "Because"),
        [
            *((f"line {each.row.line}", "; ".join(each.reasons)) for each in plan.refused),
            *((each.place, each.why) for each in plan.problems),
        ],
    )


def tell_end(plan: TimetablePlan, clashes: Sequence[Clash], *, done: bool, dry_run: bool) -> None:
    say()
    tell_clashes(clashes)
    said = [
        f"{len(plan.series)} new series",
        counted(len(plan.slots), "new slot"),
        f"{plan.planned} planned already",
        f"{plan.past} past",
        f"{plan.cancelled} cancelled",
        f"{plan.leaves_out} left out",
    ]
    say(f"{', '.join(said)}.")
    if not plan.changes_something:
        say("There is nothing to add.")
    elif dry_run:
        say("Nothing was done.")
    elif done:
        say("Done.")


def as_document(
    plan: TimetablePlan, source: Source, clashes: Sequence[Clash], *, done: bool
) -> dict[str, Any]:
    return {
        "understood": None if source.table is None else import_read.as_document(source.table),
        "done": done,
        "series": [_series(each) for each in plan.series],
        "slots": [_slot(each) for each in plan.slots],
        "classes": plan.classes,
        "rooms": plan.rooms,
        "instructors": plan.instructors,
        "taken_for": plan.taken_for,
        "planned_already": plan.planned,
        "planned_otherwise": plan.otherwise,
        "past": plan.past,
        "cancelled": plan.cancelled,
        "refused": [
            {"line": each.row.line, "reasons": list(each.reasons)} for each in plan.refused
        ],
        "problems": [str(each) for each in plan.problems],
        "clashes": clash_documents(clashes),
    }


def _series(each: Weekly) -> dict[str, Any]:
    return {
        "title": each.traits.title,
        "weekdays": [_DAYS[day] for day in sorted(each.weekdays)],
        "start": f"{each.start:%H:%M}",
        "first_day": each.first_day.isoformat(),
        "last_day": None if each.last_day is None else each.last_day.isoformat(),
        **_traits(each.traits),
    }


def _slot(each: Dated) -> dict[str, Any]:
    start = each.start.isoformat(timespec="minutes")
    return {"title": each.traits.title, "start": start, **_traits(each.traits)}


def _traits(traits: Traits) -> dict[str, Any]:
    return {
        "minutes": traits.minutes,
        "room": traits.room or None,
        "instructors": list(traits.instructors),
        "seats": traits.seats,
    }


def _where_and_who(traits: Traits) -> tuple[str, str]:
    return traits.room, ", ".join(traits.instructors)
