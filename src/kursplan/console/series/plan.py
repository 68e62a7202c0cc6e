"""When and where something takes place, who gives it and for how many: in the fields of a form, and read
again. A series and a single slot share them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, Final

from sqlalchemy import Connection

from kursplan.console.forms import Field, Option, Said
from kursplan.console.series.view import PlanFields, Tick
from kursplan.console.words import Words
from kursplan.domain.classes import DAY_IN_MINUTES
from kursplan.domain.series import ClassDefaults, SeriesPlan
from kursplan.domain.slots import Override
from kursplan.store.staff import absence, timetable
from kursplan.store.staff.slot import rooms_of

DAYS: Final = tuple(f"day-{each}" for each in range(7))
"""The fields of the weekdays; Monday is the first."""
GIVEN: Final = "given-"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a plan can be made of, in a studio."""

    rooms: Sequence[tuple[int, str]]
    people: Sequence[tuple[int, str]]
    """Those who work there, and those who give it already."""
    standard: ClassDefaults
    """What the class gives, where nothing else is said."""


def offer(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    given: Sequence[int],
    standard: ClassDefaults,
) -> Offer:
    here = absence.employees(tx, organization_id, [studio_id])[studio_id]
    people = [(each.id, f"{each.first_name} {each.last_name}") for each in here]
    names = timetable.employees(tx, organization_id)
    known = {each for each, _ in people}
    people += [(each, names[each]) for each in given if each not in known and each in names]
    rooms = [(each.id, each.name) for each in rooms_of(tx, organization_id, studio_id)]
    return Offer(rooms, people, standard)


def fields(plan: SeriesPlan, offered: Offer) -> tuple[Field, ...]:
    """What a form says of the plan of a series."""
    values = {name: "yes" if at in plan.weekdays else "" for at, name in enumerate(DAYS)}
    values |= {
        "time": f"{plan.start_time:%H:%M}",
        "first": plan.first_day.isoformat(),
        "last": "" if plan.last_day is None else plan.last_day.isoformat(),
    }
    values |= shape_fields(
        offered,
        plan.duration,
        plan.location_id,
        plan.instructors,
        plan.own,
        plan.max_participants,
        plan.max_waiting_list,
    )
    return tuple(Field(name, "", value) for name, value in values.items())


def shape_fields(
    offered: Offer,
    minutes: int | None,
    room: int | None,
    given: Sequence[int],
    own: frozenset[Override],
    seats: int | None,
    waiting: int | None,
) -> dict[str, str]:
    """The fields that are not about days and times; of what the class decides they are empty."""
    has_seats = Override.MAX_PARTICIPANTS in own
    values = {
        "minutes": "" if minutes is None else str(minutes),
        "room": "" if room is None else str(room),
        "seats": "" if seats is None else str(seats),
        "unlimited": "yes" if has_seats and seats is None else "",
        "waiting": "" if waiting is None else str(waiting),
    }
    return values | {f"{GIVEN}{each}": "yes" if each in given else "" for each, _ in offered.people}


def shape(words: Words, said: Said, offered: Offer, given: Sequence[int]) -> dict[str, Any]:
    """What the form says of length, room, people and limits, by the names that a series has for them.

    Whoever gave it keeps the order. What can't be read is noted.
    """
    minutes = said.number("minutes", least=1, most=DAY_IN_MINUTES)
    seats, waiting = said.number("seats"), said.number("waiting")
    unlimited = said.check("unlimited")
    if unlimited and seats is not None:
        said.errors["seats"] = words.gettext("Either a number, or no limit: empty one of them.")
    own = set()
    if unlimited or seats is not None:
        own.add(Override.MAX_PARTICIPANTS)
    if waiting is not None:
        own.add(Override.MAX_WAITING_LIST)
    rooms = [Option("", ""), *(Option(str(each), name) for each, name in offered.rooms)]
    room = said.one_of("room", rooms, required=False)
    ticked = [each for each, _ in offered.people if said.check(f"{GIVEN}{each}")]
    before = [each for each in given if each in ticked]
    return {
        "duration": minutes,
        "location_id": None if room is None else int(room),
        "instructors": tuple(dict.fromkeys([*before, *ticked])),
        "own": frozenset(own),
        "max_participants": seats,
        "max_waiting_list": waiting,
    }


def view(
    words: Words, offered: Offer, values: Mapping[str, str], errors: Mapping[str, str]
) -> PlanFields:
    standard = offered.standard
    seats = standard.max_participants
    return PlanFields(
        values,
        errors,
        (
            Option("", words.gettext("no room")),
            *(Option(str(each), name) for each, name in offered.rooms),
        ),
        tuple(
            Tick(f"{GIVEN}{each}", name, bool(values.get(f"{GIVEN}{each}")))
            for each, name in offered.people
        ),
        words.gettext("%(n)s, as the class", n=words.number(standard.duration)),
        words.gettext("no limit")
        if seats is None
        else words.gettext("%(n)s, as the class", n=words.number(seats)),
        words.gettext("%(n)s, as the class", n=words.number(standard.max_waiting_list)),
    )


def days(words: Words, values: Mapping[str, str]) -> tuple[Tick, ...]:
    """The weekdays as the week begins there."""
    order = [(at + words.first_weekday) % 7 for at in range(7)]
    return tuple(Tick(DAYS[at], words.weekdays[at], bool(values[DAYS[at]])) for at in order)


def needed_time(words: Words, said: Said) -> time | None:
    """When it starts, which has to be said."""
    start = said.time_of_day("time")
    if start is None:
        said.errors.setdefault("time", words.gettext("It is needed: write a time."))
    return start


def plan_of(words: Words, said: Said, offered: Offer, given: Sequence[int]) -> SeriesPlan | None:
    """The plan that the form says; None where something can't be read, which is noted."""
    weekdays = frozenset(at for at, name in enumerate(DAYS) if said.check(name))
    if not weekdays:
        said.errors["days"] = words.gettext("Tick at least one day.")
    start = needed_time(words, said)
    first, last = said.day("first", required=True), said.day("last")
    if first is not None and last is not None and last < first:
        said.errors["last"] = words.gettext("It is before the first day: choose a later one.")
    shaped = shape(words, said, offered, given)
    if said.errors or start is None or first is None:
        return None
    return SeriesPlan(weekdays, start, first, last, **shaped)
