"""What is kept of a customer: given to them as a document, or forgotten because they ask for it.

Both ask first who it is that asks; front desks do neither.
"""

from __future__ import annotations

import json
from typing import Final

from starlette.responses import Response

from kursplan.console.consequences import Proposal, Reason, ask, fields_of
from kursplan.console.customers.whom import whom
from kursplan.console.frame import Link
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.desk.customers import DeleteCustomers
from kursplan.domain.accounts import ACTIONS, Action
from kursplan.staff.export import export_of

EXPORTS: Final = frozenset(role for role, may in ACTIONS.items() if Action.EXPORT in may)
ERASES: Final = frozenset(role for role, may in ACTIONS.items() if Action.ERASE in may)


async def export(visit: Visit) -> Response:
    """One JSON document, to be saved as a file."""
    customer_id = number_of("customer_id", visit.request.path_params["customer_id"])
    found = await visit.read(export_of, customer_id)
    if found is None:
        raise NotThere(str(customer_id))
    text = json.dumps(found, ensure_ascii=False, indent=2)
    disposition = f'attachment; filename="customer-{customer_id}.json"'
    return Response(
        text, media_type="application/json", headers={"Content-Disposition": disposition}
    )


async def erase(visit: Visit) -> Response:
    fields = await fields_of(visit)
    found = await whom(visit)
    words = visit.words
    proposal = Proposal(
        words.gettext("Erase %(name)s for ever?", name=found.name),
        words.gettext("Erase for ever"),
        back=found.here,
        crumbs=(Link(found.name, found.here),),
        note=words.gettext(
            "Name, contact, birthday and contracts are forgotten; bookings to come are cancelled. What "
            "was booked is counted on, of nobody. It can’t be taken back."
        ),
        reason=Reason.OFFERED,
        always=True,
        grave=True,
    )
    command = DeleteCustomers(visit.member.organization_id, frozenset({found.id}))
    done = await ask(visit, fields, command, proposal)
    return done if isinstance(done, Response) else visit.to("customers")
