"""Understanding a table: which column is what, the order of day and month, what its words mean.

Columns are known by their names first, and by their content where there is no such name. All of it
is told with what proves it. What nothing proves is a question, never a guess.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from kursplan.domain.names import folded
from kursplan.domain.sentences import Sentence
from kursplan.imports.days import ORDERS, Order, Survey
from kursplan.imports.exported import Exported
from kursplan.imports.heads import FIELDS, HEADS, LINE, REASON, Subject
from kursplan.imports.legend import NOT_USED, Legend
from kursplan.imports.read import read_table
from kursplan.imports.table import Row, Table, Unreadable
from kursplan.imports.words import WORDS

AS_GIVEN = Sentence("as given")
_BY_NAME = Sentence("by its name")
_LOOKED_AT = 1000
"""How many rows are looked at to know a column by its content."""
_MOSTLY = 0.8
_MOST_STRANGE = 1000
"""Of how many words that are not known it is said how often they occur: a column that has more of them is none of
words."""
_MOST_LOOKED_UP = 10_000

ADDRESS = re.compile(r"[^@\s;,<>]+@[^@\s;,<>]+\.[^@\s;,<>]+")
_NUMBER_TO_CALL = re.compile(r"\+[1-9][\d /().-]{5,}\d")
"""With its country: without one it may as well be an account, or a day."""
_LAST_FIRST = re.compile(r"[^\W\d][^,\d@]*, ?[^\W\d][^,\d@]*")

_BY_CONTENT = {
    "email": ADDRESS,
    "phone": _NUMBER_TO_CALL,
    "last_first_name": _LAST_FIRST,
}
_DAYS = {
    Subject.MEMBERS: ("date_of_birth",),
    Subject.TIMETABLE: ("date", "start"),
    Subject.BOOKINGS: ("date", "start"),
}
"""The fields that have days; of several the first that is there is the one."""
_PASSED_OVER = {folded(LINE), folded(REASON)}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is used."""

    field: str
    index: int
    head: str
    why: Sentence
    """By what it is known."""


@dataclass(frozen=True, slots=True)
class Strange:
    """A word of the file that is not known."""

    field: str
    text: str
    count: int
    line: int
    """Where it occurs first."""


@dataclass(slots=True)
class Understanding:
    """What a file says. What nothing proves is open until somebody answers it."""

    subject: Subject
    table: Table
    said: Legend
    """What people said, answers included."""
    columns: dict[str, Column]
    """By field."""
    unused: list[str]
    """The heads of the others."""
    days_in: str | None = None
    """The field that has days whose order matters."""
    survey: Survey = field(default_factory=Survey)
    strange: list[Strange] = field(default_factory=list)
    """Words of which nothing was known when the file was looked through."""
    _words: dict[str, dict[str, str]] = field(default_factory=dict)
    _looked_up: dict[tuple[str, str], str | None] = field(default_factory=dict)
    """Words that stand in thousands of rows are folded once."""

    def __post_init__(self) -> None:
        for of, meant in self.said.values.items():
            self._words[of] = {folded(text): word for text, word in meant.items()}

    @property
    def order(self) -> Order | None:
        """In which order days are written: as was said, or else as is proved."""
        return self.said.order or self.survey.order

    @property
    def order_is_open(self) -> bool:
        """Whether somebody has to say in which order days are written."""
        return self.said.order is None and self.survey.needs_an_answer

    @property
    def has_names(self) -> bool:
        """Whether it is known where the names of people are."""
        named = self.columns.keys() & {"first_name", "last_name", "full_name", "last_first_name"}
        return bool(named) and named != {"first_name"}

    def answer_order(self, order: Order) -> None:
        self.said = replace(self.said, order=order)

    def answer_word(self, strange: Strange, word: str) -> None:
        values = {of: dict(meant) for of, meant in self.said.values.items()}
        values.setdefault(strange.field, {})[strange.text] = word
        self.said = replace(self.said, values=values)
        self._words.setdefault(strange.field, {})[folded(strange.text)] = word
        self._looked_up.clear()

    def cell(self, row: Row, of: str) -> str:
        """What the row says in the column of that field; empty where there is none."""
        column = self.columns.get(of)
        return "" if column is None else row.cells[column.index]

    def word(self, of: str, text: str) -> str | None:
        """What a text means; None where nothing is known of it, `IGNORED` where it means nothing."""
        if (of, text) not in self._looked_up:
            if len(self._looked_up) == _MOST_LOOKED_UP:
                self._looked_up.clear()
            plain = folded(text)
            word = self._words.get(of, {}).get(plain) or WORDS[of].get(plain)
            self._looked_up[of, text] = word
        return self._looked_up[of, text]

    def legend(self) -> Legend:
        """How it is read, for the next time; what kind of file that is will be seen then."""
        used = {each.head: each.field for each in self.columns.values()}
        columns = {head: used.get(head, NOT_USED) for head in self.table.heads}
        return Legend(self.said.source, columns, self.order, self.said.values)


def known_heads(subject: Subject, legend: Legend) -> Callable[[str], bool]:
    """Whether a cell is the name of a column that is known, or was given."""
    # A number is the name of a column only where the table has no head.
    given = (folded(head) for head in legend.columns if not head.isdigit())
    names = {*HEADS[subject], *given, *_PASSED_OVER}
    return lambda cell: folded(cell) in names


def understood(data: Exported, subject: Subject, legend: Legend) -> Understanding:
    """What a file says that is a table. Raises `Unreadable`."""
    table = read_table(data, known_heads(subject, legend), legend.source)
    return understand(table, subject, legend)


def understand(table: Table, subject: Subject, legend: Legend) -> Understanding:
    """What the table says, `legend` being what a person said about it.

    Raises `Unreadable` where a column is named that is not there.
    """
    columns = _by_name(table, subject, legend)
    _by_content(table, subject, legend, columns)
    used = {each.index for each in columns.values()}
    unused = [
        head
        for index, head in enumerate(table.heads)
        if index not in used and folded(head) not in _PASSED_OVER
    ]
    found = Understanding(subject, table, legend, columns, unused)
    _survey(found)
    proved = found.survey.order
    if legend.order is not None and proved is not None and proved is not legend.order:
        raise Unreadable(
            Sentence(
                "days are given as %(given)s, and the file proves %(proved)s",
                given=ORDERS[legend.order],
                proved=found.survey.told(proved),
            )
        )
    return found


def _by_name(table: Table, subject: Subject, legend: Legend) -> dict[str, Column]:
    said = {head.casefold(): what for head, what in legend.columns.items()}
    here = {head.casefold() for head in table.heads}
    if missing := [head for head in legend.columns if head.casefold() not in here]:
        # A column of a kept mapping may have gone with a new year; what it was is looked for anew.
        said = {head: what for head, what in said.items() if head in here}
        if len(missing) == len(legend.columns):
            raise Unreadable(
                Sentence(
                    "there is no column %(head)s: they are %(heads)s",
                    head=repr(missing[0]),
                    heads=", ".join(table.heads),
                )
            )
    columns: dict[str, Column] = {}
    ranks: dict[str, int] = {}
    for index, head in enumerate(table.heads):
        given = said.get(head.casefold())
        if given == NOT_USED:
            continue
        if given is not None:
            if ranks.get(given) == -1:
                raise Unreadable(
                    Sentence(
                        "both %(one)s and %(other)s are given as %(field)s",
                        one=repr(columns[given].head),
                        other=repr(head),
                        field=given,
                    )
                )
            columns[given], ranks[given] = Column(given, index, head, AS_GIVEN), -1
        elif (known := HEADS[subject].get(folded(head))) is not None:
            what, rank = known
            if rank < ranks.get(what, 1000):
                columns[what], ranks[what] = Column(what, index, head, _BY_NAME), rank
    _tell_names_apart(columns)
    return columns


def _tell_names_apart(columns: dict[str, Column]) -> None:
    """“Name” beside a first name is the last name, and means nothing more beside both."""
    for whole in ("full_name", "last_first_name"):
        if (column := columns.get(whole)) is None or column.why is AS_GIVEN:
            continue
        if "first_name" in columns and "last_name" not in columns:
            why = Sentence("by its name, beside “%(head)s”", head=columns["first_name"].head)
            columns["last_name"] = Column("last_name", column.index, column.head, why)
        if "last_name" in columns and "first_name" in columns:
            del columns[whole]
    if "full_name" in columns and "last_first_name" in columns:
        del columns["full_name"]


def _by_content(table: Table, subject: Subject, legend: Legend, columns: dict[str, Column]) -> None:
    """Columns without a known name that can only be one thing, as far as that is missing."""
    named = columns.keys() & {"first_name", "last_name", "full_name", "last_first_name"}
    missing = [
        each
        for each in _BY_CONTENT
        if each in FIELDS[subject]
        and each not in columns
        and not (each == "last_first_name" and named)
    ]
    if not missing:
        return
    left_out = {head.casefold() for head, what in legend.columns.items() if what == NOT_USED}
    used = {each.index for each in columns.values()}
    free = [
        index
        for index, head in enumerate(table.heads)
        if index not in used and head.casefold() not in left_out
    ]
    filled: Counter[int] = Counter()
    fits: Counter[tuple[int, str]] = Counter()
    example: dict[tuple[int, str], Sentence] = {}
    for _, row in zip(range(_LOOKED_AT), table.rows(), strict=False):
        if row.wrong is not None:
            continue
        for index in free:
            if not (cell := row.cells[index]):
                continue
            filled[index] += 1
            for what in missing:
                if _BY_CONTENT[what].fullmatch(cell):
                    fits[index, what] += 1
                    told = Sentence("line %(line)s has “%(text)s”", line=row.line, text=cell)
                    example.setdefault((index, what), told)
    for what in missing:
        found = [
            each for each in free if filled[each] and fits[each, what] >= _MOSTLY * filled[each]
        ]
        if len(found) == 1:
            [index] = found
            why = Sentence("by its content: %(example)s", example=example[index, what])
            columns[what] = Column(what, index, table.heads[index], why)
            free.remove(index)


def _survey(found: Understanding) -> None:
    """Look at all rows: for what proves the order of days, and for words that are not known."""
    found.days_in = next((each for each in _DAYS[found.subject] if each in found.columns), None)
    spoken = [each for each in WORDS if each in found.columns and found.subject is Subject.MEMBERS]
    strange: Counter[tuple[str, str]] = Counter()
    first: dict[tuple[str, str], int] = {}
    with_address = filled = 0
    for row in found.table.rows():
        if row.wrong is not None:
            continue
        if found.days_in is not None:
            found.survey.see(row.line, found.cell(row, found.days_in))
        if address := found.cell(row, "email"):
            filled += 1
            with_address += "@" in address
        for of in spoken:
            text = found.cell(row, of)
            if not text or found.word(of, text) is not None:
                continue
            if (of, text) in first or len(first) < _MOST_STRANGE:
                strange[of, text] += 1
                first.setdefault((of, text), row.line)
    found.strange = [
        Strange(of, text, count, first[of, text]) for (of, text), count in strange.items()
    ]
    # A name may lie: what has not one address in it is no column of addresses.
    if filled and not with_address:
        found.unused.append(found.columns.pop("email").head)
    if found.days_in == "date_of_birth" and found.survey.filled and not found.survey.days:
        found.unused.append(found.columns.pop("date_of_birth").head)
        found.days_in = None
