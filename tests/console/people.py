"""People of the gym: one with all that the page of a customer can show, and others who are like her."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.names import folded_address
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, Gym


@dataclass(frozen=True)
class People:
    """Merle has a card, bookings and a past; Zoe Dahl has two who are nearly called like her."""

    merle: int
    zoe: int
    zora: int
    dahlke: int
    seat: int
    """Merle's bookings to come: one with a seat, one that waits, one to be confirmed, one that is flagged."""
    waits: int
    unconfirmed: int
    flagged: int
    late: int
    """One that she cancelled late."""
    flex: int
    free_slot: int
    """Nobody is on it, and everybody may."""
    full_slot: int
    """Neither a seat nor a waiting position is left."""
    members_slot: int
    """Only for those with a rate that nobody has."""


async def person(
    gym: Gym,
    first_name: str,
    last_name: str,
    number: str,
    born: date | None = None,
    phone: str | None = None,
    email: str | None = None,
    **values: object,
) -> int:
    return await gym.customer(
        first_name,
        last_name=last_name,
        number=number,
        date_of_birth=born,
        phone_private_mobile=phone,
        email=email,
        email_folded=None if email is None else folded_address(email),
        **values,
    )


async def people(gym: Gym) -> People:
    """It is Monday, 2 March 2026, 08:00."""
    merle = await person(
        gym,
        "Merle",
        "Harms",
        "B5022",
        date(1991, 5, 9),
        "+49 171 3920022",
        "merle.harms@mail.example",
        preferred_language="de",
    )
    zoe = await person(gym, "Zoe", "Dahl", "B0083", date(1983, 6, 8), "0151 2223344")
    zora = await person(gym, "Zora", "Dahlmann", "B0107", date(1990, 6, 8))
    dahlke = await person(gym, "Kai", "Dahlke", "B0108", date(1983, 1, 2))

    hall = await gym.location("Saal 1")
    await gym.klass("yoga", title="Vinyasa Flow", uses_contingent=True, late_cancellation=True)
    await gym.klass("spin", title="Indoor Cycling", confirmation="1 DAY")
    await gym.klass("box", title="Boxen Technik", max_waiting_list=5)
    flex = await gym.rate("flex")
    basic = await gym.rate("basic", grants={Period.WEEK: 2})
    premium = await gym.rate("premium")
    await gym.klass(
        "reformer", title="Reformer Pilates", who_may_book=WhoMayBook.NAMED_RATES, rates=[premium]
    )
    member = await gym.membership(merle, flex, since=date(2025, 3, 14), grants={Period.MONTH: 10})
    second = await gym.membership(merle, basic, until=date(2026, 12, 31))
    await gym.membership(merle, basic, since=date(2024, 1, 1), until=date(2024, 12, 31))
    await gym.idle(merle, second, date(2026, 3, 21), date(2026, 3, 31))

    for weeks in range(1, 11):
        day = MONDAY - timedelta(weeks=weeks)
        slot = await gym.slot(
            "yoga", at="18:30", day=day, location_id=hall, status=SlotStatus.COMPLETED
        )
        there = Participation.NOT_PARTICIPATING if weeks == 2 else Participation.PARTICIPATING
        await booking(gym, slot, merle, participation=there, membership_id=member, counts=True)
    over = await gym.slot(
        "yoga", at="10:00", day=MONDAY - timedelta(days=1), status=SlotStatus.COMPLETED
    )
    late = await booking(
        gym,
        over,
        merle,
        status=BookingStatus.CANCELED,
        late=True,
        counts=True,
        membership_id=member,
        cancelled_at=gym.now - timedelta(days=1),
    )

    tuesday, thursday, sunday = (MONDAY + timedelta(days=n) for n in (1, 3, 6))
    with_seat = await gym.slot("yoga", at="18:30", day=thursday, location_id=hall)
    seat = await gym.booked(merle, with_seat)
    crowded = await gym.slot("box", at="19:00", day=tuesday, seats=2)
    for each in await gym.customers(3):
        await gym.booked(each, crowded)
    waits = await gym.booked(merle, crowded)
    asks = await gym.slot("spin", at="17:30", day=thursday)
    unconfirmed = await gym.booked(merle, asks)
    closed = await gym.slot("yoga", at="10:00", day=sunday, location_id=hall)
    flagged = await gym.booked(merle, closed)
    await gym.closure(gym.wall("00:00", day=sunday), gym.wall("23:00", day=sunday))
    await gym.set(tables.booking, flagged.booking_id, conflict=Kind.STUDIO_CLOSED)

    free = await gym.slot("box", at="20:30", location_id=hall)
    full = await gym.slot("box", at="12:00", seats=0, waiting_list=0)
    members = await gym.slot("reformer", at="10:15")
    return People(
        merle,
        zoe,
        zora,
        dahlke,
        seat.booking_id,
        waits.booking_id,
        unconfirmed.booking_id,
        flagged.booking_id,
        late,
        member,
        free,
        full,
        members,
    )


async def booking(gym: Gym, slot_id: int, customer_id: int, **values: object) -> int:
    """One that was made long ago, as it is written down."""
    slot = await gym.slot_now(slot_id)
    standard = {
        "sequence": 1,
        "status": BookingStatus.BOOKED,
        "participation": Participation.UNSET,
        "counts": False,
        "late": False,
        "overruled": (),
    }
    return await gym.insert(
        tables.booking,
        slot_id=slot_id,
        studio_id=slot.studio.id,
        customer_id=customer_id,
        home_studio_id=gym.studio_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        day=slot.day,
        booked_at=slot.starts_at - timedelta(days=3),
        **standard | values,
    )
