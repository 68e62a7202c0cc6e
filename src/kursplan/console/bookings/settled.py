"""A flagged booking is settled: staff decide that it stays, or ask about it again.

Cancelling it, moving its slot or opening the studio after all are pages of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import with_query
from kursplan.console.bookings.which import booking_of, proposal_of
from kursplan.console.consequences import Done, Item, Part, Proposal, Reason, ask, fields_of
from kursplan.console.consequences.again import done_before
from kursplan.console.said import CHANGED
from kursplan.console.visit import Visit
from kursplan.desk.engine.turn import Command
from kursplan.desk.settle import AskAgain, Settle
from kursplan.domain.names import full_name
from kursplan.staff.flags import Flags, flags_of
from kursplan.store.engine.rows import AnyRow


async def settle(visit: Visit) -> Response:
    """It stays, whatever speaks against it by now: with a reason, since it is asked for later."""
    fields = await fields_of(visit)
    row, flags = await _flagged(visit)
    words = visit.words
    proposal = proposal_of(
        visit,
        fields,
        row,
        words.gettext("Does the booking of %(who)s stay?", who=full_name(row)),
        words.gettext("It stays"),
        Reason.REQUIRED,
        always=True,
        besides=tuple(_against(visit, row, flags)),
    )
    command = Settle(visit.member.organization_id, row.studio_id, row.id)
    return await _ask(visit, fields, command, proposal, is_open=row.conflict is not None)


async def ask_again(visit: Visit) -> Response:
    """It is to be decided again."""
    fields = await fields_of(visit)
    row, flags = await _flagged(visit)
    words = visit.words
    against = tuple(Item(_sentence(each)) for each in flags.settled(row, words))
    heading = words.gettext("It needs a person again")
    proposal = proposal_of(
        visit,
        fields,
        row,
        words.gettext("Decide about the booking of %(who)s again?", who=full_name(row)),
        words.gettext("Decide again"),
        Reason.OFFERED,
        always=True,
        besides=(Part("wait", "flag", heading, items=against),),
    )
    command = AskAgain(visit.member.organization_id, row.studio_id, row.id)
    return await _ask(visit, fields, command, proposal, is_open=bool(row.settled))


async def _ask(
    visit: Visit,
    fields: Mapping[str, str],
    command: Command[Any],
    proposal: Proposal,
    *,
    is_open: bool,
) -> Response:
    """`is_open` is whether there is anything to do: somebody else may have been quicker."""
    if not is_open:
        line = await done_before(visit, command, None)
        if line is None:
            return visit.to(with_query(proposal.back, said=CHANGED))
        return told.after(visit, Done(None, (), line, again=True), proposal.back)
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


async def _flagged(visit: Visit) -> tuple[AnyRow, Flags]:
    row, services = await booking_of(visit), visit.services
    flags = await flags_of(services.desk, services.database, visit.member.organization_id, [row])
    return row, flags


def _against(visit: Visit, row: AnyRow, flags: Flags) -> Iterator[Part]:
    words = visit.words
    if row.conflict is None:
        return
    items = tuple(Item(_sentence(each)) for each in flags.conflicts(row, words))
    yield Part("wait", "flag", words.gettext("It would be refused today"), items=items)
    yield Part(
        "",
        "check",
        words.gettext("Nobody is asked about it any more"),
        words.gettext(
            "If something else comes to speak against it, it is flagged again. It can be given back until the start, as before."
        ),
    )


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}"
