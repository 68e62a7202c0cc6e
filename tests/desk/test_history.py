"""Who did what, and why: in the history, and on the bookings that were made or ended."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.desk.cancel import Cancel
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.close_studio import CloseStudio
from kursplan.desk.customers import DeleteCustomers, RecordCustomers
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.turn import Command, Turn, Unnoted
from kursplan.desk.expire import ExpireConfirmations
from kursplan.desk.organizations import RecordOrganization
from kursplan.desk.release import Release, WaiveLateness
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.domain.actors import THE_HOUSE, Actor, Origin
from kursplan.domain.bookings import BookingStatus, Ending
from kursplan.domain.entries import CustomerEntry, OrganizationEntry
from kursplan.domain.events import EventType
from kursplan.domain.history import EntityKind
from kursplan.domain.studios import LostEntitlement
from kursplan.store.staff import history, timetable
from kursplan.store.staff.history import Span, Told
from tests.gym import MONDAY, STAFF, Gym

PARTNER = Actor.application(4711)
STAFF_IS = STAFF.origin, STAFF.who


async def lines(gym: Gym, span: Span = history.EVERYTHING) -> list[Told]:
    """The oldest first."""
    found = await gym.database.read(
        partial(history.newest, organization_id=gym.organization, span=span)
    )
    return found[::-1]


async def about(
    gym: Gym, kind: EntityKind, number: int, span: Span = history.EVERYTHING
) -> list[str]:
    """The commands that had to do with it, the oldest first."""
    found = await gym.database.read(
        partial(
            history.about,
            organization_id=gym.organization,
            kind=kind,
            subject_id=number,
            span=span,
        )
    )
    return [each.command for each in found[::-1]]


async def book(gym: Gym, customer: int, slot: int) -> Book:
    fresh = await gym.desk.ids.next()
    return Book(gym.organization, gym.studio_id, customer, slot, fresh)


async def test_a_line_says_when_who_what_and_why(gym: Gym) -> None:
    command = await book(gym, await gym.customer(), await gym.slot())
    await gym.take(command, by=PARTNER, reason="rang")
    [line] = await lines(gym)
    [subject] = line.subjects
    assert (line.happened_at, line.command, line.reason) == (gym.now, "book", "rang")
    assert line.by == Actor(Origin.OPEN_API, "4711")
    assert (subject.kind, subject.id) == (EntityKind.BOOKING, command.booking_id)
    assert (subject.before, subject.after) == (None, {"status": "BOOKED"})


async def test_who_moves_up_by_that_stands_in_the_same_line(gym: Gym) -> None:
    slot = await gym.slot(seats=1)
    first, second = [await gym.booked(each, slot) for each in await gym.customers(2)]
    await gym.cancel(first.booking_id)
    cancelled, moved = (await lines(gym))[-1].subjects
    assert (cancelled.id, cancelled.before, cancelled.after) == (
        first.booking_id,
        {"status": "BOOKED", "ended": None},
        {"status": "CANCELED", "ended": "GIVEN_UP"},
    )
    assert (moved.id, moved.before, moved.after) == (
        second.booking_id,
        {"status": "WAITING_LIST"},
        {"status": "BOOKED"},
    )


async def test_what_changed_nothing_leaves_none(gym: Gym) -> None:
    slot = await gym.slot(seats=1, waiting_list=0)
    seated, refused = await gym.customers(2)
    booking = await gym.booked(seated, slot)
    assert await gym.book(refused, slot) is ErrorCode.BOOKING_LIMIT_REACHED
    await gym.cancel(booking.booking_id)
    await gym.cancel(booking.booking_id)
    await gym.cancel_slot(slot)
    await gym.cancel_slot(slot)
    assert [each.command for each in await lines(gym)] == ["book", "cancel", "cancel-slot"]


@pytest.mark.parametrize("by", [[PARTNER, PARTNER, PARTNER], [PARTNER, STAFF, PARTNER]])
async def test_lines_of_one_turn_keep_what_each_is_of_and_by_whom(
    gym: Gym, by: list[Actor]
) -> None:
    """Also where they are alike, and what they share is written once."""
    slot = await gym.slot()
    commands = [await book(gym, each, slot) for each in await gym.customers(3)]
    await asyncio.gather(
        *(
            gym.desk.execute(each, by=who, reason="rang")
            for each, who in zip(commands, by, strict=True)
        )
    )
    found = await lines(gym)
    assert [(each.command, each.by, each.reason) for each in found] == [
        ("book", who, "rang") for who in by
    ]
    assert [[(each.kind, each.id) for each in line.subjects] for line in found] == [
        [(EntityKind.BOOKING, each.booking_id)] for each in commands
    ]


async def test_commands_of_one_turn_have_a_line_each(gym: Gym) -> None:
    slot = await gym.slot(seats=2)
    commands = [await book(gym, each, slot) for each in await gym.customers(5)]
    await asyncio.gather(
        *(gym.take(each, by=Actor.customer(each.customer_id)) for each in commands)
    )
    found = await lines(gym)
    assert [each.by.who for each in found] == [str(each.customer_id) for each in commands]
    assert [each.subjects[0].id for each in found] == [each.booking_id for each in commands]


async def test_a_command_that_tells_what_it_did_not_note_is_a_fault(gym: Gym) -> None:
    class Forgets(Command[None]):
        name = "forgets"
        organization_id = gym.organization

        def perform(self, turn: Turn) -> None:
            turn.tell(EventType.STUDIO_OPENING_HOURS_UPDATED, gym.studio_id, gym.studio_id)

    with pytest.raises(Unnoted, match="forgets"):
        await gym.take(Forgets())
    assert await gym.told() == []


async def test_it_is_found_by_what_it_is_about(gym: Gym) -> None:
    slot, other = await gym.slot(at="18:00"), await gym.slot(at="20:00")
    ada, ben = await gym.customers(2)
    first = await gym.booked(ada, slot)
    await gym.booked(ben, other)
    await gym.changed_slot(other, max_participants=3)
    await gym.cancel_slot(slot)
    assert await about(gym, EntityKind.BOOKING, first.booking_id) == ["book", "cancel-slot"]
    assert await about(gym, EntityKind.SLOT, slot) == ["book", "cancel-slot"]
    assert await about(gym, EntityKind.SLOT, other) == ["book", "change-slot"]
    assert await about(gym, EntityKind.CUSTOMER, ben) == ["book"]
    assert await about(gym, EntityKind.CLASS, gym.classes["spin"]) == ["change-slot", "cancel-slot"]


async def test_it_is_found_by_whom_and_when(gym: Gym) -> None:
    slot = await gym.slot(day=MONDAY + timedelta(days=2))
    ada, ben = await gym.customers(2)
    await gym.take(await book(gym, ada, slot), by=PARTNER)
    gym.clock.advance(timedelta(days=1))
    await gym.take(await book(gym, ben, slot), by=STAFF)
    for who, expected in (("4711", [PARTNER]), ("staff", [STAFF]), ("nobody", [])):
        found = await gym.database.read(
            partial(
                history.by_whom,
                organization_id=gym.organization,
                names={who},
                span=history.EVERYTHING,
            )
        )
        assert [each.by for each in found] == expected
    today = Span(gym.now, gym.now + timedelta(hours=1), 100)
    yesterday = Span(gym.now - timedelta(days=1), gym.now, 100)
    assert [each.by for each in await lines(gym, today)] == [STAFF]
    assert [each.by for each in await lines(gym, yesterday)] == [PARTNER]
    assert await about(gym, EntityKind.SLOT, slot, yesterday) == ["book"]
    assert [each.by for each in await lines(gym, Span(limit=1))] == [STAFF]


# --- On the bookings themselves -----------------------------------------------------------------


async def test_a_booking_knows_who_made_it(gym: Gym) -> None:
    command = await book(gym, await gym.customer(), await gym.slot())
    await gym.take(command, by=PARTNER)
    made = await gym.booking_now(command.booking_id)
    assert (made.booked_via, made.booked_by) == (Origin.OPEN_API, "4711")
    assert (made.ended, made.ended_via, made.ended_by) == (None, None, None)


async def test_a_booking_knows_why_it_ended_and_by_whom(gym: Gym) -> None:
    """Every way there is, each with a slot of its own day."""
    of, studio = gym.organization, gym.studio_id
    series = await gym.series(at="10:00", weekdays=(6,))
    [of_series] = await gym.extend(series, until=MONDAY + timedelta(days=6))
    ended: dict[Ending, tuple[Ending | None, Origin | None, str | None]] = {}

    async def end(why: Ending, by: Actor, action: Any, **options: Any) -> None:
        day = MONDAY + timedelta(days=len(ended))
        slot = await gym.slot(day=day) if why is not Ending.SERIES_CHANGED else of_series.id
        customer = await gym.customer()
        booked = await gym.booked(customer, slot)
        command = action(booked.booking_id, slot, customer, day)
        await gym.take(command, by=by, **options)
        found = await gym.booking_now(booked.booking_id)
        assert found.status is BookingStatus.CANCELED
        ended[why] = (found.ended, found.ended_via, found.ended_by)

    def closed(day: Any, **options: Any) -> CloseStudio:
        morning, evening = gym.wall("00:00", day=day), gym.wall("23:00", day=day)
        return CloseStudio(of, studio, f"closed-{day}", morning, evening, **options)

    await end(Ending.GIVEN_UP, PARTNER, lambda booking, *_: Cancel(of, studio, booking))
    await end(Ending.STAFF, STAFF, lambda booking, *_: Release(of, studio, booking))
    await end(Ending.SLOT_CANCELLED, STAFF, lambda _, slot, *__: CancelSlot(of, slot))
    await end(Ending.STUDIO_CLOSED, STAFF, lambda *given: closed(given[3], cancel_slots=True))
    await end(Ending.SERIES_CHANGED, STAFF, lambda *_: EndSeries(of, series, MONDAY))
    await end(
        Ending.CUSTOMER_DELETED, STAFF, lambda *given: DeleteCustomers(of, frozenset({given[2]}))
    )
    policy = OrganizationEntry(f"gym-{of}", lost_entitlement=LostEntitlement.CANCEL)
    await gym.take(RecordOrganization(of, policy))
    await end(Ending.NOT_ADMITTED, STAFF, lambda *given: closed(given[3]))
    assert ended == {
        why: (why, *((PARTNER.origin, PARTNER.who) if why is Ending.GIVEN_UP else STAFF_IS))
        for why in Ending
        if why is not Ending.NOT_CONFIRMED
    }


async def test_one_that_was_not_confirmed_was_ended_by_the_house(gym: Gym) -> None:
    await gym.klass(confirmation="2 HOURS")
    slot = await gym.slot(at="18:00")
    booked = await gym.booked(await gym.customer(), slot)
    gym.clock.advance(timedelta(hours=9))
    command = ExpireConfirmations(gym.organization, frozenset({booked.booking_id}))
    await gym.take(command, by=THE_HOUSE)
    found = await gym.booking_now(booked.booking_id)
    assert (found.ended, found.ended_via, found.ended_by) == (
        Ending.NOT_CONFIRMED,
        Origin.HOUSE,
        None,
    )


async def test_one_that_is_back_has_not_ended(gym: Gym) -> None:
    slot = await gym.slot()
    booked = await gym.booked(await gym.customer(), slot)
    await gym.cancel_slot(slot)
    await gym.take(RestoreSlot(gym.organization, slot, with_bookings=True))
    found = await gym.booking_now(booked.booking_id)
    assert found.active
    assert (found.ended, found.ended_via, found.ended_by) == (None, None, None)


async def test_it_knows_when_it_moved_up_and_when_it_was_confirmed(gym: Gym) -> None:
    await gym.klass(confirmation="2 HOURS")
    slot = await gym.slot(seats=1)
    first, second = [await gym.booked(each, slot) for each in await gym.customers(2)]
    gym.clock.advance(timedelta(minutes=5))
    await gym.cancel(first.booking_id)
    moved_up_at = gym.now
    gym.clock.advance(timedelta(minutes=5))
    await gym.confirm(second.booking_id)
    found = await gym.booking_now(second.booking_id)
    assert (found.promoted_at, found.confirmed_at) == (moved_up_at, gym.now)
    assert (await gym.booking_now(first.booking_id)).promoted_at is None


async def test_why_staff_did_it_is_read_with_the_booking(gym: Gym) -> None:
    command = AddBooking(await book(gym, await gym.customer(), await gym.slot()))
    number = command.book.booking_id

    async def why() -> str | None:
        row = await gym.database.read(
            lambda tx: timetable.booking_by_id(tx, gym.organization, number)
        )
        assert row is not None
        return row.reason  # type: ignore[no-any-return]

    await gym.take(command, reason="rang")
    assert await why() == "rang"
    gym.clock.advance(timedelta(minutes=1))
    await gym.take(Release(gym.organization, gym.studio_id, number))
    assert await why() == "rang"
    gym.clock.advance(timedelta(minutes=1))
    await gym.take(WaiveLateness(gym.organization, gym.studio_id, number), reason="ill")
    assert await why() == "rang"  # It was in time, so nothing was done.


# --- What is not kept ---------------------------------------------------------------------------


def entry(name: str, **options: Any) -> CustomerEntry:
    return CustomerEntry("key-of-ada", "berlin", name, "Lovelace", memberships=(), **options)


async def test_of_a_person_only_which_members_were_changed_is_kept(gym: Gym) -> None:
    fresh = await gym.desk.ids.next()
    await gym.take(RecordCustomers(gym.organization, {fresh: entry("Ada")}))
    changed = entry("Augusta", email="ada@example.org")
    await gym.take(RecordCustomers(gym.organization, {fresh: changed}))
    [subject] = (await lines(gym))[-1].subjects
    assert (subject.before, subject.after) == ({}, {})
    assert set(subject.withheld) == {"first_name", "email"}


async def test_not_even_one_that_was_given_in_the_same_turn(gym: Gym) -> None:
    customer = await gym.customer()
    command = await book(gym, customer, await gym.slot())
    await asyncio.gather(
        gym.take(command, reason="is on crutches"),
        gym.take(DeleteCustomers(gym.organization, frozenset({customer})), reason="asked for it"),
    )
    assert [each.reason for each in await lines(gym)] == [None, "asked for it"]


async def test_whoever_is_deleted_leaves_no_reason_behind(gym: Gym) -> None:
    """Nor is one kept of what was done to their bookings; what was done to others stays."""
    slot = await gym.slot()
    fresh = await gym.desk.ids.next()
    await gym.take(RecordCustomers(gym.organization, {fresh: entry("Ada")}), reason="came by")
    command = await book(gym, fresh, slot)
    await gym.take(command, reason="is on crutches")
    await gym.take(await book(gym, await gym.customer(), slot), reason="a friend")
    await gym.cancel_slot(slot)
    await gym.take(DeleteCustomers(gym.organization, frozenset({fresh})), reason="asked for it")
    assert [each.reason for each in await lines(gym)] == [
        None,
        None,
        "a friend",
        None,
        "asked for it",
    ]
