"""Terms before the start of a slot: elapsed time, or whole local days (F27)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.localtime import day_of
from kursplan.domain.terms import LONGEST, Term, TermUnit, closes, opens

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "Africa/Cairo",
    "America/Nuuk",
    "America/Santiago",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
]
CALENDAR_UNITS = [TermUnit.DAY, TermUnit.WEEK, TermUnit.MONTH, TermUnit.YEAR]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


zones = st.sampled_from(ZONES).map(ZoneInfo)
terms = st.sampled_from(TermUnit).flatmap(
    lambda unit: st.integers(0, LONGEST[unit]).map(lambda value: Term(value, unit))
)
calendar_terms = terms.filter(lambda term: term.unit in CALENDAR_UNITS)
starts = st.datetimes(at("2015-01-01"), at("2060-01-01")).map(
    lambda naive: naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("term", "start", "instant"),
    [
        ("0 MINUTES", "2026-11-22T18:00+01:00", "2026-11-22T18:00+01:00"),
        ("90 MINUTES", "2026-11-22T18:00+01:00", "2026-11-22T16:30+01:00"),
        ("2 HOURS", "2026-11-22T01:00+01:00", "2026-11-21T23:00+01:00"),
        # 24 hours before 18:00 are 17:00 on the wall across the spring change, 19:00 across the
        # autumn change: hours are elapsed time.
        ("24 HOURS", "2026-03-29T18:00+02:00", "2026-03-28T17:00+01:00"),
        ("24 HOURS", "2026-10-25T18:00+01:00", "2026-10-24T19:00+02:00"),
    ],
)
def test_minutes_and_hours_are_elapsed_time_for_either_bound_f27(
    term: str, start: str, instant: str
) -> None:
    assert opens(Term.parse(term), at(start), BERLIN) == at(instant)
    assert closes(Term.parse(term), at(start), BERLIN) == at(instant)


@pytest.mark.parametrize(
    ("term", "start", "first", "last"),
    [
        pytest.param(
            "7 DAY",
            "2026-11-22T18:00+01:00",
            "2026-11-15T00:00:00.000+01:00",
            "2026-11-15T23:59:59.999+01:00",
            id="a week in days",
        ),
        pytest.param(
            "1 WEEK",
            "2026-11-22T18:00+01:00",
            "2026-11-15T00:00:00.000+01:00",
            "2026-11-15T23:59:59.999+01:00",
            id="a week",
        ),
        pytest.param(
            "0 DAY",
            "2026-11-22T18:00+01:00",
            "2026-11-22T00:00:00.000+01:00",
            "2026-11-22T23:59:59.999+01:00",
            id="the day of the slot",
        ),
        pytest.param(
            "1 DAY",
            "2026-11-22T00:30+01:00",  # the day before in UTC
            "2026-11-21T00:00:00.000+01:00",
            "2026-11-21T23:59:59.999+01:00",
            id="the local day counts",
        ),
        pytest.param(
            "1 WEEK",
            "2026-04-01T18:00+02:00",
            "2026-03-25T00:00:00.000+01:00",
            "2026-03-25T23:59:59.999+01:00",
            id="across the spring change",
        ),
        pytest.param(
            "1 DAY",
            "2026-10-26T18:00+01:00",
            "2026-10-25T00:00:00.000+02:00",
            "2026-10-25T23:59:59.999+01:00",
            id="a day of 25 hours",
        ),
        pytest.param(
            "1 MONTH",
            "2026-03-31T18:00+02:00",
            "2026-02-28T00:00:00.000+01:00",
            "2026-02-28T23:59:59.999+01:00",
            id="31 March less a month",
        ),
        pytest.param(
            "1 MONTH",
            "2028-03-31T18:00+02:00",
            "2028-02-29T00:00:00.000+01:00",
            "2028-02-29T23:59:59.999+01:00",
            id="31 March less a month in a leap year",
        ),
        pytest.param(
            "1 MONTH",
            "2026-01-31T18:00+01:00",
            "2025-12-31T00:00:00.000+01:00",
            "2025-12-31T23:59:59.999+01:00",
            id="31 January less a month",
        ),
        pytest.param(
            "13 MONTH",
            "2026-01-15T18:00+01:00",
            "2024-12-15T00:00:00.000+01:00",
            "2024-12-15T23:59:59.999+01:00",
            id="over two turns of the year",
        ),
        pytest.param(
            "1 YEAR",
            "2028-02-29T18:00+01:00",
            "2027-02-28T00:00:00.000+01:00",
            "2027-02-28T23:59:59.999+01:00",
            id="29 February less a year",
        ),
        pytest.param(
            "4 YEAR",
            "2028-02-29T18:00+01:00",
            "2024-02-29T00:00:00.000+01:00",
            "2024-02-29T23:59:59.999+01:00",
            id="29 February less four years",
        ),
    ],
)
def test_calendar_terms_take_the_whole_local_day_f27(
    term: str, start: str, first: str, last: str
) -> None:
    assert opens(Term.parse(term), at(start), BERLIN) == at(first)
    assert closes(Term.parse(term), at(start), BERLIN) == at(last)


@pytest.mark.parametrize(
    ("zone", "start", "first", "last"),
    [
        pytest.param(
            "America/Santiago",
            "2024-09-09T18:00-03:00",
            "2024-09-08T01:00:00.000-03:00",
            "2024-09-08T23:59:59.999-03:00",
            id="midnight skipped as the day begins",
        ),
        pytest.param(
            "America/Santiago",
            "2024-09-08T18:00-03:00",
            "2024-09-07T00:00:00.000-04:00",
            "2024-09-07T23:59:59.999-04:00",
            id="midnight skipped as the day ends",
        ),
        pytest.param(
            "America/Havana",
            "2024-11-04T18:00-05:00",
            "2024-11-03T00:00:00.000-04:00",
            "2024-11-03T23:59:59.999-05:00",
            id="midnight twice",
        ),
        pytest.param(
            "America/Santiago",
            "2024-04-07T18:00-04:00",
            "2024-04-06T00:00:00.000-03:00",
            "2024-04-06T23:59:59.999-04:00",
            id="the last hour twice",
        ),
    ],
)
def test_a_day_less_where_the_clocks_change_at_midnight_f27(
    zone: str, start: str, first: str, last: str
) -> None:
    assert opens(Term.parse("1 DAY"), at(start), ZoneInfo(zone)) == at(first)
    assert closes(Term.parse("1 DAY"), at(start), ZoneInfo(zone)) == at(last)


@given(terms, starts, zones)
def test_nothing_opens_after_the_start(term: Term, start: datetime, zone: ZoneInfo) -> None:
    assert opens(term, start, zone) <= start


@given(terms.filter(lambda term: term.value > 0), starts, zones)
def test_what_closes_some_time_before_the_start_is_closed_at_the_start(
    term: Term, start: datetime, zone: ZoneInfo
) -> None:
    assert closes(term, start, zone) < start


@given(terms, starts, zones, st.timedeltas(timedelta(0), timedelta(days=800)))
def test_a_later_slot_never_opens_or_closes_earlier(
    term: Term, start: datetime, zone: ZoneInfo, later_by: timedelta
) -> None:
    later = start + later_by
    assert opens(term, start, zone) <= opens(term, later, zone)
    assert closes(term, start, zone) <= closes(term, later, zone)


@given(terms, starts, zones)
def test_a_longer_term_never_opens_or_closes_later(
    term: Term, start: datetime, zone: ZoneInfo
) -> None:
    shorter = Term(term.value // 2, term.unit)
    assert opens(term, start, zone) <= opens(shorter, start, zone)
    assert closes(term, start, zone) <= closes(shorter, start, zone)


@given(calendar_terms, starts, zones)
def test_a_calendar_bound_is_the_edge_of_a_local_day(
    term: Term, start: datetime, zone: ZoneInfo
) -> None:
    tick = timedelta(milliseconds=1)
    first, last = opens(term, start, zone), closes(term, start, zone)
    assert day_of(first - tick, zone) < day_of(first, zone)
    assert day_of(last, zone) < day_of(last + tick, zone)


@given(terms, starts, zones)
def test_bounds_are_utc_in_whole_milliseconds(term: Term, start: datetime, zone: ZoneInfo) -> None:
    for bound in (opens(term, start, zone), closes(term, start, zone)):
        assert (bound.tzinfo, bound.microsecond % 1000) == (UTC, 0)


@given(terms)
def test_a_term_reads_back_as_it_is_written(term: Term) -> None:
    assert Term.parse(str(term)) == term


def test_a_term_is_written_as_value_and_unit() -> None:
    assert str(Term(7, TermUnit.DAY)) == "7 DAY"
    assert Term.parse("0 MINUTES") == Term(0, TermUnit.MINUTES)


@pytest.mark.parametrize(
    "text", ["", "DAY", "7", "7DAY", "-1 DAY", "+7 DAY", "1.5 HOURS", "\u0667 DAY", " 7 DAY"]
)
def test_what_is_no_number_and_unit_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a term") as refused:
        Term.parse(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize("text", ["7 days", "7 DAYS", "1 MINUTE", "1 HOUR", "7  DAY", "7 DAY "])
def test_an_unknown_unit_is_refused_with_the_known_ones(text: str) -> None:
    with pytest.raises(ValueError, match="one of MINUTES, HOURS, DAY, WEEK, MONTH, YEAR"):
        Term.parse(text)


@pytest.mark.parametrize("unit", TermUnit)
def test_a_term_is_at_most_ten_years(unit: TermUnit) -> None:
    longest = Term(LONGEST[unit], unit)
    start = at("2026-11-22T18:00+01:00")
    assert start - opens(longest, start, BERLIN) < timedelta(days=3655)
    with pytest.raises(ValueError, match=f"give 0 to {LONGEST[unit]} {unit}"):
        Term(LONGEST[unit] + 1, unit)


def test_a_negative_term_is_refused() -> None:
    with pytest.raises(ValueError, match="A term of -1 DAY is out of range"):
        Term(-1, TermUnit.DAY)


def test_a_number_of_very_many_digits_is_refused_without_being_read() -> None:
    with pytest.raises(ValueError, match="longer than 3653 DAY") as refused:
        Term.parse("9" * 100_000 + " DAY")
    assert len(str(refused.value)) < 200
