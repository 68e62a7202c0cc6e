"""What the console says is said in every language that is complete, in full, and as it writes times."""

from __future__ import annotations

import ast
import re
from datetime import date, datetime

import pytest

from kursplan.console.catalogues import (
    LOCALE,
    PACKAGE,
    TEMPLATE,
    brought_up_to_date,
    catalogues,
    collected,
    read,
    written,
)
from kursplan.console.words import DOMAIN, words

COMPLETE = ("de",)
PLACEHOLDER = re.compile(r"%\(\w+\)s")


def test_the_template_holds_what_is_said() -> None:
    """`python -m kursplan.console.catalogues` writes it anew."""
    assert TEMPLATE.read_bytes() == written(collected())
    assert len(collected()) > 60


def test_what_is_said_within_other_text_is_in_it_too() -> None:
    """Collecting reads tokens, and an f-string is one: what is said within it would be left out."""
    known = {each for message in collected() for each in _forms(message.id)}
    said = {
        call.args[0].value
        for folder in ("console", "staff")
        for file in (PACKAGE / folder).rglob("*.py")
        for call in ast.walk(ast.parse(file.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("gettext", "ngettext")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }
    assert said - known == set()


@pytest.mark.parametrize("language", COMPLETE)
def test_a_complete_language_says_everything(language: str) -> None:
    catalogue = read(LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po")
    assert written(brought_up_to_date(catalogue)) == written(catalogue)
    unsaid = [each.id for each in catalogue if each.id and not all(_forms(each.string))]
    assert unsaid == []


def test_german_says_du_to_everybody() -> None:
    """Within a sentence *Sie* with a capital is how strangers are addressed; at its beginning it is *they*."""
    stranger = re.compile(r'(?<![.!?:"„“] )(?<!^)\b(?:Sie|Ihnen|Ihre?[nmrs]?)\b')
    german = read(LOCALE / "de" / "LC_MESSAGES" / f"{DOMAIN}.po")
    said = [form for each in german if each.id for form in _forms(each.string)]
    assert [each for each in said if stranger.search(each)] == []


def test_every_translation_has_the_same_places_to_fill_in() -> None:
    for file in catalogues():
        for each in read(file):
            if each.id:
                wanted = {frozenset(PLACEHOLDER.findall(form)) for form in _forms(each.id)}
                found = {
                    frozenset(PLACEHOLDER.findall(form)) for form in _forms(each.string) if form
                }
                assert found <= wanted, each.id


def test_every_sentence_about_a_file_is_said_in_every_complete_language() -> None:
    """Each is a literal, so that it can be collected, and has the facts that stand in it."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        for call in ast.walk(ast.parse(file.read_text())):
            if isinstance(call, ast.Call) and _is_called(call, "Sentence"):
                [message] = call.args
                assert isinstance(message, ast.Constant), f"{file.name}:{call.lineno}"
                found[message.value] = {f"%({each.arg})s" for each in call.keywords}
    assert len(found) > 300
    assert {
        said: given for said, given in found.items() if {*PLACEHOLDER.findall(said)} != given
    } == {}
    for language in COMPLETE:
        catalogue = read(LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.po")
        unsaid = {said for said in found if not (each := catalogue.get(said)) or not each.string}
        assert unsaid == set()


def _is_called(call: ast.Call, name: str) -> bool:
    return isinstance(call.func, ast.Name) and call.func.id == name


def _forms(said: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)


@pytest.mark.parametrize(
    ("language", "first", "time", "hour", "short", "long", "span"),
    [
        ("en", 0, "18:05", "18:00", "Mon 2", "Monday, 2 March", "2–8 Mar"),
        (
            "en-US",
            6,
            "6:05\u202fPM",
            "6\u202fPM",
            "Mon 2",
            "Monday, March 2",
            "Mar 2\u2009–\u20098",
        ),
        ("de", 0, "18:05", "18:00", "Mo 2", "Montag, 2. März", "2.–8. März"),
        ("de-CH", 0, "18:05", "18:00", "Mo 2", "Montag, 2. März", "2.–8. März"),
        ("tr", 0, "18:05", "18:00", "Pzt 2", "Pazartesi, 2 Mart", "2\u2009–\u20098 Mar"),
    ],
)
def test_times_are_written_as_the_language_writes_them(
    language: str, first: int, time: str, hour: str, short: str, long: str, span: str
) -> None:
    said = words(language)
    monday = date(2026, 3, 2)
    assert said.first_weekday == first
    assert said.time(datetime(2026, 3, 2, 18, 5)) == time  # noqa: DTZ001, a time on the wall
    assert said.hour(18) == hour
    assert said.short_day(monday) == short
    assert said.long_day(monday, 2026) == long
    assert said.days(monday, date(2026, 3, 8), 2026) == span


def test_another_year_is_said() -> None:
    said = words("en")
    assert (
        said.days(date(2026, 12, 28), date(2027, 1, 3), 2026)
        == "28 Dec 2026\u2009–\u20093 Jan 2027"
    )
    assert said.long_day(date(2027, 1, 1), 2026) == "Friday, 1 January 2027"


def test_numbers_and_plurals_follow_the_language() -> None:
    assert words("de").number(1234) == "1.234"
    assert words("en").number(1234) == "1,234"
    said = [words("de").ngettext("%(n)s class", "%(n)s classes", count) for count in (0, 1, 2)]
    assert said == ["0 Kurse", "1 Kurs", "2 Kurse"]


def test_a_variant_takes_over_from_its_language_and_others_stay_english() -> None:
    assert words("de-LI").gettext("Timetable") == "Kursplan"
    assert words("hu").gettext("Timetable") == "Timetable"
