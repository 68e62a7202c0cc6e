"""What somebody says about how a file is to be read: it comes with the form, page after page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from kursplan.console.visit import NotAForm
from kursplan.imports.days import Order
from kursplan.imports.heads import Subject
from kursplan.imports.legend import NOT_USED, Legend, checked
from kursplan.imports.table import Source

SAID: Final = "said"
WHO: Final = "who-"
"""So begin the fields that say who somebody in doubt is; the line of the row follows."""
MOST_WORDS: Final = 30


@dataclass(frozen=True, slots=True)
class SaidOfFile:
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    order: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""

    @classmethod
    def before(cls, fields: Mapping[str, str]) -> SaidOfFile:
        """What earlier pages were told. Raises `NotAForm`."""
        try:
            told: Any = json.loads(fields.get(SAID) or "{}")
            columns = {str(head): str(what) for head, what in told.get("columns", {}).items()}
            values = {
                str(of): {str(text): str(word) for text, word in meant.items()}
                for of, meant in told.get("values", {}).items()
            }
        except (ValueError, AttributeError, RecursionError) as error:
            raise NotAForm(SAID) from error
        return cls(columns, values)

    def and_now(self, fields: Mapping[str, str]) -> SaidOfFile:
        """The same with what this page was told."""
        columns = {**self.columns, **dict(_columns(fields))}
        values = {of: dict(meant) for of, meant in self.values.items()}
        for number in range(MOST_WORDS):
            word = fields.get(f"word-{number}")
            if word:
                of = fields.get(f"word-of-{number}", "")
                values.setdefault(of, {})[fields.get(f"word-text-{number}", "")] = word
        return SaidOfFile(
            columns,
            values,
            fields.get("dates", ""),
            fields.get("encoding", "").strip(),
            fields.get("delimiter", "").strip(),
            fields.get("sheet", "").strip(),
        )

    def legend(self, subject: Subject) -> Legend:
        """Raises `Unreadable`."""
        source = Source(self.encoding or None, self.delimiter or None, self.sheet or None)
        order = Order(self.order) if self.order in [*Order] else None
        return checked(Legend(source, self.columns, order, self.values), subject)

    def written(self) -> str:
        """As it comes with the next form."""
        return json.dumps({"columns": self.columns, "values": self.values}, ensure_ascii=False)


def _columns(fields: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The columns of which somebody says something else than was found out."""
    number = 0
    while (head := fields.get(f"head-{number}")) is not None:
        chosen = fields.get(f"column-{number}", "")
        if chosen != fields.get(f"was-{number}", ""):
            yield head, chosen or NOT_USED
        number += 1
