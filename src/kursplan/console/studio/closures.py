"""Closures: when the studio is closed although its hours say otherwise, and whom that hits.

A closure moves and cancels nothing by itself: nobody can book any more, and who has booked is flagged or
cancelled, as the organization has it. Whoever enters it says whether the slots are cancelled, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from typing import Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Item, Proposal, Reason, ask, fields_of, wants_form
from kursplan.console.forms import Field, Kind, Option, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.studio import which
from kursplan.console.studio.which import Which
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.domain.localtime import local
from kursplan.domain.studios import Closure
from kursplan.store.engine.rows import AnyRow
from kursplan.store.staff import studio

STAY, CANCEL = "stay", "cancel"
LONGEST_WHY: Final = 500
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ClosureRow:
    """One in a list of them."""

    href: str
    when: str
    why: str
    hits: str
    """How many slots are still planned then, and how many bookings they have."""
    now: bool
    """Whether the studio is closed by it at this moment."""


@dataclass(frozen=True, slots=True)
class ClosureView:
    title: str
    crumbs: tuple[Link, ...]
    action: str
    back: str
    wrong: str
    first: Field
    since: Field
    last: Field
    until: Field
    why: Field
    slots: Field
    remove: str | None
    """Where it is taken back; None of a new one."""
    hit: tuple[Item, ...]
    """The slots that take place then all the same, with what there is to decide."""


# --- As they are shown --------------------------------------------------------------------------


def rows(
    words: Words, of: Which, found: Sequence[AnyRow], planned: Sequence[AnyRow]
) -> Iterator[ClosureRow]:
    for each in found:
        yield ClosureRow(
            f"studio/closures/{each.id}",
            when(words, each.local_from, each.local_to, of.local_now.year),
            each.reason or "",
            hits(words, _closure(of, each.local_from, each.local_to), planned),
            each.local_from <= of.local_now,
        )


def when(words: Words, local_from: datetime, local_to: datetime, this_year: int) -> str:
    """`24 – 26 December`, or with the times of day where it is not of whole days."""
    if _is_midnight(local_from) and _is_midnight(local_to):
        first, last = local_from.date(), local_to.date() - _ONE_DAY
        if first == last:
            return words.long_day(first, this_year)
        return words.days(first, last, this_year)
    return words.span(local_from, local_to)


def hits(words: Words, closure: Closure, planned: Sequence[AnyRow]) -> str:
    """How many slots take place then although it is closed, and how many bookings they have: who has two is counted twice."""
    hit = [each for each in planned if closure.falls_on(each.starts_at, each.ends_at)]
    if not hit:
        return ""
    slots = words.ngettext("%(n)s slot", "%(n)s slots", len(hit))
    count = sum(each.seats + each.waiting for each in hit)
    bookings = words.ngettext("%(n)s booking", "%(n)s bookings", count)
    return f"{slots}, {bookings}" if count else slots


def _closure(of: Which, local_from: datetime, local_to: datetime) -> Closure:
    return Closure.of_local(local_from, local_to, of.place.zone)


def _is_midnight(local: datetime) -> bool:
    return local.time() == time()


# --- Entering and changing one ------------------------------------------------------------------


async def add(visit: Visit) -> Response:
    """A new one; the address may say the day and the reason, as links to it do."""
    form = await visit.form() if visit.request.method == "POST" else {}
    of = await which.asked_for(visit)
    blank = _fields(visit.words, None)
    if not form:
        asked = {each.name: visit.asked(each.name) or each.value for each in blank}
        fields = tuple(replace(each, value=asked[each.name]) for each in blank)
        return _page(visit, of, None, fields, "")
    said = Said(visit.words, form)
    understood = _understood(visit.words, said)
    if understood is None or wants_form(form):
        return _page(visit, of, None, said.shown(blank), "", unread=understood is None)
    wanted = f"{of.place.key}-{understood.local_from:%Y-%m-%d}"
    key = await visit.read(studio.free_closure_key, wanted)
    return await _close(visit, of, form, key, understood)


async def edit(visit: Visit) -> Response:
    """Another time or reason."""
    form = await visit.form() if visit.request.method == "POST" else {}
    row = await _in_path(visit)
    of = await which.of(visit, row.studio_id)
    fields = _fields(visit.words, row)
    if not form:
        return _page(visit, of, row, fields, "", hit=await _hit(visit, of, row))
    said = Said.changing(visit.words, form, fields)
    understood = _understood(visit.words, said)
    if understood is None or wants_form(form):
        wrong = changed_meanwhile(visit.words, form, fields)
        hit = await _hit(visit, of, row)
        return _page(visit, of, row, said.shown(fields), wrong, unread=understood is None, hit=hit)
    return await _close(visit, of, form, row.key, understood)


@dataclass(frozen=True, slots=True)
class _Understood:
    local_from: datetime
    local_to: datetime
    why: str | None
    cancel_slots: bool


async def _close(
    visit: Visit, of: Which, form: Mapping[str, str], key: str, to: _Understood
) -> Response:
    words = visit.words
    command = CloseStudio(
        visit.member.organization_id,
        of.place.id,
        key,
        to.local_from,
        to.local_to,
        to.why,
        to.cancel_slots,
    )
    proposal = Proposal(
        words.gettext("Close %(studio)s?", studio=of.entry.name),
        words.gettext("Close, and cancel the slots")
        if to.cancel_slots
        else words.gettext("Enter the closure"),
        back=of.here,
        crumbs=of.crumbs,
        note=when(words, to.local_from, to.local_to, of.local_now.year),
        # It has a reason already, and that is told to partners.
        reason=Reason.NONE,
        always=to.cancel_slots,
        grave=to.cancel_slots,
        has_form=True,
    )
    done = await ask(visit, {**form, "reason": to.why or ""}, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)


async def remove(visit: Visit) -> Response:
    """It never was, or ends now where it has begun."""
    form = await fields_of(visit)
    row = await _in_path(visit)
    of = await which.of(visit, row.studio_id)
    words = visit.words
    has_begun = row.local_from <= of.local_now
    proposal = Proposal(
        words.gettext("Open %(studio)s after all?", studio=of.entry.name),
        words.gettext("Open it now") if has_begun else words.gettext("Take the closure back"),
        back=of.here,
        crumbs=of.crumbs,
        note=when(words, row.local_from, row.local_to, of.local_now.year)
        + (f" · {row.reason}" if row.reason else ""),
        always=True,
    )
    command = OpenStudio(visit.member.organization_id, of.place.id, row.key)
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)


async def _hit(visit: Visit, of: Which, row: AnyRow) -> tuple[Item, ...]:
    """The slots to come on which the closure falls, each with how many bookings are to be decided or settled."""
    words, closure = visit.words, _closure(of, row.local_from, row.local_to)
    planned = await visit.read(studio.planned, of.place.id, of.now)
    slots = [each for each in planned if closure.falls_on(each.starts_at, each.ends_at)]
    contested = await visit.read(studio.contested, [each.id for each in slots])
    return tuple(
        Item(
            f"{each.title}, {words.moment(local(each.starts_at, of.place.zone))}",
            f"slots/{each.id}",
            _to_decide(words, each, contested.get(each.id)),
        )
        for each in slots
    )


def _to_decide(words: Words, slot: AnyRow, contested: AnyRow | None) -> str:
    count = slot.seats + slot.waiting
    said = [words.ngettext("%(n)s booking", "%(n)s bookings", count)]
    if contested is not None and contested.to_decide:
        said.append(words.ngettext("%(n)s to decide", "%(n)s to decide", contested.to_decide))
    if contested is not None and contested.settled:
        said.append(
            words.ngettext("%(n)s decided: stays", "%(n)s decided: stay", contested.settled)
        )
    return " · ".join(said)


async def _in_path(visit: Visit) -> AnyRow:
    closure_id = number_of("closure_id", visit.request.path_params["closure_id"])
    row = await visit.read(studio.closure_by_id, closure_id)
    if row is None:
        raise NotThere(str(closure_id))
    return row


def _fields(words: Words, row: AnyRow | None) -> tuple[Field, ...]:
    """Days and times as people say them: the last day is one on which it is still closed."""
    gettext = words.gettext
    first = last = since = until = why = ""
    if row is not None:
        ends = row.local_to - (_ONE_DAY if _is_midnight(row.local_to) else timedelta())
        first, last = row.local_from.date().isoformat(), ends.date().isoformat()
        since = "" if _is_midnight(row.local_from) else f"{row.local_from:%H:%M}"
        until = "" if _is_midnight(row.local_to) else f"{row.local_to:%H:%M}"
        why = row.reason or ""
    found = (
        Field("first", gettext("First day"), first, Kind.DAY, required=True),
        Field("since", gettext("from"), since, Kind.TIME),
        Field("last", gettext("Last day"), last, Kind.DAY),
        Field("until", gettext("until"), until, Kind.TIME),
        Field("why", gettext("Why"), why, hint=gettext("Partners and their apps show it.")),
        Field(
            "slots",
            gettext("The slots of that time"),
            STAY,
            options=(
                Option(STAY, gettext("stay as they are; nobody can book them")),
                Option(CANCEL, gettext("are cancelled, with all bookings")),
            ),
        ),
    )
    if row is None:
        return found
    return tuple(replace(each, was=each.value) for each in found)


def _understood(words: Words, form: Said) -> _Understood | None:
    """What the form says; None where something in it can't be, which it then notes."""
    first, since = form.day("first", required=True), form.time_of_day("since")
    last, until = form.day("last") or first, form.time_of_day("until")
    why = form.text("why", longest=LONGEST_WHY)
    cancel = form.one_of("slots", (Option(STAY, ""), Option(CANCEL, ""))) == CANCEL
    if cancel and why is None:
        form.errors["why"] = words.gettext("People will ask why: fill it in.")
    if form.errors or first is None or last is None:
        return None
    starts = datetime.combine(first, since or time())
    ends = datetime.combine(last, until) if until else datetime.combine(last, time()) + _ONE_DAY
    if ends <= starts:
        name = "until" if first == last else "last"
        form.errors[name] = words.gettext("That is before it begins: choose a later one.")
        return None
    return _Understood(starts, ends, why, cancel)


def _page(
    visit: Visit,
    of: Which,
    row: AnyRow | None,
    fields: Sequence[Field],
    wrong: str,
    *,
    unread: bool = False,
    hit: tuple[Item, ...] = (),
) -> Response:
    words = visit.words
    title = words.gettext("Enter a closure") if row is None else words.gettext("Change the closure")
    here = of.at("closures/new") if row is None else f"studio/closures/{row.id}"
    first, since, last, until, why, slots = fields
    view = ClosureView(
        title,
        of.crumbs,
        here,
        of.here,
        wrong,
        first,
        since,
        last,
        until,
        why,
        slots,
        None if row is None else f"{here}/remove",
        hit,
    )
    answer = page(visit, "studio/closure.html", title, view)
    if unread:
        answer.status_code = 422
    return answer
