"""The audit finds what it is there to find: each of these could only come from a fault."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.store import tables
from tests.audit import audit
from tests.gym import Gym

Damage = Callable[[Gym, int, list[int]], Awaitable[None]]


async def miscount(gym: Gym, slot: int, _: list[int]) -> None:
    await gym.set(tables.slot, slot, seats=2)


async def overtake(gym: Gym, _: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[0], status=BookingStatus.WAITING_LIST)
    await gym.set(tables.booking, bookings[1], status=BookingStatus.BOOKED)


async def sell_twice(gym: Gym, slot: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[1], status=BookingStatus.BOOKED)
    await gym.set(tables.slot, slot, seats=2, waiting=0)


async def leave_a_seat_empty(gym: Gym, slot: int, _: list[int]) -> None:
    await gym.set(tables.slot, slot, max_participants=2)


async def lose_a_place_in_the_order(gym: Gym, slot: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[1], sequence=3)
    await gym.set(tables.slot, slot, last_sequence=3)


async def forget_to_tell(gym: Gym, _: int, bookings: list[int]) -> None:
    event = tables.event
    forget = delete(event).where(event.c.entity_id == bookings[0])
    await gym.database.write(lambda tx: tx.execute(forget))


async def tell_twice(gym: Gym, slot: int, bookings: list[int]) -> None:
    for entity in (slot, bookings[0]):
        await gym.insert(
            tables.event,
            uuid=f"again-{entity}",
            type=EventType.CLASS_BOOKING_CREATED,
            entity_id=entity,
            studio_id=gym.studio_id,
            happened_at=gym.now,
            fanned_out=False,
        )


async def tell_of_nothing(gym: Gym, _: int, __: list[int]) -> None:
    await gym.insert(
        tables.event,
        uuid="of nothing",
        type=EventType.CLASS_BOOKING_CREATED,
        entity_id=404,
        studio_id=gym.studio_id,
        happened_at=gym.now,
        fanned_out=False,
    )


async def tell_in_another_order(gym: Gym, _: int, bookings: list[int]) -> None:
    event = tables.event
    for booking, number in zip(bookings, (902, 901), strict=True):
        renumber = update(event).where(event.c.entity_id == booking).values(id=number)
        await gym.database.write(lambda tx, renumber=renumber: tx.execute(renumber))


async def tell_another_time(gym: Gym, _: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[0], booked_at=gym.now - timedelta(minutes=1))


async def tell_another_studio(gym: Gym, _: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[0], home_studio_id=404)


async def cancel_without_a_time(gym: Gym, _: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[0], cancelled_at=gym.now)


async def count_who_waits(gym: Gym, _: int, bookings: list[int]) -> None:
    await gym.set(tables.booking, bookings[1], counts=True)


async def answer_without_a_booking(gym: Gym, _: int, __: list[int]) -> None:
    await gym.insert(
        tables.idempotency_key,
        integration_id=1,
        key="lost",
        request_hash="",
        booking_id=404,
        stored_at=gym.now,
    )


@pytest.mark.parametrize("kind", ["sqlite"])
@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (miscount, "COUNTS: slot"),
        (overtake, "overtook"),
        (sell_twice, "has 1 more people than seats"),
        (leave_a_seat_empty, "has seats free, and nobody asked booking"),
        (lose_a_place_in_the_order, "gave the places up to 3"),
        (forget_to_tell, "was told as []"),
        (tell_twice, "but was told as"),
        (tell_of_nothing, "booking 404 was told, but there is none"),
        (tell_in_another_order, "joined in another order than was told"),
        (tell_another_time, "was made at another time than was told"),
        (tell_another_studio, "was told to other studios than its own"),
        (cancel_without_a_time, "is BOOKED, cancelled at"),
        (count_who_waits, "waits, and counts against a contingent"),
        (answer_without_a_booking, "names booking 404: there is none"),
    ],
)
async def test_the_audit_finds(gym: Gym, damage: Damage, finding: str) -> None:
    slot = await gym.slot("spin", seats=1)
    bookings = [(await gym.booked(each, slot)).booking_id for each in await gym.customers(2)]
    await audit(gym.database, gym.organization, gym.now)

    await damage(gym, slot, bookings)

    with pytest.raises(AssertionError) as found:
        await audit(gym.database, gym.organization, gym.now)
    assert finding in str(found.value)
