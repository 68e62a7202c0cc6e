"""Writes the page of the history down: filters, and its lines day by day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from kursplan.console.addresses import address
from kursplan.console.frame import Link
from kursplan.console.history.asked import (
    APPLICATION,
    DOORS,
    PATH,
    STAFF,
    Asked,
    alike,
)
from kursplan.console.history.lines import LineWriter
from kursplan.console.history.look import Looked
from kursplan.console.history.view import Day, Entry, HistoryView
from kursplan.console.timetable.filters import by_label, field_of
from kursplan.console.timetable.view import Field
from kursplan.console.told import name_of
from kursplan.console.told.sayings import SAID, said
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.history import EntityKind
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.store.staff.history import Subject, Told

KINDS: Final = {
    EntityKind.ORGANIZATION: _("Organization"),
    EntityKind.STUDIO: _("Studio"),
    EntityKind.CLOSURE: _("Closure"),
    EntityKind.LOCATION: _("Room"),
    EntityKind.EMPLOYEE: _("Employee"),
    EntityKind.RATE: _("Rate"),
    EntityKind.CLASS: _("Class"),
    EntityKind.SERIES: _("Weekly series"),
    EntityKind.SLOT: _("Slot"),
    EntityKind.CUSTOMER: _("Customer"),
    EntityKind.BOOKING: _("Booking"),
    EntityKind.APPLICATION: _("Application"),
    EntityKind.INTEGRATION: _("Activation"),
    EntityKind.API_KEY: _("Key"),
    EntityKind.ENDPOINT: _("Endpoint"),
    EntityKind.DELIVERY: _("Delivery"),
    EntityKind.STAFF_ACCOUNT: _("Account"),
}
PAGES: Final = {
    EntityKind.CUSTOMER: "customers",
    EntityKind.CLASS: "classes",
    EntityKind.SERIES: "series",
    EntityKind.EMPLOYEE: "studio/employees",
    EntityKind.LOCATION: "studio/rooms",
    EntityKind.CLOSURE: "studio/closures",
    EntityKind.RATE: "rates",
}
"""Below which path the page of a thing is, for all who see its history."""
PAGES_FOR_OWNERS: Final = {
    EntityKind.APPLICATION: "partners",
    EntityKind.ENDPOINT: "endpoints",
    EntityKind.STAFF_ACCOUNT: "accounts",
}
CONCERNS_NOBODY_ELSE: Final = frozenset(
    {"add-booking", "book", "cancel", "confirm", "set-participation", "waive-lateness"}
)
"""Commands after which nobody has to be told: who has the booking knows, or need not."""


class HistoryWriter:
    def __init__(
        self,
        words: Words,
        asked: Asked,
        looked: Looked,
        zone: ZoneInfo,
        staff: Mapping[int, str],
        applications: Mapping[int, str],
        of: Mapping[str, Mapping[int, str]],
        *,
        for_owner: bool,
    ) -> None:
        """`of` are the classes and employees that may be chosen, by the name in the address."""
        self._words = words
        self._asked = asked
        self._looked = looked
        self._zone = zone
        self._staff = staff
        self._applications = applications
        self._of = of
        self._pages = PAGES | PAGES_FOR_OWNERS if for_owner else PAGES
        self._lines = LineWriter(words, looked.names, zone, of_slot=False)

    def write(self, thing: str, this_year: int) -> HistoryView:
        """`thing` is what the one that is asked for is called. Raises `BadAddress` where a filter names what is
        not there."""
        words, asked, looked = self._words, self._asked, self._looked
        fields = tuple(self._fields())
        return HistoryView(
            heading=words.gettext("History"),
            fields=fields,
            first=asked.first.isoformat() if asked.first else "",
            last=asked.last.isoformat() if asked.last else "",
            kept=tuple(
                (name, value)
                for name, value in asked.parameters.items()
                if name in ("slot", "customer", "booking")
            ),
            filters=tuple(self._filters(fields, thing)),
            days=tuple(self._days(this_year)),
            newest=Link(words.gettext("Newest"), asked.without()) if asked.before else None,
            older=Link(words.gettext("Older"), asked.older_than(name_of(looked.last)))
            if looked.last
            else None,
            empty=self._empty(),
        )

    def _empty(self) -> str:
        words = self._words
        if self._looked.lines:
            return ""
        if self._looked.last is not None:
            return words.gettext("Nothing in this part. Look at what is older.")
        if self._asked.narrows or self._asked.before:
            return words.gettext("Nothing was done that fits, or it is no longer kept.")
        return words.gettext("Nothing was done yet.")

    # --- Filters ------------------------------------------------------------------------------------

    def _fields(self) -> Iterator[Field]:
        words, asked = self._words, self._asked
        yield field_of(
            "kind",
            words.gettext("To what"),
            words.gettext("Everything"),
            sorted(
                ((each.lower(), words.gettext(said_)) for each, said_ in KINDS.items()),
                key=by_label,
            ),
            asked.parameters.get("kind"),
        )
        yield field_of(
            "by",
            words.gettext("By whom"),
            words.gettext("Everybody"),
            self._everybody(),
            asked.parameters.get("by"),
        )
        yield field_of(
            "did",
            words.gettext("What was done"),
            words.gettext("Anything"),
            self._commands(),
            alike(words, asked.parameters["did"])[0] if asked.commands else None,
        )
        for name, label, every in (
            ("class", _("Class"), _("Every class")),
            ("employee", _("Employee"), _("Every employee")),
        ):
            yield field_of(
                name,
                words.gettext(label),
                words.gettext(every),
                sorted(
                    ((str(each), called) for each, called in self._of[name].items()), key=by_label
                ),
                asked.parameters.get(name),
            )

    def _everybody(self) -> list[tuple[str, str]]:
        words = self._words
        staff = sorted(
            ((f"{STAFF}-{each}", name) for each, name in self._staff.items()), key=by_label
        )
        applications: dict[str, str] = {}
        for number, name in sorted(self._applications.items()):
            applications.setdefault(name, f"{APPLICATION}-{number}")
        return [
            *staff,
            *sorted(((at, name) for name, at in applications.items()), key=by_label),
            *((at, words.gettext(door)) for at, (_origin, door) in DOORS.items()),
        ]

    def _commands(self) -> list[tuple[str, str]]:
        words = self._words
        found = {alike(words, each)[0]: said(words, each).rstrip(".") for each in SAID}
        return sorted(found.items(), key=by_label)

    def _filters(self, fields: Iterable[Field], thing: str) -> Iterator[Link]:
        words, asked = self._words, self._asked
        for name in ("slot", "customer", "booking"):
            if name in asked.parameters:
                yield Link(thing, asked.without(name))
        for field in fields:
            for choice in field.choices:
                if choice.chosen:
                    yield Link(choice.label, asked.without(field.name))
        if asked.first is not None:
            since = words.gettext("from %(day)s", day=words.day(asked.first))
            yield Link(since, asked.without("from"))
        if asked.last is not None:
            until = words.gettext("until %(day)s", day=words.day(asked.last))
            yield Link(until, asked.without("to"))

    # --- Lines --------------------------------------------------------------------------------------

    def _days(self, this_year: int) -> Iterator[Day]:
        by_day = groupby(
            self._looked.lines, lambda each: local(each.happened_at, self._zone).date()
        )
        for day, lines in by_day:
            yield Day(self._words.long_day(day, this_year), tuple(map(self._entry, lines)))

    def _entry(self, line: Told) -> Entry:
        at = local(line.happened_at, self._zone)
        about, href = self._about(line)
        concerns = line.command not in CONCERNS_NOBODY_ELSE and any(
            each.kind is EntityKind.BOOKING for each in line.subjects
        )
        is_of_slot = line.subjects[0].kind in (EntityKind.SLOT, EntityKind.BOOKING)
        name = name_of(line)
        return Entry(
            id=name,
            at=self._words.time(at),
            when=at.isoformat(timespec="seconds"),
            what=self._lines.what(line),
            about=about,
            href=href,
            people=self._lines.whose(line),
            who=self._lines.who(line.by),
            reason=line.reason or "",
            tell=address(f"told/{name}", back=PATH) if concerns and is_of_slot else None,
            heard=self._heard(line),
        )

    def _about(self, line: Told) -> tuple[str, str | None]:
        """What the line is about first, and where that is."""
        words, first = self._words, line.subjects[0]
        match first.kind:
            case EntityKind.BOOKING:
                booked = self._looked.names.bookings.get(first.id)
                if booked is not None:
                    return self._lines.which(line), f"slots/{booked.slot_id}"
            case EntityKind.SLOT:
                slot = self._looked.slots.get(first.id)
                if slot is not None:
                    start = words.moment(local(slot.starts_at, zone_of(slot.zone)))
                    return f"{slot.title}, {start}", f"slots/{first.id}"
            case EntityKind.STAFF_ACCOUNT if first.id in self._staff:
                return self._staff[first.id], self._page(first)
        thing = self._looked.things.get(first.id)
        kind = words.gettext(KINDS[first.kind])
        href = None if thing is None else self._page(first)
        if first.kind is EntityKind.ORGANIZATION:
            return kind, None
        if thing is None or not thing.name:
            return words.gettext("%(kind)s %(number)s", kind=kind, number=first.id), href
        return words.gettext("%(kind)s %(name)s", kind=kind, name=thing.name), href

    def _page(self, of: Subject) -> str | None:
        """Where the thing is, as long as it is there."""
        below = self._pages.get(of.kind)
        return None if below is None else f"{below}/{of.id}"

    def _heard(self, line: Told) -> str:
        names: dict[str, bool] = {}
        for each in line.subjects:
            of = self._looked.heard.get((each.id, line.happened_at), {})
            for name, arrived in of.items():
                names[name] = names.get(name, True) and arrived
        words = self._words
        told = [name for name, arrived in names.items() if arrived]
        missed = [name for name, arrived in names.items() if not arrived]
        said_ = []
        if told:
            said_.append(words.gettext("%(who)s knows of it", who=words.listed(told)))
        if missed:
            said_.append(words.gettext("%(who)s could not be told yet", who=words.listed(missed)))
        return " · ".join(said_)
