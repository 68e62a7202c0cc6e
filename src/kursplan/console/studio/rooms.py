"""Rooms of a studio: a new one, what one is called, whether several slots fit into it, and that one is gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, Reason, ask, fields_of, wants_form
from kursplan.console.consequences.view import Item, Part
from kursplan.console.forms import Field, Kind, Said, changed_meanwhile
from kursplan.console.page import page
from kursplan.console.studio import which
from kursplan.console.studio.parts import series_items
from kursplan.console.studio.view import RoomView
from kursplan.console.studio.which import PATH, Which
from kursplan.console.visit import NotThere, Visit, number_of
from kursplan.console.words import Words
from kursplan.desk.locations import LocationWasUsed, RecordLocation, RemoveLocation
from kursplan.domain.entries import LocationEntry
from kursplan.domain.localtime import local
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import locations
from kursplan.store.staff import studio

LONGEST_DESCRIPTION: Final = 5000


async def add(visit: Visit) -> Response:
    """A room that nobody has written down yet."""
    form = await visit.form() if visit.request.method == "POST" else {}
    of = await which.asked_for(visit)
    blank = LocationEntry("", of.place.key, "")
    fields = _fields(visit.words, blank)
    if not form:
        return _page(visit, of, None, fields, "")
    said = Said(visit.words, form)
    entry = _understood(said, blank)
    if said.errors:
        return _page(visit, of, None, said.shown(fields), "", unread=True)
    room_id = await visit.services.desk.ids.next()
    key = await visit.read(studio.free_room_key, f"room-{room_id}")
    command = RecordLocation(visit.member.organization_id, room_id, replace(entry, key=key))
    await visit.services.desk.execute(command, by=visit.member.actor)
    return visit.to(of.here)


async def edit(visit: Visit) -> Response:
    """Its page: what it is called, and the way to take it away."""
    form = await visit.form() if visit.request.method == "POST" else {}
    room_id, of, before = await _in_path(visit)
    words = visit.words
    fields = tuple(replace(each, was=each.value) for each in _fields(words, before))
    if not form:
        return _page(visit, of, room_id, fields, "")
    said = Said.changing(words, form, fields)
    entry = _understood(said, before)
    if said.errors or wants_form(form):
        wrong, unread = changed_meanwhile(words, form, fields), bool(said.errors)
        return _page(visit, of, room_id, said.shown(fields), wrong, unread=unread)
    command = RecordLocation(visit.member.organization_id, room_id, entry, before)
    proposal = Proposal(
        words.gettext("Change %(room)s?", room=before.name),
        words.gettext("Keep the change"),
        back=of.here,
        crumbs=of.crumbs,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)


async def remove(visit: Visit) -> Response:
    """It is gone, and whatever was to come in it has no room. Where something was held in it, it stays."""
    form = await fields_of(visit)
    room_id, of, entry = await _in_path(visit)
    words = visit.words
    if await visit.read(locations.was_used, room_id, of.now):
        return _page(visit, of, room_id, _fields(words, entry), "", stays=True)
    planned = await visit.read(studio.planned, of.place.id, of.now)
    series = await visit.read(studio.series_in_room, room_id)
    here = [each for each in planned if each.location_id == room_id]
    proposal = Proposal(
        words.gettext("Remove %(room)s?", room=entry.name),
        words.gettext("Remove the room"),
        back=of.here,
        crumbs=of.crumbs,
        besides=tuple(_hangs_on(words, of, here, series)),
        reason=Reason.OFFERED,
        always=True,
        grave=True,
    )
    command = RemoveLocation(visit.member.organization_id, room_id)
    try:
        done = await ask(visit, form, command, proposal)
    except LocationWasUsed:
        # A slot has begun in the moment since.
        return _page(visit, of, room_id, _fields(words, entry), "", stays=True)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)


def _hangs_on(
    words: Words, of: Which, slots: Sequence[AnyRow], series: Sequence[AnyRow]
) -> Iterator[Part]:
    if going_on := series_items(words, series, of.local_now.date()):
        heading = words.ngettext(
            "%(n)s series has no room any more", "%(n)s series have no room any more", len(going_on)
        )
        yield Part("wait", "room", heading, items=going_on)
    if slots:
        heading = words.ngettext(
            "%(n)s slot has no room any more", "%(n)s slots have no room any more", len(slots)
        )
        yield Part(
            "wait",
            "room",
            heading,
            words.gettext(
                "They take place all the same. Move them to another room first, or after."
            ),
            items=tuple(
                Item(
                    each.title,
                    f"slots/{each.id}",
                    words.moment(local(each.starts_at, of.place.zone)),
                )
                for each in slots
            ),
        )


async def _in_path(visit: Visit) -> tuple[int, Which, LocationEntry]:
    room_id = number_of("room_id", visit.request.path_params["room_id"])
    studio_id = await visit.read(studio.studio_of_room, room_id)
    entry = (await visit.read(locations.load, [room_id])).get(room_id)
    if studio_id is None or entry is None:
        raise NotThere(str(room_id))
    return room_id, await which.of(visit, studio_id), entry


def _fields(words: Words, entry: LocationEntry) -> tuple[Field, ...]:
    gettext = words.gettext
    return (
        Field("name", gettext("Name"), entry.name, required=True),
        Field("description", gettext("Description"), entry.description or "", Kind.LONG_TEXT),
        Field(
            "shared",
            gettext("Shared: several slots can be in it at the same time"),
            "yes" if entry.shared else "",
            Kind.CHECK,
        ),
    )


def _understood(form: Said, before: LocationEntry) -> LocationEntry:
    return replace(
        before,
        name=form.text("name", required=True) or before.name,
        description=form.long_text("description", LONGEST_DESCRIPTION),
        shared=form.check("shared"),
    )


def _page(
    visit: Visit,
    of: Which,
    room_id: int | None,
    fields: tuple[Field, ...],
    wrong: str,
    *,
    unread: bool = False,
    stays: bool = False,
) -> Response:
    words = visit.words
    title = words.gettext("Add a room") if room_id is None else fields[0].was or fields[0].value
    here = of.at("rooms/new") if room_id is None else f"{PATH}/rooms/{room_id}"
    view = RoomView(
        title=title,
        crumbs=of.crumbs,
        action=here,
        fields=fields,
        does=words.gettext("Add the room") if room_id is None else words.gettext("Keep the change"),
        back=of.here,
        wrong=wrong,
        remove=None if room_id is None else f"{here}/remove",
        stays=stays,
    )
    answer = page(visit, "studio/room.html", title, view)
    if unread:
        answer.status_code = 422
    return answer
