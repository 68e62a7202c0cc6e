"""A series: made, changed from a day on, and ended; what becomes of its slots and their people is shown before.

What others changed since a form was opened stays, unless this form changes the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan.console import told
from kursplan.console.addresses import address
from kursplan.console.classes import names_of
from kursplan.console.classes.facts import Known
from kursplan.console.classes.overview import crumbs, id_in_path, the_class
from kursplan.console.classes.rows import Names, pinned, rhythm, slot_rows
from kursplan.console.consequences import Part, Proposal, Reason, Standing, ask, wants_form
from kursplan.console.forms import Field, FormView, Kind, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.series import plan as plans
from kursplan.console.series.plan import Offer
from kursplan.console.series.preview import becomes, comes
from kursplan.console.series.view import Scope, SeriesForm
from kursplan.console.tones import tone_of
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.desk.edit_series import AllFuture, EditSeries, Following, SeriesEdited
from kursplan.desk.end_series import EndSeries
from kursplan.desk.extend_series import ExtendSeries
from kursplan.desk.plan_series import PlanSeries, SeriesPlanned
from kursplan.domain.localtime import day_of, local
from kursplan.domain.series import ClassDefaults, Series, SeriesPlan
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import ids
from kursplan.store.rules import instructors
from kursplan.store.rules import series as stored
from kursplan.store.staff import timetable

ONE_DAY: Final = timedelta(days=1)
EVENING: Final = time(18)
"""What a new series says until somebody says otherwise."""
FROM: Final = "from"
ALL: Final = "all"
THIS: Final = "this"
SHOWN: Final = 30
"""How many of its slots stand beside the form."""
SHORT: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Of weekdays, in keys."""


@dataclass(frozen=True, slots=True)
class Around:
    """What the pages of a series know besides it."""

    offered: Offer
    names: Names
    slots: Sequence[AnyRow]
    """Those to come, cancelled ones too."""
    given_by: Mapping[int, Sequence[int]]


# --- A new one ----------------------------------------------------------------------------------


async def make(visit: Visit) -> Response:
    """A class gets its slots by a weekly plan from now on; `copy` names a series that it is to be like."""
    form = await visit.form() if visit.request.method == "POST" else {}
    class_id = id_in_path(visit)
    of = await the_class(visit, class_id)
    words, now = visit.words, visit.services.clock.now()
    today = day_of(now, of.place.zone)
    like = await _like(visit, class_id)
    first = SeriesPlan(frozenset({today.weekday()}), EVENING, today)
    stands = first if like is None else replace(like.plan, first_day=today, last_day=None)
    around = await visit.read(_around, of.place.id, _standard(of), stands, None, now)
    if not form:
        values = {each.name: each.value for each in plans.fields(stands, around.offered)}
        if like is None:
            values |= dict.fromkeys(plans.DAYS, "")
        return _new_page(visit, class_id, of, around, values, {})
    said = Said(words, form)
    plan = plans.plan_of(words, said, around.offered, stands.instructors)
    if plan is None or wants_form(form):
        return _new_page(visit, class_id, of, around, form, said.errors)
    here = f"classes/{class_id}"
    days = "-".join(SHORT[each] for each in sorted(plan.weekdays))
    wanted = f"{of.entry.key}-{days}-{plan.start_time:%H%M}"
    key = await visit.read(ids.free, tables.series, wanted)
    series_id = await visit.services.desk.ids.next()
    organization_id = visit.member.organization_id
    until = today + timedelta(days=visit.services.horizon_days)

    def also(planned: SeriesPlanned) -> Iterator[Part]:
        yield from comes(words, planned.series, today, until, now)

    proposal = Proposal(
        words.gettext("A new series of %(title)s?", title=of.entry.title),
        words.gettext("Make the series"),
        back=here,
        crumbs=(*crumbs(words, of), Link(of.entry.title, here)),
        then=Standing(rhythm(words, plan), around.names.where(words, plan)),
        reason=Reason.NONE,
        always=True,
        has_form=True,
    )
    command = PlanSeries(organization_id, series_id, class_id, key, plan)
    done = await ask(visit, form, command, proposal, also)
    if isinstance(done, Response):
        return done
    # Whoever made it wants to see it now, and not when the house next looks.
    extend = ExtendSeries(organization_id, series_id, until)
    await visit.services.desk.execute(extend, by=visit.member.actor)
    return told.after(visit, done, here)


async def _like(visit: Visit, class_id: int) -> Series | None:
    copied = visit.asked_id("copy")
    found = None if copied is None else await visit.read(stored.load, copied)
    return found if found is not None and found.class_id == class_id else None


def _new_page(
    visit: Visit,
    class_id: int,
    of: Known,
    around: Around,
    values: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    words, here = visit.words, f"classes/{class_id}"
    values = _all_of(values, around.offered)
    view = SeriesForm(
        heading=words.gettext("A new series of %(title)s", title=of.entry.title),
        aside=of.place.name,
        tone=tone_of(class_id),
        crumbs=(*crumbs(words, of), Link(of.entry.title, here)),
        action=f"{here}/series",
        back=here,
        does=words.gettext("Show what comes of it"),
        plan=plans.view(words, around.offered, values, errors),
        days=plans.days(words, values),
        was=(),
        wrong="",
        scopes=(),
        along="",
        actions=(),
        slots=(),
        slots_note="",
    )
    return _shown(visit, view)


# --- One that is there --------------------------------------------------------------------------


async def edit(visit: Visit) -> Response:
    """Another plan: for one slot, from a day on, or for all that is to come."""
    form = await visit.form() if visit.request.method == "POST" else {}
    series, of = await _series(visit)
    now = visit.services.clock.now()
    today = day_of(now, series.zone)
    around = await visit.read(
        _around, series.studio_id, series.standard, series.plan, series.id, now
    )
    stands = plans.fields(series.plan, around.offered)
    words = visit.words
    if not form:
        values = {each.name: each.value for each in stands}
        return _edit_page(visit, series, of, around, values, {}, "")
    said = Said.changing(words, form, stands)
    plan = plans.plan_of(words, said, around.offered, series.plan.instructors)
    scope = form.get("scope", FROM)
    asked = Said(words, form)
    from_day = asked.day("from", required=True) if scope != ALL else today
    errors = {**said.errors, **asked.errors}
    only = _slot_on(visit, around.slots) if scope == THIS else None
    if only is not None and plan is not None and not errors:
        return visit.to(_moved(only, plan, series))
    if plan is None or from_day is None or errors or wants_form(form):
        wrong = changed_meanwhile(words, form, stands)
        return _edit_page(visit, series, of, around, form, errors, wrong)
    along = bool(form.get("along"))
    if plan == series.plan and not along:
        wrong = words.gettext("It is like that already: change something first.")
        return _edit_page(visit, series, of, around, form, {}, wrong)
    how = AllFuture() if scope == ALL else Following(from_day, await visit.services.desk.ids.next())
    command = EditSeries(
        visit.member.organization_id, series.id, how, plan, series.plan, take_along=along
    )
    since = max(from_day, today)

    def also(edited: SeriesEdited) -> Iterator[Part]:
        yield from becomes(words, series, around.slots, since, edited, now)

    when = (
        words.gettext("all to come")
        if scope == ALL
        else words.gettext("from %(day)s on", day=words.long_day(since, today.year))
    )
    here = f"classes/{series.class_id}"
    proposal = Proposal(
        words.gettext("Change the series of %(title)s?", title=of.entry.title),
        words.gettext("Change the series"),
        back=f"series/{series.id}",
        crumbs=(*crumbs(words, of), Link(of.entry.title, here)),
        now=Standing(rhythm(words, series.plan), around.names.where(words, series.plan)),
        then=Standing(rhythm(words, plan), f"{when} · {around.names.where(words, plan)}"),
        always=True,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal, also)
    return done if isinstance(done, Response) else told.after(visit, done, here)


def _slot_on(visit: Visit, rows: Sequence[AnyRow]) -> AnyRow | None:
    """The one slot from which somebody came, if it is one of these."""
    wanted = visit.asked_id("slot")
    return next((each for each in rows if each.id == wanted), None)


def _moved(row: AnyRow, plan: SeriesPlan, series: Series) -> str:
    """Where a single slot is moved, with what the form says of it."""
    return address(
        f"slots/{row.id}/move",
        day=local(row.starts_at, series.zone).date(),
        time=f"{plan.start_time:%H:%M}",
        minutes=plan.shape(series.standard).duration,
        room=plan.location_id,
    )


def _edit_page(
    visit: Visit,
    series: Series,
    of: Known,
    around: Around,
    values: Mapping[str, str],
    errors: Mapping[str, str],
    wrong: str,
) -> Response:
    words, now = visit.words, visit.services.clock.now()
    today = day_of(now, series.zone)
    planned = [each for each in around.slots if each.status is SlotStatus.PLANNED]
    only = _slot_on(visit, planned)
    next_day = local((only or planned[0]).starts_at, series.zone).date() if planned else today
    from_day = visit.asked_day("from") or next_day
    scope = values.get("scope", FROM)
    values = _all_of(values, around.offered) | {
        "scope": scope,
        "from": values.get("from") or from_day.isoformat(),
        "along": values.get("along", ""),
    }
    by_hand = [each for each in planned if each.own]
    here = f"classes/{series.class_id}"
    is_over = series.has_ended(today)
    path = f"series/{series.id}"
    actions = [
        Link(words.gettext("Copy …"), address(f"{here}/series", copy=series.id), icon="copy")
    ]
    if not is_over:
        actions.append(Link(words.gettext("End …"), f"{path}/end", icon="closed"))
    view = SeriesForm(
        heading=rhythm(words, series.plan),
        aside=around.names.where(words, series.plan),
        tone=tone_of(series.class_id),
        crumbs=(*crumbs(words, of), Link(of.entry.title, here)),
        action=address(path, slot=None if only is None else only.id),
        back=here,
        does=words.gettext("Show what changes"),
        plan=plans.view(words, around.offered, values, errors),
        days=plans.days(words, values),
        was=tuple((each.name, each.value) for each in plans.fields(series.plan, around.offered)),
        wrong=wrong,
        scopes=tuple(_scopes(words, series, only, today)),
        along=_along(words, by_hand, series),
        actions=tuple(actions),
        slots=tuple(slot_rows(words, around.slots[:SHOWN], around.given_by, around.names)),
        slots_note=words.ngettext("%(n)s to come", "%(n)s to come", len(planned)),
    )
    return _shown(visit, view)


def _scopes(words: Words, series: Series, only: AnyRow | None, today: date) -> Iterator[Scope]:
    if only is not None:
        day = words.long_day(local(only.starts_at, series.zone).date(), today.year)
        yield Scope(THIS, words.gettext("only %(day)s", day=day))
    yield Scope(FROM, words.gettext("from this day on"))
    yield Scope(ALL, words.gettext("all that is to come"))


def _along(words: Words, by_hand: Sequence[AnyRow], series: Series) -> str:
    if not by_hand:
        return ""
    said = [
        f"{words.moment(local(each.starts_at, series.zone))} ({pinned(words, each)})"
        for each in by_hand[:4]
    ]
    if len(by_hand) > len(said):
        said.append(words.ngettext("%(n)s more", "%(n)s more", len(by_hand) - len(said)))
    return words.listed(said)


async def end(visit: Visit) -> Response:
    """No slot of it takes place after a day any more."""
    form = await visit.form() if visit.request.method == "POST" else {}
    series, of = await _series(visit)
    words = visit.words
    today = day_of(visit.services.clock.now(), series.zone)
    stands = series.plan.last_day or today
    fields = (
        Field(
            "last",
            words.gettext("Last day"),
            max(stands, today).isoformat(),
            Kind.DAY,
            required=True,
            hint=words.gettext("Slots after it are cancelled."),
        ),
    )
    said = Said(words, form)
    last = said.day("last", required=True)
    if last is not None and last < today - ONE_DAY:
        said.errors["last"] = words.gettext("It is past: what was is not changed.")
    here, path = f"classes/{series.class_id}", f"series/{series.id}"
    way = (*crumbs(words, of), Link(of.entry.title, here), Link(rhythm(words, series.plan), path))
    title = words.gettext("End the series of %(title)s", title=of.entry.title)
    if not form or wants_form(form) or said.errors or last is None:
        view = FormView(
            title,
            way,
            "",
            f"{path}/end",
            said.shown(fields) if form else fields,
            (),
            words.gettext("See what it does"),
            path,
            "",
        )
        answer = page(visit, "form.html", title, view)
        if form and not wants_form(form):
            answer.status_code = 422
        return answer
    proposal = Proposal(
        words.gettext("End the series of %(title)s?", title=of.entry.title),
        words.gettext("End the series"),
        back=path,
        crumbs=way,
        note=words.gettext("The last day is %(day)s.", day=words.full_day(last)),
        reason=Reason.REQUIRED,
        always=True,
        grave=True,
        has_form=True,
    )
    command = EndSeries(visit.member.organization_id, series.id, last + ONE_DAY)
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, here)


# --- What they share ----------------------------------------------------------------------------


async def _series(visit: Visit) -> tuple[Series, Known]:
    """The series in the path, and its class. Raises `NotThere`."""
    series_id = number_of("series_id", visit.request.path_params["series_id"])
    found = await visit.read(stored.load, series_id)
    if found is None:
        raise NotThere(str(series_id))
    return found, await the_class(visit, found.class_id)


def _around(
    tx: Connection,
    organization_id: int,
    studio_id: int,
    standard: ClassDefaults,
    plan: SeriesPlan,
    series_id: int | None,
    now: datetime,
) -> Around:
    rows: Sequence[AnyRow] = ()
    if series_id is not None:
        rows = timetable.slots_of_series(tx, organization_id, series_id, now)
    return Around(
        plans.offer(tx, organization_id, studio_id, plan.instructors, standard),
        names_of(tx, organization_id, studio_id),
        rows,
        instructors.of_slots(tx, organization_id, [each.id for each in rows]),
    )


def _standard(of: Known) -> ClassDefaults:
    entry = of.entry
    return ClassDefaults(entry.duration, entry.max_participants, entry.max_waiting_list)


def _all_of(values: Mapping[str, str], offered: Offer) -> dict[str, str]:
    """Every field that there is, also where a form says nothing of it."""
    every = [
        *plans.DAYS,
        "time",
        "first",
        "last",
        "minutes",
        "room",
        "seats",
        "unlimited",
        "waiting",
    ]
    every += [f"{plans.GIVEN}{each}" for each, _ in offered.people]
    return {name: values.get(name, "") for name in every}


def _shown(visit: Visit, view: SeriesForm) -> Response:
    answer = page(visit, "series/series.html", view.heading, view)
    if view.plan.errors or view.wrong:
        answer.status_code = 422
    return answer
