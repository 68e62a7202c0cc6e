"""Parameters that several commands take from people, in one form."""

from __future__ import annotations

from kursplan.cli.output import Stop

DAY = "%Y-%m-%d"
MOMENTS = ("%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
NONE = "none"
"""What is typed for no room, and for seats without a limit."""
MOST_SEATS = 100_000


def seats_of(text: str) -> int | None:
    """How many seats that is; None for no limit. Raises `Stop`."""
    if text == NONE:
        return None
    if not text.isascii() or not text.isdigit() or int(text) > MOST_SEATS:
        raise Stop(f"--seats {text} is neither a number from 0 to {MOST_SEATS} nor `{NONE}`", 2)
    return int(text)
