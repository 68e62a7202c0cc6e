"""The gym file that an import makes: one line a customer, which people and programs read.

It is YAML whose entries are written like JSON: quick to write and to read, and each customer can be
found by looking for a name. It has what the file that was imported said, and nothing else: all that it
does not have is left alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from kursplan.imports.match import Matched

CUSTOMERS_A_FILE = 2_500
"""How many are loaded at once: so much is in memory, however many there are."""

_written = json.JSONEncoder(ensure_ascii=False).encode
_LINE_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})
"""What YAML takes for the end of a line, and JSON does not."""


def customer(matched: Matched) -> dict[str, Any]:
    """The entry of one customer: what the file says, and nothing else."""
    who = matched.who
    return {"key": who.key, "studio": who.studio, **matched.person.facts}


def head(organization: str, about: str) -> str:
    """How such a file begins. `about` says where it comes from."""
    return f"# {about}\norganization: {entry({'key': organization})}\n"


def entry(members: dict[str, Any]) -> str:
    """Members on one line."""
    return _written(members).translate(_LINE_BREAKS)


def section(name: str, entries: Iterable[str]) -> Iterator[str]:
    """The lines of a section of entries that `entry` wrote."""
    yield f"{name}:\n"
    for each in entries:
        yield f"- {each}\n"


def in_parts(organization: str, about: str, customers: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Gym files that together have all customers, each with how many of them it has."""
    rest = iter(customers)
    while some := list(islice(rest, CUSTOMERS_A_FILE)):
        lines = section("customers", some)
        yield "".join([head(organization, about), *lines]), len(some)
