"""A gym to test in, built with sentences: `await gym.slot("spin", seats=1, at="18:00")`.

The rows are written as they are, without the desk: what a test sets up is not what it tests.
Times are local to the studio; the clock stands at Monday, 2 March 2026, 08:00 in Berlin.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Executable, Table, delete, func, insert, select, update

from kursplan.api.error_codes import ErrorCode, code_of
from kursplan.clock import HandClock
from kursplan.desk.book import Book, Booked, MayBook
from kursplan.desk.cancel import Cancel
from kursplan.desk.cancel_slot import CancelSlot, SlotCancelled
from kursplan.desk.change_slot import ChangeSlot, SlotChanged
from kursplan.desk.confirm import Confirm
from kursplan.desk.engine.desk import Desk
from kursplan.desk.engine.turn import Command
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.participation import SetParticipation
from kursplan.domain.actors import Actor
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import Booking, BookingStatus, Participation
from kursplan.domain.clashes import Clashing
from kursplan.domain.classes import Class, ClassType
from kursplan.domain.contingents import Period
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.events import EventType
from kursplan.domain.localtime import instant_of
from kursplan.domain.names import folded
from kursplan.domain.refusals import Refusal
from kursplan.domain.series import ClassDefaults
from kursplan.domain.slots import Override, Slot, SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.domain.terms import Term
from kursplan.ids import fingerprint, new_api_key, new_uuid
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.engine.together import Together
from kursplan.store.engine.trouble import Work
from kursplan.store.rules import bookings, instructors, slots, versions

MONDAY = date(2026, 3, 2)
MORNING = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")

STAFF = Actor.command_line("staff")
"""Who does what a test has done, unless it says otherwise."""

ALL_SCOPES = ("CLASSES_READ", "CLASSES_WRITE", "CUSTOMER_READ", "STUDIO_READ", "EMPLOYEE_READ")


@dataclass(frozen=True)
class Told:
    """An event as it was stored."""

    type: EventType
    entity_id: int
    studio_id: int
    home_studio_id: int | None
    content: str | None
    uuid: str


class Gym:
    """One organization with a studio in Berlin, on a database of its own, and its desk."""

    def __init__(self, database: Database, clock: HandClock, first_id: int = 1) -> None:
        self.database = database
        self.clock = clock
        self.desk = Desk(database, clock, Metrics())
        # Ids set up by hand stay below those that the sequence gives out.
        self._ids = itertools.count(first_id)
        self.organization = next(self._ids)
        self.studio_id = 0
        self.classes: dict[str, int] = {}
        self._standard: dict[int, ClassDefaults] = {}

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def at(self, local: str | datetime, *, day: date = MONDAY, zone: ZoneInfo = BERLIN) -> datetime:
        """The instant of a local time such as "18:00"."""
        if isinstance(local, str):
            local = datetime.combine(day, time.fromisoformat(local))
        return instant_of(local, zone)

    @staticmethod
    def wall(at: str, *, day: date = MONDAY) -> datetime:
        """What the clock on the studio's wall shows: a local time without a zone."""
        return datetime.combine(day, time.fromisoformat(at))

    async def insert(self, table: Table, **values: Any) -> int:
        """Write one row of the organization and give its id."""
        row = {"id": next(self._ids), "organization_id": self.organization} | values
        row = {name: value for name, value in row.items() if name in table.c}
        await self._write(insert(table), row)
        return int(row.get("id", 0))

    async def set(self, table: Table, row_id: int, **values: Any) -> None:
        """Have these columns of one row say something else."""
        statement = (
            update(table)
            .where(table.c.organization_id == self.organization, table.c.id == row_id)
            .values(**values)
        )
        await self._write(statement)

    async def remove(self, table: Table, row_id: int) -> None:
        statement = delete(table).where(
            table.c.organization_id == self.organization, table.c.id == row_id
        )
        await self._write(statement)

    async def _write(self, statement: Executable, *rows: Any) -> None:
        await self._by_hand(lambda tx: tx.execute(statement, *rows))

    async def _by_hand(self, work: Work[Any]) -> None:
        """Not over the desk, and yet whoever keeps answers has to know."""

        def write(tx: Connection) -> None:
            work(tx)
            with Together(tx) as at:
                versions.bump(at, self.organization, {versions.EVERYTHING}, shard=0, now=self.now)

        await self.database.write(write)

    async def open(self, **options: Any) -> Gym:
        """The organization and its first studio."""
        standard = {"lost_entitlement": LostEntitlement.FLAG}
        await self.insert(
            tables.organization,
            id=self.organization,
            key=f"gym-{self.organization}",
            name="Muster-Gym",
            created_at=self.now,
            **standard | options,
        )
        self.studio_id = await self.studio("berlin")
        return self

    async def studio(self, key: str, *, zone: str = "Europe/Berlin", **values: Any) -> int:
        return await self.insert(
            tables.studio,
            key=key,
            name=f"Studio {key.title()}",
            zone=zone,
            **{"language": "de", "access_code_enabled": False} | values,
        )

    async def klass(
        self, key: str = "spin", *, studio_id: int | None = None, **options: Any
    ) -> int:
        """A class with the house's defaults, unless options say otherwise; terms as "7 DAY"."""
        rates: Iterable[int] = options.pop("rates", ())
        standard = Class(0)
        values = {
            "title": key.title(),
            "type": ClassType.STUDIO,
            "duration": 60,
            "max_participants": 20,
            "max_waiting_list": 5,
        } | {
            name: getattr(standard, name)
            for name in Class.__slots__
            if name in tables.class_.c and name != "id"
        }
        for name, value in options.items():
            is_term = isinstance(value, str) and name in (
                "earliest_booking",
                "latest_booking",
                "latest_cancellation",
                "promotion_ends",
                "confirmation",
                "grace",
                "confirm_promotion",
            )
            values[name] = Term.parse(value) if is_term else value
        class_id = await self.insert(
            tables.class_, key=key, studio_id=studio_id or self.studio_id, **values
        )
        for rate_id in rates:
            await self.insert(tables.class_rate, class_id=class_id, rate_id=rate_id)
        self.classes[key] = class_id
        self._standard[class_id] = ClassDefaults(
            *(values[each] for each in ("duration", "max_participants", "max_waiting_list"))
        )
        return class_id

    async def slot(
        self,
        of: str | int = "spin",
        *,
        at: str | datetime = "18:00",
        day: date = MONDAY,
        minutes: int = 60,
        seats: int | None = 20,
        waiting_list: int = 5,
        studio_id: int | None = None,
        zone: ZoneInfo = BERLIN,
        **values: Any,
    ) -> int:
        """A slot at that local time; its class is made with defaults where there is none yet."""
        class_id = self.classes.get(of) if isinstance(of, str) else of
        if class_id is None:
            class_id = await self.klass(str(of), studio_id=studio_id)
        starts_at = self.at(at, day=day, zone=zone)
        limits = ClassDefaults(minutes, seats, waiting_list)
        standard = {
            "status": SlotStatus.PLANNED,
            "own": sorted(_unlike(self._standard.get(class_id, limits), limits)),
            "additional_participants": 0,
            "seats": 0,
            "waiting": 0,
            "last_sequence": 0,
        }
        return await self.insert(
            tables.slot,
            class_id=class_id,
            studio_id=studio_id or self.studio_id,
            local_start=starts_at.astimezone(zone).replace(tzinfo=None),
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            max_participants=seats,
            max_waiting_list=waiting_list,
            **standard | values,
        )

    async def series(
        self,
        of: str | int = "spin",
        *,
        at: str = "18:00",
        weekdays: Iterable[int] = (0,),
        since: date = MONDAY,
        until: date | None = None,
        instructors: Iterable[int] = (),
        **values: Any,
    ) -> int:
        """A weekly series that has no slots yet; Monday is 0. Its class is made as for a slot."""
        class_id = self.classes.get(of) if isinstance(of, str) else of
        if class_id is None:
            class_id = await self.klass(str(of))
        series_id = next(self._ids)
        standard = {"key": f"series-{series_id}", "studio_id": self.studio_id, "own": ()}
        await self.insert(
            tables.series,
            id=series_id,
            class_id=class_id,
            weekdays=tuple(weekdays),
            start_time=time.fromisoformat(at),
            first_day=since,
            last_day=until,
            **standard | values,
        )
        for position, employee_id in enumerate(instructors):
            await self.insert(
                tables.series_instructor,
                series_id=series_id,
                position=position,
                employee_id=employee_id,
            )
        return series_id

    async def customer(
        self, first_name: str = "Erika", *, studio_id: int | None = None, **values: Any
    ) -> int:
        last_name = values.pop("last_name", "Mustermann")
        customer_id = next(self._ids)
        standard = {
            "status": CustomerStatus.MEMBER,
            "access_refused": False,
            "first_name_folded": folded(first_name),
            "last_name_folded": folded(last_name),
        }
        return await self.insert(
            tables.customer,
            id=customer_id,
            key=f"customer-{customer_id}",
            uuid=new_uuid(),
            studio_id=studio_id or self.studio_id,
            first_name=first_name,
            last_name=last_name,
            **standard | values,
        )

    async def gives(self, slot_id: int, *employee_ids: int) -> None:
        """These employees give the slot."""
        given = {slot_id: employee_ids}
        await self._by_hand(lambda tx: instructors.put(tx, self.organization, given))

    async def customers(self, count: int, **values: Any) -> list[int]:
        return [await self.customer(f"Kunde{n}", **values) for n in range(count)]

    async def rate(self, key: str = "basic", *, grants: Mapping[Period, int | None] = {}) -> int:
        rate_id = await self.insert(tables.rate, key=key, name=key.title())
        for period, count in grants.items():
            await self.insert(
                tables.rate_contingent, rate_id=rate_id, period=period, bookings=count
            )
        return rate_id

    async def membership(
        self,
        customer_id: int,
        rate_id: int,
        *,
        since: date = date(2026, 1, 1),
        until: date | None = None,
        grants: Mapping[Period, int | None] = {},
    ) -> int:
        membership_id = next(self._ids)
        await self.insert(
            tables.membership,
            id=membership_id,
            key=f"membership-{membership_id}",
            customer_id=customer_id,
            rate_id=rate_id,
            valid_from=since,
            valid_until=until,
        )
        for period, count in grants.items():
            await self.insert(
                tables.membership_contingent,
                membership_id=membership_id,
                period=period,
                bookings=count,
            )
        return membership_id

    async def idle(
        self, customer_id: int, membership_id: int, first: date, last: date | None = None
    ) -> int:
        idle_id = next(self._ids)
        return await self.insert(
            tables.idle_period,
            id=idle_id,
            key=f"idle-{idle_id}",
            membership_id=membership_id,
            customer_id=customer_id,
            first_day=first,
            last_day=last,
        )

    async def employee(self, first_name: str = "Ina", *, studio_id: int | None = None) -> int:
        employee_id = await self.insert(
            tables.employee,
            key=f"employee-{first_name.lower()}",
            first_name=first_name,
            last_name="Trainer",
        )
        await self.insert(
            tables.employee_studio,
            studio_id=studio_id or self.studio_id,
            employee_id=employee_id,
        )
        return employee_id

    async def location(self, name: str = "Saal 1", *, studio_id: int | None = None) -> int:
        return await self.insert(
            tables.location, studio_id=studio_id or self.studio_id, key=name.lower(), name=name
        )

    async def closure(self, start: datetime, end: datetime, *, studio_id: int | None = None) -> int:
        closure_id = next(self._ids)
        return await self.insert(
            tables.closure,
            id=closure_id,
            key=f"closure-{closure_id}",
            studio_id=studio_id or self.studio_id,
            local_from=start,
            local_to=end,
        )

    async def key(
        self,
        *,
        studio_id: int | None = None,
        scopes: Iterable[str] = ALL_SCOPES,
        application: str = "app",
        active: bool = True,
    ) -> str:
        """An API key for an application in the studio."""
        application_id = await self.insert(
            tables.application, key=f"{application}-{next(self._ids)}", name=application
        )
        integration_id = await self.insert(
            tables.integration,
            application_id=application_id,
            studio_id=studio_id or self.studio_id,
            scopes=tuple(scopes),
            active=active,
            webhook_key=new_api_key(),
        )
        key = new_api_key()
        await self.insert(
            tables.api_key,
            key_hash=fingerprint(key),
            integration_id=integration_id,
            hint=key[-4:],
            created_at=self.now,
        )
        return key

    # Actions, in short. What is refused is told by its word on the wire; the facts are of `refused`.

    async def take(
        self, command: Command[Any], *, by: Actor = STAFF, reason: str | None = None
    ) -> Any:
        return by_code(await self.desk.execute(command, by=by, reason=reason))

    async def refused(self, command: Command[Any]) -> Refusal:
        """Why that is refused, where the test takes for granted that it is."""
        answer = await self.desk.execute(command, by=STAFF)
        assert isinstance(answer, Refusal), answer
        return answer

    async def book(
        self, customer_id: int, slot_id: int, *, studio_id: int | None = None, **options: Any
    ) -> Booked | ErrorCode:
        return await self.take(
            Book(
                self.organization,
                studio_id or self.studio_id,
                customer_id,
                slot_id,
                await self.desk.ids.next(),
                **options,
            ),
            by=STAFF,
        )

    async def booked(self, customer_id: int, slot_id: int, **options: Any) -> Booked:
        """Book, where the test takes for granted that it succeeds."""
        answer = await self.book(customer_id, slot_id, **options)
        assert isinstance(answer, Booked), answer
        return answer

    async def may_book(
        self, customer_id: int, slot_id: int, *, studio_id: int | None = None
    ) -> Admission | ErrorCode:
        question = MayBook(self.organization, studio_id or self.studio_id, customer_id, slot_id)
        return by_code(await self.desk.query(question))

    async def cancel(self, booking_id: int, *, studio_id: int | None = None) -> Booked | ErrorCode:
        return await self.take(Cancel(self.organization, studio_id or self.studio_id, booking_id))

    async def confirm(self, booking_id: int, *, studio_id: int | None = None) -> Booked | ErrorCode:
        return await self.take(Confirm(self.organization, studio_id or self.studio_id, booking_id))

    async def note(
        self, booking_id: int, participation: Participation, *, studio_id: int | None = None
    ) -> Booked | ErrorCode:
        """Note whether a customer takes part."""
        return await self.take(
            SetParticipation(
                self.organization, studio_id or self.studio_id, booking_id, participation
            ),
            by=STAFF,
        )

    async def change_slot(self, slot_id: int, **what: Any) -> SlotChanged | ErrorCode:
        return await self.take(ChangeSlot(self.organization, slot_id, **what))

    async def changed_slot(self, slot_id: int, **what: Any) -> SlotChanged:
        """Change a slot, where the test takes for granted that it succeeds."""
        answer = await self.change_slot(slot_id, **what)
        assert isinstance(answer, SlotChanged), answer
        return answer

    async def cancel_slot(self, slot_id: int) -> SlotCancelled | ErrorCode:
        return await self.take(CancelSlot(self.organization, slot_id))

    def another_desk(self) -> Desk:
        """The desk of another process on the same database."""
        return Desk(self.database, self.clock, Metrics())

    def at_another_desk(self, clock: HandClock | None = None) -> Gym:
        """The same gym, where actions are done at the desk of another process."""
        other = copy(self)
        other.clock = clock or self.clock
        other.desk = other.another_desk()
        return other

    async def extend(self, series_id: int, *, until: date) -> list[Slot]:
        """Make the slots of the series up to that day; all that it has then."""
        await self.desk.execute(ExtendSeries(self.organization, series_id, until), by=STAFF)
        return await self.slots_of(series_id)

    # What is stored.

    async def slots_of(self, series_id: int) -> list[Slot]:
        """All slots of the series, by their local start."""
        ids = select(tables.slot.c.id).where(
            tables.slot.c.organization_id == self.organization,
            tables.slot.c.series_id == series_id,
        )

        def look(tx: Connection) -> list[Slot]:
            found = list(tx.execute(ids).scalars())
            return list(slots.load(tx, self.organization, found).values())

        return sorted(await self.database.read(look), key=lambda each: each.local_start)

    async def slot_now(self, slot_id: int) -> Slot:
        def look(tx: Connection) -> Slot:
            return slots.load(tx, self.organization, [slot_id])[slot_id]

        return await self.database.read(look)

    async def booking_now(self, booking_id: int) -> Booking:
        def look(tx: Connection) -> Booking:
            [booking] = bookings.load(tx, self.organization, [booking_id])
            return booking

        return await self.database.read(look)

    async def given_by(self, slot_id: int) -> tuple[int, ...]:
        """The employees who give the slot."""
        given = await self.database.read(
            lambda tx: instructors.of_slots(tx, self.organization, [slot_id])
        )
        return given[slot_id]

    async def on_slot(self, slot_id: int) -> list[Booking]:
        """Everybody who sits or waits on the slot, in the order of joining."""
        found = await self.database.read(
            lambda tx: bookings.active_on(tx, self.organization, [slot_id])
        )
        return sorted(found, key=lambda each: each.sequence)

    async def statuses(self, slot_id: int) -> list[tuple[int, BookingStatus]]:
        return [(each.customer_id, each.status) for each in await self.on_slot(slot_id)]

    async def count(self, table: Table) -> int:
        query = select(func.count()).select_from(table)
        return await self.database.read(lambda tx: int(tx.execute(query).scalar_one()))

    async def told(self, *types: EventType) -> list[Told]:
        """The stored events in their order, all or of these types."""
        event = tables.event
        query = (
            select(
                event.c.type,
                event.c.entity_id,
                event.c.studio_id,
                event.c.home_studio_id,
                event.c.content,
                event.c.uuid,
            )
            .where(event.c.organization_id == self.organization)
            .order_by(event.c.id)
        )
        rows = await self.database.read(lambda tx: tx.execute(query).all())
        events = [Told(*row) for row in rows]
        return [each for each in events if not types or each.type in types]

    async def told_since(self, earlier: Iterable[Told]) -> list[tuple[EventType, int]]:
        """What the events after those earlier ones say, and about what."""
        count = len(list(earlier))
        return [(each.type, each.entity_id) for each in (await self.told())[count:]]


def _unlike(standard: ClassDefaults, limits: ClassDefaults) -> set[Override]:
    """What a slot with these limits says for itself instead of taking it from its class."""
    found = {
        Override.TIME: standard.duration != limits.duration,
        Override.MAX_PARTICIPANTS: standard.max_participants != limits.max_participants,
        Override.MAX_WAITING_LIST: standard.max_waiting_list != limits.max_waiting_list,
    }
    return {own for own, differs in found.items() if differs}


def by_code(answer: Any) -> Any:
    """An answer of the desk, where a refusal is its word on the wire; clashes say more by themselves."""
    told = isinstance(answer, Refusal) and not isinstance(answer, Clashing)
    return code_of(answer) if told else answer
