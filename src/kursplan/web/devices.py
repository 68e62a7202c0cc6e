"""A browser in a word or two, by which people tell their sessions apart: "Firefox, Windows"."""

from __future__ import annotations

import re
from typing import Final

_BROWSERS: Final = (
    # Most call themselves by the names of others, too: the one that nobody else uses comes first.
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device_of(user_agent: str) -> str:
    """Empty where it is none of those that people have."""
    known = (
        next((said for sign, said in _BROWSERS if re.search(rf"\b{sign}\w*/", user_agent)), None),
        next((said for sign, said in _SYSTEMS if sign in user_agent), None),
    )
    return ", ".join(each for each in known if each)
