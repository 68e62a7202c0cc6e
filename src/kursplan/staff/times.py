"""Times as staff read them."""

from __future__ import annotations

from datetime import datetime


def moment(local: datetime) -> str:
    """A local time as people write it: `Mon 2026-03-02 18:00`. Without a zone: they stand there."""
    return local.strftime("%a %Y-%m-%d %H:%M")


def span(start: datetime, end: datetime) -> str:
    """`Mon 2026-03-02 18:00-19:00`; with both days where it ends on another."""
    if start.date() == end.date():
        return f"{moment(start)}-{end:%H:%M}"
    return f"{moment(start)} to {moment(end)}"
