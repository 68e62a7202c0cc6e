"""May this booking be cancelled, and does that count as late?"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kursplan.domain.bookings import Booking, BookingStatus
from kursplan.domain.cancelling import Cancellation, may_cancel
from kursplan.domain.classes import Class
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.slots import Slot
from kursplan.domain.studios import Studio
from kursplan.domain.terms import Term

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
"""18:00 in Berlin."""
MIDNIGHT = START - 18 * HOUR

BOOKED = BookingStatus.BOOKED
UNCONFIRMED = BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED
WAITING = BookingStatus.WAITING_LIST

IN_TIME = Cancellation(late=False)
LATE = Cancellation(late=True)
TOO_LATE = Kind.CANCELLATION_TOO_LATE
STARTED = Kind.SLOT_STARTED


@pytest.mark.parametrize(
    ("term", "status", "now", "where_allowed", "where_refused"),
    [
        ("2 HOURS", BOOKED, START - 48 * HOUR, IN_TIME, IN_TIME),
        ("2 HOURS", BOOKED, START - 2 * HOUR, IN_TIME, IN_TIME),
        ("2 HOURS", BOOKED, START - 2 * HOUR + MOMENT, LATE, TOO_LATE),
        ("2 HOURS", UNCONFIRMED, START - 2 * HOUR + MOMENT, LATE, TOO_LATE),
        ("2 HOURS", BOOKED, START - MOMENT, LATE, TOO_LATE),
        ("2 HOURS", BOOKED, START, STARTED, STARTED),
        ("2 HOURS", WAITING, START - MOMENT, IN_TIME, IN_TIME),
        ("2 HOURS", WAITING, START, STARTED, STARTED),
        ("0 MINUTES", BOOKED, START - MOMENT, IN_TIME, IN_TIME),
        ("0 MINUTES", BOOKED, START, STARTED, STARTED),
        # In days, with the last millisecond of the local day.
        ("1 DAY", BOOKED, MIDNIGHT - MOMENT, IN_TIME, IN_TIME),
        ("1 DAY", BOOKED, MIDNIGHT, LATE, TOO_LATE),
        # A term that closes after the start does not reach beyond it.
        ("0 DAY", BOOKED, START - MOMENT, IN_TIME, IN_TIME),
        ("0 DAY", BOOKED, START, STARTED, STARTED),
    ],
)
def test_until_when_and_at_what_price(
    term: str,
    status: BookingStatus,
    now: datetime,
    where_allowed: Cancellation | Kind,
    where_refused: Cancellation | Kind,
) -> None:
    def answer(late_cancellation: bool) -> Cancellation | Kind:
        slot = Slot(
            id=10,
            class_=Class(
                1, latest_cancellation=Term.parse(term), late_cancellation=late_cancellation
            ),
            studio=Studio(1, ZoneInfo("Europe/Berlin")),
            starts_at=START,
            ends_at=START + HOUR,
            local_start=datetime.combine(date(2026, 3, 2), datetime.min.time()).replace(hour=18),
        )
        booking = Booking(
            id=1,
            slot_id=slot.id,
            studio_id=1,
            customer_id=100,
            home_studio_id=1,
            status=status,
            sequence=1,
            starts_at=slot.starts_at,
            ends_at=slot.ends_at,
            day=slot.day,
            booked_at=START - 72 * HOUR,
        )
        decided = may_cancel(slot, booking, now)
        return decided.kind if isinstance(decided, Refusal) else decided

    assert (answer(True), answer(False)) == (where_allowed, where_refused)
