"""Who is who: by number, or else by e-mail and name; what is less than that is in doubt."""

from typing import Any

import pytest

from kursplan.domain.customers import CustomerStatus
from kursplan.domain.entries import CustomerEntry
from kursplan.imports.everybody import Everybody
from kursplan.imports.match import NEW, known_of
from kursplan.imports.members import Plan, in_doubt, plan
from kursplan.imports.to_mend import rows_to_mend
from tests.imports.reading import TODAY, understood

HEAD = "Nr;Vorname;Nachname;E-Mail;Geburtstag;Telefon\n"


def customer(key: str, first_name: str, last_name: str, **facts: Any) -> CustomerEntry:
    return CustomerEntry(key, "berlin", first_name, last_name, **facts)


ERIKA = customer(
    "c1", "Erika", "Muster", number="1001", email="erika@muster.example", phone="030 1111"
)
MAX = customer("c2", "Max", "Groß", email="familie@gross.example")
TOM = customer("c3", "Tom", "Böhm", date_of_birth=TODAY.replace(year=1990), number="1003")
STORED = [ERIKA, MAX, TOM]


def planned(*rows: str, answer: Any = in_doubt, stored: list[CustomerEntry] = STORED) -> Plan:
    return plan(
        understood(HEAD + "\n".join(rows) + "\n"),
        Everybody(map(known_of, stored)),
        "hamburg",
        TODAY,
        answer,
    )


def kinds(found: Plan) -> dict[str, int]:
    counts = {
        "new": found.new,
        "changed": len(found.changed),
        "unchanged": found.unchanged,
        "repeated": len(found.repeated),
        "doubtful": len(found.doubtful),
        "refused": len(found.refused),
    }
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        # By number, whatever else changed; what the file does not say is as it was.
        ("1001;Erika;Muster;;;", "unchanged"),
        ("1001;Erika;Neu-Verheiratet;erika@muster.example;;", "changed"),
        ("1001;ERIKA;Muster;neu@muster.example;;", "changed"),
        # By e-mail and name.
        (";erika;muster;Erika@Muster.example;;", "changed"),
        (";Erika;Muster;erika@muster.example;;030 1111", "unchanged"),
        ("2002;Max;Gross;familie@gross.example;;", "changed"),
        # By neither.
        ("2003;Nina;Neu;nina@neu.example;;", "new"),
        (";Nina;Neu;;;", "new"),
        # The same name, and nothing that tells them apart.
        (";Erika;Muster;;;", "doubtful"),
        ("2007;Max;Groß;;;", "doubtful"),
        ("2008;Erika;Muster;;;", "new"),
        (";Erika;Muster;andere@muster.example;;", "new"),
        # The number is there, and nothing else agrees.
        ("1001;Otto;Anders;;;", "doubtful"),
        # A family on one address, or another name for the same.
        (";Lena;Groß;familie@gross.example;;", "doubtful"),
        # Two numbers are two people on one address.
        ("2004;Emil;Muster;erika@muster.example;;", "new"),
        # The same address and name with two numbers are nobody knows who.
        ("2005;Erika;Muster;erika@muster.example;;", "doubtful"),
        # The same name and birthday.
        ("2006;Tom;Böhm;;02.03.1990;", "doubtful"),
        (";Tom;Böhm;tom@boehm.example;02.03.1990;", "doubtful"),
        (";Tom;Böhm;;02.03.1990;", "unchanged"),
        (";Tom;Böhm;;03.03.1990;", "new"),
    ],
)
def test_a_row_is_who_it_says_or_in_doubt(row: str, kind: str) -> None:
    assert kinds(planned(row)) == {kind: 1}


def test_changes_are_told_member_by_member() -> None:
    [changed] = planned("1001;Erika;Neu;;01.02.1990;030 2222").changed
    assert [(each.member, each.before, each.after) for each in changed.changes] == [
        ("last_name", "Muster", "Neu"),
        ("phone", "030 1111", "030 2222"),
        ("date_of_birth", None, "1990-02-01"),
    ]
    assert changed.who.studio == "berlin"


def test_somebody_new_is_at_home_in_the_studio_and_goes_by_number_or_name() -> None:
    found = planned(
        "2001;Nina;Neu;;;",
        ";Jürgen;Süß;jue@suess.example;;",
        ";Jürgen;Süß;j@suess.example;;",
        "c1;Ina;Ü;;;",
    )
    assert list(found.customers) == [
        '{"key": "2001", "studio": "hamburg", "first_name": "Nina", "last_name": "Neu", "number": "2001"}',
        '{"key": "juergen-suess", "studio": "hamburg", "first_name": "Jürgen", "last_name": "Süß", "email": "jue@suess.example"}',
        '{"key": "juergen-suess.2", "studio": "hamburg", "first_name": "Jürgen", "last_name": "Süß", "email": "j@suess.example"}',
        '{"key": "c1.2", "studio": "hamburg", "first_name": "Ina", "last_name": "Ü", "number": "c1"}',
    ]


def test_what_the_file_does_not_know_is_left_as_it_is() -> None:
    stored = customer(
        "c9", "Ada", "Alt", number="9", status=CustomerStatus.PROSPECT, access_refused=True
    )
    found = planned("9;Ada;Alt;---;;", stored=[stored])
    assert kinds(found) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("rows", "counts", "says"),
    [
        (["7;A;B;;;", "7;A;B;;;"], {"new": 1, "repeated": 1}, None),
        ([";A;B;;;", ";A;B;;;"], {"new": 1, "repeated": 1}, None),
        (
            ["7;A;B;;;", "7;A;C;;;"],
            {"new": 1, "refused": 1},
            "is A B of line 2 again, with another last name",
        ),
        (
            ["7;A;B;;;", "7;X;Y;;;"],
            {"new": 1, "doubtful": 1},
            "the number 7 is that of A B (in line 2)",
        ),
        ([";A;B;a@b.example;;", ";A;B;a@b.example;;"], {"new": 1, "repeated": 1}, None),
        (
            [";A;B;a@b.example;;", ";C;B;a@b.example;;"],
            {"new": 1, "doubtful": 1},
            "A B (in line 2) has this e-mail address: a family, or another name for the same",
        ),
        (["7;A;B;a@b.example;;", "8;C;B;a@b.example;;"], {"new": 2}, None),
        (
            ["7;A;B;a@b.example;;", "8;A;B;a@b.example;;"],
            {"new": 1, "doubtful": 1},
            "A B (in line 2) has this e-mail address and name, and another number",
        ),
        (
            ["1001;Erika;Muster;;;", ";Erika;Muster;erika@muster.example;;"],
            {"unchanged": 1, "repeated": 1},
            None,
        ),
    ],
)
def test_rows_of_one_file_are_compared_with_each_other(
    rows: list[str], counts: dict[str, int], says: str | None
) -> None:
    found = planned(*rows)
    assert kinds(found) == counts
    told = [
        *(each.because for each in found.doubtful),
        *(r for each in found.refused for r in each.reasons),
    ]
    assert told == ([] if says is None else [says])


def test_numbers_may_be_exchanged() -> None:
    stored = [customer("a", "Ada", "A", number="1"), customer("b", "Bea", "B", number="2")]
    found = planned("1;Bea;A;;;", "2;Bea;B;;;", stored=stored)
    assert kinds(found) == {"changed": 1, "unchanged": 1}


def test_whoever_is_in_doubt_is_who_the_answer_says() -> None:
    row = ";Lena;Groß;familie@gross.example;;"
    assert kinds(planned(row, answer=lambda _: NEW)) == {"new": 1}
    assert kinds(planned(row, answer=lambda doubt: doubt.candidates[0].key)) == {"changed": 1}
    assert kinds(planned(row, answer=lambda _: None)) == {"doubtful": 1}


def test_rows_that_were_left_out_can_be_mended_and_brought_again() -> None:
    rows = [
        ";Lena;Groß;familie@gross.example;;",
        "1;;Nobody;;;",
        '2;"A;B";C;wrong;;',
        ";Eva;Groß;familie@gross.example;;",
    ]
    found = planned(*rows)
    table = understood(HEAD + "\n".join(rows) + "\n").table

    written = "".join(rows_to_mend(table, found.doubtful, found.refused))
    assert written.splitlines() == [
        "\ufeffNr;Vorname;Nachname;E-Mail;Geburtstag;Telefon;Kursplan: same as;Kursplan: line;Kursplan: reason",
        ';Lena;Groß;familie@gross.example;;;;2;"Max Groß (number -) has this e-mail address: a family, or another name for the same; write `new` or c2 under “Kursplan: same as”"',
        "1;;Nobody;;;;;3;has no first name",
        '2;"A;B";C;wrong;;;;4;E-Mail “wrong” is no address',
        ';Eva;Groß;familie@gross.example;;;;5;"Max Groß (number -) has this e-mail address: a family, or another name for the same; write `new` or c2 under “Kursplan: same as”"',
    ]
    mended = (
        written.replace("example;;;;2;", "example;;;new;2;")
        .replace("1;;Nobody", "1;Nina;Nobody")
        .replace("C;wrong", "C;a@right.example")
        .replace("example;;;;5;", "example;;;c2;5;")
    )
    again = plan(understood(mended), Everybody(map(known_of, STORED)), "hamburg", TODAY)

    assert kinds(again) == {"new": 3, "changed": 1}
    assert [each.who.key for each in again.changed] == ["c2"]


def test_whoever_was_said_to_be_new_is_not_new_again() -> None:
    row = "Nr;Vorname;Nachname;E-Mail;Kursplan: same as\n;Lena;Groß;familie@gross.example;new\n"
    alone = [customer("a", "Only", "Name")]
    assert kinds(planned(";Only;Name;;;", stored=alone)) == {"unchanged": 1}
    lena = customer("c4", "Lena", "Groß", email="familie@gross.example")
    assert kinds(plan(understood(row), Everybody(map(known_of, STORED)), "berlin", TODAY)) == {
        "new": 1
    }
    again = plan(understood(row), Everybody(map(known_of, [*STORED, lena])), "berlin", TODAY)
    assert kinds(again) == {"unchanged": 1}


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("nobody", "is said to be 'nobody', and there is no such customer"),
        ("new", "is said to be new, but Erika Muster (number 1001) has the number 1001"),
    ],
)
def test_an_answer_that_can_not_be_is_refused(said: str, says: str) -> None:
    data = f"Nr;Vorname;Nachname;Kursplan: same as\n1001;Otto;Anders;{said}\n"
    [refused] = plan(understood(data), Everybody(map(known_of, STORED)), "hamburg", TODAY).refused
    assert refused.reasons == (says,)


def test_what_was_changed_by_hand_stays_where_the_file_says_what_it_said_before() -> None:
    here = known_of(
        customer("c1", "Erika", "Muster", number="1001", phone="030 9999"), {"phone": "030 1111"}
    )

    def imported(phone: str) -> Plan:
        return plan(
            understood(f"{HEAD}1001;Erika;Muster;;;{phone}\n"), Everybody([here]), "berlin", TODAY
        )

    as_before, changed = imported("030 1111"), imported("030 2222")

    assert (kinds(as_before), kinds(changed)) == ({"unchanged": 1}, {"changed": 1})
    [left] = as_before.left
    assert [(each.member, each.before, each.after) for each in left.left] == [
        ("phone", "030 9999", "030 1111")
    ]
    assert not changed.left
