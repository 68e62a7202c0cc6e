"""What stands around every page: where one is, where else one can go, and who one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from kursplan.console import assets
from kursplan.console.addresses import MOUNTED_AT, way_up
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import Role, StaffMember

EVERYBODY: Final = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the bar."""

    path: str
    label: str
    """In English, as catalogues know it."""
    icon: str
    roles: frozenset[Role] = EVERYBODY


AT_THE_DESK: Final = EVERYBODY - {Role.INSTRUCTOR}
"""Those who see customers."""
IN_CHARGE: Final = frozenset({Role.OWNER, Role.MANAGER})
"""Those who plan and set up, and look at how it goes."""
OWNERS: Final = frozenset({Role.OWNER})

BAR: Final = (
    Entry("today", _("Today"), "today"),
    Entry("timetable", _("Timetable"), "timetable"),
    Entry("customers", _("Customers"), "people", AT_THE_DESK),
    Entry("classes", _("Classes"), "classes", IN_CHARGE),
    Entry("numbers", _("Numbers"), "numbers", IN_CHARGE),
)
"""The pages in the bar, in their order."""

BELONGS_TO: Final = {"series": "classes", "rates": "classes"}
"""Pages that stand in the room of another one of the bar."""

MENU: Final = (
    Entry("studio", _("Studio"), "studio", IN_CHARGE),
    Entry("history", _("History"), "note", IN_CHARGE),
    Entry("account", _("My account"), "key"),
    Entry("accounts", _("Staff accounts"), "lock", OWNERS),
    Entry("partners", _("Partners"), "plug", OWNERS),
    Entry("settings", _("Settings"), "sliders", OWNERS),
    Entry("setup", _("Set-up"), "check", OWNERS),
    Entry("moving-in", _("Moving in"), "down", OWNERS),
    Entry("gym-file", _("Gym file"), "export", OWNERS),
)
"""The pages behind one's own name: those that are not opened every day."""

FIND_AT: Final = "find"
"""The page that the search box in the bar asks, with what was typed as `q`."""

ROLES: Final = {
    Role.OWNER: _("Owner"),
    Role.MANAGER: _("Manager"),
    Role.FRONT_DESK: _("Front desk"),
    Role.INSTRUCTOR: _("Instructor"),
}


LANGUAGE_NAMES: Final = {"en": "English", "de": "Deutsch"}
"""The languages of the console, each as those call it who speak it."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where one can go, by a relative address; `current` where one is there."""

    label: str
    href: str
    current: bool = False
    icon: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, as it is shown to them."""

    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Frame:
    title: str
    language: str
    root: str
    """Stands before every address of a page, and leads to `/console/`."""
    assets: str
    person: Person | None
    """None where nobody is signed in; then there is no bar."""
    bar: tuple[Link, ...]
    menu: tuple[Link, ...]
    places: tuple[Link, ...]
    """The studios between which one can change on this page."""
    csrf: str
    """What each form of the page sends along as `csrf`; empty where nobody has to be signed in."""
    find_at: str
    find_label: str
    found: str
    """What was typed into the search box."""


def frame(
    request: Request,
    words: Words,
    member: StaffMember | None,
    title: str,
    places: Sequence[Link] = (),
    csrf: str = "",
) -> Frame:
    root = way_up(request)
    _, _, below = request.url.path.partition(f"{MOUNTED_AT}/")
    here, around = below, below.partition("/")[0]
    around = BELONGS_TO.get(around, around)

    def offered(entries: Sequence[Entry]) -> tuple[Link, ...]:
        return tuple(
            Link(words.gettext(each.label), each.path, each.path in (here, around), each.icon)
            for each in entries
            if member is not None and member.role in each.roles
        )

    return Frame(
        title=title,
        language=words.language,
        root=root,
        assets=f"{root}{assets.folder()}/",
        person=None if member is None else Person(member.name, words.gettext(ROLES[member.role])),
        bar=offered(BAR),
        menu=offered(MENU),
        places=tuple(places),
        csrf=csrf,
        find_at=FIND_AT,
        find_label=_find_label(words, member),
        found=request.query_params.get("q", ""),
    )


def _find_label(words: Words, member: StaffMember | None) -> str:
    if member is not None and member.role in AT_THE_DESK:
        return words.gettext("Find people, classes, slots, days")
    return words.gettext("Find classes, slots, days")
