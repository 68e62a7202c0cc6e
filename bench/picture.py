"""`bench/results.svg`: by how much every ratio surpasses its bound, or misses it.

A bar begins at the bound, and goes to the right if the bound is reached. Every step of the scale is
twice the one before it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape

from bench.ratios import BOUNDS
from bench.results import Results

ROW, BAR = 34, 16
NAMES, WIDTH, VALUES = 230, 520, 230
"""The columns: names, bars, and what the bars say."""
TOP, BOTTOM = 40, 14
STEPS = 5
"""The scale ends at so many doublings and halvings of the bound."""
REACHED, MISSED, TEXT, QUIET = "#2e7d4f", "#c0392b", "#222", "#888"


def picture(results: Results) -> str:
    """The picture as SVG text."""
    shown = [(name, results["ratios"][name]) for name in BOUNDS if name in results["ratios"]]
    return "\n".join(_parts(shown)) + "\n"


def _parts(shown: list[tuple[str, float]]) -> Iterator[str]:
    bottom = TOP + ROW * len(shown)
    whole, height = NAMES + WIDTH + VALUES, bottom + BOTTOM
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {height}" '
        f'font-family="sans-serif" font-size="13">'
    )
    yield f'<path d="M0 0H{whole}V{height}H0Z" fill="#fff"/>'
    for step in range(1 - STEPS, STEPS):
        yield from _line(step, bottom)
    for row, (name, figure) in enumerate(shown):
        yield from _row(TOP + ROW * row, name, figure)
    yield "</svg>"


def _line(step: int, bottom: int) -> Iterator[str]:
    x = _x(2.0**step)
    words = "bound" if step == 0 else f"{2.0**step:g}"
    colour, width = (TEXT, 1.5) if step == 0 else ("#ddd", 1)
    yield f'<path d="M{x:.0f} {TOP - 10}V{bottom}" stroke="{colour}" stroke-width="{width}"/>'
    yield _text(x, TOP - 18, words, TEXT if step == 0 else QUIET, "middle")


def _row(top: int, name: str, figure: float) -> Iterator[str]:
    bound = BOUNDS[name]
    colour = REACHED if bound.holds(figure) else MISSED
    baseline = top + ROW // 2 + 5
    ends = sorted([_x(1), _x(bound.share(figure))])
    yield _text(NAMES - 10, baseline, name, TEXT, "end")
    yield (
        f'<rect x="{ends[0]:.1f}" y="{top + (ROW - BAR) // 2}" width="{ends[1] - ends[0]:.1f}" '
        f'height="{BAR}" fill="{colour}"/>'
    )
    yield _text(NAMES + WIDTH + 10, baseline, f"{figure:g} ({bound})", colour, "start")


def _x(share: float) -> float:
    """Where a share of a bound lies on the scale; what is off the scale lies at its end."""
    doublings = math.log2(share) if share > 0 else -STEPS
    return NAMES + WIDTH * (min(max(doublings / STEPS, -1), 1) + 1) / 2


def _text(x: float, y: float, words: str, colour: str, anchor: str) -> str:
    return (
        f'<text x="{x:.0f}" y="{y}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'
    )
