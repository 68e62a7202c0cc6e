"""The tone of a class: the same on every page, so that it is known again."""

from __future__ import annotations

from typing import Final

TONES: Final = 11
"""How many there are in the sheet."""


def tone_of(class_id: int) -> str:
    """Its class in the sheet; classes that were made one after the other have different ones."""
    return f"tone-{class_id % TONES + 1}"
