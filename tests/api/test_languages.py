"""Everyone is told what went wrong in a language that they asked for, and completely."""

from collections import Counter
from io import BytesIO
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import kursplan
from kursplan.api.errors import ERRORS
from kursplan.api.errors_page import errors_template
from kursplan.web.languages import LANGUAGES, negotiate, translate

LOCALE = Path(kursplan.__file__).parent / "locale"
MESSAGES = [row.message for row in ERRORS.values()]
TRANSLATED = [tag for tag in LANGUAGES if "-" not in tag and tag != "en"]

# What reads the same in two languages, with the reason: (language, message) → reason.
SAME_AS_IN_ENGLISH: dict[tuple[str, str], str] = {}


def catalogue(language: str) -> Catalog:
    path = LOCALE / language.replace("-", "_") / "LC_MESSAGES" / "errors.po"
    with path.open("rb") as file:
        return read_po(file, abort_invalid=True)


def texts(language: str) -> dict[str, str]:
    return {str(entry.id): str(entry.string) for entry in catalogue(language) if entry.id}


def placeholders(message: str) -> Counter[str]:
    """Every placeholder in full, so that "{value!r}" and "{value.x}" are not "{value}"."""
    return Counter(
        f"{name}|{form}|{conversion}"
        for _, name, form, conversion in Formatter().parse(message)
        if name is not None
    )


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_listed_language_is_given_as_asked_in_any_case(tag: str) -> None:
    assert negotiate(tag, "hu") == tag
    assert negotiate(tag.upper(), "hu") == tag
    assert negotiate(tag.lower(), "hu") == tag


@pytest.mark.parametrize(
    ("header", "given_language"),
    [
        # What browsers send.
        ("de-DE,de;q=0.9,en;q=0.8", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("en-US,en;q=0.5", "en-US"),
        # The highest quality wins; among equals the first.
        ("de;q=0.2, fr;q=0.8", "fr"),
        ("it, de", "it"),
        ("de;q=0.5, fr;q=0.5", "de"),
        ("en;q=0.1, de;q=0.001", "en"),
        ("de;q=1.000, fr", "de"),
        # A quality of 0 excludes.
        ("de;q=0, fr;q=0.1", "fr"),
        ("de;q=0.000, fr;q=0.1", "fr"),
        ("de-AT, de;q=0, fr;q=0.1", "fr"),
        ("de-CH, de;q=0", "de-CH"),
        ("de-CH;q=0, de", "de"),
        # An unlisted variant falls back to its language.
        ("de-LU", "de"),
        ("de-LU, fr", "de"),
        ("fr-CA", "fr"),
        ("de-CH-1996", "de-CH"),
        ("sl-Latn-IT-nedis", "sl"),
        ("en-AU", "en"),
        ("de_CH", "de-CH"),
        # Norwegian has several names.
        ("no", "nb"),
        ("no-NO", "nb"),
        ("nn-NO, sv;q=0.5", "nb"),
        ("no;q=0, sv;q=0.5", "sv"),
        # An unlisted language gives way to a listed one, and alone to English.
        ("ja", "en"),
        ("ja, zh;q=0.9", "en"),
        ("ja, cs;q=0.1", "cs"),
        # Nothing, or anything, is the studio's own language.
        (None, "hu"),
        ("", "hu"),
        ("  ", "hu"),
        ("*", "hu"),
        ("*;q=0.5", "hu"),
        ("*, de;q=0.9", "hu"),
        ("de, *;q=0.9", "de"),
        ("ja, *;q=0.1", "hu"),
        ("de;q=0", "hu"),
        # ... unless it is just that one which is not wanted.
        ("hu;q=0", "en"),
        ("*, hu;q=0", "en"),
        ("*, hu;q=0, de;q=0.1", "de"),
        # Unreadable parts are passed over.
        (",,;;==", "hu"),
        ("de;q=high, fr;q=0.1", "fr"),
        ("de;q=2, fr;q=0.1", "fr"),
        ("de;q=-1, fr;q=0.1", "fr"),
        ("de;q=nan, fr;q=0.1", "fr"),
        ("d e, fr;q=0.1", "fr"),
        ("../../etc/passwd", "hu"),
        ("DE ; Q=0.9 , fr;q=0.1", "de"),
        ("de\u0301\x00\ud800", "hu"),
        ("-", "hu"),
        ("toolongalanguage", "hu"),
    ],
)
def test_the_header_decides(header: str | None, given_language: str) -> None:
    assert negotiate(header, studio_language="hu") == given_language


@pytest.mark.parametrize(
    ("studio_language", "given_language"),
    [("de-CH", "de-CH"), ("de-AT", "de"), ("de_DE", "de"), ("no", "nb"), ("ja", "en"), ("", "en")],
)
def test_the_language_of_a_studio_falls_back_like_one_that_is_asked_for(
    studio_language: str, given_language: str
) -> None:
    assert negotiate(None, studio_language) == given_language


def test_whoever_excludes_a_language_is_not_given_its_variants_by_the_studio() -> None:
    assert negotiate("*, de;q=0", "de-CH") == "en"
    assert negotiate("*, de;q=0, fr;q=0.5", "de-CH") == "fr"


def test_of_a_huge_header_only_the_beginning_is_read() -> None:
    assert negotiate("ja," * 100 + "de", "hu") == "de"
    assert negotiate("ja," * 1_000_000 + "de", "hu") == "en"
    assert negotiate("de, " + "x" * 1_000_000, "hu") == "de"


@given(header=st.text(st.characters(exclude_categories=())), studio_language=st.text())
def test_no_header_fails(header: str, studio_language: str) -> None:
    assert negotiate(header, studio_language) in LANGUAGES


@given(
    header=st.lists(
        st.tuples(
            st.sampled_from([*LANGUAGES, "*", "ja", "de-AT"]), st.sampled_from(["1", "0.5", "0"])
        ),
        max_size=8,
    ).map(lambda ranges: ",".join(f"{tag};q={q}" for tag, q in ranges))
)
def test_every_readable_header_gets_a_listed_language(header: str) -> None:
    assert negotiate(header, "hu") in LANGUAGES


def test_every_catalogue_is_of_a_listed_language_and_none_is_missing() -> None:
    catalogues = {path.name.replace("_", "-") for path in LOCALE.iterdir() if path.is_dir()}
    assert catalogues == {*TRANSLATED, "de-CH", "en-US"}


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_language_has_every_message_and_no_forgotten_one(language: str) -> None:
    assert list(texts(language)) == MESSAGES
    assert [text for text in texts(language).values() if text != text.strip() or not text] == []
    assert not any(entry.fuzzy for entry in catalogue(language) if entry.id)


@pytest.mark.parametrize("variant", ["de-CH", "en-US"])
def test_a_variant_holds_only_what_differs_from_its_language(variant: str) -> None:
    for message, text in texts(variant).items():
        assert message in MESSAGES
        assert text != translate(message, variant.partition("-")[0])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_needs_the_same_values_as_the_message(language: str) -> None:
    for message in MESSAGES:
        assert placeholders(translate(message, language)) == placeholders(message)


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_left_in_english(language: str) -> None:
    same = {(language, message) for message in MESSAGES if translate(message, language) == message}
    assert same == {entry for entry in SAME_AS_IN_ENGLISH if entry[0] == language}


@pytest.mark.parametrize("language", TRANSLATED)
def test_two_errors_do_not_read_the_same_in_any_language(language: str) -> None:
    assert len(set(texts(language).values())) == len(MESSAGES)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The request body is too large. Allowed: {limit} bytes."),
        ("de", "Der Inhalt der Anfrage ist zu groß. Erlaubt: {limit} Byte."),
        ("de-CH", "Der Inhalt der Anfrage ist zu gross. Erlaubt: {limit} Byte."),
        ("de-LI", "Der Inhalt der Anfrage ist zu gross. Erlaubt: {limit} Byte."),
        (
            "fr-LU",
            "Le corps de la requête est trop volumineux. Maximum\u00a0: {limit}\u00a0octets.",
        ),
        ("ja", "The request body is too large. Allowed: {limit} bytes."),
        ("../de", "The request body is too large. Allowed: {limit} bytes."),
    ],
)
def test_a_message_is_told_in_the_language(language: str, text: str) -> None:
    assert translate("The request body is too large. Allowed: {limit} bytes.", language) == text


def test_what_has_no_translation_stays_as_it_is() -> None:
    assert translate("Nobody translated this.", "de") == "Nobody translated this."
    assert translate("", "de") == ""


@pytest.mark.parametrize("language", ["de-CH", "de-LI"])
def test_switzerland_and_liechtenstein_write_ss_and_their_own_quotation_marks(
    language: str,
) -> None:
    written = "".join(translate(message, language) for message in MESSAGES)
    assert [sign for sign in "ß„“" if sign in written] == []
    assert "«" in written


def test_the_american_variant_spells_cancelled_with_one_l() -> None:
    assert "cancelled" in "".join(translate(message, "en-GB") for message in MESSAGES)
    american = "".join(translate(message, "en-US") for message in MESSAGES)
    assert "canceled" in american
    assert "cancelled" not in american


def test_the_template_for_translators_is_current() -> None:
    def entries(template: bytes) -> list[tuple[str, str]]:
        # How comments are broken into lines is up to the writer of the file.
        return [
            (str(entry.id), " ".join(entry.auto_comments))
            for entry in read_po(BytesIO(template), abort_invalid=True)
            if entry.id
        ]

    committed = (LOCALE / "errors.pot").read_bytes()
    assert entries(committed) == entries(errors_template().encode()), (
        "errors.pot differs from the table of errors. Write it again: "
        "python -m kursplan.api.errors_page --template > src/kursplan/locale/errors.pot"
    )
