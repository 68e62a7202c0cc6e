"""What pages are about, for tests that open every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kursplan.console.told import name_of
from kursplan.domain.history import EntityKind
from kursplan.store.staff import history
from kursplan.store.staff.history import EVERYTHING
from tests.gym import MONDAY, Gym


@dataclass(frozen=True)
class Things:
    """What pages are about: a slot, a booking on it, and the line of history that tells of it."""

    slot: int
    booking: int
    line: str
    customer: int
    """Who is at home in its studio, and has the booking."""
    closure: int
    room: int
    employee: int

    @classmethod
    async def of(cls, gym: Gym, slot_id: int, studio_id: int | None = None) -> Things:
        customer = await gym.customer(studio_id=studio_id)
        booked = await gym.booked(customer, slot_id, studio_id=studio_id)
        [line] = await gym.database.read(
            lambda tx: history.about(
                tx, gym.organization, EntityKind.BOOKING, booked.booking_id, EVERYTHING
            )
        )
        later = MONDAY + timedelta(days=300)
        closed = gym.wall("00:00", day=later), gym.wall("12:00", day=later)
        return cls(
            slot_id,
            booked.booking_id,
            name_of(line),
            customer,
            await gym.closure(*closed, studio_id=studio_id),
            await gym.location(f"Raum {slot_id}", studio_id=studio_id),
            await gym.employee(f"Ada{slot_id}", studio_id=studio_id),
        )

    def at(self, path: str, **more: str) -> str:
        """The path of a page, with what it is about filled in."""
        return path.format(
            slot_id=self.slot,
            booking_id=self.booking,
            line=self.line,
            customer_id=self.customer,
            closure_id=self.closure,
            room_id=self.room,
            employee_id=self.employee,
            **more,
        )
