"""Keys for what other systems know by names only."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 60
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "ł": "l"}
)


def slug(name: str) -> str:
    """The name in letters that a key may have: "Yoga für Ältere" is "yoga-fuer-aeltere"."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_GERMAN))
    text = "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode()))
    return text[:_LONGEST].strip("-")


def key_of(number: str | None, name: str, otherwise: str = "customer") -> str:
    """A number where it can be a key, or else the name."""
    if number is not None and _KEY.fullmatch(number):
        return number
    return slug(number or "") or slug(name) or otherwise
