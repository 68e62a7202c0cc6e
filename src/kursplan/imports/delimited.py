"""Delimited text as rows: which sign divides its cells, and where it was cut off.

A row that has more cells than the head is told with its line; one that has fewer lacks the last
ones, as spreadsheets write it. What can't be a row of anything (a quotation that never ends) is told
for the whole file: what comes after it can't be trusted.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from kursplan.domain.sentences import Sentence, either
from kursplan.imports.encoding import last_letter, letters
from kursplan.imports.exported import Exported
from kursplan.imports.table import MOST_COLUMNS, Unreadable, cleaned

DELIMITERS = {
    ";": Sentence("semicolons"),
    ",": Sentence("commas"),
    "\t": Sentence("tabs"),
    "|": Sentence("bars"),
}
_LINES_LOOKED_AT = 200
_LONGEST_CELL = 32 * 1024
_SAID = re.compile(r"sep=(.)\s*")
"""How a spreadsheet says it in a first line of its own."""

Known = Callable[[str], bool]
"""Whether a cell is the name of a column that is known."""


def delimiter_of(data: Exported, encoding: str, is_known: Known) -> str:
    """The sign between cells: that by which most names of columns are found, or else most rows alike.

    Raises `Unreadable` where several would do.
    """
    with letters(data, encoding) as text:
        lines = [line for _, line in zip(range(_LINES_LOOKED_AT), text, strict=False)]
    if lines and (said := _SAID.fullmatch(lines[0])):
        return said[1]
    found = {each: _judged(lines, each, is_known) for each in DELIMITERS}
    best = max(found.values())
    chosen = [each for each, judged in found.items() if judged == best]
    if best[:2] == (0, 0.0):
        return ","  # One column, which no sign divides.
    if len(chosen) > 1:
        says = Sentence(
            "whether %(signs)s divide its cells can't be told: say --delimiter",
            signs=either(DELIMITERS[each] for each in chosen),
        )
        raise Unreadable(says)
    return chosen[0]


def _judged(lines: Sequence[str], delimiter: str, is_known: Known) -> tuple[int, float, int]:
    """How many names of columns it finds, how many rows are alike, and how many cells they have."""
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(row)]
    [(width, alike)] = Counter(map(len, rows)).most_common(1) or [(1, 0)]
    if width < 2:
        return 0, 0.0, 0
    names = max(sum(map(is_known, row)) for row in rows[:20])
    return names, alike / len(rows), width


def rows_of(data: Exported, encoding: str, delimiter: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every row that is not empty, as it stands, with the line in which it begins.

    Raises `Unreadable` where a quotation is not closed or goes on after its end.
    """
    line = 1
    try:
        with letters(data, encoding) as text:
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            for row in reader:
                begins, line = line, reader.line_num + 1
                if begins == 1 and _SAID.fullmatch(delimiter.join(row)):
                    continue
                if any(cell and not cell.isspace() for cell in row):
                    yield begins, _bounded(row, begins)
    except csv.Error as error:
        raise Unreadable(_told(str(error), line)) from error


def _bounded(row: list[str], line: int) -> tuple[str, ...]:
    if len(row) > MOST_COLUMNS:
        raise Unreadable(
            Sentence(
                "line %(line)s has %(count)s cells: give a table with %(most)s at most",
                line=line,
                count=len(row),
                most=MOST_COLUMNS,
            )
        )
    if any(len(cell) > _LONGEST_CELL for cell in row):
        raise Unreadable(
            Sentence(
                "line %(line)s has a cell with more than %(most)s letters: is a quotation mark missing?",
                line=line,
                most=_LONGEST_CELL,
            )
        )
    return tuple(map(cleaned, row))


def _told(error: str, line: int) -> Sentence:
    if "unexpected end" in error or "field larger" in error:
        return Sentence(
            "the quotation that begins in the row of line %(line)s never ends: the file was cut off, "
            "or a quotation mark is missing; export it again, or mend that row",
            line=line,
        )
    return Sentence(
        "line %(line)s has a quotation mark within a cell that begins with one: write it twice there, "
        "or leave it out (%(error)s)",
        line=line,
        error=error,
    )


def ends_within_a_row(data: Exported, encoding: str) -> bool:
    """Whether the last line has no end, as all lines have that were written to the last."""
    return last_letter(data, encoding) not in ("\n", "\r")
