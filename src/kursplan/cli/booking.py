"""`kursplan booking`: what staff do to a single booking."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import JsonOption, OrganizationOption, StudioOption, with_organization
from kursplan.cli.output import Stop, document, local_time, refused, say, table
from kursplan.cli.people import (
    booking_document,
    contested,
    name_of,
    remarks,
    slots_held,
    slots_of_day,
    status_of,
)
from kursplan.cli.studio import studio_by_key
from kursplan.cli.values import DAY
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.refusals import BookingNotFound, CustomerNotFound, SlotNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.desk.book import Booked
    from kursplan.desk.engine.turn import Command
    from kursplan.domain.refusals import Kind, Refusal
    from kursplan.staff.flags import Flags
    from kursplan.store.engine.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="Bookings.")


class Counts(StrEnum):
    """How a cancellation by staff counts."""

    IN_TIME = "in-time"
    LATE = "late"
    BY_RULES = "by-rules"

    @property
    def late(self) -> bool | None:
        return None if self is Counts.BY_RULES else self is Counts.LATE


OverruleOption = Annotated[
    list[str] | None,
    typer.Option(
        "--overrule",
        metavar="REFUSAL",
        help="What is set aside, like NO_CONTINGENT; may be given several times, with --reason.",
    ),
]
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
    day: Annotated[
        datetime | None,
        typer.Option("--day", formats=[DAY], metavar="DAY", help="Those of this day."),
    ] = None,
    flagged: Annotated[
        bool,
        typer.Option(
            "--flagged",
            help="Only those to come that would be refused today, for staff to decide about.",
            show_default=False,
        ),
    ] = False,
    status: Annotated[
        BookingStatus | None,
        typer.Option("--status", case_sensitive=False, help="Only those with this status."),
    ] = None,
    studio: StudioOption = None,
    instructor: Annotated[
        str | None,
        typer.Option(
            "--instructor", metavar="EMPLOYEE", help="Only on slots that they give; key or number."
        ),
    ] = None,
    room: Annotated[
        str | None, typer.Option("--room", metavar="KEY", help="Only on slots in this room.")
    ] = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show the bookings of a slot, a customer or a day, cancelled ones too; or what is flagged."""
    from kursplan.store.partner import directory
    from kursplan.store.staff import timetable as staff_timetable

    if [slot is not None, customer is not None, day is not None, flagged].count(True) != 1:
        raise Stop("say which bookings: give one of --slot, --customer, --day and --flagged", 2)

    async def task(context: CommandContext) -> tuple[Sequence[AnyRow], Flags]:
        found: Sequence[AnyRow]
        if slot is not None:
            if await context.read(staff_timetable.slot_by_id, slot) is None:
                raise refused(SlotNotFound(slot))
            found = await context.read(staff_timetable.bookings_of_slot, slot)
        elif customer is not None:
            if not await context.read(directory.is_customer, customer):
                raise refused(CustomerNotFound(customer))
            found = await context.read(staff_timetable.bookings_of_customer, customer)
        elif day is not None:
            found = [
                booking
                for each in await slots_of_day(context, day.date())
                for booking in await context.read(staff_timetable.bookings_of_slot, each.id)
            ]
        else:
            found = await context.read(staff_timetable.flagged_bookings, context.clock.now())
        if studio is not None:
            known = await studio_by_key(context, studio)
            found = [each for each in found if each.studio_id == known.id]
        if status is not None:
            found = [each for each in found if each.status == status]
        shown = await slots_held(context, instructor, room, {each.slot_id for each in found})
        found = [each for each in found if each.slot_id in shown]
        return found, await context.flags_of(found)

    found, flags = with_organization(organization, task)
    if json:
        document([booking_document(each, flags) for each in found])
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
                remarks(each, flags),
            )
            for each in found
        ),
        empty="There are no bookings.",
    )


@app.command()
def add(
    customer: Annotated[
        int, typer.Option("--customer", metavar="ID", help="Who is put on the slot.")
    ],
    slot: Annotated[int, typer.Option("--slot", metavar="ID", help="The slot.")],
    overrule: OverruleOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Put a customer on a slot, by the rules or over them.

    Without --overrule it is decided as for everybody.
    """
    from kursplan.desk.add_booking import AddBooking
    from kursplan.desk.book import Book

    overruled = rules_set_aside(overrule, reason)

    async def task(context: CommandContext) -> tuple[AnyRow, Flags]:
        from kursplan.store.staff import timetable as staff_timetable

        found = await context.read(staff_timetable.slots_by_id, {slot})
        if slot not in found:
            raise refused(SlotNotFound(slot))
        book = Book(
            context.organization_id,
            found[slot].studio_id,
            customer,
            slot,
            booking_id=await context.desk.ids.next(),
            overrule=overruled,
        )
        command = AddBooking(book)
        booked = await with_consent(context, command, yes=False, dry_run=dry_run, json=json)
        # Who waits already keeps their booking, which gets the seat.
        return await _flagged(context, booked.booking_id)

    _tell(*with_organization(organization, task, reason=reason), json=json)


@app.command()
def cancel(
    booking: BookingArgument,
    counts: Annotated[
        Counts,
        typer.Option(
            "--counts",
            case_sensitive=False,
            help="Whether it is in time or late; by the rules of its class where left out.",
        ),
    ] = Counts.BY_RULES,
    waive: Annotated[
        bool,
        typer.Option(
            "--waive",
            help="Take the lateness from a booking that is cancelled already.",
            show_default=False,
        ),
    ] = False,
    reason: ReasonOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel a booking for its customer, also late and after the start; the next moves up."""
    from kursplan.desk.release import Release, WaiveLateness

    if waive and counts is not Counts.BY_RULES:
        raise Stop("--waive is for a booking that is cancelled: leave out --counts", 2)

    def make(of: int, studio: int) -> Command[Booked | Refusal]:
        if waive:
            return WaiveLateness(of, studio, booking)
        return Release(of, studio, booking, counts.late)

    _change(booking, organization, json, make, reason=reason, yes=yes, dry_run=dry_run)


@app.command()
def settle(
    booking: BookingArgument,
    ask_again: Annotated[
        bool,
        typer.Option(
            "--ask-again",
            help="It is not settled after all, and flagged again.",
            show_default=False,
        ),
    ] = False,
    reason: ReasonOption = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Decide that a flagged booking stays, with a reason: nobody is asked about it any more.

    What comes to speak against it later flags it again.
    """
    from kursplan.desk.settle import AskAgain, Settle

    if not ask_again and not reason:
        raise Stop("who settles a booking says why: give --reason", 2)

    def make(of: int, studio: int) -> Command[Booked | Refusal]:
        return (AskAgain if ask_again else Settle)(of, studio, booking)

    _change(booking, organization, json, make, reason=reason, yes=yes, dry_run=dry_run)


@app.command()
def promote(
    slot: Annotated[
        int | None,
        typer.Option("--slot", metavar="ID", help="Seat the first who waits on this slot."),
    ] = None,
    booking: Annotated[
        int | None,
        typer.Option("--booking", metavar="ID", help="Seat this one, out of turn."),
    ] = None,
    overrule: OverruleOption = None,
    reason: ReasonOption = None,
    dry_run: DryRunOption = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Give a free seat to one who waits: the first whom the rules admit, or a certain one."""
    from kursplan.desk.move_up import MoveUp

    if (slot is None) == (booking is None):
        raise Stop("say who moves up: give --slot for the first there, or --booking", 2)
    overruled = rules_set_aside(overrule, reason)

    async def task(context: CommandContext) -> tuple[AnyRow, Flags] | None:
        on: int = (await _booking(context, booking)).slot_id if booking is not None else slot or 0
        command = MoveUp(context.organization_id, on, booking, overruled)
        moved = await with_consent(context, command, yes=False, dry_run=dry_run, json=json)
        return None if moved is None else await _flagged(context, moved.id)

    found = with_organization(organization, task, reason=reason)
    if found is None:
        raise Stop(f"nobody waits on slot {slot}")
    _tell(*found, json=json)


@app.command()
def confirm(
    booking: BookingArgument,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Confirm a booking that has to be confirmed, within its term."""
    from kursplan.desk.confirm import Confirm

    def make(of: int, studio: int) -> Command[Booked | Refusal]:
        return Confirm(of, studio, booking)

    _change(booking, organization, json, make, reason=reason)


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
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Note whether a customer took part, from 30 minutes before the start."""
    from kursplan.desk.participation import SetParticipation

    def make(of: int, studio: int) -> Command[Booked | Refusal]:
        return SetParticipation(of, studio, booking, noted)

    _change(booking, organization, json, make, reason=reason)


def _change(
    booking_id: int,
    organization: str | None,
    json: bool,
    make: Callable[[int, int], Command[Booked | Refusal]],
    *,
    reason: str | None,
    yes: bool = False,
    dry_run: bool = False,
) -> None:
    """Have the desk do a command to a booking, in the studio that holds its slot, and show it."""

    async def task(context: CommandContext) -> tuple[AnyRow, Flags]:
        before = await _booking(context, booking_id)
        command = make(context.organization_id, before.studio_id)
        await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return await _flagged(context, booking_id)

    _tell(*with_organization(organization, task, reason=reason), json=json)


async def _flagged(context: CommandContext, booking_id: int) -> tuple[AnyRow, Flags]:
    row = await _booking(context, booking_id)
    return row, await context.flags_of([row])


async def _booking(context: CommandContext, booking_id: int) -> AnyRow:
    from kursplan.store.staff import timetable as staff_timetable

    row = await context.read(staff_timetable.booking_by_id, booking_id)
    if row is None:
        raise refused(BookingNotFound(booking_id))
    return row


def _tell(row: AnyRow, flags: Flags, *, json: bool) -> None:
    if json:
        document(booking_document(row, flags))
        return
    what = f"{name_of(row)}, {row.title}, {local_time(row.starts_at, row.zone)}"
    noted = f"participation {row.participation.replace('_', ' ').lower()}"
    say(f"{what}: {'; '.join((f'{status_of(row)}, {noted}', *contested(row, flags)))}.")


def rules_set_aside(named: list[str] | None, reason: str | None) -> frozenset[Kind]:
    """The rules that staff named, which they may overrule. Raises `Stop`."""
    from kursplan.domain.admission import STAFF_MAY_OVERRULE

    may = {each.value: each for each in STAFF_MAY_OVERRULE}
    wanted = {each.upper() for each in named or ()}
    if strange := wanted - may.keys():
        raise Stop(
            f"{' and '.join(sorted(strange))} can't be overruled: it is {' or '.join(sorted(may))}",
            2,
        )
    if wanted and not reason:
        raise Stop("who overrules a rule says why: give --reason", 2)
    return frozenset(may[each] for each in wanted)
