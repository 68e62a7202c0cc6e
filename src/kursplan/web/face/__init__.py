"""The tokens, the mark and the typeface, which all pages share; files by their names."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

SERVED = (
    "tokens.css",
    "mark.svg",
    "fonts/instrument-sans-latin.woff2",
    "fonts/instrument-sans-latin-ext.woff2",
)


@cache
def files() -> Mapping[str, bytes]:
    here = resources.files(__package__)
    return {name: (here / name).read_bytes() for name in SERVED}
