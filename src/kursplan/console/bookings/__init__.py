"""What is done to one booking: by a button on the slot page, on Today, and at a customer.

Each form says with `back` where to go when it is done.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import JSONResponse, Response

from kursplan.console import told
from kursplan.console.addresses import with_query
from kursplan.console.bookings.which import booking_of, proposal_of
from kursplan.console.consequences import (
    Choice,
    Option,
    Reason,
    ask,
    do,
    fields_of,
    overruled,
)
from kursplan.console.consequences.refused import refusal_view
from kursplan.console.said import CHANGED
from kursplan.console.visit import BadAddress, Visit
from kursplan.desk.confirm import Confirm
from kursplan.desk.move_up import MoveUp
from kursplan.desk.participation import SetParticipation
from kursplan.desk.release import Release, WaiveLateness
from kursplan.domain.bookings import Participation
from kursplan.domain.cancelling import in_time_until, is_late
from kursplan.domain.names import full_name
from kursplan.domain.refusals import Refusal
from kursplan.store.engine.rows import AnyRow
from kursplan.store.rules import bookings, slots

IN_TIME: Final = "no"
LATE: Final = "yes"


async def participation(visit: Visit) -> Response:
    """Note whether they take part: `participation` is a word of `Participation`.

    `shown` are those that it was taken to be, as far as the page knew: what others noted since is left as it
    is. A script that keeps ticks while the line is cut asks for JSON, and is told what is there now.
    """
    fields = await visit.form()
    row = await booking_of(visit)
    noted = _participation(fields.get("participation", ""))
    shown = frozenset(_participation(each) for each in fields.get("shown", "").split()) or None
    command = SetParticipation(visit.member.organization_id, row.studio_id, row.id, noted, shown)
    if "application/json" in visit.request.headers.get("accept", ""):
        return await _told_to_script(visit, command)
    words = visit.words
    proposal = proposal_of(
        visit,
        fields,
        row,
        words.gettext("Note who takes part?"),
        words.gettext("Note it"),
        Reason.NONE,
    )
    done = await do(visit, fields, command, proposal)
    if isinstance(done, Response):
        return done
    if done.answer.participation is not noted:
        return visit.to(with_query(proposal.back, said=CHANGED))
    return told.after(visit, done, proposal.back)


async def _told_to_script(visit: Visit, command: SetParticipation) -> Response:
    """What is noted now, whether or not that is what was wanted; or why it can't be noted, in words."""
    answer = await visit.services.desk.execute(command, by=visit.member.actor)
    if isinstance(answer, Refusal):
        why = await refusal_view(visit, answer, may=False)
        return JSONResponse({"refused": why.sentence}, 409)
    return JSONResponse({"participation": answer.participation})


async def confirm(visit: Visit) -> Response:
    fields = await visit.form()
    row = await booking_of(visit)
    words = visit.words
    title = words.gettext("Confirm for %(who)s?", who=full_name(row))
    proposal = proposal_of(visit, fields, row, title, words.gettext("Confirm"), Reason.NONE)
    command = Confirm(visit.member.organization_id, row.studio_id, row.id)
    done = await do(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


async def cancel(visit: Visit) -> Response:
    """End a booking: by the term of the class, or as `late` says (`yes`, `no`), with a reason."""
    fields = await fields_of(visit)
    row = await booking_of(visit)
    words = visit.words
    late = fields.get("late") or None
    if late not in (None, IN_TIME, LATE):
        raise BadAddress("late", str(late), f"{IN_TIME}, {LATE}")
    command = Release(
        visit.member.organization_id,
        row.studio_id,
        row.id,
        None if late is None else late == LATE,
    )
    title = words.gettext("Cancel for %(who)s?", who=full_name(row))
    proposal = proposal_of(
        visit,
        fields,
        row,
        title,
        words.gettext("Cancel the booking"),
        Reason.OFFERED,
        always=True,
        choice=await _lateness(visit, row),
    )
    done = await ask(visit, fields, command, proposal)
    if isinstance(done, Response):
        return done
    return told.after(visit, done, proposal.back, knows=row.customer_id)


async def waive(visit: Visit) -> Response:
    """A late cancellation counts as one in time."""
    fields = await fields_of(visit)
    row = await booking_of(visit)
    words = visit.words
    title = words.gettext("Waive the lateness for %(who)s?", who=full_name(row))
    proposal = proposal_of(
        visit, fields, row, title, words.gettext("Waive it"), Reason.REQUIRED, always=True
    )
    command = WaiveLateness(visit.member.organization_id, row.studio_id, row.id)
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


async def move_up(visit: Visit) -> Response:
    """Give a seat to this one who waits, out of turn."""
    fields = await visit.form()
    row = await booking_of(visit)
    words = visit.words
    title = words.gettext("Move %(who)s up?", who=full_name(row))
    proposal = proposal_of(
        visit, fields, row, title, words.gettext("Move up"), Reason.OFFERED, overrulable=True
    )
    command = MoveUp(visit.member.organization_id, row.slot_id, row.id, overruled(fields))
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


async def _lateness(visit: Visit, row: AnyRow) -> Choice | None:
    """How it counts, where it comes late by the terms of the class; then without penalty is one click."""
    slot = (await visit.read(slots.load, [row.slot_id]))[row.slot_id]
    [booking] = await visit.read(bookings.load, [row.id])
    if not booking.active or not is_late(slot, booking, visit.services.clock.now()):
        return None
    words = visit.words
    until = words.moment(slot.studio.local(in_time_until(slot, booking)))
    return Choice(
        "late",
        words.gettext("It was possible in time until %(until)s.", until=until),
        (
            Option(IN_TIME, words.gettext("Cancel without penalty")),
            Option(LATE, words.gettext("Cancel, it counts as late")),
        ),
    )


def _participation(said: str) -> Participation:
    if said not in {each.value for each in Participation}:
        raise BadAddress("participation", said, ", ".join(Participation))
    return Participation(said)
