"""A gym day at random: members book and cancel, staff rearrange, time passes, the process dies.

The engine runs on a real database, and beside it a naive book of rules that knows nothing of the
engine. After every step both must say the same, what was told to partners must be what changed,
and the audit must find nothing.

`make soak` plays many more days than the test run does.
"""

from __future__ import annotations

import asyncio
import math
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

from kursplan.clock import HandClock, SystemClock
from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel import Cancel
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.customers import RecordCustomers
from kursplan.desk.plan_slot import PlanSlot
from kursplan.desk.promote import Promote
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.turn import Command, Reach, Turn
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import Promotion, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import Own
from kursplan.domain.studios import LostEntitlement
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.database import DatabaseUnavailable, connect
from kursplan.store.examination import Promise
from kursplan.store.rows import AnyRow
from kursplan.work.loop import Background
from tests.audit import audit
from tests.gym import BERLIN, MORNING, Gym
from tests.simulation.rulebook import Member, Offer, Place, Rulebook, Slot

LISBON = ZoneInfo("Europe/Lisbon")
SINCE = date(2026, 1, 1)
GRANTED = 2
PEOPLE = range(6)
MOST_SLOTS = 8
MOST_PLACES = 60
FIVE_MINUTES = timedelta(minutes=5)
ONE_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class Morning:
    """A gym before anything has happened, in a file to be copied for each day."""

    file: Path
    organization: int
    studios: dict[int, ZoneInfo]
    """The first is the one in Berlin."""
    offers: list[Offer]
    members: list[Member]
    employees: list[int]


async def morning(template: Path, file: Path, policy: LostEntitlement) -> Morning:
    """Two studios in two zones, and four classes that differ in nearly everything."""
    shutil.copyfile(template, file)
    database = connect(f"sqlite:///{file}")
    gym = await Gym(database, HandClock(MORNING)).open(lost_entitlement=policy)
    berlin, lisbon = gym.studio_id, await gym.studio("lisbon", zone=LISBON.key)
    await gym.rate("basic", grants={Period.WEEK: GRANTED})
    offers = [
        Offer(await gym.klass("spin", admits_other_studios=True), berlin, admits_others=True),
        Offer(
            await gym.klass(
                "yoga",
                uses_contingent=True,
                late_cancellation=True,
                earliest_booking="1 DAY",
                latest_booking="30 MINUTES",
            ),
            berlin,
            opens=1,
            closes=timedelta(minutes=30),
            late=True,
            contingent=True,
        ),
        Offer(
            await gym.klass(
                "boxing",
                studio_id=lisbon,
                confirmation="3 HOURS",
                earliest_booking=None,
                who_may_book=WhoMayBook.MEMBERS,
                admits_other_studios=True,
            ),
            lisbon,
            opens=None,
            confirm=timedelta(hours=3),
            members_only=True,
            admits_others=True,
        ),
        Offer(
            await gym.klass(
                "dance",
                studio_id=lisbon,
                promotion=Promotion.BY_STAFF,
                promotion_ends="1 HOURS",
                latest_cancellation="6 HOURS",
            ),
            lisbon,
            by_staff=True,
            promotion_ends=timedelta(hours=1),
            cancellable=timedelta(hours=6),
        ),
    ]
    members = [
        Member(await gym.desk.ids.next(), berlin if person % 3 else lisbon) for person in PEOPLE
    ]
    await gym.take(
        RecordCustomers(
            gym.organization, {each.id: entry(each, each.home == berlin) for each in members}
        )
    )
    employees = [await gym.employee(name) for name in ("Ada", "Bea", "Cem")]
    await gym.desk.close()
    await database.close()
    return Morning(
        file, gym.organization, {berlin: BERLIN, lisbon: LISBON}, offers, members, employees
    )


def entry(member: Member, at_home_in_berlin: bool) -> CustomerEntry:
    """The customer as the operator writes them down."""
    rest = () if member.rest is None else (IdlePeriodEntry(f"rest-{member.id}", *member.rest),)
    membership = MembershipEntry(
        f"membership-{member.id}", "basic", SINCE, member.valid_until, idle_periods=rest
    )
    return CustomerEntry(
        f"customer-{member.id}",
        "berlin" if at_home_in_berlin else "lisbon",
        "Erika",
        "Mustermann",
        access_refused=member.refused,
        memberships=(membership,),
    )


class PowerCut(Exception):
    """The power went out."""


@dataclass(frozen=True)
class BeforePowerCut:
    """A command after which, with everything written and nothing committed, the power goes out."""

    command: Command[Any]

    @property
    def organization_id(self) -> int:
        return self.command.organization_id

    @property
    def reach(self) -> Reach:
        return self.command.reach

    def perform(self, turn: Turn) -> Any:
        self.command.perform(turn)
        turn.record()
        raise PowerCut

    def again(self) -> BeforePowerCut:
        return self


@dataclass(frozen=True)
class OverBrokenConnection(BeforePowerCut):
    """The same, but it is the connection that is lost: so the desk tries once more by itself."""

    def perform(self, turn: Turn) -> Any:
        self.command.perform(turn)
        turn.record()
        raise DatabaseUnavailable("the connection broke")

    def again(self) -> Any:
        return self.command.again()


def word(answer: object) -> str:
    """An answer of the engine in the words of the rulebook."""
    if isinstance(answer, Refusal | str):
        return str(answer)
    if isinstance(answer, Booked):
        return str(answer.status)
    if isinstance(answer, Admission):
        return "AVAILABLE"
    return "changed" if getattr(answer, "changed") else "same"  # noqa: B009


class GymDay(RuleBasedStateMachine):
    """Each rule does one thing at the real gym and in the rulebook, and compares the answers."""

    slots: Bundle[Slot] = Bundle("slots")
    places: Bundle[Place] = Bundle("places")

    people = st.sampled_from(PEOPLE)
    seats = st.sampled_from([1, 2, 1, 2, 3, 0, None])
    waiting_lists = st.integers(0, 3)
    starts = st.tuples(
        st.integers(0, 3),
        st.sampled_from([time(10, 0), time(10, 30), time(11, 0), time(18, 0), time(23, 30)]),
    )

    plans = st.tuples(st.integers(0, 3), starts, seats, waiting_lists)

    def __init__(self, mornings: Sequence[Morning]) -> None:
        super().__init__()
        self.mornings = mornings
        self.directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.runner = asyncio.Runner()
        self.machine = MORNING
        """What the machine's clock shows; the engine's never goes back."""

    @initialize(target=slots, cancels=st.booleans(), plans=st.lists(plans, min_size=2, max_size=4))
    def a_new_day(self, cancels: bool, plans: list[tuple[Any, ...]]) -> MultipleResults[Slot]:
        morning = self.morning = self.mornings[cancels]
        self.file = Path(self.directory.name) / "kursplan.db"
        shutil.copyfile(morning.file, self.file)
        self.members = [Member(each.id, each.home) for each in morning.members]
        self.book = Rulebook(MORNING, cancels, GRANTED, self.members)
        self.clock = SystemClock(self.machine_seconds)
        self.open_up()
        self.book.told = self.told()
        return multiple(*(slot for plan in plans for slot in self.plan(*plan).values))

    def machine_seconds(self) -> float:
        return self.machine.timestamp()

    def teardown(self) -> None:
        if hasattr(self, "gym"):
            self.runner.run(self.shut_down())
        self.runner.close()
        self.directory.cleanup()

    def open_up(self) -> None:
        """The process starts."""
        self.gym = Gym(connect(f"sqlite:///{self.file}"), cast("HandClock", self.clock))
        self.gym.organization = self.morning.organization
        self.gym.studio_id = next(iter(self.morning.studios))
        self.background = Background(
            self.gym.desk, self.gym.database, self.clock, Metrics(), horizon_days=1
        )

    async def shut_down(self) -> None:
        await self.gym.desk.close()
        await self.gym.database.close()

    def take(self, command: Command[Any]) -> Any:
        return self.runner.run(self.gym.take(command))

    def take_all(self, commands: Sequence[Command[Any]]) -> list[Any]:
        async def all_at_once() -> list[Any]:
            return await asyncio.gather(*(self.gym.desk.take(each) for each in commands))

        return self.runner.run(all_at_once())

    def told(self) -> Counter[tuple[str, int]]:
        return Counter((each.type.value, each.entity_id) for each in self.run(self.gym.told()))

    def run(self, asked: Any) -> Any:
        return self.runner.run(asked)

    # Time.

    def set_machine(self, instant: datetime) -> None:
        self.machine = instant
        self.book.now = max(self.book.now, instant)
        # What nobody has looked at has not been.
        assert self.clock.now() == self.book.now

    @rule(minutes=st.sampled_from([1, 10, 45, 3 * 60, 24 * 60, 2 * 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.set_machine(self.machine + timedelta(minutes=minutes))

    @rule(slot=slots, edge=st.integers(0, 7), beside=st.integers(-1, 1))
    def time_passes_until_something_opens_or_closes(
        self, slot: Slot, edge: int, beside: int
    ) -> None:
        """To the very millisecond, or one before or after it (F29)."""
        offer = slot.offer
        opening_day = slot.day - timedelta(days=offer.opens or 0)
        edges = [
            datetime.combine(opening_day, time(), slot.zone).astimezone(UTC),
            slot.start - offer.closes,
            slot.start - offer.cancellable,
            slot.start - offer.promotion_ends,
            slot.start - (offer.confirm or timedelta(0)),
            slot.start - timedelta(minutes=30),
            slot.start,
            slot.end,
        ]
        instant = edges[edge] + beside * ONE_MILLISECOND
        if instant > self.book.now:
            self.set_machine(instant)

    @precondition(lambda self: self.machine == self.book.now)
    @rule()
    def the_machines_clock_is_put_back(self) -> None:
        """F30"""
        self.set_machine(self.machine - FIVE_MINUTES)

    # Customers.

    def command(self, slot: Slot, member: Member, overrule: frozenset[str] = frozenset()) -> Book:
        return Book(
            self.gym.organization,
            slot.offer.studio,
            member.id,
            slot.id,
            self.run(self.gym.desk.ids.next()),
            overrule=frozenset(map(Refusal, overrule)),
        )

    def place(self, command: Book) -> MultipleResults[Place]:
        """The booking that came of it, if one did."""
        made = self.book.places.get(command.booking_id)
        return multiple() if made is None else multiple(made)

    @precondition(lambda self: len(self.book.places) < MOST_PLACES)
    @rule(target=places, slot=slots, person=people, broken=st.booleans())
    def somebody_asks_and_books(
        self, slot: Slot, person: int, broken: bool
    ) -> MultipleResults[Place]:
        """What validate says is what book then does (F35)."""
        member = self.members[person]
        command = self.command(slot, member)
        asked = self.run(self.gym.may_book(member.id, slot.id, studio_id=slot.offer.studio))
        assert word(asked) == (self.book.why_not(slot, member) or "AVAILABLE")
        answer = self.take(OverBrokenConnection(command) if broken else command)
        assert word(answer) == self.book.book(command.booking_id, slot, member)
        assert isinstance(answer, Booked) is isinstance(asked, Admission)
        return self.place(command)

    @precondition(lambda self: len(self.book.places) < MOST_PLACES)
    @rule(
        target=places,
        slot=slots,
        persons=st.lists(people, min_size=2, max_size=6),
        broken=st.booleans(),
    )
    def several_book_at_once(
        self, slot: Slot, persons: list[int], broken: bool
    ) -> MultipleResults[Place]:
        """In one turn, or where that is lost with its connection, one by one."""
        commands: list[Any] = [self.command(slot, self.members[each]) for each in persons]
        sent = [*commands[:-1], OverBrokenConnection(commands[-1])] if broken else commands
        answers = self.take_all(sent)
        for command, person, answer in zip(commands, persons, answers, strict=True):
            assert word(answer) == self.book.book(command.booking_id, slot, self.members[person])
        return multiple(*(place for c in commands for place in self.place(c).values))

    @rule(
        target=places,
        slot=slots,
        person=people,
        overrule=st.sets(
            st.sampled_from(
                [
                    "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
                    "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME",
                    "NO_CONTINGENT",
                    "BOOKING_LIMIT_REACHED",
                ]
            )
        ),
    )
    def staff_book_for_somebody(
        self, slot: Slot, person: int, overrule: set[str]
    ) -> MultipleResults[Place]:
        command = self.command(slot, self.members[person], frozenset(overrule))
        assert word(self.take(command)) == self.book.book(
            command.booking_id, slot, self.members[person], frozenset(overrule)
        )
        return self.place(command)

    @rule(place=places, times=st.integers(1, 3), broken=st.booleans())
    def somebody_cancels(self, place: Place, times: int, broken: bool) -> None:
        """However often: once (F6)."""
        command = Cancel(self.gym.organization, place.slot.offer.studio, place.id)
        sent: list[Command[Any]] = [command] * times
        answers = self.take_all([OverBrokenConnection(command), *sent[1:]] if broken else sent)
        assert [word(each) for each in answers] == [self.book.cancel(place) for _ in answers]

    @rule(place=places)
    def somebody_confirms(self, place: Place) -> None:
        answer = self.run(self.gym.confirm(place.id, studio_id=place.slot.offer.studio))
        assert word(answer) == self.book.confirm(place)

    @rule(place=places, slot=slots)
    def the_power_goes_out(self, place: Place, slot: Slot) -> None:
        """Nothing is left of what was not committed; others who wait for the same turn get theirs."""
        lost = Cancel(self.gym.organization, place.slot.offer.studio, place.id)
        booked = self.command(slot, place.member)

        async def both() -> list[Any]:
            return await asyncio.gather(
                self.gym.desk.take(BeforePowerCut(lost)),
                self.gym.desk.take(booked),
                return_exceptions=True,
            )

        cut, answer = self.run(both())
        assert isinstance(cut, PowerCut)
        assert word(answer) == self.book.book(booked.booking_id, slot, place.member)

    @rule()
    def the_process_is_started_anew(self) -> None:
        self.run(self.shut_down())
        self.set_machine(self.book.now)
        self.open_up()

    # Staff.

    @precondition(lambda self: len(self.book.slots) < MOST_SLOTS)
    @rule(target=slots, plan=plans)
    def staff_plan_a_slot(self, plan: tuple[Any, ...]) -> MultipleResults[Slot]:
        return self.plan(*plan)

    def plan(
        self, offer: int, start: tuple[int, time], seats: int | None, waiting_list: int
    ) -> MultipleResults[Slot]:
        of = self.morning.offers[offer]
        zone = self.morning.studios[of.studio]
        local_start = self.local(start, zone)
        instant = local_start.replace(tzinfo=zone).astimezone(UTC)
        slot_id = self.run(self.gym.desk.ids.next())
        instructor = self.morning.employees[0]
        answer = self.take(
            PlanSlot(
                self.gym.organization,
                slot_id,
                of.id,
                f"slot-{slot_id}",
                local_start,
                instructor_ids=(instructor,),
                own=frozenset({Own.MAX_PARTICIPANTS, Own.MAX_WAITING_LIST}),
                max_participants=seats,
                max_waiting_list=waiting_list,
            )
        )
        if instant <= self.book.now:
            assert answer is Refusal.INVALID_TIMES
            return multiple()
        slot = self.book.slots[slot_id] = Slot(
            slot_id,
            of,
            zone,
            instant,
            instant + timedelta(hours=1),
            seats,
            waiting_list,
            instructors=(instructor,),
        )
        return multiple(slot)

    def local(self, start: tuple[int, time], zone: ZoneInfo) -> datetime:
        days, at = start
        return datetime.combine(self.book.now.astimezone(zone).date() + timedelta(days=days), at)

    @rule(
        slot=slots, seats=seats, waiting_list=waiting_lists, additional=st.sampled_from([0, 0, 1])
    )
    def staff_change_how_many_fit(
        self, slot: Slot, seats: int | None, waiting_list: int, additional: int
    ) -> None:
        answer = self.run(
            self.gym.change_slot(
                slot.id,
                max_participants=seats,
                max_waiting_list=waiting_list,
                additional_participants=additional,
            )
        )
        assert word(answer) == self.book.resize(
            slot, capacity=seats, waiting_limit=waiting_list, additional=additional
        )

    @rule(slot=slots, start=starts)
    def staff_move_a_slot(self, slot: Slot, start: tuple[int, time]) -> None:
        local_start = self.local(start, slot.zone)
        answer = self.run(self.gym.change_slot(slot.id, local_start=local_start))
        instant = local_start.replace(tzinfo=slot.zone).astimezone(UTC)
        assert word(answer) == self.book.move(slot, instant)

    @rule(slot=slots)
    def staff_cancel_a_slot(self, slot: Slot) -> None:
        assert word(self.run(self.gym.cancel_slot(slot.id))) == self.book.call_off(slot)

    @rule(slot=slots, employee=st.integers(0, 2))
    def staff_put_a_stand_in(self, slot: Slot, employee: int) -> None:
        [given] = slot.instructors[-1:]
        stand_in = self.morning.employees[employee]
        answer = self.take(PutStandIn(self.gym.organization, slot.id, given, stand_in))
        if self.book.fixed(slot):
            assert answer is Refusal.SLOT_NOT_PLANNED
        elif stand_in == given:
            assert answer is Refusal.INSTRUCTOR_ALREADY_ON_SLOT
        else:
            assert word(answer) == "changed"
            self.book.give(slot, (*slot.instructors, stand_in))

    @rule(slot=slots)
    def staff_remove_a_stand_in(self, slot: Slot) -> None:
        *others, given = slot.instructors
        answer = self.take(RemoveStandIn(self.gym.organization, slot.id, given))
        if self.book.fixed(slot):
            assert answer is Refusal.SLOT_NOT_PLANNED
        elif others:
            assert word(answer) == "changed"
            self.book.give(slot, tuple(others))
        else:
            assert answer is Refusal.INSTRUCTOR_NOT_ON_SLOT

    @rule(
        studio=st.integers(0, 1),
        hours=st.integers(-2, 48),
        length=st.sampled_from([1, 4, 24]),
        cancel_slots=st.sampled_from([False, False, True]),
    )
    def staff_close_a_studio(
        self, studio: int, hours: int, length: int, cancel_slots: bool
    ) -> None:
        studio_id, zone = list(self.morning.studios.items())[studio]
        local_now = self.book.now.astimezone(zone).replace(tzinfo=None)
        since = local_now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=hours)
        until = since + timedelta(hours=length)
        self.take(
            CloseStudio(
                self.gym.organization,
                studio_id,
                f"closure-{studio_id}",
                since,
                until,
                cancel_slots=cancel_slots,
            )
        )
        instants = (each.replace(tzinfo=zone).astimezone(UTC) for each in (since, until))
        self.book.close(studio_id, *instants, cancel_slots=cancel_slots)

    @rule(studio=st.integers(0, 1))
    def staff_open_a_studio(self, studio: int) -> None:
        studio_id = list(self.morning.studios)[studio]
        self.take(OpenStudio(self.gym.organization, studio_id, f"closure-{studio_id}"))
        self.book.open(studio_id)

    @rule(place=places, participation=st.sampled_from(Participation))
    def staff_note_who_takes_part(self, place: Place, participation: Participation) -> None:
        answer = self.run(self.gym.note(place.id, participation, studio_id=place.slot.offer.studio))
        assert word(answer) == self.book.note(place, participation.value)

    @rule(slot=slots)
    def staff_let_who_waits_move_up(self, slot: Slot) -> None:
        self.take(Promote(self.gym.organization, slot.id, by_staff=True))
        self.book.promote(slot)

    # Contracts.

    def record(self, member: Member, told: str | None) -> None:
        """Have the engine know the customer as they are in the rulebook; what partners hear of it."""
        at_home_in_berlin = member.home == self.gym.studio_id
        changed = self.take(
            RecordCustomers(self.gym.organization, {member.id: entry(member, at_home_in_berlin)})
        )
        assert changed == (told is not None)
        if told is not None:
            self.book.told[told, member.id] += 1
            self.book.contract(member)

    def today(self, member: Member) -> date:
        return self.book.now.astimezone(self.morning.studios[member.home]).date()

    @rule(person=people, begins=st.integers(0, 3), days=st.sampled_from([0, 1, 30, None]))
    def somebody_will_rest(self, person: int, begins: int, days: int | None) -> None:
        member = self.members[person]
        first = self.today(member) + timedelta(days=begins)
        rest = first, None if days is None else first + timedelta(days=days)
        told = None
        if rest != member.rest:
            told = "CREATED" if member.rest is None else "UPDATED"
        member.rest = rest
        self.record(member, told and f"CONTRACT_IDLE_PERIOD_{told}")

    @rule(person=people)
    def somebody_rests_no_longer(self, person: int) -> None:
        """What has begun ends with yesterday, and what is over stays."""
        member, yesterday = self.members[person], self.today(self.members[person]) - timedelta(1)
        first, last = member.rest or (None, None)
        over = first is None or (last is not None and last <= yesterday)
        rest = member.rest
        member.rest = None
        if first is not None and first <= yesterday:
            rest = first, (last if over else yesterday)
        elif not over:
            rest = None
        at_home_in_berlin = member.home == self.gym.studio_id
        changed = self.take(
            RecordCustomers(self.gym.organization, {member.id: entry(member, at_home_in_berlin)})
        )
        member.rest = rest
        assert changed == (not over)
        if changed:
            self.book.told["CONTRACT_IDLE_PERIOD_CANCELLED", member.id] += 1
            self.book.contract(member)

    @rule(person=people, days=st.sampled_from([0, 1, 2, None]))
    def somebodys_membership_ends(self, person: int, days: int | None) -> None:
        member = self.members[person]
        until = None if days is None else self.today(member) + timedelta(days=days)
        told = "CONTRACT_UPDATED" if until != member.valid_until else None
        member.valid_until = until
        self.record(member, told)

    @rule(person=people, refused=st.booleans())
    def somebody_is_let_in_or_not(self, person: int, refused: bool) -> None:
        member = self.members[person]
        told = "CUSTOMER_UPDATED" if refused != member.refused else None
        member.refused = refused
        self.record(member, told)

    # What happens by itself.

    @rule(step=st.sampled_from(["expire", "promote", "complete"]), times=st.integers(1, 2))
    def a_step_of_the_background_runs(self, step: str, times: int) -> None:
        """At any time, and twice (F42)."""
        name, ours = {
            "expire": ("expire_confirmations", self.book.expire),
            "promote": ("promote_waiting", self.book.promote_waiting),
            "complete": ("complete_slots", self.book.complete),
        }[step]
        for _ in range(times):
            assert self.run(self.background.steps[name]()) == ours()

    @rule()
    def the_background_does_its_round(self) -> None:
        """After it nobody who could have a seat waits for one."""
        self.run(self.background.round())
        self.book.expire()
        self.book.promote_waiting()
        self.book.complete()
        self.audit()

    # What holds after every step.

    @invariant()
    def every_promise_is_kept(self) -> None:
        bookings, slots, told = self.run(self.gym.database.read(self.look))
        self.the_rows_are_as_the_rulebook_says(bookings, slots)
        self.no_seat_is_sold_twice_and_nobody_waits_beside_an_empty_one(bookings, slots)
        events_told = Counter((each.type.value, each.entity_id) for each in told)
        assert events_told == self.book.told, "no event is lost, none invented"
        # Who could not take a seat then and can now is found by the background.
        self.audit(pardoned={Promise.SEATS_ARE_FILLED})

    def look(self, tx: Connection) -> list[list[AnyRow]]:
        return [
            list(tx.execute(select(table).order_by(table.c.id)))
            for table in (tables.booking, tables.slot, tables.event)
        ]

    def the_rows_are_as_the_rulebook_says(
        self, bookings: list[AnyRow], slots: list[AnyRow]
    ) -> None:
        assert [
            (b.id, b.slot_id, b.customer_id, b.status, b.participation, b.counts, b.confirm_until)
            for b in bookings
        ] == [
            (p.id, p.slot.id, p.member.id, p.status, p.participation, p.counts, p.confirm_until)
            for p in self.book.places.values()
        ]
        assert [(b.id, b.skipped, b.conflict) for b in bookings] == [
            (p.id, p.skipped, p.conflict) for p in self.book.places.values()
        ]
        assert [
            (s.id, s.status, s.starts_at, s.ends_at, s.max_participants, s.max_waiting_list)
            for s in slots
        ] == [
            (s.id, s.status, s.start, s.end, s.capacity, s.waiting_limit)
            for s in self.book.slots.values()
        ]

    def no_seat_is_sold_twice_and_nobody_waits_beside_an_empty_one(
        self, bookings: list[AnyRow], slots: list[AnyRow]
    ) -> None:
        for slot in slots:
            ours = self.book.slots[slot.id]
            here = [each for each in bookings if each.slot_id == slot.id]
            waiting = [each for each in here if each.status == BookingStatus.WAITING_LIST]
            capacity = math.inf if slot.max_participants is None else slot.max_participants
            seats_taken = slot.seats + slot.additional_participants
            overruled = any("BOOKING_LIMIT_REACHED" in each.overruled for each in here)
            assert seats_taken <= capacity or ours.lowered or overruled
            assert (
                not waiting
                or seats_taken >= capacity
                or all(each.skipped for each in waiting)
                or ours.offer.by_staff
                or not self.book.promotes(ours)
            ), "nobody waits beside an empty seat"

    def audit(self, pardoned: frozenset[Promise] | set[Promise] = frozenset()) -> None:
        lowered = {each.id for each in self.book.slots.values() if each.lowered}
        organization, now = self.gym.organization, self.book.now
        self.run(audit(self.gym.database, organization, now, lowered=lowered, pardoned=pardoned))


@pytest.fixture(scope="module")
def mornings(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Morning]:
    """One where bookings that are no longer allowed are flagged, one where they are cancelled."""
    directory = tmp_path_factory.mktemp("mornings")
    return [
        asyncio.run(morning(sqlite_template, directory / policy.value, policy))
        for policy in (LostEntitlement.FLAG, LostEntitlement.CANCEL)
    ]


@pytest.mark.timeout(0)
def test_a_gym_day_keeps_every_promise(mornings: list[Morning]) -> None:
    days = 20 if os.environ.get("X") is None else int(os.environ["X"])
    run_state_machine_as_test(
        lambda: GymDay(mornings),
        settings=settings(
            max_examples=days,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate] + [Phase.shrink] * bool(os.environ.get("S")),
            derandomize=bool(os.environ.get("D")),
            print_blob=False, database=None,
        ),
    )
