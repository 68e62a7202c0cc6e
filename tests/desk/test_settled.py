"""Staff settle what becomes of a flagged booking: it stays, until something new speaks against it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from kursplan.clock import HandClock
from kursplan.desk.cancel import Cancel
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.contracts import EndMembership
from kursplan.desk.mend import ReviewBookings
from kursplan.desk.release import Release
from kursplan.desk.settle import AskAgain, Settle
from kursplan.doctor import Invariant, examine
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.consequences import Becomes
from kursplan.domain.events import EventType
from kursplan.domain.refusals import BookingNotActive, BookingNotFound, Kind
from kursplan.domain.settling import kind_of
from kursplan.domain.studios import LostEntitlement
from kursplan.store import tables
from kursplan.store.engine.database import Database
from tests.gym import MONDAY, Gym

UPDATED = EventType.CLASS_BOOKING_UPDATED
REASON = "the caretaker lets us in"


async def close(
    gym: Gym,
    start: str = "17:00",
    end: str = "22:00",
    *,
    key: str = "repair",
    why: str | None = None,
) -> None:
    times = gym.wall(start), gym.wall(end)
    await gym.take(CloseStudio(gym.organization, gym.studio_id, key, *times, why))


async def settle(gym: Gym, booking: int) -> None:
    await gym.take(Settle(gym.organization, gym.studio_id, booking), reason=REASON)


async def flags(gym: Gym, booking: int) -> tuple[Kind | None, list[Kind]]:
    """What staff are asked about, and what they have settled."""
    now = await gym.booking_now(booking)
    return now.conflict, [kind_of(each) for each in now.settled]


async def found_by_the_doctor(gym: Gym) -> list[tuple[Invariant, tuple[int, ...]]]:
    found = await gym.database.read(lambda tx: examine(tx, gym.organization, gym.now))
    return [(each.invariant, tuple(each.booking_ids)) for each in found]


async def flagged(gym: Gym) -> int:
    """A booking in a closure."""
    slot = await gym.slot("spin", at="18:00")
    booking = (await gym.booked(await gym.customer(), slot)).booking_id
    await close(gym)
    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [])
    return booking


async def test_a_flagged_booking_is_settled_and_nobody_is_told(gym: Gym) -> None:
    booking = await flagged(gym)
    before = await gym.told()

    await settle(gym, booking)

    assert await flags(gym, booking) == (None, [Kind.STUDIO_CLOSED])
    assert (await gym.booking_now(booking)).status is BookingStatus.BOOKED
    assert await gym.told_since(before) == []


async def test_settled_twice_and_not_flagged_at_all_changes_nothing(gym: Gym) -> None:
    booking = await flagged(gym)
    free = (await gym.booked(await gym.customer(), await gym.slot("spin", at="10:00"))).booking_id
    await settle(gym, booking)
    settled = await gym.booking_now(booking)

    for each in (booking, free):
        command = Settle(gym.organization, gym.studio_id, each)
        assert not (await gym.desk.rehearse(command)).changes_anything
        await settle(gym, each)

    assert await gym.booking_now(booking) == settled
    assert await flags(gym, free) == (None, [])


async def test_a_rehearsal_takes_nothing_from_anybody(gym: Gym) -> None:
    booking = await flagged(gym)
    rehearsed = await gym.desk.rehearse(Settle(gym.organization, gym.studio_id, booking))
    assert [each.becomes for each in rehearsed.changes] == [Becomes.OTHERWISE]
    assert (rehearsed.taken, dict(rehearsed.told)) == ((), {})
    assert rehearsed.changes_anything
    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [])


async def test_what_is_cancelled_or_elsewhere_is_refused(gym: Gym) -> None:
    booking = await flagged(gym)
    lisbon = await gym.studio("lisbon", zone="Europe/Lisbon")
    assert await gym.refused(Settle(gym.organization, lisbon, booking)) == BookingNotFound(booking)
    await gym.take(Release(gym.organization, gym.studio_id, booking))
    answer = await gym.refused(Settle(gym.organization, gym.studio_id, booking))
    assert answer == BookingNotActive(waits=False)


async def test_the_same_closure_does_not_ask_again(gym: Gym) -> None:
    """Not entered once more, not worded otherwise, and not by a look at all there is."""
    booking = await flagged(gym)
    await settle(gym, booking)
    before = await gym.told()

    await close(gym)
    await close(gym, why="the heating is repaired")
    await gym.take(ReviewBookings(gym.organization, frozenset({booking})))

    assert await flags(gym, booking) == (None, [Kind.STUDIO_CLOSED])
    assert UPDATED not in [each for each, _ in await gym.told_since(before)]


@pytest.mark.parametrize(("start", "end"), [("16:00", "22:00"), ("17:00", "23:00")])
async def test_a_closure_that_changed_flags_again(gym: Gym, start: str, end: str) -> None:
    booking = await flagged(gym)
    await settle(gym, booking)
    before = await gym.told()

    await close(gym, start, end)

    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [])
    assert (UPDATED, booking) in await gym.told_since(before)


@pytest.mark.parametrize(("start", "end"), [("18:30", "20:00"), ("12:00", "18:30")])
async def test_another_closure_flags_again_and_both_can_be_settled(
    gym: Gym, start: str, end: str
) -> None:
    """Whether it begins before the settled one or after."""
    booking = await flagged(gym)
    await settle(gym, booking)

    await close(gym, start, end, key="party")
    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [Kind.STUDIO_CLOSED])

    await settle(gym, booking)
    assert await flags(gym, booking) == (None, [Kind.STUDIO_CLOSED] * 2)


async def test_whatever_else_comes_to_speak_against_it_flags_it(gym: Gym) -> None:
    """Also what the guards ask for after the thing that is settled."""
    rate = await gym.rate()
    await gym.klass("yoga", who_may_book=WhoMayBook.MEMBERS)
    customer = await gym.customer()
    membership = await gym.membership(customer, rate)
    slot = await gym.slot("yoga", at="18:00", day=MONDAY + timedelta(days=1))
    booking = (await gym.booked(customer, slot)).booking_id
    tomorrow = [gym.wall(at, day=MONDAY + timedelta(days=1)) for at in ("00:00", "23:00")]
    await gym.take(CloseStudio(gym.organization, gym.studio_id, "repair", *tomorrow))
    await settle(gym, booking)

    await gym.take(EndMembership(gym.organization, customer, f"membership-{membership}", MONDAY))

    assert await flags(gym, booking) == (Kind.NO_MEMBERSHIP, [Kind.STUDIO_CLOSED])


async def test_what_is_settled_ends_with_what_it_was_about(gym: Gym) -> None:
    """Opened after all, and closed again: that is asked about anew. That it is free again is told."""
    booking = await flagged(gym)
    await settle(gym, booking)
    before = await gym.told()

    await gym.take(OpenStudio(gym.organization, gym.studio_id, "repair"))
    assert await flags(gym, booking) == (None, [])
    assert (UPDATED, booking) in await gym.told_since(before)

    await close(gym)
    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [])


async def test_a_slot_that_moves_out_of_the_closure_and_back_is_asked_about_again(gym: Gym) -> None:
    booking = await flagged(gym)
    await settle(gym, booking)
    slot = (await gym.booking_now(booking)).slot_id
    for at, expected in (
        ("18:30", (None, [Kind.STUDIO_CLOSED])),
        ("10:00", (None, [])),
        ("18:00", (Kind.STUDIO_CLOSED, [])),
    ):
        await gym.take(ChangeSlot(gym.organization, slot, local_start=gym.wall(at)))
        assert await flags(gym, booking) == expected


async def test_who_is_settled_can_still_leave_until_the_start(gym: Gym) -> None:
    """Nobody is trapped by what others did."""
    booking = await flagged(gym)
    await settle(gym, booking)
    gym.clock.set(gym.at("17:50"))

    await gym.take(Cancel(gym.organization, gym.studio_id, booking))

    now = await gym.booking_now(booking)
    assert (now.status, now.late, now.settled) == (BookingStatus.CANCELED, False, ())


async def test_a_seat_elsewhere_is_settled_by_itself(gym: Gym) -> None:
    """It is that other seat which is settled: a third one at the time flags the booking again."""
    customer = await gym.customer()
    here, there, third = [await gym.slot("spin", at=at) for at in ("12:00", "14:00", "16:00")]
    first, _, last = [
        (await gym.booked(customer, each)).booking_id for each in (here, there, third)
    ]
    await gym.take(ChangeSlot(gym.organization, here, local_start=gym.wall("14:00")))
    assert await flags(gym, first) == (Kind.CUSTOMER_IN_OTHER_BOOKING, [])
    await settle(gym, first)
    await gym.take(ChangeSlot(gym.organization, third, local_start=gym.wall("14:30")))
    assert await flags(gym, last) == (Kind.CUSTOMER_IN_OTHER_BOOKING, [])

    await gym.take(ReviewBookings(gym.organization, frozenset({first})))

    other = Kind.CUSTOMER_IN_OTHER_BOOKING
    assert await flags(gym, first) == (other, [other])


async def test_while_it_runs_it_can_be_settled_too(gym: Gym) -> None:
    booking = await flagged(gym)
    gym.clock.set(gym.at("18:30"))
    await settle(gym, booking)
    assert await flags(gym, booking) == (None, [Kind.STUDIO_CLOSED])
    await gym.take(AskAgain(gym.organization, gym.studio_id, booking))
    assert await flags(gym, booking) == (Kind.STUDIO_CLOSED, [])


async def test_asked_again_it_is_flagged_as_before_and_nobody_is_told(gym: Gym) -> None:
    booking = await flagged(gym)
    was = await gym.booking_now(booking)
    before = await gym.told()
    await settle(gym, booking)

    await gym.take(AskAgain(gym.organization, gym.studio_id, booking))

    assert await gym.booking_now(booking) == was
    assert await gym.told_since(before) == []


async def test_a_flag_by_which_nothing_speaks_any_more_just_goes(gym: Gym) -> None:
    """The membership was bought since, say, where nobody looked again."""
    slot = await gym.slot("spin", at="18:00")
    booking = (await gym.booked(await gym.customer(), slot)).booking_id
    await gym.set(tables.booking, booking, conflict=Kind.NO_MEMBERSHIP)
    before = await gym.told()

    await settle(gym, booking)

    assert await flags(gym, booking) == (None, [])
    assert await gym.told_since(before) == [(UPDATED, booking)]


async def test_where_that_is_the_policy_what_is_new_cancels_it(
    database: Database, clock: HandClock
) -> None:
    gym = await Gym(database, clock).open(lost_entitlement=LostEntitlement.CANCEL)
    customer = await gym.customer()
    here, there = [await gym.slot("spin", at=at) for at in ("12:00", "14:00")]
    first, _ = [(await gym.booked(customer, each)).booking_id for each in (here, there)]
    # A move flags in any case.
    await gym.take(ChangeSlot(gym.organization, here, local_start=gym.wall("14:00")))
    await settle(gym, first)

    await close(gym, "13:00", "16:00")

    assert (await gym.booking_now(first)).status is BookingStatus.CANCELED


async def test_the_doctor_is_content_with_what_is_settled(gym: Gym) -> None:
    """With a closure, with two seats at a time; and not where the closure is gone from beneath it."""
    booking = await flagged(gym)
    await settle(gym, booking)
    customer = (await gym.booking_now(booking)).customer_id
    here, there = [await gym.slot("spin", at=at) for at in ("12:00", "14:00")]
    first, _ = [(await gym.booked(customer, each)).booking_id for each in (here, there)]
    await gym.take(ChangeSlot(gym.organization, here, local_start=gym.wall("14:00")))
    await settle(gym, first)
    assert await found_by_the_doctor(gym) == []

    by_key = select(tables.closure.c.id).where(tables.closure.c.key == "repair")
    await gym.remove(
        tables.closure, await gym.database.read(lambda tx: tx.execute(by_key).scalar_one())
    )

    assert await found_by_the_doctor(gym) == [(Invariant.CLOSURES_ARE_FLAGGED, (booking,))]
    await gym.take(ReviewBookings(gym.organization, frozenset({booking})))
    assert await found_by_the_doctor(gym) == []
