"""FastAPI with the ORM of SQLAlchemy 2 over asyncpg, written the usual way.

One session and one transaction for each request. A booking locks the slot with SELECT … FOR UPDATE,
looks for an active booking of this customer, for a membership that admits them and for an overlapping
booking, then inserts the booking, raises the counter and inserts an event. Reading slots loads them
with class, location and instructors in as many statements as there are tables.

What it spares itself: keys, scopes, limits, time zones, closures, idle periods, contingents, waiting.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Query, Request
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload, selectinload

from bench.peers.database import VARIABLE
from bench.peers.models import Booking, Customer, Event, Membership, Slot, class_rate

CONNECTIONS = 20


class Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class BookingRequest(Wire):
    customer_id: int
    class_slot_id: int


class BookingAnswer(Wire):
    booking_id: int
    booking_status: str
    class_slot_id: int
    class_id: int
    customer_id: int
    class_slot_status: str
    participant_status: str


class ClassAnswer(Wire):
    id: int
    title: str


class LocationAnswer(Wire):
    id: int
    name: str
    description: str | None


class InstructorAnswer(Wire):
    id: int
    first_name: str
    last_name: str
    public_name: str | None


class SlotAnswer(Wire):
    id: int
    start_date_time: datetime
    end_date_time: datetime
    class_information: ClassAnswer
    instructors: list[InstructorAnswer]
    location: LocationAnswer
    latest_booking_date_time: datetime
    max_participants: int | None
    max_waiting_list_participants: int
    booked_participants: int
    additional_participants: int
    waiting_list_participants: int


class SlotsAnswer(Wire):
    result: list[SlotAnswer]
    has_next: bool
    offset: str


async def session_of(request: Request) -> AsyncIterator[AsyncSession]:
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of)]


def create() -> FastAPI:
    engine = create_async_engine(os.environ[VARIABLE], pool_size=CONNECTIONS, max_overflow=0)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.post("/v1/classes/booking/book")
    async def book(asked: BookingRequest, session: Session) -> BookingAnswer:
        async with session.begin():
            slot, booking = await _booked(session, asked)
        return BookingAnswer(
            booking_id=booking.id,
            booking_status=booking.status,
            class_slot_id=slot.id,
            class_id=slot.class_id,
            customer_id=booking.customer_id,
            class_slot_status=slot.status,
            participant_status="UNSET",
        )

    @app.get("/v1/classes/{class_id}/slots", response_model_exclude_none=True)
    async def slots(
        class_id: int,
        session: Session,
        slice_size: Annotated[int, Query(alias="sliceSize", ge=10, le=100)] = 50,
    ) -> SlotsAnswer:
        now = datetime.now(UTC)
        found = await session.scalars(
            select(Slot)
            .where(
                Slot.class_id == class_id,
                Slot.starts_at >= now - timedelta(days=1),
                Slot.starts_at <= now + timedelta(days=14),
            )
            .options(
                joinedload(Slot.class_), joinedload(Slot.location), selectinload(Slot.instructors)
            )
            .order_by(Slot.starts_at, Slot.id)
            .limit(slice_size + 1)
        )
        shown = list(found)
        return SlotsAnswer(
            result=[_slot(each) for each in shown[:slice_size]],
            has_next=len(shown) > slice_size,
            offset=str(shown[:slice_size][-1].id) if shown else "0",
        )

    return app


async def _booked(session: AsyncSession, asked: BookingRequest) -> tuple[Slot, Booking]:
    slot = await session.scalar(
        select(Slot).where(Slot.id == asked.class_slot_id).with_for_update()
    )
    customer = await session.get(Customer, asked.customer_id)
    if slot is None or customer is None:
        raise HTTPException(404)
    if slot.status != "PLANNED" or slot.starts_at <= datetime.now(UTC) or customer.access_refused:
        raise HTTPException(400, "NOT_AVAILABLE")
    active = select(Booking.id).where(
        Booking.customer_id == customer.id, Booking.status != "CANCELED"
    )
    if await session.scalar(active.where(Booking.slot_id == slot.id)):
        raise HTTPException(400, "CUSTOMER_ALREADY_BOOKED")
    day = slot.starts_at.date()
    membership_id = await session.scalar(
        select(Membership.id)
        .join(class_rate, class_rate.c.rate_id == Membership.rate_id)
        .where(
            Membership.customer_id == customer.id,
            class_rate.c.class_id == slot.class_id,
            Membership.valid_from <= day,
            (Membership.valid_until >= day) | Membership.valid_until.is_(None),
        )
        .limit(1)
    )
    if membership_id is None:
        raise HTTPException(400, "NO_CONTINGENT")
    overlapping = active.join(Slot, Slot.id == Booking.slot_id).where(
        Slot.starts_at < slot.ends_at, Slot.ends_at > slot.starts_at
    )
    if await session.scalar(overlapping.limit(1)):
        raise HTTPException(400, "CUSTOMER_IN_OTHER_BOOKING")
    if slot.max_participants is not None and slot.seats >= slot.max_participants:
        raise HTTPException(400, "BOOKING_LIMIT_REACHED")
    now = datetime.now(UTC)
    booking = Booking(
        slot_id=slot.id,
        customer_id=customer.id,
        membership_id=membership_id,
        status="BOOKED",
        booked_at=now,
    )
    slot.seats += 1
    session.add(booking)
    await session.flush()
    session.add(
        Event(
            uuid=uuid.uuid4(),
            type="CLASS_BOOKING_CREATED",
            entity_id=booking.id,
            happened_at=now,
        )
    )
    return slot, booking


def _slot(slot: Slot) -> SlotAnswer:
    return SlotAnswer(
        id=slot.id,
        start_date_time=slot.starts_at,
        end_date_time=slot.ends_at,
        class_information=ClassAnswer.model_validate(slot.class_),
        instructors=[InstructorAnswer.model_validate(each) for each in slot.instructors],
        location=LocationAnswer.model_validate(slot.location),
        latest_booking_date_time=slot.starts_at,
        max_participants=slot.max_participants,
        max_waiting_list_participants=slot.max_waiting_list,
        booked_participants=slot.seats,
        additional_participants=slot.additional_participants,
        waiting_list_participants=slot.waiting,
    )
