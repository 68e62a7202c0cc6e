"""How many are left on the card: a membership with what it grants, what is used, and when it rests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from math import inf

from kursplan.console.addresses import address
from kursplan.console.customers.facts import Held
from kursplan.console.frame import Link
from kursplan.console.words import Words
from kursplan.domain.contingents import (
    Contingent,
    Period,
    left_of,
    limited,
    next_period,
    span,
    used_with,
)
from kursplan.domain.entries import IdlePeriodEntry


class State(StrEnum):
    VALID = "VALID"
    TO_COME = "TO_COME"
    OVER = "OVER"


@dataclass(frozen=True, slots=True)
class CardView:
    """One membership."""

    key: str
    rate: str
    state: State
    big: str
    """How many are left; the name of the rate where it grants no number."""
    of: str
    """`of 10 left in December · Flex`"""
    taken: int | None
    """Of a hundred; None where there is no limit."""
    hints: tuple[str, ...]
    rests: str
    """Said while it rests."""
    rests_to_come: tuple[Link, ...]
    """Idle periods that are not over, each with the page that takes it back."""


def cards(words: Words, held: Sequence[Held], today: date, now: datetime) -> tuple[CardView, ...]:
    """All memberships: those that are valid, then those to come, and last what is over."""
    order = list(State)
    several = sum(_state(each, today) is State.VALID for each in held) > 1
    found = [
        _card(words, each, today, now, first=several and at == 0)
        for at, each in enumerate(sorted(held, key=lambda each: order.index(_state(each, today))))
    ]
    return tuple(found)


def _state(held: Held, today: date) -> State:
    if held.entry.valid_until is not None and held.entry.valid_until < today:
        return State.OVER
    return State.TO_COME if held.entry.valid_from > today else State.VALID


def _card(words: Words, held: Held, today: date, now: datetime, *, first: bool) -> CardView:
    state = _state(held, today)
    # Of what has not begun it says what there will be.
    day = max(today, held.entry.valid_from)
    bounds = limited(held.grants, day, held.used_days)
    big, of, taken = held.rate, "", None
    if state is State.OVER:
        pass
    elif bounds:
        tightest = bounds[0]
        big = words.number(left_of(tightest, day, held.used_days))
        of = f"{_of(words, tightest, day)} · {held.rate}"
        taken = _share(tightest, held, day)
    elif held.grants:
        of = words.gettext("without limit")
    return CardView(
        key=held.entry.key,
        rate=held.rate,
        state=state,
        big=big,
        of=of,
        taken=taken,
        hints=tuple(_hints(words, held, bounds, today, now, first=first)),
        rests=_rests_now(words, held, today),
        rests_to_come=tuple(_rests_to_come(words, held, today)),
    )


def _share(contingent: Contingent, held: Held, day: date) -> int:
    granted = contingent.bookings or 0
    used = used_with(contingent.period, day, held.used_days)
    return 100 if granted == 0 else min(100, round(100 * used / granted))


def _of(words: Words, contingent: Contingent, day: date) -> str:
    granted = words.number(contingent.bookings or 0)
    match contingent.period:
        case Period.WEEK:
            return words.gettext("of %(granted)s left this week", granted=granted)
        case Period.MONTH:
            return words.gettext(
                "of %(granted)s left in %(month)s", granted=granted, month=words.month(day)
            )
        case Period.YEAR:
            return words.gettext(
                "of %(granted)s left in %(year)s", granted=granted, year=str(day.year)
            )
        case Period.TOTAL:
            return words.gettext("of %(granted)s left in all", granted=granted)


def _hints(
    words: Words,
    held: Held,
    bounds: Sequence[Contingent],
    today: date,
    now: datetime,
    *,
    first: bool,
) -> Iterator[str]:
    entry = held.entry
    state = _state(held, today)
    if state is not State.OVER and bounds:
        yield _taken(words, held, bounds[0], today, now)
        day = max(today, entry.valid_from)
        for each in bounds[1:]:
            left = words.number(left_of(each, day, held.used_days))
            yield words.gettext("%(left)s %(of)s", left=left, of=_of(words, each, day))
    elif state is State.VALID and not held.grants:
        yield words.gettext("Grants no number of bookings.")
    yield _valid(words, held, today)
    if first:
        yield words.gettext("Used first.")


def _rests_to_come(words: Words, held: Held, today: date) -> Iterator[Link]:
    key = held.entry.key
    for rest in held.entry.idle_periods or ():
        if rest.last_day is None or rest.last_day >= today:
            yield Link(_rest(words, rest), address("wake", membership=key, rest=rest.key))


def _taken(words: Words, held: Held, contingent: Contingent, today: date, now: datetime) -> str:
    first, last = span(contingent.period, max(today, held.entry.valid_from))
    used = [starts_at for day, starts_at in held.used if first <= day <= last]
    ahead = sum(each > now for each in used)
    said = words.gettext(
        "%(used)s used, %(ahead)s booked ahead.",
        used=words.number(len(used) - ahead),
        ahead=words.number(ahead),
    )
    again = next_period(contingent.period, max(today, held.entry.valid_from))
    until = held.entry.valid_until
    if again is None or (until is not None and again > until):
        return said
    more = words.gettext("New ones on %(day)s.", day=words.near_day(again, today.year))
    return f"{said} {more}"


def _valid(words: Words, held: Held, today: date) -> str:
    since = words.full_day(held.entry.valid_from)
    if held.entry.valid_until is None:
        return (
            words.gettext("Since %(since)s, no end.", since=since)
            if (held.entry.valid_from <= today)
            else words.gettext("From %(since)s, no end.", since=since)
        )
    return words.gettext(
        "%(since)s to %(until)s.", since=since, until=words.full_day(held.entry.valid_until)
    )


def _rest(words: Words, rest: IdlePeriodEntry) -> str:
    first = words.full_day(rest.first_day)
    if rest.last_day is None:
        said = words.gettext("Rests from %(first)s on.", first=first)
    else:
        said = words.gettext(
            "Rests %(first)s to %(last)s.", first=first, last=words.full_day(rest.last_day)
        )
    return f"{said} ({rest.reason})" if rest.reason else said


def _rests_now(words: Words, held: Held, today: date) -> str:
    lasts = [
        each.last_day
        for each in held.entry.idle_periods or ()
        if each.first_day <= today and (each.last_day is None or today <= each.last_day)
    ]
    if not lasts:
        return ""
    until = max((each.toordinal() if each else inf) for each in lasts)
    if until == inf:
        return words.gettext("Rests until further notice")
    return words.gettext(
        "Rests until %(day)s", day=words.near_day(date.fromordinal(int(until)), today.year)
    )
