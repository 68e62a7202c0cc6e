"""The results: medians, what a partial run leaves alone, and what the report says of them."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import report, results
from bench.picture import picture
from bench.profiles import Share
from bench.ratios import BOUNDS, MEANINGS, median
from bench.run import Measured, percentile
from bench.scenarios.memory import growth

CIRCUMSTANCES: dict[str, Any] = {
    "date": "2026-11-22",
    "rounds": 3,
    "seconds": 4,
    "machine": {"processor": "fast", "cores": "2", "memory": "24 GB", "system": "Linux 6"},
    "versions": {"Python": "3.11"},
}


def measured(**ratios: list[float]) -> Measured:
    found = Measured()
    found.note("something", per_second=10.0, p99_ms=1.2346)
    found.note("something", per_second=30.0, p99_ms=2.0)
    for name, values in ratios.items():
        found.ratios[name].extend(values)
    return found


def test_a_ratio_compares_figures_of_the_same_round() -> None:
    found = Measured()
    for ours, limit in ((20, 10), (90, 30)):
        found.note("ours", per_second=ours)
        found.note("limit", per_second=limit)
        found.compare("ratio", "ours", "limit", "per_second")

    assert found.ratios == {"ratio": [2.0, 3.0]}


def test_the_median_of_the_rounds_is_the_result_and_every_round_is_kept() -> None:
    found = results.updated(
        results.NOTHING, "book", measured(http_book_pg_random=[0.9, 1.5, 1.1]), CIRCUMSTANCES
    )

    assert found["ratios"] == {"http_book_pg_random": 1.1}
    assert found["rounds"]["http_book_pg_random"] == {
        "scenario": "book",
        "date": "2026-11-22",
        "rounds": 3,
        "values": [0.9, 1.5, 1.1],
    }
    assert found["scenarios"]["book"]["figures"]["something"] == [
        {"per_second": 10.0, "p99_ms": 1.235},
        {"per_second": 30.0, "p99_ms": 2.0},
    ]


def test_a_partial_run_replaces_what_it_measured_and_nothing_else() -> None:
    first = measured(http_book_pg_random=[1.0], http_book_pg_hot=[2.0])
    before = results.updated(results.NOTHING, "book", first, CIRCUMSTANCES)
    before = results.updated(before, "reads", measured(read_slots=[0.5]), CIRCUMSTANCES)
    later = CIRCUMSTANCES | {"date": "2026-11-23"}

    after = results.updated(before, "book", measured(http_book_pg_random=[3.0]), later)

    assert after["ratios"] == {"http_book_pg_random": 3.0, "read_slots": 0.5}
    assert {name: each["date"] for name, each in after["rounds"].items()} == {
        "http_book_pg_random": "2026-11-23",
        "read_slots": "2026-11-22",
    }
    assert after["scenarios"]["reads"] == before["scenarios"]["reads"]


def test_what_is_stored_is_found_again(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    found = results.updated(results.NOTHING, "reads", measured(read_slots=[0.5]), CIRCUMSTANCES)

    assert results.stored(file) == results.NOTHING
    results.store(found, file)

    assert results.stored(file) == found
    assert json.loads(file.read_text())["ratios"] == {"read_slots": 0.5}


@pytest.mark.parametrize(
    ("ratio", "values", "good"),
    [
        ("read_slots", [0.4, 0.5, 0.6], True),
        ("read_slots", [0.4, 0.49, 0.6], False),
        ("rush_p99", [19.9], True),
        ("rush_p99", [20.0], False),
        ("read_classes", [0.0], True),
    ],
)
def test_a_run_is_good_if_its_medians_reach_their_bounds(
    ratio: str, values: list[float], good: bool
) -> None:
    assert report.is_good(measured(**{ratio: values})) is good


def test_a_run_in_which_something_happened_that_must_not_is_not_good() -> None:
    found = measured(read_slots=[1.0])
    found.checks["own_writes_not_seen"] += 0
    assert report.is_good(found)

    found.checks["own_writes_not_seen"] += 1

    assert not report.is_good(found)
    assert "own_writes_not_seen = 1 (WRONG: has to be 0)" in report.of_scenario("reads", found)


def test_the_page_shows_every_ratio_with_its_bound_its_rounds_and_its_date() -> None:
    found = measured(read_slots=[0.4], read_classes=[0.7])
    found.checks["own_writes_not_seen"] += 0

    page = report.page(results.updated(results.NOTHING, "reads", found, CIRCUMSTANCES))

    says = MEANINGS["read_slots"]
    assert f"| `read_slots` | {says} | at least 0.5: **missed** | 0.4 | 1 | 2026-11-22 |" in page
    assert "| `read_classes` |" in page
    assert "| `own_writes_not_seen` | 0 |" in page
    assert "| something | 20 | 1.618 |" in page


def test_profiles_are_kept_beside_the_ratios() -> None:
    before = results.updated(results.NOTHING, "reads", measured(read_slots=[0.5]), CIRCUMSTANCES)

    after = results.with_profiles(before, "reads", {"slots": [Share("encode (wire.py:20)", 12.5)]})

    assert after["ratios"] == before["ratios"]
    assert "| `encode (wire.py:20)` | 12.5 |" in report.profiles_page(after)


def test_the_picture_has_a_bar_for_every_ratio_with_a_bound() -> None:
    ratios = {name: [bound.value * 2] for name, bound in BOUNDS.items()}
    found = results.updated(results.NOTHING, "all", measured(**ratios, other=[1]), CIRCUMSTANCES)

    words = [each.text for each in drawn(found, "text")]

    assert set(BOUNDS) <= set(words)
    assert "other" not in words
    assert len(drawn(found, "rect")) == len(BOUNDS)


def test_a_bar_begins_at_the_bound_and_goes_to_the_right_if_it_is_reached() -> None:
    ratios = {"read_slots": [1.0], "validate": [0.125], "rush_p99": [10.0], "memory": [300.0]}
    found = results.updated(results.NOTHING, "all", measured(**ratios), CIRCUMSTANCES)

    bars = drawn(found, "rect")

    lefts = [float(each.attrib["x"]) for each in bars]
    rights = [x + float(each.attrib["width"]) for x, each in zip(lefts, bars, strict=True)]
    at_the_bound = 490.0
    assert [x == at_the_bound for x in lefts] == [True, False, True, False]
    assert [x == at_the_bound for x in rights] == [False, True, False, True]
    assert len({each.attrib["width"] for each in bars}) == 1


def drawn(found: results.Results, shape: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(picture(found))  # noqa: S314
    return [each for each in root.iter() if each.tag.endswith(shape)]


@pytest.mark.parametrize(("values", "expected"), [([3.0], 3.0), ([1, 2, 9], 2), ([1, 2], 1.5)])
def test_the_median_is_the_value_in_the_middle(values: list[float], expected: float) -> None:
    assert median(values) == expected


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (99.9, 100), (0, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile(list(range(100, 0, -1)), percent) == expected


def test_memory_that_is_taken_while_warming_up_is_no_growth() -> None:
    assert growth([50, 90, 100, 100, 100, 100, 100, 100]) == 1.0
    assert growth([100, 100, 100, 100, 110, 110, 120, 120]) == 1.2
