"""An employee's role in the business, in the contract's words."""

from enum import StrEnum


class BusinessRole(StrEnum):
    STUDIO_OWNER = "STUDIO_OWNER"
    STUDIO_MANAGER = "STUDIO_MANAGER"
    TRAINER = "TRAINER"
    SERVICE_EMPLOYEE = "SERVICE_EMPLOYEE"
    ADMINISTRATION_OR_FINANCE = "ADMINISTRATION_OR_FINANCE"
    MARKETING = "MARKETING"
