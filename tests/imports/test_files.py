"""A file is taken as a whole, or refused with what is wrong and what to do."""

import codecs
from datetime import date
from io import BytesIO

import openpyxl
import pytest

from kursplan.imports.legend import Legend
from kursplan.imports.table import Source, Unreadable
from tests.imports.dialects import text, workbook
from tests.imports.reading import facts, in_encoding, reasons, understood

HEAD = "Nr;Vorname;Nachname\r\n"
ERIKA = {"number": "1", "first_name": "Erika", "last_name": "Groß"}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "has 0 bytes: the export failed"),
        (codecs.BOM_UTF8 + b"", "has nothing in it"),
        (b"\r\n\r\n", "has nothing in it"),
        (codecs.BOM_UTF16_LE, "has nothing in it"),
        # Cut off in every way that can be seen.
        (f"{HEAD}1;Erika;Groß\r\n2;Max;Müller".encode()[:-5], "in the middle of a letter"),
        (f"{HEAD}1;Erika;Groß\r\n2;Max;Grüß".encode("utf-16")[:-1], "in the middle of a letter"),
        (
            f"{HEAD}1;Erika;Groß\r\n2;Ma".encode(),
            "ends in line 3 after 2 of 3 cells: it was cut off",
        ),
        (f'{HEAD}1;Erika;Groß\r\n2;"Max;M'.encode(), "in the row of line 3 never ends"),
        (workbook([("Nr", "Vorname"), (1, "Erika")])[:-400], "was cut off; save it again"),
        # Not what it says it is.
        (f'{HEAD}1;"Erika" K.;Groß\r\n'.encode(), "line 2 has a quotation mark within a cell"),
        (b"PK\x03\x04 nothing else", "begins like a workbook and is none"),
        (workbook([("a", "b")], sheets=("One", "Two"))[:0] or b"\0\0", "has nothing in it"),
    ],
)
def test_what_is_not_whole_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(Unreadable) as refused:
        understood(data)
    assert says in str(refused.value)


def test_a_last_line_without_an_end_is_whole_where_no_cell_is_missing() -> None:
    assert facts(f"{HEAD}1;Erika;Groß") == [ERIKA]
    # Spreadsheets leave out empty cells at the end of lines, here as well as there.
    assert len(facts("Nr;Vorname;Nachname;E-Mail\n1;Erika;Groß\n2;Max;Groß")) == 2


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "Groß"),
        ("utf-16-le", "Groß"),
        ("utf-16-be", "Groß"),
        ("cp1252", "Groß"),
        ("mac_roman", "Günther-Weiß"),
        ("cp850", "Günther"),
        ("cp1250", "Wałęsa"),
        ("cp1251", "Петров"),
    ],
)
def test_an_encoding_without_a_mark_is_told_by_its_words(encoding: str, name: str) -> None:
    [found] = facts(f"{HEAD}1;Erika;{name}\r\n".encode(encoding))
    assert found["last_name"] == name


@pytest.mark.parametrize(
    ("encoding", "name"), [("cp1254", "Şahin"), ("cp1252", "Šimon"), ("mac_roman", "Köhler")]
)
def test_an_encoding_that_can_not_be_told_is_asked_for(encoding: str, name: str) -> None:
    """Each makes other words of it, and none is likelier."""
    data = f"{HEAD}1;Erika;{name}\r\n".encode(encoding, "ignore")

    with pytest.raises(Unreadable, match="in which encoding the file is can't be told"):
        understood(data)
    [found] = facts(data, in_encoding(encoding))

    assert found["last_name"] == name.encode(encoding, "ignore").decode(encoding)


def test_an_encoding_that_is_not_its_own_is_refused() -> None:
    data = f"{HEAD}1;Erika;Groß\r\n".encode("cp1252")
    for given, says in (
        ("utf-8", "is not in utf-8, as given"),
        ("klingon", "there is no encoding"),
    ):
        with pytest.raises(Unreadable, match=says):
            understood(data, in_encoding(given))


def test_the_encoding_is_told_with_a_word_to_see_it_by() -> None:
    data = text([("Nr", "Name"), ("1", "Muster"), ("2", "Jürgen Groß")], encoding="cp1252")
    assert understood(data).table.source.told == (
        "text in Windows-1252 (line 3 has “Jürgen”), its cells divided by semicolons"
    )


def test_a_workbook_gives_days_and_numbers_as_they_are() -> None:
    data = workbook(
        [
            ("Mitgliedsnummer", "Vorname", "Nachname", "Geburtsdatum", "Telefon"),
            (1001, "Erika", "Groß", date(1990, 5, 7), "030 901820"),
            ("0012", "Max", "Groß", date(1991, 7, 5), 493012345678),
        ]
    )
    assert facts(data) == [
        {
            "number": "1001",
            "first_name": "Erika",
            "last_name": "Groß",
            "date_of_birth": "1990-05-07",
            "phone": "030 901820",
        },
        {
            "number": "0012",
            "first_name": "Max",
            "last_name": "Groß",
            "date_of_birth": "1991-07-05",
            "phone": "493012345678",
        },
    ]


def test_a_workbook_with_several_sheets_asks_which() -> None:

    book = openpyxl.Workbook()
    book.active.title = "Members"
    book.active.append(["Vorname", "Nachname"])
    book.active.append(["Erika", "Groß"])
    other = book.create_sheet("Old")
    other.append(["Vorname", "Nachname"])
    saved = BytesIO()
    book.save(saved)
    data = saved.getvalue()

    with pytest.raises(Unreadable, match="several sheets: say --sheet, Members or Old"):
        understood(data)
    with pytest.raises(Unreadable, match="there is no sheet 'New'"):
        understood(data, Legend(Source(sheet="New")))
    assert len(facts(data, Legend(Source(sheet="Members")))) == 1


def test_titles_and_empty_lines_around_the_table_are_no_part_of_it() -> None:
    data = "Mitgliederliste;;\n\nStand: 01.02.2026;;\nNr;Vorname;Nachname\n1;Erika;Groß\n;;\n"
    assert facts(data) == [ERIKA]


def test_a_first_line_may_say_the_delimiter() -> None:
    assert facts("sep=|\nNr|Vorname|Nachname\n1|Erika|Groß\n") == [ERIKA]


def test_a_row_with_more_cells_than_the_head_is_refused_with_its_line() -> None:
    assert reasons(f"{HEAD}1;Erika;Groß\n2;Max;Groß;und mehr\n") == {
        3: (
            "has 4 cells where the head has 3: put a cell that has the dividing sign in it in quotation marks",
        )
    }


def test_a_row_that_a_line_break_divides_is_refused_where_rows_have_all_their_cells() -> None:
    data = "Nr;Vorname;Nachname;Ort\n1;Erika;Groß;\n2;Max;Groß\n3 Treppen;Berlin\n"
    says = "put a cell that has a line break in it in quotation marks"
    assert reasons(data) == {
        3: (f"has 3 cells where the head has 4: {says}",),
        4: (f"has 2 cells where the head has 4: {says}",),
    }


def test_lines_are_those_of_the_file_also_after_cells_with_several() -> None:
    data = 'Nr;Vorname;Nachname;Notiz\n1;Erika;Groß;"one\ntwo"\n2;;Groß;x\n'
    assert reasons(data) == {4: ("has no first name",)}


def test_a_table_without_a_head_names_its_columns_by_number() -> None:
    legend = Legend(columns={"1": "number", "2": "first_name", "3": "last_name"})
    found = understood("1;Erika;Groß;erika@muster.example\n", legend)
    assert found.table.heads == ("1", "2", "3", "4")
    assert {each.field: each.why for each in found.columns.values()} == {
        "number": "as given",
        "first_name": "as given",
        "last_name": "as given",
        "email": "by its content: line 1 has “erika@muster.example”",
    }
