"""All pages of the console: where each is, who may open it, and what it is about.

A test opens every one of them as every role, for a studio that they have and one that they have not, and
for another organization's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kursplan.console import about, live, timetable, today
from kursplan.console.frame import DESK, EVERYBODY
from kursplan.console.visit import About, Handler
from kursplan.domain.accounts import Role

GET: Final = ("GET",)
POST: Final = ("POST",)


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


HOME: Final = today.PATH
"""Where one gets to from `/console`."""

ROUTES: Final[tuple[Page, ...]] = (
    Page(today.PATH, GET, EVERYBODY, about.studio_asked_for, today.handler),
    Page("slots/{slot_id}/the-rest", POST, EVERYBODY, about.slot_in_path, today.the_rest),
    Page("slots/{slot_id}/walk-ins", POST, DESK, about.slot_in_path, today.walk_ins),
    Page(live.PATH, GET, EVERYBODY, about.studio_asked_for, live.handler),
    Page("timetable", GET, EVERYBODY, about.studio_asked_for, timetable.handler),
)
