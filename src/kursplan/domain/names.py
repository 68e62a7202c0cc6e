"""Names as people type them when they search: without case, without accents, without extra blanks.

What is stored for searching and what is searched for both go through `folded`.
"""

from __future__ import annotations

import unicodedata

# Letters that Unicode does not take apart into a plain letter and an accent.
_PLAIN = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"})  # fmt: skip


def folded(text: str) -> str:
    """`text` in the form in which names are compared: "  Łukasz  Groß-Đurić" is "lukasz gross-duric".

    Folding what is folded changes nothing.
    """
    # Case goes first and last: it turns ß into ss, and taking letters apart can leave capitals.
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if not unicodedata.combining(each)).casefold()
    return " ".join(plain.translate(_PLAIN).split())
