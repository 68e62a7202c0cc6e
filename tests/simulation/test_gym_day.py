"""A gym day at random: members book and cancel, staff rearrange, time passes, the process dies.

The engine runs on a real database, and beside it a naive book of rules that knows nothing of the
engine. After every step both must say the same, what was told to partners must be what changed,
and the audit must find nothing.

`make soak` plays many more days than a test run does.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Connection, select

from kursplan.api.error_codes import ErrorCode
from kursplan.clock import HandClock, SystemClock
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book, Booked
from kursplan.desk.cancel import Cancel
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.customers import RecordCustomers
from kursplan.desk.engine.turn import Command, Footprint, Turn
from kursplan.desk.plan_slot import PlanSlot, SlotPlanned
from kursplan.desk.promote import Promote
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn
from kursplan.desk.studios import SetOnClash
from kursplan.doctor import Invariant
from kursplan.domain import slots as engine
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import Booking, BookingStatus, Participation
from kursplan.domain.cancelling import Cancellation, may_cancel
from kursplan.domain.clashes import Clashing, OnClash
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import Override
from kursplan.domain.studios import LostEntitlement
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.database import connect
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.rules import bookings, slots
from kursplan.store.rules.clock import see
from kursplan.store.rules.turned_away import Wish
from kursplan.work.house_clock import HouseClock
from kursplan.work.loop import Background
from tests.audit import audit
from tests.gym import MORNING, STAFF, Gym, by_code
from tests.simulation.morning import GRANTED, PEOPLE, Morning, morning
from tests.simulation.rulebook import Member, Place, Rulebook, Slot

A = TypeVar("A")

DAYS = 20
STEPS = 40
SOAK = 40
"""How many times more days `make soak` plays."""
MOST_SLOTS = 5
"""How many can be booked at a time: few, so that people meet."""
FIVE_MINUTES = timedelta(minutes=5)
ONE_MILLISECOND = timedelta(milliseconds=1)

OVERRULES = (
    "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
    "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME",
    "NO_CONTINGENT",
    "BOOKING_LIMIT_REACHED",
)


class PowerCut(Exception):
    """The power went out."""


@dataclass(frozen=True)
class BeforePowerCut:
    """A command after which, with everything written and nothing committed, the power goes out."""

    command: Command[Any]

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def organization_id(self) -> int:
        return self.command.organization_id

    @property
    def footprint(self) -> Footprint:
        return self.command.footprint

    @property
    def wish(self) -> Wish | None:
        return self.command.wish

    def precheck(self, _full: object) -> None:
        """Nothing: its turn is to be taken."""

    def perform(self, turn: Turn) -> Any:
        self.command.perform(turn)
        turn.flush()
        raise PowerCut


@dataclass(frozen=True)
class OverBrokenConnection(BeforePowerCut):
    """The same, but it is the connection that is lost, once: so the desk tries again by itself."""

    breaks: list[None] = field(default_factory=lambda: [None])

    def perform(self, turn: Turn) -> Any:
        if not self.breaks:
            return self.command.perform(turn)
        self.breaks.pop()
        self.command.perform(turn)
        turn.flush()
        raise DatabaseUnavailable("the connection broke")


def _rule(kind: Kind | None) -> Kind | None:
    """The rulebook knows rules, not all that each of them can refuse for."""
    return kind and kind.rule


def word(answer: object) -> str:
    """An answer of the engine in the words of the rulebook."""
    if isinstance(answer, str):
        return str(answer)
    if isinstance(answer, Booked):
        return str(answer.status)
    if isinstance(answer, Admission):
        return "AVAILABLE"
    if isinstance(answer, Clashing):
        return str(answer.kind)
    return "changed" if cast("Any", answer).changed else "same"


ANY = 9
which = st.integers(0, ANY)
"""Which slot or booking; see `GymDay.slot` and `GymDay.place`."""
people = st.sampled_from(PEOPLE)
seats = st.sampled_from([1, 1, 1, 1, 2, 2, 2, 3, 0, None])
waiting_lists = st.sampled_from([4, 3, 3, 2, 2, 1, 0])
starts = st.tuples(
    st.sampled_from([1, 1, 1, 2, 0, 3]),
    st.sampled_from([time(10, 0), time(10, 30), time(11, 0), time(18, 0), time(23, 30)]),
)
"""Days from now and local time: mostly tomorrow, so that slots overlap."""
rush = st.lists(
    st.tuples(
        st.sampled_from([True] * 3 + [False]), st.sampled_from([0, 0, 0, 1, 1, 2, 3]), people
    ),
    min_size=4,
    max_size=12,
)
"""Whether to book or to cancel, what, and who."""


class GymDay(RuleBasedStateMachine):
    """Each rule does one thing at the real gym and in the rulebook, and compares the answers."""

    def __init__(self, mornings: Sequence[Morning]) -> None:
        super().__init__()
        self.mornings = mornings
        self.directory = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self.runner = asyncio.Runner()
        self.machine = MORNING
        """What the machine's clock shows; the engine's never goes back."""

    @initialize(
        cancels=st.booleans(),
        plans=st.tuples(
            *[st.tuples(st.just(offer), starts, seats, waiting_lists) for offer in range(4)]
        ),
        actions=rush,
    )
    def a_new_day(
        self,
        cancels: bool,
        plans: tuple[tuple[int, tuple[int, time], int | None, int], ...],
        actions: list[tuple[bool, int, int]],
    ) -> None:
        """A slot of each class, where its time is still to come, and a rush on them."""
        self.morning = self.mornings[cancels]
        self.file = Path(self.directory.name) / "kursplan.db"
        shutil.copyfile(self.morning.file, self.file)
        self.members = [Member(each.id, each.home) for each in self.morning.members]
        self.book = Rulebook(MORNING, cancels, GRANTED, self.members)
        self.clock = SystemClock(self.machine_seconds)
        self.open_up()
        self.book.told = self.told(self.run(self.gym.database.read(self.look))[-1])
        for plan in plans:
            self.plan(*plan)
        if self.book.slots:
            self.many_book_and_cancel_at_once(actions, broken=False)

    def open_up(self) -> None:
        """The process starts."""
        self.gym = Gym(connect(f"sqlite:///{self.file}"), cast("HandClock", self.clock))
        self.gym.organization = self.morning.organization
        # The stopwatch runs with the machine, so days may pass while it lives. Where they have passed
        # since the one before, somebody says that this is right.
        house_clock = HouseClock(self.clock, self.machine_seconds)
        self.run(self.gym.database.write(partial(see, instant=self.clock.now())))
        self.run(house_clock.keep(self.gym.database))
        self.background = Background(
            self.gym.desk, self.gym.database, house_clock, Metrics(), horizon_days=1
        )

    async def shut_down(self) -> None:
        await self.gym.desk.close()
        await self.gym.database.close()

    def teardown(self) -> None:
        self.run(self.shut_down())
        self.runner.close()
        self.directory.cleanup()

    def run(self, work: Coroutine[Any, Any, A]) -> A:
        return self.runner.run(work)

    def take(self, *commands: Command[Any]) -> list[Any]:
        """The answers to commands that arrive at the desk at the same time; faults are answers."""

        async def at_once() -> list[Any]:
            taken = (self.gym.desk.execute(each, by=STAFF) for each in commands)
            answers = await asyncio.gather(*taken, return_exceptions=True)
            return [by_code(each) for each in answers]

        return self.run(at_once())

    def coming(self) -> list[Slot]:
        coming = [each for each in self.book.slots.values() if not self.book.fixed(each)]
        return sorted(coming, key=lambda each: (each.start, each.id))

    def slot(self, n: int) -> Slot:
        """Mostly one that staff can still change, the next to start first; or else any."""
        coming = self.coming()
        chosen = list(self.book.slots.values()) if n == ANY or not coming else coming
        return chosen[n % len(chosen)]

    def place(self, n: int) -> Place:
        """Mostly a booking on a slot to come, the newest first; or else any."""
        active = [
            each
            for each in self.book.places.values()
            if each.active and not self.book.fixed(each.slot)
        ]
        chosen = list(self.book.places.values()) if n == ANY or not active else active
        return chosen[-1 - n % len(chosen)]

    def member(self, n: int) -> Member:
        """Mostly one who waits for a seat; or else any."""
        waiting = [
            each.member for each in self.book.places.values() if each.status == "WAITING_LIST"
        ]
        chosen = self.members if n == ANY or not waiting else waiting
        return chosen[n % len(chosen)]

    # Time.

    def machine_seconds(self) -> float:
        return self.machine.timestamp()

    def set_machine(self, instant: datetime) -> None:
        self.machine = instant
        self.book.now = max(self.book.now, instant)
        # Looking makes it so: a time that nobody has seen can still go back.
        assert self.clock.now() == self.book.now

    @rule(minutes=st.sampled_from([1, 10, 45, 3 * 60, 12 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.set_machine(self.machine + timedelta(minutes=minutes))

    @precondition(lambda self: self.book.slots)
    @rule(n=which, edge=st.integers(0, 7), beside=st.integers(-1, 1))
    def time_passes_until_something_opens_or_closes(self, n: int, edge: int, beside: int) -> None:
        """To the very millisecond, or one before or after it (F29)."""
        slot = self.slot(n)
        offer = slot.offer
        opening_day = slot.day - timedelta(days=offer.opens or 0)
        edges = [
            datetime.combine(opening_day, time(), slot.zone).astimezone(UTC),
            slot.start - offer.cancellable,
            slot.start - (offer.confirm or timedelta(0)),
            slot.start - offer.promoted_until,
            slot.start - offer.closes,
            slot.start - timedelta(minutes=30),
            slot.start,
            slot.end,
        ]
        instant = edges[edge] + beside * ONE_MILLISECOND
        if instant > self.book.now:
            self.set_machine(instant)
            self.everybody_asks(slot)

    @precondition(lambda self: self.machine == self.book.now)
    @rule()
    def the_machines_clock_is_put_back(self) -> None:
        """F30"""
        self.set_machine(self.machine - FIVE_MINUTES)

    # Customers.

    def booking_of(
        self, slot: Slot, member: Member, overrule: frozenset[str] = frozenset()
    ) -> Book:
        return Book(
            self.gym.organization,
            slot.offer.studio,
            member.id,
            slot.id,
            self.run(self.gym.desk.ids.next()),
            overrule=frozenset(map(Kind, overrule)),
        )

    def cancel_of(self, place: Place) -> Cancel:
        return Cancel(self.gym.organization, place.slot.offer.studio, place.id)

    @precondition(lambda self: self.book.slots)
    @rule(n=which)
    def everybody_asks_for_a_slot(self, n: int) -> None:
        self.everybody_asks(self.slot(n))

    def everybody_asks(self, slot: Slot) -> None:
        for member in self.members:
            asked = self.gym.may_book(member.id, slot.id, studio_id=slot.offer.studio)
            assert word(self.run(asked)) == (self.book.why_not(slot, member) or "AVAILABLE")

    @precondition(lambda self: self.book.slots)
    @rule(n=which, person=people, broken=st.booleans())
    def somebody_asks_and_books(self, n: int, person: int, broken: bool) -> None:
        """What validate says is what book then does (F35)."""
        slot, member = self.slot(n), self.members[person]
        command = self.booking_of(slot, member)
        asked = self.run(self.gym.may_book(member.id, slot.id, studio_id=slot.offer.studio))
        assert word(asked) == (self.book.why_not(slot, member) or "AVAILABLE")

        [answer] = self.take(OverBrokenConnection(command) if broken else command)

        assert word(answer) == self.book.book(command.booking_id, slot, member)
        assert isinstance(answer, Booked) is isinstance(asked, Admission)

    @precondition(lambda self: self.book.slots)
    @rule(actions=rush, broken=st.booleans())
    def many_book_and_cancel_at_once(
        self, actions: list[tuple[bool, int, int]], broken: bool
    ) -> None:
        """In one turn; or where that is lost with its connection, one by one (F5, F7)."""
        wanted: list[tuple[Book, Slot, Member] | tuple[Cancel, Place]] = []
        for books, n, person in actions:
            if books or not self.book.places:
                slot, member = self.slot(n), self.members[person]
                wanted.append((self.booking_of(slot, member), slot, member))
            else:
                place = self.place(n)
                wanted.append((self.cancel_of(place), place))
        *commands, last = [each[0] for each in wanted]

        answers = self.take(*commands, OverBrokenConnection(last) if broken else last)

        for (command, *about), answer in zip(wanted, answers, strict=True):
            if isinstance(command, Book):
                assert word(answer) == self.book.book(command.booking_id, *about)
            else:
                assert word(answer) == self.book.cancel(*about)

    @precondition(lambda self: self.book.places)
    @rule(n=which, times=st.integers(1, 3), broken=st.booleans())
    def somebody_cancels(self, n: int, times: int, broken: bool) -> None:
        """However often it is asked for: once (F6)."""
        place = self.place(n)
        command = self.cancel_of(place)
        last = OverBrokenConnection(command) if broken else command

        answers = self.take(*[command] * (times - 1), last)

        assert [word(each) for each in answers] == [self.book.cancel(place) for _ in answers]

    @precondition(lambda self: self.book.places)
    @rule(n=which)
    def somebody_confirms(self, n: int) -> None:
        place = self.place(n)
        answer = self.run(self.gym.confirm(place.id, studio_id=place.slot.offer.studio))
        assert word(answer) == self.book.confirm(place)

    # Staff.

    @precondition(lambda self: len(self.coming()) < MOST_SLOTS)
    @rule(offer=st.integers(0, 3), start=starts, seats=seats, waiting_list=waiting_lists)
    def staff_plan_a_slot(
        self, offer: int, start: tuple[int, time], seats: int | None, waiting_list: int
    ) -> None:
        self.plan(offer, start, seats, waiting_list)

    def plan(
        self, offer: int, start: tuple[int, time], seats: int | None, waiting_list: int
    ) -> None:
        of = self.morning.offers[offer]
        local_start, instant = self.local(start, self.morning.studios[of.studio])
        slot_id = self.run(self.gym.desk.ids.next())
        instructor = self.morning.employees[0]
        [answer] = self.take(
            PlanSlot(
                self.gym.organization,
                slot_id,
                of.id,
                f"slot-{slot_id}",
                local_start,
                instructor_ids=(instructor,),
                own=frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST}),
                max_participants=seats,
                max_waiting_list=waiting_list,
            )
        )
        planned = Slot(
            slot_id,
            of,
            self.morning.studios[of.studio],
            instant,
            instant + timedelta(hours=1),
            seats,
            waiting_list,
            instructors=(instructor,),
        )
        if instant <= self.book.now:
            assert answer is ErrorCode.INVALID_TIMES
        elif self.book.twice(planned, instant, instructor, now_there=False):
            assert word(answer) == "TWICE_AT_THE_SAME_TIME"
        else:
            assert isinstance(answer, SlotPlanned)
            self.book.slots[slot_id] = planned

    def local(self, start: tuple[int, time], zone: ZoneInfo) -> tuple[datetime, datetime]:
        """So many days from now at that time: what the wall shows there, and the instant."""
        days, at = start
        day = self.book.now.astimezone(zone).date() + timedelta(days=days)
        wall = datetime.combine(day, at)
        return wall, wall.replace(tzinfo=zone).astimezone(UTC)

    @precondition(lambda self: self.book.slots)
    @rule(n=which, person=people, overrule=st.sets(st.sampled_from(OVERRULES)))
    def staff_book_for_somebody(self, n: int, person: int, overrule: set[str]) -> None:
        slot, member, aside = self.slot(n), self.members[person], frozenset(overrule)
        command = self.booking_of(slot, member, aside)
        [answer] = self.take(AddBooking(command))
        done = self.book.book(command.booking_id, slot, member, aside, by_staff=True)
        assert word(answer) == done

    @precondition(lambda self: self.book.slots)
    @rule(n=which, seats=seats, waiting_list=waiting_lists, additional=st.sampled_from([0, 0, 1]))
    def staff_change_how_many_fit(
        self, n: int, seats: int | None, waiting_list: int, additional: int
    ) -> None:
        slot = self.slot(n)
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

    @precondition(lambda self: self.book.slots)
    @rule(n=which, start=starts)
    def staff_move_a_slot(self, n: int, start: tuple[int, time]) -> None:
        slot = self.slot(n)
        local_start, instant = self.local(start, slot.zone)
        answer = self.run(self.gym.change_slot(slot.id, local_start=local_start))
        assert word(answer) == self.book.move(slot, instant)

    @precondition(lambda self: self.book.slots)
    @rule(n=which)
    def staff_cancel_a_slot(self, n: int) -> None:
        slot = self.slot(n)
        assert word(self.run(self.gym.cancel_slot(slot.id))) == self.book.call_off(slot)

    @precondition(lambda self: self.book.slots)
    @rule(n=which, employee=st.integers(0, 2))
    def staff_put_a_stand_in(self, n: int, employee: int) -> None:
        slot = self.slot(n)
        stand_in, given = self.morning.employees[employee], slot.instructors[-1]
        [answer] = self.take(PutStandIn(self.gym.organization, slot.id, given, stand_in))
        if self.book.fixed(slot):
            assert answer is ErrorCode.SLOT_NOT_PLANNED
        elif stand_in == given:
            assert answer is ErrorCode.INSTRUCTOR_ALREADY_ON_SLOT
        elif self.book.twice(slot, slot.start, stand_in):
            assert word(answer) == "TWICE_AT_THE_SAME_TIME"
        else:
            assert word(answer) == "changed"
            self.book.give(slot, (*slot.instructors, stand_in))

    @precondition(lambda self: self.book.slots)
    @rule(n=which)
    def staff_remove_a_stand_in(self, n: int) -> None:
        slot = self.slot(n)
        *others, given = slot.instructors
        [answer] = self.take(RemoveStandIn(self.gym.organization, slot.id, given))
        if self.book.fixed(slot):
            assert answer is ErrorCode.SLOT_NOT_PLANNED
        elif others and self.book.twice(slot, slot.start, others[-1]):
            assert word(answer) == "TWICE_AT_THE_SAME_TIME"
        elif others:
            assert word(answer) == "changed"
            self.book.give(slot, tuple(others))
        else:
            assert answer is ErrorCode.INSTRUCTOR_NOT_ON_SLOT

    @rule(
        berlin=st.booleans(),
        start=starts,
        hours=st.sampled_from([1, 4, 24]),
        cancel_slots=st.sampled_from([False, False, True]),
    )
    def staff_close_a_studio(
        self, berlin: bool, start: tuple[int, time], hours: int, cancel_slots: bool
    ) -> None:
        studio = self.morning.berlin if berlin else self.morning.lisbon
        since, instant = self.local(start, self.morning.studios[studio])
        until = since + timedelta(hours=hours)
        self.take(
            CloseStudio(
                self.gym.organization,
                studio,
                f"closure-{studio}",
                since,
                until,
                cancel_slots=cancel_slots,
            )
        )
        end = until.replace(tzinfo=self.morning.studios[studio]).astimezone(UTC)
        self.book.close(studio, instant, end, cancel_slots=cancel_slots)

    @rule(berlin=st.booleans())
    def staff_open_a_studio(self, berlin: bool) -> None:
        studio = self.morning.berlin if berlin else self.morning.lisbon
        self.take(OpenStudio(self.gym.organization, studio, f"closure-{studio}"))
        self.book.open(studio)

    @rule(berlin=st.booleans(), refuse=st.booleans())
    def a_studio_says_what_becomes_of_clashes(self, berlin: bool, refuse: bool) -> None:
        studio = self.morning.berlin if berlin else self.morning.lisbon
        on_clash = OnClash.REFUSE if refuse else OnClash.WARN
        [answer] = self.take(SetOnClash(self.gym.organization, studio, on_clash))
        assert answer is (refuse is not (studio in self.book.refusing))
        if refuse:
            self.book.refusing.add(studio)
        else:
            self.book.refusing.discard(studio)

    @precondition(lambda self: self.book.places)
    @rule(n=which, participation=st.sampled_from(Participation))
    def staff_note_who_takes_part(self, n: int, participation: Participation) -> None:
        place = self.place(n)
        noted = self.gym.note(place.id, participation, studio_id=place.slot.offer.studio)
        assert word(self.run(noted)) == self.book.note(place, participation.value)

    @precondition(lambda self: self.book.slots)
    @rule(n=which)
    def staff_let_who_waits_move_up(self, n: int) -> None:
        slot = self.slot(n)
        self.take(Promote(self.gym.organization, frozenset({slot.id}), by_staff=True))
        self.book.promote(slot)

    # Contracts.

    @rule(
        n=which,
        change=st.sampled_from(
            ["rest", "rest", "wake", "wake", "end", "renew", "refuse", "admit", "move"]
        ),
        begins=st.integers(0, 3),
        days=st.sampled_from([0, 1, 30, None]),
    )
    def the_operator_changes_a_contract(
        self, n: int, change: str, begins: int, days: int | None
    ) -> None:
        """Bookings to come are looked at again in the same turn (F34)."""
        member = self.member(n)
        if change == "move":
            member.home = next(each for each in self.morning.studios if each != member.home)
        today = self.book.now.astimezone(self.morning.studios[member.home]).date()
        first = today + timedelta(days=begins)
        told: str | None = None
        after = member.rest
        match change:
            case "rest":
                rest = first, None if days is None else first + timedelta(days=days)
                if rest != member.rest:
                    told = "CREATED" if member.rest is None else "UPDATED"
                    told = f"CONTRACT_IDLE_PERIOD_{told}"
                member.rest = after = rest
            case "wake":
                after, ended = woken(member.rest, today)
                told = "CONTRACT_IDLE_PERIOD_CANCELLED" if ended else None
                member.rest = None  # It is missing from what the operator writes down.
            case "end" | "renew":
                until = first if change == "end" else None
                told = "CONTRACT_UPDATED" if until != member.valid_until else None
                member.valid_until = until
            case "move":
                told = "CUSTOMER_HOME_STUDIO_UPDATED"
            case _:
                told = "CUSTOMER_UPDATED" if (change == "refuse") != member.refused else None
                member.refused = change == "refuse"

        entries = {member.id: self.morning.entry(member)}
        [changed] = self.take(RecordCustomers(self.gym.organization, entries))

        assert changed == (told is not None)
        member.rest = after
        if told is not None:
            self.book.told[told, member.id] += 1
            self.book.contract(member)

    # What happens by itself, and what should not happen.

    @rule(step=st.sampled_from(["expire", "promote", "complete"]), times=st.integers(1, 2))
    def a_step_of_the_background_runs(self, step: str, times: int) -> None:
        """At any time, and twice (F42)."""
        name, ours = {
            "expire": ("expire_confirmations", self.book.expire),
            "promote": ("promote_waiting", self.book.promote_waiting),
            "complete": ("complete_slots", self.book.complete),
        }[step]
        for _ in range(times):
            assert self.run(one_step(self.background, name)) == ours()

    @rule()
    def the_background_does_its_round(self) -> None:
        """After it nobody who could have a seat waits for one."""
        self.run(self.background.round())
        self.book.expire()
        self.book.promote_waiting()
        self.book.complete()
        self.audit()

    @precondition(lambda self: self.book.places and self.book.slots)
    @rule(n=which, m=which, person=people)
    def the_power_goes_out(self, n: int, m: int, person: int) -> None:
        """Nothing is left of what was not committed; who shared the turn gets one without it."""
        place, slot, member = self.place(n), self.slot(m), self.members[person]
        cancel = self.cancel_of(place)
        book = self.booking_of(slot, member)

        cut, booked = self.take(BeforePowerCut(cancel), book)

        assert isinstance(cut, PowerCut)
        assert word(booked) == self.book.book(book.booking_id, slot, member)

    @rule()
    def the_process_is_started_anew(self) -> None:
        self.run(self.shut_down())
        self.set_machine(self.book.now)
        self.open_up()

    # What holds after every step.

    @invariant()
    def every_promise_is_kept(self) -> None:
        bookings, slots, events = self.run(self.gym.database.read(self.look))
        self.the_rows_are_as_the_rulebook_says(bookings, slots)
        self.no_seat_is_sold_twice(bookings, slots)
        self.nobody_waits_beside_an_empty_seat(bookings, slots)
        self.nobody_is_trapped()
        self.no_seat_is_left_that_nobody_can_take()
        assert self.told(events) == self.book.told, "no event is lost, none invented"
        # Who could not take a seat then and can now is found by the background.
        self.audit(pardoned=frozenset({Invariant.SEATS_ARE_FILLED}))

    @staticmethod
    def look(tx: Connection) -> list[list[AnyRow]]:
        return [
            list(tx.execute(select(table).order_by(table.c.id)))
            for table in (tables.booking, tables.slot, tables.event)
        ]

    @staticmethod
    def told(events: list[AnyRow]) -> Counter[tuple[str, int]]:
        return Counter((each.type.value, each.entity_id) for each in events)

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
        assert [(b.id, _rule(b.skipped), _rule(b.conflict)) for b in bookings] == [
            (p.id, p.skipped, p.conflict) for p in self.book.places.values()
        ]
        assert [
            (s.id, s.status, s.starts_at, s.ends_at, s.max_participants, s.max_waiting_list)
            for s in slots
        ] == [
            (s.id, s.status, s.start, s.end, s.capacity, s.waiting_limit)
            for s in self.book.slots.values()
        ]

    def no_seat_is_sold_twice(self, bookings: list[AnyRow], slots: list[AnyRow]) -> None:
        for slot, seats_taken, capacity in self.with_seats(slots):
            capacity_was_lowered = self.book.slots[slot.id].lowered
            overruled = any(
                "BOOKING_LIMIT_REACHED" in each.overruled
                for each in bookings
                if each.slot_id == slot.id
            )
            assert seats_taken <= capacity or capacity_was_lowered or overruled

    def nobody_waits_beside_an_empty_seat(
        self, bookings: list[AnyRow], slots: list[AnyRow]
    ) -> None:
        for slot, seats_taken, capacity in self.with_seats(slots):
            ours = self.book.slots[slot.id]
            if ours.offer.by_staff or not self.book.promotes(ours):
                continue
            assert seats_taken >= capacity or all(
                each.skipped
                for each in bookings
                if each.slot_id == slot.id and each.status is BookingStatus.WAITING_LIST
            )

    def nobody_is_trapped(self) -> None:
        """Whom others gave a seat or a time too late, or whose booking is no longer allowed, can leave."""
        free = [
            each.id
            for each in self.book.places.values()
            if each.active
            and self.book.now < each.slot.start
            and (each.was_done_to or each.conflict or each.status == "WAITING_LIST")
        ]
        if not free:
            return

        def look(tx: Connection) -> list[tuple[Booking, engine.Slot]]:
            found = bookings.load(tx, self.gym.organization, free)
            on = slots.load(tx, self.gym.organization, {each.slot_id for each in found})
            return [(each, on[each.slot_id]) for each in found]

        for booking, slot in self.run(self.gym.database.read(look)):
            assert may_cancel(slot, booking, self.book.now) == Cancellation(late=False)

    def no_seat_is_left_that_nobody_can_take(self) -> None:
        """Where the house moves nobody up, a free seat refuses nobody for want of a place."""
        for ours in self.book.slots.values():
            if self.book.promotes(ours) or self.book.now >= ours.start or not self.book.free(ours):
                continue
            for member in self.members:
                reason = self.book.why_not(ours, member)
                assert reason != "BOOKING_LIMIT_REACHED"
                waits = any(each.member is member for each in self.book.waiting(ours))
                assert not (waits and reason == "CUSTOMER_ALREADY_BOOKED")

    @staticmethod
    def with_seats(slots: list[AnyRow]) -> Iterator[tuple[AnyRow, int, float]]:
        """Each with how many seats are taken, and how many there are."""
        for slot in slots:
            capacity = math.inf if slot.max_participants is None else slot.max_participants
            yield slot, slot.seats + slot.additional_participants, capacity

    def audit(self, pardoned: frozenset[Invariant] = frozenset()) -> None:
        lowered = {each.id for each in self.book.slots.values() if each.lowered}
        organization, now = self.gym.organization, self.book.now
        if self.book.any_twice():
            pardoned |= {Invariant.NOT_TWICE_AT_A_TIME}
        self.run(audit(self.gym.database, organization, now, lowered=lowered, pardoned=pardoned))


def woken(
    rest: tuple[date, date | None] | None, today: date
) -> tuple[tuple[date, date | None] | None, bool]:
    """What is left of a rest that the operator no longer writes down, and whether that is news.

    What has begun ends with yesterday, what is over stays, and what has not begun never was.
    """
    if rest is None:
        return None, False
    first, last = rest
    if last is not None and last < today:
        return rest, False
    return ((first, today - timedelta(days=1)) if first < today else None), True


async def one_step(background: Background, name: str) -> bool:
    return await background.steps[name]()


@pytest.fixture(scope="module")
def mornings(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Morning]:
    """One where bookings that are no longer allowed are flagged, one where they are cancelled."""
    directory = tmp_path_factory.mktemp("mornings")
    return [
        asyncio.run(morning(sqlite_template, directory / policy.value, policy))
        for policy in (LostEntitlement.FLAG, LostEntitlement.CANCEL)
    ]


@pytest.mark.timeout(3600)
def test_a_gym_day_keeps_every_promise(mornings: list[Morning]) -> None:
    run_state_machine_as_test(
        lambda: GymDay(mornings),
        settings=settings(
            max_examples=DAYS * (SOAK if settings.get_current_profile_name() == "soak" else 1),
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
