"""A file of members, read as far as it can be without a database."""

from __future__ import annotations

from datetime import date

from kursplan.imports.exported import Exported
from kursplan.imports.heads import Subject
from kursplan.imports.legend import Legend
from kursplan.imports.people import Person, Refused, people
from kursplan.imports.read import read_table
from kursplan.imports.table import Source
from kursplan.imports.understand import Understanding, known_heads, understand

TODAY = date(2026, 3, 2)
UNSAID = Legend()


def understood(
    data: bytes | str, legend: Legend = UNSAID, subject: Subject = Subject.MEMBERS
) -> Understanding:
    raw = data.encode() if isinstance(data, str) else data
    table = read_table(Exported.of(raw), known_heads(subject, legend), legend.source)
    return understand(table, subject, legend)


def read(data: bytes | str, legend: Legend = UNSAID) -> list[Person | Refused]:
    return list(people(understood(data, legend), TODAY))


def facts(data: bytes | str, legend: Legend = UNSAID) -> list[dict[str, str]]:
    """What the rows say, all of which can be taken."""
    found = read(data, legend)
    assert [each.reasons for each in found if isinstance(each, Refused)] == []
    return [each.facts for each in found if isinstance(each, Person)]


def reasons(data: bytes | str, legend: Legend = UNSAID) -> dict[int, tuple[str, ...]]:
    """Why rows are refused, by line."""
    return {each.row.line: each.reasons for each in read(data, legend) if isinstance(each, Refused)}


def in_encoding(name: str) -> Legend:
    return Legend(Source(encoding=name))
