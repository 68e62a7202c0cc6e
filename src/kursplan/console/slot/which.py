"""Which slot a page is about, and how it asks before it does something to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, ask
from kursplan.console.frame import Link
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.desk.engine.turn import Command
from kursplan.domain.localtime import local
from kursplan.domain.refusals import Refusal
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import timetable


async def ask_of(
    visit: Visit, fields: Mapping[str, str], command: Command[Any | Refusal], proposal: Proposal
) -> Response:
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, proposal.back)


def proposal_of(visit: Visit, row: AnyRow, title: str, does: str, **more: Any) -> Proposal:
    return Proposal(
        title,
        does,
        **{
            "back": f"slots/{row.id}",
            "crumbs": crumbs(visit, row),
            "slot_id": row.id,
            **more,
        },
    )


def crumbs(visit: Visit, row: AnyRow) -> tuple[Link, ...]:
    return (Link(f"{row.title}, {times_of(visit, row)}", f"slots/{row.id}"),)


def times_of(visit: Visit, row: AnyRow) -> str:
    zone = zone_of(row.zone)
    return visit.words.span(local(row.starts_at, zone), local(row.ends_at, zone))


async def slot_of(visit: Visit) -> AnyRow:
    """The slot in the path. Raises `NotThere`."""
    slot_id = number_of("slot_id", visit.request.path_params["slot_id"])
    row = await visit.read(timetable.slot_by_id, slot_id)
    if row is None:
        raise NotThere(str(slot_id))
    return row
