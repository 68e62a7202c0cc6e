"""Members that are one of some words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.forms.reading import Advice, Means, Reading, Wanted, cleaned

_WEEKDAYS: Mapping[str, tuple[str, str]] = {
    "MONDAY": ("mon mondays", "mo montag montags lunes lundi"),
    "TUESDAY": ("tue tues tuesdays", "tu di dienstag dienstags martes mardi"),
    "WEDNESDAY": ("wed weds wednesdays", "we mi mittwoch mittwochs miércoles mercredi"),
    "THURSDAY": ("thu thur thurs thursdays", "th do donnerstag donnerstags jueves jeudi"),
    "FRIDAY": ("fri fridays", "fr freitag freitags viernes vendredi"),
    "SATURDAY": ("sat saturdays", "sa samstag samstags sonnabend sábado samedi"),
    "SUNDAY": ("sun sundays", "su so sonntag sonntags domingo dimanche"),
}
"""Of each: what can only mean it, and what means it in some language."""

_MEANT: Mapping[str, Mapping[str, str]] = {
    "weekday": {each: day for day, (_, some) in _WEEKDAYS.items() for each in some.split()},
    "gender": {
        "m": "MALE",
        "f": "FEMALE",
        "w": "FEMALE",
        "man": "MALE",
        "woman": "FEMALE",
        "herr": "MALE",
        "mr": "MALE",
        "frau": "FEMALE",
        "ms": "FEMALE",
        "mrs": "FEMALE",
        "männlich": "MALE",
        "weiblich": "FEMALE",
        "d": "UNISEX",
        "x": "UNISEX",
        "diverse": "UNISEX",
        "divers": "UNISEX",
        "other": "UNISEX",
    },
    "online_booking": {
        "yes": "AVAILABLE",
        "true": "AVAILABLE",
        "on": "AVAILABLE",
        "ja": "AVAILABLE",
        "false": "NO",
        "off": "NO",
        "nein": "NO",
        "none": "NO",
    },
    "promotion": {
        "true": "AUTOMATIC",
        "yes": "AUTOMATIC",
        "auto": "AUTOMATIC",
        "automatisch": "AUTOMATIC",
        "false": "BY_STAFF",
        "no": "BY_STAFF",
        "manual": "BY_STAFF",
        "manually": "BY_STAFF",
        "manuell": "BY_STAFF",
    },
    "who_may_book": {
        "all": "EVERYONE",
        "everybody": "EVERYONE",
        "anyone": "EVERYONE",
        "alle": "EVERYONE",
        "member": "MEMBERS",
        "mitglieder": "MEMBERS",
    },
    "period": {
        "weekly": "WEEK",
        "weeks": "WEEK",
        "woche": "WEEK",
        "wöchentlich": "WEEK",
        "monthly": "MONTH",
        "months": "MONTH",
        "monat": "MONTH",
        "monatlich": "MONTH",
        "yearly": "YEAR",
        "annual": "YEAR",
        "years": "YEAR",
        "jahr": "YEAR",
        "jährlich": "YEAR",
        "overall": "TOTAL",
        "gesamt": "TOTAL",
    },
}
"""By member, what people write who do not know the words."""

_ALIKE = {each: day for day, (some, _) in _WEEKDAYS.items() for each in some.split()}
EVERY_DAY = frozenset(("daily", "every day", "everyday", "täglich", "jeden tag", "all", "alle"))
WORKDAYS = frozenset(("weekdays", "workdays", "werktags", "wochentags", "mo-fr", "mon-fri"))


def word(text: str, wanted: Wanted) -> Reading:
    """One of the words of the schema, in capital letters or not."""
    words = wanted.words
    if text in words:
        return None
    text = cleaned(text)
    folded = re.sub(r"[\s-]+", "_", text.upper())
    if folded in words:
        return Means(folded)
    plain = text.lower().rstrip(".")
    if _is_weekday(wanted):
        if plain in _ALIKE:
            return Means(_ALIKE[plain])
        if re.fullmatch(r"[0-7]", plain):
            return Advice(Sentence("but weekdays have names here"), like="MONDAY")
    table = _MEANT.get("weekday" if _is_weekday(wanted) else wanted.member, {})
    if plain in table:
        says = Sentence(
            "which is none of %(words)s and %(last)s", words=", ".join(words[:-1]), last=words[-1]
        )
        return Advice(says, (table[plain],))
    if close := get_close_matches(folded, words, n=1, cutoff=0.7):
        return Advice(Sentence("which is not known"), (close[0],))
    return Advice(Sentence("but must be one of %(words)s", words=", ".join(words)))


def _is_weekday(wanted: Wanted) -> bool:
    return "MONDAY" in wanted.words


_COUNTRIES = {
    "deutschland": "DE",
    "germany": "DE",
    "deu": "DE",
    "ger": "DE",
    "d": "DE",
    "österreich": "AT",
    "austria": "AT",
    "aut": "AT",
    "a": "AT",
    "schweiz": "CH",
    "switzerland": "CH",
    "suisse": "CH",
    "che": "CH",
    "norway": "NO",
    "norge": "NO",
    # What YAML 1.1 makes of the code of Norway.
    "false": "NO",
}


_NO_CODE = Sentence("which is no code of two letters")


def country_code(text: str, wanted: Wanted) -> Reading:
    """Two capital letters."""
    if re.fullmatch(r"[A-Z]{2}", text):
        return None
    text = cleaned(text)
    if re.fullmatch(r"[A-Za-z]{2}", text):
        return Means(text.upper())
    if (code := _COUNTRIES.get(text.lower())) is not None:
        return Advice(_NO_CODE, (code,))
    return Advice(_NO_CODE, like=wanted.example)
