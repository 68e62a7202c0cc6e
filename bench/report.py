"""What was measured, for people: `bench/RESULTS.md`, and lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.ratios import BOUNDS, meaning, median
from bench.results import Results
from bench.run import Measured

FILE = Path(__file__).with_name("RESULTS.md")
PICTURE = Path(__file__).with_name("results.svg")
PROFILES = Path(__file__).with_name("PROFILES.md")

Rounds = Sequence[Mapping[str, float]]


def of_scenario(name: str, measured: Measured) -> str:
    """The medians of one scenario, as plain text."""
    lines = [f"{name}:"]
    for what, rounds in measured.figures.items():
        told = (f"{figure} {_number(value)}" for figure, value in _medians(rounds).items())
        lines.append(f"  {what}: {', '.join(told)}")
    for ratio, values in sorted(measured.ratios.items()):
        lines.append(f"  {ratio} = {median(values):g} {_judged(ratio, median(values))}".rstrip())
    for check, count in sorted(measured.checks.items()):
        lines.append(f"  {check} = {count} ({'right' if count == 0 else 'WRONG: has to be 0'})")
    return "\n".join(lines)


def is_good(measured: Measured) -> bool:
    """Whether all bounds are reached, and nothing happened that must never happen."""
    reached = (
        BOUNDS[ratio].holds(median(values))
        for ratio, values in measured.ratios.items()
        if ratio in BOUNDS
    )
    return all(reached) and not measured.checks.total()


def _judged(ratio: str, figure: float) -> str:
    bound = BOUNDS.get(ratio)
    if bound is None:
        return ""
    reached = "reached" if bound.holds(figure) else "MISSED"
    return f"({bound}: {reached}, {figure / bound.value:.2f} of it)"


def page(results: Results) -> str:
    """All of `bench/RESULTS.md`."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield "# How fast it is"
    yield ""
    yield "Written by `make bench`. Every ratio is the median of its rounds; numerator and denominator are of the"
    yield "same round, one after the other, on the same machine. What is measured, and against what, is said at the"
    yield "top of each module in `bench/scenarios`, `bench/limits` and `bench/peers`."
    yield ""
    yield "![The ratios against their bounds](results.svg)"
    yield ""
    yield "| ratio | | bound | median | rounds | date |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for ratio, figure in sorted(results["ratios"].items(), key=lambda each: _place(each[0])):
        told = results["rounds"][ratio]
        bound = BOUNDS.get(ratio)
        verdict = (
            ""
            if bound is None
            else f"{bound}: {'reached' if bound.holds(figure) else '**missed**'}"
        )
        yield (
            f"| `{ratio}` | {meaning(ratio)} | {verdict} | {_number(figure)} "
            f"| {told['rounds']} | {told['date']} |"
        )
    if results["checks"]:
        yield ""
        yield "| has to be 0 | found |"
        yield "| --- | --- |"
        for check, count in results["checks"].items():
            yield f"| `{check}` | {count} |"
    for scenario, found in results["scenarios"].items():
        yield ""
        yield from _scenario(scenario, found)


def _place(ratio: str) -> tuple[int, str]:
    """Those with a bound come first, in the order of the bounds."""
    names = list(BOUNDS)
    return (names.index(ratio) if ratio in names else len(names), ratio)


def _scenario(scenario: str, found: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {scenario}"
    yield ""
    machine = found["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
    yield (
        f"{found['date']}, rounds: {found['rounds']}, seconds each: {found['seconds']}; medians. "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory']}, {machine['system']}. "
        f"{versions}."
    )
    yield ""
    by_columns: dict[tuple[str, ...], list[tuple[str, Rounds]]] = {}
    for what, rounds in found["figures"].items():
        columns = tuple(_medians(rounds))
        by_columns.setdefault(columns, []).append((what, rounds))
    for columns, rows in by_columns.items():
        yield f"| | {' | '.join(each.replace('_', ' ') for each in columns)} |"
        yield f"| --- | {' | '.join('---:' for _ in columns)} |"
        for what, rounds in rows:
            yield f"| {what} | {' | '.join(_number(each) for each in _medians(rounds).values())} |"
        yield ""


def _medians(rounds: Rounds) -> dict[str, float]:
    """The median of each figure; what was absent in a round was none."""
    names = dict.fromkeys(name for each in rounds for name in each)
    return {name: median([each.get(name, 0) for each in rounds]) for name in names}


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"


def profiles_page(results: Results) -> str:
    """All of `bench/PROFILES.md`."""
    lines = [
        "# Where the time goes",
        "",
        "Written by `make bench ARGS=--profile`: the functions in which a worker spends most of its time on the",
        "processor, without what they call, as py-spy sees it while the scenario runs.",
    ]
    for scenario, profiles in results["profiles"].items():
        for what, shares in profiles.items():
            lines += ["", f"## {scenario}: {what}", "", "| function | % |", "| --- | ---: |"]
            lines += [f"| `{function}` | {percent} |" for function, percent in shares]
    return "\n".join(lines) + "\n"
