"""The peer's tables, as classes of the ORM: with the columns and indexes that its queries ask for."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from sqlalchemy import BigInteger, Column, DateTime, ForeignKey, Identity, Index, Table, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, datetime: DateTime(timezone=True)}  # noqa: RUF012


slot_instructor = Table(
    "slot_instructor",
    Base.metadata,
    Column("slot_id", ForeignKey("slot.id"), primary_key=True),
    Column("instructor_id", ForeignKey("instructor.id"), primary_key=True),
)
class_rate = Table(
    "class_rate",
    Base.metadata,
    Column("class_id", ForeignKey("class.id"), primary_key=True),
    Column("rate_id", BigInteger, primary_key=True),
)


class Class(Base):
    __tablename__ = "class"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    bookable: Mapped[bool]


class Location(Base):
    __tablename__ = "location"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str | None]


class Instructor(Base):
    __tablename__ = "instructor"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    public_name: Mapped[str | None]


class Slot(Base):
    __tablename__ = "slot"
    __table_args__ = (Index("ix_slot_class_id_starts_at", "class_id", "starts_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    class_id: Mapped[int] = mapped_column(ForeignKey("class.id"))
    location_id: Mapped[int] = mapped_column(ForeignKey("location.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    status: Mapped[str]
    max_participants: Mapped[int | None]
    max_waiting_list: Mapped[int]
    additional_participants: Mapped[int]
    seats: Mapped[int]
    waiting: Mapped[int]

    class_: Mapped[Class] = relationship()
    location: Mapped[Location] = relationship()
    instructors: Mapped[list[Instructor]] = relationship(secondary=slot_instructor)


class Customer(Base):
    __tablename__ = "customer"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    access_refused: Mapped[bool]


class Membership(Base):
    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    rate_id: Mapped[int]
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]


class Booking(Base):
    __tablename__ = "booking"
    __table_args__ = (
        Index(
            "uq_booking_active",
            "slot_id",
            "customer_id",
            unique=True,
            postgresql_where=text("status <> 'CANCELED'"),
        ),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"))
    customer_id: Mapped[int] = mapped_column(ForeignKey("customer.id"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    status: Mapped[str]
    booked_at: Mapped[datetime]


class Event(Base):
    __tablename__ = "event"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    uuid: Mapped[uuid.UUID]
    type: Mapped[str]
    entity_id: Mapped[int]
    happened_at: Mapped[datetime]
