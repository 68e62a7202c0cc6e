"""The rows that were left out, as a file to mend and bring again.

They stand there as they stood, with three columns beside them: in which line, why, and one to say who
somebody in doubt is. An import knows these columns.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from io import StringIO

from kursplan.domain.sentences import Sentence, either
from kursplan.imports.heads import LINE, REASON, SAME_AS
from kursplan.imports.match import Doubtful
from kursplan.imports.people import Refused
from kursplan.imports.table import Table

_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""By which spreadsheets know UTF-8."""


def rows_to_mend(
    table: Table,
    left_out: Iterable[Doubtful | Refused],
    in_words: Callable[[Sentence], str] = str,
) -> str:
    """The file, in the order of the lines; `in_words` says why in the language of who mends it."""
    written = StringIO()
    writer = csv.writer(written, delimiter=table.source.delimiter or ";", lineterminator="\r\n")
    ours = (SAME_AS, LINE, REASON)
    kept = [index for index, head in enumerate(table.heads) if head not in ours]
    writer.writerow([*(table.heads[index] for index in kept), *ours])
    said = table.heads.index(SAME_AS) if SAME_AS in table.heads else None
    rows = []
    for each in left_out:
        if isinstance(each, Doubtful):
            told = Sentence(
                "%(because)s; write `new` or %(keys)s under “%(head)s”",
                because=each.because,
                keys=either(who.key for who in each.candidates),
                head=SAME_AS,
            )
            rows.append((each.person.row, in_words(told)))
        else:
            rows.append((each.row, "; ".join(map(in_words, each.reasons))))
    for row, why in sorted(rows, key=lambda each: each[0].line):
        cells = [row.cells[index] if index < len(row.cells) else "" for index in kept]
        beyond = row.cells[len(table.heads) :]
        same_as = row.cells[said] if said is not None and said < len(row.cells) else ""
        writer.writerow([*cells, same_as, row.line, why, *beyond])
    return _MARK + written.getvalue()
