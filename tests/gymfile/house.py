"""A house that is set up by gym files only: `await house.load(GYM)`, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Table, event, select

from kursplan import gymfile
from kursplan.clock import HandClock
from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.engine.desk import Desk
from kursplan.domain.actors import Actor
from kursplan.domain.bookings import Booking
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import Slot
from kursplan.gymfile import Count, Differences, Foretold, GymFile, Wish
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import Database
from kursplan.store.entries import ids as entry_ids
from kursplan.store.entries import organizations
from kursplan.store.rules import bookings, slots
from tests.gym import STAFF, Told

MORNING = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
"""Monday, 2 March 2026, 08:00 in Berlin."""

GYM = """\
organization: {key: muster-gym, name: Muster-Gym}

studios:
  - key: berlin
    name: Muster-Gym Berlin
    zone: Europe/Berlin
    language: de
    zip: "01067"
    longitude: 13.405
    latitude: 52.52
    opening_hours:
      - {day_from: MONDAY, day_to: FRIDAY, time_from: "06:00", time_to: "23:00"}
      - {day_from: SATURDAY, time_from: "08:00", time_to: "00:00"}
    locations:
      - {key: hall, name: Hall}
      - {key: loft, name: Loft, description: Under the roof}
    closures:
      - {key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00, reason: Easter}
  - key: lisbon
    name: Muster-Gym Lisboa
    zone: Europe/Lisbon
    country_code: PT
    locations: []
    closures: []

employees:
  - {key: ina, first_name: Ina, last_name: Trainer, studios: [berlin]}
  - key: jo
    first_name: Jo
    last_name: Null-Otto
    public_name: Coach Jo
    business_role: TRAINER
    gender: MALE
    initials: JNO
    studios: [berlin, lisbon]

rates:
  - {key: flex, name: Flex, contingents: [{bookings: 8, period: MONTH}]}
  - {key: gold, name: Gold, contingents: [{bookings: null, period: TOTAL}]}

classes:
  - {key: yoga, studio: berlin, title: Yoga, duration: 60}
  - key: spin
    studio: berlin
    title: Spinning
    description: |-
      Fast.
      Loud.
    duration: 45
    earliest_booking: null
    latest_cancellation: 1 DAY
    late_cancellation: true
    max_participants: 2
    max_waiting_list: 1
    admits_other_studios: true
    who_may_book: NAMED_RATES
    rates: [flex, gold]
    uses_contingent: true
    confirmation: 3 HOURS

series:
  - key: yoga-evening
    class: yoga
    weekdays: [MONDAY, THURSDAY]
    start: "18:00"
    first_day: 2026-03-02
    location: hall
    instructors: [ina]
    max_participants: null
  - key: spin-noon
    class: spin
    weekdays: [TUESDAY]
    start: "12:00"
    first_day: 2026-03-03
    last_day: 2026-06-30

slots:
  - key: open-day
    class: yoga
    start: 2026-03-14T10:00
    duration: 90
    instructors: [jo, ina]
    max_participants: 40
    additional_participants: 3
  - {key: trial, class: spin, start: 2026-03-07T09:00}

customers:
  - key: c1
    studio: berlin
    number: "1001"
    first_name: Erika
    last_name: Mustermann
    date_of_birth: 1990-05-17
    email: erika@muster.example
    gender: FEMALE
    phone: "+49 30 901820"
    preferred_language: de
    memberships:
      - key: m1
        rate: flex
        from: 2026-01-01
        contingents: [{bookings: 1, period: WEEK}, {bookings: 4, period: MONTH}]
        idle_periods:
          - {key: i1, from: 2026-07-01, until: 2026-07-31, reason: Holidays}
  - key: c2
    studio: lisbon
    first_name: Łukasz
    last_name: "NO"
    memberships: [{key: m2, rate: gold, from: 2026-02-01, until: 2027-01-31}]
  - key: c3
    studio: berlin
    first_name: Ada
    last_name: Prospect
    status: PROSPECT
    access_refused: true

applications:
  - key: app
    name: App
    integrations:
      - {studio: berlin, scopes: [CLASSES_READ, CLASSES_WRITE]}
      - {studio: lisbon, scopes: [CLASSES_READ], active: false}
"""


def edit(*changes: tuple[str, str], text: str = GYM) -> str:
    """The gym file with each text, which occurs once, replaced by another."""
    for old, new in changes:
        assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times"
        text = text.replace(old, new)
    return text


class House:
    """A database with a desk, filled by gym files."""

    def __init__(self, database: Database, clock: HandClock) -> None:
        self.database = database
        self.clock = clock
        self.desk = Desk(database, clock, Metrics())

    async def load(self, file: str | GymFile = GYM, **options: Any) -> Differences:
        read = gymfile.read(file) if isinstance(file, str) else file
        options = {"horizon_days": 14, "by": Actor.gym_file("gym.yaml", "staff")} | options
        return await gymfile.load(self.desk, self.database, self.clock, read, **self._how(options))

    async def preview(self, file: str | GymFile, **options: Any) -> Differences:
        read = gymfile.read(file) if isinstance(file, str) else file
        return await gymfile.preview(self.database, self.clock, read, **self._how(options))

    async def rehearse(self, file: str | GymFile, **options: Any) -> Foretold:
        read = gymfile.read(file) if isinstance(file, str) else file
        return await gymfile.rehearse(
            self.desk, self.database, self.clock, read, **self._how({"horizon_days": 14} | options)
        )

    def _how(self, options: dict[str, Any]) -> dict[str, Any]:
        """`remove=True` and `prefer_file=True` are said like any other option."""
        wish = {name: options.pop(name) for name in ("remove", "prefer_file") if name in options}
        return {**options, "wish": Wish(**wish)}

    async def changes(self, file: str | GymFile, **options: Any) -> dict[str, tuple[int, int, int]]:
        """Load, and give what it created, changed and removed, where there was something.

        A preview says the same before.
        """
        foretold = await self.preview(file, **options)
        done = await self.load(file, **options)
        assert done == foretold
        return {
            section: (count.created, count.changed, count.removed)
            for section, count in done.summary.sections.items()
            if count != Count()
        }

    async def dump(self, key: str = "muster-gym", **options: Any) -> str:
        return await gymfile.dump(self.database, self.clock, key, **options)

    # What is there.

    async def organization(self) -> int:
        found = await self.database.read(lambda tx: organizations.find(tx, "muster-gym"))
        assert found is not None
        return found

    async def id(self, table: Table, key: str) -> int:
        organization = await self.organization()
        ids = await self.database.read(lambda tx: entry_ids.ids(tx, organization, table))
        return ids[key]

    async def rows(self, table: Table, **values: Any) -> list[Any]:
        conditions = [table.c[name] == value for name, value in values.items()]
        query = select(table).where(*conditions).order_by(*table.primary_key.columns)
        return await self.database.read(lambda tx: list(tx.execute(query).all()))

    async def row(self, table: Table, **values: Any) -> Any:
        [row] = await self.rows(table, **values)
        return row

    async def everything(self) -> dict[str, list[Any]]:
        """All rows of all tables."""
        return {table.name: await self.rows(table) for table in tables.metadata.sorted_tables}

    async def told(self) -> list[Told]:
        """The stored events in their order."""
        columns = [
            tables.event.c[name]
            for name in ("type", "entity_id", "studio_id", "home_studio_id", "content", "uuid")
        ]
        query = select(*columns).order_by(tables.event.c.id)
        rows = await self.database.read(lambda tx: tx.execute(query).all())
        return [Told(*row) for row in rows]

    async def news(self, text: str, **options: Any) -> list[EventType]:
        """What loading tells: the types of the events, in their order."""
        before = await self.told()
        await self.load(text, **options)
        return [each.type for each in (await self.told())[len(before) :]]

    async def slot_on(self, day: date, of: str = "yoga-evening") -> int:
        """The slot that the series has on that day."""
        series_id = await self.id(tables.series, of)
        found = [
            row.id
            for row in await self.rows(tables.slot, series_id=series_id)
            if row.occurrence is not None and row.occurrence.date() == day
        ]
        assert len(found) == 1, found
        return int(found[0])

    async def slot(self, slot_id: int) -> Slot:
        organization = await self.organization()
        found = await self.database.read(lambda tx: slots.load(tx, organization, [slot_id]))
        return found[slot_id]

    # What people do meanwhile.

    async def book(self, customer: str, slot_id: int) -> Booked:
        answer = await self.try_to_book(customer, slot_id)
        assert isinstance(answer, Booked), answer
        return answer

    async def try_to_book(self, customer: str, slot_id: int) -> Booked | Refusal:
        return await self.desk.execute(
            Book(
                await self.organization(),
                (await self.slot(slot_id)).studio.id,
                await self.id(tables.customer, customer),
                slot_id,
                await self.desk.ids.next(),
            ),
            by=STAFF,
        )

    async def booking(self, booked: Booked) -> Booking:
        organization = await self.organization()
        [found] = await self.database.read(
            lambda tx: bookings.load(tx, organization, [booked.booking_id])
        )
        return found

    async def cancel_slot(self, slot_id: int) -> None:
        await self.desk.execute(CancelSlot(await self.organization(), slot_id), by=STAFF)

    def pass_time(self, **by: float) -> None:
        self.clock.advance(timedelta(**by))


@contextmanager
def writes() -> Iterator[list[str]]:
    """The statements sent meanwhile that write."""
    sent: list[str] = []

    def listen(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().upper().startswith(("SELECT", "BEGIN", "PRAGMA")):
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", listen)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", listen)
