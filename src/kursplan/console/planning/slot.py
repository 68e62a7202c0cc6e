"""A new slot that takes place by itself: at a time that was seen to be free, or like another slot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan.console import places, told
from kursplan.console.addresses import address
from kursplan.console.consequences import Proposal, Reason, Standing, ask, wants_form
from kursplan.console.forms import Option, Said
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.places import Place
from kursplan.console.series import plan as plans
from kursplan.console.series.plan import Offer
from kursplan.console.series.view import PlanFields
from kursplan.console.visit import NotTheirs, Visit
from kursplan.desk.plan_slot import PlanSlot
from kursplan.domain.localtime import day_of, instant_of, local
from kursplan.domain.series import ClassDefaults
from kursplan.domain.slots import Override
from kursplan.store import tables
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import ids
from kursplan.store.rules import instructors
from kursplan.store.rules import series as stored
from kursplan.store.staff import timetable

PATH: Final = "timetable/new"
WEEK: Final = timedelta(days=7)
EVENING: Final = time(18)


@dataclass(frozen=True, slots=True)
class SlotForm:
    heading: str
    crumbs: tuple[Link, ...]
    action: str
    back: str
    plan: PlanFields
    classes: tuple[Option, ...]
    first_class: str
    """Where the first class is made, while there is none."""


@dataclass(frozen=True, slots=True)
class Like:
    """The slot that the new one is to be like."""

    row: AnyRow
    given_by: Sequence[int]
    standard: ClassDefaults


async def handler(visit: Visit) -> Response:
    """`class`, `day`, `time` and `room` say what is known already, `copy` a slot that it is to be like."""
    form = await visit.form() if visit.request.method == "POST" else {}
    [place] = places.chosen(visit, await places.theirs(visit))[:1]
    like = await _like(visit)
    classes = await visit.read(timetable.titles, [place.id])
    given = () if like is None else like.given_by
    offered = await visit.read(
        plans.offer, place.id, given, ClassDefaults(0, None, 0) if like is None else like.standard
    )
    if not form:
        return _page(visit, place, offered, classes, _values(visit, place, offered, like), {})
    words = visit.words
    said = Said(words, form)
    options = [Option(str(each.id), each.title) for each in classes]
    class_id = said.one_of("class", options)
    day, at = said.day("day", required=True), plans.needed_time(words, said)
    shape = plans.shape(words, said, offered, given)
    if said.errors or wants_form(form) or class_id is None or day is None or at is None:
        return _page(visit, place, offered, classes, form, said.errors)
    slot_id = await visit.services.desk.ids.next()
    start = datetime.combine(day, at)
    command = PlanSlot(
        visit.member.organization_id,
        slot_id,
        int(class_id),
        await visit.read(ids.free, tables.slot, f"slot-{slot_id}"),
        start,
        duration_minutes=shape["duration"],
        location_id=shape["location_id"],
        instructor_ids=shape["instructors"],
        own=shape["own"],
        max_participants=shape["max_participants"],
        max_waiting_list=shape["max_waiting_list"],
    )
    title = next(each.label for each in options if each.value == class_id)
    moment = words.moment(local(instant_of(start, place.zone), place.zone))
    back = address("timetable", studio=place.key, day=day)
    proposal = Proposal(
        words.gettext("A new slot of %(title)s?", title=title),
        words.gettext("Plan the slot"),
        back=back,
        crumbs=(Link(words.gettext("Timetable"), back),),
        then=Standing(moment, title),
        reason=Reason.NONE,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, f"slots/{slot_id}")


async def _like(visit: Visit) -> Like | None:
    copied = visit.asked_id("copy")
    found = None if copied is None else await visit.read(_read_like, copied)
    if found is not None and not visit.member.has(found.row.studio_id):
        raise NotTheirs("copy")
    return found


def _read_like(tx: Connection, organization_id: int, slot_id: int) -> Like | None:
    row = timetable.slot_by_id(tx, organization_id, slot_id)
    if row is None:
        return None
    standard = stored.standard_of(tx, organization_id, row.class_id)
    given_by = instructors.of_slots(tx, organization_id, [slot_id])[slot_id]
    return None if standard is None else Like(row, given_by, standard)


def _values(visit: Visit, place: Place, offered: Offer, like: Like | None) -> dict[str, str]:
    """What the address says of it, over what the slot is like that is copied."""
    today = day_of(visit.services.clock.now(), place.zone)
    if like is None:
        known = {
            "class": "",
            "day": today.isoformat(),
            "time": f"{EVENING:%H:%M}",
            **plans.shape_fields(offered, None, None, (), frozenset(), None, None),
        }
    else:
        known = _values_of(place, offered, like)
    asked = {name: visit.asked(name) for name in ("class", "day", "time", "room")}
    return known | {name: each for name, each in asked.items() if each is not None}


def _values_of(place: Place, offered: Offer, like: Like) -> dict[str, str]:
    """A week later; what is unlike the class is the copy's own."""
    row, standard = like.row, like.standard
    start = local(row.starts_at, place.zone)
    minutes = int((row.ends_at - row.starts_at).total_seconds() // 60)
    owned = {
        Override.MAX_PARTICIPANTS: row.max_participants != standard.max_participants,
        Override.MAX_WAITING_LIST: row.max_waiting_list != standard.max_waiting_list,
    }
    own = frozenset(each for each, is_own in owned.items() if is_own)
    return {
        "class": str(row.class_id),
        "day": (start.date() + WEEK).isoformat(),
        "time": f"{start:%H:%M}",
        **plans.shape_fields(
            offered,
            None if minutes == standard.duration else minutes,
            row.location_id,
            like.given_by,
            own,
            row.max_participants if Override.MAX_PARTICIPANTS in own else None,
            row.max_waiting_list if Override.MAX_WAITING_LIST in own else None,
        ),
    }


def _page(
    visit: Visit,
    place: Place,
    offered: Offer,
    classes: Sequence[AnyRow],
    values: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    words = visit.words
    every = [
        "class",
        "day",
        "time",
        *plans.shape_fields(offered, None, None, (), frozenset(), None, None),
    ]
    known = {name: values.get(name, "") for name in every}
    as_class = words.gettext("as the class")
    shown = plans.view(words, offered, known, errors)
    back = address("timetable", studio=place.key, day=known["day"])
    view = SlotForm(
        heading=words.gettext("A new slot"),
        crumbs=(Link(words.gettext("Timetable"), back),),
        action=address(PATH, studio=place.key, copy=visit.asked("copy")),
        back=back,
        plan=PlanFields(known, errors, shown.rooms, shown.people, as_class, as_class, as_class),
        classes=tuple(Option(str(each.id), each.title) for each in classes),
        first_class=address("classes/new", studio=place.key),
    )
    answer = page(visit, "planning/slot.html", view.heading, view)
    if errors:
        answer.status_code = 422
    return answer
