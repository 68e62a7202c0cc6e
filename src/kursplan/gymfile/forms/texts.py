"""Text: free, or of a form of its own."""

from __future__ import annotations

import re
from unicodedata import normalize

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.forms.reading import Advice, Means, Reading, Wanted, cleaned


def free_text(text: str, wanted: Wanted) -> Reading:
    """Text as it is. What YAML takes for a number is text as it is written: `01067`.

    A customer number is looked for without the blanks that a spreadsheet leaves around it.
    """
    return Means(text.strip() if wanted.member == "number" else text)


# --- Keys -------------------------------------------------------------------------------------

_LETTERS = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "ø": "oe", "æ": "ae", "ł": "l"}
_SPELLED_OUT = {
    ord(letter): spelled
    for small, spelled_small in _LETTERS.items()
    for letter, spelled in ((small, spelled_small), (small.swapcase(), spelled_small.capitalize()))
    if len(letter) == 1
}
_LONGEST_KEY = 200
_NO_KEY = Sentence("but a key has only letters, digits, dots, slashes, hyphens and underscores")


def key(text: str, wanted: Wanted) -> Reading:
    """A key: of a thing that is described here, or of one that is referred to."""
    pattern = wanted.schema["pattern"]
    if re.fullmatch(pattern, text):
        return Means(text)
    if re.fullmatch(pattern, text.strip()):
        return Means(text.strip())
    slug = _slug(text)
    if not slug:
        return Advice(_NO_KEY, like=wanted.example)
    if wanted.member == "key" and slug in wanted.taken:
        slug = next(
            each for number in range(2, 1000) if (each := f"{slug}-{number}") not in wanted.taken
        )
    return Advice(_NO_KEY, (slug,))


def _slug(text: str) -> str:
    spelled = text.translate(_SPELLED_OUT)
    plain = normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._/-]+", "-", plain).strip("-._/")[: _LONGEST_KEY - 4]


# --- Addresses --------------------------------------------------------------------------------


def address(text: str, wanted: Wanted) -> Reading:
    """An address for mail."""
    pattern = wanted.schema["pattern"]
    if re.fullmatch(pattern, text):
        return None
    text = cleaned(text)
    if re.fullmatch(pattern, text):
        return Means(text)
    plain = re.sub(r"\s*[\[(](?:at|\u00e4t)[\])]\s*", "@", text, flags=re.IGNORECASE)
    found = re.findall(r"[^\s@<>,;:()\[\]]+@[^\s@<>,;:()\[\]]+", plain)
    if len(found) > 1:
        return Advice(Sentence("which is more than one address"), (found[0],))
    if found:
        return Advice(Sentence("which is more than an address"), (found[0],))
    return Advice(Sentence("which is no address for mail"), like=wanted.example)


def web_address(text: str, wanted: Wanted) -> Reading:
    """An address on the web."""
    pattern = wanted.schema["pattern"]
    if re.fullmatch(pattern, text):
        return None
    text = cleaned(text)
    if re.fullmatch(pattern, text):
        return Means(text)
    if re.fullmatch(r"HTTPS?://\S+", text, re.IGNORECASE):
        scheme, rest = text.split("://", 1)
        return Means(f"{scheme.lower()}://{rest}")
    if re.fullmatch(r"[\w-]+(?:\.[\w-]+)+(?:[:/]\S*)?", text):
        return Advice(Sentence("which lacks its beginning"), (f"https://{text}",))
    return Advice(Sentence("which is no address on the web"), like=wanted.example)


# --- Languages --------------------------------------------------------------------------------

_LANGUAGES = {
    "cs": "czech čeština cz tschechisch",
    "de": "german deutsch ger deu",
    "en": "english englisch eng uk us",
    "es": "spanish español espanol spanisch spa",
    "fr": "french français francais französisch fra fre",
    "hu": "hungarian magyar ungarisch hun",
    "it": "italian italiano italienisch ita",
    "nb": "no nn nor norwegian norsk bokmål norwegisch false",
    "nl": "dutch nederlands niederländisch nld dut",
    "pl": "polish polski polnisch pol",
    "ro": "romanian română romana rumänisch ron rum",
    "ru": "russian русский russisch rus",
    "sl": "slovenian slovenščina slowenisch slv",
    "sv": "swedish svenska schwedisch swe se",
    "tr": "turkish türkçe turkce türkisch tur",
}
"""What people write for it; `false` is what YAML 1.1 makes of `no`."""
_BY_NAME = {name: code for code, names in _LANGUAGES.items() for name in names.split()}


def language(text: str, wanted: Wanted) -> Reading:
    """A language by its code."""
    codes = {each.lower(): each for each in wanted.words}
    if text in wanted.words:
        return None
    folded = cleaned(text).lower().replace("_", "-")
    if folded in codes:
        return Means(codes[folded])
    base = folded.partition("-")[0]
    code = codes.get(base) or _BY_NAME.get(folded) or _BY_NAME.get(base)
    if code is not None:
        return Advice(Sentence("which is none of the languages here"), (code,))
    return Advice(Sentence("but must be one of %(words)s", words=", ".join(wanted.words)))
