"""Names as they are searched for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.names import folded, folded_address, initials


@pytest.mark.parametrize(
    ("name", "searched"),
    [
        ("Müller", "muller"),
        ("MÜLLER", "muller"),
        ("Groß", "gross"),
        ("  Ana   María ", "anamaria"),
        ("Łukasz Đurić", "lukaszduric"),
        ("\u0130pek I\u015f\u0131k", "ipekisik"),
        ("Søren Ærø", "sorenaro"),
        ("Œuvre", "ouvre"),
        (" ' \u2019 - \u0301 \0 ", ""),
        ("Nguyễn", "nguyen"),
        ("Ελένη", "ελενη"),
        ("ﬁnn", "finn"),
        ("山田", "山田"),
        ("", ""),
    ],
)
def test_case_accents_blanks_and_signs_do_not_count(name: str, searched: str) -> None:
    assert folded(name) == searched


@pytest.mark.parametrize(
    "notations",
    [
        (
            "O\u2019Brien",
            "O'Brien",
            "O\u02bcBrien",
            "O`Brien",
            "O\u00b4Brien",
            "O Brien",
            "O-Brien",
            "OBRIEN",
        ),
        (
            "Anna-Lena",
            "Anna\u2010Lena",
            "Anna\u2011Lena",
            "Anna\u2013Lena",
            "Anna Lena",
            "Annalena",
        ),
        (
            "Müller-Lüdenscheidt",
            "Mueller Luedenscheidt",
            "Muller Ludenscheidt",
            "MÜLLERLÜDENSCHEIDT",
        ),
        ("Jäger", "Jaeger", "Jager", "Ja\u0308ger"),
        ("Köhler", "Koehler", "Kohler"),
        ("Bjørn", "Bjoern", "Bjorn", "Björn"),
        ("Åse", "Aase", "Ase"),
        ("Weiß", "Weiss", "WEISS"),
    ],
)
def test_a_name_is_the_same_in_all_the_ways_in_which_people_type_it(
    notations: tuple[str, ...],
) -> None:
    assert len({folded(each) for each in notations}) == 1


@given(st.text(), st.integers(0, 10))
def test_a_beginning_of_a_name_is_a_beginning_of_the_folded_name(name: str, length: int) -> None:
    # A letter whose accent stands behind it is one letter: nobody types half of it.
    whole = unicodedata.normalize("NFC", name)
    assert folded(whole).startswith(folded(whole[:length]))


def test_of_an_address_every_sign_counts() -> None:
    assert folded_address(" Ana.Maria-O'Brien@Example.COM ") == "ana.maria-o'brien@example.com"
    assert folded_address("a.b@x.de") != folded_address("ab@x.de")


@pytest.mark.parametrize(
    ("first_name", "last_name", "expected"),
    [
        ("Anna", "Nowak", "AN"),
        ("Anna-Lena", "van Dijk", "AVD"),
        ("élodie", "", "É"),
        ("J. R.", "Ewing", "JRE"),
        ("李", "明", "李明"),
        ("", "", ""),
    ],
)
def test_initials_are_made_of_the_names(first_name: str, last_name: str, expected: str) -> None:
    assert initials(first_name, last_name) == expected


@given(st.text())
def test_what_is_folded_stays_as_it_is(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@given(st.text())
def test_case_never_counts(name: str) -> None:
    assert folded(name.casefold()) == folded(name)
