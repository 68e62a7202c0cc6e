"""Looks lines up that somebody may see, a page of them, with everything that is said of them.

Owners see all of it. Others see what was done in studios that they have: to slots, bookings, classes and
people there. What is of the whole organization is for owners.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kursplan.console.history.asked import Asked
from kursplan.console.history.lines import Names, names_in
from kursplan.console.told import instant_and_number
from kursplan.console.visit import NotTheirs, NotThere
from kursplan.domain.accounts import Role, StaffMember
from kursplan.domain.actors import Origin
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import start_of_day
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import customers, history, things, timetable
from kursplan.store.staff.history import EVERYTHING, Like, Span, Told
from kursplan.store.staff.things import Named


@dataclass(frozen=True, slots=True)
class Size:
    """Of a page."""

    lines: int = 50
    at_once: int = 200
    looks: int = 5
    """So many times so many lines are looked through for it; where few of them are theirs, the next one goes on
    from there."""


USUAL: Final = Size()
HEARD_OF: Final = 200
"""Of how many things of a line it is looked up which partners were told."""
_ONE_DAY: Final = timedelta(days=1)

Integrations = Mapping[int, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found, and what is said of it."""

    lines: Sequence[Told]
    names: Names
    things: Mapping[int, Named]
    slots: Mapping[int, AnyRow]
    heard: Mapping[tuple[int, datetime], Mapping[str, bool]]
    last: Told | None
    """The last line that was looked at, if there may be more behind it."""


def look(
    tx: Connection,
    organization_id: int,
    member: StaffMember,
    asked: Asked,
    zone: ZoneInfo,
    size: Size = USUAL,
) -> Looked:
    """A page of what is asked for. Raises `NotThere` and `NotTheirs` where it is to be of a thing that is not,
    or not theirs."""
    _check(tx, organization_id, member, asked)
    integrations = history.integrations(tx, organization_id)
    span = _span(asked, zone, size)
    found: list[Told] = []
    known: dict[int, Named] = {}
    slots: dict[int, AnyRow] = {}
    last: Told | None = None
    for _ in range(size.looks):
        portion = _portion(tx, organization_id, asked, span, integrations)
        last = portion[-1] if len(portion) == size.at_once else None
        known |= things.called(tx, organization_id, _ids(portion, but=_CALLED_BY_MORE))
        slots |= timetable.slots_by_id(tx, organization_id, _ids(portion, only={EntityKind.SLOT}))
        names = names_in(tx, organization_id, portion)
        studios = _Studios(member, asked, known, slots, names)
        found += (each for each in portion if studios.are_theirs(each))
        if last is None or len(found) > size.lines:
            break
        span = Span(span.since, last.happened_at, size.at_once, last.id)
    if len(found) > size.lines:
        found = found[: size.lines]
        last = found[-1]
    return Looked(
        found,
        names_in(tx, organization_id, found),
        known,
        slots,
        _heard(tx, organization_id, found),
        last,
    )


_CALLED_BY_MORE: Final = frozenset({EntityKind.SLOT, EntityKind.BOOKING})


def _check(tx: Connection, organization_id: int, member: StaffMember, asked: Asked) -> None:
    if asked.thing is None:
        return
    kind, number = asked.thing
    of: Iterable[int] | None
    match kind:
        case EntityKind.CUSTOMER:
            # Whose page they may open: also who is at home elsewhere and has booked with them.
            of = customers.studios_of(tx, organization_id, number)
        case EntityKind.SLOT:
            slot = timetable.slot_by_id(tx, organization_id, number)
            of = None if slot is None else (slot.studio_id,)
        case EntityKind.BOOKING:
            booking = timetable.booking_by_id(tx, organization_id, number)
            of = None if booking is None else (booking.studio_id,)
        case _:
            thing = things.called(tx, organization_id, {number}).get(number)
            of = None if thing is None else thing.studio_ids
    if of is None:
        raise NotThere(str(number))
    if member.role is not Role.OWNER and not any(map(member.has, of)):
        raise NotTheirs(str(number))


def _span(asked: Asked, zone: ZoneInfo, size: Size) -> Span:
    since = EVERYTHING.since if asked.first is None else start_of_day(asked.first, zone)
    until = EVERYTHING.until if asked.last is None else start_of_day(asked.last + _ONE_DAY, zone)
    before = None if asked.before is None else instant_and_number(asked.before)
    if before is not None and before[0] <= until:
        return Span(since, before[0], size.at_once, before[1])
    return Span(since, until, size.at_once)


def _portion(
    tx: Connection, organization_id: int, asked: Asked, span: Span, integrations: Integrations
) -> list[Told]:
    like = Like(asked.kind, asked.commands, None if asked.by is None else asked.by.origin)
    who = _who(asked, integrations)
    if asked.thing is not None:
        found = history.about(tx, organization_id, *asked.thing, span, like)
        return found if who is None else [each for each in found if each.by.who in who]
    if who is not None:
        return history.by_whom(tx, organization_id, who, span, like)
    return history.newest(tx, organization_id, span, like)


def _who(asked: Asked, integrations: Integrations) -> set[str] | None:
    """As lines name them: an application has a number in each studio."""
    if asked.by is None or asked.by.number is None:
        return None
    number = asked.by.number
    if asked.by.origin is Origin.OPEN_API and number in integrations:
        name = integrations[number][0]
        return {str(each) for each, (other, _) in integrations.items() if other == name}
    return {str(number)}


def _ids(
    lines: Iterable[Told],
    *,
    but: frozenset[EntityKind] = frozenset(),
    only: set[EntityKind] | None = None,
) -> set[int]:
    return {
        each.id
        for line in lines
        for each in line.subjects
        if each.kind not in but and (only is None or each.kind in only)
    }


@dataclass(frozen=True, slots=True)
class _Studios:
    """In which studios things are, as far as that is known."""

    member: StaffMember
    asked: Asked
    things: Mapping[int, Named]
    slots: Mapping[int, AnyRow]
    names: Names

    def are_theirs(self, line: Told) -> bool:
        """Whether what the line is about, or if that is gone what else it is about, is theirs."""
        if self.member.role is Role.OWNER:
            return True
        if self.asked.thing is not None and any(
            each.id == self.asked.thing[1] for each in line.subjects
        ):
            return True
        of = next(filter(None, map(self._of, (each.id for each in line.subjects))), frozenset())
        return any(map(self.member.has, of))

    def _of(self, number: int) -> frozenset[int]:
        row = self.slots.get(number) or self.names.bookings.get(number)
        if row is not None:
            return frozenset({row.studio_id})
        thing = self.things.get(number)
        return frozenset() if thing is None else thing.studio_ids


def _heard(
    tx: Connection, organization_id: int, lines: Sequence[Told]
) -> Mapping[tuple[int, datetime], Mapping[str, bool]]:
    if not lines:
        return {}
    ids = {each.id for line in lines for each in line.subjects[:HEARD_OF]}
    at = [each.happened_at for each in lines]
    return things.heard(tx, organization_id, ids, min(at), max(at))
