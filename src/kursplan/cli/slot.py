"""`kursplan slot`: the timetable, and what staff do to a single slot."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from kursplan.cli.clashes import clash_documents, sentence, tell_clashes
from kursplan.cli.consent import DryRunOption, ReasonOption, YesOption, with_consent
from kursplan.cli.context import JsonOption, OrganizationOption, StudioOption, with_organization
from kursplan.cli.output import (
    Stop,
    counted,
    document,
    facts,
    local_span,
    local_time,
    refused,
    say,
    table,
    words,
    zoned,
)
from kursplan.cli.people import (
    booking_document,
    employee_by_key,
    room_by_key,
    slots_held,
    tell_bookings,
)
from kursplan.cli.studio import studio_by_key
from kursplan.cli.values import DAY, MOMENTS, NONE, seats_of
from kursplan.domain.localtime import day_of, start_of_day
from kursplan.domain.refusals import SlotNotFound
from kursplan.domain.slots import Override, SlotStatus
from kursplan.staff.refusals import clause, rule_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kursplan.cli.context import CommandContext
    from kursplan.desk.change_slot import SlotChanged
    from kursplan.domain.clashes import Clash
    from kursplan.staff.flags import Flags
    from kursplan.store.engine.rows import AnyRow

app = typer.Typer(no_args_is_help=True, help="The slots of the timetable.")

SlotArgument = Annotated[
    int, typer.Argument(metavar="SLOT", help="The slot's number, as `slot list` shows it.")
]


@app.command("list")
def list_slots(
    studio: StudioOption = None,
    of_class: Annotated[
        int | None,
        typer.Option("--class", metavar="ID", help="Only slots of the class with this number."),
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=[DAY],
            metavar="DAY",
            help="The first day, in the studio's time; today where it is left out.",
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=366, help="How many days.")] = 7,
    instructor: Annotated[
        str | None,
        typer.Option(
            "--instructor", metavar="EMPLOYEE", help="Only slots that they give; by key or number."
        ),
    ] = None,
    room: Annotated[
        str | None, typer.Option("--room", metavar="KEY", help="Only slots in this room.")
    ] = None,
    status: Annotated[
        SlotStatus | None,
        typer.Option("--status", case_sensitive=False, help="Only slots with this status."),
    ] = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show the slots of the coming days, cancelled ones too."""
    from kursplan.store.staff import timetable as staff_timetable

    async def task(context: CommandContext) -> list[tuple[AnyRow, list[str]]]:
        studios = await context.read(staff_timetable.studios)
        if studio is not None:
            studios = [await studio_by_key(context, studio)]
        found: list[AnyRow] = []
        for each in studios:
            zone = ZoneInfo(each.zone)
            day = first.date() if first else day_of(context.clock.now(), zone)
            found.extend(
                await context.read(
                    staff_timetable.slots_of_studio,
                    each.id,
                    start_of_day(day, zone),
                    start_of_day(day + timedelta(days=days), zone),
                )
            )
        held = await slots_held(context, instructor, room, {each.id for each in found})
        slots = [
            each
            for each in found
            if each.id in held
            and of_class in (None, each.class_id)
            and status in (None, each.status)
        ]
        slots.sort(key=lambda each: (each.starts_at, each.id))
        return await _with_instructors(context, slots)

    listed = with_organization(organization, task)
    if json:
        document([_document(row, instructors) for row, instructors in listed])
        return
    table(
        ("Id", "Time", "Class", "Studio", "Room", "Instructors", "Seats", "Waiting", "Status"),
        (
            (
                row.id,
                local_span(row.starts_at, row.ends_at, row.zone),
                row.title,
                row.studio,
                row.location,
                ", ".join(instructors),
                _seats(row),
                _waiting(row),
                words(row.status),
            )
            for row, instructors in listed
        ),
        empty="There are no slots in that time.",
    )


@app.command("clashes")
def list_clashes(
    studio: StudioOption = None,
    days: Annotated[
        int | None,
        typer.Option(
            "--days",
            min=1,
            max=366,
            help="Only those of so many days from now on; all to come where it is left out.",
        ),
    ] = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Show which instructors and rooms are twice at the same time, on slots that are not over.

    A room that is marked as shared never is. With --studio, one of the two slots is there.
    """
    from kursplan.domain.clashes import overlaps
    from kursplan.store.rules import clashes

    async def task(context: CommandContext) -> tuple[Clash, ...]:
        if studio is not None:
            await studio_by_key(context, studio)
        now = context.clock.now()
        found = overlaps(await context.read(clashes.to_come, now))
        if days is not None:
            # Both take place by then: the later one starts within those days.
            found = [each for each in found if each.other.starts_at < now + timedelta(days=days)]
        return await context.read(clashes.told, found)

    found = [
        each
        for each in with_organization(organization, task)
        if studio is None or any(slot.studio == studio for slot in each.slots)
    ]
    if json:
        document(clash_documents(found))
        return
    if not found:
        say("Nobody and no room is twice at the same time.")
    for each in found:
        say(sentence(each))


@app.command()
def show(
    slot: SlotArgument, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Show one slot: who gives it, who sits and who waits there."""
    from kursplan.store.staff import timetable as staff_timetable

    async def task(
        context: CommandContext,
    ) -> tuple[AnyRow, list[str], Sequence[AnyRow], Flags, Sequence[AnyRow], dict[int, str]]:
        row = await _slot(context, slot)
        [(_, instructors)] = await _with_instructors(context, [row])
        bookings = await context.read(staff_timetable.bookings_of_slot, slot)
        flags = await context.flags_of(bookings)
        stand_ins = await context.read(staff_timetable.stand_ins, slot)
        employees = await context.read(staff_timetable.employees)
        return row, instructors, bookings, flags, stand_ins, employees

    row, instructors, bookings, flags, stand_ins, names = with_organization(organization, task)
    if json:
        document(
            _document(row, instructors)
            | {
                "stand_ins": [
                    {
                        "replaced": names[each.replaced_id],
                        "stand_in": names[each.stand_in_id],
                        "reason": each.reason,
                        "set_at": zoned(each.set_at, row.zone),
                        "removed_at": zoned(each.removed_at, row.zone),
                    }
                    for each in stand_ins
                ],
                "bookings": [booking_document(each, flags) for each in bookings],
            }
        )
        return
    facts(
        [
            ("Class", f"{row.title} (class {row.class_id})"),
            ("Time", f"{local_span(row.starts_at, row.ends_at, row.zone)} {row.zone}"),
            ("Studio", row.studio),
            ("Room", row.location),
            ("Instructors", ", ".join(instructors)),
            ("Status", words(row.status)),
            ("Seats", _seats(row)),
            ("Waiting", _waiting(row)),
        ]
    )
    for each in stand_ins:
        ended = f", until {local_time(each.removed_at, row.zone)}" if each.removed_at else ""
        reason = f" ({each.reason})" if each.reason else ""
        replaced, by = names[each.replaced_id], names[each.stand_in_id]
        say(f"Stand-in     {by} for {replaced}{reason}{ended}")
    say()
    tell_bookings(
        [each for each in bookings if each.cancelled_at is None],
        flags,
        empty="Nobody is on this slot.",
    )


@app.command("give-back")
def give_back(
    slot: SlotArgument,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only",
            metavar="ASPECT",
            help="Only this: time, location, instructors, max-participants or max-waiting-list. "
            "Can be given several times.",
        ),
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Give a slot back to its series: what was changed by hand on it follows the plan again."""
    from kursplan.desk.give_back import EVERYTHING, GiveBack, SlotGivenBack

    aspects = frozenset(map(_aspect, only)) if only else EVERYTHING

    async def task(context: CommandContext) -> tuple[SlotGivenBack, AnyRow]:
        command = GiveBack(context.organization_id, slot, aspects)
        done = await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return done, await _slot(context, slot)

    done, row = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "slot_id": row.id,
                "changed": done.changed,
                "starts_at": zoned(row.starts_at, row.zone),
                "ends_at": zoned(row.ends_at, row.zone),
                "changed_by_hand": sorted(row.own),
                "clashes": clash_documents(done.clashes),
            }
        )
        return
    if not done.changed:
        say(f"Slot {row.id} is like that already.")
        return
    kept = ", ".join(words(each) for each in sorted(row.own))
    span = local_span(row.starts_at, row.ends_at, row.zone)
    say(f"{row.title}: {span}, follows its series{f'; its own stays: {kept}' if kept else ''}.")
    tell_clashes(done.clashes)


@app.command()
def move(
    slot: SlotArgument,
    to: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=list(MOMENTS),
            metavar="TIME",
            help="The new start in the studio's time, like 2026-03-02T18:00.",
        ),
    ] = None,
    minutes: Annotated[
        int | None, typer.Option("--minutes", min=1, max=1440, help="The new duration.")
    ] = None,
    room: Annotated[
        str | None, typer.Option("--room", metavar="KEY", help="The new room, by its key.")
    ] = None,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Move a slot to another time or room; its bookings stay with it.

    Bookings that would be refused at the new time are named, for staff to look at.
    """
    from kursplan.desk.change_slot import ChangeSlot
    from kursplan.domain.values import SAME

    if to is None and minutes is None and room is None:
        raise Stop("say where the slot moves: give --to, --minutes or --room", 2)

    async def task(context: CommandContext) -> tuple[SlotChanged, AnyRow]:
        command = ChangeSlot(
            context.organization_id,
            slot,
            local_start=to,
            duration_minutes=minutes,
            location_id=SAME if room is None else await room_by_key(context, room),
        )
        changed = await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return changed, await _slot(context, slot)

    changed, row = with_organization(organization, task, reason=reason)
    _tell_change(changed, row, json=json)


@app.command()
def capacity(
    slot: SlotArgument,
    seats: Annotated[
        str | None,
        typer.Option("--seats", metavar="NUMBER", help=f"How many seats; `{NONE}` for no limit."),
    ] = None,
    waiting_list: Annotated[
        int | None,
        typer.Option("--waiting-list", min=0, max=100_000, help="How many may wait for a seat."),
    ] = None,
    additional: Annotated[
        int | None,
        typer.Option(
            "--additional", min=0, max=100_000, help="Seats taken by people without a booking."
        ),
    ] = None,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Change how many a slot holds. Nobody is sent away; seats that become free are filled."""
    from kursplan.desk.change_slot import ChangeSlot
    from kursplan.domain.values import SAME

    if seats is None and waiting_list is None and additional is None:
        raise Stop("say what changes: give --seats, --waiting-list or --additional", 2)

    async def task(context: CommandContext) -> tuple[SlotChanged, AnyRow]:
        changed = await context.execute(
            ChangeSlot(
                context.organization_id,
                slot,
                max_participants=SAME if seats is None else seats_of(seats),
                max_waiting_list=waiting_list,
                additional_participants=additional,
            )
        )
        return changed, await _slot(context, slot)

    changed, row = with_organization(organization, task, reason=reason)
    _tell_change(changed, row, json=json)


@app.command()
def cancel(
    slot: SlotArgument,
    yes: YesOption = False,
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Cancel a slot and every booking on it; until its start it can be restored."""
    from kursplan.desk.cancel_slot import CancelSlot, SlotCancelled

    async def task(context: CommandContext) -> tuple[SlotCancelled, AnyRow]:
        command = CancelSlot(context.organization_id, slot)
        done = await with_consent(context, command, yes=yes, dry_run=dry_run, json=json)
        return done, await _slot(context, slot)

    done, row = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "slot_id": slot,
                "changed": done.changed,
                "cancelled_bookings": [each.id for each in done.bookings],
            }
        )
        return
    if not done.changed:
        say(f"Slot {slot} was cancelled before.")
        return
    bookings = counted(len(done.bookings), "booking")
    say(
        f"{row.title}, {local_time(row.starts_at, row.zone)}, is cancelled, and {bookings} with it."
    )


@app.command()
def restore(
    slot: SlotArgument,
    with_bookings: Annotated[
        bool,
        typer.Option(
            "--with-bookings/--empty",
            help="Put those back who were on it, as far as the rules still admit them; or nobody.",
            show_default=False,
        ),
    ],
    dry_run: DryRunOption = False,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Take the cancellation of a slot back that has not started."""
    from kursplan.desk.restore_slot import RestoreSlot, SlotRestored
    from kursplan.staff.names import names_for
    from kursplan.staff.refusals import Names, facts_of, in_full
    from kursplan.store.staff import timetable as staff_timetable

    async def task(context: CommandContext) -> tuple[SlotRestored, AnyRow, dict[int, str], Names]:
        command = RestoreSlot(context.organization_id, slot, with_bookings)
        done = await with_consent(context, command, yes=False, dry_run=dry_run, json=json)
        people = {each.customer_id for each in done.back}
        people |= {each.customer_id for each, _ in done.refused}
        names = await context.read(staff_timetable.names_of_customers, people)
        called = await context.read(names_for, [refusal for _, refusal in done.refused])
        return done, await _slot(context, slot), names, called

    done, row, names, called = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "slot_id": slot,
                "changed": done.changed,
                "back": [
                    {"booking_id": each.id, "customer_id": each.customer_id, "status": each.status}
                    for each in done.back
                ],
                "refused": [
                    {
                        "booking_id": each.id,
                        "customer_id": each.customer_id,
                        "reason": refusal.kind.rule,
                        "refusal": facts_of(refusal, called),
                    }
                    for each, refusal in done.refused
                ],
                "clashes": clash_documents(done.clashes),
            }
        )
        return
    already = "" if done.changed else " already"
    say(f"{row.title}, {local_time(row.starts_at, row.zone)}, takes place{already}.")
    for each in done.back:
        say(f"{names[each.customer_id]} is back: {words(each.status)} (booking {each.id}).")
    for each, refusal in done.refused:
        why = in_full(refusal, called)
        say(f"{names[each.customer_id]} is not back (booking {each.id}): {why}.")
    tell_clashes(done.clashes)


@app.command()
def swap(
    slot: SlotArgument,
    other: Annotated[
        int, typer.Option("--with", metavar="SLOT", help="The other slot, by its number.")
    ],
    leaves: Annotated[
        str | None,
        typer.Option(
            "--for",
            metavar="EMPLOYEE",
            help="Who leaves SLOT, by key or number; needed where it has several instructors.",
        ),
    ] = None,
    comes: Annotated[
        str | None,
        typer.Option("--by", metavar="EMPLOYEE", help="Who leaves the other slot, likewise."),
    ] = None,
    reason: ReasonOption = None,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Have the instructors of two slots give each other's, in one command."""
    from kursplan.desk.clashes import clashes_of
    from kursplan.desk.stand_in import SlotStaffed
    from kursplan.desk.swap_instructors import SwapInstructors
    from kursplan.store.staff import timetable as staff_timetable

    if slot == other:
        raise Stop("a slot is not swapped with itself: name two", 2)

    async def task(
        context: CommandContext,
    ) -> tuple[tuple[SlotStaffed, SlotStaffed], dict[int, str]]:
        here = await _instructor(context, slot, leaves, "--for")
        there = await _instructor(context, other, comes, "--by")
        done = await context.execute(
            SwapInstructors(context.organization_id, slot, here, other, there)
        )
        return done, await context.read(staff_timetable.employees)

    swapped, names = with_organization(organization, task, reason=reason)
    if json:
        document(
            [
                {
                    "slot_id": each.slot_id,
                    "instructors": [
                        {"employee_id": employee, "name": names[employee]}
                        for employee in each.instructors
                    ],
                    "clashes": clash_documents(each.clashes),
                }
                for each in swapped
            ]
        )
        return
    for each in swapped:
        given = ", ".join(names[employee] for employee in each.instructors)
        say(f"Slot {each.slot_id} is given by {given}.")
    tell_clashes(clashes_of(swapped))


@app.command()
def reopen(
    reason: ReasonOption = None, organization: OrganizationOption = None, json: JsonOption = False
) -> None:
    """Have all slots take place that are completed and not over: the clock was wrong then."""
    from kursplan.desk.reopen import ReopenSlots
    from kursplan.store.rules import clock

    async def task(context: CommandContext) -> tuple[int, ...]:
        too_early = await context.read(clock.completed_too_early, context.clock.now())
        return await context.execute(ReopenSlots(context.organization_id, frozenset(too_early)))

    reopened = with_organization(organization, task, reason=reason)
    if json:
        document({"slot_ids": list(reopened)})
    else:
        say(f"{counted(len(reopened), 'slot')} can be booked again.")


@app.command("stand-in")
def stand_in(
    slot: SlotArgument,
    stands_in: Annotated[
        str,
        typer.Option("--by", metavar="EMPLOYEE", help="Who stands in, by key or number."),
    ],
    replaced: Annotated[
        str | None,
        typer.Option("--for", metavar="EMPLOYEE", help="Whom they replace, by key or number."),
    ] = None,
    reason: ReasonOption = None,
    remove: Annotated[
        bool,
        typer.Option(
            "--remove", help="Give the slot back to whom they replaced.", show_default=False
        ),
    ] = False,
    organization: OrganizationOption = None,
    json: JsonOption = False,
) -> None:
    """Replace an instructor of a slot by another, or take that back with --remove.

    --for can be left out where the slot has one instructor.
    """
    from kursplan.desk.stand_in import PutStandIn, RemoveStandIn, SlotStaffed
    from kursplan.store.staff import timetable as staff_timetable

    if remove and replaced:
        raise Stop("--remove needs --by only: whom they replaced is known", 2)

    async def task(context: CommandContext) -> tuple[SlotStaffed, list[str]]:
        by = await employee_by_key(context, stands_in)
        done: SlotStaffed
        if remove:
            done = await context.execute(RemoveStandIn(context.organization_id, slot, by))
        else:
            leaves = await _instructor(context, slot, replaced, "--for")
            done = await context.execute(PutStandIn(context.organization_id, slot, leaves, by))
        names = await context.read(staff_timetable.employees)
        return done, [names[each] for each in done.instructors]

    done, names = with_organization(organization, task, reason=reason)
    if json:
        document(
            {
                "slot_id": slot,
                "changed": done.changed,
                "instructors": [
                    {"employee_id": employee_id, "name": name}
                    for employee_id, name in zip(done.instructors, names, strict=True)
                ],
                "clashes": clash_documents(done.clashes),
            }
        )
        return
    already = "" if done.changed else " already"
    say(f"Slot {slot} is given by {', '.join(names)}{already}.")
    tell_clashes(done.clashes)


def _aspect(named: str) -> Override:
    known = {each.lower().replace("_", "-"): each for each in Override}
    if named not in known:
        raise Stop(f"{named!r} is no such aspect; say one of {', '.join(known)}", 2)
    return known[named]


async def _slot(context: CommandContext, slot_id: int) -> AnyRow:
    from kursplan.store.staff import timetable as staff_timetable

    row = await context.read(staff_timetable.slot_by_id, slot_id)
    if row is None:
        raise refused(SlotNotFound(slot_id))
    return row


async def _instructor(context: CommandContext, slot: int, named: str | None, option: str) -> int:
    """Who is named, or else the only one who gives the slot."""
    from kursplan.store.rules import instructors

    if named is not None:
        return await employee_by_key(context, named)
    given = (await context.read(instructors.of_slots, [slot]))[slot]
    if len(given) != 1:
        raise Stop(f"slot {slot} has not one instructor: say with {option} whom", 2)
    return given[0]


async def _with_instructors(
    context: CommandContext, slots: Sequence[AnyRow]
) -> list[tuple[AnyRow, list[str]]]:
    from kursplan.store.rules import instructors
    from kursplan.store.staff import timetable as staff_timetable

    given = await context.read(instructors.of_slots, [each.id for each in slots])
    names = await context.read(staff_timetable.employees)
    return [(each, [names[employee] for employee in given[each.id]]) for each in slots]


def _seats(row: AnyRow) -> str:
    taken = str(row.seats)
    if row.additional_participants:
        taken += f"+{row.additional_participants}"
    return f"{taken} of {'any number' if row.max_participants is None else row.max_participants}"


def _waiting(row: AnyRow) -> str:
    if row.max_participants is None:
        return "0"
    return f"{row.waiting} of {row.max_waiting_list}"


def _document(row: AnyRow, instructors: Sequence[str]) -> dict[str, object]:
    return {
        "slot_id": row.id,
        "class_id": row.class_id,
        "title": row.title,
        "studio": row.studio,
        "starts_at": zoned(row.starts_at, row.zone),
        "ends_at": zoned(row.ends_at, row.zone),
        "location": row.location,
        "instructors": list(instructors),
        "status": row.status,
        "changed_by_hand": sorted(row.own),
        "max_participants": row.max_participants,
        "max_waiting_list": row.max_waiting_list,
        "additional_participants": row.additional_participants,
        "booked": row.seats,
        "waiting": row.waiting,
    }


def _tell_change(changed: SlotChanged, row: AnyRow, *, json: bool) -> None:
    """What a slot is like now, and what staff should look at."""
    if json:
        document(
            {
                "slot_id": row.id,
                "changed": changed.changed,
                "starts_at": zoned(row.starts_at, row.zone),
                "ends_at": zoned(row.ends_at, row.zone),
                "location": row.location,
                "max_participants": row.max_participants,
                "max_waiting_list": row.max_waiting_list,
                "additional_participants": row.additional_participants,
                "over_capacity": changed.over_capacity,
                "promoted": [each.id for each in changed.promoted],
                "conflicts": [
                    {
                        "booking_id": each.id,
                        "customer_id": each.customer_id,
                        "conflict": rule_of(each.conflict),
                    }
                    for each in changed.conflicts
                ],
                "clashes": clash_documents(changed.clashes),
            }
        )
        return
    if not changed.changed:
        say(f"Slot {row.id} is like that already.")
        return
    span = local_span(row.starts_at, row.ends_at, row.zone)
    say(f"{row.title}: {span}, {row.location or 'no room'}, {_seats(row)} seats taken.")
    if changed.over_capacity:
        say(f"{changed.over_capacity} more sit there than there are seats; nobody is sent away.")
    for each in changed.promoted:
        say(f"Customer {each.customer_id} moved up from the waiting list (booking {each.id}).")
    for each in changed.conflicts:
        say(
            f"Look at booking {each.id} of customer {each.customer_id}: "
            f"it would be refused now ({clause(each.conflict)})."
        )
    tell_clashes(changed.clashes)
