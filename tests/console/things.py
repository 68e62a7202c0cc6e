"""What pages are about, for tests that open every one of them."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.console.told import name_of
from kursplan.domain.history import EntityKind
from kursplan.store.staff import history
from kursplan.store.staff.history import EVERYTHING
from tests.gym import Gym


@dataclass(frozen=True)
class Things:
    """What pages are about: a slot, a booking on it, and the line of history that tells of it."""

    slot: int
    booking: int
    line: str
    customer: int
    """Who is at home in its studio, and has the booking."""

    @classmethod
    async def of(cls, gym: Gym, slot_id: int, studio_id: int | None = None) -> Things:
        customer = await gym.customer(studio_id=studio_id)
        booked = await gym.booked(customer, slot_id, studio_id=studio_id)
        [line] = await gym.database.read(
            lambda tx: history.about(
                tx, gym.organization, EntityKind.BOOKING, booked.booking_id, EVERYTHING
            )
        )
        return cls(slot_id, booked.booking_id, name_of(line), customer)

    def at(self, path: str, **more: str) -> str:
        """The path of a page, with what it is about filled in."""
        return path.format(
            slot_id=self.slot,
            booking_id=self.booking,
            line=self.line,
            customer_id=self.customer,
            **{"table": "classes"} | more,
        )
