"""In which encoding a file of text is, and by what that can be told.

Marks at the beginning decide, then whether it is UTF-8 as a whole. What is left is one of the
encodings with one byte a letter. They differ in what they make of the bytes beyond ASCII: the right
one makes words of them. Where the words are those of Western Europe it is Windows-1252; where several
others make words, and different ones, it can't be told, and has to be said.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper

from kursplan.domain.sentences import Sentence
from kursplan.imports.exported import Exported
from kursplan.imports.table import Unreadable

_MARKS = (
    # The longer ones first: the mark of UTF-32 begins like that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF8, "utf-8-sig", Sentence("UTF-8 with a mark")),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_WESTERN = "äöüßáàâãåæçéèêëíìîïñóòôõøúùûÿ"
_CENTRAL = "ąćęłńóśźżáäčďéěëíîňôöřšťúůüýžőűâăţşșțđßĺľŕ"
_CYRILLIC = {*map(chr, range(0x430, 0x45F)), "ґ"}
_ALPHABETS = {
    "cp1252": ("Windows-1252", _WESTERN + "šžýþðœ"),
    "cp1250": ("Windows-1250", _CENTRAL),
    "iso8859_2": ("ISO 8859-2", _CENTRAL),
    "cp1254": ("Windows-1254", _WESTERN + "ğışİ"),
    "cp1251": ("Windows-1251", "".join(_CYRILLIC)),
    "mac_roman": ("Mac Roman", _WESTERN + "œ"),
    "cp850": ("DOS 850", _WESTERN),
}
"""The encodings with one byte a letter: what people call them, and their letters beyond ASCII."""
_BEGINNING = 4096
"""Of how many bytes it is told whether there is a zero in every second one."""
_SAMPLE = 64 * 1024
"""How many bytes of lines beyond ASCII are looked at."""
_WORD = re.compile(r"[^\W\d_]+")
_SIGN_IN_A_WORD = re.compile(r"[^\W\d_][^\w\s\x00-\x7f\u2013\u2019\u2026\u2122\xb4\xae\xb0]")
"""Directly behind a letter, and none of those that people write there."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """`name` as Python knows it, `told` as people do, with what it was told by."""

    name: str
    told: str


def encoding_of(data: Exported, given: str | None = None) -> Encoding:
    """The encoding of a file that is not empty; `given` is what a person said it is.

    Raises `Unreadable` where it can't be told, where the file was cut off within a letter, and
    where it is not in the encoding that was given.
    """
    if given is not None:
        return _checked(data, _known(given), Sentence("%(given)s, as given", given=given))
    begins = data.begins(_BEGINNING)
    for mark, name, told in _MARKS:
        if begins.startswith(mark):
            return _checked(data, name, told)
    if (unmarked := _utf_16_without_a_mark(begins)) is not None:
        return _checked(data, unmarked, Sentence("UTF-16 without a mark"))
    is_ascii = True
    try:
        for text in _decoded(data, "utf-8"):
            is_ascii = is_ascii and text.isascii()
    except UnicodeDecodeError as error:
        # Letters beyond ASCII before it were all in UTF-8.
        is_last = error.reason == "unexpected end of data"
        if is_last and not is_ascii:
            raise _cut_off() from error
        return _one_byte(data)
    if is_ascii:
        return Encoding("utf-8", Sentence("ASCII, which all encodings have in common"))
    return Encoding("utf-8", _by_example("UTF-8", data, "utf-8"))


def letters(data: Exported, encoding: str) -> TextIOWrapper:
    """The file as text, read as it is needed, with the ends of its lines as they are."""
    return TextIOWrapper(data.open(), encoding, newline="")


def last_letter(data: Exported, encoding: str) -> str:
    """Empty where there is none."""
    last = ""
    for text in _decoded(data, encoding):
        last = text[-1:] or last
    return last


def _decoded(data: Exported, encoding: str) -> Iterator[str]:
    """All of it, piece by piece. Raises `UnicodeError` as decoding it as a whole does."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for piece in data.pieces():
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _known(given: str) -> str:
    try:
        name = codecs.lookup(given).name
        "".encode(name)
    except LookupError as error:
        says = Sentence(
            "there is no encoding %(name)s: it is something like utf-8, utf-16 or windows-1252",
            name=repr(given),
        )
        raise Unreadable(says) from error
    if name == "utf-8":
        return "utf-8-sig"  # Which takes it with and without a mark.
    return name


def _checked(data: Exported, name: str, told: str) -> Encoding:
    try:
        for _ in _decoded(data, name):
            pass
    except UnicodeError as error:
        if isinstance(error, UnicodeDecodeError) and "truncated" in error.reason:
            raise _cut_off() from error
        if name.startswith("utf-8") and getattr(error, "reason", "") == "unexpected end of data":
            raise _cut_off() from error
        says = Sentence(
            "the file is not in %(encoding)s all through: export it anew, or say --encoding",
            encoding=told,
        )
        raise Unreadable(says) from error
    return Encoding(name, told)


def _cut_off() -> Unreadable:
    return Unreadable(
        Sentence("the file ends in the middle of a letter: it was cut off; export it again")
    )


def _utf_16_without_a_mark(some: bytes) -> str | None:
    """Text in Latin letters has a zero in every second byte then, and nothing else has."""
    even, odd = some[::2].count(0), some[1::2].count(0)
    half = len(some) / 2
    if odd > 0.6 * half and not even:
        return "utf-16-le"
    if even > 0.6 * half and not odd:
        return "utf-16-be"
    return None


def _one_byte(data: Exported) -> Encoding:
    sample = _lines_beyond_ascii(data)
    if _makes_words(sample, "cp1252", _WESTERN):
        return _checked(data, "cp1252", _by_example("Windows-1252", data, "cp1252"))
    found = {
        sample.decode(name): name
        for name, (_, alphabet) in reversed(_ALPHABETS.items())
        if _makes_words(sample, name, alphabet)
    }
    if len(found) != 1:
        raise Unreadable(_untold(sample))
    [name] = found.values()
    return _checked(data, name, _by_example(_ALPHABETS[name][0], data, name))


def _lines_beyond_ascii(data: Exported) -> bytes:
    """Only these tell anything."""
    sample = bytearray()
    with letters(data, "latin-1") as every_byte:
        for line in every_byte:
            if not line.isascii():
                sample += line.encode("latin-1")
            if len(sample) > _SAMPLE:
                break
    return bytes(sample)


def _makes_words(sample: bytes, name: str, alphabet: str) -> bool:
    """Whether all that is beyond ASCII becomes words of that alphabet."""
    try:
        text = sample.decode(name)
    except UnicodeDecodeError:
        return False
    known = {*alphabet, *alphabet.upper()}
    # A sign beyond ASCII within a word was a letter.
    if _SIGN_IN_A_WORD.search(text):
        return False
    return all(_is_word(word, known) for word in _WORD.findall(text) if not word.isascii())


def _is_word(word: str, known: set[str]) -> bool:
    beyond = [letter for letter in word if not letter.isascii()]
    if not known.issuperset(beyond):
        return False
    if known >= _CYRILLIC:
        return len(beyond) == len(word)
    if len(beyond) == len(word) > 4:
        return False
    # Capitals stand at the beginning, or all of them do.
    inner = [letter for letter in word[1:] if not letter.isascii()]
    return word.isupper() or not any(map(str.isupper, inner))


def _untold(sample: bytes) -> Sentence:
    """With what a library that knows many more takes it for: a hint, because it is often wrong."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    if best is None:
        return Sentence(
            "in which encoding the file is can't be told: save it as “CSV UTF-8”, or say --encoding"
        )
    return Sentence(
        "in which encoding the file is can't be told (perhaps %(name)s): "
        "save it as “CSV UTF-8”, or say --encoding",
        name=best.encoding,
    )


def _by_example(told: str, data: Exported, name: str) -> Sentence:
    return Sentence("%(encoding)s (%(example)s)", encoding=told, example=_example(data, name))


def _example(data: Exported, name: str) -> Sentence:
    """The first word that looks different in another encoding, for a person to see that it is right."""
    with letters(data, name) as text:
        for number, line in enumerate(text, start=1):
            for word in line.replace('"', " ").replace(";", " ").replace(",", " ").split():
                if not word.isascii():
                    return Sentence("line %(line)s has “%(text)s”", line=number, text=word[:40])
    return Sentence("no letters beyond ASCII")
