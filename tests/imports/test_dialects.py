"""A table of people comes back the same, whichever system it was exported from."""

import csv
from dataclasses import replace
from datetime import date
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from kursplan.imports.days import Order
from kursplan.imports.people import Person, people
from tests.imports.dialects import DIALECTS, Dialect, born, last_first, text
from tests.imports.dialects import Person as Facts
from tests.imports.reading import TODAY, understood

LATIN = [
    "Müller",
    "Groß",
    "Jürgen",
    "Björn",
    "Käthe",
    "François",
    "Zoë",
    "Renée",
    "Anna",
    "Tom",
    "O'Neill",
    "Schmidt-Böhm",
    "Ångström",
    "Süß",
]
EVERYWHERE = [*LATIN, "Łukasz", "Đurić", "Şeyma", "Иван", "Ελένη", "山田", "Nguyễn"]
PARTICLES = ("von ", "van der ", "de la ", "")


def people_called(names: list[str]) -> some.SearchStrategy[list[Facts]]:
    """People who differ in their numbers, and lack this and that."""
    name = some.sampled_from(names)
    number = some.integers(1, 10**9)
    person = some.fixed_dictionaries(
        {
            "first_name": some.tuples(name, name | some.just("")).map(" ".join).map(str.strip),
            "last_name": some.tuples(some.sampled_from(PARTICLES), name).map("".join),
            "number": number.map(str) | number.map("M-{}".format),
            "status": some.sampled_from(["MEMBER", "PROSPECT", "FORMER_MEMBER"]),
        },
        optional={
            "email": number.map("someone.{}@muster.example".format),
            "phone": number.map("+49 30 1{:09}".format),
            "date_of_birth": some.dates(date(1920, 1, 1), TODAY).map(date.isoformat),
            "gender": some.sampled_from(["FEMALE", "MALE", "UNISEX"]),
        },
    )
    return some.lists(person, min_size=1, max_size=6, unique_by=lambda each: each["number"])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda each: each.name)
@settings(max_examples=8, deadline=None)
@given(drawn=some.data())
def test_any_table_of_people_comes_back_the_same(dialect: Dialect, drawn: some.DataObject) -> None:
    names = LATIN if dialect.encoding == "cp1252" else EVERYWHERE
    written = drawn.draw(people_called(names))

    found = understood(dialect.export(written))
    if found.order_is_open:
        found.answer_order(Order.MONTH_FIRST if "m/" in dialect.day[:4] else Order.DAY_FIRST)
    read = list(people(found, TODAY))

    assert [each.facts for each in read if isinstance(each, Person)] == [
        {name: value for name, value in each.items() if name in dialect.keeps} for each in written
    ]
    assert len(read) == len(written)


MANY = [
    {
        "first_name": "Erika",
        "last_name": "Mustermann",
        "number": "1001",
        "status": "MEMBER",
        "date_of_birth": "1990-05-17",
    },
    {
        "first_name": "Jürgen",
        "last_name": "Groß",
        "number": "1002",
        "status": "PROSPECT",
        "date_of_birth": "1985-12-01",
    },
]


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252")


@pytest.mark.parametrize(
    "dialect", [each for each in DIALECTS if not each.workbook], ids=lambda each: each.name
)
def test_every_delimiter_is_known_in_every_encoding_of_every_system(dialect: Dialect) -> None:
    expected = [
        {name: value for name, value in each.items() if name in dialect.keeps} for each in MANY
    ]
    for delimiter, encoding, quoted in product(
        (";", ",", "\t", "|"), ENCODINGS, (csv.QUOTE_ALL, csv.QUOTE_MINIMAL)
    ):
        written = replace(dialect, delimiter=delimiter, encoding=encoding, quoted=quoted)

        found = understood(written.export(MANY))

        read = [each.facts for each in people(found, TODAY) if isinstance(each, Person)]
        assert (found.table.source.delimiter, read) == (delimiter, expected), (encoding, quoted)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "form", ["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%-m/%-d/%Y", "%m-%d-%Y", "%Y-%m-%d", "%Y/%m/%d"]
)
def test_every_order_of_days_is_proved_by_a_cell_in_every_encoding(
    form: str, encoding: str
) -> None:
    rows = [("Name", "DOB"), *((last_first(each), born(each, form)) for each in MANY)]

    found = understood(text(rows, encoding=encoding))

    read = [each.facts for each in people(found, TODAY) if isinstance(each, Person)]
    assert [each["date_of_birth"] for each in read] == [each["date_of_birth"] for each in MANY]
    assert [each["last_name"] for each in read] == [each["last_name"] for each in MANY]
