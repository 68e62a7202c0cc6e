"""What the words may mean by which somebody is looked for."""

from __future__ import annotations

import pytest

from kursplan.domain.searching import WORDS_LOOKED_AT, Sought, sought


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("Dähl", Sought("dahl", "dahl")),
        ("83", Sought("83", "83", None, "__83-__-__")),
        ("1983", Sought("1983", "1983", "1983", "1983-__-__")),
        ("8.6.", Sought("86", "8.6.", None, "____-06-08")),
        ("08.06.83", Sought("080683", "08.06.83", "80683", "__83-06-08")),
        ("1983-06-08", Sought("19830608", "1983-06-08", "19830608", "1983-06-08")),
        ("B0083", Sought("b0083", "b0083")),
        ("zoe@", Sought("zo", "zoe@")),
        ("0171/3920", Sought("01713920", "01713920", "1713920")),
        ("+49", Sought("49", "+49", None)),
    ],
)
def test_a_word_may_mean_several_things(word: str, found: Sought) -> None:
    assert sought(word) == (found,)


def test_a_telephone_number_is_one_word_however_it_is_written() -> None:
    for text in ("0171 392 00 22", "(0171) 392-0022", "0171/3920022"):
        [found] = sought(text)
        assert found.digits == "1713920022", text


def test_every_word_is_one_and_no_more_than_are_looked_at() -> None:
    assert [each.name for each in sought("dahl  zo 83")] == ["dahl", "zo", "83"]
    assert sought(" ' - ") == ()
    assert len(sought("a b c d e f g")) == WORDS_LOOKED_AT
