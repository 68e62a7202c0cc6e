"""Staff and background steps in two processes at once, over one database of either kind.

Who comes first is left to chance; what may come of it is not. Every race is run several times.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock
from kursplan.desk.book import Booked
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.audit import audit
from tests.gym import MONDAY, MORNING, Gym
from tests.races.deskhand import Deskhand

ROUNDS = range(5)
ONE_MILLISECOND = timedelta(milliseconds=1)


@pytest.fixture
def clock() -> HandClock:
    """There is no server here, so every process has the time that the test gives it."""
    return HandClock(MORNING)


def confirm(gym: Gym, booking: Booked) -> tuple[str, dict[str, int]]:
    """What to tell a deskhand, so that the booking gets confirmed."""
    return "Confirm", {
        "organization_id": gym.organization,
        "studio_id": gym.studio_id,
        "booking_id": booking.booking_id,
    }


async def test_a_booking_is_either_confirmed_or_expired(
    gym: Gym, database_url: str, deskhands: list[Deskhand]
) -> None:
    """F41: one process still confirms at the last instant, for another that instant is over."""
    await gym.klass(
        "spin", confirmation="2 HOURS", promotion_ends="0 MINUTES", confirm_promotion="3 HOURS"
    )
    last_instant = gym.at("16:00")
    async with (
        deskhands[0].at(database_url, last_instant) as staff,
        deskhands[1].at(database_url, last_instant + ONE_MILLISECOND) as background,
    ):
        for _ in ROUNDS:
            slots = [await gym.slot("spin", at="18:00", seats=1) for _ in range(10)]
            seated = [await gym.booked(await gym.customer(), slot) for slot in slots]
            waiting = [await gym.booked(await gym.customer(), slot) for slot in slots]

            expiring = asyncio.create_task(background.do(("step", "expire_confirmations")))
            confirmed = await staff.do(*(confirm(gym, each) for each in seated))
            await expiring

            for answer, first, second in zip(confirmed, seated, waiting, strict=True):
                now = [(await gym.booking_now(each.booking_id)).status for each in (first, second)]
                if answer == BookingStatus.BOOKED:
                    assert now == [BookingStatus.BOOKED, BookingStatus.WAITING_LIST]
                else:
                    assert answer == ErrorCode.BOOKING_NOT_ACTIVE
                    assert now == [BookingStatus.CANCELED, BookingStatus.BOOKED]
            changed = [
                each.entity_id
                for each in await gym.told(
                    EventType.CLASS_BOOKING_UPDATED, EventType.CLASS_BOOKING_CANCELLED
                )
            ]
            lost = [
                first.booking_id
                for first, answer in zip(seated, confirmed, strict=True)
                if answer != BookingStatus.BOOKED
            ]
            # Confirmed is told once; expired once, and once more for whoever moved up.
            ours = {each.booking_id for each in (*seated, *waiting)}
            assert len([each for each in changed if each in ours]) == len(seated) + len(lost)
            await audit(gym.database, gym.organization, last_instant)
            for slot in slots:
                await gym.cancel_slot(slot)


async def test_two_processes_expire_what_is_due_once(
    gym: Gym, database_url: str, deskhands: list[Deskhand]
) -> None:
    """F42"""
    await gym.klass(
        "spin", confirmation="2 HOURS", promotion_ends="0 MINUTES", confirm_promotion="3 HOURS"
    )
    later = gym.at("16:00") + ONE_MILLISECOND
    async with (
        deskhands[0].at(database_url, later) as one,
        deskhands[1].at(database_url, later) as other,
    ):
        for _ in ROUNDS:
            slot = await gym.slot("spin", seats=5)
            crowd = await gym.customers(8)
            for each in crowd:
                await gym.booked(each, slot)
            earlier = len(await gym.told())

            worked = await asyncio.gather(
                one.do(("step", "expire_confirmations")), other.do(("step", "expire_confirmations"))
            )

            assert sorted(worked) == [[False], [True]]
            assert await gym.statuses(slot) == [(each, BookingStatus.BOOKED) for each in crowd[5:]]
            assert [each.type for each in (await gym.told())[earlier:]] == [
                *[EventType.CLASS_BOOKING_CANCELLED] * 5,
                *[EventType.CLASS_BOOKING_UPDATED] * 3,
            ]
            await audit(gym.database, gym.organization, later)
            await gym.cancel_slot(slot)


async def test_two_processes_promote_who_is_due_once(
    gym: Gym, database_url: str, deskhands: list[Deskhand]
) -> None:
    """F42"""
    rate = await gym.rate()
    async with (
        deskhands[0].at(database_url, gym.now) as one,
        deskhands[1].at(database_url, gym.now) as other,
    ):
        for _ in ROUNDS:
            slot = await gym.slot("spin", seats=1)
            seated, idle = await gym.customers(2)
            booking = await gym.booked(seated, slot)
            await gym.booked(idle, slot)
            period = await gym.idle(idle, await gym.membership(idle, rate), MONDAY)
            await gym.cancel(booking.booking_id)
            assert [each.skipped for each in await gym.on_slot(slot)] == [Kind.CUSTOMER_IDLE]
            await gym.remove(tables.idle_period, period)
            earlier = len(await gym.told())

            worked = await asyncio.gather(
                one.do(("step", "promote_waiting")), other.do(("step", "promote_waiting"))
            )

            assert sorted(worked) == [[False], [True]]
            assert await gym.statuses(slot) == [(idle, BookingStatus.BOOKED)]
            assert [each.type for each in (await gym.told())[earlier:]] == [
                EventType.CLASS_BOOKING_UPDATED
            ]
            await audit(gym.database, gym.organization, gym.now)
            await gym.cancel_slot(slot)


async def test_two_processes_complete_what_is_over_once(
    gym: Gym, database_url: str, deskhands: list[Deskhand]
) -> None:
    """F42"""
    later = gym.at("19:00")
    async with (
        deskhands[0].at(database_url, later) as one,
        deskhands[1].at(database_url, later) as other,
    ):
        for _ in ROUNDS:
            slots = [await gym.slot("spin", at="18:00") for _ in range(5)]

            worked = await asyncio.gather(
                one.do(("step", "complete_slots")), other.do(("step", "complete_slots"))
            )

            assert sorted(worked) == [[False], [True]]
            for slot in slots:
                assert (await gym.slot_now(slot)).status is SlotStatus.COMPLETED
            await audit(gym.database, gym.organization, later)
    assert await gym.told() == []
