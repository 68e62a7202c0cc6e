"""Reading: the bytes of a file become a table, whatever kind of file it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice

from kursplan.domain.sentences import Sentence
from kursplan.imports.delimited import (
    DELIMITERS,
    Known,
    delimiter_of,
    ends_within_a_row,
    rows_of,
)
from kursplan.imports.encoding import encoding_of
from kursplan.imports.exported import Exported
from kursplan.imports.table import LONGEST_FILE, Row, Source, Table, Unreadable

_NOTHING_IN_IT = Sentence("the file has nothing in it: the export failed; make it again")
_HEAD_WITHIN = 20
"""Among how many rows the head is looked for: some systems put a title above it."""
_LOOKED_AT = 1000
"""Among how many rows one is looked for that has empty cells at its end."""
_DATA = re.compile(r"[^@\s]+@[^@\s]+|[-\d./: ]*\d[-\d./: ]*")
"""A cell that is no name of a column: an address, a number, a day."""
_WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|"}

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
"""How they begin, new and old."""

_Numbered = Iterator[tuple[int, tuple[str, ...]]]


def read_table(data: Exported, is_known: Known, given: Source | None = None) -> Table:
    """The table in a file; `given` is what a person said of it, and None what is to be found out.

    Raises `Unreadable` where there is none, where it was cut off, and where what kind of file it is
    can't be told.
    """
    given = given or Source()
    if not any(each.strip(b"\0\r\n\t ") for each in data.pieces()):
        raise Unreadable(
            _NOTHING_IN_IT
            if data.size
            else Sentence("the file has 0 bytes: the export failed; make it again")
        )
    if data.size > LONGEST_FILE:
        raise Unreadable(
            Sentence(
                "the file has more than %(most)s MiB: import it in parts",
                most=LONGEST_FILE // 1024**2,
            )
        )
    if data.begins(8).startswith(_WORKBOOKS):
        # Imported where it is needed: most files are text.
        from kursplan.imports.workbook import Workbook

        workbook = Workbook(data.whole())
        sheet = workbook.sheet(given.sheet)
        told = Sentence("a workbook, sheet %(name)s", name=repr(sheet))
        source = Source(sheet=sheet, told=told)
        return _table(source, partial(workbook.rows, sheet), is_known)
    encoding = encoding_of(data, given.encoding)
    delimiter = _WORDS.get(given.delimiter or "", given.delimiter)
    if delimiter is not None and (len(delimiter) != 1 or delimiter in '"\r\n'):
        says = Sentence(
            "%(sign)s can't divide cells: it is one sign, like ';' or 'tab'",
            sign=repr(given.delimiter),
        )
        raise Unreadable(says)
    delimiter = delimiter or delimiter_of(data, encoding.name, is_known)
    told = Sentence(
        "text in %(encoding)s, its cells divided by %(sign)s",
        encoding=encoding.told,
        sign=DELIMITERS.get(delimiter, delimiter),
    )
    source = Source(encoding=encoding.name, delimiter=delimiter, told=told)
    numbered = partial(rows_of, data, encoding.name, delimiter)
    table = _table(source, numbered, is_known)
    if ends_within_a_row(data, encoding.name):
        _check_whole(table, numbered())
    return table


def _table(source: Source, numbered: Callable[[], _Numbered], is_known: Known) -> Table:
    head_line, heads = _head(numbered(), is_known)
    width = len(heads)
    # Some spreadsheets leave out empty cells at the end of a row. Where one row has such cells, this one
    # does not, and a row that lacks some is none.
    all_cells = any(
        line > head_line and len(cells) >= width and not cells[width - 1]
        for line, cells in islice(numbered(), _LOOKED_AT)
    )

    def rows() -> Iterator[Row]:
        for line, cells in numbered():
            if line <= head_line:
                continue
            further = len(cells) - width
            if further > 0 and any(cells[width:]):
                says = Sentence(
                    "has %(count)s cells where the head has %(head)s: "
                    "put a cell that has the dividing sign in it in quotation marks",
                    count=len(cells),
                    head=width,
                )
                yield Row(line, cells, says)
            elif further < 0 and all_cells:
                says = Sentence(
                    "has %(count)s cells where the head has %(head)s: "
                    "put a cell that has a line break in it in quotation marks",
                    count=len(cells),
                    head=width,
                )
                yield Row(line, cells, says)
            else:
                yield Row(line, cells[:width] + ("",) * -further)

    return Table(source, heads, head_line, rows)


def _head(numbered: _Numbered, is_known: Known) -> tuple[int, tuple[str, ...]]:
    """The row with most names of columns that are known; without any, the first that is no data."""
    begin = [row for _, row in zip(range(_HEAD_WITHIN), numbered, strict=False)]
    if not begin:
        raise Unreadable(_NOTHING_IN_IT)
    # Of several with as many, the first.
    line, cells = max(begin, key=lambda row: sum(map(is_known, row[1])))
    if not any(map(is_known, cells)):
        line, cells = begin[0]
        if any(_DATA.fullmatch(cell) for cell in cells):
            width = max(len(row) for _, row in begin)
            return 0, tuple(str(number) for number in range(1, width + 1))
    last = max(index for index, cell in enumerate(cells) if cell)
    heads = [cell or str(index + 1) for index, cell in enumerate(cells[: last + 1])]
    # A name that stands there twice is told apart by its column.
    told: list[str] = []
    for index, head in enumerate(heads):
        told.append(f"{head} ({index + 1})" if head in told else head)
    return line, tuple(told)


def _check_whole(table: Table, numbered: Iterable[tuple[int, tuple[str, ...]]]) -> None:
    """A file whose last line has no end, and fewer cells than any other, was cut off there."""
    fewest = len(table.heads)
    line, width = 0, fewest
    for number, cells in numbered:
        if number <= table.head_line:
            continue
        if line:
            fewest = min(fewest, width)
        line, width = number, len(cells)
    if width < fewest:
        raise Unreadable(
            Sentence(
                "the file ends in line %(line)s after %(count)s of %(head)s cells: it was cut off; "
                "export it again. To import what is there, take that line out",
                line=line,
                count=width,
                head=len(table.heads),
            )
        )
