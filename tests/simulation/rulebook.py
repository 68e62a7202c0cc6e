"""The rules of the house once more: naive, in memory, and written without a look at the engine's.

Nothing of `kursplan` is imported. Words are the contract's. A action changes what is written here and
gives the word that the engine should give; what it changed is what partners should be told, once
for each booking and slot. Two independent readings of the same rules seldom have the same mistake.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

BOOKED = "BOOKED"
UNCONFIRMED = "BOOKED_WITH_CONFIRMATION_REQUIRED"
WAITING = "WAITING_LIST"
CANCELED = "CANCELED"

SETTLED_BY_JOINING = frozenset(
    {
        "CUSTOMER_ALREADY_BOOKED",
        "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME",
        "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME",
        "BOOKING_LIMIT_REACHED",
    }
)
"""What is not asked again when somebody moves up."""

Told: TypeAlias = "Counter[tuple[str, int]]"
"""How often partners are told what of which entity."""


@dataclass
class Offer:
    """A class: what is special about it. `opens` in days before the start, the others elapsed."""

    id: int
    studio: int
    opens: int | None = 7
    closes: timedelta = timedelta(0)
    cancellable: timedelta = timedelta(hours=2)
    late: bool = False
    by_staff: bool = False
    promotion_ends: timedelta | None = None
    """Without one, it ends with the time to cancel."""
    admits_others: bool = False
    members_only: bool = False
    contingent: bool = False
    confirm: timedelta | None = None

    @property
    def promoted_until(self) -> timedelta:
        """How long before the start."""
        return self.cancellable if self.promotion_ends is None else self.promotion_ends


GRACE = timedelta(minutes=15)
TO_CONFIRM = timedelta(hours=2)


@dataclass
class Member:
    """A customer with one membership, which may rest once; both ends of it rest."""

    id: int
    home: int
    valid_until: date | None = None
    rest: tuple[date, date | None] | None = None
    refused: bool = False


@dataclass
class Slot:
    id: int
    offer: Offer
    zone: ZoneInfo
    start: datetime
    end: datetime
    capacity: int | None
    waiting_limit: int
    additional: int = 0
    status: str = "PLANNED"
    instructors: tuple[int, ...] = ()
    """The one who gives it comes last, after those who are replaced."""
    lowered: bool = False
    """Whether staff ever took seats away that were taken."""

    @property
    def day(self) -> date:
        return self.start.astimezone(self.zone).date()

    def overlaps(self, start: datetime, end: datetime) -> bool:
        return self.start < end and start < self.end


@dataclass
class Place:
    """A booking."""

    id: int
    slot: Slot
    member: Member
    status: str
    participation: str = "UNSET"
    counts: bool = False
    confirm_until: datetime | None = None
    skipped: str | None = None
    conflict: str | None = None
    overruled: frozenset[str] = frozenset()
    free_until: datetime | None = None
    """Up to when its seat can be given back in any case."""
    was_done_to: bool = False
    """Whether others gave it its seat or its time, when it could not be given back any more."""

    @property
    def seated(self) -> bool:
        return self.status in (BOOKED, UNCONFIRMED)

    @property
    def active(self) -> bool:
        return self.status != CANCELED


@dataclass
class Rulebook:
    """All that there is, and what each action makes of it at the instant `now`."""

    now: datetime
    cancels: bool
    """Whether bookings that are no longer allowed are cancelled; otherwise they are flagged."""
    granted: int
    """How many bookings a week each membership grants."""
    members: list[Member] = field(default_factory=list)
    slots: dict[int, Slot] = field(default_factory=dict)
    places: dict[int, Place] = field(default_factory=dict)
    """In the order of joining."""
    closures: dict[int, tuple[datetime, datetime]] = field(default_factory=dict)
    """By studio, one at a time."""
    told: Told = field(default_factory=Counter)
    refusing: set[int] = field(default_factory=set)
    """The studios that refuse to have an instructor on two slots at the same time."""

    # What there is.

    def on(self, slot: Slot) -> list[Place]:
        """Everybody with an active booking, in the order of joining."""
        return [each for each in self.places.values() if each.slot is slot and each.active]

    def seats(self, slot: Slot) -> int:
        return sum(each.seated for each in self.on(slot))

    def waiting(self, slot: Slot) -> list[Place]:
        return [each for each in self.on(slot) if each.status == WAITING]

    def free(self, slot: Slot) -> int:
        if slot.capacity is None:
            return 10**6
        return max(0, slot.capacity - slot.additional - self.seats(slot))

    def closed(self, slot: Slot) -> bool:
        closure = self.closures.get(slot.offer.studio)
        return closure is not None and closure[0] < slot.end and slot.start < closure[1]

    def promotes(self, slot: Slot) -> bool:
        return (
            slot.status == "PLANNED"
            and self.now < slot.start
            and self.now <= slot.start - slot.offer.promoted_until
            and not self.closed(slot)
        )

    # Whether somebody may have a place, and why not.

    def why_not(
        self,
        slot: Slot,
        member: Member,
        aside: frozenset[str] = frozenset(),
        without: Place | None = None,
    ) -> str | None:
        reason = self._not_admitted(slot, member, aside, without)
        if reason or "BOOKING_LIMIT_REACHED" in aside or self._has_room(slot):
            return reason
        return "BOOKING_LIMIT_REACHED"

    def _not_admitted(
        self, slot: Slot, member: Member, aside: frozenset[str], without: Place | None = None
    ) -> str | None:
        """The first reason but for places."""
        reasons = self._reasons(slot, member, without)
        return next((each for each in reasons if each not in aside), None)

    def _reasons(self, slot: Slot, member: Member, without: Place | None) -> Iterator[str]:
        """All that speaks against it, in the order in which it is to be told."""
        offer = slot.offer
        elsewhere = member.home != offer.studio and not offer.admits_others
        if slot.status != "PLANNED" or self.now >= slot.start or member.refused or elsewhere:
            yield "NOT_AVAILABLE"
        if self.closed(slot):
            yield "STUDIO_CLOSED"
        here = [each for each in self.on(slot) if each.member is member and each is not without]
        first_come = self.free(slot) > 0 and not self.promotes(slot)
        if here and not (first_come and here[0].status == WAITING):
            yield "CUSTOMER_ALREADY_BOOKED"
        if offer.opens is not None:
            first_day = slot.day - timedelta(days=offer.opens)
            if self.now < datetime.combine(first_day, time(), slot.zone):
                yield "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
        if self.now > slot.start - offer.closes:
            yield "DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME"
        if reason := self._not_entitled(slot, member, without):
            yield reason
        if self._sits_elsewhere(slot, member):
            yield "CUSTOMER_IN_OTHER_BOOKING"

    def _has_room(self, slot: Slot) -> bool:
        return self._seat_for_newcomer(slot) or self._list_is_open(slot)

    def _seat_for_newcomer(self, slot: Slot) -> bool:
        if slot.capacity is None:
            return True
        if not self.free(slot):
            return False
        if not self.waiting(slot) or not self.promotes(slot):
            return True
        # A list that is full of people who are passed over keeps nobody out.
        return not self._list_is_open(slot) and not slot.offer.by_staff and not self._next(slot)

    def _list_is_open(self, slot: Slot) -> bool:
        full = len(self.waiting(slot)) >= slot.waiting_limit
        return bool(slot.capacity) and not full and self.promotes(slot)

    def _next(self, slot: Slot) -> bool:
        """Whether anybody who waits would move up."""
        return any(
            self._not_admitted(slot, each.member, SETTLED_BY_JOINING | each.overruled) is None
            for each in self.waiting(slot)
        )

    def _not_entitled(self, slot: Slot, member: Member, without: Place | None = None) -> str | None:
        last_day = (slot.end - timedelta(milliseconds=1)).astimezone(slot.zone).date()
        rests = (
            member.rest is not None
            and member.rest[0] <= last_day
            and (member.rest[1] is None or slot.day <= member.rest[1])
        )
        valid = member.valid_until is None or slot.day <= member.valid_until
        if rests and valid:
            return "CUSTOMER_IDLE"
        if not slot.offer.members_only and not slot.offer.contingent:
            return None
        monday = slot.day - timedelta(days=slot.day.weekday())
        used = sum(
            each.counts and each.member is member and 0 <= (each.slot.day - monday).days < 7
            for each in self.places.values()
            # What was given up late on this very slot pays for another booking there.
            if each is not without and (each.active or each.slot is not slot)
        )
        if not valid or (slot.offer.contingent and used >= self.granted):
            return "NO_CONTINGENT"
        return None

    def _sits_elsewhere(self, slot: Slot, member: Member) -> bool:
        return any(
            each.member is member
            and each.seated
            and each.slot is not slot
            and each.slot.start < slot.end
            and slot.start < each.slot.end
            for each in self.places.values()
        )

    # What follows from a action.

    @contextmanager
    def action(self, *, reviews: bool = False) -> Iterator[None]:
        """Whatever changes in the block is told: once for each booking.

        That a booking would no longer be allowed is told only where bookings are reviewed.
        """

        def shown() -> dict[int, tuple[str, str, str | None]]:
            return {
                each.id: (each.status, each.participation, each.conflict if reviews else None)
                for each in self.places.values()
            }

        before = shown()
        yield
        for place_id, after in shown().items():
            if place_id not in before:
                self._tell("CLASS_BOOKING_CREATED", place_id)
            elif after != before[place_id]:
                ended = after[0] == CANCELED
                self._tell(
                    "CLASS_BOOKING_CANCELLED" if ended else "CLASS_BOOKING_UPDATED", place_id
                )

    def _tell(self, what: str, entity: int) -> None:
        self.told[what, entity] += 1

    def _seat(self, place: Place, *, given: bool) -> None:
        """The place is a seat now, which the house or staff gave, or its member took."""
        slot, offer = place.slot, place.slot.offer
        place.status, place.confirm_until = BOOKED, None
        if offer.confirm is not None:
            ends = slot.start - offer.confirm
            if given and self.now + TO_CONFIRM <= slot.start:
                place.status, place.confirm_until = UNCONFIRMED, max(ends, self.now + TO_CONFIRM)
            if not given and self.now <= ends:
                place.status, place.confirm_until = UNCONFIRMED, ends
        unentitled = self._not_entitled(slot, place.member, without=place)
        place.counts = offer.contingent and unentitled is None
        place.skipped = place.conflict = None
        place.free_until, place.was_done_to = self.now + GRACE, False
        if given:
            self._done_to(place)
        if place.counts:
            for each in self.places.values():
                if each.slot is slot and each.member is place.member and not each.active:
                    each.counts = False

    def _done_to(self, place: Place) -> None:
        """Others decided about it, for all that its member can do about it by its class."""
        if self.now > place.slot.start - place.slot.offer.cancellable:
            place.free_until, place.was_done_to = place.slot.start, True

    def fill(self, slot: Slot, *, by_staff: bool = False) -> bool:
        """Who waits moves up as far as there are seats; whether anybody did."""
        if not self.promotes(slot) or (slot.offer.by_staff and not by_staff):
            return False
        moved = False
        for place in self.waiting(slot):
            if not self.free(slot):
                break
            reason = self.why_not(slot, place.member, SETTLED_BY_JOINING | place.overruled)
            if reason is None:
                self._seat(place, given=True)
                moved = True
            else:
                place.skipped = reason
        return moved

    def _give_up(self, place: Place, *, late: bool = False) -> None:
        place.status = CANCELED
        place.counts = place.counts and late
        place.confirm_until = place.skipped = place.conflict = None

    def _flag(self, place: Place) -> bool:
        """Note what speaks against the booking now; whether that is news."""
        if self.now >= place.slot.start:
            return False
        aside = SETTLED_BY_JOINING | place.overruled
        if not place.seated:
            aside |= {"CUSTOMER_IN_OTHER_BOOKING"}
        conflict = self.why_not(place.slot, place.member, aside, without=place)
        news = conflict != place.conflict
        place.conflict = conflict
        return news

    def _review(self, place: Place) -> None:
        if not place.active or self.now >= place.slot.start:
            return
        if self._flag(place) and place.conflict and self.cancels:
            self._give_up(place)
            self.fill(place.slot)

    # Actions of customers.

    def book(
        self,
        place_id: int,
        slot: Slot,
        member: Member,
        overrule: frozenset[str] = frozenset(),
        *,
        by_staff: bool = False,
    ) -> str:
        reason = self.why_not(slot, member, overrule)
        if reason is not None:
            return reason
        with self.action():
            waited = [each for each in self.waiting(slot) if each.member is member]
            place = waited[0] if waited else Place(place_id, slot, member, WAITING)
            if not waited:
                place.overruled = overrule
            sits = self._seat_for_newcomer(slot) or "BOOKING_LIMIT_REACHED" in overrule
            if sits:
                self._seat(place, given=False)
            self.places[place.id] = place
            if not sits:
                self.fill(slot)
            if by_staff and place.seated:
                self._done_to(place)
        return place.status

    def cancel(self, place: Place) -> str:
        if not place.active:
            return CANCELED
        slot = place.slot
        if self.now >= slot.start:
            return "SLOT_STARTED"
        late = (
            place.seated
            and self.now > slot.start - slot.offer.cancellable
            and place.conflict is None
            and (place.free_until is None or self.now > place.free_until)
        )
        if late and not slot.offer.late:
            return "CANCELLATION_TOO_LATE"
        with self.action():
            self._give_up(place, late=late)
            self.fill(slot)
        return CANCELED

    def confirm(self, place: Place) -> str:
        if not place.seated:
            return "BOOKING_NOT_ACTIVE"
        if place.confirm_until is None:
            return "NO_CONFIRMATION_REQUIRED"
        if place.status == UNCONFIRMED and self.now > place.confirm_until:
            return "CONFIRMATION_EXPIRED"
        with self.action():
            place.status = BOOKED
        return BOOKED

    # Actions of staff.

    def note(self, place: Place, participation: str) -> str:
        if not place.seated:
            return "BOOKING_NOT_ACTIVE"
        if self.now < place.slot.start - timedelta(minutes=30):
            return "PARTICIPATION_TOO_EARLY"
        with self.action():
            place.participation = participation
        return place.status

    def promote(self, slot: Slot) -> None:
        with self.action():
            self.fill(slot, by_staff=True)

    def fixed(self, slot: Slot) -> bool:
        """Whether staff can no longer change it."""
        return slot.status != "PLANNED" or self.now >= slot.end

    def twice(
        self, slot: Slot, start: datetime, instructor: int, *, now_there: bool = True
    ) -> bool:
        """Whether it is refused to have `instructor` give the slot from `start` on, because they give
        another one then. What they give at the same time as it is now is not held against it."""
        end = start + (slot.end - slot.start)
        return any(
            other.overlaps(start, end)
            and not (
                now_there
                and slot.instructors[-1] == instructor
                and other.overlaps(slot.start, slot.end)
            )
            and not self.refusing.isdisjoint({slot.offer.studio, other.offer.studio})
            for other in self.slots.values()
            if other.id != slot.id
            and other.status == "PLANNED"
            and other.instructors[-1] == instructor
        )

    def any_twice(self) -> bool:
        """Whether somebody gives two slots at a time that a studio refuses by now: it was so before, and stays."""
        return any(
            self.twice(slot, slot.start, slot.instructors[-1], now_there=False)
            for slot in self.slots.values()
            if slot.status == "PLANNED"
        )

    def resize(
        self, slot: Slot, *, capacity: int | None, waiting_limit: int, additional: int
    ) -> str:
        if self.fixed(slot):
            return "SLOT_NOT_PLANNED"
        if (capacity, waiting_limit, additional) == (
            slot.capacity,
            slot.waiting_limit,
            slot.additional,
        ):
            return "same"
        with self.action():
            slot.capacity, slot.waiting_limit, slot.additional = capacity, waiting_limit, additional
            slot.lowered |= capacity is not None and self.seats(slot) + additional > capacity
            self._tell("CLASS_SLOT_UPDATED", slot.id)
            self.fill(slot)
        return "changed"

    def move(self, slot: Slot, start: datetime) -> str:
        if self.fixed(slot):
            return "SLOT_NOT_PLANNED"
        if start == slot.start:
            return "same"
        if self.now >= slot.start or self.now >= start:
            return "INVALID_TIMES"
        if self.twice(slot, start, slot.instructors[-1]):
            return "TWICE_AT_THE_SAME_TIME"
        with self.action():
            slot.start, slot.end = start, start + (slot.end - slot.start)
            self._tell("CLASS_SLOT_UPDATED", slot.id)
            for place in self.on(slot):
                self._done_to(place)
                if place.status == UNCONFIRMED:
                    assert slot.offer.confirm is not None
                    ends = max(slot.start - slot.offer.confirm, self.now + TO_CONFIRM)
                    place.confirm_until = ends
                    if ends > slot.start:
                        place.status, place.confirm_until = BOOKED, None
            self.fill(slot)
            for place in self.on(slot):
                self._flag(place)
        return "changed"

    def call_off(self, slot: Slot) -> str:
        if slot.status == CANCELED:
            return "same"
        if self.fixed(slot):
            return "SLOT_NOT_PLANNED"
        with self.action():
            self._call_off(slot)
        return "changed"

    def _call_off(self, slot: Slot) -> None:
        slot.status = CANCELED
        self._tell("CLASS_SLOT_CANCELLED", slot.id)
        for place in self.on(slot):
            self._give_up(place)
        for place in self.places.values():
            if place.slot is slot:
                place.counts = False

    def give(self, slot: Slot, instructors: tuple[int, ...]) -> None:
        """Others give the slot than before."""
        with self.action():
            slot.instructors = instructors
            self._tell("CLASS_SLOT_UPDATED", slot.id)
            self.fill(slot)

    def close(self, studio: int, start: datetime, end: datetime, *, cancel_slots: bool) -> None:
        before = self.closures.get(studio)
        times = [(start, end)] if before is None else [before, (start, end)]
        with self.action(reviews=True):
            self.closures[studio] = start, end
            if before != (start, end):
                self._tell("STUDIO_OPENING_HOURS_UPDATED", studio)
            touched = self._touched(studio, times)
            if cancel_slots:
                for slot in touched:
                    if self.closed(slot) and self.now < slot.start:
                        self._call_off(slot)
            self._look_again([slot for slot in touched if slot.status == "PLANNED"])

    def open(self, studio: int) -> None:
        before = self.closures.get(studio)
        if before is None or before[1] <= self.now:
            return
        with self.action(reviews=True):
            if before[0] < self.now:
                self.closures[studio] = before[0], self.now
            else:
                del self.closures[studio]
            self._tell("STUDIO_OPENING_HOURS_UPDATED", studio)
            self._look_again(self._touched(studio, [before]))

    def _touched(self, studio: int, times: list[tuple[datetime, datetime]]) -> list[Slot]:
        return [
            slot
            for slot in self.slots.values()
            if slot.offer.studio == studio
            and slot.status == "PLANNED"
            and any(start < slot.end and slot.start < end for start, end in times)
        ]

    def _look_again(self, slots: list[Slot]) -> None:
        for slot in slots:
            self.fill(slot)
            for place in self.on(slot):
                self._review(place)

    def contract(self, member: Member) -> None:
        """The customer's membership or access is now as `member` says already."""
        with self.action(reviews=True):
            theirs = [
                each
                for each in self.places.values()
                if each.member is member and each.active and self.now < each.slot.end
            ]
            for place in sorted(theirs, key=lambda each: (each.slot.start, each.id)):
                self._review(place)
                if place.status == WAITING:
                    self.fill(place.slot)

    # What happens by itself.

    def expire(self) -> bool:
        expired = [
            each
            for each in self.places.values()
            if each.status == UNCONFIRMED
            and each.confirm_until is not None
            and self.now > each.confirm_until
        ]
        with self.action():
            for place in expired:
                self._give_up(place)
            for slot_id in sorted({place.slot.id for place in expired}):
                self.fill(self.slots[slot_id])
        return bool(expired)

    def complete(self) -> bool:
        over = [s for s in self.slots.values() if s.status == "PLANNED" and self.now >= s.end]
        for slot in over:
            slot.status = "COMPLETED"
        return bool(over)

    def promote_waiting(self) -> bool:
        """Where nobody could move up, nothing is noted either."""
        moved = False
        for slot in sorted(self.slots.values(), key=lambda each: (each.start, each.id)):
            reasons = {each.id: each.skipped for each in self.waiting(slot)}
            with self.action():
                moves = self.fill(slot)
            moved |= moves
            if not moves:
                for place_id, skipped in reasons.items():
                    self.places[place_id].skipped = skipped
        return moved
