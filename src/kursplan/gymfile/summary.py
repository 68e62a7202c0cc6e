"""A summary of what a gym file changes: how much of each kind."""

from __future__ import annotations

from dataclasses import dataclass, field

from kursplan.domain.clashes import Clash

SECTIONS = (
    "organization",
    "studios",
    "locations",
    "closures",
    "employees",
    "rates",
    "classes",
    "series",
    "slots",
    "customers",
    "memberships",
    "idle periods",
    "applications",
    "integrations",
)


@dataclass(slots=True)
class Count:
    """How many of a section."""

    created: int = 0
    changed: int = 0
    removed: int = 0
    """Ended, cancelled, deleted, deactivated: whatever the end is for things of that kind."""


@dataclass(slots=True)
class Summary:
    """What loading changed, or would change, by section."""

    sections: dict[str, Count] = field(
        default_factory=lambda: {section: Count() for section in SECTIONS}
    )
    clashes: tuple[Clash, ...] = ()
    """What is twice at the same time by it, and was not before."""

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to change."""
        return not any(
            each.created or each.changed or each.removed for each in self.sections.values()
        )
