"""Which booking a page is about, and how it asks before it does something to it."""

from __future__ import annotations

from collections.abc import Mapping

from kursplan.console.addresses import within
from kursplan.console.consequences import Proposal, Reason
from kursplan.console.frame import Link
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import timetable


def proposal_of(
    visit: Visit,
    fields: Mapping[str, str],
    row: AnyRow,
    title: str,
    does: str,
    reason: Reason,
    **more: object,
) -> Proposal:
    at = visit.words.moment(local(row.starts_at, zone_of(row.zone)))
    slot = f"slots/{row.slot_id}"
    return Proposal(
        title,
        does,
        back=within(fields.get("back"), slot),
        crumbs=(Link(f"{row.title}, {at}", slot),),
        slot_id=row.slot_id,
        reason=reason,
        **more,  # type: ignore[arg-type]
    )


async def booking_of(visit: Visit) -> AnyRow:
    """The booking in the path. Raises `NotThere`."""
    booking_id = number_of("booking_id", visit.request.path_params["booking_id"])
    row = await visit.read(timetable.booking_by_id, booking_id)
    if row is None:
        raise NotThere(str(booking_id))
    return row
