"""Days and times of day, as they are written in calendars, spreadsheets and databases."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.forms.reading import ENDLESS, NOTHING, Advice, Means, Reading, Wanted, cleaned

_DAY = re.compile(r"(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1900, 2199

# --- Days -------------------------------------------------------------------------------------

_YEAR_FIRST = re.compile(r"(\d{4})([-/. ])(\d{1,2})\2(\d{1,2})", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(?: )?(\d{1,2})\2(?: )?(\d{4})", re.ASCII)
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.]) ?\d{1,2}\1 ?\d{2}", re.ASCII)
_NAMED_MONTH = re.compile(
    r"(?:(?P<before>\d{1,2})(?:\.|st|nd|rd|th)?[ -]*(?:of )?)?(?P<month>[a-zäé]{3,9})\.?"
    r"[ -]*(?:(?P<after>\d{1,2})(?:\.|st|nd|rd|th)?(?:,| ))?[ ,-]*(?P<year>\d{4})"
)
_MONTHS = (
    ("jan", "january", "januar", "jänner", "jän"),
    ("feb", "february", "februar", "feber"),
    ("mar", "march", "märz", "mär", "maerz"),
    ("apr", "april"),
    ("may", "mai"),
    ("jun", "june", "juni"),
    ("jul", "july", "juli"),
    ("aug", "august"),
    ("sep", "sept", "september"),
    ("oct", "october", "okt", "oktober"),
    ("nov", "november"),
    ("dec", "december", "dez", "dezember"),
)
_MONTH_OF = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_MIDNIGHT = re.compile(r"(.+?)(?:T| )0?0:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?", re.ASCII)
_WITH_TIME = re.compile(r"(\S+?)(?:T| )\d{1,2}:\d\d\S*(?: [ap]m)?", re.ASCII | re.IGNORECASE)
_SPREADSHEET_DAY_0 = date(1899, 12, 30)
_NO_DAY = Sentence("which is no day")
_NONE_THERE = Sentence("which is no day: leave it out where there is none")
_OUTSIDE = Sentence("which lies outside of %(first)s to %(last)s", first=FIRST_YEAR, last=LAST_YEAR)


def day(text: str, wanted: Wanted) -> Reading:
    """A day: `2026-03-02`."""
    if _DAY.fullmatch(text):
        return None
    text = cleaned(text)
    if midnight := _MIDNIGHT.fullmatch(text):
        text = midnight[1]
    if _DAY.fullmatch(text):
        return Means(text)
    if (year_first := _YEAR_FIRST.fullmatch(text)) and (
        found := _date(year_first[1], year_first[3], year_first[4])
    ):
        return _within(found, wanted) or Means(found.isoformat())
    if (
        re.fullmatch(r"\d{8}", text, re.ASCII)
        and (found := _date(text[:4], text[4:6], text[6:]))
        and FIRST_YEAR <= found.year <= LAST_YEAR
    ):
        return Means(found.isoformat())
    return _guessed(text, wanted)


def _guessed(text: str, wanted: Wanted) -> Advice:
    word = text.lower()
    if wanted.may_be_null and word in NOTHING | ENDLESS:
        return Advice(_NO_DAY, (None,))
    if re.fullmatch(r"0+([-/.])0+\1?0*", text):
        return _no_day(wanted)
    if word in NOTHING and not wanted.required:
        return Advice(_NONE_THERE)
    meant = sorted({each for each in _days(text) if FIRST_YEAR <= each.year <= LAST_YEAR})
    if len(meant) > 1:
        first, last = meant[0], meant[-1]
        says = Sentence("which could be %(first)s or %(last)s", first=first, last=last)
        return Advice(says, tuple(each.isoformat() for each in meant))
    if meant:
        says = Sentence("which is not how days are written here")
        return Advice(says, (meant[0].isoformat(),))
    if _SHORT_YEAR.fullmatch(text):
        return Advice(Sentence("which has a year of two digits"), like=wanted.example)
    if month := re.fullmatch(r"((?:19|20|21)\d\d)[-/.](0[1-9]|1[0-2])", text, re.ASCII):
        says = Sentence("which lacks the day of the month")
        return Advice(says, like=f"{month[1]}-{month[2]}-01")
    if with_time := _WITH_TIME.fullmatch(text):
        match day(with_time[1], wanted):
            case None:
                return Advice(Sentence("which has a time of day"), (with_time[1],))
            case Means(value):
                return Advice(Sentence("which has a time of day"), (value,))
            case advice:
                return advice
    return Advice(_NO_DAY, like=wanted.example)


def _within(found: date, wanted: Wanted) -> Advice | None:
    """What to say of a day that no gym lives to see."""
    if FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    if found.year > LAST_YEAR and wanted.may_be_null:
        return Advice(Sentence("which stands for no end"), (None,))
    if not wanted.required:
        return Advice(Sentence("%(says)s: leave it out where there is none", says=_OUTSIDE))
    return Advice(_OUTSIDE, like=wanted.example)


def _no_day(wanted: Wanted) -> Advice:
    return Advice(_NO_DAY, like=wanted.example) if wanted.required else Advice(_NONE_THERE)


def _days(text: str) -> Iterator[date]:
    """What day a text may mean that is not written year first."""
    if found := _YEAR_LAST.fullmatch(text):
        first, mark, second, year = found.groups()
        yield from _existing(_date(year, second, first))
        if mark != ".":
            yield from _existing(_date(year, first, second))
    elif found := _NAMED_MONTH.fullmatch(text.lower()):
        number = found["before"] or found["after"]
        month = _MONTH_OF.get(found["month"])
        if number and month and not (found["before"] and found["after"]):
            yield from _existing(_date(found["year"], str(month), number))
    elif re.fullmatch(r"\d{8}", text, re.ASCII):
        yield from _existing(_date(text[4:], text[2:4], text[:2]))
    elif found := _YEAR_FIRST.fullmatch(text):
        yield from _existing(_date(found[1], found[4], found[3]))
    elif re.fullmatch(r"[1-7]\d{4}", text, re.ASCII):
        yield _SPREADSHEET_DAY_0 + timedelta(days=int(text))


def _existing(found: date | None) -> Iterator[date]:
    if found is not None:
        yield found


def _date(year: str, month: str, number: str) -> date | None:
    try:
        return date(int(year), int(month), int(number))
    except ValueError:
        return None


# --- Times of day -----------------------------------------------------------------------------

_COLON = re.compile(r"(\d{1,2}):([0-5]\d)(?::00(?:\.0+)?)?", re.ASCII)
_SPOKEN = re.compile(
    r"(\d{1,2})(?:[:.,h]([0-5]\d))?(?::00)? ?(h|hrs?|hours|uhr|o'clock|[ap]\.?m\.?)?", re.ASCII
)
_PART = r"(\d{1,2}(?:[:.h]\d\d)?(?: ?(?:h|uhr|[ap]m))?)"
_SPAN = re.compile(rf"{_PART} ?(?:-|\u2013|to|bis) ?{_PART}", re.IGNORECASE)
_SEVERAL = Sentence("which is more than one time")
_NO_TIME = Sentence("which is no time of day")


def time_of_day(text: str, wanted: Wanted) -> Reading:
    """A time of day in whole minutes: `18:00`."""
    if _TIME.fullmatch(text):
        return None
    text = cleaned(text)
    if found := _COLON.fullmatch(text):
        hour, minute = int(found[1]), int(found[2])
        if hour < 24:
            return Means(_clock(hour, minute))
        return _end_of_day(wanted) if (hour, minute) == (24, 0) else Advice(_NO_TIME, like="18:00")
    if text.isascii() and text.isdecimal() and len(text) > 2:
        return _without_colon(text)
    if found := _SPOKEN.fullmatch(text.lower()):
        return _as_spoken(found, wanted)
    if found := _SPAN.fullmatch(text):
        part = found[2 if wanted.member == "time_to" else 1]
        match time_of_day(part, wanted):
            case None:
                return Advice(_SEVERAL, (part,))
            case Means(value):
                return Advice(_SEVERAL, (value,))
            case Advice(instead=instead) if instead:
                return Advice(_SEVERAL, instead)
    if found := re.fullmatch(r".+(?:T| )((?:[01]\d|2[0-3]):[0-5]\d)(?::00)?", text, re.ASCII):
        return Advice(Sentence("which has a day, too"), (found[1],))
    return Advice(_NO_TIME, like="18:00")


def _as_spoken(found: re.Match[str], wanted: Wanted) -> Reading:
    hour, minute, unit = int(found[1]), int(found[2] or 0), found[3] or ""
    if unit[:1] in ("a", "p"):
        if not 1 <= hour <= 12:
            return Advice(_NO_TIME, like="18:00")
        hour = hour % 12 + (12 if unit[0] == "p" else 0)
    if (hour, minute) == (24, 0):
        return _end_of_day(wanted)
    if hour > 23:
        return Advice(_NO_TIME, like="18:00")
    says = Sentence("which is not how times are written here")
    return Advice(says, (_clock(hour, minute),))


def _end_of_day(wanted: Wanted) -> Advice:
    """24:00, which is a time to close, but none to begin."""
    if wanted.member != "time_to":
        says = Sentence("but a day ends with 23:59, and 24:00 is 00:00 of the day after")
        return Advice(says, like="00:00")
    opens_at = wanted.beside.get("time_from")
    match time_of_day(str(opens_at), wanted) if opens_at is not None else None:
        case Means(value):
            opens_at = value
    whole_day = opens_at in ("00:00", "0", 0)
    return Advice(Sentence("which is midnight"), ("23:59" if whole_day else "00:00",))


def _without_colon(text: str) -> Advice:
    """Digits: with the colon left out, or the minutes that YAML 1.1 makes of 6:30."""
    number = int(text)
    hour, minute = divmod(number, 100)
    meant = []
    if len(text) <= 4 and hour < 24 and minute < 60:
        meant.append(_clock(hour, minute))
    if not text.startswith("0") and number < 24 * 60:
        meant.append(_clock(*divmod(number, 60)))
    if not meant:
        return Advice(_NO_TIME, like="18:00")
    if len(meant) == 1 and meant[0].replace(":", "").lstrip("0") != text.lstrip("0"):
        says = Sentence("which is what some tools make of a time without quotes")
        return Advice(says, (meant[0],))
    return Advice(Sentence("which lacks the colon"), tuple(dict.fromkeys(meant)))


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02}:{minute:02}"


# --- Both together ----------------------------------------------------------------------------

_ZONE = re.compile(r"\s*(?:Z|UTC|[+-]\d\d:?\d\d)?(?:\[[\w/+-]+\])?", re.ASCII)
_LOCAL = re.compile(rf"{_DAY.pattern}T{_TIME.pattern}", re.ASCII)


def local(text: str, wanted: Wanted) -> Reading:
    """A day and a time of day: `2026-03-02T18:00`."""
    if _LOCAL.fullmatch(text):
        return None
    text = cleaned(text)
    if zoned := re.fullmatch(r"(.*\d)\s*((?:Z|UTC|[+-]\d\d:\d\d)(?:\[.*\])?|\[.*\])", text):
        plain = local(zoned[1], wanted)
        says = Sentence("which has a zone: days and times here are those of the studio")
        if zoned[2].startswith(("Z", "UTC")):
            return Advice(says, like=wanted.example)
        match plain:
            case None:
                return Advice(says, (zoned[1],))
            case Means(value):
                return Advice(says, (value,))
            case _:
                return Advice(says, like=wanted.example)
    for cut in re.finditer(r"T|,? (?:um |at )?", text):
        found, clock = day(text[: cut.start()], wanted), time_of_day(text[cut.end() :], wanted)
        if isinstance(found, Advice) and len(found.instead) != 1:
            continue
        if isinstance(clock, Advice) and len(clock.instead) != 1:
            continue
        value = f"{_value(found) or text[: cut.start()]}T{_value(clock) or text[cut.end() :]}"
        if not _LOCAL.fullmatch(value):
            continue
        if isinstance(found, Advice) or isinstance(clock, Advice):
            says = Sentence("which is not how a day and a time are written here")
            return Advice(says, (value,))
        return Means(value)
    only_day = text if _DAY.fullmatch(text) else _value(day(text, wanted))
    if only_day is not None:
        return _with_time(only_day, wanted)
    return Advice(Sentence("which is no day with a time"), like=wanted.example)


def _value(reading: Reading) -> str | None:
    """What was read, or is the one thing that is advised."""
    match reading:
        case Means(value):
            return str(value)
        case Advice(instead=(str(value),)):
            return value
        case _:
            return None


_NO_TIME_OF_DAY = Sentence("which lacks the time of day")


def _with_time(text: str, wanted: Wanted) -> Advice:
    if wanted.member == "from":
        return Advice(_NO_TIME_OF_DAY, (f"{text}T00:00",))
    if wanted.member == "to":
        after = date.fromisoformat(text) + timedelta(days=1)
        says = Sentence("which lacks the time of day; if that day still belongs to it")
        return Advice(says, (f"{after.isoformat()}T00:00",))
    return Advice(_NO_TIME_OF_DAY, like=f"{text}T18:00")
