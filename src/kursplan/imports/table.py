"""A table as some other system exported it: a head, and rows of text that know their line.

Where it came from (delimited text, a workbook) is no longer known here, but for the sentence that
tells it. Rows are read anew each time that they are asked for, so that no file is held as objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kursplan.domain.sentences import Sentence

LONGEST_FILE = 64 * 1024 * 1024
"""In bytes; some hundred thousand members with all that other systems know of them."""
MOST_COLUMNS = 500


class Unreadable(Exception):
    """The file can't be taken as a whole: where, why, and what to do instead. Nothing was done."""

    def __init__(self, says: Sentence) -> None:
        super().__init__(says)
        self.says = says


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of the table, without blanks around them; as many as the head has."""

    line: int
    """In which line of the file it begins, counted from 1."""
    cells: tuple[str, ...] = field(repr=False)
    wrong: Sentence | None = None
    """Why it can't be one of the table's rows, where it can't; its cells are then as they stood."""


@dataclass(frozen=True, slots=True)
class Source:
    """What kind of file it is, as far as it has to be known to read it."""

    encoding: str | None = None
    """As Python names it; None for a workbook."""
    delimiter: str | None = None
    sheet: str | None = None
    told: Sentence | None = field(default=None, compare=False)
    """The same as a sentence, with what proves it."""


@dataclass(frozen=True, slots=True)
class Table:
    source: Source
    heads: tuple[str, ...]
    """Where the file has none, the numbers of the columns, from 1."""
    head_line: int
    """0 where it has no head."""
    rows: Callable[[], Iterator[Row]]


NO_VALUE = frozenset(
    {"-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "n/a", "null", "k.a.", "k. a."}
)
"""What other systems write where there is nothing, in small letters."""


def cleaned(cell: str) -> str:
    """The cell as it is meant: without blanks around it, and empty where it says that it is.

    A spreadsheet's sign for "this is text", an apostrophe before a plus or a digit, is no part of it.
    """
    text = " ".join(cell.split())
    if text[:1] == "'" and text[1:2] in "+0123456789":
        text = text[1:]
    return "" if text.lower() in NO_VALUE else text
