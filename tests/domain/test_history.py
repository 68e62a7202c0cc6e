"""What is kept of a change: the members that differ, and no values of what is confidential."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from kursplan.desk.engine.notes import Notes
from kursplan.domain.actors import THE_HOUSE
from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import (
    ClassEntry,
    EndpointEntry,
    IdlePeriodEntry,
    LocationEntry,
    MembershipEntry,
    RateEntry,
    StudioEntry,
)
from kursplan.domain.history import Change, EntityKind, change_of, plain, restored
from kursplan.domain.series import SeriesPlan
from kursplan.domain.slots import Override
from kursplan.domain.terms import Term

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ROOM = LocationEntry("hall", "berlin", "Hall")
BOOKING = Booking(
    id=1,
    slot_id=2,
    studio_id=3,
    customer_id=4,
    home_studio_id=3,
    status=BookingStatus.WAITING_LIST,
    sequence=1,
    starts_at=NOON,
    ends_at=NOON,
    day=NOON.date(),
    booked_at=NOON,
)


def test_only_what_differs_is_kept() -> None:
    change = change_of(EntityKind.LOCATION, 7, ROOM, replace(ROOM, name="Studio 1"))
    assert change == Change(EntityKind.LOCATION, 7, {"name": "Hall"}, {"name": "Studio 1"})


def test_what_is_as_it_was_is_no_change() -> None:
    assert change_of(EntityKind.LOCATION, 7, ROOM, replace(ROOM)) is None
    assert change_of(EntityKind.SLOT, 7, {"instructors": (1,)}, {"instructors": (1,)}) is None


def test_of_what_is_new_or_gone_only_what_it_has_is_kept() -> None:
    assert change_of(EntityKind.LOCATION, 7, None, ROOM) == Change(
        EntityKind.LOCATION, 7, None, {"key": "hall", "studio": "berlin", "name": "Hall"}
    )
    assert change_of(EntityKind.LOCATION, 7, {"name": "Hall"}, None) == Change(
        EntityKind.LOCATION, 7, {"name": "Hall"}, None
    )
    nothing = change_of(EntityKind.CLASS, 7, None, {"max_participants": 0, "promotion": None})
    assert nothing == Change(EntityKind.CLASS, 7, None, {"max_participants": 0})


def test_of_what_is_confidential_only_that_it_changed_is_kept() -> None:
    """That is what a class leaves out of what is printed of it."""
    before = StudioEntry("berlin", "Berlin", "Europe/Berlin", email="old@example.org")
    change = change_of(
        EntityKind.STUDIO, 7, before, replace(before, name="Mitte", email="new@example.org")
    )
    assert change == Change(
        EntityKind.STUDIO, 7, {"name": "Berlin"}, {"name": "Mitte"}, withheld=("email",)
    )
    moved = change_of(
        EntityKind.INTEGRATION,
        7,
        {"endpoints": {EndpointEntry("default", "https://old.example")}},
        {"endpoints": {EndpointEntry("default", "https://new.example")}},
    )
    assert moved == Change(EntityKind.INTEGRATION, 7, {}, {}, withheld=("endpoints",))


@pytest.mark.parametrize("kind", [EntityKind.CUSTOMER, EntityKind.EMPLOYEE])
def test_of_a_person_nothing_is_kept_but_what_was_changed(kind: EntityKind) -> None:
    before = {"number": "A-17", "studio": "berlin"}
    change = change_of(kind, 7, before, before | {"studio": "hamburg"})
    assert change == Change(kind, 7, {}, {}, withheld=("studio",))
    assert change_of(kind, 7, None, before) == Change(kind, 7, None, {}, ("number", "studio"))


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (Term.parse("7 DAY"), "7 DAY"),
        (time(18, 30), "18:30:00"),
        (date(2026, 3, 2), "2026-03-02"),
        (frozenset({"b", "a"}), ["a", "b"]),
        (BookingStatus.BOOKED, "BOOKED"),
        (
            MembershipEntry(
                "plus",
                "basic",
                date(2026, 1, 1),
                idle_periods=(IdlePeriodEntry("rest", date(2026, 3, 1), reason="journey"),),
            ),
            {
                "key": "plus",
                "rate": "basic",
                "valid_from": "2026-01-01",
                "valid_until": None,
                "contingents": [],
                "idle_periods": [{"key": "rest", "first_day": "2026-03-01", "last_day": None}],
            },
        ),
    ],
)
def test_values_are_kept_as_json_has_them(value: object, kept: object) -> None:
    assert plain(value) == kept


def test_of_all_options_of_a_class_those_that_differ() -> None:
    before = ClassEntry("spin", "berlin", "Spin", 60)
    after = replace(before, max_participants=None, earliest_booking=Term.parse("7 DAY"))
    change = change_of(EntityKind.CLASS, 7, before, after)
    assert change is not None
    assert change.after == {"max_participants": None}


# --- Notes of one command -----------------------------------------------------------------------


def notes() -> Notes:
    return Notes("test", THE_HOUSE, None)


def test_what_is_changed_twice_is_one_change() -> None:
    taken = notes()
    taken.thing(EntityKind.SLOT, 7, {"seats": 1}, {"seats": 2})
    taken.thing(EntityKind.SLOT, 7, {"seats": 2, "room": "a"}, {"seats": 3, "room": "b"})
    assert taken.changes() == [
        Change(EntityKind.SLOT, 7, {"seats": 1, "room": "a"}, {"seats": 3, "room": "b"})
    ]


def test_what_is_changed_back_is_none() -> None:
    taken = notes()
    taken.thing(EntityKind.SLOT, 7, {"seats": 1}, {"seats": 2})
    taken.thing(EntityKind.SLOT, 7, {"seats": 2}, {"seats": 1})
    taken.booking(BOOKING, replace(BOOKING, late=True))
    taken.booking(replace(BOOKING, late=True), BOOKING)
    assert taken.changes() == []


def test_what_is_made_and_changed_is_new() -> None:
    taken = notes()
    taken.thing(EntityKind.SLOT, 7, None, {"seats": 1})
    taken.thing(EntityKind.SLOT, 7, {"seats": 1}, {"seats": 2})
    taken.booking(None, BOOKING)
    taken.booking(BOOKING, replace(BOOKING, status=BookingStatus.BOOKED))
    assert taken.changes() == [
        Change(EntityKind.SLOT, 7, None, {"seats": 2}),
        Change(EntityKind.BOOKING, 1, None, {"status": "BOOKED"}),
    ]


def test_what_a_command_is_about_comes_first() -> None:
    taken = notes()
    taken.booking(BOOKING, replace(BOOKING, status=BookingStatus.BOOKED))
    taken.thing(EntityKind.SLOT, 7, {"seats": 1}, {"seats": 2})
    taken.booking(replace(BOOKING, status=BookingStatus.BOOKED), replace(BOOKING, late=True))
    assert [each.id for each in taken.changes()] == [1, 7]


SPIN = ClassEntry("spin", "berlin", "Spinning", 60)
MONDAYS = SeriesPlan(frozenset({0}), time(18), date(2026, 3, 2))


@pytest.mark.parametrize(
    ("was", "became"),
    [
        (
            SPIN,
            replace(
                SPIN,
                title="Cycling",
                duration=45,
                max_participants=None,
                earliest_booking=None,
                latest_cancellation=Term.parse("3 HOURS"),
                online_booking=OnlineBooking.NO,
                who_may_book=WhoMayBook.NAMED_RATES,
                rates=frozenset({"flex", "basic"}),
                uses_contingent=True,
            ),
        ),
        (
            RateEntry("flex", "Flex", frozenset({Contingent(None, Period.TOTAL)})),
            RateEntry(
                "flex",
                "Flex 10",
                frozenset({Contingent(10, Period.MONTH), Contingent(2, Period.WEEK)}),
            ),
        ),
        (
            MONDAYS,
            SeriesPlan(
                frozenset({1, 3}),
                time(18, 15),
                date(2026, 3, 3),
                date(2026, 6, 1),
                duration=75,
                location_id=3,
                instructors=(7, 5),
                own=frozenset({Override.MAX_PARTICIPANTS}),
                max_participants=9,
            ),
        ),
    ],
)
def test_what_is_kept_of_a_change_leads_back_and_forth(was: object, became: object) -> None:
    """Also as it comes out of the database, where it is JSON."""
    change = change_of(EntityKind.CLASS, 7, was, became)
    assert change is not None
    before, after = json.loads(json.dumps([change.before, change.after]))
    assert restored(became, before) == was  # type: ignore[type-var]
    assert restored(was, after) == became  # type: ignore[type-var]
