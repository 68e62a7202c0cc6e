"""The page of one customer: how many are left on the card, what is booked, who they are, what was done.

Whoever works at the desk of the home studio opens it, or of a studio in which the customer has booked; there
they see all of it, bookings in other studios too, because contingents and overlaps are of all studios.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from starlette.responses import Response

from kursplan.console.addresses import address
from kursplan.console.customers import book
from kursplan.console.customers.book import BookView
from kursplan.console.customers.booked import BookedWriter
from kursplan.console.customers.card import State, cards
from kursplan.console.customers.facts import Facts, facts
from kursplan.console.customers.view import CustomerView, Fact
from kursplan.console.customers.whom import STATUSES
from kursplan.console.frame import IN_CHARGE, Link
from kursplan.console.history.asked import part_of
from kursplan.console.history.lines import LineView, lines
from kursplan.console.page import page
from kursplan.console.said import said
from kursplan.console.told import undo_bar
from kursplan.console.told.view import UndoView
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.domain.accounts import Action, may
from kursplan.domain.bookings import Participation
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import instant_of, local
from kursplan.domain.names import full_name
from kursplan.domain.studios import zone_of
from kursplan.staff.flags import flags_of

PAST_SHOWN: Final = 8
LINES_SHOWN: Final = 8
PAST_AT_MOST: Final = 1000


async def handler(visit: Visit) -> Response:
    customer_id = number_of("customer_id", visit.request.path_params["customer_id"])
    now = visit.services.clock.now()
    every = visit.asked_one_of("past", "some", "all") == "all"
    limit = PAST_AT_MOST if every else PAST_SHOWN + 1
    year = datetime.combine(now.date().replace(month=1, day=1), time())
    since = instant_of(year, ZoneInfo("UTC"))
    found = await visit.read(facts, customer_id, now, since, limit)
    if found is None:
        raise NotThere(str(customer_id))
    organization_id = visit.member.organization_id
    services = visit.services
    flags = await flags_of(services.desk, services.database, organization_id, found.to_come)
    undo = await undo_bar(visit, f"customers/{customer_id}")
    offered = await book.offers(visit, customer_id, now)
    writer = BookedWriter(visit.words, found, flags, now, visit.member)
    zone = zone_of(found.studios[found.person.entry.studio].zone)
    done = await lines(visit, EntityKind.CUSTOMER, customer_id, zone, LINES_SHOWN)
    around = _Around(undo, offered, done)
    view = _view(visit, found, writer, around, now, every=every)
    return page(visit, "customers/customer.html", view.name, view)


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands beside what is known of them."""

    undo: UndoView | None
    book: BookView
    history: tuple[LineView, ...]


def _view(
    visit: Visit, found: Facts, rows: BookedWriter, around: _Around, now: datetime, *, every: bool
) -> CustomerView:
    words, entry = visit.words, found.person.entry
    zone = zone_of(found.studios[entry.studio].zone)
    today = local(now, zone).date()
    here = f"customers/{found.id}"
    held = cards(words, found.held, today, now)
    past = rows.past()
    more = len(past) > PAST_SHOWN and not every
    return CustomerView(
        here=here,
        undo=around.undo,
        said=said(visit),
        book=around.book,
        name=full_name(entry),
        aside=_aside(words, found),
        notices=tuple(
            _notices(words, found, held_any=any(each.state is State.VALID for each in held))
        ),
        cards=tuple(each for each in held if each.state is not State.OVER),
        over=tuple(each for each in held if each.state is State.OVER),
        facts=tuple(_facts(words, found, today.year)),
        to_come=rows.to_come(),
        past=past[:PAST_SHOWN] if more else past,
        past_count=_attended(words, found, today.year),
        more_past=Link(words.gettext("Show all"), address(here, past="all")) if more else None,
        menu=tuple(_menu(visit, found)),
        history=around.history,
        all_history=part_of("customer", found.id) if visit.member.role in IN_CHARGE else None,
    )


def _aside(words: Words, found: Facts) -> str:
    entry = found.person.entry
    told = [
        entry.number,
        found.studios[entry.studio].name if len(found.studios) > 1 else None,
        words.gettext(STATUSES[entry.status]),
    ]
    return " · ".join(each for each in told if each)


def _notices(words: Words, found: Facts, *, held_any: bool) -> Iterator[str]:
    if found.person.entry.access_refused:
        yield words.gettext("Access is refused: nobody can book for them.")
    if not held_any and found.held:
        yield words.gettext("No membership is valid today.")


def _facts(words: Words, found: Facts, this_year: int) -> Iterator[Fact]:
    entry = found.person.entry
    gettext = words.gettext
    if entry.phone:
        dialled = "".join(each for each in entry.phone if each.isdigit() or each == "+")
        yield Fact(gettext("Telephone"), entry.phone, f"tel:{dialled}")
    if entry.email:
        yield Fact(gettext("E-mail"), entry.email, f"mailto:{entry.email}")
    if entry.date_of_birth is not None:
        yield Fact(gettext("Born"), words.full_day(entry.date_of_birth))
    if entry.preferred_language:
        yield Fact(gettext("Language"), words.language_name(entry.preferred_language))
    yield Fact(gettext("Home studio"), found.studios[entry.studio].name)


def _attended(words: Words, found: Facts, this_year: int) -> str:
    there = sum(found.attended.values())
    missing = found.attended.get(Participation.NOT_PARTICIPATING, 0)
    if not there:
        return ""
    said = words.gettext("%(n)s in %(year)s", n=words.number(there), year=str(this_year))
    if not missing:
        return said
    times = words.ngettext("missing once", "missing %(n)s times", missing)
    return f"{said}, {times}"


def _menu(visit: Visit, found: Facts) -> Iterator[Link]:
    words, here = visit.words, f"customers/{found.id}"
    if may(visit.member, Action.CHANGE_CUSTOMERS):
        yield Link(words.gettext("Add a membership …"), f"{here}/memberships", icon="plus")
        if len(found.studios) > 1:
            yield Link(words.gettext("Move to another studio …"), f"{here}/move", icon="studio")
    if may(visit.member, Action.EXPORT):
        yield Link(words.gettext("Export all that is kept"), f"{here}/export", icon="export")
    if may(visit.member, Action.ERASE):
        yield Link(words.gettext("Erase on request …"), f"{here}/erase", icon="cross")
