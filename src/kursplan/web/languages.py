"""The languages that are spoken: which one a client gets, and the texts of errors in it.

English is the language of the texts in the code, and what stands where a translation is missing.
The other languages are the catalogues under ``kursplan/locale``, in the usual gettext form. A
variant holds only what differs from its language, and one in which nothing differs has no catalogue.

The ``.po`` files are read as they are, once per language and process. Compiled catalogues would be
binaries in the repository, or a build step without which translations silently disappear; reading
the source takes milliseconds per language and spares both.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from itertools import takewhile
from typing import Final

from babel.messages.pofile import read_po

# The contract's list: languages, then variants.
LANGUAGES: Final = (
    *("cs", "de", "en", "es", "fr", "hu", "it", "nb", "nl", "pl", "ro", "ru", "sl", "sv", "tr"),
    *("de-CH", "de-LI", "en-CA", "en-GB", "en-US", "fr-LU"),
)

# Where a language looks for a text that it does not have itself, other than in its first subtag.
_NEXT_OF_KIN: Final = {"de-LI": "de-CH"}

# Bokmål is what there is for Norwegian; browsers also ask for "no" and "nn".
_ALIASES: Final = {"no": "nb", "nn": "nb"}

_LISTED: Final = {tag.lower(): tag for tag in LANGUAGES}

# Real headers have some dozens of characters; what lies beyond this limit is not read.
_LONGEST_HEADER: Final = 1000

# One range of the header, such as "de-CH;q=0.7". "de_CH" is wrong, but what some clients send.
_RANGE: Final = re.compile(
    r"\s*(?P<tag>\*|[a-z]{1,8}(?:[-_][a-z0-9]{1,8})*)\s*(?:;\s*q\s*=\s*(?P<q>0(?:\.\d*)?|1(?:\.0*)?)\s*)?",
    re.IGNORECASE | re.ASCII,
)


def negotiate(header: str | None, studio_language: str) -> str:
    """Give the tag of LANGUAGES that suits an ``Accept-Language`` header best.

    A header that wishes for nothing (absent, blank, unreadable), or for anything (``*``), gets the
    studio's own language; one that wishes only for languages which are not listed gets English.
    Unreadable parts are passed over: a language is no reason to refuse a request.

    Source: RFC 9110, section 12.5.4, with the look-up of RFC 4647, section 3.4.
    """
    studio = _look_up(_subtags(studio_language)) or "en"
    qualities: dict[str, float] = {}
    for tag, quality in _ranges(header or ""):
        qualities.setdefault(tag, quality)
    excluded = {tag for tag, quality in qualities.items() if quality == 0}
    # Sorting keeps the order of equals, so that of two equal wishes the first one counts.
    wishes = [tag for tag in qualities if tag not in excluded]
    wishes.sort(key=qualities.__getitem__, reverse=True)
    for wish in wishes or ["*"]:
        if wish != "*":
            found = _look_up(takewhile(lambda tag: tag not in excluded, _subtags(wish)))
        else:
            found = studio if excluded.isdisjoint(_subtags(studio)) else None
        if found is not None:
            return found
    return "en"


def translate(message: str, language: str) -> str:
    """Give a message of the code, which is English, in a language of LANGUAGES.

    Placeholders such as ``{value}`` are kept. What has no translation stays English.
    """
    return _catalogue(language).get(message, message)


def ancestry(language: str) -> list[str]:
    """A tag of LANGUAGES, and those in whose catalogues it looks next, the nearest first."""
    base, _, variant = language.partition("-")
    if not variant:
        return [language]
    return [language, *ancestry(_NEXT_OF_KIN.get(language, base))]


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    """Give the readable ranges of a header in its order, with their qualities."""
    for part in header[:_LONGEST_HEADER].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            yield _subtags(match["tag"])[0], float(match["q"] or 1)


def _subtags(tag: str) -> list[str]:
    """Give a tag in lower case, and what remains of it when subtags are cut from the right."""
    language, *rest = tag.lower().replace("_", "-").split("-")
    subtags = [_ALIASES.get(language, language), *rest]
    return ["-".join(subtags[:length]) for length in range(len(subtags), 0, -1)]


def _look_up(tags: Iterable[str]) -> str | None:
    """Give the first listed language among tags in lower case."""
    return next((_LISTED[tag] for tag in tags if tag in _LISTED), None)


@lru_cache(maxsize=len(LANGUAGES))
def _catalogue(language: str) -> Mapping[str, str]:
    """Read the texts of a language, on top of those of the language it falls back to."""
    if language not in LANGUAGES or language == "en":
        return {}
    further = ancestry(language)[1:]
    inherited = _catalogue(further[0]) if further else {}
    source = files("kursplan") / "locale" / language.replace("-", "_") / "LC_MESSAGES" / "errors.po"
    if further and not source.is_file():
        return inherited
    with source.open("rb") as file:
        entries = [entry for entry in read_po(file) if entry.id and not entry.fuzzy]
    return {**inherited, **{str(entry.id): str(entry.string) for entry in entries if entry.string}}
