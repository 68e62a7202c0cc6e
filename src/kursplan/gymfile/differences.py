"""The differences that a gym file would make, with what is told about them; nothing is done yet."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic

from kursplan.domain.entries import (
    ApplicationEntry,
    ClassEntry,
    ClosureEntry,
    CustomerEntry,
    EmployeeEntry,
    LocationEntry,
    OrganizationEntry,
    RateEntry,
    SeriesEntry,
    SlotEntry,
    StudioEntry,
)
from kursplan.gymfile.findings import Change, Disagreement, Entry
from kursplan.gymfile.stored import E, Kept
from kursplan.gymfile.summary import Summary
from kursplan.gymfile.three_way import Members
from kursplan.gymfile.warnings import FileWarning
from kursplan.store.entries.timetable import SingleSlot


@dataclass(frozen=True, slots=True)
class Wanted(Generic[E]):
    """An entry as it is to be, and as it was when that was found out; None for a new one."""

    entry: E
    stood: E | None


@dataclass(frozen=True, slots=True)
class SlotDiffers:
    """A single slot as it stands, and as it is to be."""

    stands: SingleSlot
    wanted: SlotEntry


@dataclass(slots=True)
class Differences:
    """What is to be recorded, what is told about it, and what is to be kept as said by the file."""

    summary: Summary = field(default_factory=Summary)
    changes: list[Change] = field(default_factory=list)
    conflicts: list[Disagreement] = field(default_factory=list)
    left: list[Disagreement] = field(default_factory=list)
    missing: list[Entry] = field(default_factory=list)
    """What the file had and has no longer, and stays."""
    only_there: list[Entry] = field(default_factory=list)
    """What no file ever had, of what could be taken away."""
    warnings: list[FileWarning] = field(default_factory=list)
    told: dict[tuple[str, str], Members | None] = field(default_factory=dict)
    """By section and key, as far as it is not kept already."""

    organization: Wanted[OrganizationEntry] | None = None
    studios: list[Wanted[StudioEntry]] = field(default_factory=list)
    locations: list[Wanted[LocationEntry]] = field(default_factory=list)
    closures: list[Wanted[ClosureEntry]] = field(default_factory=list)
    opened: list[ClosureEntry] = field(default_factory=list)
    employees: list[Wanted[EmployeeEntry]] = field(default_factory=list)
    deleted_employees: list[Kept[EmployeeEntry]] = field(default_factory=list)
    rates: list[Wanted[RateEntry]] = field(default_factory=list)
    classes: list[Wanted[ClassEntry]] = field(default_factory=list)
    series: list[Wanted[SeriesEntry]] = field(default_factory=list)
    ended_series: list[Kept[SeriesEntry]] = field(default_factory=list)
    new_slots: list[SlotEntry] = field(default_factory=list)
    slots: list[SlotDiffers] = field(default_factory=list)
    cancelled_slots: list[SingleSlot] = field(default_factory=list)
    customers: list[Wanted[CustomerEntry]] = field(default_factory=list)
    deleted_customers: list[Kept[CustomerEntry]] = field(default_factory=list)
    applications: list[Wanted[ApplicationEntry]] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether the file and what is there say different things, whatever comes of it."""
        return bool(self.changes or self.conflicts or self.left or self.missing)

    @property
    def takes_something(self) -> bool:
        """Whether something ends, is cancelled or deleted, whoever notices."""
        return any(count.removed for count in self.summary.sections.values())
