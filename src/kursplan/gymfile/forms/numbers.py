"""Whole numbers, numbers, and yes or no."""

from __future__ import annotations

import re
from fractions import Fraction

from kursplan.domain.sentences import Sentence, either
from kursplan.gymfile.forms.reading import ENDLESS, NOTHING, Advice, Means, Reading, Wanted, cleaned

_WHOLE = re.compile(r"[-+]?\d{1,30}", re.ASCII)
_ZERO_FRACTION = re.compile(r"([-+]?\d{1,20})\.0{1,2}", re.ASCII)
_UNDERSCORED = re.compile(r"\d{1,3}(?:_\d{3})+", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:(?:\.\d{3})+|(?:,\d{3})+|(?:['\u2019 ]\d{3})+)", re.ASCII)
_COUNTED = re.compile(r"([0-9]{1,9}(?:[.,][0-9]{1,3})?) ?([^\W\d]+\.?|')")
_CLOCK = re.compile(r"(\d{1,2}):([0-5]\d)", re.ASCII)
_WRITTEN_OTHERWISE = Sentence("which is not how numbers are written here")
_NO_TRUTH = Sentence("but must be true or false")
_HOURS = frozenset(["h", "hr", "hrs", "hour", "hours", "std", "std.", "stunde", "stunden"])
_MINUTES_ALIKE = frozenset(["min", "mins", "minute", "minutes"])
_MINUTES = _MINUTES_ALIKE | frozenset(["'", "minuten"])


def whole_number(text: str, wanted: Wanted) -> Reading:
    """A whole number; of minutes where the member is a duration.

    The schema may let a word in capital letters stand in its place.
    """
    text = cleaned(text)
    if re.fullmatch(wanted.schema.get("pattern", r"(?!)"), text.upper()):
        return Means(text.upper())
    if _GROUPED.fullmatch(text):
        return _grouped(text, wanted)
    if _WHOLE.fullmatch(text):
        return _limited(int(text), wanted)
    if found := _ZERO_FRACTION.fullmatch(text):
        return _limited(int(found[1]), wanted)
    if _UNDERSCORED.fullmatch(text):
        return _limited(int(text.replace("_", "")), wanted)
    word = text.lower()
    if wanted.may_be_null and word in ENDLESS | NOTHING - {"0"}:
        return Advice(Sentence("which is no number"), (None,))
    if wanted.member == "duration" and (meant := _minutes(word)) is not None:
        if any(word.endswith(each) for each in _MINUTES_ALIKE) and wanted.admits(meant):
            return Means(meant)
        return _advised(Sentence("but is counted in minutes"), meant, wanted)
    if (found := _COUNTED.fullmatch(text)) and found[1].isdecimal():
        return _advised(Sentence("but must be a number alone"), int(found[1]), wanted)
    return Advice(Sentence("but must be %(kind)s", kind=_kind(wanted)), like=wanted.example)


def _limited(value: int, wanted: Wanted) -> Reading:
    """The number; one of some programs for "no limit" is told, all others the schema judges."""
    if value < 0 and wanted.may_be_null:
        return Advice(Sentence("but null is for no limit"), (None,))
    return Means(value)


def _grouped(text: str, wanted: Wanted) -> Reading:
    """1.000 and 1,000 are a thousand to some, and one to others."""
    whole = int(re.sub(r"\D", "", text))
    if re.search(r"[' \u2019]", text):
        return Means(whole)
    if len(re.split(r"[.,]", text)) > 2:
        return _advised(_WRITTEN_OTHERWISE, whole, wanted)
    meant = [int(Fraction(text.replace(",", "."))), whole]
    fits = tuple(each for each in meant if wanted.admits(each))
    exact = Fraction(text.replace(",", ".")).denominator == 1
    says = Sentence("which could be several numbers")
    if exact:
        says = Sentence("which could be %(meant)s", meant=either(map(str, meant)))
    return Advice(says, fits if exact else fits[1:])


def _minutes(text: str) -> int | None:
    if found := _CLOCK.fullmatch(text):
        return int(found[1]) * 60 + int(found[2])
    if not (found := _COUNTED.fullmatch(text)):
        return _hours_alone(text)
    number = Fraction(found[1].replace(",", "."))
    minutes = number * 60 if found[2] in _HOURS else number if found[2] in _MINUTES else None
    return int(minutes) if minutes is not None and minutes.denominator == 1 else None


def _hours_alone(text: str) -> int | None:
    """1,5 without a unit can be no minutes: a class of so many hours."""
    if not re.fullmatch(r"\d[.,]\d{1,2}", text, re.ASCII):
        return None
    minutes = Fraction(text.replace(",", ".")) * 60
    return int(minutes) if minutes.denominator == 1 else None


def _advised(says: Sentence, value: int, wanted: Wanted) -> Advice:
    if wanted.admits(value):
        return Advice(says, (value,))
    told = Sentence("%(says)s, %(kind)s", says=says, kind=_kind(wanted))
    return Advice(told, like=wanted.example)


def _kind(wanted: Wanted) -> Sentence:
    low, high = wanted.schema.get("minimum"), wanted.schema.get("maximum")
    is_whole = "integer" in wanted.schema["type"]
    kind = Sentence("a whole number") if is_whole else Sentence("a number")
    if low is not None:
        kind = Sentence(
            "%(kind)s from %(low)s to %(high)s", kind=kind, low=str(low), high=str(high)
        )
    return Sentence("%(kind)s or null", kind=kind) if wanted.may_be_null else kind


def number(text: str, wanted: Wanted) -> Reading:
    """A number with a decimal point."""
    text = cleaned(text)
    if re.fullmatch(
        r"[-+]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:[eE][-+]?\d{1,2})?", text, re.ASCII
    ):
        return Means(float(text))
    if found := re.fullmatch(
        r"([-+]?\d{1,3})[.,](\d{1,20}) ?\u00b0? ?([NSEWO]?)", text, re.ASCII | re.IGNORECASE
    ):
        value = float(f"{found[1]}.{found[2]}")
        if found[3].upper() in ("S", "W"):
            value = -abs(value)
        if wanted.admits(value):
            return Advice(_WRITTEN_OTHERWISE, (value,))
    return Advice(Sentence("which is no decimal number"), like=13.405)


_YES = frozenset(["true", "yes", "on", "y"])
_NO = frozenset(["false", "no", "off", "n"])
_YES_ELSEWHERE = frozenset(
    ["1", "ja", "j", "wahr", "an", "oui", "si", "sí", "sim", "tak", "ano", "da", "x", "✓", "✔"]
)
_NO_ELSEWHERE = frozenset(["0", "nein", "falsch", "aus", "non", "nee", "nie", "ne", "nu"])


def truth(text: str, _wanted: Wanted) -> Reading:
    """Yes or no."""
    word = cleaned(text).lower()
    if word in _YES | _NO:
        return Means(word in _YES)
    if word in _YES_ELSEWHERE | _NO_ELSEWHERE:
        return Advice(_NO_TRUTH, (word in _YES_ELSEWHERE,))
    return Advice(_NO_TRUTH)
