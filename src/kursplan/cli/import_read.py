"""Reading a file that another system exported: what was given, what was found out, what is asked.

Questions are only asked on a terminal. A script is told which option answers them.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from kursplan.cli.files import bytes_of, write_for_the_owner
from kursplan.cli.output import Stop, counted, say, table

if TYPE_CHECKING:
    from kursplan.imports.exported import Exported
    from kursplan.imports.heads import Subject
    from kursplan.imports.legend import Legend
    from kursplan.imports.match import Doubtful
    from kursplan.imports.understand import Understanding

_MOST_WORDS = 30
"""After how many words that are not known nobody is asked any more."""


@dataclass(frozen=True, slots=True)
class Given:
    """What was said on the command line about how to read the file."""

    mapping: Path | None
    columns: list[str] | None
    values: list[str] | None
    dates: str | None
    encoding: str | None
    delimiter: str | None
    sheet: str | None

    def legend(self, subject: Subject) -> Legend:
        """All of it, over what a kept mapping says. Raises `Unreadable` and `Stop`."""
        from kursplan.imports.days import Order
        from kursplan.imports.legend import read_legend, said
        from kursplan.imports.table import Source

        if self.dates is not None and self.dates not in [*Order]:
            raise Stop(f"--dates is {' or '.join(Order)}, and not {self.dates!r}", 2)
        here = said(
            subject,
            source=Source(self.encoding, self.delimiter, self.sheet),
            columns=self.columns or (),
            order=None if self.dates is None else Order(self.dates),
            values=self.values or (),
        )
        if self.mapping is None:
            return here
        try:
            kept = bytes_of(self.mapping, 1024 * 1024).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Stop(f"{self.mapping} is no mapping: it is not in UTF-8") from error
        kept_legend: Legend = read_legend(kept, subject)
        return here.over(kept_legend)


def may_ask() -> bool:
    return sys.stdin.isatty()


def exported(file: Path) -> Exported:
    """What was exported. Raises `Stop`."""
    from kursplan.imports.exported import Exported
    from kursplan.imports.table import LONGEST_FILE

    try:
        if file.is_file():
            return Exported.in_file(file)
    except OSError as error:
        raise Stop(f"can't read {file}: {error.strerror}") from error
    return Exported.of(bytes_of(file, LONGEST_FILE))


def understood(file: Path, data: Exported, subject: Subject, given: Given) -> Understanding:
    """What the table in the file says. Raises `Stop` where it can't be read."""
    from kursplan.imports.table import Unreadable
    from kursplan.imports.understand import understood as understood_by_all

    try:
        found: Understanding = understood_by_all(data, subject, given.legend(subject))
    except Unreadable as unreadable:
        raise Stop(f"{file}: {unreadable}") from unreadable
    return found


def require(found: Understanding, of: str) -> None:
    """Raise `Stop` where no column is known to be that, without which nothing can be read."""
    if of not in found.columns:
        heads = ", ".join(found.table.heads)
        what = of.replace("_", " ")
        raise Stop(
            f"which column has the {what}? Say --column 'HEAD={of}': it is one of {heads}", 2
        )


def settle(found: Understanding, *, ask: bool) -> None:
    """Ask what nothing in the file proves.

    Raises `Stop` where nobody is to be asked, and the file can't be read without an answer.
    """
    _settle_days(found, ask=ask)
    if ask:
        _ask_for_words(found)


def keep_mapping(found: Understanding, output: Path) -> None:
    from kursplan.imports.legend import written

    write_for_the_owner(output, written(found.legend(), found.subject))


def _settle_days(found: Understanding, *, ask: bool) -> None:
    from kursplan.imports.days import Order

    if not found.order_is_open or found.days_in is None:
        return
    head = found.columns[found.days_in].head
    told = found.survey.told(None)
    if not ask:
        raise Stop(f"the days under “{head}”: {told}. Say --dates {' or --dates '.join(Order)}", 2)
    say(f"The days under “{head}”: {told}.", err=True)
    found.answer_order([*Order][_choice("Which is it?", [*Order])])


def _ask_for_words(found: Understanding) -> None:
    from kursplan.imports.words import IGNORED, WORDS

    for each in found.strange[:_MOST_WORDS]:
        words = [*dict.fromkeys(WORDS[each.field].values()), IGNORED]
        if len(words) > 10:
            continue  # Languages: they are told, and rows that have such a one are left out.
        rows = counted(each.count, "row")
        head = found.columns[each.field].head
        question = (
            f"What does “{each.text}” under “{head}” mean ({rows}, first in line {each.line})?"
        )
        found.answer_word(each, words[_choice(question, words)])


class Answers:
    """Who people in doubt are, as somebody at the terminal says; nobody is asked about twice."""

    def __init__(self, *, may_be_new: bool = True) -> None:
        self._may_be_new = may_be_new
        self._given: dict[tuple[str, ...], str | None] = {}

    def of(self, doubt: Doubtful) -> str | None:
        """`new`, the key of somebody, or None where whoever is asked leaves it open too."""
        asked = (*doubt.person.facts.values(), *(who.key for who in doubt.candidates))
        if asked not in self._given:
            self._given[asked] = self._ask(doubt)
        return self._given[asked]

    def _ask(self, doubt: Doubtful) -> str | None:
        from kursplan.imports.match import NEW

        say(f"Line {doubt.person.row.line}, {doubt.person.called}: {doubt.because}.", err=True)
        answers: dict[str, str | None] = {"a new customer": NEW} if self._may_be_new else {}
        answers |= {f"the same as {who}, {who.key}": who.key for who in doubt.candidates}
        answers["leave it out"] = None
        return [*answers.values()][_choice("Who is it?", [*answers])]


def _choice(question: str, answers: list[Any]) -> int:
    """Which of the answers, counted from 0."""
    say(question, err=True)
    for number, answer in enumerate(answers, start=1):
        say(f"  {number}  {answer}", err=True)
    while True:
        typed: str = typer.prompt("Number", err=True)
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(answers):
            return int(typed) - 1


def tell(found: Understanding) -> None:
    """What was understood, and what proves it."""
    say(f"The file is {found.table.source.told}.")
    table(
        ("Column", "Is", "Known"),
        ((each.head, each.field.replace("_", " "), each.why) for each in found.columns.values()),
        empty="No column is known.",
    )
    if found.unused:
        say(f"Not used: {', '.join(found.unused)}.")
    if found.days_in is not None:
        say(f"Days: {found.survey.told(found.order)}.")
    for each in found.strange[:_MOST_WORDS]:
        if found.word(each.field, each.text) is None:
            say(
                f"“{each.text}” under “{found.columns[each.field].head}” is not known "
                f"({counted(each.count, 'row')}, first in line {each.line}): "
                f"say --value '{each.field}:{each.text}=…'."
            )


def as_document(found: Understanding) -> dict[str, Any]:
    source = found.table.source
    return {
        "encoding": source.encoding,
        "delimiter": source.delimiter,
        "sheet": source.sheet,
        "columns": [
            {"column": each.head, "field": each.field, "known": each.why}
            for each in found.columns.values()
        ],
        "not_used": found.unused,
        "days": None if found.days_in is None else found.survey.told(found.order),
        "unknown_words": [
            {"field": each.field, "text": each.text, "rows": each.count, "line": each.line}
            for each in found.strange
        ],
    }
