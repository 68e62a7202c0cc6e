"""Keys for what other systems know by names only."""

from __future__ import annotations

import re

from kursplan.domain.names import slug

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def key_of(number: str | None, name: str, otherwise: str = "customer") -> str:
    """A number where it can be a key, or else the name."""
    if number is not None and _KEY.fullmatch(number):
        return number
    return slug(number or "") or slug(name) or otherwise
