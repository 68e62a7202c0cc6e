"""What the console says, in the language of the one who reads, with times and numbers as it writes them.

English stands in the code and in the templates. Other languages are catalogues under `kursplan/locale`, read
as they are written (see `kursplan.web.languages`); what has no translation stays English.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent

from kursplan.domain.names import folded
from kursplan.web.languages import ancestry

DOMAIN: Final = "console"
WITHOUT_A_COUNTRY: Final = {"en": "en_GB"}
"""How a language that names no country writes times where the library would choose one for it: English
without a country is read all over Europe, with 24 hours and weeks that begin on Monday."""
MONDAY: Final = 0
NO_COUNTRIES: Final = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""What has a code like one: unions, outlying waters, and made-up languages' countries."""


def marked(message: str) -> str:
    """Marks a message that is translated only when it is shown. Catalogues are made by its name `_`."""
    return message


def marked_by_count(one: str, many: str) -> tuple[str, str]:
    """The same for a message that is said by a count, for `Words.ngettext`. Catalogues know it as `_n`."""
    return one, many


class Words:
    """One language."""

    def __init__(self, language: str) -> None:
        """A tag of `kursplan.web.languages`."""
        self.language = language
        self.translations = _translations(language)
        self._tag = WITHOUT_A_COUNTRY.get(language, language).replace("-", "_")
        self._locale = Locale.parse(self._tag)

    def gettext(self, message: str, **named: Any) -> str:
        """The message, with `%(name)s` filled in."""
        said = self.translations.gettext(message)
        return said % named if named else said

    def ngettext(self, one: str, many: str, count: int, **named: Any) -> str:
        """The form that belongs to the count, which is `%(n)s`."""
        said = self.translations.ngettext(one, many, count)
        return said % {"n": self.number(count), **named}

    # --- Times and numbers ----------------------------------------------------------------------

    @property
    def first_weekday(self) -> int:
        """The day with which weeks begin; Monday is 0."""
        return int(self._locale.first_week_day)

    def time(self, local: datetime | time) -> str:
        """`18:30`, or `6:30 PM`."""
        return _time(self._tag, local.hour, local.minute)

    def hour(self, hour: int) -> str:
        """`18:00`, or `6 PM`."""
        counts_to_twelve = "a" in self._locale.time_formats["short"].pattern
        if counts_to_twelve:
            return str(format_time(time(hour), "h\u202fa", locale=self._locale))
        return _time(self._tag, hour, 0)

    def weekday(self, day: date) -> str:
        """`Monday`."""
        return _weekday(self._tag, day.weekday())

    @property
    def weekdays(self) -> tuple[str, ...]:
        """`Monday` and all that follow."""
        return tuple(self._locale.days["stand-alone"]["wide"][each] for each in range(7))

    @property
    def month_first(self) -> bool:
        """Whether a short date begins with the month, as in America."""
        pattern = str(self._locale.date_formats["short"].pattern)
        return pattern.find("M") < pattern.find("d")

    def short_day(self, day: date) -> str:
        """`Mon 30`."""
        return f"{format_date(day, 'ccc', locale=self._locale)} {day.day}"

    def long_day(self, day: date, this_year: int) -> str:
        """`Monday, 30 November`; with the year where it is another."""
        if day.year == this_year:
            told = format_skeleton("MMMMd", day, locale=self._locale)
        else:
            told = format_date(day, "long", locale=self._locale)
        return self.gettext("%(weekday)s, %(day)s", weekday=self.weekday(day), day=told)

    def moment(self, local: datetime) -> str:
        """`Mon 30 Nov, 18:00`."""
        day = format_skeleton("MMMEd", local.date(), locale=self._locale)
        return self.gettext("%(day)s, %(time)s", day=day, time=self.time(local))

    def span(self, start: datetime, end: datetime) -> str:
        """`Mon 30 Nov, 18:00–19:00`; with both days where it ends on another."""
        if start.date() == end.date():
            return f"{self.moment(start)}–{self.time(end)}"
        return f"{self.moment(start)} – {self.moment(end)}"

    def day(self, day: date) -> str:
        """`30 Nov 2026`."""
        return str(format_date(day, "medium", locale=self._locale))

    def language_name(self, tag: str) -> str:
        """`German`, of the tag of a language; the tag itself where there is no name for it."""
        try:
            return Locale.parse(tag, sep="-").get_display_name(self._locale) or tag
        except (ValueError, UnknownLocaleError):
            return tag

    def country_name(self, code: str) -> str:
        """`Germany`, of the code of a country; the code itself where there is no name for it."""
        return str(self._locale.territories.get(code, code))

    @property
    def countries(self) -> tuple[tuple[str, str], ...]:
        """All that there are by their codes of two letters, in the order of their names."""
        found = [
            (code, name)
            for code, name in self._locale.territories.items()
            if len(code) == 2 and code.isalpha() and code not in NO_COUNTRIES
        ]
        return tuple(sorted(found, key=lambda each: folded(each[1])))

    def near_day(self, day: date, this_year: int) -> str:
        """`8 June`; with the year where it is another."""
        skeleton = "MMMMd" if day.year == this_year else "yMMMMd"
        return str(format_skeleton(skeleton, day, locale=self._locale))

    def month(self, day: date) -> str:
        """`December`."""
        return str(format_date(day, "LLLL", locale=self._locale))

    def full_day(self, day: date) -> str:
        """`8 June 1983`."""
        return str(format_date(day, "long", locale=self._locale))

    def days(self, first: date, last: date, this_year: int) -> str:
        """`30 Nov – 6 Dec`; with the year where it is another."""
        skeleton = "MMMMd" if first.year == last.year == this_year else "yMMMMd"
        return str(format_interval(first, last, skeleton, locale=self._locale))

    def number(self, number: int) -> str:
        return _number(self._tag, number)

    def hours(self, minutes: int) -> str:
        """`12.5 h`, of minutes."""
        hours = format_decimal(round(minutes / 60, 2), locale=self._locale)
        return self.gettext("%(hours)s h", hours=hours)

    def decimal(self, number: float) -> str:
        """`3.5`; whole ones as such."""
        return str(format_decimal(number, "#,##0.#", locale=self._locale))

    def signed(self, number: int) -> str:
        """`+3` or `0`; below it with the sign of the field, which is no hyphen."""
        sign = "+" if number > 0 else "\N{MINUS SIGN}" if number < 0 else ""
        return f"{sign}{self.number(abs(number))}"

    def percent(self, share: float) -> str:
        """`74%`, or `74 %`."""
        return str(format_percent(share, locale=self._locale))

    def day_and_month(self, day: date) -> str:
        """`30/11`, or `30.11.`."""
        return str(format_skeleton("Md", day, locale=self._locale))

    def listed(self, items: Sequence[str]) -> str:
        """`Ina, Tarek and Wiebke`."""
        return format_list(list(items), locale=self._locale)


@cache
def words(language: str) -> Words:
    """The language of that tag."""
    return Words(language)


# Slots begin at few different times, and each is asked for more than once. A tag is found again quicker than
# what it stands for.
@lru_cache(maxsize=8192)
def _time(tag: str, hour: int, minute: int) -> str:
    return format_time(time(hour, minute), "short", locale=tag)


@lru_cache(maxsize=256)
def _weekday(tag: str, weekday: int) -> str:
    return str(Locale.parse(tag).days["stand-alone"]["wide"][weekday])


@lru_cache(maxsize=4096)
def _number(tag: str, number: int) -> str:
    return format_decimal(number, locale=tag)


def _translations(language: str) -> NullTranslations:
    """The catalogue of the language, on top of those that it falls back to."""
    found: NullTranslations = NullTranslations()
    for tag in reversed(ancestry(language)):
        source = files("kursplan") / "locale" / tag.replace("-", "_") / "LC_MESSAGES"
        if not (source / f"{DOMAIN}.po").is_file():
            continue
        compiled = BytesIO()
        with (source / f"{DOMAIN}.po").open("rb") as file:
            write_mo(compiled, read_po(file))
        compiled.seek(0)
        catalogue = GNUTranslations(compiled)
        catalogue.add_fallback(found)
        found = catalogue
    return found
