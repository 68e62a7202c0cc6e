"""Sentences: English by themselves, and the same in another language with all that they are made of."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kursplan.console.words import words
from kursplan.domain.sentences import Many, Mistaken, Sentence, each_of, either

NO_DAY = Sentence(
    "is %(value)s, %(why)s",
    value=repr("03/04/1990"),
    why=Sentence(
        "which could be %(first)s or %(last)s", first=date(1990, 3, 4), last=date(1990, 4, 3)
    ),
)


@pytest.mark.parametrize(
    ("sentence", "english", "german"),
    [
        (
            NO_DAY,
            "is '03/04/1990', which could be 4 March or 3 April",
            "ist '03/04/1990', und das kann 4. März oder 3. April sein",
        ),
        (
            Sentence(
                "has more than %(most)s values: load the customers in parts", most=Many(2_000_000)
            ),
            "has more than 2,000,000 values: load the customers in parts",
            "hat mehr als 2.000.000 Werte: lade die Kunden in Teilen",
        ),
        (
            Sentence("overlaps the hours in line %(line)s", line=12345),
            "overlaps the hours in line 12345",
            "überschneidet sich mit den Zeiten in Zeile 12345",
        ),
        (Sentence("is not in %s, 100% sure"), "is not in %s, 100% sure", "is not in %s, 100% sure"),
    ],
)
def test_it_is_english_and_is_said_in_another_language(
    sentence: Sentence, english: str, german: str
) -> None:
    assert sentence == english
    assert sentence.said(words("en")) == english
    assert sentence.said(words("de")) == german
    assert json.loads(json.dumps([sentence])) == [english]


def test_what_is_listed_is_listed_in_that_language_too() -> None:
    several = Sentence(
        "is %(value)s, but must be %(kind)s", value="1", kind=either([Sentence("text"), "null"])
    )
    assert several == "is 1, but must be text or null"
    assert several.said(words("de")) == "ist 1, muss aber Text oder null sein"
    assert each_of(["a", "b", "c"]) == "a and b and c"
    assert either(["a"]) == "a"


def test_a_mistake_carries_its_sentence() -> None:
    mistaken = Mistaken(NO_DAY)
    assert mistaken.says is NO_DAY
    assert str(mistaken) == NO_DAY
