"""The customer in the path, for the pages that change something about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import marked as _
from kursplan.domain.customers import CustomerStatus
from kursplan.domain.entries import CustomerEntry, MembershipEntry
from kursplan.domain.names import full_name
from kursplan.store.entries import customers

STATUSES: Final[Mapping[CustomerStatus, str]] = {
    CustomerStatus.MEMBER: _("Member"),
    CustomerStatus.PROSPECT: _("Prospect"),
    CustomerStatus.FORMER_MEMBER: _("Former member"),
}


@dataclass(frozen=True, slots=True)
class Whom:
    id: int
    entry: CustomerEntry

    @property
    def here(self) -> str:
        """Their page."""
        return f"customers/{self.id}"

    @property
    def name(self) -> str:
        return full_name(self.entry)

    def membership(self, key: str) -> MembershipEntry:
        """Raises `NotThere`."""
        for each in self.entry.memberships or ():
            if each.key == key:
                return each
        raise NotThere(key)


async def whom(visit: Visit) -> Whom:
    """Raises `NotThere`."""
    customer_id = number_of("customer_id", visit.request.path_params["customer_id"])
    found = (await visit.read(customers.load, [customer_id])).get(customer_id)
    if found is None:
        raise NotThere(str(customer_id))
    return Whom(customer_id, found.entry)
