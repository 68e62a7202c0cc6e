"""Names as people type them when they search: case, accents, blanks and signs do not count.

"O'Brien" is found with an apostrophe of any shape, as `O Brien` and as `obrien`, "Anna-Lena" as
`Annalena`, "Müller" as `Mueller` and `muller`, "Bjørn" as `Bjoern` and `bjorn`. What is stored for
searching and what is searched for both go through here. A beginning of a name, folded, is a beginning
of the folded name.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Protocol

# Letters that Unicode does not take apart into a plain letter and an accent.
_PLAIN = str.maketrans(
    {
        "\N{LATIN SMALL LETTER AE}": "ae",
        "\N{LATIN SMALL LETTER D WITH STROKE}": "d",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "\N{LATIN SMALL LETTER ETH}": "d",
        "\N{LATIN SMALL LETTER H WITH STROKE}": "h",
        "\N{LATIN SMALL LETTER L WITH STROKE}": "l",
        "\N{LATIN SMALL LETTER O WITH STROKE}": "o",
        "\N{LATIN SMALL LETTER THORN}": "th",
        "\N{LATIN SMALL LIGATURE OE}": "oe",
    }
)

# How they are written where a name becomes a key, which is typed and read aloud.
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "å": "aa", "ł": "l"}
)
_LONGEST_SLUG = 60

# How ä, ö, ü and ø are written where there is no key for them, and then å. Whether an e belongs to the
# letter before it cannot be seen, so it is left out after each of them; a name of which that is not
# true is found all the same, because what is searched for is folded, too.
_E_FOR_DOTS = re.compile(r"(?<=[aou])e+")
_TWO_FOR_A_RING = re.compile(r"aa+")

# Punctuation, symbols, separators, what controls and formats; letters that stand for an apostrophe.
_SIGNS = frozenset("PSZ")
_UNSEEN = frozenset(("Cc", "Cf"))
_APOSTROPHES = range(0x02B0, 0x0300)


def folded(name: str) -> str:
    """`name` in the form in which names are compared: "  Łukasz  Groß-Đurić" is "lukaszgrossduric".

    Folding what is folded changes nothing. Nothing is left of what has neither letters nor digits.
    """
    plain = "".join(each for each in _plain(name) if not _is_sign(each))
    return _TWO_FOR_A_RING.sub("a", _E_FOR_DOTS.sub("", plain))


def folded_address(address: str) -> str:
    """A mail address in the form in which they are compared: every sign of it counts."""
    return " ".join(_plain(address).split())


def slug(name: str) -> str:
    """The name in letters that a key may have: "Yoga für Ältere" is "yoga-fuer-aeltere"."""
    plain = unicodedata.normalize("NFKD", name.lower().translate(_SPELLED))
    text = "-".join(re.findall(r"[a-z0-9]+", plain.encode("ascii", "ignore").decode()))
    return text[:_LONGEST_SLUG].strip("-")


class Person(Protocol):
    """Whoever has a name: a customer or an employee, as an entry or a row."""

    @property
    def first_name(self) -> str: ...
    @property
    def last_name(self) -> str: ...


def full_name(person: Person) -> str:
    """As one says it; some have only one of the two names, and who was erased has none."""
    return f"{person.first_name} {person.last_name}".strip()


def initials(first_name: str, last_name: str) -> str:
    """The short sign of a person: "Anna-Lena", "van Dijk" gives "AVD"."""
    words = re.split(r"[\s.]+", f"{first_name} {last_name}")
    return "".join(word[0] for word in words if word[:1].isalnum()).upper()


def _plain(text: str) -> str:
    # Case goes first and last: it turns ß into ss, and taking letters apart can leave capitals.
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if not unicodedata.combining(each)).casefold()
    return plain.translate(_PLAIN)


def _is_sign(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] in _SIGNS or kind in _UNSEEN or ord(letter) in _APOSTROPHES
