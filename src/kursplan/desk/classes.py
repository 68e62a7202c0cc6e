"""Classes: what is offered, and the rules by which it is booked."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, fields, replace

from kursplan.desk.engine.overtaken import check
from kursplan.desk.engine.turn import Command, Turn
from kursplan.desk.follow_class import ApplyClassDefaults
from kursplan.desk.review import review_slots
from kursplan.domain.classes import Class
from kursplan.domain.entries import ClassEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.refusals import ClassNotFound, Refusal
from kursplan.domain.slots import SlotStatus
from kursplan.store.entries import classes
from kursplan.store.entries import ids as entry_ids
from kursplan.store.tables import rate, studio


@dataclass(frozen=True, slots=True)
class RecordClass(Command[bool | Refusal]):
    """Have the class be what the entry says; one that is not there is new.

    Slots to come follow: they take over duration and limits, and who waits moves up where the new
    rules allow it. Where the class is shown or admits otherwise than before, the bookings to come
    are reviewed (F34). A class stays in its studio: there is no such class in another. The answer is
    whether anything changed. Raises `UnknownKey` for the studio or a rate.
    """

    name = "record-class"

    organization_id: int
    class_id: int
    """A fresh id for a new one."""
    entry: ClassEntry
    stood: ClassEntry | None = None
    """What it was when this was decided, if that matters."""

    def perform(self, turn: Turn) -> bool | Refusal:
        tx = turn.tx
        before = classes.load(tx, self.organization_id, [self.class_id]).get(self.class_id)
        check(self.stood, before)
        if before == self.entry:
            return False
        if before is not None and before.studio != self.entry.studio:
            return ClassNotFound(self.class_id)
        if before is None:
            studio_id = entry_ids.ids(tx, self.organization_id, studio)[self.entry.studio]
        turn.note(EntityKind.CLASS, self.class_id, before, self.entry)
        if before is None:
            classes.add(tx, self.organization_id, self.class_id, studio_id, self.entry)
        else:
            classes.change(tx, self.organization_id, self.class_id, self.entry)
        rate_ids = set()
        if self.entry.rates:
            ids = entry_ids.ids(tx, self.organization_id, rate)
            rate_ids = {ids[key] for key in self.entry.rates}
        if self.entry.rates != (before.rates if before is not None else frozenset()):
            classes.put_rates(tx, self.organization_id, self.class_id, rate_ids)
        if before is not None and is_looked_at(before, self.entry):
            self._have_slots_follow(turn, rate_ids)
            if _whom(before) != _whom(self.entry):
                self._review(turn)
        return True

    def _have_slots_follow(self, turn: Turn, rate_ids: Collection[int]) -> None:
        """The slots of the turn were loaded with the old options."""
        options = options_of(self.class_id, self.entry, rate_ids)
        for slot in turn.slots.values():
            if slot.class_.id == self.class_id:
                turn.slots[slot.id] = replace(slot, class_=options)
        ApplyClassDefaults(self.organization_id, self.class_id).perform(turn)

    def _review(self, turn: Turn) -> None:
        """Those who have booked; all slots to come are in the turn since they followed."""
        to_come = [
            each
            for each in turn.slots.values()
            if each.class_.id == self.class_id
            and each.status is SlotStatus.PLANNED
            and not each.has_started(turn.now)
            and (each.seats or each.waiting)
        ]
        review_slots(turn, turn.need_rosters(each.id for each in to_come))


def options_of(class_id: int, entry: ClassEntry, rate_ids: Collection[int]) -> Class:
    """The class as the booking rules see it."""
    taken = {each.name for each in fields(Class)} - {"id", "rates"}
    options = {name: getattr(entry, name) for name in taken}
    return Class(id=class_id, rates=frozenset(rate_ids), **options)


def is_looked_at(before: ClassEntry, after: ClassEntry) -> bool:
    """Whether anything is different that a rule looks at; texts are for people alone."""
    return _rules(before) != _rules(after)


def _rules(entry: ClassEntry) -> ClassEntry:
    """The class without what no rule looks at."""
    return replace(entry, title="", description=None, category=None, img_url=None)


def _whom(entry: ClassEntry) -> tuple[object, ...]:
    """By what a class decides whom it admits at all."""
    return (
        entry.bookable,
        entry.online_booking,
        entry.admits_other_studios,
        entry.who_may_book,
        entry.rates,
        entry.uses_contingent,
    )
