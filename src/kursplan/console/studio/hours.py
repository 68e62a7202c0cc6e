"""Opening hours of the week: what a studio has, in lines that read well, and a form with a line for each day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from typing import Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, Reason, ask, wants_form
from kursplan.console.forms import Field, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.studio.which import Which, asked_for
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.studios import RecordStudio
from kursplan.domain.entries import Hours
from kursplan.domain.hours import DAYS, Span, Week, alike, lines_of, overlapping, week_of

HOUSE, PUBLIC = "house", "public"
CLOSED: Final = frozenset({"", "-", "–", "—", "closed", "geschlossen", "zu", "ruhetag"})
"""What people write where it is not open, or leave empty."""
_TIME: Final = r"(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm|uhr|h)?"
_SPAN: Final = re.compile(rf"{_TIME}\s*(?:-|–|—|to|until|bis)\s*{_TIME}", re.IGNORECASE)
_BETWEEN: Final = re.compile(r"\s*(?:[,;/+&]|\band\b|\bund\b)\s*", re.IGNORECASE)
_LAST_MINUTE: Final = time(23, 59)


@dataclass(frozen=True, slots=True)
class HoursLine:
    days: str
    """`Monday to Friday`, or one of them."""
    hours: str
    open: bool


@dataclass(frozen=True, slots=True)
class HoursView:
    title: str
    crumbs: tuple[Link, ...]
    action: str
    back: str
    wrong: str
    house: tuple[Field, ...]
    public: tuple[Field, ...]
    public_differs: bool


# --- As they are shown --------------------------------------------------------------------------


def lines(words: Words, stored: Sequence[Hours] | None) -> tuple[HoursLine, ...]:
    """Days in a row with the same hours in one line; nothing where nobody said any."""
    if not stored:
        return ()
    names = words.weekdays
    return tuple(
        HoursLine(
            names[first]
            if first == last
            else words.gettext("%(first)s to %(last)s", first=names[first], last=names[last]),
            said(words, spans) or words.gettext("closed"),
            bool(spans),
        )
        for first, last, spans in alike(week_of(stored))
    )


def said(words: Words, spans: Sequence[Span]) -> str:
    """`06:00–12:00, 14:00–22:00`"""
    return ", ".join(f"{words.time(each.opens)}–{words.time(each.closes)}" for each in spans)


# --- As they are typed --------------------------------------------------------------------------


def spans_of(typed: str) -> tuple[Span, ...]:
    """What somebody wrote for a day, like `6-12, 14.30 to 22:00`. Raises ValueError."""
    # Narrow and hard blanks are what a page that was copied from has between time and AM.
    plain = " ".join(typed.replace(".m.", "m").split())
    if plain.casefold() in CLOSED:
        return ()
    return tuple(sorted({_span(each) for each in _BETWEEN.split(plain)}))


def _span(typed: str) -> Span:
    found = _SPAN.fullmatch(typed)
    if found is None:
        raise ValueError(typed)
    opens, closes = _time(*found.groups()[:3]), _time(*found.groups()[3:])
    if opens == closes == time():
        # From midnight to midnight: a day has no other end than the beginning of the next.
        closes = _LAST_MINUTE
    if opens == closes:
        raise ValueError(typed)
    return Span(opens, closes)


def _time(hour: str, minute: str | None, half: str | None) -> time:
    hours, minutes = int(hour), int(minute or 0)
    if half is not None and half.casefold() in ("am", "pm"):
        if not 1 <= hours <= 12:
            raise ValueError(hour)
        hours = hours % 12 + 12 * (half.casefold() == "pm")
    return time() if (hours, minutes) == (24, 0) else time(hours, minutes)


# --- The form -----------------------------------------------------------------------------------


async def handler(visit: Visit) -> Response:
    form = await visit.form() if visit.request.method == "POST" else {}
    which, words = await asked_for(visit), visit.words
    house = _fields(words, HOUSE, which.entry.opening_hours)
    public = _fields(words, PUBLIC, which.entry.public_opening_hours)
    if not form:
        return _page(visit, which, house, public, "")
    said_ = Said.changing(words, form, (*house, *public))
    weeks = {name: _week(words, said_, name) for name in (HOUSE, PUBLIC)}
    if said_.errors or wants_form(form):
        wrong = changed_meanwhile(words, form, (*house, *public))
        shown = said_.shown(house), said_.shown(public)
        return _page(visit, which, *shown, wrong, unread=bool(said_.errors))
    entry = replace(
        which.entry,
        opening_hours=_changed(which.entry.opening_hours, weeks[HOUSE]),
        public_opening_hours=_changed(which.entry.public_opening_hours, weeks[PUBLIC]),
    )
    command = RecordStudio(visit.member.organization_id, which.place.id, entry, which.entry)
    proposal = Proposal(
        words.gettext("Change the opening hours?"),
        words.gettext("Keep the change"),
        back=which.here,
        crumbs=which.crumbs,
        reason=Reason.OFFERED,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, which.here)


def _fields(words: Words, name: str, stored: Sequence[Hours] | None) -> tuple[Field, ...]:
    week = week_of(stored or ())
    found = []
    for day, label in enumerate(words.weekdays):
        shown = said(words, week[day])
        found.append(Field(f"{name}-{day}", label, shown, was=shown))
    return tuple(found)


def _week(words: Words, form: Said, name: str) -> Week:
    """What the form says of each day; what can't be read, or overlaps, is noted in it."""
    days: list[tuple[Span, ...]] = []
    for day in range(DAYS):
        try:
            days.append(spans_of(form.raw(f"{name}-{day}")))
        except ValueError:
            days.append(())
            form.errors[f"{name}-{day}"] = words.gettext(
                "That can’t be read: write it like %(one)s or %(two)s.",
                one="6:00–22:00",
                two="6–12, 14–22",
            )
    week = tuple(days)
    day_twice = overlapping(week)
    if day_twice is not None:
        form.errors.setdefault(
            f"{name}-{day_twice}",
            words.gettext("These hours overlap, or reach into those of the next day."),
        )
    return week


def _changed(stored: Sequence[Hours] | None, week: Week) -> tuple[Hours, ...] | None:
    """Left alone where they say the same, however that is written down."""
    return None if week_of(stored or ()) == week else lines_of(week)


def _page(
    visit: Visit,
    which: Which,
    house: tuple[Field, ...],
    public: tuple[Field, ...],
    wrong: str,
    *,
    unread: bool = False,
) -> Response:
    title = visit.words.gettext("Opening hours")
    differs = any(each.value or each.error for each in public)
    view = HoursView(
        title, which.crumbs, which.at("hours"), which.here, wrong, house, public, differs
    )
    answer = page(visit, "studio/hours.html", title, view, which.links("hours"))
    if unread:
        answer.status_code = 422
    return answer
