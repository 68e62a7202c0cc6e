"""Opening hours: lines that come to a week of days, and a week in as few lines as say it."""

from datetime import time

import pytest

from kursplan.domain.entries import Hours
from kursplan.domain.hours import DAYS, Span, Week, lines_of, overlapping, week_of

EARLY = Span(time(6), time(12))
LATE = Span(time(14), time(22))
NIGHT = Span(time(20), time(2))


def week(**days: tuple[Span, ...]) -> Week:
    names = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return tuple(days.get(each, ()) for each in names)


@pytest.mark.parametrize(
    ("days", "lines"),
    [
        (week(), ()),
        (week(wed=(EARLY,)), (Hours(2, 2, time(6), time(12)),)),
        (
            week(mon=(EARLY, LATE), tue=(EARLY, LATE), thu=(EARLY,)),
            (
                Hours(0, 1, time(6), time(12)),
                Hours(0, 1, time(14), time(22)),
                Hours(3, 3, time(6), time(12)),
            ),
        ),
        (week(sat=(NIGHT,), sun=(NIGHT,)), (Hours(5, 6, time(20), time(2)),)),
    ],
)
def test_a_week_is_said_in_as_few_lines_as_say_it(days: Week, lines: tuple[Hours, ...]) -> None:
    assert lines_of(days) == lines
    assert week_of(lines) == days


def test_lines_come_to_the_same_week_however_they_are_cut() -> None:
    cut = [Hours(day, day, time(14), time(22)) for day in (1, 0)]
    cut += [Hours(0, 1, time(6), time(12)), Hours(1, 1, time(6), time(12))]
    assert week_of(cut) == week(mon=(EARLY, LATE), tue=(EARLY, LATE))
    assert len(week_of(())) == DAYS


@pytest.mark.parametrize(
    ("days", "day"),
    [
        (week(mon=(EARLY, LATE)), None),
        (week(mon=(EARLY, Span(time(11), time(13)))), 0),
        (week(mon=(EARLY, Span(time(12), time(13)))), None),
        (week(tue=(NIGHT,), wed=(Span(time(1), time(3)),)), 2),
        (week(mon=(Span(time(1), time(3)),), sun=(NIGHT,)), 6),
    ],
)
def test_hours_that_overlap_are_found_over_midnight_and_over_the_end_of_the_week(
    days: Week, day: int | None
) -> None:
    assert overlapping(days) == day
