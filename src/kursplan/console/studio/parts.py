"""What hangs on a room or an employee, as it is said before they are gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from kursplan.console.consequences.view import Item
from kursplan.console.words import Words
from kursplan.store.engine.rows import AnyRow


def series_items(words: Words, series: Iterable[AnyRow], today: date) -> tuple[Item, ...]:
    """The series that go on, by their classes and times."""
    return tuple(
        Item(
            each.title,
            note=words.gettext(
                "%(days)s, %(time)s",
                days=words.listed([words.weekdays[day] for day in sorted(each.weekdays)]),
                time=words.time(each.start_time),
            ),
        )
        for each in series
        if each.last_day is None or each.last_day >= today
    )
