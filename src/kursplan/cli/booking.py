"""`kursplan booking`: what staff do to a single booking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.office import JsonOption, OrganizationOption, in_office
from kursplan.cli.output import Stop, document, local_time, refused, say, table
from kursplan.cli.people import booking_document, name_of, remarks, status_of
from kursplan.domain.bookings import Participation
from kursplan.domain.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kursplan.cli.office import Office
    from kursplan.desk.book import Booked
    from kursplan.desk.turn import Command
    from kursplan.store.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="Bookings.")

BookingArgument = Annotated[
    int,
    typer.Argument(metavar="BOOKING", help="The booking's number, as `booking list` shows it."),
]


@app.command("list")
def list_bookings(
    slot: Annotated[
        int | None, typer.Option("--slot", metavar="ID", help="The bookings on this slot.")
    ] = None,
    customer: Annotated[
        int | None, typer.Option("--customer", metavar="ID", help="The bookings of this customer.")
    ] = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show the bookings of a slot or a customer, cancelled ones too."""
    from kursplan.store import directory, schedule

    if (slot is None) == (customer is None):
        raise Stop("say whose bookings: give --slot or --customer", 2)

    async def task(office: Office) -> Sequence[AnyRow]:
        if slot is not None:
            if await office.read(schedule.slot_by_id, slot) is None:
                raise refused(Refusal.CLASS_SLOT_NOT_FOUND)
            return await office.read(schedule.bookings_of_slot, slot)
        if not await office.read(directory.is_customer, customer):
            raise refused(Refusal.CUSTOMER_NOT_FOUND)
        return await office.read(schedule.bookings_of_customer, customer)

    found = in_office(organization, task)
    if json:
        document([booking_document(each) for each in found])
        return
    table(
        ("Booking", "Class", "Studio", "Time", "Customer", "Name", "Status", "Look at"),
        (
            (
                each.id,
                each.title,
                each.studio,
                local_time(each.starts_at, each.zone),
                each.customer_id,
                name_of(each),
                status_of(each),
                remarks(each),
            )
            for each in found
        ),
        empty="There are no bookings.",
    )


@app.command()
def cancel(
    booking: BookingArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Cancel a booking by the rules of its class; the next customer moves up."""
    from kursplan.desk.cancel import Cancel

    _change(booking, organization, json, lambda of, studio: Cancel(of, studio, booking))


@app.command()
def confirm(
    booking: BookingArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Confirm a booking that has to be confirmed, within its term."""
    from kursplan.desk.confirm import Confirm

    _change(booking, organization, json, lambda of, studio: Confirm(of, studio, booking))


@app.command()
def participation(
    booking: BookingArgument,
    noted: Annotated[
        Participation,
        typer.Argument(
            metavar="|".join(Participation),
            case_sensitive=False,
            help="Whether the customer took part; UNSET takes the note back.",
        ),
    ],
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Note whether a customer took part, from 30 minutes before the start."""
    from kursplan.desk.participation import SetParticipation

    _change(
        booking, organization, json, lambda of, studio: SetParticipation(of, studio, booking, noted)
    )


def _change(
    booking_id: int,
    organization: str | None,
    json: bool,
    deed: Callable[[int, int], Command[Booked | Refusal]],
) -> None:
    """Have the desk do a deed to a booking, in the studio that holds its slot, and show it."""
    from kursplan.store import schedule

    async def task(office: Office) -> AnyRow:
        before = await office.read(schedule.booking_by_id, booking_id)
        if before is None:
            raise refused(Refusal.BOOKING_NOT_FOUND)
        await office.take(deed(office.organization_id, before.studio_id))
        return await office.read(schedule.booking_by_id, booking_id) or before

    row = in_office(organization, task)
    if json:
        document(booking_document(row))
        return
    what = f"{name_of(row)}, {row.title}, {local_time(row.starts_at, row.zone)}"
    say(f"{what}: {status_of(row)}, participation {row.participation.replace('_', ' ').lower()}.")
