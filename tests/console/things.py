"""What pages are about, for tests that open every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from kursplan.console.told import name_of
from kursplan.domain.accounts import Role
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import Kind
from kursplan.domain.webhooks import DeliveryStatus
from kursplan.store import tables
from kursplan.store.staff import history, timetable
from kursplan.store.staff.history import EVERYTHING
from tests.gym import MONDAY, Gym


@dataclass(frozen=True)
class Things:
    """What pages are about: a slot, a booking on it, and the line of history that tells of it; a class, a
    series and a rate."""

    slot: int
    booking: int
    line: str
    customer: int
    """Who is at home in its studio, and has the booking."""
    closure: int
    room: int
    employee: int
    account: int
    """Somebody who signs in."""
    partner: Partner
    class_id: int
    series: int
    rate: int

    @classmethod
    async def of(cls, gym: Gym, slot_id: int, studio_id: int | None = None) -> Things:
        customer = await gym.customer(studio_id=studio_id)
        booked = await gym.booked(customer, slot_id, studio_id=studio_id)
        [line] = await gym.database.read(
            lambda tx: history.about(
                tx, gym.organization, EntityKind.BOOKING, booked.booking_id, EVERYTHING
            )
        )
        # One thing about it is to be decided, and another is.
        decided = {"conflict": Kind.CUSTOMER_IDLE, "settled": (f"{Kind.STUDIO_CLOSED}:0",)}
        await gym.set(tables.booking, booked.booking_id, **decided)
        account = await gym.insert(
            tables.staff_account,
            email=f"{slot_id}@gym.example",
            name="Nora Neu",
            role=Role.OWNER,
            language="en",
            recovery=(),
            created_at=gym.now,
        )
        partner = await Partner.of(gym, booked.booking_id, studio_id)
        later = MONDAY + timedelta(days=300)
        closed = gym.wall("00:00", day=later), gym.wall("12:00", day=later)
        row = await gym.database.read(
            lambda tx: timetable.slot_by_id(tx, gym.organization, slot_id)
        )
        assert row is not None
        return cls(
            slot_id,
            booked.booking_id,
            name_of(line),
            customer,
            await gym.closure(*closed, studio_id=studio_id),
            await gym.location(f"Raum {slot_id}", studio_id=studio_id),
            await gym.employee(f"Ada{slot_id}", studio_id=studio_id),
            account,
            partner,
            row.class_id,
            await gym.series(row.class_id, studio_id=row.studio_id),
            await gym.rate(f"rate-of-{slot_id}"),
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
            account_id=self.account,
            application_id=self.partner.application,
            integration_id=self.partner.integration,
            key_id=self.partner.key,
            endpoint_id=self.partner.endpoint,
            delivery_id=self.partner.delivery,
            class_id=self.class_id,
            series_id=self.series,
            rate_id=self.rate,
            **{"table": "classes"} | more,
        )


@dataclass(frozen=True)
class Partner:
    """A partner in the studio, who was told of the booking."""

    application: int
    integration: int
    key: int
    endpoint: int
    delivery: int

    @classmethod
    async def of(cls, gym: Gym, booking_id: int, studio_id: int | None) -> Partner:
        application = await gym.insert(tables.application, key=f"app-{booking_id}", name="Classy")
        integration = await gym.insert(
            tables.integration,
            application_id=application,
            studio_id=studio_id or gym.studio_id,
            scopes=("CLASSES_READ",),
            active=True,
            webhook_key="a-webhook-key",
        )
        key = await gym.insert(
            tables.api_key,
            key_hash=f"hash-{booking_id}",
            integration_id=integration,
            hint="k3yx",
            created_at=gym.now,
        )
        endpoint = await gym.insert(
            tables.webhook_endpoint,
            integration_id=integration,
            key="default",
            url="https://partner.example/events",
            is_default=True,
            secret="whsec_secret",
            created_at=gym.now,
        )
        told = select(tables.event.c.id).where(
            tables.event.c.organization_id == gym.organization,
            tables.event.c.entity_id == booking_id,
        )
        event_id = await gym.database.read(lambda tx: tx.execute(told).scalar_one())
        delivery = await gym.insert(
            tables.delivery,
            event_id=event_id,
            endpoint_id=endpoint,
            entity_id=booking_id,
            status=DeliveryStatus.DELIVERED,
            failed_attempts=0,
            attempts=1,
            due_at=gym.now,
            created_at=gym.now,
            finished_at=gym.now,
        )
        return cls(application, integration, key, endpoint, delivery)
