"""The page of a studio: when it is open and when not, its rooms, who works there, what is known of it.

Each change has a page of its own beside this one, which shows first whom it touches.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.history.lines import lines
from kursplan.console.page import page
from kursplan.console.studio import closures, holidays, hours
from kursplan.console.studio.data import LOST, ON_CLASH
from kursplan.console.studio.view import Fact, RoomRow, StudioView
from kursplan.console.studio.which import PATH, Which, asked_for
from kursplan.console.told import undo_bar
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.accounts import Role
from kursplan.domain.history import EntityKind
from kursplan.domain.studios import LostEntitlement
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import organizations
from kursplan.store.staff import absence, slot, studio

__all__ = ["PATH", "handler"]

LINES_SHOWN = 5


async def handler(visit: Visit) -> Response:
    of, words = await asked_for(visit), visit.words
    planned = await visit.read(studio.planned, of.place.id, of.now)
    closed = await visit.read(studio.closures, of.place.id, of.local_now)
    rooms = await visit.read(slot.rooms_of, of.place.id)
    who = (await visit.read(absence.employees, [of.place.id])).get(of.place.id, [])
    policy = await visit.read(organizations.lost_entitlement)
    view = StudioView(
        title=of.entry.name,
        aside=_aside(words, of),
        change_data=of.at("data"),
        change_hours=of.at("hours"),
        enter_closure=of.at("closures/new"),
        holidays=of.at(holidays.PATH),
        new_room=of.at("rooms/new"),
        employees=Link(
            words.ngettext("%(n)s employee", "%(n)s employees", len(who)), of.at("employees")
        ),
        who=words.listed([f"{each.first_name} {each.last_name}" for each in who]) if who else "",
        closures=tuple(closures.rows(words, of, closed, planned)),
        rooms=tuple(_rooms(words, rooms, planned)),
        hours=hours.lines(words, of.entry.opening_hours),
        public_hours=hours.lines(words, of.entry.public_opening_hours),
        facts=tuple(_facts(words, of)),
        rules=tuple(_rules(words, of, policy, for_owner=visit.member.role is Role.OWNER)),
        history=await lines(visit, EntityKind.STUDIO, of.place.id, of.place.zone, LINES_SHOWN),
        undo=await undo_bar(visit, of.here),
    )
    return page(visit, "studio/studio.html", words.gettext("Studio"), view, of.links())


def _aside(words: Words, of: Which) -> str:
    now = words.gettext("it is %(time)s there", time=words.time(of.local_now))
    return f"{of.entry.zone} · {now}"


def _rooms(words: Words, rooms: Sequence[AnyRow], planned: Sequence[AnyRow]) -> Iterator[RoomRow]:
    to_come = Counter(each.location_id for each in planned)
    for each in rooms:
        count = to_come[each.id]
        said = words.ngettext("%(n)s slot to come", "%(n)s slots to come", count)
        yield RoomRow(f"{PATH}/rooms/{each.id}", each.name, bool(each.shared), said)


def _facts(words: Words, of: Which) -> Iterator[Fact]:
    entry, gettext = of.entry, words.gettext
    street = " ".join(each for each in (entry.street, entry.house_number) if each)
    city = " ".join(each for each in (entry.zip, entry.city) if each)
    country = words.country_name(entry.country_code) if entry.country_code else entry.country
    where = ", ".join(each for each in (street, city, country) if each)
    yield Fact(gettext("Address"), where or gettext("not said"))
    if entry.telephone:
        dialled = "".join(each for each in entry.telephone if each.isdigit() or each == "+")
        yield Fact(gettext("Telephone"), entry.telephone, f"tel:{dialled}")
    if entry.email:
        yield Fact(gettext("E-mail"), entry.email, f"mailto:{entry.email}")
    if entry.website:
        yield Fact(gettext("Website"), entry.website, entry.website)
    yield Fact(gettext("Language"), words.language_name(entry.language))
    if entry.opening_date is not None:
        yield Fact(gettext("First day"), words.full_day(entry.opening_date))
    if entry.closing_date is not None:
        yield Fact(gettext("Last day"), words.full_day(entry.closing_date))


def _rules(words: Words, of: Which, policy: LostEntitlement, *, for_owner: bool) -> Iterator[Fact]:
    """Each leads to where it is changed, for those who may."""
    gettext = words.gettext
    yield Fact(
        gettext("An instructor or a room twice at the same time"),
        gettext(ON_CLASH[of.entry.clashes]),
        of.at("data"),
    )
    yield Fact(
        gettext("A booking that would be refused today"),
        gettext(LOST[policy]),
        of.at("lost") if for_owner else None,
    )
