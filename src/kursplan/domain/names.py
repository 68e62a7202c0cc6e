"""Names as people type them when they search: without case, without accents, without extra blanks.

What is stored for searching and what is searched for both go through `folded`.
"""

from __future__ import annotations

import unicodedata

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


def folded(text: str) -> str:
    """`text` in the form in which names are compared: "  Łukasz  Groß-Đurić" is "lukasz gross-duric".

    Folding what is folded changes nothing.
    """
    # Case goes first and last: it turns ß into ss, and taking letters apart can leave capitals.
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(each for each in apart if not unicodedata.combining(each)).casefold()
    return " ".join(plain.translate(_PLAIN).split())
