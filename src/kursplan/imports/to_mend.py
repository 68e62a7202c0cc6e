"""The rows that were left out, as a file to mend and bring again.

They stand there as they stood, with three columns beside them: in which line, why, and one to say who
somebody in doubt is. An import knows these columns.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from heapq import merge

from kursplan.domain.sentences import Sentence, either
from kursplan.imports.heads import LINE, REASON, SAME_AS
from kursplan.imports.match import Doubtful
from kursplan.imports.people import Refused
from kursplan.imports.table import Row, Table

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By which spreadsheets know UTF-8."""


def rows_to_mend(
    table: Table,
    *left_out: Iterable[Doubtful | Refused],
    in_words: Callable[[Sentence], str] = str,
) -> Iterator[str]:
    """The lines of the file, in the order in which they stood; each of `left_out` is in that order.

    `in_words` says why in the language of who mends it.
    """
    line = _Line()
    writer = csv.writer(line, delimiter=table.source.delimiter or ";", lineterminator="\r\n")
    ours = (SAME_AS, LINE, REASON)
    kept = [index for index, head in enumerate(table.heads) if head not in ours]
    writer.writerow([*(table.heads[index] for index in kept), *ours])
    yield _MARK + line.taken()
    said = table.heads.index(SAME_AS) if SAME_AS in table.heads else None
    for each in merge(*left_out, key=lambda one: _row(one).line):
        row = _row(each)
        cells = [row.cells[index] if index < len(row.cells) else "" for index in kept]
        beyond = row.cells[len(table.heads) :]
        same_as = row.cells[said] if said is not None and said < len(row.cells) else ""
        writer.writerow([*cells, same_as, row.line, _why(each, in_words), *beyond])
        yield line.taken()


def _row(each: Doubtful | Refused) -> Row:
    return each.person.row if isinstance(each, Doubtful) else each.row


def _why(each: Doubtful | Refused, in_words: Callable[[Sentence], str]) -> str:
    if isinstance(each, Refused):
        return "; ".join(map(in_words, each.reasons))
    told = Sentence(
        "%(because)s; write `new` or %(keys)s under “%(head)s”",
        because=each.because,
        keys=either(who.key for who in each.candidates),
        head=SAME_AS,
    )
    return in_words(told)


class _Line:
    """What a writer wrote last."""

    def __init__(self) -> None:
        self._written = ""

    def write(self, text: str) -> None:
        self._written += text

    def taken(self) -> str:
        taken, self._written = self._written, ""
        return taken
