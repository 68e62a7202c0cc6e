"""What is known about a studio: where it lies, how it is reached, in which time it lives, what it refuses.

Another time zone, and another first or last day, touch slots and people: what they do is shown before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final
from zoneinfo import available_timezones

from starlette.responses import Response

from kursplan.console import told
from kursplan.console.consequences import Proposal, Reason, ask, wants_form
from kursplan.console.forms import Field, FormView, Kind, Option, Said, changed_meanwhile
from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.studio.which import Which, asked_for
from kursplan.console.visit import Visit
from kursplan.console.words import Words, words
from kursplan.console.words import marked as _
from kursplan.desk.organizations import RecordOrganization
from kursplan.desk.studios import RecordStudio
from kursplan.domain.accounts import looks_like_email
from kursplan.domain.clashes import OnClash
from kursplan.domain.entries import OrganizationEntry, StudioEntry
from kursplan.domain.studios import AREAS, LostEntitlement, region_zone
from kursplan.store.entries import organizations
from kursplan.web.languages import LANGUAGES

LONGEST_URL, LONGEST_DESCRIPTION = 2000, 5000
_URL: Final = re.compile(r"https?://\S+")
_POSITION: Final = re.compile(r"(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)")

ON_CLASH: Final = {
    OnClash.WARN: _("It is allowed, and staff are warned"),
    OnClash.REFUSE: _("It is refused"),
}
LOST: Final = {
    LostEntitlement.FLAG: _("The booking stays, flagged, and staff decide"),
    LostEntitlement.CANCEL: _("The booking is cancelled"),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together."""

    heading: str
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class DataView:
    title: str
    crumbs: tuple[Link, ...]
    action: str
    groups: tuple[Group, ...]
    does: str
    back: str
    wrong: str


async def handler(visit: Visit) -> Response:
    form = await visit.form() if visit.request.method == "POST" else {}
    of, said_in = await asked_for(visit), visit.words
    groups = _groups(said_in, of.entry)
    if not form:
        return _page(visit, of, groups, "")
    fields = [each for group in groups for each in group.fields]
    said = Said.changing(said_in, form, fields)
    entry = _understood(said_in, said, of.entry)
    if said.errors or wants_form(form):
        shown = tuple(replace(each, fields=said.shown(each.fields)) for each in groups)
        wrong = changed_meanwhile(said_in, form, fields)
        return _page(visit, of, shown, wrong, unread=bool(said.errors))
    command = RecordStudio(visit.member.organization_id, of.place.id, entry, of.entry)
    proposal = Proposal(
        said_in.gettext("Change %(studio)s?", studio=of.entry.name),
        said_in.gettext("Keep the change"),
        back=of.here,
        crumbs=of.crumbs,
        note=_note(said_in, of.entry, entry),
        reason=Reason.OFFERED,
        always=entry.zone != of.entry.zone,
        has_form=True,
    )
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)


def _note(said_in: Words, before: StudioEntry, after: StudioEntry) -> str:
    if after.zone != before.zone:
        return said_in.gettext(
            "From %(before)s to %(after)s: the slots to come keep the time on the clock, which is another "
            "moment then. Below, both are told in the time until now.",
            before=before.zone,
            after=after.zone,
        )
    return ""


def _groups(said_in: Words, entry: StudioEntry) -> tuple[Group, ...]:
    gettext = said_in.gettext
    found = (
        Group(
            gettext("Name and address"),
            (
                Field("name", gettext("Name"), entry.name, required=True),
                Field("street", gettext("Street"), entry.street or ""),
                Field("house_number", gettext("House number"), entry.house_number or ""),
                Field("zip", gettext("Postal code"), entry.zip or ""),
                Field("city", gettext("City"), entry.city or ""),
                Field(
                    "country",
                    gettext("Country"),
                    entry.country_code or "",
                    Kind.ONE_OF,
                    options=_countries(said_in),
                ),
                Field(
                    "position",
                    gettext("On the map"),
                    _position(entry),
                    hint=gettext("Latitude and longitude, like 52.5200, 13.4050."),
                ),
            ),
        ),
        Group(
            gettext("How it is reached"),
            (
                Field("telephone", gettext("Telephone"), entry.telephone or "", Kind.PHONE),
                Field("email", gettext("E-mail"), entry.email or "", Kind.EMAIL),
                Field("website", gettext("Website"), entry.website or "", Kind.URL),
                Field("logo_url", gettext("Logo"), entry.logo_url or "", Kind.URL),
                Field(
                    "description",
                    gettext("Description"),
                    entry.description or "",
                    Kind.LONG_TEXT,
                    hint=gettext("Partners and their apps show all of this."),
                ),
            ),
        ),
        Group(
            gettext("Time and language"),
            (
                Field(
                    "zone",
                    gettext("Time zone"),
                    entry.zone,
                    required=True,
                    options=tuple(Option(each, "") for each in zones()),
                    hint=gettext("With another one, slots to come keep the time on the clock."),
                ),
                Field(
                    "language",
                    gettext("Language"),
                    entry.language,
                    Kind.ONE_OF,
                    options=_languages(said_in, entry.language),
                    hint=gettext("In which partners are told what they ask for in no other."),
                ),
                Field(
                    "opening_date",
                    gettext("First day"),
                    "" if entry.opening_date is None else entry.opening_date.isoformat(),
                    Kind.DAY,
                ),
                Field(
                    "closing_date",
                    gettext("Last day"),
                    "" if entry.closing_date is None else entry.closing_date.isoformat(),
                    Kind.DAY,
                    hint=gettext("Before the first day and after the last one it is closed."),
                ),
            ),
        ),
        Group(
            gettext("Rules"),
            (
                Field(
                    "clashes",
                    gettext("An instructor or a room twice at the same time"),
                    entry.clashes,
                    Kind.ONE_OF,
                    options=tuple(Option(each, gettext(name)) for each, name in ON_CLASH.items()),
                ),
                Field(
                    "access_code_enabled",
                    gettext("Members get in with a code"),
                    "yes" if entry.access_code_enabled else "",
                    Kind.CHECK,
                ),
            ),
        ),
    )
    return tuple(
        replace(group, fields=tuple(replace(each, was=each.value) for each in group.fields))
        for group in found
    )


def _understood(said_in: Words, form: Said, before: StudioEntry) -> StudioEntry:
    """What the form makes of it; what can't be is noted in it."""
    gettext = said_in.gettext
    language = form.one_of("language", _languages(said_in, before.language)) or before.language
    country = form.one_of("country", _countries(said_in), required=False)
    email = form.text("email", longest=254)
    if email is not None and email != before.email and not looks_like_email(email):
        form.errors["email"] = gettext("No letter could be sent there: write it like a@b.example.")
    latitude, longitude = _placed(said_in, form, before)
    opening, closing = form.day("opening_date"), form.day("closing_date")
    if opening is not None and closing is not None and closing < opening:
        form.errors["closing_date"] = gettext("It is before the first day: choose a later one.")
    return replace(
        before,
        name=form.text("name", required=True) or before.name,
        street=form.text("street"),
        house_number=form.text("house_number", longest=20),
        zip=form.text("zip", longest=20),
        city=form.text("city"),
        country_code=country,
        country=before.country
        if country == before.country_code
        else country and words(language).country_name(country),
        latitude=latitude,
        longitude=longitude,
        telephone=form.text("telephone", longest=50),
        email=email,
        website=_url(said_in, form, "website"),
        logo_url=_url(said_in, form, "logo_url"),
        description=form.long_text("description", LONGEST_DESCRIPTION),
        zone=_zone(said_in, form, before.zone),
        language=language,
        opening_date=opening,
        closing_date=closing,
        clashes=OnClash(form.one_of("clashes", [Option(each, "") for each in OnClash]) or "WARN"),
        access_code_enabled=form.check("access_code_enabled"),
        # Left alone.
        opening_hours=None,
        public_opening_hours=None,
    )


def _url(said_in: Words, form: Said, name: str) -> str | None:
    said = form.text(name, longest=LONGEST_URL)
    if said is not None and not _URL.fullmatch(said):
        form.errors[name] = said_in.gettext(
            "That leads nowhere: write it like %(url)s.", url="https://gym.example"
        )
    return said


def _zone(said_in: Words, form: Said, before: str) -> str:
    said = form.text("zone", required=True) or before
    try:
        region_zone(said)
    except ValueError:
        form.errors["zone"] = said_in.gettext(
            "That is no time zone: choose one of the list, like %(zone)s.", zone="Europe/Berlin"
        )
    return said


def _position(entry: StudioEntry) -> str:
    if entry.latitude is None or entry.longitude is None:
        return ""
    return f"{entry.latitude}, {entry.longitude}"


def _placed(said_in: Words, form: Said, before: StudioEntry) -> tuple[float | None, float | None]:
    said = form.text("position")
    if said is None:
        return None, None
    found = _POSITION.fullmatch(said)
    if found is not None:
        latitude, longitude = float(found[1]), float(found[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return latitude, longitude
    form.errors["position"] = said_in.gettext("That is no place: write it like 52.5200, 13.4050.")
    return before.latitude, before.longitude


def _countries(said_in: Words) -> tuple[Option, ...]:
    return (Option("", "–"), *(Option(code, name) for code, name in said_in.countries))


def _languages(said_in: Words, stands: str) -> tuple[Option, ...]:
    tags = dict.fromkeys([*LANGUAGES, stands])
    named = (Option(tag, said_in.language_name(tag)) for tag in tags)
    return tuple(sorted(named, key=lambda each: each.label))


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """All that a studio may be in, by their names in the IANA database."""
    return tuple(sorted(each for each in available_timezones() if each.partition("/")[0] in AREAS))


def _page(
    visit: Visit,
    of: Which,
    groups: Sequence[Group],
    wrong: str,
    *,
    unread: bool = False,
) -> Response:
    title = visit.words.gettext("Change %(studio)s", studio=of.entry.name)
    does = visit.words.gettext("Keep the change")
    view = DataView(title, of.crumbs, of.at("data"), tuple(groups), does, of.here, wrong)
    answer = page(visit, "studio/data.html", title, view, of.links("data"))
    if unread:
        answer.status_code = 422
    return answer


# --- What holds for the whole company -----------------------------------------------------------


async def lost(visit: Visit) -> Response:
    """What becomes of a booking that the rules would not allow any more: for all studios."""
    form = await visit.form() if visit.request.method == "POST" else {}
    of, gettext = await asked_for(visit), visit.words.gettext
    before = await visit.read(organizations.entry)
    stands = LostEntitlement.FLAG if before is None else before.lost_entitlement
    field = Field(
        "lost",
        gettext("Where it would be refused today"),
        stands or "",
        Kind.ONE_OF,
        options=tuple(Option(each, gettext(name)) for each, name in LOST.items()),
    )
    said = Said(visit.words, form)
    chosen = said.one_of("lost", field.options)
    title = gettext("Bookings that are not allowed any more")
    if chosen is None or before is None or wants_form(form):
        note = gettext(
            "A membership ends, a studio closes, a class is only for some from now on: what becomes of those "
            "who have booked? It holds for all studios, from the next change on."
        )
        view = FormView(
            title,
            of.crumbs,
            note,
            of.at("lost"),
            said.shown([field]) if form else (field,),
            (),
            gettext("Keep the change"),
            of.here,
            "",
        )
        answer = page(visit, "form.html", title, view)
        if form and said.errors:
            answer.status_code = 422
        return answer
    command = RecordOrganization(
        visit.member.organization_id,
        OrganizationEntry(before.key, lost_entitlement=LostEntitlement(chosen)),
    )
    does = gettext("Keep the change")
    proposal = Proposal(title, does, back=of.here, crumbs=of.crumbs, has_form=True)
    done = await ask(visit, form, command, proposal)
    return done if isinstance(done, Response) else told.after(visit, done, of.here)
