"""`bench/results.json`: the ratios, how often and when each was measured, and every raw value.

A run of some scenarios replaces what those say, and leaves the rest as it was; so every ratio has
the date and the number of rounds with which it was measured.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.profiles import Share
from bench.ratios import median
from bench.run import Measured

FILE = Path(__file__).with_name("results.json")

Results = dict[str, Any]

NOTHING: Results = {"ratios": {}, "rounds": {}, "checks": {}, "scenarios": {}, "profiles": {}}


def stored(file: Path = FILE) -> Results:
    """What was found out before."""
    return NOTHING | (json.loads(file.read_text()) if file.exists() else {})


def updated(
    results: Results, scenario: str, measured: Measured, circumstances: Mapping[str, Any]
) -> Results:
    """`results` with what a scenario found out in place of what it had found out before."""
    before = results["scenarios"].get(scenario, {"ratios": [], "checks": []})
    told = {
        name: {
            "scenario": scenario,
            "date": circumstances["date"],
            "rounds": len(values),
            "values": [median([value]) for value in values],
        }
        for name, values in measured.ratios.items()
    }
    found = {
        **circumstances,
        "ratios": sorted(measured.ratios),
        "checks": sorted(measured.checks),
        "figures": dict(measured.figures),
    }
    medians = {name: median(values) for name, values in measured.ratios.items()}
    return results | {
        "ratios": _replaced(results["ratios"], before["ratios"], medians),
        "rounds": _replaced(results["rounds"], before["ratios"], told),
        "checks": _replaced(results["checks"], before["checks"], measured.checks),
        "scenarios": _replaced(results["scenarios"], [scenario], {scenario: found}),
    }


def with_profiles(results: Results, scenario: str, profiles: Mapping[str, list[Share]]) -> Results:
    """`results` with where a scenario spent its time."""
    plain = {
        what: [[share.function, share.percent] for share in shares]
        for what, shares in profiles.items()
    }
    return results | {"profiles": _replaced(results["profiles"], [scenario], {scenario: plain})}


def _replaced(before: Mapping[str, Any], gone: list[str], new: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in before.items() if name not in gone}
    return dict(sorted({**kept, **new}.items()))


def store(results: Results, file: Path = FILE) -> None:
    file.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
