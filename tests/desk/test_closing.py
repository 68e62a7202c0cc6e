"""Closing a studio: what becomes of its slots and of who is booked there."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock
from kursplan.desk.close_studio import CloseStudio, ClosureKeyTaken, OpenStudio, StudioHours
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.desk.review import review
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.store import tables
from kursplan.store.engine.database import Database
from tests.gym import MONDAY, Gym

BOOKED = BookingStatus.BOOKED
WAITING = BookingStatus.WAITING_LIST

HOURS_UPDATED = EventType.STUDIO_OPENING_HOURS_UPDATED


async def close(
    gym: Gym,
    start: str | datetime = "17:00",
    end: str | datetime = "22:00",
    *,
    key: str = "repair",
    reason: str | None = None,
    cancel_slots: bool = False,
    studio_id: int | None = None,
) -> StudioHours:
    answer = await gym.take(
        CloseStudio(
            gym.organization,
            studio_id or gym.studio_id,
            key,
            gym.wall(start) if isinstance(start, str) else start,
            gym.wall(end) if isinstance(end, str) else end,
            reason,
            cancel_slots,
        )
    )
    assert isinstance(answer, StudioHours), answer
    return answer


async def open_again(gym: Gym, key: str = "repair") -> StudioHours:
    answer = await gym.take(OpenStudio(gym.organization, gym.studio_id, key))
    assert isinstance(answer, StudioHours), answer
    return answer


async def test_bookings_in_a_closure_are_flagged_and_told(gym: Gym) -> None:
    """F34"""
    within = await gym.slot(at="18:00", seats=1)
    touching = await gym.slot(at="22:00")
    first, second = await gym.customers(2)
    seat, waiting = await gym.booked(first, within), await gym.booked(second, within)
    await gym.booked(first, touching)
    before = await gym.told()

    answer = await close(gym)

    assert (answer.changed, answer.cancelled_slots) == (True, ())
    assert [(each.id, each.conflict) for each in answer.reviewed] == [
        (seat.booking_id, Kind.STUDIO_CLOSED),
        (waiting.booking_id, Kind.STUDIO_CLOSED),
    ]
    assert await gym.statuses(within) == [(first, BOOKED), (second, WAITING)]
    assert [each.conflict for each in await gym.on_slot(touching)] == [None]
    assert await gym.told_since(before) == [
        (HOURS_UPDATED, gym.studio_id),
        (EventType.CLASS_BOOKING_UPDATED, seat.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id),
    ]


async def test_where_that_is_the_policy_they_are_cancelled(
    database: Database, clock: HandClock
) -> None:
    """F34: nobody moves up in a closed studio."""
    gym = await Gym(database, clock).open(lost_entitlement=LostEntitlement.CANCEL)
    slot = await gym.slot(at="18:00", seats=1)
    first, second = await gym.customers(2)
    seat, waiting = await gym.booked(first, slot), await gym.booked(second, slot)
    before = await gym.told()

    await close(gym)

    assert await gym.statuses(slot) == []
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED
    assert await gym.told_since(before) == [
        (HOURS_UPDATED, gym.studio_id),
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_CANCELLED, waiting.booking_id),
    ]


async def test_the_slots_are_cancelled_where_staff_say_so(gym: Gym) -> None:
    """F18, for more slots than a turn would look at one by one."""
    slots = [await gym.slot(at=f"{17 + n // 5}:{n % 5}0", minutes=10) for n in range(12)]
    outside = await gym.slot(at="10:00")
    customer = await gym.customer()
    for slot in (*slots, outside):
        await gym.booked(customer, slot)
    before = await gym.told()

    answer = await close(gym, cancel_slots=True)

    assert (answer.cancelled_slots, answer.reviewed) == (tuple(slots), ())
    assert {(await gym.slot_now(slot)).status for slot in slots} == {SlotStatus.CANCELED}
    assert (await gym.slot_now(outside)).status is SlotStatus.PLANNED
    told = [type_ for type_, _ in await gym.told_since(before)]
    assert told.count(EventType.CLASS_SLOT_CANCELLED) == len(slots)
    assert told.count(EventType.CLASS_BOOKING_CANCELLED) == len(slots)
    assert told.count(HOURS_UPDATED) == 1
    assert len(told) == 2 * len(slots) + 1


async def test_a_closed_studio_takes_no_bookings(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    await close(gym, "18:59", "20:00")
    assert await gym.book(customer, slot) is ErrorCode.STUDIO_CLOSED
    assert await gym.may_book(customer, slot) is ErrorCode.STUDIO_CLOSED


async def test_a_slot_that_has_begun_takes_place(gym: Gym) -> None:
    running = await gym.slot(at="18:00")
    customer = await gym.customer()
    await gym.booked(customer, running)
    gym.clock.set(gym.at("18:30"))

    answer = await close(gym, cancel_slots=True)

    assert (answer.cancelled_slots, answer.reviewed) == ((), ())
    assert await gym.statuses(running) == [(customer, BOOKED)]


async def test_a_slot_that_was_cancelled_in_the_same_turn_is_not_cancelled_again(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    await gym.booked(await gym.customer(), slot)

    _, answer = await asyncio.gather(gym.cancel_slot(slot), close(gym, cancel_slots=True))

    assert answer.cancelled_slots == ()
    assert len(await gym.told(EventType.CLASS_SLOT_CANCELLED)) == 1
    assert len(await gym.told(EventType.CLASS_BOOKING_CANCELLED)) == 1


async def test_a_slot_that_was_moved_there_in_the_same_turn_is_closed_too(gym: Gym) -> None:
    slot = await gym.slot(at="10:00")
    await gym.booked(await gym.customer(), slot)

    await asyncio.gather(gym.changed_slot(slot, local_start=gym.wall("18:00")), close(gym))

    assert [each.conflict for each in await gym.on_slot(slot)] == [Kind.STUDIO_CLOSED]


async def test_closing_again_in_the_same_way_changes_nothing(gym: Gym) -> None:
    await gym.booked(await gym.customer(), await gym.slot(at="18:00"))
    await close(gym, reason="boiler")
    told = await gym.told()

    assert await close(gym, reason="boiler") == StudioHours(gym.studio_id, changed=False)

    assert await gym.told() == told
    assert await gym.count(tables.closure) == 1


async def test_a_closure_that_is_moved_frees_what_it_fell_on(gym: Gym) -> None:
    early, late = await gym.slot(at="10:00"), await gym.slot(at="18:00")
    customer = await gym.customer()
    await gym.booked(customer, early)
    await gym.booked(customer, late)
    await close(gym, "09:00", "12:00")

    await close(gym, "17:00", "20:00")

    assert [each.conflict for each in await gym.on_slot(early)] == [None]
    assert [each.conflict for each in await gym.on_slot(late)] == [Kind.STUDIO_CLOSED]
    assert await gym.count(tables.closure) == 1
    assert len(await gym.told(HOURS_UPDATED)) == 2


async def test_another_reason_is_told_but_touches_no_booking(gym: Gym) -> None:
    await gym.booked(await gym.customer(), await gym.slot(at="18:00"))
    await close(gym, reason="boiler")
    before = await gym.told()

    answer = await close(gym, reason="boiler, again")

    assert answer == StudioHours(gym.studio_id, changed=True)
    assert await gym.told_since(before) == [(HOURS_UPDATED, gym.studio_id)]


async def test_opening_again_takes_the_flags_back_and_fills_seats(gym: Gym) -> None:
    slot = await gym.slot(at="18:00", seats=2)
    first, second, third = await gym.customers(3)
    seat = await gym.booked(first, slot)
    staying = await gym.booked(second, slot)
    waiting = await gym.booked(third, slot)
    await close(gym)
    await gym.cancel(seat.booking_id)
    assert await gym.statuses(slot) == [(second, BOOKED), (third, WAITING)]
    before = await gym.told()

    answer = await open_again(gym)

    assert answer.changed
    assert await gym.statuses(slot) == [(second, BOOKED), (third, BOOKED)]
    assert [each.conflict for each in await gym.on_slot(slot)] == [None, None]
    assert await gym.count(tables.closure) == 0
    assert await gym.told_since(before) == [
        (HOURS_UPDATED, gym.studio_id),
        (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, staying.booking_id),
    ]


async def test_a_closure_under_way_ends_now_and_stays_on_record(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    await close(gym, "07:00", "22:00")
    assert await gym.book(customer, slot) is ErrorCode.STUDIO_CLOSED
    gym.clock.set(gym.at("12:00"))

    assert (await open_again(gym)).changed

    await gym.booked(customer, slot)
    assert await gym.count(tables.closure) == 1
    assert await open_again(gym) == StudioHours(gym.studio_id, changed=False)


async def test_opening_what_is_not_closed_changes_nothing(gym: Gym) -> None:
    await close(gym)
    told = await gym.told()
    assert await open_again(gym, "another key") == StudioHours(gym.studio_id, changed=False)
    gym.clock.advance(timedelta(days=2))
    assert await open_again(gym) == StudioHours(gym.studio_id, changed=False)
    assert await gym.told() == told


async def test_what_makes_no_sense_is_refused(gym: Gym) -> None:
    hamburg = await gym.studio("hamburg")
    await close(gym)
    start, end = gym.wall("18:00"), gym.wall("17:00")

    def closure(studio_id: int, key: str, start: datetime, end: datetime) -> CloseStudio:
        return CloseStudio(gym.organization, studio_id, key, start, end)

    backwards = closure(gym.studio_id, "a", start, end)
    empty = closure(gym.studio_id, "a", start, start)
    nowhere = closure(999_999, "a", end, start)
    assert await gym.take(backwards) is ErrorCode.INVALID_TIMES
    assert await gym.take(empty) is ErrorCode.INVALID_TIMES
    assert await gym.take(nowhere) is ErrorCode.STUDIO_NOT_FOUND
    opening = OpenStudio(gym.organization, 999_999, "repair")
    assert await gym.take(opening) is ErrorCode.STUDIO_NOT_FOUND
    with pytest.raises(ClosureKeyTaken, match="'repair' is the key of a closure of another studio"):
        await gym.take(closure(hamburg, "repair", end, start))
    with pytest.raises(ValueError, match="plain local time"):
        closure(gym.studio_id, "a", gym.at("17:00"), gym.at("18:00"))
    assert await gym.count(tables.closure) == 1


async def test_another_studio_stays_open(gym: Gym) -> None:
    hamburg = await gym.studio("hamburg")
    await gym.klass("pilates", studio_id=hamburg)
    slot = await gym.slot("pilates", at="18:00", studio_id=hamburg)
    customer = await gym.customer(studio_id=hamburg)
    seat = await gym.booked(customer, slot, studio_id=hamburg)

    await close(gym, cancel_slots=True)

    assert (await gym.booking_now(seat.booking_id)).conflict is None
    assert await gym.statuses(slot) == [(customer, BOOKED)]


async def test_a_closure_is_kept_in_the_local_time_of_its_studio(gym: Gym) -> None:
    """F27: it lasts over the night in which the clocks change."""
    day = MONDAY + timedelta(days=26)
    slot = await gym.slot(day=day + timedelta(days=1), at="06:30")
    await gym.booked(
        await gym.customer(),
        slot,
        overrule=frozenset({Kind.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME}),
    )

    await close(gym, gym.wall("22:00", day=day), gym.wall("06:30", day=day + timedelta(days=1)))
    assert [each.conflict for each in await gym.on_slot(slot)] == [None]
    await close(gym, gym.wall("22:00", day=day), gym.wall("06:31", day=day + timedelta(days=1)))
    assert [each.conflict for each in await gym.on_slot(slot)] == [Kind.STUDIO_CLOSED]


@dataclass(frozen=True)
class Review(Command[list[Booking]]):
    """Look again at all who sit or wait on a slot, as whoever changes a membership does."""

    organization_id: int
    slot_id: int

    @property
    def footprint(self) -> Footprint:
        return Footprint(rosters=frozenset({self.slot_id}))

    def perform(self, turn: Turn) -> list[Booking]:
        there = [booking for booking, _ in turn.roster(turn.slots[self.slot_id])]
        return [review(turn, booking) or turn.bookings[booking.id] for booking in there]


@pytest.mark.parametrize("ground", ["idle", "ended"])
async def test_what_a_membership_no_longer_allows_is_flagged_until_it_does_again(
    gym: Gym, ground: str
) -> None:
    """F34"""
    await gym.klass(who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot()
    customer = await gym.customer()
    membership = await gym.membership(customer, await gym.rate())
    seat = await gym.booked(customer, slot)
    if ground == "idle":
        idle = await gym.idle(customer, membership, MONDAY, MONDAY)
    else:
        await gym.set(tables.membership, membership, valid_until=MONDAY - timedelta(days=1))
    before = await gym.told()

    [flagged] = await gym.take(Review(gym.organization, slot))
    [again] = await gym.take(Review(gym.organization, slot))

    expected = Kind.CUSTOMER_IDLE if ground == "idle" else Kind.NO_MEMBERSHIP
    assert (flagged.conflict, again.conflict) == (expected, expected)
    updated = (EventType.CLASS_BOOKING_UPDATED, seat.booking_id)
    assert await gym.told_since(before) == [updated]

    if ground == "idle":
        await gym.remove(tables.idle_period, idle)
    else:
        await gym.set(tables.membership, membership, valid_until=None)
    [cleared] = await gym.take(Review(gym.organization, slot))
    assert cleared.conflict is None
    assert await gym.told_since(before) == [updated, updated]


async def test_one_who_is_cancelled_by_policy_makes_room_for_the_next(
    database: Database, clock: HandClock
) -> None:
    """F34, and what is reviewed after it is looked at as it stands then."""
    gym = await Gym(database, clock).open(lost_entitlement=LostEntitlement.CANCEL)
    slot = await gym.slot(seats=1)
    first, second = await gym.customers(2)
    seat, waiting = await gym.booked(first, slot), await gym.booked(second, slot)
    membership = await gym.membership(first, await gym.rate())
    await gym.idle(first, membership, MONDAY)
    before = await gym.told()

    await gym.take(Review(gym.organization, slot))

    assert await gym.statuses(slot) == [(second, BOOKED)]
    assert await gym.told_since(before) == [
        (EventType.CLASS_BOOKING_CANCELLED, seat.booking_id),
        (EventType.CLASS_BOOKING_UPDATED, waiting.booking_id),
    ]


async def test_nothing_is_reviewed_once_the_slot_has_started(gym: Gym) -> None:
    slot = await gym.slot(at="18:00")
    customer = await gym.customer()
    await gym.booked(customer, slot)
    membership = await gym.membership(customer, await gym.rate())
    await gym.idle(customer, membership, MONDAY)
    gym.clock.set(gym.at("18:00"))

    [untouched] = await gym.take(Review(gym.organization, slot))

    assert untouched.conflict is None
