"""Terms: `2 HOURS`, `7 DAY`."""

from __future__ import annotations

import re
from fractions import Fraction

from kursplan.domain.sentences import Mistaken, Sentence
from kursplan.domain.terms import LONGEST, Term, TermUnit
from kursplan.gymfile.forms.reading import ENDLESS, NOTHING, Advice, Means, Reading, Wanted, cleaned

_ALIKE: dict[TermUnit, str] = {
    TermUnit.MINUTES: "minute minutes min mins",
    TermUnit.HOURS: "hour hours h hr hrs",
    TermUnit.DAY: "day days d",
    TermUnit.WEEK: "week weeks w wk wks",
    TermUnit.MONTH: "month months",
    TermUnit.YEAR: "year years y yr yrs",
}
"""What can only mean that unit."""
_ELSEWHERE: dict[TermUnit, str] = {
    TermUnit.MINUTES: "minuten minuta minuto minuti minutos '",
    TermUnit.HOURS: "stunde stunden std std. heure heures ora ore hora horas uur uren",
    TermUnit.DAY: "tag tage tagen jour jours giorno giorni dia dias dag dagen",
    TermUnit.WEEK: "woche wochen wo semaine semaines semana semanas weken",
    TermUnit.MONTH: "monat monate monaten mois mese mesi mes meses maand maanden mo",
    TermUnit.YEAR: "jahr jahre jahren an ans anno anni jaar",
}
"""In other languages."""
_UNIT = {word: unit for unit, words in _ALIKE.items() for word in words.split()}
_FOREIGN = {word: unit for unit, words in _ELSEWHERE.items() for word in words.split()}
_OF_ISO = {
    "D": TermUnit.DAY,
    "W": TermUnit.WEEK,
    "M": TermUnit.MONTH,
    "Y": TermUnit.YEAR,
    "TH": TermUnit.HOURS,
    "TM": TermUnit.MINUTES,
}

_WRITTEN = re.compile(
    r"(?P<sign>[-+]?) ?(?P<number>\d{1,9}(?:[.,]\d{1,6})?) ?(?P<unit>[^\W\d]+\.?|')?"
    r"(?P<tail> (?:before|prior|vorher|vor|davor|in advance|ahead)\b.*)?",
    re.IGNORECASE | re.ASCII,
)
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)", re.ASCII)
_ISO = re.compile(r"P(?:(\d{1,6})([DWMY])|T(\d{1,6})([HM]))", re.ASCII)

_MINUTES = {
    TermUnit.MINUTES: 1,
    TermUnit.HOURS: 60,
    TermUnit.DAY: 24 * 60,
    TermUnit.WEEK: 7 * 24 * 60,
}
_WRITTEN_OTHERWISE = Sentence("which is not how terms are written")
_NOT_WHOLE = Sentence("which is no whole number")
_MOST_HOURS = 72
"""A number without a unit that is larger is taken for minutes."""


def term(text: str, wanted: Wanted) -> Reading:
    """A whole number and a unit; only MINUTES and HOURS where it is a length of time."""
    if re.fullmatch(wanted.schema["pattern"], text):
        return None
    text = cleaned(text)
    word = text.lower()
    if word in NOTHING | ENDLESS:
        return _nothing(word, wanted)
    if found := _WRITTEN.fullmatch(text):
        return _written(found, wanted)
    if found := _CLOCK.fullmatch(text):
        minutes = int(found[1]) * 60 + int(found[2])
        return _advised(_WRITTEN_OTHERWISE, minutes, TermUnit.MINUTES, wanted)
    if found := _ISO.fullmatch(text.upper()):
        unit = _OF_ISO[found[2] or f"T{found[4]}"]
        number = int(found[1] or found[3])
        return _advised(_WRITTEN_OTHERWISE, number, unit, wanted)
    return Advice(_no_term(wanted), like=wanted.example)


def _written(found: re.Match[str], wanted: Wanted) -> Reading:
    number = Fraction(found["number"].replace(",", "."))
    word = (found["unit"] or "").lower().rstrip(".")
    if not word:
        return _without_unit(number, wanted)
    unit = _UNIT.get(word)
    is_plain = unit is not None and not found["sign"] and not found["tail"]
    unit = unit or _FOREIGN.get(word)
    if unit is None:
        units = ", ".join(_units(wanted))
        says = Sentence("whose unit should be one of %(units)s", units=units)
        return Advice(says, like=wanted.example)
    if number.denominator > 1:
        if unit not in _MINUTES:
            return Advice(_NOT_WHOLE, like=wanted.example)
        minutes = number * _MINUTES[unit]
        if minutes.denominator > 1:
            return Advice(_NOT_WHOLE, like=wanted.example)
        hours = minutes / 60
        if hours.denominator == 1 and unit is not TermUnit.HOURS:
            return _advised(_NOT_WHOLE, int(hours), TermUnit.HOURS, wanted)
        return _advised(_NOT_WHOLE, int(minutes), TermUnit.MINUTES, wanted)
    if is_plain and unit in _units(wanted):
        return Means(f"{int(number)} {unit}")
    says = _WRITTEN_OTHERWISE
    if found["sign"] == "-":
        says = Sentence("but a term is counted back by itself, and has no sign")
    elif unit not in _units(wanted):
        says = Sentence("but how long something lasts is said in MINUTES or HOURS")
    return _advised(says, int(number), unit, wanted)


def _without_unit(number: Fraction, wanted: Wanted) -> Advice:
    if number.denominator > 1:
        return Advice(Sentence("which lacks its unit"), like=wanted.example)
    value = int(number)
    unit = TermUnit.HOURS if 0 < value <= _MOST_HOURS else TermUnit.MINUTES
    if wanted.member == "earliest_booking":
        unit = TermUnit.DAY
    others = ", ".join(each for each in _units(wanted) if each != unit)
    says = Sentence("which lacks its unit (that, or %(others)s)", others=others)
    return _advised(says, value, unit, wanted)


def _advised(says: Sentence, number: int, unit: TermUnit, wanted: Wanted) -> Advice:
    if unit not in _units(wanted) and unit in _MINUTES:
        number, unit = number * _MINUTES[unit] // 60, TermUnit.HOURS
    try:
        value = str(Term(number, unit))
    except Mistaken:
        says = Sentence(
            "which is too long. A term of %(value)s %(unit)s is out of range: give 0 to %(most)s %(unit)s",
            value=number,
            unit=unit,
            most=LONGEST[unit],
        )
        return Advice(says, like=wanted.example)
    if unit not in _units(wanted):
        return Advice(says, like=wanted.example)
    return Advice(says, (value,))


def _nothing(word: str, wanted: Wanted) -> Advice:
    """Where a term says none or no end, as far as it can only mean one thing there."""
    no_limit = wanted.member == "earliest_booking"
    none_needed = wanted.member == "confirmation" and word in NOTHING
    if no_limit or none_needed:
        return Advice(_no_term(wanted), (None,))
    if word in NOTHING and wanted.member in ("grace", "latest_booking"):
        return Advice(_no_term(wanted), ("0 MINUTES",))
    return Advice(_no_term(wanted), like=wanted.example)


def _no_term(wanted: Wanted) -> Sentence:
    if wanted.may_be_null:
        return Sentence("which is no term, and not null")
    return Sentence("which is no term")


def _units(wanted: Wanted) -> tuple[TermUnit, ...]:
    return tuple(each for each in TermUnit if each in wanted.schema["pattern"])
