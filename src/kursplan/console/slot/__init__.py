"""A slot: who sits there and who waits, who gives it and who could, and all that staff do about it.

Instructors see the slots that they give and mark who takes part; everything else is for the desk.
"""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.history.lines import lines
from kursplan.console.live import live_at
from kursplan.console.page import page
from kursplan.console.said import said
from kursplan.console.sheets import sheet_of
from kursplan.console.slot.which import slot_of
from kursplan.console.slot.writer import SlotWriter
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.domain.bookings import SEATED
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.staff.flags import flags_of
from kursplan.store.staff.slot import OnSlot, on_slot

LINES: Final = 30
"""How much of the history stands on the page."""


async def handler(visit: Visit) -> Response:
    live = await _live_at(visit)
    on = await _on_slot(visit)
    services, member, row = visit.services, visit.member, on.row
    flags = await flags_of(services.desk, services.database, member.organization_id, on.bookings)
    written = await lines(visit, EntityKind.SLOT, row.id, on.slot.studio.zone, LINES)
    now = services.clock.now()
    undo = await told.undo_bar(visit, f"slots/{row.id}")
    view = SlotWriter(visit.words, on, flags, member, now).write(written, undo, live, said(visit))
    return page(visit, "slot/slot.html", f"{view.time} {view.title}", view)


async def _live_at(visit: Visit) -> str:
    """Where the page is told of changes: of the studio that holds the slot."""
    row = await slot_of(visit)
    return await live_at(
        visit, [each for each in await places.theirs(visit) if each.id == row.studio_id]
    )


async def attendance(visit: Visit) -> Response:
    """Who is on the list, for a spreadsheet."""
    on = await _on_slot(visit)
    words = visit.words
    rows = [
        [
            words.gettext("Last name"),
            words.gettext("First name"),
            words.gettext("Number"),
            words.gettext("Telephone"),
            words.gettext("Membership"),
            words.gettext("Takes part"),
        ],
        *(
            [
                each.last_name,
                each.first_name,
                each.number or "",
                each.phone or "",
                on.memberships.get(each.membership_id, "").rpartition(" (")[0],
                "" if each.participation == "UNSET" else each.participation,
            ]
            for each in on.bookings
            if each.status in SEATED
        ),
    ]
    day = local(on.row.starts_at, on.slot.studio.zone)
    return sheet_of(f"{day:%Y-%m-%d-%H%M}-{on.row.id}", rows)


async def _on_slot(visit: Visit) -> OnSlot:
    slot_id = number_of("slot_id", visit.request.path_params["slot_id"])
    found = await visit.read(on_slot, slot_id, visit.services.clock.now())
    if found is None:
        raise NotThere(str(slot_id))
    return found
