"""Applications of partners: who speaks with a key, and what it allows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a key allows to do, in the contract's words."""

    CLASSES_READ = "CLASSES_READ"
    CLASSES_WRITE = "CLASSES_WRITE"
    CUSTOMER_READ = "CUSTOMER_READ"
    STUDIO_READ = "STUDIO_READ"
    EMPLOYEE_READ = "EMPLOYEE_READ"


@dataclass(frozen=True, slots=True)
class Caller:
    """The integration that a key speaks for: an application in one studio."""

    key_id: int
    organization_id: int
    integration_id: int
    application_id: int
    studio_id: int
    scopes: frozenset[Scope]
    language: str
    """The studio's own."""
    zone: str
