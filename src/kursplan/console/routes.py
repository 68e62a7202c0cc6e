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
    accounts,
    bookings,
    classes,
    customers,
    find,
    gym_file,
    history,
    ill,
    live,
    moving_in,
    numbers,
    organization,
    partners,
    rates,
    series,
    setup,
    slot,
    studio,
    timetable,
    today,
    told,
)
from kursplan.console.accounts import changes, role
from kursplan.console.bookings import past, settled
from kursplan.console.classes import edit, overview
from kursplan.console.customers import book, contracts, kept, person
from kursplan.console.frame import AT_THE_DESK, EVERYBODY, IN_CHARGE, OWNERS
from kursplan.console.partners import application, deliveries, endpoints, keys, of_change, where
from kursplan.console.planning import slot as slot_planned
from kursplan.console.planning import week
from kursplan.console.rates import edit as rate_edit
from kursplan.console.setup import first
from kursplan.console.setup import forms as short_forms
from kursplan.console.slot import actions
from kursplan.console.slot import book as slot_booked
from kursplan.console.studio import (
    closures,
    data,
    employee,
    employees,
    holidays,
    hours,
    rooms,
)
from kursplan.console.today import needs
from kursplan.console.visit import About, Handler
from kursplan.domain.accounts import Role
from kursplan.imports.heads import Subject

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
    sensitive: bool = False
    """Whether they show once more who they are, unless that was just now."""


HOME: Final = today.PATH
"""Where one gets to from `/console`."""
SET_UP: Final = setup.PATH
"""Where an owner gets to instead, as long as there is nothing to begin a day with."""

ROUTES: Final[tuple[Page, ...]] = (
    Page(today.PATH, GET, EVERYBODY, about.studio_asked_for, today.handler),
    Page("slots/{slot_id}/the-rest", POST, EVERYBODY, about.slot_in_path, today.the_rest),
    Page(needs.PATH, GET, AT_THE_DESK, about.studio_asked_for, needs.handler),
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
            ("book", GET_AND_POST, slot_booked.handler),
            ("cancel", GET_AND_POST, actions.cancel),
            ("give-back", GET_AND_POST, actions.give_back),
            ("move", GET_AND_POST, actions.move),
            ("move-up", POST, actions.move_up),
            ("places", POST, actions.places),
            ("restore", GET_AND_POST, actions.restore),
            ("stand-in", POST, actions.stand_in),
            ("stand-in-back", POST, actions.stand_in_back),
            ("suggestions", POST, slot_booked.suggestions),
            ("swap", GET_AND_POST, actions.swap),
        )
    ),
    # A booking: what was done to it, and what is done to it, from whichever page.
    Page("bookings/{booking_id}", GET, EVERYBODY, about.booking_in_path, past.handler),
    *(
        Page(f"bookings/{{booking_id}}/{path}", methods, roles, about.booking_in_path, handler)
        for path, methods, roles, handler in (
            ("participation", POST, EVERYBODY, bookings.participation),
            ("confirm", POST, AT_THE_DESK, bookings.confirm),
            ("cancel", GET_AND_POST, AT_THE_DESK, bookings.cancel),
            ("waive", GET_AND_POST, AT_THE_DESK, bookings.waive),
            ("settle", GET_AND_POST, AT_THE_DESK, settled.settle),
            ("ask-again", GET_AND_POST, AT_THE_DESK, settled.ask_again),
            ("move-up", POST, AT_THE_DESK, bookings.move_up),
        )
    ),
    # Whom to tell of what was done, and the way back.
    Page("told/{line}", GET, EVERYBODY, told.line_in_path, told.handler),
    Page("told/{line}/undo", POST, EVERYBODY, told.line_in_path, told.undo),
    # People, and what is found.
    Page("find", GET, EVERYBODY, None, find.handler),
    Page("find/suggestions", POST, EVERYBODY, None, find.suggestions),
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
    # A studio: when it is open, its rooms, who works there, and what is known of it.
    Page(studio.PATH, GET, IN_CHARGE, about.studio_asked_for, studio.handler),
    *(
        Page(f"{studio.PATH}/{path}", methods, roles, about_, handler)
        for path, methods, roles, about_, handler in (
            ("data", GET_AND_POST, IN_CHARGE, about.studio_asked_for, data.handler),
            ("lost", GET_AND_POST, OWNERS, about.studio_asked_for, data.lost),
            ("hours", GET_AND_POST, IN_CHARGE, about.studio_asked_for, hours.handler),
            ("closures/new", GET_AND_POST, IN_CHARGE, about.studio_asked_for, closures.add),
            (holidays.PATH, GET_AND_POST, IN_CHARGE, about.studio_asked_for, holidays.handler),
            (
                "closures/{closure_id}",
                GET_AND_POST,
                IN_CHARGE,
                about.closure_in_path,
                closures.edit,
            ),
            (
                "closures/{closure_id}/remove",
                GET_AND_POST,
                IN_CHARGE,
                about.closure_in_path,
                closures.remove,
            ),
            ("rooms/new", GET_AND_POST, IN_CHARGE, about.studio_asked_for, rooms.add),
            ("rooms/{room_id}", GET_AND_POST, IN_CHARGE, about.room_in_path, rooms.edit),
            ("rooms/{room_id}/remove", GET_AND_POST, IN_CHARGE, about.room_in_path, rooms.remove),
            ("employees", GET, IN_CHARGE, about.studio_asked_for, employees.handler),
            ("employees/new", GET_AND_POST, IN_CHARGE, about.studio_asked_for, employees.add),
            ("employees/{employee_id}", GET, IN_CHARGE, about.employee_in_path, employee.handler),
            (
                "employees/{employee_id}/edit",
                GET_AND_POST,
                IN_CHARGE,
                about.employee_in_path,
                employees.edit,
            ),
            (
                "employees/{employee_id}/remove",
                GET_AND_POST,
                IN_CHARGE,
                about.employee_in_path,
                employees.remove,
            ),
        )
    ),
    *(
        Page(
            f"customers/{{customer_id}}/{path}",
            methods,
            roles,
            about.customer_in_path,
            handler,
            sensitive=True,
        )
        for path, methods, roles, handler in (
            ("export", GET, kept.EXPORTS, kept.export),
            ("erase", GET_AND_POST, kept.ERASES, kept.erase),
        )
    ),
    # Who signs in.
    Page(accounts.PATH, GET, OWNERS, None, accounts.handler),
    Page("accounts/invite", GET_AND_POST, OWNERS, None, role.invite, sensitive=True),
    Page("accounts/{account_id}", GET, OWNERS, about.account_in_path, accounts.show),
    *(
        Page(
            f"accounts/{{account_id}}/{path}",
            GET_AND_POST,
            OWNERS,
            about.account_in_path,
            handler,
            sensitive=True,
        )
        for path, handler in (
            ("role", role.change),
            ("disable", changes.disable),
            ("enable", changes.enable),
            ("reset", changes.reset),
            ("sign-out", changes.sign_out),
        )
    ),
    # Partners: what they have, what they were told, and what is done about it.
    *(
        Page(path, methods, OWNERS, whose, handler, sensitive=sensitive)
        for path, methods, whose, handler, sensitive in (
            (partners.PATH, GET, None, partners.handler, False),
            ("partners/new", GET_AND_POST, None, application.new, True),
            ("partners/{application_id}", GET, about.application, application.show, False),
            (
                "partners/{application_id}/name",
                GET_AND_POST,
                about.application,
                application.rename,
                True,
            ),
            (
                "partners/{application_id}/studios",
                GET_AND_POST,
                about.application,
                application.activate,
                True,
            ),
            ("deliveries", GET, None, deliveries.handler, False),
            ("deliveries/{delivery_id}", GET, about.delivery, deliveries.show, False),
            ("deliveries/{delivery_id}/resend", POST, about.delivery, deliveries.resend, False),
            ("told/{line}/partners", GET, told.line_in_path, of_change.handler, False),
        )
    ),
    *(
        Page(
            f"integrations/{{integration_id}}{path}",
            GET_AND_POST,
            OWNERS,
            about.integration,
            handler,
            sensitive=True,
        )
        for path, handler in (
            ("", application.change),
            ("/keys", keys.issue),
            ("/endpoints", where.add),
        )
    ),
    Page("keys/{key_id}/revoke", GET_AND_POST, OWNERS, about.key, keys.revoke, sensitive=True),
    *(
        Page(
            f"endpoints/{{endpoint_id}}{path}",
            methods,
            OWNERS,
            about.endpoint,
            handler,
            sensitive=sensitive,
        )
        for path, methods, handler, sensitive in (
            ("", GET, endpoints.show, False),
            ("/test", POST, endpoints.test, False),
            ("/resend", GET_AND_POST, endpoints.resend, False),
            ("/enable", GET_AND_POST, endpoints.enable, False),
            ("/disable", GET_AND_POST, endpoints.disable, True),
            ("/change", GET_AND_POST, where.change, True),
            ("/secret", GET_AND_POST, where.rotate, True),
            ("/remove", GET_AND_POST, endpoints.remove, True),
        )
    ),
    Page(organization.PATH, GET_AND_POST, OWNERS, None, organization.handler),
    # What is offered, and when: classes, series, rates.
    Page(classes.PATH, GET, IN_CHARGE, about.studio_asked_for, classes.handler),
    Page("classes/new", GET_AND_POST, IN_CHARGE, about.studio_asked_for, edit.make),
    Page("classes/new/words", GET, IN_CHARGE, about.studio_asked_for, edit.say_of_new),
    Page(slot_planned.PATH, GET_AND_POST, IN_CHARGE, about.studio_asked_for, slot_planned.handler),
    Page(week.PATH, GET_AND_POST, IN_CHARGE, about.studio_asked_for, week.handler),
    *(
        Page(path, methods, IN_CHARGE, about.class_in_path, handler)
        for path, methods, handler in (
            ("classes/{class_id}", GET, overview.handler),
            ("classes/{class_id}/edit", GET_AND_POST, edit.change),
            ("classes/{class_id}/words", GET, edit.say),
            ("classes/{class_id}/series", GET_AND_POST, series.make),
        )
    ),
    Page("series/{series_id}", GET_AND_POST, IN_CHARGE, about.series_in_path, series.edit),
    Page("series/{series_id}/end", GET_AND_POST, IN_CHARGE, about.series_in_path, series.end),
    Page(rates.PATH, GET, IN_CHARGE, None, rates.handler),
    Page("rates/new", GET_AND_POST, IN_CHARGE, None, rate_edit.make),
    Page("rates/{rate_id}", GET, IN_CHARGE, about.rate_in_path, rates.one),
    Page("rates/{rate_id}/edit", GET_AND_POST, IN_CHARGE, about.rate_in_path, rate_edit.change),
    # Setting up, moving in, and all of it as one document: what changes the whole company.
    Page(setup.PATH, GET, OWNERS, None, setup.handler),
    Page("setup/example", POST, OWNERS, None, setup.example),
    *(
        Page(f"setup/{path}", GET_AND_POST, OWNERS, None, handler, sensitive=sensitive)
        for path, handler, sensitive in (
            ("studio", short_forms.studio, False),
            ("rooms", short_forms.rooms, False),
            ("people", short_forms.people, False),
            ("class", short_forms.first_class, False),
            ("partner", first.partner, True),
        )
    ),
    Page(gym_file.PATH, GET, OWNERS, None, gym_file.handler, sensitive=True),
    Page("gym-file/download", GET, OWNERS, None, gym_file.download, sensitive=True),
    Page("gym-file/look", POST, OWNERS, None, gym_file.look, sensitive=True),
    Page(moving_in.PATH, GET, OWNERS, None, moving_in.handler),
    *(
        Page(f"moving-in/{each.value}", POST, OWNERS, None, moving_in.look(each))
        for each in Subject
    ),
    # How it goes, and what was done.
    Page("numbers", GET, IN_CHARGE, about.studio_asked_for, numbers.handler),
    Page("numbers/{table}.csv", GET, IN_CHARGE, about.studio_asked_for, numbers.sheet),
    Page("history", GET, IN_CHARGE, None, history.handler),
)
