"""What was seen travels through a page and comes back the same, or is said to be unreadable."""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64encode
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.refusals import Kind
from kursplan.domain.seen import (
    BookingSeen,
    ClosureSeen,
    Seen,
    SeriesSeen,
    SlotSeen,
    StudioSeen,
    differences,
)
from kursplan.domain.series import SeriesPlan
from kursplan.domain.slots import Override, SlotStatus
from kursplan.staff.seen import MOST_BYTES, Unreadable, decode, encode

ids = st.integers(1, 2**53)
counts = st.integers(0, 1000)
moments = st.datetimes(timezones=st.just(UTC))
walls = st.datetimes()
slots = st.builds(
    SlotSeen,
    id=ids,
    status=st.sampled_from(SlotStatus),
    starts_at=moments,
    ends_at=moments,
    location_id=st.none() | ids,
    instructors=st.lists(ids, max_size=3).map(tuple),
    max_participants=st.none() | counts,
    max_waiting_list=counts,
    additional_participants=counts,
    seats=counts,
    waiting=counts,
)
bookings = st.builds(
    BookingSeen,
    id=ids,
    slot_id=ids,
    status=st.sampled_from(BookingStatus),
    starts_at=moments,
    ends_at=moments,
    participation=st.sampled_from(Participation),
    late=st.booleans(),
    conflict=st.none() | st.sampled_from(Kind),
)
plans = st.builds(
    SeriesPlan,
    weekdays=st.frozensets(st.integers(0, 6), min_size=1),
    start_time=st.builds(time, st.integers(0, 23), st.integers(0, 59)),
    first_day=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    duration=st.none() | st.integers(1, 1440),
    location_id=st.none() | ids,
    instructors=st.lists(ids, max_size=3, unique=True).map(tuple),
    own=st.just(frozenset({Override.MAX_PARTICIPANTS})),
    max_participants=st.none() | counts,
)
closures = st.builds(ClosureSeen, walls, walls, st.none() | st.text())
studios = st.builds(
    StudioSeen, id=ids, since=walls, closures=st.lists(closures, max_size=3).map(tuple)
)


def some(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=3, unique_by=lambda each: each.id).map(tuple)  # type: ignore[attr-defined]


seen = st.builds(
    Seen,
    some(slots),
    some(bookings),
    some(st.builds(SeriesSeen, id=ids, plan=plans)),
    some(studios),
)


@given(seen)
def test_it_comes_back_the_same(seen: Seen) -> None:
    text = encode(seen)
    assert decode(text) == seen
    assert encode(decode(text)) == text
    assert set(text) <= set("-_") | {each for each in map(chr, range(128)) if each.isalnum()}
    assert differences(seen, decode(text), lambda _, at: at) == ()


@given(seen, st.data())
def test_what_is_cut_off_is_not_taken_for_less(seen: Seen, data: st.DataObject) -> None:
    text = encode(seen)
    cut = text[: data.draw(st.integers(0, len(text) - 2))]
    with pytest.raises(Unreadable):
        decode(cut)


@given(st.text() | st.binary().map(lambda each: urlsafe_b64encode(zlib.compress(each)).decode()))
def test_what_it_did_not_make_it_does_not_read(text: str) -> None:
    with pytest.raises(Unreadable):
        decode(text)


def test_a_text_that_unpacks_without_end_is_not_unpacked() -> None:
    bomb = zlib.compress(b" " * (MOST_BYTES + 1))
    assert len(bomb) < MOST_BYTES / 500
    with pytest.raises(Unreadable, match="too long"):
        decode(urlsafe_b64encode(bomb).decode())


def test_a_slot_with_those_on_it_is_a_short_text() -> None:
    """As long as the fields of a form may be: a hundred bookings take less than two kibibytes."""
    at = datetime(2026, 3, 2, 17, tzinfo=UTC)
    slot = SlotSeen(11, SlotStatus.PLANNED, at, at, 4, (5,), 20, 5, 0, 20, 0)
    sits = [
        BookingSeen(1000 + each, 11, BookingStatus.BOOKED, at, at, Participation.UNSET, False, None)
        for each in range(100)
    ]
    assert len(encode(Seen(slots=(slot,)))) < 400
    assert len(encode(Seen((slot,), tuple(sits)))) < 2048
