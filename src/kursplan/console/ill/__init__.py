"""Instructor is ill: all their slots of some days, a stand-in for each or for all, the rest cancelled.

One page shows what would become of each slot and of the people on it; one button does it. Where something
changed meanwhile, or something else is chosen than what was shown, nothing is done, and the page shows what
would happen now. Afterwards comes the list of whom to tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.consequences import LONGEST_REASON, REASON, SEEN
from kursplan.console.consequences.partners import partners
from kursplan.console.consequences.parts import parts
from kursplan.console.consequences.refused import refusal_view
from kursplan.console.consequences.shown import Shown
from kursplan.console.consequences.view import Item, Part
from kursplan.console.frame import Link
from kursplan.console.ill.plan import ALONE, CANCEL, STAND_IN, Planned, field_of, planned
from kursplan.console.ill.view import ForAll, IllSlot, IllView, Way
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.timetable.asked import ONE_DAY
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.timetable.view import Choice
from kursplan.console.visit import BadAddress, Visit, day_of_text, number_of
from kursplan.desk.clashes import clashes_of
from kursplan.desk.engine.rehearse import Change, Rehearsed
from kursplan.domain.consequences import Becomes
from kursplan.domain.localtime import local, start_of_day
from kursplan.domain.refusals import Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import absence, history, schedule
from kursplan.store.staff.absence import Substitutes
from kursplan.store.staff.history import Told
from kursplan.store.staff.schedule import Schedule, Span

PATH: Final = "ill"
MOST_DAYS: Final = timedelta(days=31)
FREE_SHOWN, BUSY_SHOWN, FOR_ALL = 3, 2, 2
DO: Final = "do"
CHOSEN: Final = "chosen"


@dataclass(frozen=True, slots=True)
class _Asked:
    """Who is away, and when; and what is chosen so far."""

    place: Place
    employee: int | None
    first: date
    last: date
    fields: Mapping[str, str]

    @property
    def kept(self) -> dict[str, object]:
        return {
            "studio": self.place.key,
            "employee": self.employee,
            "from": self.first,
            "to": self.last,
        }


@dataclass(frozen=True, slots=True)
class _Looked:
    """What there is to decide, and what would come of it."""

    asked: _Asked
    theirs: Sequence[Place]
    on: Schedule
    plan: Sequence[Planned]
    found: Substitutes
    rehearsed: Rehearsed[Any]
    now: datetime

    @property
    def chosen(self) -> str:
        return " ".join(f"{each.row.id}:{each.becomes}" for each in self.plan)

    @property
    def shown(self) -> Shown:
        return Shown.of(self.rehearsed)

    @property
    def refusals(self) -> list[Refusal]:
        return [each for each in self.rehearsed.answer if isinstance(each, Refusal)]


async def handler(visit: Visit) -> Response:
    """The page; and what its buttons do."""
    if visit.request.method == "POST":
        fields = await visit.form()
        asked = await _asked(visit, fields)
        if DO not in fields:
            return visit.to(address(PATH, **asked.kept, **_choices(fields)))
        return await _do(visit, await _look(visit, asked))
    asked = await _asked(visit, dict(visit.request.query_params))
    return await _page(visit, await _look(visit, asked), changed=())


def _choices(fields: Mapping[str, str]) -> dict[str, str]:
    return {
        name: said for name, said in fields.items() if name.startswith("slot-") or name == "all"
    }


async def _asked(visit: Visit, fields: Mapping[str, str]) -> _Asked:
    """Raises `BadAddress`."""
    theirs = await places.theirs(visit)
    key = fields.get("studio") or theirs[0].key
    place = next((each for each in theirs if each.key == key), None)
    if place is None:
        raise BadAddress("studio", key, ", ".join(each.key for each in theirs))
    today = local(visit.services.clock.now(), place.zone).date()
    first = day_of_text("from", fields.get("from") or today.isoformat())
    last = max(first, day_of_text("to", fields.get("to") or first.isoformat()))
    if last - first > MOST_DAYS:
        raise BadAddress("to", last.isoformat(), (first + MOST_DAYS).isoformat())
    said = fields.get("employee")
    employee = number_of("employee", said) if said else None
    return _Asked(place, employee, first, last, fields)


async def _look(visit: Visit, asked: _Asked) -> _Looked:
    """Nothing is done by it."""
    theirs = await places.theirs(visit)
    now = visit.services.clock.now()
    studio_ids = [each.id for each in theirs]
    on = await visit.read(schedule.of_studios, studio_ids, _span(asked), now)
    rows = [
        each
        for each in on.slots
        if asked.employee in on.instructors[each.id]
        and each.status is SlotStatus.PLANNED
        and each.ends_at > now
    ]
    found = await visit.read(absence.substitutes, studio_ids, rows, now)
    plan = planned(asked.employee or 0, rows, on.instructors, found, asked.fields)
    rehearsed: Rehearsed[Any] = Rehearsed((), (), {})
    if plan:
        of, away = visit.member.organization_id, asked.employee or 0
        done = await visit.services.desk.rehearse_all([[each.command(of, away)] for each in plan])
        answers = tuple(each for [each] in done.answer)
        rehearsed = Rehearsed(answers, done.changes, done.told, done.slots)
    return _Looked(asked, theirs, on, plan, found, rehearsed, now)


def _span(asked: _Asked) -> Span:
    zone = asked.place.zone
    return Span(
        start_of_day(asked.first, zone),
        start_of_day(asked.last + ONE_DAY, zone),
        datetime.combine(asked.first, time()),
        datetime.combine(asked.last + ONE_DAY, time()),
    )


async def _do(visit: Visit, looked: _Looked) -> Response:
    fields = looked.asked.fields
    before = Shown.read(fields.get(SEEN, ""))
    if looked.refusals or not _reason(fields):
        return await _page(visit, looked, changed=())
    if before != looked.shown:
        differs = before.differences(looked.shown, visit.words)
        return await _page(visit, looked, changed=tuple(differs))
    if fields.get(CHOSEN) != looked.chosen:
        other = visit.words.gettext("You have chosen something else; this is what it would do.")
        return await _page(visit, looked, changed=(other,))
    lines = [line for each in looked.plan if (line := await _done(visit, looked, each)) is not None]
    if not lines:
        late = visit.words.gettext("Others were faster. Here is what is there now.")
        return await _page(visit, await _look(visit, looked.asked), changed=(late,))
    return visit.to(told.address_of(lines, address(PATH, **looked.asked.kept)))


async def _done(visit: Visit, looked: _Looked, planned: Planned) -> Told | None:
    """The line that the history has of it. What others have changed in the moment since it was rehearsed is
    left as it is, and stands on the page again."""
    desk, since = visit.services.desk, visit.services.clock.now()
    command = planned.command(visit.member.organization_id, looked.asked.employee or 0)
    again = await desk.rehearse(command)
    if isinstance(again.answer, Refusal) or not looked.shown.says_of(
        planned.row.id, Shown.of(again)
    ):
        return None
    by, reason = visit.member.actor, _reason(looked.asked.fields)
    answer = await desk.execute(command, by=by, reason=reason, seen=again.seen)
    if isinstance(answer, Refusal):
        return None
    line: Told | None = await visit.read(history.last_by, by, command.name, since)
    return line


def _reason(fields: Mapping[str, str]) -> str:
    return fields.get(REASON, "").strip()[:LONGEST_REASON]


# --- What is shown ------------------------------------------------------------------------------


async def _page(visit: Visit, looked: _Looked, changed: tuple[str, ...]) -> Response:
    words, asked = visit.words, looked.asked
    who = await visit.read(absence.employees, [each.id for each in looked.theirs])
    names = {row.id: f"{row.first_name} {row.last_name}" for rows in who.values() for row in rows}
    refused = [(await refusal_view(visit, each, may=False)).sentence for each in looked.refusals]
    writer = _Writer(visit, looked, names)
    view = IllView(
        employees=tuple(
            Choice(str(each), name, each == asked.employee)
            for each, name in sorted(names.items(), key=lambda item: item[1])
        ),
        studio=asked.place.key,
        first=asked.first.isoformat(),
        last=asked.last.isoformat(),
        heading=writer.heading(),
        slots=tuple(writer.slots()),
        for_all=tuple(writer.for_all()),
        kept=tuple((name, str(each)) for name, each in asked.kept.items()),
        changed=changed,
        refused=tuple(refused),
        parts=tuple(writer.parts()),
        partners=await partners(visit, looked.rehearsed) if looked.plan else None,
        seen=looked.shown.written(),
        chosen=looked.chosen,
        reason=_reason(asked.fields) or words.gettext("ill"),
        does=words.ngettext("Do it", "Do all %(n)s", len(looked.plan)),
        back=address("today", studio=asked.place.key),
    )
    links = [
        Link(each.name, address(PATH, studio=each.key), each == asked.place)
        for each in looked.theirs
    ]
    return page(visit, "ill.html", words.gettext("Instructor is ill"), view, links)


class _Writer:
    def __init__(self, visit: Visit, looked: _Looked, names: Mapping[int, str]) -> None:
        self._words = visit.words
        self._looked = looked
        self._names = names
        several = {each.id: each.name for each in looked.theirs}
        shown = several if len({each.row.studio_id for each in looked.plan}) > 1 else {}
        self._writer = SlotWriter(visit.words, looked.on, looked.now, shown)
        self._places = {each.id: each for each in looked.theirs}

    def heading(self) -> str:
        employee = self._looked.asked.employee
        if employee is None:
            return ""
        return self._words.ngettext(
            "%(n)s slot of %(who)s",
            "%(n)s slots of %(who)s",
            len(self._looked.plan),
            who=self._names.get(employee, ""),
        )

    def slots(self) -> Iterator[IllSlot]:
        words = self._words
        for each in self._looked.plan:
            at = Placed.of(each.row, self._places[each.row.studio_id].zone, each.others)
            slot = self._writer.write(at)
            twice = self._looked.on.clashes.get(each.row.id, ())
            yield IllSlot(
                name=field_of(each.row.id),
                label=slot.label,
                tone=slot.classes.split()[0],
                time=slot.time,
                day=words.short_day(at.start.date()),
                title=slot.title,
                href=slot.href,
                where=" · ".join(part for part in (slot.where, self._taken(each.row)) if part),
                twice=words.gettext(
                    "%(who)s twice at this time",
                    who=words.listed(sorted({self._writer.needed(clash) for clash in twice})),
                )
                if twice
                else "",
                ways=tuple(self._ways(each)),
            )

    def _taken(self, row: AnyRow) -> str:
        taken = row.seats + row.additional_participants
        if row.max_participants is None:
            return self._words.ngettext("%(n)s booked", "%(n)s booked", taken)
        return self._words.gettext(
            "%(taken)s of %(limit)s", taken=taken, limit=row.max_participants
        )

    def _ways(self, slot: Planned) -> Iterator[Way]:
        words = self._words
        free = [each for each in slot.candidates if each.busy is None]
        busy = [each for each in slot.candidates if each.busy is not None]
        if slot.others:
            alone = words.gettext(
                "%(who)s gives it alone",
                who=words.listed([self._names.get(each, "") for each in slot.others]),
            )
            yield Way(ALONE, words.gettext("Nobody"), alone, slot.becomes == ALONE, True, False)
        for at, each in enumerate(free):
            value = f"{STAND_IN}{each.employee.id}"
            if at < FREE_SHOWN or value == slot.becomes:
                gave = words.ngettext("free, gave it once", "free, gave it %(n)s times", each.gave)
                note = gave if each.gave else words.gettext("free")
                yield Way(
                    value, self._name(each.employee), note, slot.becomes == value, True, False
                )
        yield Way(CANCEL, words.gettext("Cancel"), "", slot.becomes == CANCEL, True, True)
        for each in busy[:BUSY_SHOWN]:
            value = f"{STAND_IN}{each.employee.id}"
            yield Way(
                value, self._name(each.employee), self._busy(each.busy, slot), False, False, False
            )

    def _busy(self, held: Any, slot: Planned) -> str:
        row = self._looked.found.titles.get(held.slot_id)
        at = local(held.starts_at, self._places[slot.row.studio_id].zone)
        time = self._words.time(at)
        return self._words.gettext(
            "at %(time)s %(title)s", time=time, title=row.title if row else ""
        )

    @staticmethod
    def _name(row: AnyRow) -> str:
        return f"{row.first_name} {row.last_name}"

    def for_all(self) -> Iterator[ForAll]:
        """Who is free most often, and cancelling."""
        words, plan = self._words, self._looked.plan
        if len(plan) < 2:
            return
        free: dict[int, int] = {}
        for each in plan:
            for candidate in each.candidates:
                if candidate.busy is None:
                    free[candidate.employee.id] = free.get(candidate.employee.id, 0) + 1
        best = sorted(free, key=lambda each: -free[each])[:FOR_ALL]
        for who in best:
            label = words.gettext("%(who)s where free", who=self._names[who])
            yield ForAll(f"{STAND_IN}{who}", label)
        yield ForAll(CANCEL, words.gettext("Cancel all"))

    def parts(self) -> Iterator[Part]:
        words, plan = self._words, self._looked.plan
        instead = [self._names[each.stand_in] for each in plan if each.stand_in is not None]
        alone = [each for each in plan if each.becomes == ALONE]
        if instead:
            heading = words.ngettext(
                "%(n)s slot gets a stand-in", "%(n)s slots get a stand-in", len(instead)
            )
            who = [f"{name} {words.number(instead.count(name))}" for name in dict.fromkeys(instead)]
            yield Part("good", "stand-in", heading, ", ".join(who))
        if alone:
            heading = words.ngettext(
                "%(n)s goes on with one instructor less",
                "%(n)s go on with one instructor less",
                len(alone),
            )
            yield Part("", "people", heading)
        yield from self._cancelled()
        yield from self._besides()

    def _cancelled(self) -> Iterator[Part]:
        """Slot by slot, with the names of those who lose their place."""
        words = self._words
        off = [each.row for each in self._looked.plan if each.becomes == CANCEL]
        if not off:
            return
        lost = [each for each in self._looked.rehearsed.changes if _is_lost(each)]
        items = []
        for row in off:
            at = words.moment(local(row.starts_at, self._places[row.studio_id].zone))
            title = self._looked.on.classes[row.class_id].title
            names = [each.name for each in lost if each.slot_id == row.id]
            items.append(Item(f"{title}, {at}", None, ", ".join(names)))
        heading = words.ngettext("%(n)s slot is cancelled", "%(n)s slots are cancelled", len(off))
        people = words.ngettext(
            "%(n)s person loses the place", "%(n)s people lose their place", len(lost)
        )
        yield Part("stop", "cross", heading, people if lost else "", tuple(items))

    def _besides(self) -> Iterator[Part]:
        """What comes of it otherwise: who or what would be twice at the same time, who is flagged."""
        done = self._looked.rehearsed
        changes = tuple(each for each in done.changes if not _is_lost(each))
        other = Rehearsed(done.answer, changes, {}, ())
        if changes or clashes_of(done.answer):
            yield from parts(self._words, other, None)


def _is_lost(change: Change) -> bool:
    return change.becomes is Becomes.CANCELLED
