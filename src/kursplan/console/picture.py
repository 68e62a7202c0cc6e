"""A text as a picture that a telephone reads: a QR code, as one path that needs no style."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby

import segno

MARGIN = 4
"""So many squares around it stay empty: without them it is not found."""


@dataclass(frozen=True, slots=True)
class Picture:
    size: int
    """Squares in a row, with the margin."""
    path: str = field(repr=False)
    """The dark ones, for the `d` of an SVG path."""


def picture_of(text: str) -> Picture:
    rows = segno.make_qr(text, error="m").matrix
    runs = []
    for y, row in enumerate(rows, MARGIN):
        x = MARGIN
        for is_dark, squares in groupby(row):
            length = len(list(squares))
            if is_dark:
                runs.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return Picture(len(rows) + 2 * MARGIN, "".join(runs))
