"""The studios that somebody has, and which of them a page is to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kursplan.console.about import ALL_STUDIOS
from kursplan.console.visit import NothingYet, NotTheirs, Visit
from kursplan.domain.accounts import Role
from kursplan.domain.studios import zone_of
from kursplan.store.staff import timetable


@dataclass(frozen=True, slots=True)
class Place:
    """A studio, with its zone."""

    id: int
    key: str
    name: str
    zone: ZoneInfo


async def theirs(visit: Visit) -> list[Place]:
    """The studios that they have. Raises `NotTheirs` where that is none, and `NothingYet` where there is
    none at all for whoever may make one."""
    found = [
        Place(each.id, each.key, each.name, zone_of(each.zone))
        for each in await visit.read(timetable.studios)
        if visit.member.has(each.id)
    ]
    if not found and visit.member.role is Role.OWNER:
        raise NothingYet("there is no studio yet")
    if not found:
        raise NotTheirs("there is no studio that is theirs")
    return found


def chosen(visit: Visit, places: Sequence[Place]) -> Sequence[Place]:
    """Those that the address names; the first one where it names none."""
    key = visit.asked("studio")
    if key == ALL_STUDIOS:
        return places
    return [each for each in places if key in (None, each.key)][:1]
