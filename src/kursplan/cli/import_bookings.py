"""`kursplan import bookings`: match, rehearse, tell, do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from kursplan.cli.output import counted, say, tell_some
from kursplan.cli.studio import studio_by_key
from kursplan.domain.refusals import Kind, Refusal

if TYPE_CHECKING:
    from kursplan.cli.context import CommandContext
    from kursplan.desk.add_booking import AddBooking
    from kursplan.desk.book import Booked
    from kursplan.domain.actors import Actor
    from kursplan.imports.bookings import BookingsPlan, KnownSlot, Wanted
    from kursplan.imports.match import Doubtful
    from kursplan.imports.understand import Understanding
    from kursplan.staff.refusals import Names


@dataclass(slots=True)
class Outcome:
    """What becomes, or became, of the bookings that were wanted."""

    booked: list[Wanted] = field(default_factory=list)
    waiting: list[Wanted] = field(default_factory=list)
    there: list[Wanted] = field(default_factory=list)
    """Who is on the slot already."""
    conflicts: list[tuple[Wanted, Refusal]] = field(default_factory=list)
    names: Names | None = None
    """Of what the refusals are about."""

    def take_in(self, wanted: Wanted, answer: Booked | Refusal) -> None:
        if isinstance(answer, Refusal):
            if answer.kind is Kind.CUSTOMER_ALREADY_BOOKED:
                self.there.append(wanted)
            else:
                self.conflicts.append((wanted, answer))
        else:
            (self.waiting if answer.status == "WAITING_LIST" else self.booked).append(wanted)


async def plan(
    context: CommandContext,
    found: Understanding,
    studio: str,
    answer: Callable[[Doubtful], str | None],
) -> BookingsPlan:
    """Who is to be put on which slot. Raises `Stop`."""
    from kursplan.domain.localtime import start_of_day
    from kursplan.imports.bookings import days_of, plan_bookings
    from kursplan.imports.members import stored_customers
    from kursplan.store.staff import timetable as staff_timetable

    home = await studio_by_key(context, studio)
    zone = ZoneInfo(home.zone)
    now = context.clock.now().astimezone(zone).replace(tzinfo=None)
    days = days_of(found, now.date())
    slots: list[KnownSlot] = []
    if days is not None:
        since, until = start_of_day(days[0], zone), start_of_day(days[1] + timedelta(days=1), zone)
        rows = await context.read(staff_timetable.slots_of_studio, home.id, since, until)
        slots = await _known(context, rows, zone)
    customers = await context.read(stored_customers)
    return plan_bookings(found, customers, slots, now, answer)


async def _known(context: CommandContext, rows: Sequence[Any], zone: ZoneInfo) -> list[KnownSlot]:
    from kursplan.domain.names import folded
    from kursplan.domain.slots import SlotStatus
    from kursplan.imports.bookings import KnownSlot
    from kursplan.store.rules import instructors
    from kursplan.store.staff import timetable as staff_timetable

    planned = [each for each in rows if each.status == SlotStatus.PLANNED]
    given = await context.read(instructors.of_slots, [each.id for each in planned])
    names = await context.read(staff_timetable.employees)
    return [
        KnownSlot(
            each.id,
            each.starts_at.astimezone(zone).replace(tzinfo=None),
            each.title,
            each.location,
            frozenset(
                folded(name)
                for who in given[each.id]
                # Other systems often have first names only.
                for name in (names[who], names[who].partition(" ")[0])
            ),
        )
        for each in planned
    ]


async def commands(
    context: CommandContext,
    plan: BookingsPlan,
    studio: str,
    overrule: frozenset[Kind],
) -> list[AddBooking]:
    """What the desk is to do, in this order.

    Who had a seat is to have one: that there is none is told, and not that they wait now.
    """
    from kursplan.desk.add_booking import AddBooking
    from kursplan.desk.book import Book
    from kursplan.domain.bookings import BookingStatus
    from kursplan.store import tables
    from kursplan.store.entries import ids as entry_ids

    home = await studio_by_key(context, studio)
    ids = await context.read(entry_ids.ids, tables.customer)
    found = []
    for each in plan.wanted:
        book = Book(
            context.organization_id,
            home.id,
            ids[each.who.key],
            each.slot.id,
            await context.desk.ids.next(),
            expected=None if each.waits else BookingStatus.BOOKED,
            overrule=overrule - {Kind.BOOKING_LIMIT_REACHED} if each.waits else overrule,
        )
        found.append(AddBooking(book))
    return found


async def tried_out(context: CommandContext, plan: BookingsPlan, what: list[AddBooking]) -> Outcome:
    """What would come of it; nothing is done."""
    from kursplan.desk.engine.rehearse import rehearse

    outcome = Outcome()
    if what:
        rehearsed = await rehearse(context.database, context.clock, [what])
        for wanted, answer in zip(plan.wanted, rehearsed.answer[0], strict=True):
            outcome.take_in(wanted, answer)
    return await _with_names(context, outcome)


async def done(
    context: CommandContext,
    plan: BookingsPlan,
    what: list[AddBooking],
    progress: Callable[[str, int, int], None],
    by: Actor,
) -> Outcome:
    """Have the desk do it, one after the other: who comes first has the better place."""
    outcome = Outcome()
    for number, (wanted, command) in enumerate(zip(plan.wanted, what, strict=True), start=1):
        answer = await context.desk.execute(command, by=by, reason=context.reason)
        outcome.take_in(wanted, answer)
        progress("bookings", number, len(what))
    return await _with_names(context, outcome)


async def _with_names(context: CommandContext, outcome: Outcome) -> Outcome:
    from kursplan.staff.names import names_for

    outcome.names = await context.read(names_for, [each for _, each in outcome.conflicts])
    return outcome


def tell(plan: BookingsPlan, outcome: Outcome) -> None:
    """What is in conflict with the rules, in doubt, and left out."""
    from kursplan.staff.refusals import NOBODY, sentence

    names = outcome.names or NOBODY
    tell_some(
        ("Conflict: line", "Customer", "Class", "At", "Because"),
        [
            (*_who_and_where(each), f"{sentence(refusal, names)} ({refusal.kind.rule})")
            for each, refusal in outcome.conflicts
        ],
    )
    tell_some(
        ("Waits: line", "Customer", "Class", "At"),
        [_who_and_where(each) for each in outcome.waiting],
    )
    tell_some(
        ("In doubt", "Line", "Because"),
        [(each.person.called, each.person.row.line, each.because) for each in plan.doubtful],
    )
    tell_some(
        ("Refused: line", "Because"),
        [(each.row.line, "; ".join(each.reasons)) for each in plan.refused],
    )


def tell_end(plan: BookingsPlan, outcome: Outcome, *, is_done: bool) -> None:
    say()
    said = [
        f"{len(outcome.booked)} booked",
        f"{len(outcome.waiting)} waiting",
        f"{len(outcome.there)} there already",
        counted(len(outcome.conflicts), "conflict"),
        f"{plan.leaves_out} left out",
        f"{plan.past} past",
        f"{plan.given_up} given up there",
    ]
    say(f"{', '.join(said)}.")
    say("Done." if is_done else "Nothing was done.")


def as_document(plan: BookingsPlan, outcome: Outcome, *, is_done: bool) -> dict[str, Any]:
    from kursplan.staff.refusals import NOBODY, facts_of

    names = outcome.names or NOBODY
    return {
        "done": is_done,
        "booked": [each.line for each in outcome.booked],
        "waiting": [each.line for each in outcome.waiting],
        "there_already": [each.line for each in outcome.there],
        "conflicts": [
            {
                "line": each.line,
                "customer": each.who.key,
                "slot_id": each.slot.id,
                "conflict": refusal.kind.rule,
                "refusal": facts_of(refusal, names),
            }
            for each, refusal in outcome.conflicts
        ],
        "doubtful": [
            {
                "line": each.person.row.line,
                "because": each.because,
                "candidates": [who.key for who in each.candidates],
            }
            for each in plan.doubtful
        ],
        "refused": [
            {"line": each.row.line, "reasons": list(each.reasons)} for each in plan.refused
        ],
        "past": plan.past,
        "given_up": plan.given_up,
    }


def _who_and_where(each: Wanted) -> tuple[int, str, str, str]:
    return each.line, each.who.called, each.slot.title, f"{each.slot.start:%a %Y-%m-%d %H:%M}"
