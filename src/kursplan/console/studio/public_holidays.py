"""Public holidays of a country and its regions, as a library knows them: by their days, with their names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Final

import holidays
from babel.core import get_global

from kursplan.domain.entries import StudioEntry
from kursplan.domain.names import folded

EVERYWHERE: Final = "all"
"""Stands for the holidays that a whole country has."""


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """By their codes of two letters, those of which holidays are known, with the codes of their regions."""
    return {
        code: tuple(regions)
        for code, regions in holidays.list_supported_countries(include_aliases=False).items()
        if len(code) == 2
    }


@cache
def regions(country: str) -> Mapping[str, str]:
    """The regions of a country that have holidays of their own: names by code, in the order of the names."""
    of = holidays.country_holidays(country)
    # Of several names that a region goes by, the first is its own.
    aliases = reversed(getattr(of, "subdivisions_aliases", {}).items())
    named = {code: code for code in of.subdivisions} | {code: name for name, code in aliases}
    return dict(sorted(named.items(), key=lambda each: folded(each[1])))


def at_home(studio: StudioEntry) -> tuple[str | None, str]:
    """The country and region of a studio, as far as its address says them, or else its time zone."""
    country = studio.country_code or get_global("zone_territories").get(studio.zone)
    if country not in countries():
        return None, EVERYWHERE
    city = folded(studio.city or "")
    by_name = {folded(name): code for code, name in regions(country).items()}
    return country, by_name.get(city, EVERYWHERE)


def of_year(country: str, region: str, year: int, language: str) -> Mapping[date, str]:
    """The holidays of a year, in that language where their names are known in it, else in one of the country."""
    of = holidays.country_holidays(country)
    known = of.supported_languages
    plain = language.replace("-", "_")
    said = next((each for each in known if each in (plain, plain.partition("_")[0])), None)
    if said is None and plain.startswith("en"):
        said = next((each for each in known if each.startswith("en")), None)
    return dict(
        sorted(
            holidays.country_holidays(
                country,
                subdiv=None if region == EVERYWHERE else region,
                years=year,
                language=said or of.default_language,
            ).items()
        )
    )
