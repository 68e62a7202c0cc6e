"""Public holidays, offered as closures: those of this year and the next on which nothing is entered yet.

Country and region are those of the studio's address, as far as it says them; others stand in the address of
the page. Whoever enters several sees whom all of them hit, before any of it is done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import with_query
from kursplan.console.consequences import Proposal, Reason, Step, ask_each, wants_form
from kursplan.console.forms import Option
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.studio import closures, public_holidays, which
from kursplan.console.studio.public_holidays import EVERYWHERE
from kursplan.console.studio.which import Which
from kursplan.console.told import undo_bar
from kursplan.console.told.view import UndoView
from kursplan.console.visit import NotAForm, Visit
from kursplan.console.words import Words
from kursplan.desk.close_studio import CloseStudio
from kursplan.domain.studios import Closure
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import studio

PATH: Final = "closures/holidays"
DAY: Final = "day."
"""So begin the fields that tick a day."""
ONLY: Final = "only"
"""The field of the button that closes on one day alone."""
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class HolidayRow:
    day: str
    when: str
    name: str
    """As it is entered, in the language of the studio."""
    meaning: str
    """The same for whoever reads, where their language is another and says it otherwise."""
    hits: str
    ticked: bool


@dataclass(frozen=True, slots=True)
class YearOfHolidays:
    year: str
    rows: tuple[HolidayRow, ...]


@dataclass(frozen=True, slots=True)
class HolidaysView:
    title: str
    crumbs: tuple[Link, ...]
    here: str
    """Where it is asked for other places."""
    action: str
    back: str
    studio: str
    countries: tuple[Option, ...]
    country: str
    regions: tuple[Option, ...]
    """None where the whole country has the same."""
    region: str
    years: tuple[YearOfHolidays, ...]
    nothing: str
    """Why there are none, in a sentence."""
    done: str
    error: str
    cancels: bool
    """Whether it is chosen that the slots are cancelled."""
    undo: UndoView | None


@dataclass(frozen=True, slots=True)
class _Asked:
    of: Which
    country: str | None
    region: str

    @property
    def here(self) -> str:
        return self.of.at(PATH, country=self.country, region=self.region)

    def named(self, language: str) -> dict[date, str]:
        """The days to come until the end of the next year on which the studio is there at all."""
        if self.country is None:
            return {}
        today, entry = self.of.local_now.date(), self.of.entry
        return {
            day: name
            for year in (today.year, today.year + 1)
            for day, name in public_holidays.of_year(
                self.country, self.region, year, language
            ).items()
            if day > today
            and (entry.opening_date is None or day >= entry.opening_date)
            and (entry.closing_date is None or day <= entry.closing_date)
        }


async def handler(visit: Visit) -> Response:
    """The list; and closing on what is ticked in it."""
    form = await visit.form() if visit.request.method == "POST" else {}
    of = await which.asked_for(visit)
    asked = _asked(visit, of)
    entered = await visit.read(studio.closures, of.place.id, of.local_now)
    offered = {
        day: name
        for day, name in asked.named(of.entry.language).items()
        if not _is_covered(day, entered)
    }
    if not form:
        return await _page(visit, asked, offered)
    ticked = _ticked(form)
    wanted = [day for day in offered if day in ticked]
    cancels = form.get("slots") == closures.CANCEL
    if not wanted or wants_form(form):
        error = "" if ticked else visit.words.gettext("Tick the days first.")
        return await _page(visit, asked, offered, error, wanted, cancels=cancels)
    steps = [await _step(visit, of, day, offered[day], cancels) for day in wanted]
    done = await ask_each(visit, form, steps, _proposal(visit.words, asked, wanted, cancels))
    if isinstance(done, Response):
        return done
    if len(wanted) == 1 and len(done) == 1:
        return told.after(visit, done[0], asked.here)
    lines = [each.line for each in done if each.line is not None]
    back = with_query(asked.here, entered=len(lines))
    if any(change.becomes in told.SAY for each in done for change in each.changes):
        return visit.to(told.address_of(lines, back))
    return visit.to(back)


def _asked(visit: Visit, of: Which) -> _Asked:
    """The place that the address names, or that of the studio. Raises `BadAddress`."""
    home, home_region = public_holidays.at_home(of.entry)
    known = public_holidays.countries()
    country = visit.asked_one_of("country", home or "", *known) or None
    region = visit.asked("region") or (home_region if country == home else EVERYWHERE)
    # Whoever chooses another country sends the region of the one before along.
    is_there = country is not None and region in known[country]
    return _Asked(of, country, region if is_there else EVERYWHERE)


def _is_covered(day: date, entered: Sequence[AnyRow]) -> bool:
    begins = datetime.combine(day, time())
    return any(each.local_from <= begins and begins + _ONE_DAY <= each.local_to for each in entered)


def _ticked(form: Mapping[str, str]) -> set[date]:
    """Raises `NotAForm`."""
    named = [form[ONLY]] if form.get(ONLY) else [n[len(DAY) :] for n in form if n.startswith(DAY)]
    try:
        return set(map(date.fromisoformat, named))
    except ValueError as error:
        raise NotAForm(ONLY) from error


async def _step(visit: Visit, of: Which, day: date, name: str, cancels: bool) -> Step[Any]:
    key = await visit.read(studio.free_closure_key, f"{of.place.key}-{day}")
    begins = datetime.combine(day, time())
    command = CloseStudio(
        visit.member.organization_id,
        of.place.id,
        key,
        begins,
        begins + _ONE_DAY,
        name,
        cancels,
    )
    return Step(command, name)


def _proposal(words: Words, asked: _Asked, days: Sequence[date], cancels: bool) -> Proposal:
    of = asked.of
    return Proposal(
        words.ngettext(
            "Close %(studio)s on %(n)s day?",
            "Close %(studio)s on %(n)s days?",
            len(days),
            studio=of.entry.name,
        ),
        words.gettext("Close, and cancel the slots")
        if cancels
        else words.ngettext("Enter the closure", "Enter the closures", len(days)),
        back=asked.here,
        crumbs=(*of.crumbs, Link(words.gettext("Public holidays"), asked.here)),
        note=words.listed([words.long_day(each, of.local_now.year) for each in days]),
        reason=Reason.NONE,
        always=cancels,
        grave=cancels,
        has_form=True,
    )


# --- As it is shown -----------------------------------------------------------------------------


async def _page(
    visit: Visit,
    asked: _Asked,
    offered: dict[date, str],
    error: str = "",
    ticked: Collection[date] = (),
    *,
    cancels: bool = False,
) -> Response:
    of, words = asked.of, visit.words
    planned = await visit.read(studio.planned, of.place.id, of.now)
    title = words.gettext("Public holidays")
    known = public_holidays.regions(asked.country) if asked.country else {}
    entered = visit.asked_id("entered") or 0
    view = HolidaysView(
        title=title,
        crumbs=of.crumbs,
        here=f"studio/{PATH}",
        action=asked.here,
        back=of.here,
        studio=of.place.key,
        countries=tuple(
            Option(code, name)
            for code, name in words.countries
            if code in public_holidays.countries()
        ),
        country=asked.country or "",
        regions=(
            Option(EVERYWHERE, words.gettext("whole country")),
            *(Option(code, name) for code, name in known.items()),
        )
        if known
        else (),
        region=asked.region,
        years=tuple(_years(words, asked, offered, planned, ticked)),
        nothing=_nothing(words, asked),
        done=words.ngettext("%(n)s closure is entered.", "%(n)s closures are entered.", entered)
        if entered
        else "",
        error=error,
        cancels=cancels,
        undo=await undo_bar(visit, asked.here),
    )
    answer = page(visit, "studio/holidays.html", title, view, of.links(PATH))
    if error:
        answer.status_code = 422
    return answer


def _years(
    words: Words,
    asked: _Asked,
    offered: dict[date, str],
    planned: Sequence[AnyRow],
    ticked: Collection[date],
) -> Iterator[YearOfHolidays]:
    of = asked.of
    meaning = asked.named(words.language)
    for year in sorted({day.year for day in offered}):
        yield YearOfHolidays(
            str(year),
            tuple(
                HolidayRow(
                    day.isoformat(),
                    words.long_day(day, year),
                    name,
                    meaning[day] if meaning[day] != name else "",
                    closures.hits(words, _closure(of, day), planned),
                    day in ticked,
                )
                for day, name in offered.items()
                if day.year == year
            ),
        )


def _closure(of: Which, day: date) -> Closure:
    begins = datetime.combine(day, time())
    return Closure.of_local(begins, begins + _ONE_DAY, of.place.zone)


def _nothing(words: Words, asked: _Asked) -> str:
    if asked.country is None:
        return words.gettext("Say in which country it is.")
    return words.gettext(
        "Until the end of %(year)s the studio is closed on every one already.",
        year=asked.of.local_now.year + 1,
    )
