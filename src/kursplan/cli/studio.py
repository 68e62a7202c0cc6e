"""`kursplan studio`: when a studio is closed, and what it refuses."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import JsonOption, OrganizationOption, with_organization
from kursplan.cli.output import Stop, counted, document, plain, say, table, words
from kursplan.cli.values import DAY, MOMENTS
from kursplan.domain.clashes import OnClash
from kursplan.staff.refusals import clause, rule_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.desk.close_studio import StudioHours
    from kursplan.store.engine.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="Studios, when they are closed, and what they refuse.")

MOMENTS_OR_DAY = [*MOMENTS, DAY]

StudioArgument = Annotated[str, typer.Argument(metavar="STUDIO", help="The studio, by its key.")]


@app.command("list")
def list_studios(organization: OrganizationOption = None, json: JsonOption = False) -> None:
    """Show all studios, with the closures that are not over."""
    from kursplan.store.staff import timetable as staff_timetable

    async def task(context: CommandContext) -> list[tuple[AnyRow, list[AnyRow]]]:
        studios = await context.read(staff_timetable.studios)
        closures = await context.read(staff_timetable.closures)
        now = context.clock.now()
        return [
            (each, [c for c in closures if c.studio_id == each.id and _to_come(c, each, now)])
            for each in studios
        ]

    found = with_organization(organization, task)
    if json:
        document(
            [
                {
                    "studio_id": each.id,
                    "key": each.key,
                    "name": each.name,
                    "zone": each.zone,
                    "clashes": each.clashes,
                    "closures": [
                        {
                            "key": closed.key,
                            "from": plain(closed.local_from),
                            "to": plain(closed.local_to),
                            "reason": closed.reason,
                        }
                        for closed in closures
                    ],
                }
                for each, closures in found
            ]
        )
        return
    table(
        ("Id", "Key", "Name", "City", "Zone", "Closed"),
        (
            (
                each.id,
                each.key,
                each.name,
                each.city,
                each.zone,
                "\n".join(
                    f"{c.key}: {c.local_from:%Y-%m-%d %H:%M} to {c.local_to:%Y-%m-%d %H:%M}"
                    for c in closures
                ),
            )
            for each, closures in found
        ),
        empty="There are no studios.",
    )


def _to_come(closure: AnyRow, studio: AnyRow, now: datetime) -> bool:
    over: bool = closure.local_to <= now.astimezone(ZoneInfo(studio.zone)).replace(tzinfo=None)
    return not over


@app.command()
def close(
    studio: StudioArgument,
    first: Annotated[
        datetime,
        typer.Option(
            "--from",
            formats=MOMENTS_OR_DAY,
            metavar="TIME",
            help="When it begins, in the studio's time, like 2026-12-24 or 2026-12-24T14:00.",
        ),
    ],
    last: Annotated[
        datetime,
        typer.Option(
            "--to",
            formats=MOMENTS_OR_DAY,
            metavar="TIME",
            help="When the studio is open again, in its own time.",
        ),
    ],
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why, as partners are told.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="The closure's name; one that is there already is changed. "
            "Where it is left out, it is made of studio and day.",
        ),
    ] = None,
    cancel_slots: Annotated[
        bool,
        typer.Option(
            "--cancel-slots",
            help="Also cancel the slots at that time, with their bookings.",
            show_default=False,
        ),
    ] = False,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Close a studio for some time: nobody can book its slots at that time.

    Bookings that are there are flagged or cancelled, as the organization has it.
    """
    from kursplan.desk.close_studio import CloseStudio, ClosureKeyTaken

    name = key or f"{studio}-{first:%Y-%m-%d}"

    async def task(context: CommandContext) -> StudioHours:
        known = await studio_by_key(context, studio)
        command = CloseStudio(
            context.organization_id,
            known.id,
            name,
            local_from=first,
            local_to=last,
            reason=reason,
            cancel_slots=cancel_slots,
        )
        try:
            return await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        except ClosureKeyTaken as taken:
            raise Stop(str(taken)) from taken

    done = with_organization(organization, task, reason=reason)
    if json:
        document(_document(name, done))
        return
    until = f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}"
    already = "" if done.changed else " already"
    say(f"{studio} is closed{already} from {until} (closure {name}).")
    if done.cancelled_slots:
        say(f"{counted(len(done.cancelled_slots), 'slot')} cancelled.")
    _tell_reviewed(done)


@app.command("open")
def open_again(
    studio: StudioArgument,
    key: Annotated[
        str,
        typer.Argument(metavar="CLOSURE", help="The closure's name, as `studio list` shows it."),
    ],
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Take a closure back, or end it now where it has begun."""
    from kursplan.desk.close_studio import OpenStudio

    async def task(context: CommandContext) -> StudioHours:
        known = await studio_by_key(context, studio)
        return await context.execute(OpenStudio(context.organization_id, known.id, key))

    done = with_organization(organization, task, reason=reason)
    if not done.changed:
        raise Stop(f"{studio} has no closure {key!r} that is not over: see `kursplan studio list`")
    if json:
        document(_document(key, done))
        return
    say(f"{studio} is no longer closed by {key}.")
    _tell_reviewed(done)


@app.command("clashes")
def set_on_clash(
    studio: StudioArgument,
    answer: Annotated[
        OnClash,
        typer.Argument(
            metavar="WARN|REFUSE",
            case_sensitive=False,
            help="`warn`: it is done and told. `refuse`: nothing is done.",
        ),
    ],
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Say whether an instructor or a room twice at the same time is told only, or refused.

    What is so already stays; see `kursplan slot clashes`.
    """
    from kursplan.desk.studios import SetOnClash

    async def task(context: CommandContext) -> tuple[bool, AnyRow]:
        known = await studio_by_key(context, studio)
        return await context.execute(SetOnClash(context.organization_id, known.id, answer)), known

    changed, known = with_organization(organization, task, reason=reason)
    if json:
        document({"studio_id": known.id, "clashes": answer, "changed": changed})
        return
    already = "" if changed else " already"
    does = "refuses" if answer is OnClash.REFUSE else "warns of"
    say(f"{studio}{already} {does} an instructor or a room twice at the same time.")


async def studio_by_key(context: CommandContext, key: str) -> AnyRow:
    """The studio with that key."""
    from kursplan.store.staff import timetable as staff_timetable

    every: Sequence[AnyRow] = await context.read(staff_timetable.studios)
    for each in every:
        if each.key == key:
            return each
    known = " or ".join(each.key for each in every) or "none yet"
    raise Stop(f"there is no studio {key!r}: it is {known}")


def _document(key: str, done: StudioHours) -> dict[str, object]:
    return {
        "studio_id": done.studio_id,
        "closure": key,
        "changed": done.changed,
        "cancelled_slots": list(done.cancelled_slots),
        "reviewed": [
            {
                "booking_id": each.id,
                "customer_id": each.customer_id,
                "status": each.status,
                "conflict": rule_of(each.conflict),
            }
            for each in done.reviewed
        ],
    }


def _tell_reviewed(done: StudioHours) -> None:
    for each in done.reviewed:
        now = f"flagged ({clause(each.conflict)})" if each.conflict else words(each.status)
        say(f"Booking {each.id} of customer {each.customer_id} is now: {now}.")
