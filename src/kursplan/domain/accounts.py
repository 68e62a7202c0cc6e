"""Staff accounts: who signs in at the console, and what their role lets them do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from kursplan.domain.actors import Actor


class Role(StrEnum):
    """What a staff member does at work; it says what they may do in the console."""

    OWNER = "OWNER"
    """Everything in the organization, accounts and integrations too."""
    MANAGER = "MANAGER"
    """Everything in the studios that they have."""
    FRONT_DESK = "FRONT_DESK"
    """Slots, bookings, participation and customers of the studios that they have; no settings."""
    INSTRUCTOR = "INSTRUCTOR"
    """The slots that they give: who comes, participation."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """Who is signed in."""

    account_id: int
    organization_id: int
    name: str = field(repr=False)
    email: str = field(repr=False)
    role: Role
    studio_ids: frozenset[int]
    """The studios that they have; an owner has all of them, whatever this says."""
    employee_id: int | None
    """The employee that they are, which an instructor needs: it says which slots they give."""
    language: str
    """In which the console speaks to them, like "en" or "de"."""

    @property
    def actor(self) -> Actor:
        return Actor.staff_member(self.account_id)

    def has(self, studio_id: int) -> bool:
        """Whether that studio of their organization is theirs."""
        return self.role is Role.OWNER or studio_id in self.studio_ids
