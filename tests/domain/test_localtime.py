"""Wall clocks and instants agree, on the awkward days too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kursplan.domain.localtime import day_exists, day_of, instant_of, local, start_of_day

# Chosen for their oddities: changes at midnight, over midnight, by half an hour, by a whole day,
# against the season, and none at all.
ZONES = [
    "Africa/Cairo",
    "Africa/Casablanca",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Toronto",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Pacific/Apia",
    "UTC",
]

zones = st.sampled_from(ZONES).map(ZoneInfo)
days = st.dates(date(1900, 1, 1), date(2100, 12, 31))
instants = st.datetimes(
    datetime.fromisoformat("1900-01-02"), datetime.fromisoformat("2100-12-30")
).map(lambda naive: naive.replace(microsecond=naive.microsecond // 1000 * 1000, tzinfo=UTC))


@pytest.mark.parametrize(
    ("zone", "wall", "instant"),
    [
        pytest.param("Europe/Berlin", "2026-07-01T18:00", "2026-07-01T16:00Z", id="summer"),
        pytest.param("Europe/Berlin", "2026-12-01T18:00", "2026-12-01T17:00Z", id="winter"),
        pytest.param("Europe/Berlin", "2026-03-29T01:59", "2026-03-29T00:59Z", id="before the gap"),
        pytest.param("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00Z", id="gap begins"),
        pytest.param("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30Z", id="in the gap"),
        pytest.param("Europe/Berlin", "2026-03-29T03:30", "2026-03-29T01:30Z", id="after the gap"),
        pytest.param("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30Z", id="the first"),
        pytest.param("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00Z", id="after both"),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45Z", id="half hour"
        ),
        pytest.param(
            "America/St_Johns", "2010-11-06T23:30", "2010-11-07T02:00Z", id="over midnight"
        ),
        pytest.param("Pacific/Apia", "2011-12-30T18:00", "2011-12-31T04:00Z", id="day left out"),
    ],
)
def test_a_skipped_time_is_shifted_by_the_gap_and_a_repeated_one_means_the_first_f26(
    zone: str, wall: str, instant: str
) -> None:
    assert instant_of(datetime.fromisoformat(wall), ZoneInfo(zone)) == datetime.fromisoformat(
        instant
    )


def test_a_repeated_time_marked_as_the_second_still_means_the_first_f26() -> None:
    second = datetime.fromisoformat("2026-10-25T02:30").replace(fold=1)
    assert instant_of(second, ZoneInfo("Europe/Berlin")) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("zone", "day", "wall"),
    [
        pytest.param("Europe/Berlin", "2026-11-22", "2026-11-22T00:00+01:00", id="plain"),
        pytest.param("America/Santiago", "2024-09-08", "2024-09-08T01:00-03:00", id="Santiago"),
        pytest.param("Africa/Cairo", "2024-04-26", "2024-04-26T01:00+03:00", id="Cairo"),
        pytest.param("Asia/Beirut", "2024-03-31", "2024-03-31T01:00+03:00", id="Beirut"),
        pytest.param(
            "America/Toronto",
            "1919-03-31",
            "1919-03-31T00:30-04:00",
            id="gap begins before midnight",
        ),
        pytest.param(
            "America/Nuuk", "2024-03-31", "2024-03-31T00:00-01:00", id="gap ends at midnight"
        ),
        pytest.param("America/Havana", "2024-11-03", "2024-11-03T00:00-04:00", id="midnight twice"),
        pytest.param(
            "America/St_Johns",
            "2010-11-07",
            "2010-11-07T00:00-02:30",
            id="midnight twice, over midnight",
        ),
        pytest.param("Pacific/Apia", "2011-12-30", "2011-12-31T00:00+14:00", id="day left out"),
        pytest.param("Pacific/Apia", "2011-12-31", "2011-12-31T00:00+14:00", id="the day after it"),
    ],
)
def test_a_day_starts_with_the_first_instant_that_it_has(zone: str, day: str, wall: str) -> None:
    start = start_of_day(date.fromisoformat(day), ZoneInfo(zone))
    assert (start, start.tzinfo) == (datetime.fromisoformat(wall), UTC)


@pytest.mark.parametrize(
    ("zone", "left_out"),
    [
        ("Pacific/Apia", date(2011, 12, 30)),
        ("Pacific/Fakaofo", date(2011, 12, 30)),
        ("Pacific/Kwajalein", date(1993, 8, 21)),
    ],
)
def test_a_zone_that_moves_over_the_date_line_leaves_out_one_day(zone: str, left_out: date) -> None:
    around = [left_out + timedelta(days=n) for n in range(-3, 4)]
    assert [day for day in around if not day_exists(day, ZoneInfo(zone))] == [left_out]


def test_a_local_time_carries_the_offset_of_its_zone() -> None:
    shown = local(datetime(2026, 7, 1, 16, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert shown.isoformat() == "2026-07-01T18:00:00+02:00"


def test_an_instant_late_in_utc_lies_on_the_next_day_further_east() -> None:
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert day_of(late, ZoneInfo("Europe/Berlin")) == date(2026, 11, 23)
    assert day_of(late, ZoneInfo("America/New_York")) == date(2026, 11, 22)


@given(instants, zones)
def test_an_instant_keeps_its_place_on_the_way_to_the_wall_and_back(
    instant: datetime, zone: ZoneInfo
) -> None:
    wall = local(instant, zone)
    back = instant_of(wall.replace(tzinfo=None), zone)
    # The second pass of a repeated hour reads as the first; everything else comes back.
    assert back == instant if wall.fold == 0 else back < instant


@given(days, zones)
@example(date(1919, 3, 31), ZoneInfo("America/Toronto"))
@example(date(2024, 9, 8), ZoneInfo("America/Santiago"))
@example(date(2010, 11, 7), ZoneInfo("America/St_Johns"))
def test_one_millisecond_before_its_start_it_is_not_yet_that_day(day: date, zone: ZoneInfo) -> None:
    start = start_of_day(day, zone)
    if day_exists(day, zone):
        assert day_of(start, zone) == day
    assert day_of(start - timedelta(milliseconds=1), zone) < day


@given(instants, zones)
def test_no_instant_lies_before_the_start_of_its_day(instant: datetime, zone: ZoneInfo) -> None:
    assert start_of_day(day_of(instant, zone), zone) <= instant


@given(days, zones)
def test_a_day_is_never_longer_than_26_hours(day: date, zone: ZoneInfo) -> None:
    length = start_of_day(day + timedelta(days=1), zone) - start_of_day(day, zone)
    assert timedelta(0) <= length <= timedelta(hours=26)
