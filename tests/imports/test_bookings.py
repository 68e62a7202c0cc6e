"""The bookings that other systems export find their slots and their customers."""

import csv
from datetime import datetime

import pytest

from kursplan.domain.entries import CustomerEntry
from kursplan.domain.names import folded
from kursplan.imports.bookings import BookingsPlan, KnownSlot, days_of, plan_bookings
from kursplan.imports.everybody import Everybody
from kursplan.imports.heads import Subject
from kursplan.imports.match import known_of
from kursplan.imports.members import in_doubt
from tests.imports.dialects import text
from tests.imports.reading import TODAY, understood

NOW = datetime(2026, 3, 2, 8)  # noqa: DTZ001 - wall time
EVENING = datetime(2026, 3, 13, 18)  # noqa: DTZ001
YOGA = KnownSlot(1, EVENING, "Yoga", "Halle", frozenset({folded("Ina Trainer")}))
UPSTAIRS = KnownSlot(2, EVENING, "Yoga", "Dachboden", frozenset({folded("Jo Otto")}))
PEOPLE = [
    CustomerEntry("c1", "berlin", "Erika", "Muster", number="1001", email="erika@muster.example"),
    CustomerEntry("c2", "berlin", "Max", "Groß", number="1002", email="familie@gross.example"),
    CustomerEntry("c3", "berlin", "Lena", "Groß", number="1003", email="familie@gross.example"),
]

EVERSPORTS = (
    *("Start", "End", "Activity name", "Location", "Trainer nickname", "Customer number"),
    *("First name", "Last name", "E-Mail", "Product", "Price", "Attended", "Phone number"),
)


def eversports(
    number: str, first: str, last: str, email: str, at: str = "13/03/2026 18:00"
) -> tuple[str, ...]:
    end = "13/03/2026 19:00"
    return (at, end, "Yoga", "Halle", "Ina", number, first, last, email, "Flex", "0,00", "no", "")


TEAMUP = ("Date", "Time", "Customer", "Class Type", "Instructors", "Venue", "Status")


def planned(data: bytes) -> BookingsPlan:
    found = understood(data, subject=Subject.BOOKINGS)
    assert days_of(found, TODAY) == (EVENING.date(), EVENING.date())
    people = Everybody(map(known_of, PEOPLE))
    return plan_bookings(found, people, [YOGA, UPSTAIRS], NOW, in_doubt)


def wanted(plan: BookingsPlan) -> list[tuple[int, str, int, bool]]:
    return [(each.line, each.who.key, each.slot.id, each.waits) for each in plan.wanted]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_the_bookings_of_eversports(encoding: str, delimiter: str) -> None:
    rows = [
        EVERSPORTS,
        eversports("1001", "Erika", "Muster", "erika@muster.example"),
        # A family on one address, who are told apart by number or name.
        eversports("1002", "Max", "Groß", "familie@gross.example"),
        eversports("", "Lena", "Groß", "familie@gross.example"),
        eversports("", "Nina", "Neu", "nina@neu.example"),
        # Who comes often stands there often.
        eversports("1001", "Erika", "Muster", "erika@muster.example", at="01/03/2026 18:00"),
    ]

    plan = planned(text(rows, delimiter, encoding, csv.QUOTE_ALL))

    assert wanted(plan) == [(2, "c1", 1, False), (3, "c2", 1, False), (4, "c3", 1, False)]
    assert [each.reasons for each in plan.refused] == [
        ("there is no customer Nina Neu: import the members first",)
    ]
    assert plan.past == 1


def test_the_attendance_of_teamup() -> None:
    rows = [
        TEAMUP,
        ("13/03/2026", "6:00 PM", "Erika Muster", "Yoga", "Jo Otto", "", "Registered"),
        ("13/03/2026", "6:00 PM", "Max Groß", "Yoga", "Ina Trainer", "", "Waitlisted"),
        ("13/03/2026", "6:00 PM", "Lena Groß", "Yoga", "Ina Trainer", "", "Cancelled"),
    ]

    plan = planned(text(rows, ",", "utf-8"))

    # A name alone is not enough to know who it is.
    assert [(each.person.row.line, each.candidates[0].key) for each in plan.doubtful] == [
        (2, "c1"),
        (3, "c2"),
    ]
    assert (wanted(plan), plan.given_up) == ([], 1)
