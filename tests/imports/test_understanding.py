"""What a file says is told with what proves it, and what nothing proves stays open."""

import pytest

from kursplan.imports.days import Order
from kursplan.imports.heads import FIELDS, SAME_AS, Subject
from kursplan.imports.legend import NOT_USED, Legend, read_legend, said, written
from kursplan.imports.people import split_name
from kursplan.imports.table import Source, Unreadable
from tests.house.repository import ROOT
from tests.imports.reading import UNSAID, facts, reasons, understood


def columns(data: str, legend: Legend = UNSAID) -> dict[str, str]:
    return {each.field: each.head for each in understood(data, legend).columns.values()}


@pytest.mark.parametrize(
    ("heads", "known"),
    [
        ("Vorname;Name", {"first_name": "Vorname", "last_name": "Name"}),
        ("Name", {"full_name": "Name"}),
        ("Full Name;First Name;Last Name", {"first_name": "First Name", "last_name": "Last Name"}),
        ("Nachname, Vorname;DOB", {"last_first_name": "Nachname, Vorname", "date_of_birth": "DOB"}),
        # The better name for the same wins, wherever it stands.
        (
            "Telefon;Handy;Vorname;Nachname",
            {"phone": "Handy", "first_name": "Vorname", "last_name": "Nachname"},
        ),
        ("ID;Mitglieds-Nr.;Name", {"number": "Mitglieds-Nr.", "full_name": "Name"}),
        (
            "E-MAIL ADDRESS;first_name;LAST-NAME",
            {"email": "E-MAIL ADDRESS", "first_name": "first_name", "last_name": "LAST-NAME"},
        ),
    ],
)
def test_columns_are_known_by_their_names(heads: str, known: dict[str, str]) -> None:
    assert columns(f"{heads}\n" + ";" * heads.count(";") + "\n") == known


def test_columns_without_a_known_name_are_known_by_what_is_in_them() -> None:
    data = "Wer;Wo erreichbar;Wie\nMuster, Erika;erika@muster.example;+49 30 123456\nGroß, Max;;+49 (0)30 9999\n"
    found = understood(data)
    assert {each.field: each.why for each in found.columns.values()} == {
        "last_first_name": "by its content: line 2 has “Muster, Erika”",
        "email": "by its content: line 2 has “erika@muster.example”",
    } | {"phone": "by its content: line 2 has “+49 30 123456”"}


@pytest.mark.parametrize(
    "cell",
    [
        "01.03.2020",
        "0012345678",
        "DE02120300000000202051",
        "10115",
        "29,90",
        "a@b.example, c@d.example",
    ],
)
def test_what_could_be_something_else_is_known_by_no_content(cell: str) -> None:
    assert columns(f"Vorname;Nachname;Dies\nErika;Groß;{cell}\n") == {
        "first_name": "Vorname",
        "last_name": "Nachname",
    }


def test_a_name_that_its_content_belies_is_not_believed() -> None:
    found = understood("Vorname;Nachname;E-Mail;Geburtstag\nErika;Groß;ja;Mittwoch\n")
    assert found.unused == ["E-Mail", "Geburtstag"]
    assert found.columns.keys() == {"first_name", "last_name"}


def test_two_columns_that_could_be_the_same_are_not_guessed() -> None:
    assert "email" not in columns("Vorname;Nachname;a;b\nErika;Groß;e@x.example;f@x.example\n")


def test_what_is_given_is_taken() -> None:
    legend = said(
        Subject.MEMBERS,
        source=Source(),
        columns=["Handynr=phone", f"Vorname={NOT_USED}", "Rufname=first_name"],
        order=None,
        values=[],
    )
    data = "Vorname;Rufname;Nachname;Handynr\nErika;Eri;Groß;030 123456\n"
    assert facts(data, legend) == [
        {"first_name": "Eri", "last_name": "Groß", "phone": "030 123456"}
    ]


@pytest.mark.parametrize(
    ("columns", "values", "says"),
    [
        (["Handynr"], [], "says no column: it is like 'Handynr=phone'"),
        (["Handynr=mobile"], [], "can't be 'mobile': it is number, first_name"),
        ([], ["Gekündigt=MEMBER"], "says no value"),
        ([], ["status:Gekündigt=GONE"], "can't mean 'GONE': it is FORMER_MEMBER, IGNORED, MEMBER"),
        ([], ["phone:1=2"], "'phone' has no words of its own"),
    ],
)
def test_what_is_given_and_means_nothing_is_told(
    columns: list[str], values: list[str], says: str
) -> None:
    with pytest.raises(Unreadable) as wrong:
        said(Subject.MEMBERS, source=Source(), columns=columns, order=None, values=values)
    assert says in str(wrong.value)


def test_a_column_that_is_given_and_not_there_is_told() -> None:
    with pytest.raises(
        Unreadable, match="there is no column 'Handynr': they are Vorname, Nachname"
    ):
        understood("Vorname;Nachname\n", Legend(columns={"Handynr": "phone"}))


def test_a_mapping_is_kept_and_read_again() -> None:
    data = "Wer;Status;Geb.\nErika Groß;Gekündigt;03/04/1990\n"
    found = understood(data, Legend(columns={"Wer": "full_name"}))
    found.answer_order(Order.MONTH_FIRST)
    [strange] = found.strange
    found.answer_word(strange, "MEMBER")

    kept = written(found.legend(), Subject.MEMBERS)
    again = read_legend(kept, Subject.MEMBERS)

    assert again == found.legend()
    assert facts(data, again) == [
        {
            "first_name": "Erika",
            "last_name": "Groß",
            "status": "MEMBER",
            "date_of_birth": "1990-03-04",
        }
    ]
    assert kept == (
        "# How Kursplan reads this export: `kursplan import members FILE --mapping` takes it the next time.\n"
        "import: members\ndates: month-day-year\n"
        "columns:\n  Wer: full_name\n  Status: status\n  Geb.: date_of_birth\n"
        "values:\n  status:\n    Gekündigt: MEMBER\n"
    )


def test_a_kept_mapping_survives_columns_that_come_and_go() -> None:
    kept = Legend(columns={"Vorname": "first_name", "Wer": "last_name", "Fax": "phone"})
    data = "Vorname;Wer;Mobile\nErika;Groß;030 123456\n"
    assert facts(data, kept) == [
        {"first_name": "Erika", "last_name": "Groß", "phone": "030 123456"}
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the mapping is empty"),
        ("import: timetable", "is for `import timetable`"),
        ("import: members\ncolour: red", "has 'colour'"),
        ("dates: backwards", "`dates` is 'backwards'"),
        ("columns: [a, b]", "`columns` and `values`"),
        ("{", "is no YAML"),
    ],
)
def test_a_mapping_that_is_none_is_told(text: str, says: str) -> None:
    with pytest.raises(Unreadable) as wrong:
        read_legend(text, Subject.MEMBERS)
    assert says in str(wrong.value)


def test_words_that_are_not_known_are_told_once_with_how_many_rows_have_them() -> None:
    data = "Vorname;Nachname;Status\nA;B;Aktiv\nC;D;gekündigt\nE;F;gekündigt\nG;H;---\n"
    found = understood(data)
    assert [(each.text, each.count, each.line) for each in found.strange] == [("gekündigt", 2, 3)]
    assert reasons(data) == {
        3: ("Status “gekündigt” is not known: say what it means",),
        4: ("Status “gekündigt” is not known: say what it means",),
    }
    ignored = Legend(values={"status": {"Gekündigt": "IGNORED"}})
    assert facts(data, ignored)[1] == {"first_name": "C", "last_name": "D"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Mustermann, Erika", "Erika", "Mustermann"),
        ("van der Berg, Anna-Lena", "Anna-Lena", "van der Berg"),
        ("Erika Mustermann", "Erika", "Mustermann"),
        ("Anna Maria Groß", "Anna Maria", "Groß"),
        ("Anna von der Heide", "Anna", "von der Heide"),
        ("Erika Mustermann, PhD", "Erika", "Mustermann"),
    ],
)
def test_a_name_in_one_cell_is_two(name: str, first: str, last: str) -> None:
    assert split_name(name) == (first, last)


def test_a_column_of_last_names_first_needs_no_comma() -> None:
    assert split_name("Mustermann Erika", last_first=True) == ("Erika", "Mustermann")
    assert split_name("von der Heide Anna", last_first=True) == ("Anna", "von der Heide")


@pytest.mark.parametrize("name", ["Erika", "Erika,", ", Erika"])
def test_one_name_is_not_enough(name: str) -> None:
    assert split_name(name) is None


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("1;;;;;", "has no name"),
        ("1;Erika;;;;", "has no last name"),
        ("1;E;G;erika.example;;", "E-Mail “erika.example” is no address"),
        (
            "1;E;G;a@x.example / b@x.example;;",
            "E-Mail “a@x.example / b@x.example” is more than one address: leave one",
        ),
        (
            "1;E;G;;4,91703E+11;",
            "Telefon “4,91703E+11” was rounded by a spreadsheet: export it as text",
        ),
        ("1;E;G;;keins;", "Telefon “keins” is no number to call"),
        ("1;E;G;;;31.12.2030", "Geburtstag “31.12.2030” lies in the future"),
        ("1;E;G;;;31.12.1830", "Geburtstag “31.12.1830” is too long ago"),
        ("1;E;G;;;31.02.1990", "Geburtstag “31.02.1990” is no day in the calendar"),
        ("1,2E+10;E;G;;;", "Nr “1,2E+10” was rounded by a spreadsheet: export it as text"),
        ("1;E\x07;G;;;", "Vorname “E\x07” has a sign in it that is no letter"),
        (f"{'1' * 51};E;G;;;", f"Nr “{'1' * 40}…” is longer than 50 letters"),
    ],
)
def test_a_row_is_refused_with_what_is_wrong_in_it(row: str, says: str) -> None:
    data = f"Nr;Vorname;Nachname;E-Mail;Telefon;Geburtstag\n2;A;B;a@b.example;030 123456;01.02.1990\n{row}\n"
    assert reasons(data) == {3: (says,)}


def test_an_apostrophe_that_only_says_text_is_no_part_of_a_number() -> None:
    assert facts("Vorname;Nachname;Telefon\nErika;Groß;'+4930123456\n")[0]["phone"] == "+4930123456"


def test_an_order_that_a_cell_belies_is_not_taken() -> None:
    with pytest.raises(Unreadable) as wrong:
        understood("Name;DOB\nErika Groß;31/12/1990\n", Legend(order=Order.MONTH_FIRST))
    assert str(wrong.value) == (
        "days are given as month-day-year, and the file proves day-month-year: line 2 has “31/12/1990”"
    )


def test_every_field_stands_in_the_guide() -> None:
    guide = (ROOT / "docs/imports.md").read_text()
    fields = {each for named in FIELDS.values() for each in named} - {"same_as"}
    assert [each for each in sorted(fields) if f"`{each}`" not in guide] == []
    assert SAME_AS in guide
