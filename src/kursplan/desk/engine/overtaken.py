"""Overtaken: somebody else changed what a command was decided by, before its turn came."""

from __future__ import annotations

from typing import TypeVar

E = TypeVar("E")


class Overtaken(Exception):
    """It stands otherwise by now than when this was decided, and nothing was done: look again."""


def check(stood: E | None, stands: E | None) -> None:
    """Raises `Overtaken` where it is not as it `stood`; None where that does not matter."""
    if stood is not None and stood != stands:
        raise Overtaken("it was changed since it was looked at")
