"""A contingent is counted in the calendar period of the slot."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.contingents import Contingent, Period, has_room, span

periods = st.sampled_from(Period)
days = st.dates(date(1900, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("period", "day", "first", "last"),
    [
        (Period.WEEK, date(2026, 11, 22), date(2026, 11, 16), date(2026, 11, 22)),
        (Period.WEEK, date(2026, 11, 23), date(2026, 11, 23), date(2026, 11, 29)),
        (Period.WEEK, date(2026, 1, 1), date(2025, 12, 29), date(2026, 1, 4)),
        (Period.MONTH, date(2026, 2, 28), date(2026, 2, 1), date(2026, 2, 28)),
        (Period.MONTH, date(2028, 2, 1), date(2028, 2, 1), date(2028, 2, 29)),
        (Period.MONTH, date(2026, 12, 31), date(2026, 12, 1), date(2026, 12, 31)),
        (Period.YEAR, date(2028, 2, 29), date(2028, 1, 1), date(2028, 12, 31)),
        (Period.TOTAL, date(2026, 11, 22), date.min, date.max),
    ],
)
def test_a_period_spans_whole_days_and_its_week_starts_on_monday(
    period: Period, day: date, first: date, last: date
) -> None:
    assert span(period, day) == (first, last)


@given(periods, days)
def test_the_span_of_a_day_contains_it(period: Period, day: date) -> None:
    first, last = span(period, day)
    assert first <= day <= last


@given(periods, days, st.data())
def test_every_day_of_a_span_has_the_same_span(
    period: Period, day: date, data: st.DataObject
) -> None:
    first, last = span(period, day)
    other = data.draw(st.dates(first, last))
    assert span(period, other) == (first, last)


@given(periods.filter(lambda period: period is not Period.TOTAL), days)
def test_spans_follow_each_other_without_gap_or_overlap(period: Period, day: date) -> None:
    one_day = timedelta(days=1)
    first, last = span(period, day)
    assert span(period, first - one_day)[1] == first - one_day
    assert span(period, last + one_day)[0] == last + one_day


@pytest.mark.parametrize(
    ("used", "room"),
    [
        pytest.param([], True, id="nothing used"),
        pytest.param([date(2026, 11, 1)], True, id="one of two used"),
        pytest.param([date(2026, 11, 1), date(2026, 11, 30)], False, id="used up"),
        pytest.param([date(2026, 11, 5), date(2026, 11, 5)], False, id="twice on one day"),
        pytest.param([date(2026, 10, 31), date(2026, 12, 1)], True, id="other months do not count"),
        pytest.param([date(2025, 11, 22), date(2027, 11, 22)], True, id="nor do other years"),
        pytest.param([date(2026, 11, 22)] * 3, False, id="more used than granted"),
    ],
)
def test_a_contingent_counts_the_bookings_in_the_period_of_the_slot(
    used: list[date], room: bool
) -> None:
    assert has_room(Contingent(2, Period.MONTH), date(2026, 11, 22), used) is room


@given(periods, days, st.lists(days))
def test_a_contingent_without_limit_always_has_room(
    period: Period, day: date, used: list[date]
) -> None:
    assert has_room(Contingent(None, period), day, used)


@given(periods, days, st.lists(days))
def test_a_contingent_of_none_at_all_never_has_room(
    period: Period, day: date, used: list[date]
) -> None:
    assert not has_room(Contingent(0, period), day, used)


@given(periods, days, st.integers(1, 8))
def test_a_contingent_grants_exactly_as_many_bookings_as_it_says(
    period: Period, day: date, bookings: int
) -> None:
    contingent = Contingent(bookings, period)
    used: list[date] = []
    while has_room(contingent, day, used):
        used.append(day)
    assert len(used) == bookings


def test_a_total_contingent_counts_every_booking_ever() -> None:
    used = [date(2020, 1, 1), date(2030, 12, 31)]
    assert not has_room(Contingent(2, Period.TOTAL), date(2026, 11, 22), used)


def test_a_negative_contingent_is_refused() -> None:
    with pytest.raises(ValueError, match="A contingent of -1 bookings is out of range: give 0"):
        Contingent(-1, Period.WEEK)
