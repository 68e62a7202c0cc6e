"""What a gym file has, in the words of the one who reads: its sections, its entries, its values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from kursplan.console.gym_file.view import Changed
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.gymfile import Entry
from kursplan.gymfile.three_way import Absent

SECTIONS: Final = {
    "organization": _("Company"),
    "studios": _("Studios"),
    "locations": _("Rooms"),
    "closures": _("Closures"),
    "employees": _("Employees"),
    "rates": _("Rates"),
    "classes": _("Classes"),
    "series": _("Series"),
    "slots": _("Single slots"),
    "customers": _("Customers"),
    "memberships": _("Memberships"),
    "idle periods": _("Idle periods"),
    "applications": _("Applications of partners"),
    "integrations": _("Applications in studios"),
    "endpoints": _("Webhook endpoints"),
}
ONE: Final = {
    "organization": _("Company %(key)s"),
    "studios": _("Studio %(key)s"),
    "locations": _("Room %(key)s"),
    "closures": _("Closure %(key)s"),
    "employees": _("Employee %(key)s"),
    "rates": _("Rate %(key)s"),
    "classes": _("Class %(key)s"),
    "series": _("Series %(key)s"),
    "slots": _("Slot %(key)s"),
    "customers": _("Customer %(key)s"),
    "memberships": _("Membership %(key)s"),
    "idle periods": _("Idle period %(key)s"),
    "applications": _("Application %(key)s"),
    "integrations": _("Studio %(key)s"),
    "endpoints": _("Endpoint %(key)s"),
}
ENDS: Final = {
    "slots": _("is cancelled"),
    "closures": _("the studio is open"),
    "employees": _("is deleted"),
    "customers": _("is deleted"),
    "applications": _("is deactivated"),
    "integrations": _("is deactivated"),
    "endpoints": _("is removed"),
}
"""What it means for one of a section to end, where it is not just over."""


def name_of(words: Words, entry: Entry) -> str:
    """`Class yoga`; `Customer 1001, membership 1001-1`."""
    named = words.gettext(ONE[entry.section], key=entry.key)
    return named if entry.within is None else f"{name_of(words, entry.within)}, {named}"


def end_of(words: Words, section: str) -> str:
    return words.gettext(ENDS[section]) if section in ENDS else words.gettext("ends")


def value(words: Words, said: Any) -> str:
    """A value as a file would have it, without its quotes; what nobody said is a dash."""
    match said:
        case Absent():
            return "–"
        case None:
            return words.gettext("nothing")
        case True:
            return words.gettext("yes")
        case False:
            return words.gettext("no")
        case str():
            return said
        case list() if all(isinstance(each, str) for each in said):
            return ", ".join(said) or words.gettext("nothing")
        case _:
            return json.dumps(said, ensure_ascii=False)


def members(words: Words, name: str, before: Any, after: Any) -> Iterator[Changed]:
    """A member that changes; of one that has members itself, those that do."""
    if isinstance(before, dict) and isinstance(after, dict):
        for each in {**before, **after}:
            if before.get(each) != after.get(each):
                yield from members(words, f"{name}.{each}", before.get(each), after.get(each))
        return
    yield Changed(name, value(words, before), value(words, after))
