"""Which days the numbers are of, and what they say about a second class."""

from __future__ import annotations

from datetime import date

import pytest

from kursplan.domain.numbers import Against, Days, Span, Sums, days_before, days_of

BEFORE, YEAR_BEFORE = Against


def days(first: str, last: str) -> Days:
    return Days(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("span", "today", "found", "before", "year_before"),
    [
        # Whole weeks, and never the one that is not over.
        (
            Span.FOUR_WEEKS,
            "2026-03-02",
            ("2026-02-02", "2026-03-01"),
            ("2026-01-05", "2026-02-01"),
            ("2025-02-03", "2025-03-02"),
        ),
        (
            Span.FOUR_WEEKS,
            "2026-03-01",
            ("2026-01-26", "2026-02-22"),
            ("2025-12-29", "2026-01-25"),
            ("2025-01-27", "2025-02-23"),
        ),
        (
            Span.QUARTER,
            "2026-03-05",
            ("2025-12-01", "2026-03-01"),
            ("2025-09-01", "2025-11-30"),
            ("2024-12-02", "2025-03-02"),
        ),
        # As far as it is over; on its first day the one before.
        (
            Span.MONTH,
            "2026-03-31",
            ("2026-03-01", "2026-03-30"),
            ("2026-02-01", "2026-02-28"),
            ("2025-03-01", "2025-03-30"),
        ),
        (
            Span.MONTH,
            "2024-03-01",
            ("2024-02-01", "2024-02-29"),
            ("2024-01-01", "2024-01-29"),
            ("2023-02-01", "2023-02-28"),
        ),
        # All of it, also before a longer one.
        (
            Span.LAST_MONTH,
            "2026-03-31",
            ("2026-02-01", "2026-02-28"),
            ("2026-01-01", "2026-01-31"),
            ("2025-02-01", "2025-02-28"),
        ),
        (
            Span.LAST_MONTH,
            "2026-01-01",
            ("2025-12-01", "2025-12-31"),
            ("2025-11-01", "2025-11-30"),
            ("2024-12-01", "2024-12-31"),
        ),
        (
            Span.YEAR,
            "2026-03-05",
            ("2026-01-01", "2026-03-04"),
            ("2025-01-01", "2025-03-04"),
            ("2025-01-01", "2025-03-04"),
        ),
        (
            Span.YEAR,
            "2026-01-01",
            ("2025-01-01", "2025-12-31"),
            ("2024-01-01", "2024-12-31"),
            ("2024-01-01", "2024-12-31"),
        ),
    ],
)
def test_the_days_that_are_looked_at(
    span: Span,
    today: str,
    found: tuple[str, str],
    before: tuple[str, str],
    year_before: tuple[str, str],
) -> None:
    asked = days_of(span, date.fromisoformat(today))
    assert asked == days(*found)
    assert days_before(span, asked, BEFORE) == days(*before)
    assert days_before(span, asked, YEAR_BEFORE) == days(*year_before)


def test_weeks_are_parts_of_seven_days() -> None:
    assert list(days("2026-01-01", "2026-01-10").weeks()) == [
        days("2026-01-01", "2026-01-07"),
        days("2026-01-08", "2026-01-10"),
    ]


@pytest.mark.parametrize(
    ("sums", "is_worth_it"),
    [
        (Sums(slots=3, offered=30, waited=5, turned_away=5), True),
        (Sums(slots=3, offered=30, waited=5, turned_away=4), False),
        (Sums(slots=2, offered=20, waited=20), False),
        (Sums(slots=3, waited=20), False),
    ],
)
def test_a_second_one_is_worth_it_where_a_third_of_it_would_be_taken(
    sums: Sums, is_worth_it: bool
) -> None:
    assert sums.is_worth_a_second is is_worth_it
