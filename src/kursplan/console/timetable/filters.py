"""What can be chosen of a timetable, and whether a slot fits what was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kursplan.console.frame import Link
from kursplan.console.timetable.asked import Asked
from kursplan.console.timetable.slots import Placed, SlotWriter
from kursplan.console.timetable.view import Choice, Field
from kursplan.console.visit import BadAddress
from kursplan.console.words import Words
from kursplan.domain.names import folded
from kursplan.store.staff.schedule import Schedule

LONGEST: Final = 30
"""Of how many letters of what was typed it is told that they are sought."""


def narrowed(wanted: Asked, writer: SlotWriter, on: Schedule, slot: Placed) -> bool:
    """Whether the slot is shown: all filters have to fit, and each of the words be somewhere in it."""
    row, class_ = slot.row, on.classes[slot.row.class_id]
    if wanted.given_by is not None and wanted.given_by not in slot.instructors:
        return False
    if wanted.room is not None and row.location_id != wanted.room:
        return False
    if wanted.instructor is not None and wanted.instructor not in slot.instructors:
        return False
    if wanted.category is not None and class_.category != wanted.category:
        return False
    if wanted.class_id is not None and row.class_id != wanted.class_id:
        return False
    if wanted.text is None:
        return True
    text = folded(f"{class_.title} {class_.category or ''} {writer.where(slot)}")
    return all(folded(word) in text for word in wanted.text.split())


def fields(words: Words, wanted: Asked, on: Schedule, writer: SlotWriter) -> Iterator[Field]:
    """The filters, each with all that there is to choose. Raises `BadAddress` for what there is not."""
    yield field_of(
        "room",
        words.gettext("Room"),
        words.gettext("Every room"),
        [(str(each.id), each.name) for each in on.rooms.values()],
        wanted.room,
    )
    if wanted.given_by is None:
        giving = {who for given_by in on.instructors.values() for who in given_by}
        giving |= on.employees.keys() & {wanted.instructor}
        yield field_of(
            "instructor",
            words.gettext("Instructor"),
            words.gettext("Every instructor"),
            sorted(((str(each), writer.employee(each)) for each in giving), key=by_label),
            wanted.instructor,
        )
    categories = sorted({each.category for each in on.classes.values() if each.category})
    yield field_of(
        "category",
        words.gettext("Category"),
        words.gettext("Every category"),
        [(each, each) for each in categories],
        wanted.category,
    )
    yield field_of(
        "class",
        words.gettext("Class"),
        words.gettext("Every class"),
        sorted(((str(each.id), each.title) for each in on.classes.values()), key=by_label),
        wanted.class_id,
    )


def set_filters(wanted: Asked, fields: Iterable[Field]) -> Iterator[Link]:
    """Those that are set, each leading to the timetable without it."""
    for field in fields:
        for choice in field.choices:
            if choice.chosen:
                yield Link(choice.label, wanted.without(field.name))
    if wanted.text is not None:
        yield Link(f"“{wanted.text[:LONGEST]}”", wanted.without("q"))


def field_of(
    name: str, label: str, every: str, choices: Iterable[tuple[str, str]], chosen: object
) -> Field:
    """One of them. Raises `BadAddress` where what is chosen is not among the choices."""
    listed = tuple(
        Choice(value, said, chosen is not None and str(chosen) == value) for value, said in choices
    )
    if chosen is not None and not any(each.chosen for each in listed):
        raise BadAddress(name, str(chosen), ", ".join(each.value for each in listed) or every)
    return Field(name, label, every, listed)


def by_label(choice: tuple[str, str]) -> str:
    """As what choices are sorted."""
    return folded(choice[1])
