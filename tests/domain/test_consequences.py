"""What a change means for whose booking it is: the gravest of it counts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.consequences import TAKES, Becomes, becomes
from kursplan.domain.refusals import Kind

START = datetime(2026, 3, 2, 17, tzinfo=UTC)
SEATED = Booking(
    id=1,
    slot_id=2,
    studio_id=3,
    customer_id=4,
    home_studio_id=3,
    status=BookingStatus.BOOKED,
    sequence=1,
    starts_at=START,
    ends_at=START + timedelta(hours=1),
    day=date(2026, 3, 2),
    booked_at=START - timedelta(days=1),
)
WAITING = replace(SEATED, status=BookingStatus.WAITING_LIST)
GONE = replace(SEATED, status=BookingStatus.CANCELED)
FLAGGED = replace(SEATED, conflict=Kind.STUDIO_CLOSED)
LATER = replace(SEATED, starts_at=START + timedelta(hours=2), ends_at=START + timedelta(hours=3))


def test_each_change_has_its_word() -> None:
    assert [
        becomes(None, SEATED),
        becomes(SEATED, GONE),
        becomes(FLAGGED, GONE),
        becomes(SEATED, FLAGGED),
        becomes(SEATED, replace(LATER, conflict=Kind.STUDIO_CLOSED)),
        becomes(SEATED, LATER),
        becomes(WAITING, SEATED),
        becomes(GONE, WAITING),
        becomes(FLAGGED, SEATED),
        becomes(GONE, replace(GONE, late=True)),
    ] == [
        Becomes.MADE,
        Becomes.CANCELLED,
        Becomes.CANCELLED,
        Becomes.FLAGGED,
        Becomes.FLAGGED,
        Becomes.MOVED,
        Becomes.PROMOTED,
        Becomes.BACK,
        Becomes.OTHERWISE,
        Becomes.OTHERWISE,
    ]


def test_what_is_taken_is_asked_about() -> None:
    assert {Becomes.CANCELLED, Becomes.FLAGGED, Becomes.MOVED} == TAKES
