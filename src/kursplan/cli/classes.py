"""`kursplan class`: what is offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kursplan.cli.context import JsonOption, OrganizationOption, StudioOption, with_organization
from kursplan.cli.output import document, local_time, table, words, zoned
from kursplan.cli.studio import studio_by_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.store.engine.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="Classes.")


@app.command("list")
def list_classes(
    studio: StudioOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show all classes, those too that are hidden from partners."""
    from kursplan.store.staff import timetable

    async def task(context: CommandContext) -> Sequence[AnyRow]:
        if studio is not None:
            await studio_by_key(context, studio)
        every = await context.read(timetable.classes, context.clock.now())
        return [each for each in every if studio in (None, each.studio)]

    found = with_organization(organization, task)
    if json:
        document([_document(each) for each in found])
        return
    table(
        ("Id", "Title", "Studio", "Minutes", "Online", "Who may book", "Places", "Next slot"),
        (
            (
                each.id,
                each.title,
                each.studio,
                each.duration,
                words(each.online_booking) if each.bookable else "not bookable",
                _who(each),
                places(each.max_participants, each.max_waiting_list),
                each.next_slot and local_time(each.next_slot, each.zone),
            )
            for each in found
        ),
        empty="There are no classes.",
    )


def _who(row: AnyRow) -> str:
    who = words(row.who_may_book)
    if row.uses_contingent:
        who += ", by contingent"
    if row.admits_other_studios:
        who += ", of all studios"
    return who


def places(max_participants: int | None, max_waiting_list: int) -> str:
    """`20 + 5 waiting`; without a limit nobody ever waits."""
    if max_participants is None:
        return "no limit"
    return f"{max_participants} + {max_waiting_list} waiting"


def _document(row: AnyRow) -> dict[str, object]:
    return {
        "class_id": row.id,
        "key": row.key,
        "title": row.title,
        "studio": row.studio,
        "type": row.type,
        "duration": row.duration,
        "bookable": row.bookable,
        "online_booking": row.online_booking,
        "who_may_book": row.who_may_book,
        "uses_contingent": row.uses_contingent,
        "admits_other_studios": row.admits_other_studios,
        "max_participants": row.max_participants,
        "max_waiting_list": row.max_waiting_list,
        "next_slot": zoned(row.next_slot, row.zone),
    }
