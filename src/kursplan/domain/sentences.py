"""Sentences that staff are told of files: English text that knows what it is made of.

A sentence is written where it is found out, once, as the English message with its facts. It is the
English text, so that the command line, JSON and the log say it as it is; and who shows it in another
language has it said anew there. Catalogues are made by its name (`kursplan.console.catalogues`), and
`tests/console/test_words.py` walks over every one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, Self


class Said(Protocol):
    """A language, and how it writes what a sentence may have in it."""

    def gettext(self, message: str, **named: Any) -> str: ...

    def near_day(self, day: date, this_year: int) -> str: ...

    def number(self, number: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Many:
    """A number that is large enough to be written in groups."""

    number: int

    def __str__(self) -> str:
        return f"{self.number:,}"


Fact = str | int | date | Many
"""What is filled in: a day is said without its year, a sentence in the language of the other."""


class Sentence(str):
    """`Sentence("has %(count)s cells", count=3)`: the message is a literal, and never put together."""

    __slots__ = ("facts", "message")

    message: str
    facts: dict[str, Fact]

    def __new__(cls, message: str, /, **facts: Fact) -> Self:
        plain = {name: _in_english(fact) for name, fact in facts.items()}
        sentence = super().__new__(cls, message % plain if plain else message)
        sentence.message, sentence.facts = message, facts
        return sentence

    def said(self, language: Said) -> str:
        """The same in that language."""
        facts = {name: _in(language, fact) for name, fact in self.facts.items()}
        return language.gettext(self.message, **facts)


class Mistaken(ValueError):
    """What was written can't be taken; `says` tells why, and what to write instead."""

    def __init__(self, says: Sentence) -> None:
        super().__init__(says)
        self.says = says


def either(items: Iterable[str]) -> str:
    """`one or two or three`: a sentence, or the only one as it is."""
    *some, last = items
    return Sentence("%(some)s or %(last)s", some=either(some), last=last) if some else last


def each_of(items: Iterable[str]) -> str:
    """`one and two and three`."""
    *some, last = items
    return Sentence("%(some)s and %(last)s", some=each_of(some), last=last) if some else last


def _in_english(fact: Fact) -> str:
    if isinstance(fact, date):
        return f"{fact.day} {fact:%B}"
    return str(fact)


def _in(language: Said, fact: Fact) -> str:
    match fact:
        case Sentence():
            return fact.said(language)
        case date():
            return language.near_day(fact, fact.year)
        case Many(number):
            return language.number(number)
        case _:
            return str(fact)
