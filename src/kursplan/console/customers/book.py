"""Book for a customer: what is on, whether they may, and what they would get; then one button.

The same words find slots as in the search box: a class, a day, a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.consequences import Proposal, Reason, ask, overruled
from kursplan.console.consequences.refused import may_be_overruled
from kursplan.console.customers.whom import whom
from kursplan.console.find import slots
from kursplan.console.find.typed import typed
from kursplan.console.frame import Link
from kursplan.console.places import Place
from kursplan.console.timetable.view import Sign
from kursplan.console.tones import tone_of
from kursplan.console.visit import NotTheirs, NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.desk.add_booking import AddBooking
from kursplan.desk.book import Book, MayBook
from kursplan.domain.admission import Admission
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.localtime import local
from kursplan.domain.refusals import AlreadyOnSlot, Refusal
from kursplan.domain.slots import Slot
from kursplan.domain.studios import zone_of
from kursplan.staff.names import names_for
from kursplan.staff.refusals import Names, sentence
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import slots as rules
from kursplan.store.staff import timetable

OFFERED: Final = 5
"""How many slots are offered before somebody says which they mean."""
FOUND: Final = 12
"""How many of those that they mean; among so many the next ones are looked for."""
SEAT: Final = "seat"
WAIT: Final = "wait"


@dataclass(frozen=True, slots=True)
class Offer:
    """A slot, and what booking it would give."""

    slot_id: int
    when: str
    title: str
    what: str
    tone: str
    gets: str
    """`seat`, `wait`, or nothing where it is refused."""
    full: str
    """The button with what it is about, for those who hear it alone."""
    sign: Sign | None
    """Why not."""
    may_be_overruled: bool


@dataclass(frozen=True, slots=True)
class BookView:
    typed: str
    offers: tuple[Offer, ...]
    nothing: str


async def offers(visit: Visit, customer_id: int, now: datetime) -> BookView:
    """What they can be booked on: the next slots, or those that were typed."""
    words = visit.words
    text = " ".join((visit.asked("slot") or "")[:200].split())
    theirs = await places.theirs(visit)
    said = typed(words, text, local(now, theirs[0].zone).date())
    if said.words:
        class_ids = {row.id for row in await slots.classes(visit, theirs, said.words)}
    else:
        class_ids = await slots.of_studios(visit, theirs)
    rows = await slots.slots(visit, said, class_ids, theirs, now, FOUND)
    found = await _offers(visit, customer_id, theirs, rows)
    if not text:
        # What they are on already stands below, in any case.
        found = tuple(each for each in found if each.gets or each.may_be_overruled)[:OFFERED]
    nothing = ""
    if not found:
        nothing = (
            words.gettext("No class fits these words.")
            if text
            else words.gettext("Nothing is on in the next weeks.")
        )
    return BookView(text, found, nothing)


async def _offers(
    visit: Visit, customer_id: int, theirs: Sequence[Place], rows: Sequence[AnyRow]
) -> tuple[Offer, ...]:
    organization_id = visit.member.organization_id
    # Asked at the same time, they are answered in one turn.
    answers = await asyncio.gather(
        *(
            visit.services.desk.query(
                MayBook(organization_id, row.studio_id, customer_id, row.id, hidden_too=True)
            )
            for row in rows
        )
    )
    refusals = [each for each in answers if isinstance(each, Refusal)]
    names = await visit.read(names_for, refusals)
    stand = await visit.read(rules.load, [row.id for row in rows])
    studios = {each.key: each.name for each in theirs} if len(theirs) > 1 else {}
    return tuple(
        _offer(visit.words, row, stand[row.id], answer, names, studios.get(row.studio, ""))
        for row, answer in zip(rows, answers, strict=True)
        if row.id in stand
    )


def _offer(
    words: Words,
    row: AnyRow,
    slot: Slot,
    answer: Admission | Refusal,
    names: Names,
    where: str,
) -> Offer:
    """`where` is the studio, as far as that has to be said."""
    zone = zone_of(row.zone)
    when = words.moment(local(row.starts_at, zone))
    title = f"{row.title}, {where}" if where else row.title
    full = f"{row.title}, {when}"
    tone = tone_of(row.class_id)
    if isinstance(answer, AlreadyOnSlot):
        what = words.gettext("Waits there") if answer.waits else words.gettext("Has a seat there")
        sign = Sign("", "check", words.gettext("On it"))
        return Offer(row.id, when, title, what, tone, "", full, sign, may_be_overruled=False)
    if isinstance(answer, Refusal):
        sign = Sign("", "closed", words.gettext("Not admitted"))
        may = may_be_overruled(answer, frozenset())
        return Offer(row.id, when, title, sentence(answer, names, words), tone, "", full, sign, may)
    if answer.waits:
        what = (
            words.gettext("Would wait, %(n)s ahead", n=slot.waiting)
            if slot.waiting
            else (words.gettext("Would wait as the first"))
        )
        return Offer(row.id, when, title, what, tone, WAIT, full, None, may_be_overruled=False)
    until = words.moment(local(slot.cancellable_until, zone))
    what = words.gettext("A seat, which can be given back until %(moment)s", moment=until)
    return Offer(row.id, when, title, what, tone, SEAT, full, None, may_be_overruled=False)


async def handler(visit: Visit) -> Response:
    """Book them on the slot that the form names; over the rules, where staff say why."""
    fields = await visit.form()
    found = await whom(visit)
    slot_id = number_of("slot", fields.get("slot", ""))
    row = await visit.read(timetable.slot_by_id, slot_id)
    if row is None:
        raise NotThere(str(slot_id))
    if not visit.member.has(row.studio_id):
        raise NotTheirs(str(slot_id))
    words = visit.words
    when = words.moment(local(row.starts_at, zone_of(row.zone)))
    wanted = {SEAT: BookingStatus.BOOKED, WAIT: BookingStatus.WAITING_LIST}
    set_aside = overruled(fields)
    book = Book(
        visit.member.organization_id,
        row.studio_id,
        found.id,
        row.id,
        await visit.services.desk.ids.next(),
        expected=None if set_aside else wanted.get(fields.get("gets", "")),
        overrule=set_aside,
    )
    proposal = Proposal(
        words.gettext("Book %(name)s on %(title)s?", name=found.name, title=row.title),
        words.gettext("Book"),
        back=found.here,
        crumbs=(Link(found.name, found.here), Link(f"{row.title}, {when}", f"slots/{row.id}")),
        slot_id=row.id,
        reason=Reason.OFFERED,
        overrulable=True,
    )
    done = await ask(visit, fields, AddBooking(book), proposal)
    return (
        done if isinstance(done, Response) else told.after(visit, done, found.here, knows=found.id)
    )
