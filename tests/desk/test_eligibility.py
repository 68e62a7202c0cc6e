"""Eligibility: who may book what and when, and which reason is told when several apply."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.book import Booked
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.slots import SlotStatus
from kursplan.domain.terms import Term
from kursplan.store import tables
from tests.gym import MONDAY, Gym

MOMENT = timedelta(milliseconds=1)
NEW_YORK = ZoneInfo("America/New_York")

BEFORE = ErrorCode.DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME
AFTER = ErrorCode.DATE_TIME_AFTER_LATEST_BOOKING_DATE_TIME


async def test_of_all_reasons_at_once_the_first_is_told(gym: Gym) -> None:
    """F36: everything speaks against it, and one reason after the other is taken away."""
    yoga = await gym.slot("yoga", at="18:30")
    spin = await gym.klass("spin", who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot("spin", at="18:00", seats=1)
    customer, other = await gym.customers(2)
    membership = await gym.membership(customer, await gym.rate())
    await gym.membership(other, await gym.rate("other"))
    full = await gym.booked(other, slot)
    waiting = await gym.booked(customer, slot)
    in_other = await gym.booked(customer, yoga)
    await gym.changed_slot(slot, max_waiting_list=0)

    # All of it at once. No time is within the window: it closes before it opens.
    await gym.set(tables.slot, slot, status=SlotStatus.CANCELED)
    await gym.set(tables.class_, spin, uses_contingent=True)
    await gym.set(tables.class_, spin, online_booking=OnlineBooking.DISPLAY_ONLY)
    await gym.set(tables.class_, spin, latest_booking=Term.parse("12 HOURS"))
    await gym.set(tables.class_, spin, earliest_booking=Term.parse("1 HOURS"))
    closure = await gym.closure(gym.wall("18:30"), gym.wall("19:00"))
    idle = await gym.idle(customer, membership, MONDAY)

    reasons: list[tuple[ErrorCode, Callable[[], Awaitable[object]]]] = [
        (
            ErrorCode.NOT_AVAILABLE,
            lambda: gym.set(tables.slot, slot, status=SlotStatus.PLANNED),
        ),
        (
            ErrorCode.DISPLAY_ONLY,
            lambda: gym.set(tables.class_, spin, online_booking=OnlineBooking.AVAILABLE),
        ),
        (ErrorCode.STUDIO_CLOSED, lambda: gym.remove(tables.closure, closure)),
        (ErrorCode.CUSTOMER_ALREADY_BOOKED, lambda: gym.cancel(waiting.booking_id)),
        (BEFORE, lambda: gym.set(tables.class_, spin, earliest_booking=None)),
        (AFTER, lambda: gym.set(tables.class_, spin, latest_booking=Term.parse("1 HOURS"))),
        (ErrorCode.CUSTOMER_IDLE, lambda: gym.remove(tables.idle_period, idle)),
        (
            ErrorCode.NO_CONTINGENT,
            lambda: gym.set(tables.class_, spin, uses_contingent=False),
        ),
        (ErrorCode.CUSTOMER_IN_OTHER_BOOKING, lambda: gym.cancel(in_other.booking_id)),
        (ErrorCode.BOOKING_LIMIT_REACHED, lambda: gym.cancel(full.booking_id)),
    ]
    for reason, take_away in reasons:
        assert await gym.may_book(customer, slot) is reason
        assert await gym.may_book(customer, slot) is reason
        assert await gym.book(customer, slot) is reason
        await take_away()

    assert isinstance(await gym.may_book(customer, slot), Admission)
    assert isinstance(await gym.book(customer, slot), Booked)


async def test_asking_writes_nothing_and_agrees_with_booking(gym: Gym) -> None:
    """F35"""
    slot = await gym.slot(seats=1, waiting_list=1)
    for customer in await gym.customers(3):
        stored = await gym.slot_now(slot)
        told = await gym.told()

        answer = await gym.may_book(customer, slot)

        assert (await gym.slot_now(slot), await gym.told()) == (stored, told)
        booked = await gym.book(customer, slot)
        if isinstance(answer, Admission):
            assert isinstance(booked, Booked)
            assert (booked.status is BookingStatus.WAITING_LIST) == answer.waits
        else:
            assert booked is answer is ErrorCode.BOOKING_LIMIT_REACHED


async def test_booking_opens_and_closes_at_the_very_moment(gym: Gym) -> None:
    """F29: both bounds belong to the window."""
    await gym.klass(earliest_booking="8 HOURS", latest_booking="90 MINUTES")
    slot = await gym.slot(at="18:00")
    customers = await gym.customers(2)
    answers = []
    for moment in ("10:00", "16:30"):
        gym.clock.set(gym.at(moment) + (-MOMENT if moment == "10:00" else MOMENT))
        answers.append(await gym.book(customers[0], slot))
        gym.clock.set(gym.at(moment))
        answers.append(await gym.may_book(customers[0], slot))

    too_early, opened, too_late, open_still = answers

    assert (too_early, too_late) == (BEFORE, AFTER)
    assert (opened, open_still) == (Admission(False, None), Admission(False, None))


@pytest.mark.parametrize(
    ("term", "slot_day", "opens"),
    [
        ("1 DAY", date(2026, 3, 30), date(2026, 3, 29)),
        ("2 WEEK", date(2026, 4, 6), date(2026, 3, 23)),
        ("1 MONTH", date(2026, 3, 31), date(2026, 2, 28)),
        ("1 YEAR", date(2028, 2, 29), date(2027, 2, 28)),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland"])
async def test_a_term_in_days_opens_with_the_first_instant_of_the_local_day(
    gym: Gym, zone: str, term: str, slot_day: date, opens: date
) -> None:
    """F27"""
    studio = await gym.studio("zoned", zone=zone)
    await gym.klass("zoned", studio_id=studio, earliest_booking=term)
    slot = await gym.slot("zoned", studio_id=studio, zone=ZoneInfo(zone), day=slot_day, at="06:00")
    customer = await gym.customer(studio_id=studio)
    first = gym.at("00:00", day=opens, zone=ZoneInfo(zone))

    gym.clock.set(first - MOMENT)
    assert await gym.book(customer, slot, studio_id=studio) is BEFORE
    gym.clock.set(first)
    assert isinstance(await gym.book(customer, slot, studio_id=studio), Booked)


async def test_a_term_in_days_closes_with_the_last_millisecond_of_the_local_day(gym: Gym) -> None:
    """F27"""
    studio = await gym.studio("newyork", zone="America/New_York")
    await gym.klass("zoned", studio_id=studio, latest_booking="1 DAY")
    day = MONDAY + timedelta(days=2)
    slot = await gym.slot("zoned", studio_id=studio, zone=NEW_YORK, day=day, at="18:00")
    customer = await gym.customer(studio_id=studio)

    gym.clock.set(gym.at("00:00", day=day, zone=NEW_YORK))
    assert await gym.book(customer, slot, studio_id=studio) is AFTER
    gym.clock.advance(-MOMENT)
    assert isinstance(await gym.book(customer, slot, studio_id=studio), Booked)


async def test_one_who_is_idle_today_may_book_for_when_they_are_back(gym: Gym) -> None:
    """F33: the time of the slot counts, not that of the booking."""
    await gym.klass(who_may_book=WhoMayBook.MEMBERS)
    customer = await gym.customer()
    membership = await gym.membership(customer, await gym.rate())
    wednesday, thursday = MONDAY + timedelta(days=2), MONDAY + timedelta(days=3)
    await gym.idle(customer, membership, MONDAY - timedelta(days=9), wednesday)

    last_idle_day = await gym.slot(day=wednesday, at="18:00")
    back = await gym.slot(day=thursday, at="00:00")

    assert await gym.book(customer, last_idle_day) is ErrorCode.CUSTOMER_IDLE
    await gym.booked(customer, back)


async def test_one_who_will_be_idle_may_not_book_for_that_time(gym: Gym) -> None:
    """F33: also where the idle period begins while the slot is on, and not where it ends then."""
    customer = await gym.customer()
    membership = await gym.membership(customer, await gym.rate())
    tuesday = MONDAY + timedelta(days=1)
    await gym.idle(customer, membership, tuesday)

    over_midnight = await gym.slot("late", at="23:30", minutes=60)
    until_midnight = await gym.slot("spin", at="23:00", minutes=60)

    assert await gym.book(customer, over_midnight) is ErrorCode.CUSTOMER_IDLE
    await gym.booked(customer, until_midnight)


async def test_one_with_another_membership_is_not_idle(gym: Gym) -> None:
    """F33: idle is who has no membership awake that admits them."""
    await gym.klass(who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot()
    customer = await gym.customer()
    rate = await gym.rate()
    resting = await gym.membership(customer, rate, until=date(2026, 6, 30))
    await gym.idle(customer, resting, MONDAY)
    assert await gym.book(customer, slot) is ErrorCode.CUSTOMER_IDLE

    awake = await gym.membership(customer, rate)

    seat = await gym.booked(customer, slot)
    assert (await gym.booking_now(seat.booking_id)).membership_id == awake


async def test_where_everybody_may_book_one_is_idle_whose_memberships_all_rest(gym: Gym) -> None:
    """F33"""
    slot = await gym.slot()
    customer = await gym.customer()
    rate = await gym.rate()
    memberships = [await gym.membership(customer, rate) for _ in range(2)]
    await gym.idle(customer, memberships[0], MONDAY)
    booked = await gym.booked(customer, slot)
    await gym.cancel(booked.booking_id)
    await gym.idle(customer, memberships[1], MONDAY)
    assert await gym.book(customer, slot) is ErrorCode.CUSTOMER_IDLE


async def test_slots_that_only_touch_do_not_overlap(gym: Gym) -> None:
    before = await gym.slot("a", at="17:00")
    slot = await gym.slot("b", at="18:00")
    after = await gym.slot("c", at="19:00")
    within = await gym.slot("d", at="18:59", minutes=1)
    customer = await gym.customer()
    for each in (before, slot, after):
        await gym.booked(customer, each)
    assert await gym.book(customer, within) is ErrorCode.CUSTOMER_IN_OTHER_BOOKING


async def test_a_slot_that_began_the_day_before_overlaps_too(gym: Gym) -> None:
    customer = await gym.customer()
    long = await gym.slot("night", at="18:00", minutes=24 * 60)
    last = await gym.slot("spin", at="17:59", minutes=30, day=MONDAY + timedelta(days=1))
    free = await gym.slot("spin", at="18:00", minutes=30, day=MONDAY + timedelta(days=1))
    await gym.booked(customer, long)
    assert await gym.book(customer, last) is ErrorCode.CUSTOMER_IN_OTHER_BOOKING
    await gym.booked(customer, free)


async def test_a_waiting_position_elsewhere_does_not_overlap(gym: Gym) -> None:
    full, free = await gym.slot("spin", seats=1), await gym.slot("yoga", at="18:30")
    first, second = await gym.customers(2)
    await gym.booked(first, full)
    await gym.booked(second, full)
    await gym.booked(second, free)


async def test_a_seat_in_another_studio_overlaps(gym: Gym) -> None:
    hamburg = await gym.studio("hamburg")
    await gym.klass("yoga", studio_id=hamburg, admits_other_studios=True)
    away = await gym.slot("yoga", studio_id=hamburg, at="18:30")
    home = await gym.slot("spin", at="18:00")
    customer = await gym.customer()
    await gym.booked(customer, away, studio_id=hamburg)
    assert await gym.book(customer, home) is ErrorCode.CUSTOMER_IN_OTHER_BOOKING


async def test_a_class_admits_other_studios_only_where_it_says_so(gym: Gym) -> None:
    hamburg = await gym.studio("hamburg")
    stranger = await gym.customer(studio_id=hamburg)
    own = await gym.slot("own", at="10:00")
    await gym.klass("open", admits_other_studios=True)
    welcome = await gym.slot("open", at="18:00")

    assert await gym.book(stranger, own) is ErrorCode.NOT_AVAILABLE
    await gym.booked(stranger, welcome)


async def test_one_whose_access_is_refused_books_nothing(gym: Gym) -> None:
    customer = await gym.customer(access_refused=True)
    assert await gym.book(customer, await gym.slot()) is ErrorCode.NOT_AVAILABLE


async def test_what_is_not_there_is_not_found(gym: Gym) -> None:
    """F37: nor what another studio or organization has, or a class that is not shown."""
    hamburg = await gym.studio("hamburg")
    slot = await gym.slot()
    await gym.klass("hidden", online_booking=OnlineBooking.NO)
    await gym.klass("closed", bookable=False)
    hidden, closed = await gym.slot("hidden"), await gym.slot("closed")
    customer = await gym.customer()
    gone = await gym.customer(deleted_at=gym.now)
    other = await Gym(gym.database, gym.clock, first_id=100_000).open()
    strange_slot, stranger = await other.slot(), await other.customer()

    for unseen in (999_999, hidden, closed, strange_slot):
        assert await gym.book(customer, unseen) is ErrorCode.CLASS_SLOT_NOT_FOUND
    assert await gym.book(customer, slot, studio_id=hamburg) is ErrorCode.CLASS_SLOT_NOT_FOUND
    for unknown in (999_999, gone, stranger):
        assert await gym.book(unknown, slot) is ErrorCode.CUSTOMER_NOT_FOUND
    assert await gym.on_slot(slot) == []
    assert await gym.told() == []
