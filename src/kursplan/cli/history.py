"""`kursplan history`: who changed what, when and why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, counted, document, local_time, say, zoned
from kursplan.domain.actors import Origin
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import start_of_day
from kursplan.staff.actors import in_words

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.domain.actors import Actor
    from kursplan.store.staff.history import Span, Subject, Told

LINES = 50
"""How many lines are shown unless somebody asks for more or fewer."""
SUBJECTS = 20
"""How many things of one line are shown; scripts get all of them."""
_WORD = re.compile(r"[A-Z][A-Z_]+")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def history(
    slot: Annotated[
        int | None,
        typer.Option("--slot", metavar="ID", help="What was done to this slot and its bookings."),
    ] = None,
    booking: Annotated[
        int | None, typer.Option("--booking", metavar="ID", help="To this booking.")
    ] = None,
    class_: Annotated[
        str | None,
        typer.Option("--class", metavar="KEY", help="To this class, its series and slots."),
    ] = None,
    customer: Annotated[
        int | None,
        typer.Option("--customer", metavar="ID", help="To this customer and their bookings."),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            metavar="WHO",
            help="What they did: a system user, an application by its key, a number otherwise.",
        ),
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option("--day", formats=["%Y-%m-%d"], metavar="DAY", help="Only on this day."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=10_000, help="How many lines at most.")
    ] = LINES,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show who changed what, when and why, the newest first.

    Times are those of the studios, or UTC where these are in several zones.
    """
    if [each is not None for each in (slot, booking, class_, customer, by)].count(True) > 1:
        raise Stop("ask for one: --slot, --booking, --class, --customer or --by", 2)

    async def task(context: CommandContext) -> tuple[list[Told], _Names]:
        from kursplan.store.staff import history as lines

        zone = await _zone(context)
        span = _span(None if day is None else day.date(), zone, limit)
        if by is not None:
            found = await context.read(lines.by_whom, await _names_of(context, by), span)
        elif (about := await _about(context, slot, booking, class_, customer)) is not None:
            found = await context.read(lines.about, *about, span)
        else:
            found = await context.read(lines.newest, span)
        return found, await _names(context, zone, found)

    found, names = with_organization(organization, task)
    if json:
        document([_document(each, names) for each in found])
        return
    if not found:
        say("Nothing was changed, or it is no longer kept.")
    for each in found:
        _tell(each, names)


def _span(day: date | None, zone: str, limit: int) -> Span:
    from kursplan.store.staff.history import Span

    if day is None:
        return Span(limit=limit)
    begin, end = (start_of_day(each, ZoneInfo(zone)) for each in (day, day + timedelta(days=1)))
    return Span(begin, end, limit)


async def _zone(context: CommandContext) -> str:
    from kursplan.store.staff import timetable as staff_timetable

    zones = {each.zone for each in await context.read(staff_timetable.studios)}
    return str(zones.pop()) if len(zones) == 1 else "UTC"


async def _about(
    context: CommandContext,
    slot: int | None,
    booking: int | None,
    class_: str | None,
    customer: int | None,
) -> tuple[EntityKind, int] | None:
    """The thing that is asked about, if it is one."""
    from kursplan.store import tables
    from kursplan.store.entries import ids as entry_ids

    if class_ is not None:
        classes = await context.read(entry_ids.ids, tables.class_)
        if class_ not in classes:
            raise Stop(f"there is no class {class_!r}: see `kursplan class list`")
        return EntityKind.CLASS, classes[class_]
    asked = (
        (EntityKind.SLOT, slot),
        (EntityKind.BOOKING, booking),
        (EntityKind.CUSTOMER, customer),
    )
    return next(((kind, number) for kind, number in asked if number is not None), None)


async def _names_of(context: CommandContext, by: str) -> set[str]:
    """As what they stand in lines of history: an application has a number in each studio."""
    from kursplan.store import tables
    from kursplan.store.entries import ids as entry_ids
    from kursplan.store.staff import history

    applications = await context.read(entry_ids.ids, tables.application)
    if by not in applications:
        return {by}
    numbers = await context.read(history.integrations_of, applications[by])
    return {by, *map(str, numbers)}


# What people read.


@dataclass(frozen=True, slots=True)
class _Names:
    """What numbers in lines of history stand for."""

    zone: str
    integrations: Mapping[int, tuple[str, str]]
    """The application, and the studio in which it speaks."""
    things: Mapping[int, str]

    def actor(self, by: Actor) -> str:
        known = (
            None if by.origin is not Origin.OPEN_API else self.integrations.get(int(by.who or 0))
        )
        return in_words(by) if known is None else f"{known[0]} in {known[1]}, over the Open API"

    def thing(self, subject: Subject) -> str:
        kind = subject.kind.replace("_", " ").lower()
        known = self.things.get(subject.id)
        return f"{kind} {subject.id}" + (f" ({known})" if known else "")


async def _names(context: CommandContext, zone: str, found: Iterable[Told]) -> _Names:
    """Looked up for all lines together, as far as the things are still there."""
    from kursplan.store.rules import bookings
    from kursplan.store.staff import history
    from kursplan.store.staff import timetable as staff_timetable

    found = list(found)
    numbers: dict[EntityKind, set[int]] = {each: set() for each in EntityKind}
    for line in found:
        for subject in line.subjects:
            numbers[subject.kind].add(subject.id)
    booked = await context.read(bookings.load, numbers[EntityKind.BOOKING])
    slots = await context.read(
        staff_timetable.slots_by_id, numbers[EntityKind.SLOT] | {each.slot_id for each in booked}
    )
    people = await context.read(
        staff_timetable.names_of_customers,
        numbers[EntityKind.CUSTOMER] | {each.customer_id for each in booked},
    )
    shown = {
        number: f"{row.title}, {local_time(row.starts_at, row.zone)}"
        for number, row in slots.items()
    }
    things = dict(shown) | {number: name for number, name in people.items() if name}
    if numbers[EntityKind.EMPLOYEE]:
        things |= await context.read(staff_timetable.employees)
    for each in booked:
        known = people.get(each.customer_id), shown.get(each.slot_id)
        things[each.id] = ", ".join(filter(None, known))
    integrations = await context.read(history.integrations)
    return _Names(zone, integrations, things)


def _tell(line: Told, names: _Names) -> None:
    when = local_time(line.happened_at, names.zone)
    why = f" because: {line.reason}" if line.reason else ""
    what = line.command.replace("-", " ")
    say(f"{when}  {names.actor(line.by)}: {what}{why}")
    for subject in line.subjects[:SUBJECTS]:
        say(f"    {names.thing(subject)}: {_became(subject, names.zone)}")
    if (further := len(line.subjects) - SUBJECTS) > 0:
        say(f"    … and {counted(further, 'other thing')}: --json shows all")


def _became(subject: Subject, zone: str) -> str:
    before, after = subject.before or {}, subject.after or {}
    if subject.before is None:
        told = ["new", *(f"{_name(each)} {_value(after[each], zone)}" for each in after)]
    elif subject.after is None:
        told = ["gone"]
    else:
        told = [
            f"{_name(each)} {_value(before.get(each), zone)} -> {_value(after.get(each), zone)}"
            for each in {**before, **after}
        ]
        if subject.withheld:
            told.append(f"{', '.join(map(_name, subject.withheld))} changed")
    return "; ".join(told) or "changed"


def _name(member: str) -> str:
    return member.replace("_", " ")


def _value(value: Any, zone: str) -> str:
    """A value as people write it; times in the zone of the studios."""
    match value:
        case None | [] | {}:
            return "none"
        case True:
            return "yes"
        case False:
            return "no"
        case list():
            return ", ".join(_value(each, zone) for each in value)
        case dict():
            return ", ".join(f"{_name(each)} {_value(value[each], zone)}" for each in value)
        case str() if _WORD.fullmatch(value):
            return value.replace("_", " ").lower()
        case str() if _INSTANT.match(value):
            moment = datetime.fromisoformat(value)
            # One without a zone is a local time already.
            return (
                f"{moment:%a %Y-%m-%d %H:%M}" if moment.tzinfo is None else local_time(moment, zone)
            )
    return str(value)


# What scripts read.


def _document(line: Told, names: _Names) -> dict[str, object]:
    by: dict[str, object] = {"via": line.by.origin, "who": line.by.who}
    if line.by.file is not None:
        by["file"] = line.by.file
    if line.by.origin is Origin.OPEN_API:
        known = names.integrations.get(int(line.by.who or 0))
        if known is not None:
            by["application"], by["studio"] = known
    return {
        "id": line.id,
        "at": zoned(line.happened_at, names.zone),
        "command": line.command,
        "by": by,
        "reason": line.reason,
        "subjects": [_subject(each) for each in line.subjects],
    }


def _subject(subject: Subject) -> dict[str, object]:
    return {
        "kind": subject.kind,
        "id": subject.id,
        "before": subject.before,
        "after": subject.after,
        "withheld": list(subject.withheld),
    }
