"""The studio that these pages are about: the one that the address names, or that a closure or a room is of."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from kursplan.console import places
from kursplan.console.addresses import address
from kursplan.console.frame import Link
from kursplan.console.places import Place
from kursplan.console.visit import NotThere, Visit
from kursplan.domain.entries import StudioEntry
from kursplan.domain.localtime import local
from kursplan.store.entries import studios

PATH = "studio"


@dataclass(frozen=True, slots=True)
class Which:
    place: Place
    theirs: Sequence[Place]
    """All studios that they have."""
    entry: StudioEntry
    now: datetime

    @property
    def here(self) -> str:
        """The page of the studio."""
        return self.at("")

    def at(self, path: str, **query: object) -> str:
        """A page below that one, about the same studio."""
        return address(f"{PATH}/{path}" if path else PATH, studio=self.place.key, **query)

    @property
    def local_now(self) -> datetime:
        """What the clock on its wall shows."""
        return local(self.now, self.place.zone).replace(tzinfo=None)

    @property
    def crumbs(self) -> tuple[Link, ...]:
        return (Link(self.entry.name, self.here),)

    def links(self, path: str = "") -> tuple[Link, ...]:
        """The same page about the other studios."""
        below = f"{PATH}/{path}" if path else PATH
        return tuple(
            Link(each.name, address(below, studio=each.key), each == self.place)
            for each in self.theirs
        )


async def asked_for(visit: Visit) -> Which:
    """The studio that the address names; the first of theirs where it names none."""
    theirs = await places.theirs(visit)
    return await _which(visit, theirs, places.chosen(visit, theirs)[0])


async def of(visit: Visit, studio_id: int) -> Which:
    """That one, which is theirs. Raises `NotThere`."""
    theirs = await places.theirs(visit)
    place = next((each for each in theirs if each.id == studio_id), None)
    if place is None:
        raise NotThere(str(studio_id))
    return await _which(visit, theirs, place)


async def around(visit: Visit, keys: Collection[str]) -> Which:
    """The first of theirs among these; of those who work in none of them, the first of theirs."""
    theirs = await places.theirs(visit)
    return await _which(
        visit, theirs, next((each for each in theirs if each.key in keys), theirs[0])
    )


async def _which(visit: Visit, theirs: Sequence[Place], place: Place) -> Which:
    entry = (await visit.read(studios.load, [place.id]))[place.id]
    return Which(place, theirs, entry, visit.services.clock.now())
