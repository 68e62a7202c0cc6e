"""Consistency of an entry whose members come from the file and from elsewhere.

A file is checked by itself before; here it has changed one of two that belong together, and somebody
else the other.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from kursplan.domain.sentences import Sentence
from kursplan.domain.terms import Term, closes, opens
from kursplan.gymfile.three_way import Fate, Members, Merged

_SAMPLE = datetime(2026, 3, 16, 18, 0, tzinfo=UTC)
_ORDER = {
    "studios": ("opening_date", "closing_date"),
    "closures": ("from", "to"),
    "series": ("first_day", "last_day"),
    "memberships": ("from", "until"),
    "idle periods": ("from", "until"),
}
"""By section: what must not lie behind what."""


def drop_what_means_nothing(merged: Merged) -> None:
    """Rates that are named for `NAMED_RATES` are neither there without it, nor kept as said."""
    after = merged.after
    if merged.kind.section != "classes" or after is None or merged.fate is Fate.NEW:
        return
    if after["who_may_book"] != "NAMED_RATES":
        after["rates"] = []
        if isinstance(merged.told, dict):
            merged.told.pop("rates", None)


def contradiction(section: str, members: Members) -> tuple[str, Sentence] | None:
    """The name of a member that does not go with another, and what is wrong with it."""
    if section in _ORDER:
        first, last = _ORDER[section]
        begin, end = members.get(first), members.get(last)
        if begin is not None and end is not None and (end < begin or (end == begin and "T" in end)):
            says = Sentence(
                "is %(end)s, before %(first)s, which is %(begin)s as it is stored",
                end=end,
                first=repr(first),
                begin=begin,
            )
            return last, says
    if section == "classes":
        if members["who_may_book"] == "NAMED_RATES" and not members["rates"]:
            says = Sentence("is NAMED_RATES, and none is named, as it is stored")
            return "who_may_book", says
        earliest, latest = members["earliest_booking"], members["latest_booking"]
        if earliest is not None and _closes_before_it_opens(earliest, latest):
            says = Sentence(
                "booking would open %(opens)s before the start and close %(closes)s before it",
                opens=earliest,
                closes=latest,
            )
            return "earliest_booking", says
    return None


def _closes_before_it_opens(earliest: str, latest: str) -> bool:
    utc = ZoneInfo("UTC")
    return opens(Term.parse(earliest), _SAMPLE, utc) > closes(Term.parse(latest), _SAMPLE, utc)
