"""A week of the gym in which every sign of the timetable occurs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kursplan.domain.classes import ClassType, OnlineBooking
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import Override, SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, Gym


@dataclass(frozen=True)
class Week:
    """The slots by what is special about them, and who gives them."""

    plain: int
    full: int
    cancelled: int
    covered: int
    pinned: int
    shown_only: int
    clashing: tuple[int, int]
    flagged: int
    ina: int
    tarek: int
    hall: int
    cellar: int


async def week(gym: Gym) -> Week:
    """From Monday, 2 March 2026; it is 08:00 on that day."""
    ina, tarek = await gym.employee("Ina"), await gym.employee("Tarek")
    hall, cellar = await gym.location("Saal 1"), await gym.location("Radraum")
    await gym.klass("yoga", category="Körper & Geist", max_participants=3)
    await gym.klass("spin", category="Ausdauer", max_participants=2)
    await gym.klass("open", online_booking=OnlineBooking.DISPLAY_ONLY, type=ClassType.STREAM)
    tuesday, thursday, saturday = (MONDAY + timedelta(days=n) for n in (1, 3, 5))

    plain = await gym.slot("yoga", at="18:00", seats=3, location_id=hall)
    await gym.gives(plain, ina)
    full = await gym.slot("spin", at="18:30", seats=2, minutes=45, location_id=cellar)
    for each in await gym.customers(3):
        await gym.booked(each, full)
    cancelled = await gym.slot("yoga", at="09:00", day=tuesday, status=SlotStatus.CANCELED)
    covered = await gym.slot("spin", at="12:15", day=tuesday, minutes=30)
    await gym.gives(covered, tarek)
    await gym.insert(
        tables.stand_in, slot_id=covered, replaced_id=ina, stand_in_id=tarek, set_at=gym.now
    )
    series = await gym.series("yoga")
    pinned = await gym.slot(
        "yoga", at="10:00", day=thursday, series_id=series, own=[Override.TIME], location_id=hall
    )
    shown_only = await gym.slot("open", at="13:00", day=thursday, minutes=120, seats=None)
    clashing = (
        await gym.slot("yoga", at="17:00", day=thursday, location_id=hall),
        await gym.slot("spin", at="17:20", day=thursday, location_id=hall),
    )
    flagged = await gym.slot("spin", at="11:05", day=saturday, minutes=50)
    booked = await gym.booked(await gym.customer("Frida"), flagged)
    await gym.set(tables.booking, booked.booking_id, conflict=Kind.STUDIO_CLOSED)
    return Week(
        plain,
        full,
        cancelled,
        covered,
        pinned,
        shown_only,
        clashing,
        flagged,
        ina,
        tarek,
        hall,
        cellar,
    )
