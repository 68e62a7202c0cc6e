"""What somebody types to find a person: "dahl zo 83", a number, a telephone, a birthday, an address.

Each word has to fit something of the person. What it may fit is decided here, once, from the word alone;
looking it up is for whoever has the people.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from kursplan.domain.names import folded, folded_address

WORDS_LOOKED_AT: Final = 5
"""Nobody types more of a person; what follows is not looked at."""
PHONE_DIGITS: Final = 3
"""Fewer digits than that are somewhere in every telephone number."""
_ONE_NUMBER: Final = re.compile(r"\+?[\d\s()/.-]{6,}")
_LOCAL_DAY: Final = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?:(\d{2}|\d{4}))?")
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_YEAR: Final = re.compile(r"(?:19|20)?\d{2}")


@dataclass(frozen=True, slots=True)
class Sought:
    """One word, as each thing that it may fit is compared; what it can't fit is None."""

    name: str | None = field(default=None, repr=False)
    """Is part of a name, folded, or of a customer number written likewise."""
    address: str | None = field(default=None, repr=False)
    """Is part of a mail address, folded."""
    digits: str | None = field(default=None, repr=False)
    """Are part of a telephone number without its signs."""
    born: str | None = field(default=None, repr=False)
    """A pattern of the birthday in ISO 8601, in which `_` is any digit: `____-06-08`."""


def sought(text: str) -> tuple[Sought, ...]:
    """What the words of `text` may fit; none where there is neither a letter nor a digit in it."""
    whole = text.strip()
    if _ONE_NUMBER.fullmatch(whole) and _birthday(whole) is None:
        # A telephone number is typed with blanks, and is one word all the same.
        words = ["".join(each for each in whole if each.isdigit())]
    else:
        words = whole.split()
    found = [_sought(word) for word in words if folded(word)]
    return tuple(found[:WORDS_LOOKED_AT])


def _sought(word: str) -> Sought:
    plain = folded(word)
    digits = "".join(each for each in word if each.isdigit()) if _is_number(word) else ""
    # Within a country it is written with a zero that is not there behind the country's code.
    trunk = digits.lstrip("0")
    return Sought(
        name=plain,
        address=folded_address(word).strip(",;"),
        digits=trunk if len(trunk) >= PHONE_DIGITS else None,
        born=_birthday(word),
    )


def _is_number(word: str) -> bool:
    return all(each.isdigit() or each in "+()/.-" for each in word)


def _birthday(word: str) -> str | None:
    """`8.6.` is a day of any year, `83` and `1983` are years."""
    if _ISO_DAY.fullmatch(word):
        return word
    if match := _LOCAL_DAY.fullmatch(word):
        day, month, year = match.groups()
        return f"{(year or '').rjust(4, '_')}-{int(month):02}-{int(day):02}"
    return f"{word.rjust(4, '_')}-__-__" if _YEAR.fullmatch(word) else None
