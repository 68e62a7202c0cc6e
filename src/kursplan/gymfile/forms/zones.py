"""Time zones, by the names of the IANA database."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import available_timezones

from kursplan.domain.sentences import Sentence
from kursplan.domain.studios import region_zone
from kursplan.gymfile.forms.reading import Advice, Means, Reading, Wanted, cleaned

_UNIVERSAL = ("utc", "gmt", "z", "etc/utc", "zulu")


def zone(text: str, wanted: Wanted) -> Reading:
    """The zone of a place, such as `Europe/Berlin`; a city alone may be in several."""
    if _is_zone(text):
        return None
    folded = cleaned(text).casefold().replace(" ", "_")
    if folded in _UNIVERSAL:
        return Means("UTC")
    for each in _zones():
        if each.casefold() == folded:
            return Means(each)
    if cities := tuple(each for each in _zones() if each.casefold().endswith(f"/{folded}")):
        return Advice(Sentence("which is no time zone"), cities)
    says = Sentence("which is no time zone of the IANA database")
    return Advice(says, like=wanted.example)


def _is_zone(name: str) -> bool:
    try:
        region_zone(name)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    """All that a studio may be in."""
    return [*_regions()]


def _regions() -> Iterator[str]:
    for name in sorted(available_timezones()):
        if _is_zone(name):
            yield name
