"""Why the desk says no: what the rules of admission do not know, with its facts; and that none is missing.

Each is refused once, in one gym: what is refused changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

from kursplan.desk.book import Book, IdempotencyKey, MayBook
from kursplan.desk.cancel import Cancel
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.close_studio import CloseStudio
from kursplan.desk.confirm import Confirm
from kursplan.desk.contracts import EndMembership
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.turn import Command
from kursplan.desk.follow_class import ApplyClassDefaults
from kursplan.desk.participation import SetParticipation
from kursplan.desk.stand_in import PutStandIn
from kursplan.domain import clashes, refusals, seen
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.refusals import (
    BookingNotActive,
    BookingNotFound,
    ClassNotFound,
    ConfirmationExpired,
    CustomerNotFound,
    EmployeeNotFound,
    IdempotencyKeyReused,
    InstructorAlreadyOnSlot,
    InstructorNotOnSlot,
    InvalidTimes,
    Kind,
    LocationNotFound,
    NoConfirmationRequired,
    NotFound,
    OtherStatusThanExpected,
    ParticipationTooEarly,
    Refusal,
    SeriesNotFound,
    SlotNotFound,
    SlotNotPlanned,
    StudioNotFound,
    Wrong,
)
from tests.domain.test_refusals import ADMISSION, CANCELLING
from tests.gym import MONDAY, Gym

NOWHERE = 999_999
CAME = Participation.PARTICIPATING


def reasons() -> set[type[Refusal]]:
    """All that the rules can refuse for."""
    return {
        each
        for each in {**vars(refusals), **vars(clashes), **vars(seen)}.values()
        if isinstance(each, type) and issubclass(each, Refusal) and hasattr(each, "kind")
    }


async def refused(gym: Gym) -> AsyncIterator[tuple[Command[object], Refusal]]:
    """What is refused for a reason that only the desk knows, and the reason."""
    of, here = gym.organization, gym.studio_id
    anna, bela, cleo = await gym.customers(3)
    ina, eva = await gym.employee("Ina"), await gym.employee("Eva")
    slot = await gym.slot("spin", at="18:00", seats=1)
    await gym.gives(slot, ina)
    starts_at, ends_at = gym.at("18:00"), gym.at("19:00")
    sits = (await gym.booked(anna, slot)).booking_id
    waits = (await gym.booked(bela, slot)).booking_id

    async def book(who: int, slot_id: int, **options: object) -> Book:
        return Book(of, here, who, slot_id, await gym.desk.ids.next(), **options)  # type: ignore[arg-type]

    yield await book(cleo, NOWHERE), SlotNotFound(NOWHERE)
    yield await book(NOWHERE, slot), CustomerNotFound(NOWHERE)
    yield Cancel(of, here, NOWHERE), BookingNotFound(NOWHERE)
    yield ApplyClassDefaults(of, NOWHERE), ClassNotFound(NOWHERE)
    yield EndSeries(of, NOWHERE, MONDAY), SeriesNotFound(NOWHERE)
    yield EndMembership(of, NOWHERE, "basic", MONDAY), CustomerNotFound(NOWHERE)
    yield ChangeSlot(of, slot, location_id=NOWHERE), LocationNotFound(NOWHERE)
    yield ChangeSlot(of, slot, instructor_ids=(ina, NOWHERE)), EmployeeNotFound(NOWHERE)
    noon, one = gym.wall("12:00"), gym.wall("13:00")
    yield CloseStudio(of, NOWHERE, "key", noon, one), StudioNotFound(NOWHERE)
    yield (
        CloseStudio(of, here, "key", one, noon),
        InvalidTimes(Wrong.NO_DURATION, gym.at("13:00"), gym.at("12:00")),
    )
    yield (
        ChangeSlot(of, slot, duration_minutes=0),
        InvalidTimes(Wrong.NO_DURATION, starts_at, starts_at),
    )
    yield (
        ChangeSlot(of, slot, duration_minutes=1441),
        InvalidTimes(Wrong.TOO_LONG, starts_at, starts_at + timedelta(minutes=1441)),
    )
    yield (
        ChangeSlot(of, slot, local_start=gym.wall("07:00")),
        InvalidTimes(Wrong.IN_THE_PAST, gym.at("07:00"), gym.at("08:00")),
    )
    yield PutStandIn(of, slot, eva, ina), InstructorNotOnSlot(eva, slot)
    yield PutStandIn(of, slot, ina, ina), InstructorAlreadyOnSlot(ina, slot)
    yield (
        SetParticipation(of, here, sits, CAME),
        ParticipationTooEarly(starts_at - timedelta(minutes=30)),
    )
    yield SetParticipation(of, here, waits, CAME), BookingNotActive(waits=True)
    yield Confirm(of, here, sits), NoConfirmationRequired()

    free = await gym.slot("spin", at="20:00", seats=1)
    waiting, seat = BookingStatus.WAITING_LIST, BookingStatus.BOOKED
    yield await book(cleo, free, expected=waiting), OtherStatusThanExpected(waits=False)
    yield await book(cleo, slot, expected=seat), OtherStatusThanExpected(waits=True)
    same = IdempotencyKey(integration_id=77, key="tap-1", request_hash="one")
    await gym.booked(cleo, await gym.slot("spin", at="22:00"), idempotency=same)
    other = replace(same, request_hash="other")
    yield await book(cleo, free, idempotency=other), IdempotencyKeyReused()

    cancelled = await gym.slot("spin", at="10:00")
    gone = (await gym.booked(anna, cancelled)).booking_id
    await gym.cancel_slot(cancelled)
    yield (
        ChangeSlot(of, cancelled, max_participants=3),
        SlotNotPlanned(True, gym.at("10:00"), gym.at("11:00")),
    )
    yield SetParticipation(of, here, gone, CAME), BookingNotActive(waits=False)

    await gym.klass("firm", confirmation="2 HOURS")
    firm = await gym.slot("firm", at="16:00")
    unconfirmed = (await gym.booked(bela, firm)).booking_id
    gym.clock.set(gym.at("14:30"))
    yield Confirm(of, here, unconfirmed), ConfirmationExpired(gym.at("14:00"))
    gym.clock.set(gym.at("18:30"))
    yield (
        ChangeSlot(of, slot, local_start=gym.wall("21:00")),
        InvalidTimes(Wrong.HAS_STARTED, gym.at("21:00"), gym.at("22:00")),
    )
    gym.clock.set(ends_at)
    yield ChangeSlot(of, slot, max_participants=3), SlotNotPlanned(False, starts_at, ends_at)


async def test_a_no_of_the_desk_says_by_what_and_there_is_no_other(gym: Gym) -> None:
    answers = [(await gym.refused(command), expected) async for command, expected in refused(gym)]
    assert [answer for answer, _ in answers] == [expected for _, expected in answers]

    # Long stories of their own: `tests/desk/test_twice.py`, `tests/desk/test_seen.py`.
    known = (
        {clashes.Clashing, seen.ChangedMeanwhile}
        | {type(each) for each, _ in answers}
        | {type(each) for *_, each in (*ADMISSION, *CANCELLING)}
    )
    assert reasons() - known == set(), "what the rules refuse for, and no test has them do"


def test_each_reason_has_a_kind_to_itself_and_each_kind_is_of_a_reason_or_a_rule() -> None:
    kinds = [each.kind for each in reasons()]
    assert len(set(kinds)) == len(kinds)
    rules = {each.rule for each in Kind if each.rule is not each}
    assert set(Kind) == {*kinds, *rules}
    assert NotFound not in reasons()


async def test_what_may_be_booked_is_refused_with_the_same_facts(gym: Gym) -> None:
    """F35"""
    slot = await gym.slot("spin", seats=1, waiting_list=0)
    anna, bela = await gym.customers(2)
    await gym.booked(anna, slot)
    asked = MayBook(gym.organization, gym.studio_id, bela, slot)
    book = Book(gym.organization, gym.studio_id, bela, slot, await gym.desk.ids.next())
    full = refusals.Full(seats=1, taken=1, waiting=0, max_waiting_list=0)
    assert [await gym.desk.query(asked), await gym.refused(book)] == [full, full]
    # And once more, where it is told without a turn.
    assert await gym.refused(book) == full
