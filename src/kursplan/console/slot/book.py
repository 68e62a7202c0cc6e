"""A customer on a slot: found by what is typed, and booked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kursplan.console import places as studios
from kursplan.console.addresses import within
from kursplan.console.consequences import fields_of, overruled
from kursplan.console.find import TYPED, as_typed, in_turn
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.slot.which import ask_of, crumbs, proposal_of, slot_of
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.names import full_name
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import contacts, customers, timetable

FOUND: Final = 12
"""How many customers are offered at once; whoever is not among them needs more letters."""
SUGGESTED: Final = 6
"""How many of them while somebody types."""


@dataclass(frozen=True, slots=True)
class FoundView:
    id: int
    name: str
    href: str
    note: str
    on_it: str
    """Said of who is on the slot already; empty for who can be booked."""


@dataclass(frozen=True, slots=True)
class BookView:
    heading: str
    crumbs: tuple[Link, ...]
    slot: str
    """Where the page of the slot is; its others are below it."""
    back: str
    q: str
    found: tuple[FoundView, ...]


async def handler(visit: Visit) -> Response:
    """Whom `q` finds, each with a button that books them; and then it is done."""
    fields, row = await fields_of(visit), await slot_of(visit)
    if visit.request.method != "POST":
        back = within(fields.get("back"), f"slots/{row.id}")
        return await _book_page(visit, row, fields.get("who", "").strip(), back)
    words = visit.words
    customer_id = number_of("customer", fields.get("customer", ""))
    names = await visit.read(timetable.names_of_customers, [customer_id])
    if customer_id not in names:
        raise NotThere(str(customer_id))
    booking = Book(
        visit.member.organization_id,
        row.studio_id,
        customer_id,
        row.id,
        await visit.services.desk.ids.next(),
        overrule=overruled(fields),
    )
    proposal = proposal_of(
        visit,
        row,
        words.gettext("Book %(who)s on %(title)s?", who=names[customer_id], title=row.title),
        words.gettext("Book"),
        overrulable=True,
        back=within(fields.get("back"), f"slots/{row.id}"),
    )
    return await ask_of(visit, fields, AddBooking(booking), proposal)


async def _book_page(visit: Visit, row: AnyRow, q: str, back: str) -> Response:
    """Of all studios: somebody who comes from another one for the first time is found by whoever asks for them."""
    found = await visit.read(customers.find, q) if q else ()
    view = await _book_view(visit, row, found[:FOUND], q, back)
    return page(visit, "slot/book.html", view.heading, view)


async def suggestions(visit: Visit) -> Response:
    """The first few customers of their studios whom what is typed fits, to be booked."""
    fields, row = await visit.form(), await slot_of(visit)
    q = as_typed(fields.get(TYPED))
    studio_ids = [each.id for each in await studios.theirs(visit)]

    async def first_few() -> Response:
        found = await visit.read(customers.find, q, studio_ids, SUGGESTED)
        view = await _book_view(visit, row, found, q, f"slots/{row.id}")
        return page(visit, "slot/suggestions.html", "", view)

    return await in_turn(visit, first_few)


async def _book_view(
    visit: Visit, row: AnyRow, found: Sequence[AnyRow], q: str, back: str
) -> BookView:
    words = visit.words
    on_it = {each.customer_id: each.status for each in await visit.read(contacts.on_slot, row.id)}

    def says(customer_id: int) -> str:
        if customer_id not in on_it:
            return ""
        waits = on_it[customer_id] is BookingStatus.WAITING_LIST
        return words.gettext("Waits there") if waits else words.gettext("Has a seat there")

    return BookView(
        words.gettext("Book somebody on %(title)s", title=row.title),
        crumbs(visit, row),
        f"slots/{row.id}",
        back,
        q,
        tuple(
            FoundView(
                each.id,
                full_name(each),
                f"customers/{each.id}",
                " · ".join(
                    part
                    for part in (
                        each.number,
                        "" if each.date_of_birth is None else words.day(each.date_of_birth),
                        each.email,
                        words.gettext("access refused") if each.access_refused else "",
                    )
                    if part
                ),
                says(each.id),
            )
            for each in found
        ),
    )
