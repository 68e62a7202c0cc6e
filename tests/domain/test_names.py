"""Names as they are searched for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.names import folded


@pytest.mark.parametrize(
    ("name", "searched"),
    [
        ("Müller", "muller"),
        ("MÜLLER", "muller"),
        ("Groß", "gross"),
        ("  Ana   María ", "ana maria"),
        ("Łukasz Đurić", "lukasz duric"),
        ("\u0130pek I\u015f\u0131k", "ipek isik"),
        ("Søren Ærø", "soren aero"),
        ("Œuvre", "oeuvre"),
        ("Nguyễn", "nguyen"),
        ("Ελένη", "ελενη"),
        ("ﬁnn", "finn"),
        ("山田", "山田"),
        ("", ""),
    ],
)
def test_case_accents_and_blanks_do_not_count(name: str, searched: str) -> None:
    assert folded(name) == searched


@given(st.text())
def test_what_is_folded_stays_as_it_is(name: str) -> None:
    assert folded(folded(name)) == folded(name)


@given(st.text())
def test_case_never_counts(name: str) -> None:
    assert folded(name.casefold()) == folded(name)
