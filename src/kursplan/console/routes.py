"""All pages of the console: where each is, who may open it, and what it is about.

A test opens every one of them as every role, for a studio that they have and one that they have not, and
for another organization's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kursplan.console import about, customers, find, timetable
from kursplan.console.frame import DESK, EVERYBODY
from kursplan.console.visit import About, Handler
from kursplan.domain.accounts import Role

GET: Final = ("GET",)


@dataclass(frozen=True, slots=True)
class Page:
    path: str
    """Below `/console/`; what is in braces is what it is about."""
    methods: Sequence[str]
    roles: frozenset[Role] | None
    """Who may open it; None where nobody has to be signed in."""
    about: About | None
    """Which studio or slot it is about; None where the page itself shows only what is theirs."""
    handler: Handler


HOME: Final = "timetable"
"""Where one gets to from `/console`."""

ROUTES: Final[tuple[Page, ...]] = (
    Page("timetable", GET, EVERYBODY, about.studio_asked_for, timetable.handler),
    # People, and what is found.
    Page("find", GET, EVERYBODY, None, find.handler),
    Page("customers", GET, DESK, None, find.handler),
    Page("customers/{customer_id}", GET, DESK, about.customer_in_path, customers.handler),
)
