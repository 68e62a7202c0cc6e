"""How a file was understood, in words: its columns, its days, its words that are not known."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

from kursplan.console.forms import Option
from kursplan.console.moving_in.said import MOST_WORDS
from kursplan.console.moving_in.view import Column, Strange
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.imports.days import Order
from kursplan.imports.heads import FIELDS, Subject
from kursplan.imports.understand import Understanding
from kursplan.imports.words import IGNORED, WORDS

EXAMPLES: Final = 3
LONGEST_EXAMPLE: Final = 30
FIELD_NAMES: Final = {
    "date": _("Day"),
    "date_of_birth": _("Born"),
    "duration": _("Minutes"),
    "email": _("E-mail"),
    "end": _("End"),
    "first_name": _("First name"),
    "full_name": _("First and last name"),
    "gender": _("Gender"),
    "instructor": _("Given by"),
    "last_first_name": _("Last name, first name"),
    "last_name": _("Last name"),
    "number": _("Customer number"),
    "phone": _("Telephone"),
    "preferred_language": _("Language"),
    "room": _("Room"),
    "same_as": _("Who it is"),
    "seats": _("Seats"),
    "start": _("Start"),
    "status": _("Status"),
    "title": _("Class"),
}
ORDERS: Final = {
    Order.DAY_FIRST: _("The day first, then the month"),
    Order.MONTH_FIRST: _("The month first, then the day"),
}
MEANT: Final = {
    "MEMBER": _("Member"),
    "PROSPECT": _("Prospect"),
    "FORMER_MEMBER": _("Former member"),
    "FEMALE": _("Female"),
    "MALE": _("Male"),
    "UNISEX": _("Neither"),
    IGNORED: _("Nothing"),
}


def field_name(words: Words, name: str) -> str:
    return words.gettext(FIELD_NAMES[name]) if name in FIELD_NAMES else name


def field_options(words: Words, subject: Subject) -> tuple[Option, ...]:
    named = (Option(each, field_name(words, each)) for each in FIELDS[subject])
    return (Option("", words.gettext("not used")), *named)


def columns(words: Words, found: Understanding) -> Iterator[Column]:
    """Every column, with its first cells and what it is taken for."""
    used = {each.index: each for each in found.columns.values()}
    rows = [row for row in islice(found.table.rows(), 50) if row.wrong is None]
    for number, head in enumerate(found.table.heads):
        cells = [row.cells[number] for row in rows if row.cells[number]]
        examples = [each[:LONGEST_EXAMPLE] for each in dict.fromkeys(cells)][:EXAMPLES]
        column = used.get(number)
        yield Column(
            number,
            head,
            " · ".join(examples),
            "" if column is None else column.field,
            "" if column is None else column.why.said(words),
        )


def strange(words: Words, found: Understanding) -> Iterator[Strange]:
    """Words that are not known yet."""
    open_ = [each for each in found.strange if found.word(each.field, each.text) is None]
    for number, each in enumerate(open_[:MOST_WORDS]):
        meant = dict.fromkeys([*WORDS[each.field].values(), IGNORED])
        options = (Option(word, _meant(words, word)) for word in meant)
        yield Strange(
            number,
            each.field,
            each.text,
            words.ngettext(
                "“%(text)s” under “%(head)s”: %(n)s row",
                "“%(text)s” under “%(head)s”: %(n)s rows",
                each.count,
                text=each.text,
                head=found.columns[each.field].head,
            ),
            (Option("", words.gettext("leave these rows out")), *options),
        )


def _meant(words: Words, word: str) -> str:
    return words.gettext(MEANT[word]) if word in MEANT else words.language_name(word)


def orders(words: Words) -> tuple[Option, ...]:
    return tuple(Option(each.value, words.gettext(said)) for each, said in ORDERS.items())


def missing(words: Words, found: Understanding) -> Iterator[str]:
    """What has to be said before anything can come of the file."""
    gettext = words.gettext
    needed = {
        Subject.MEMBERS: (),
        Subject.TIMETABLE: ("title",),
        Subject.BOOKINGS: ("title", "start"),
    }[found.subject]
    for each in needed:
        if each not in found.columns:
            yield gettext("Say which column is this: %(field)s.", field=field_name(words, each))
    if found.subject is Subject.TIMETABLE and found.days_in is None:
        yield gettext("Say which column is this: %(field)s.", field=field_name(words, "date"))
    if found.subject is not Subject.TIMETABLE and not found.has_names:
        yield gettext("Say which column is this: %(field)s.", field=field_name(words, "last_name"))
    if found.order_is_open and found.days_in is not None:
        yield gettext("Say how days are written: no cell proves it.")
