"""A weekly plan becomes occurrences: same wall time, right instants, each exactly once."""

from calendar import isleap
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kursplan.domain.localtime import day_exists, local
from kursplan.domain.recurrence import Occurrence, Retimed, WeeklyPlan, occurrences, retimed

BERLIN = ZoneInfo("Europe/Berlin")
APIA = ZoneInfo("Pacific/Apia")
MONDAY, WEDNESDAY, SUNDAY = 0, 2, 6
DAILY = frozenset(range(7))
ZONES = [
    "Africa/Cairo",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
]

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(2000, 1, 1), date(2040, 12, 31))
some_days = st.integers(0, 60).map(timedelta)
wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@st.composite
def plans(draw: st.DrawFn) -> WeeklyPlan:
    first_day = draw(days)
    return WeeklyPlan(
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        start_time=draw(wall_times),
        duration_minutes=draw(st.integers(1, 1440)),
        first_day=first_day,
        last_day=draw(st.none() | st.integers(-5, 60).map(lambda n: first_day + timedelta(n))),
    )


def at(text: str) -> datetime:
    """Read a wall time, or an instant where the text ends in Z."""
    return datetime.fromisoformat(text)


def weekly(weekday: int, start: time, *, minutes: int = 60) -> WeeklyPlan:
    return WeeklyPlan(frozenset({weekday}), start, minutes, date(2026, 1, 1))


def test_a_plan_takes_place_on_its_weekdays() -> None:
    plan = WeeklyPlan(frozenset({MONDAY, WEDNESDAY}), time(18), 60, date(2026, 11, 1))
    found = occurrences(plan, BERLIN, date(2026, 11, 23), date(2026, 11, 30))
    assert list(found) == [
        Occurrence(at("2026-11-23T18:00"), at("2026-11-23T17:00Z"), at("2026-11-23T18:00Z")),
        Occurrence(at("2026-11-25T18:00"), at("2026-11-25T17:00Z"), at("2026-11-25T18:00Z")),
        Occurrence(at("2026-11-30T18:00"), at("2026-11-30T17:00Z"), at("2026-11-30T18:00Z")),
    ]


def test_first_and_last_day_belong_to_the_plan() -> None:
    plan = WeeklyPlan(DAILY, time(18), 60, date(2026, 11, 23), date(2026, 11, 25))
    found = occurrences(plan, BERLIN, date(2026, 1, 1), date(2026, 12, 31))
    assert [one.local_start.date() for one in found] == [
        date(2026, 11, 23),
        date(2026, 11, 24),
        date(2026, 11, 25),
    ]


def test_a_plan_that_was_ended_before_it_began_has_no_occurrence() -> None:
    plan = WeeklyPlan(DAILY, time(18), 60, date(2026, 11, 23), date(2026, 11, 22))
    assert list(occurrences(plan, BERLIN, date(2026, 1, 1), date(2026, 12, 31))) == []


def test_a_weekly_class_at_18_stays_at_18_across_both_changes_f25() -> None:
    plan = weekly(SUNDAY, time(18))
    spring = list(occurrences(plan, BERLIN, date(2026, 3, 22), date(2026, 3, 29)))
    autumn = list(occurrences(plan, BERLIN, date(2026, 10, 18), date(2026, 10, 25)))
    assert [one.starts_at for one in spring] == [at("2026-03-22T17:00Z"), at("2026-03-29T16:00Z")]
    assert [one.starts_at for one in autumn] == [at("2026-10-18T16:00Z"), at("2026-10-25T17:00Z")]
    assert {one.local_start.time() for one in spring + autumn} == {time(18)}


def test_a_start_that_the_clocks_skip_is_shifted_and_keeps_its_planned_name_f26() -> None:
    found = occurrences(weekly(SUNDAY, time(2, 30)), BERLIN, date(2026, 3, 29), date(2026, 3, 29))
    [one] = found
    assert one == Occurrence(
        at("2026-03-29T02:30"), at("2026-03-29T01:30Z"), at("2026-03-29T02:30Z")
    )
    assert local(one.starts_at, BERLIN).time() == time(3, 30)


def test_a_start_that_occurs_twice_gives_one_occurrence_the_first_f26() -> None:
    found = occurrences(weekly(SUNDAY, time(2, 30)), BERLIN, date(2026, 10, 25), date(2026, 10, 25))
    assert list(found) == [
        Occurrence(at("2026-10-25T02:30"), at("2026-10-25T00:30Z"), at("2026-10-25T01:30Z"))
    ]


@pytest.mark.parametrize(
    ("day", "ends_on_the_wall"),
    [
        pytest.param(date(2026, 3, 29), time(4, 30), id="spring"),
        pytest.param(date(2026, 10, 25), time(2, 30), id="autumn"),
    ],
)
def test_a_duration_across_a_change_is_elapsed_time_f28(day: date, ends_on_the_wall: time) -> None:
    [one] = occurrences(weekly(SUNDAY, time(1, 30), minutes=120), BERLIN, day, day)
    assert one.ends_at - one.starts_at == timedelta(minutes=120)
    assert local(one.ends_at, BERLIN).time() == ends_on_the_wall


def test_a_day_that_the_zone_leaves_out_has_no_occurrence_f26() -> None:
    plan = WeeklyPlan(DAILY, time(18), 60, date(2011, 1, 1))
    found = list(occurrences(plan, APIA, date(2011, 12, 29), date(2011, 12, 31)))
    assert [one.local_start for one in found] == [
        at("2011-12-29T18:00"),
        at("2011-12-31T18:00"),
    ]
    # It was the 30th in UTC all the same: the two evenings are 24 hours apart.
    assert found[1].starts_at - found[0].starts_at == timedelta(hours=24)


def test_a_plan_without_end_is_read_no_further_than_asked() -> None:
    plan = WeeklyPlan(DAILY, time(18), 60, date(2026, 1, 1))
    first_two = islice(occurrences(plan, BERLIN, date(2026, 1, 1), date(9000, 1, 1)), 2)
    assert [one.local_start.day for one in first_two] == [1, 2]


@given(plans(), zones, some_days)
def test_the_wall_shows_the_planned_time_wherever_it_exists_f25(
    plan: WeeklyPlan, zone: ZoneInfo, length: timedelta
) -> None:
    for one in occurrences(plan, zone, plan.first_day, plan.first_day + length):
        wall = local(one.starts_at, zone)
        assert one.local_start.time() == plan.start_time
        # A gap moves a start forward by its own size, which is an hour or less.
        shift = wall.replace(tzinfo=None) - one.local_start
        assert timedelta(0) <= shift <= timedelta(hours=1)
        assert wall.fold == 0


@given(st.sampled_from(ZONES).map(ZoneInfo), st.integers(2012, 2036))
def test_noon_is_noon_in_every_zone_in_every_week_f25(zone: ZoneInfo, year: int) -> None:
    plan = WeeklyPlan(DAILY, time(12), 60, date(year, 1, 1), date(year, 12, 31))
    found = list(occurrences(plan, zone, plan.first_day, date(year, 12, 31)))
    assert len(found) == (366 if isleap(year) else 365)
    assert {local(one.starts_at, zone).time() for one in found} == {time(12)}


@given(plans(), zones, some_days)
def test_occurrences_last_as_long_as_planned_and_never_share_a_start_f26_f28(
    plan: WeeklyPlan, zone: ZoneInfo, length: timedelta
) -> None:
    found = list(occurrences(plan, zone, plan.first_day, plan.first_day + length))
    assert all(
        one.ends_at - one.starts_at == timedelta(minutes=plan.duration_minutes) for one in found
    )
    starts = [one.starts_at for one in found]
    assert starts == sorted(set(starts))


@given(plans(), zones, some_days)
@example(WeeklyPlan(DAILY, time(18), 60, date(2011, 12, 25)), APIA, timedelta(days=10))
def test_every_planned_day_occurs_exactly_once(
    plan: WeeklyPlan, zone: ZoneInfo, length: timedelta
) -> None:
    last = plan.first_day + length
    found = [one.local_start.date() for one in occurrences(plan, zone, plan.first_day, last)]
    assert found == [
        day
        for day in (plan.first_day + timedelta(days=n) for n in range(length.days + 1))
        if day.weekday() in plan.weekdays
        and (plan.last_day is None or day <= plan.last_day)
        and day_exists(day, zone)
    ]


@given(plans(), zones, some_days, some_days, some_days)
def test_a_range_cut_in_two_gives_the_same_occurrences_f24(
    plan: WeeklyPlan, zone: ZoneInfo, before: timedelta, left: timedelta, right: timedelta
) -> None:
    first = plan.first_day - before
    cut = first + left
    last = cut + right
    parts = [
        *occurrences(plan, zone, first, cut),
        *occurrences(plan, zone, cut + timedelta(days=1), last),
    ]
    assert parts == list(occurrences(plan, zone, first, last))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"weekdays": frozenset[int]()}, "at least one weekday"),
        ({"weekdays": frozenset({0, 7})}, "7 is no weekday: give 0"),
        ({"weekdays": frozenset({-1})}, "-1 is no weekday"),
        ({"start_time": time(18, tzinfo=UTC)}, "carries a zone"),
        ({"start_time": time(18, 0, 30)}, "not in whole minutes"),
        ({"duration_minutes": 0}, "0 minutes is out of range: give 1 to 1440"),
        ({"duration_minutes": 1441}, "1441 minutes is out of range"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changed: dict[str, object], message: str) -> None:
    sound: dict[str, object] = {
        "weekdays": frozenset({MONDAY}),
        "start_time": time(18),
        "duration_minutes": 60,
        "first_day": date(2026, 1, 1),
    }
    with pytest.raises(ValueError, match=message):
        WeeklyPlan(**{**sound, **changed})  # type: ignore[arg-type]


def test_slots_whose_zone_changed_its_rules_are_reported_with_both_instants_f31() -> None:
    # Stored while Berlin was expected to keep summer time through the winter.
    stale = (at("2026-11-23T18:00"), 45, at("2026-11-23T16:00Z"))
    sound = (at("2026-07-06T18:00"), 45, at("2026-07-06T16:00Z"))
    assert list(retimed([sound, stale], BERLIN)) == [
        Retimed(
            local_start=at("2026-11-23T18:00"),
            stored_starts_at=at("2026-11-23T16:00Z"),
            stored_ends_at=at("2026-11-23T16:45Z"),
            starts_at=at("2026-11-23T17:00Z"),
            ends_at=at("2026-11-23T17:45Z"),
        )
    ]


@given(plans(), zones, some_days)
def test_fresh_occurrences_are_never_reported_as_retimed_f31(
    plan: WeeklyPlan, zone: ZoneInfo, length: timedelta
) -> None:
    fresh = occurrences(plan, zone, plan.first_day, plan.first_day + length)
    stored = [(one.local_start, plan.duration_minutes, one.starts_at) for one in fresh]
    assert list(retimed(stored, zone)) == []
