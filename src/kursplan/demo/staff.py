"""Who works at the made-up company, one of each role, and links by which one becomes any of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from kursplan.demo.life import Company
from kursplan.desk.accounts import InviteStaff
from kursplan.domain.accounts import Purpose, Role, StaffEntry
from kursplan.store.entries import accounts
from kursplan.store.staff import tickets, timetable
from kursplan.web.links import link
from kursplan.web.sessions import Key

PEOPLE: Final = {
    Role.OWNER: "Olga Besitz",
    Role.MANAGER: "Mara Leitung",
    Role.FRONT_DESK: "Theo Tresen",
    Role.INSTRUCTOR: "Svenja Maaß",
}
"""Made up, as all of the company is; their addresses lead nowhere."""
INSTRUCTOR: Final = "svenja"
"""The employee as whom the instructor signs in."""


async def sign_in_links(company: Company, base_url: str) -> Mapping[Role, str]:
    """A link for each role, by which one is signed in once; it works for half an hour.

    The accounts are made where they are not there yet, and have no password.
    """
    return {role: await _link(company, base_url, role) for role in Role}


async def _link(company: Company, base_url: str, role: Role) -> str:
    account_id = await _account(company, role)
    key, now = Key.fresh(company.organization_id), company.clock.now()
    await company.database.write(
        lambda tx: tickets.issue(
            tx, key.organization_id, account_id, Purpose.SIGN_IN, key.fingerprint, now
        )
    )
    return link(base_url, key)


async def _account(company: Company, role: Role) -> int:
    """The account of that role: that of an earlier start, or a new one."""
    name = PEOPLE[role]
    email = f"{role.lower().replace('_', '.')}@demo.example"
    found = await company.database.read(lambda tx: accounts.whose(tx, email))
    if found is not None:
        return found[1]
    first, *_ = await company.studios()
    instructs = role is Role.INSTRUCTOR
    gives = await company.read(timetable.employee_by_key, INSTRUCTOR) if instructs else None
    entry = StaffEntry(
        email,
        name,
        role,
        frozenset() if role is Role.OWNER else frozenset({first.id}),
        gives,
    )
    [account_id] = await company.database.take_ids(1)
    # Nobody is handed the link of the invitation: the others are for trying things out.
    unused = Key.fresh(company.organization_id).fingerprint
    await company.execute(InviteStaff(company.organization_id, account_id, entry, unused))
    return account_id
