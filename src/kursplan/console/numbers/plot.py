"""A line through the weeks, drawn as points of an SVG: nothing but numbers, which the page's policy admits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import ceil, floor
from typing import Final

from kursplan.console.numbers.view import Mark, Plot

LEFT, RIGHT, TOP, BOTTOM = 44, 664, 20, 266
LABELS: Final = 7
"""So many weeks are named below it at most."""
LEAST: Final = 0.2
"""What the scale holds at least, so that nothing looks steeper than it is."""
FINE: Final = 6
"""To so many digits a share is a tenth or is none."""
APART: Final = 16
"""So far two words at its end stand from each other."""

Shares = Sequence[float | None]


def plot(
    title: str,
    now: Shares,
    before: Shares,
    weeks: Sequence[str],
    percent: Callable[[float], str],
) -> Plot | None:
    """Both lines, with a scale that holds them. None where there are not two weeks to draw a line between."""
    known = [each for each in (*now, *before) if each is not None]
    if sum(each is not None for each in now) < 2:
        return None
    low = floor(round(min(known) * 10, FINE)) / 10
    high = max(ceil(round(max(known) * 10, FINE)) / 10, low + LEAST)

    def y(share: float) -> int:
        return round(BOTTOM - (share - low) / (high - low) * (BOTTOM - TOP))

    def x(week: int) -> int:
        return round(LEFT + week * (RIGHT - LEFT) / max(1, len(now) - 1))

    def points(of: Shares) -> list[tuple[int, int]]:
        return [(x(at), y(share)) for at, share in enumerate(of) if share is not None]

    line, earlier = points(now), points(before)
    tenths = round((high - low) * 10)
    step = 1 if tenths <= 5 else 2
    first, last = line[0], line[-1]
    return Plot(
        title=title,
        rules=tuple(
            Mark(LEFT - 8, y(share), percent(share))
            for share in (low + tenth / 10 for tenth in range(0, tenths + 1, step))
        ),
        weeks=tuple(
            Mark(x(at), BOTTOM + 24, weeks[at])
            for at in range(0, len(weeks), -(-len(weeks) // LABELS))
        ),
        area=_written([(first[0], BOTTOM), *line, (last[0], BOTTOM)]),
        line=_written(line),
        before=_written(earlier),
        ends=tuple(_ends(now, before, line, earlier, percent)),
        dot=last,
    )


def _ends(
    now: Shares,
    before: Shares,
    line: Sequence[tuple[int, int]],
    earlier: Sequence[tuple[int, int]],
    percent: Callable[[float], str],
) -> Iterator[Mark]:
    """At the end of each line how high it is there, beside each other where they meet."""
    (x, y), said = line[-1], _last(now)
    yield Mark(x + 9, y + 4, percent(said))
    if earlier:
        other = earlier[-1][1]
        if abs(other - y) < APART:
            other = y + APART if other >= y else y - APART
        yield Mark(earlier[-1][0] + 9, other + 4, percent(_last(before)))


def _last(of: Shares) -> float:
    return next(each for each in reversed(of) if each is not None)


def _written(points: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{x},{y}" for x, y in points)
