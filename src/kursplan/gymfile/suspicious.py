"""Warnings: people and times that can be loaded, and hardly can be meant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.document import Node
from kursplan.gymfile.mistakes import Path
from kursplan.gymfile.values import WEEKDAYS
from kursplan.gymfile.warnings import FileWarning

Members = Mapping[str, Any]
_Told = Iterator[tuple[Path, Sentence]]
"""Where, and what there is to say."""


def suspicious(document: Node) -> tuple[FileWarning, ...]:
    """All of it, in the order of a file that has no mistakes."""
    plain = document.plain()
    customers = [
        (("customers", index), each)
        for index, each in enumerate(plain.get("customers", ()))
        if not each.get("deleted")
    ]
    found = [
        *_same_address(customers, document),
        *_same_person(customers, document),
        *(told for path, each in customers for told in _idle_outside(path, each)),
        *_days_that_never_come(plain.get("series", ())),
    ]
    return tuple(sorted(document.warning(path, says) for path, says in found))


def _same_address(customers: Sequence[tuple[Path, Members]], document: Node) -> _Told:
    firsts: dict[str, Path] = {}
    for path, customer in customers:
        if (email := customer.get("email")) is not None:
            first = firsts.setdefault(email.casefold(), path)
            if first != path:
                line = document.line_of((*first, "email"))
                says = Sentence("is the address of the customer in line %(line)s, too", line=line)
                yield (*path, "email"), says


def _same_person(customers: Sequence[tuple[Path, Members]], document: Node) -> _Told:
    """Who is called like another, and was born on the same day."""
    firsts: dict[tuple[str, ...], Path] = {}
    for path, customer in customers:
        if (born := customer.get("date_of_birth")) is not None:
            names = (customer["first_name"], customer["last_name"])
            person = (born, *(" ".join(each.split()).casefold() for each in names))
            first = firsts.setdefault(person, path)
            if first != path:
                line = document.line_of((*first, "first_name"))
                says = Sentence(
                    "has the name and the date of birth of the customer in line %(line)s", line=line
                )
                yield path, says


def _idle_outside(path: Path, customer: Members) -> _Told:
    """Idle periods in which there is no membership; one without an end may outlast it."""
    for number, membership in enumerate(customer.get("memberships", ())):
        begins, ends = membership["from"], membership.get("until")
        for index, idle in enumerate(membership.get("idle_periods", ())):
            place = (*path, "memberships", number, "idle_periods", index)
            if idle["from"] < begins:
                says = Sentence("lies before the membership, which begins on %(day)s", day=begins)
                yield (*place, "from"), says
            elif ends is not None and idle["from"] > ends:
                yield (*place, "from"), _behind(ends)
            elif ends is not None and idle.get("until") is not None and idle["until"] > ends:
                yield (*place, "until"), _behind(ends)


def _behind(ends: str) -> Sentence:
    return Sentence("lies behind the membership, which ends on %(day)s", day=ends)


def _days_that_never_come(listed: Sequence[Members]) -> _Told:
    for index, series in enumerate(listed):
        if series.get("last_day") is not None:
            first, last = map(date.fromisoformat, (series["first_day"], series["last_day"]))
            days = min((last - first).days + 1, 7)
            coming = {WEEKDAYS[(first + timedelta(days=each)).weekday()] for each in range(days)}
            if coming.isdisjoint(series["weekdays"]):
                says = Sentence(
                    "never come between 'first_day' and 'last_day': the series has no slot"
                )
                yield ("series", index, "weekdays"), says
