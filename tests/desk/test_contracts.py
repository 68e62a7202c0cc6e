"""Contracts change, and bookings to come are looked at again in the same turn (F34)."""

from datetime import date

from kursplan.desk.customers import RecordCustomers
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from tests.gym import MONDAY, Gym

UPDATED = EventType.CLASS_BOOKING_UPDATED


async def test_one_who_may_take_the_free_seat_again_is_told_once(gym: Gym) -> None:
    await gym.rate("basic")
    slot = await gym.slot("spin", seats=1)
    seated = await gym.booked(await gym.customer(), slot)
    customer = await gym.desk.ids.next()

    async def record(*idle_periods: IdlePeriodEntry) -> None:
        membership = MembershipEntry("m", "basic", date(2026, 1, 1), idle_periods=idle_periods)
        entry = CustomerEntry("erika", "berlin", "Erika", "M", memberships=(membership,))
        await gym.take(RecordCustomers(gym.organization, {customer: entry}))

    await record()
    waiting = await gym.booked(customer, slot)
    await record(IdlePeriodEntry("rest", MONDAY))
    await gym.cancel(seated.booking_id)
    passed_over = await gym.booking_now(waiting.booking_id)
    assert (passed_over.conflict, passed_over.skipped) == (Kind.CUSTOMER_IDLE,) * 2
    before = len(await gym.told(UPDATED))

    await record()

    now = await gym.booking_now(waiting.booking_id)
    assert (now.status, now.conflict, now.skipped) == (BookingStatus.BOOKED, None, None)
    assert [each.entity_id for each in (await gym.told(UPDATED))[before:]] == [waiting.booking_id]
