"""All pages of the console: where each is, who may open it, and what it is about.

A test opens every one of them as every role, for a studio that they have and one that they have not, and
for another organization's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kursplan.console import (
    about,
    bookings,
    customers,
    find,
    history,
    ill,
    live,
    numbers,
    slot,
    timetable,
    today,
    told,
)
from kursplan.console.customers import book, contracts, person
from kursplan.console.frame import AT_THE_DESK, EVERYBODY, WHO_PLAN
from kursplan.console.slot import actions
from kursplan.console.visit import About, Handler
from kursplan.domain.accounts import Role

GET: Final = ("GET",)
POST: Final = ("POST",)
GET_AND_POST: Final = ("GET", "POST")
"""For what is asked about first: the link shows it, the button does it."""


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
    Page("slots/{slot_id}/walk-ins", POST, AT_THE_DESK, about.slot_in_path, today.walk_ins),
    Page(live.PATH, GET, EVERYBODY, about.studio_asked_for, live.handler),
    Page(ill.PATH, GET_AND_POST, AT_THE_DESK, about.studio_asked_for, ill.handler),
    Page("told", GET, AT_THE_DESK, None, told.together),
    Page("timetable", GET, EVERYBODY, about.studio_asked_for, timetable.handler),
    # A slot, and what is done to it.
    Page("slots/{slot_id}", GET, EVERYBODY, about.slot_in_path, slot.handler),
    Page("slots/{slot_id}/attendance.csv", GET, EVERYBODY, about.slot_in_path, slot.attendance),
    *(
        Page(f"slots/{{slot_id}}/{path}", methods, AT_THE_DESK, about.slot_in_path, handler)
        for path, methods, handler in (
            ("book", GET_AND_POST, actions.book),
            ("cancel", GET_AND_POST, actions.cancel),
            ("give-back", GET_AND_POST, actions.give_back),
            ("move", GET_AND_POST, actions.move),
            ("move-up", POST, actions.move_up),
            ("places", POST, actions.places),
            ("restore", GET_AND_POST, actions.restore),
            ("stand-in", POST, actions.stand_in),
            ("stand-in-back", POST, actions.stand_in_back),
            ("swap", GET_AND_POST, actions.swap),
        )
    ),
    # What is done to a booking, from whichever page.
    *(
        Page(f"bookings/{{booking_id}}/{path}", methods, roles, about.booking_in_path, handler)
        for path, methods, roles, handler in (
            ("participation", POST, EVERYBODY, bookings.participation),
            ("confirm", POST, AT_THE_DESK, bookings.confirm),
            ("cancel", GET_AND_POST, AT_THE_DESK, bookings.cancel),
            ("waive", GET_AND_POST, AT_THE_DESK, bookings.waive),
            ("move-up", POST, AT_THE_DESK, bookings.move_up),
        )
    ),
    # Whom to tell of what was done, and the way back.
    Page("told/{line}", GET, EVERYBODY, told.line_in_path, told.handler),
    Page("told/{line}/undo", POST, EVERYBODY, told.line_in_path, told.undo),
    # People, and what is found.
    Page("find", GET, EVERYBODY, None, find.handler),
    Page("customers", GET, AT_THE_DESK, None, find.handler),
    Page("customers/new", GET_AND_POST, AT_THE_DESK, None, person.new),
    Page("customers/{customer_id}", GET, AT_THE_DESK, about.customer_in_path, customers.handler),
    *(
        Page(
            f"customers/{{customer_id}}/{path}",
            methods,
            AT_THE_DESK,
            about.customer_in_path,
            handler,
        )
        for path, methods, handler in (
            ("book", POST, book.handler),
            ("edit", GET_AND_POST, person.edit),
            ("memberships", GET_AND_POST, contracts.add),
            ("freeze", GET_AND_POST, contracts.freeze),
            ("wake", GET_AND_POST, contracts.wake),
            ("end", GET_AND_POST, contracts.end),
            ("move", GET_AND_POST, contracts.move),
        )
    ),
    # How it goes, and what was done.
    Page("numbers", GET, WHO_PLAN, about.studio_asked_for, numbers.handler),
    Page("numbers/{table}.csv", GET, WHO_PLAN, about.studio_asked_for, numbers.sheet),
    Page("history", GET, WHO_PLAN, None, history.handler),
)
