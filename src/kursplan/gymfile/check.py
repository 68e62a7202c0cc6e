"""Mistakes in a gym file that its schema can't find: references, days, contradictions.

All of it is looked at also where the document has the wrong shape elsewhere, so that every mistake
is told at once: a value of the wrong kind is passed over here, because the schema tells it.

What a file refers to is in the file; only where the file has no such section can it be something
that is stored. So a file that has every section is checked without a database.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from re import fullmatch
from typing import Any
from zoneinfo import ZoneInfo

from kursplan.domain.hours import minutes_of_week
from kursplan.domain.sentences import Mistaken, Sentence
from kursplan.domain.terms import Term, closes, opens
from kursplan.domain.webhooks import DEFAULT_ENDPOINT, MOST_REPEATS
from kursplan.gymfile.document import Node
from kursplan.gymfile.mistakes import Mistake, Path
from kursplan.gymfile.schema import SCHEMA
from kursplan.gymfile.syntax import quoted
from kursplan.gymfile.values import WEEKDAYS

Members = dict[str, Any]

_FORMS: dict[str, Callable[[str], Any]] = {
    "date": date.fromisoformat,
    "local": datetime.fromisoformat,
    "time": time.fromisoformat,
    "term": Term.parse,
    "length": Term.parse,
}
"""How text is read that has one of the schema's forms."""

KINDS = {
    "studio": Sentence("studio"),
    "location": Sentence("location"),
    "closure": Sentence("closure"),
    "employee": Sentence("employee"),
    "rate": Sentence("rate"),
    "class": Sentence("class"),
    "series": Sentence("series"),
    "slot": Sentence("slot"),
    "customer": Sentence("customer"),
    "membership": Sentence("membership"),
    "idle period": Sentence("idle period"),
    "application": Sentence("application"),
}
"""What can have a key, as it is called within a sentence."""

_TERMS = ("latest_cancellation", "promotion_ends", "confirmation")
"""Of a class, besides the two between which it is booked."""
_LENGTHS = ("grace", "confirm_promotion")
"""Of a class: how long something lasts, and not how long before the start it is."""
_SAMPLE = datetime(2026, 3, 16, 18, 0, tzinfo=UTC)
"""A start by which two terms are compared; in UTC no day is longer than another."""


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """What a file can refer to that is not in it."""

    keys: Mapping[str, Collection[str]]
    """By kind of thing."""
    studio_of: Mapping[tuple[str, str], str]
    """The studio of a location or class, by kind and key."""
    names: Mapping[str, Mapping[str, Collection[str]]] = field(default_factory=dict)
    """By kind, and by the names that people call a thing: its key, or those of several."""


def mistakes_of_sense(document: Node, stored: StoredKeys | None = None) -> list[Mistake]:
    """What in the document makes no sense.

    Without `stored`, nothing is said about references for which the file has no section.
    """
    check = _Check(document, stored)
    check.all()
    return check.mistakes


class _Check:
    def __init__(self, document: Node, stored: StoredKeys | None) -> None:
        self.mistakes: list[Mistake] = []
        self._stored = stored
        self._document = document
        self._plain: Any = document.plain()
        self._keys: dict[str, dict[str, Path]] = {}
        """By kind of thing: where each key is given."""
        self._told: set[str] = set()
        """The kinds of which the file tells all that it refers to."""
        self._deleted: set[tuple[str, str]] = set()
        self._studio_of = dict(stored.studio_of) if stored is not None else {}
        """The studio of a location or class."""
        self._names: dict[tuple[str, str], set[str]] = {}
        """The keys of what goes by a name, by kind and name."""

    def all(self) -> None:
        if not isinstance(self._plain, dict):
            return
        self._collect_keys()
        for path, studio in self._each((), "studios"):
            self._studio(path, studio)
        for path, employee in self._each((), "employees"):
            if employee.get("deleted") is not True:
                self._refers_all(path, employee, "studios", "studio")
        for path, rate in self._each((), "rates"):
            self._contingents(path, rate)
        for path, class_ in self._each((), "classes"):
            self._class(path, class_)
        for section in ("series", "slots"):
            for path, planned in self._each((), section):
                self._planned(path, planned)
        for path, customer in self._each((), "customers"):
            if customer.get("deleted") is not True:
                self._customer(path, customer)
        for path, application in self._each((), "applications"):
            self._application(path, application)

    # Looking at the document.

    def _wrong(self, path: Path, says: Sentence, instead: tuple[str, ...] = ()) -> None:
        self.mistakes.append(self._document.mistake(path, says, instead))

    def _each(self, path: Path, name: str) -> Iterator[tuple[Path, Members]]:
        """The mappings listed under `name` in the mapping to which `path` leads."""
        parent: Any = self._plain
        for step in path:
            parent = parent[step]
        listed = parent.get(name)
        if isinstance(listed, list):
            for index, each in enumerate(listed):
                if isinstance(each, dict):
                    yield (*path, name, index), each

    def _value(self, path: Path, members: Members, name: str, form: str) -> Any:
        """A member as a value of that form; None where it is absent, or not of that form.

        Only what has the form and is no value all the same is told: the rest the schema does.
        """
        text = members.get(name)
        if not isinstance(text, str) or not fullmatch(SCHEMA["$defs"][form]["pattern"], text):
            return None
        try:
            return _FORMS[form](text)
        except Mistaken as mistaken:
            self._wrong((*path, name), mistaken.says)
        except ValueError:
            year, month = int(text[:4]), int(text[5:7])
            last = quoted(f"{text[:8]}{monthrange(year, month)[1]}{text[10:]}")
            says = Sentence(
                "is %(day)s, and there is no such day: that month ends with %(last)s",
                day=repr(text),
                last=last,
            )
            self._wrong((*path, name), says, (last,))
        return None

    # Keys and references.

    def _collect_keys(self) -> None:
        for kind, section in (
            ("studio", "studios"),
            ("employee", "employees"),
            ("rate", "rates"),
            ("class", "classes"),
            ("series", "series"),
            ("slot", "slots"),
            ("customer", "customers"),
            ("application", "applications"),
        ):
            if section in self._plain:
                self._told.add(kind)
            for path, each in self._each((), section):
                self._key(kind, path, each)
                self._named(kind, each)
                if each.get("deleted") is True and isinstance(each.get("key"), str):
                    self._deleted.add((kind, each["key"]))
        for path, class_ in self._each((), "classes"):
            self._belongs("class", path, class_, class_.get("studio"))
        studios = [each for _, each in self._each((), "studios")]
        if studios and all("locations" in each for each in studios):
            self._told.add("location")
        for path, studio in self._each((), "studios"):
            for inner, location in self._each(path, "locations"):
                self._key("location", inner, location)
                self._named("location", location)
                self._belongs("location", inner, location, studio.get("key"))
            for inner, closure in self._each(path, "closures"):
                self._key("closure", inner, closure)
        for path, _ in self._each((), "customers"):
            for inner, membership in self._each(path, "memberships"):
                self._key("membership", inner, membership)
                for innermost, idle_period in self._each(inner, "idle_periods"):
                    self._key("idle period", innermost, idle_period)

    def _key(self, kind: str, path: Path, members: Members) -> None:
        key = members.get("key")
        if not isinstance(key, str):
            return
        first = self._keys.setdefault(kind, {}).setdefault(key, path)
        if first != path:
            line = self._document.line_of((*first, "key"))
            says = Sentence(
                "is %(key)s, like that of the %(kind)s in line %(line)s",
                key=repr(key),
                kind=KINDS[kind],
                line=line,
            )
            self._wrong((*path, "key"), says)

    def _belongs(self, kind: str, path: Path, members: Members, studio: Any) -> None:
        key = members.get("key")
        if isinstance(key, str) and isinstance(studio, str):
            self._studio_of[kind, key] = studio

    def _named(self, kind: str, members: Members) -> None:
        key = members.get("key")
        if isinstance(key, str):
            for name in names_of(members):
                self._names.setdefault((kind, name), set()).add(key)

    def _refers(self, path: Path, key: Any, kind: str, studio: str | None = None) -> None:
        """`key` at `path` has to be one of that kind; a location, one of that studio."""
        if not isinstance(key, str):
            return
        if (kind, key) in self._deleted:
            says = Sentence(
                "is %(key)s, but this file deletes that %(kind)s", key=repr(key), kind=KINDS[kind]
            )
            self._wrong(path, says)
            return
        if key in self._keys.get(kind, ()):
            return
        is_told = kind in self._told
        if not is_told and (self._stored is None or key in self._stored.keys[kind]):
            return
        named = self._meant(kind, studio, self._with_name(kind, key))
        if len(named) == 1:
            says = Sentence(
                "is %(key)s, but that is the name of the %(kind)s: write its key, %(meant)s",
                key=repr(key),
                kind=KINDS[kind],
                meant=quoted(named[0]),
            )
            self._wrong(path, says, (quoted(named[0]),))
            return
        says = Sentence(
            "is %(key)s, but there is no such %(kind)s in this file or stored",
            key=repr(key),
            kind=KINDS[kind],
        )
        if is_told:
            says = Sentence(
                "is %(key)s, but there is no such %(kind)s in this file",
                key=repr(key),
                kind=KINDS[kind],
            )
        folded = key.strip().casefold()
        known = self._meant(kind, studio, self._known(kind))
        alike = [each for each in known if each.casefold() == folded]
        if close := alike or get_close_matches(key, known, n=1, cutoff=0.75):
            meant = quoted(close[0])
            says = Sentence("%(says)s; did you mean %(meant)s?", says=says, meant=meant)
            self._wrong(path, says, (meant,))
        else:
            self._wrong(path, says)

    def _is_there(self, kind: str, key: str) -> bool:
        """Whether there is such a thing, as far as that is known."""
        return key in self._known(kind) or (kind not in self._told and self._stored is None)

    def _with_name(self, kind: str, name: str) -> Collection[str]:
        """The keys of what is called so."""
        folded = folded_name(name)
        if kind in self._told or self._stored is None:
            return self._names.get((kind, folded), ())
        stored = self._stored.names.get(kind, {}).get(folded, ())
        return {*self._names.get((kind, folded), ()), *stored}

    def _known(self, kind: str) -> Collection[str]:
        told = self._keys.get(kind, {})
        if kind in self._told or self._stored is None:
            return told
        return {*told, *self._stored.keys[kind]}

    def _meant(self, kind: str, studio: str | None, keys: Collection[str]) -> list[str]:
        """Those of the keys that can be referred to here."""
        return sorted(
            each
            for each in keys
            if (kind, each) not in self._deleted
            and (studio is None or self._studio_of.get((kind, each), studio) == studio)
        )

    def _refers_all(self, path: Path, members: Members, name: str, kind: str) -> None:
        listed = members.get(name)
        if isinstance(listed, list):
            for index, key in enumerate(listed):
                self._refers((*path, name, index), key, kind)

    # One section after the other.

    def _studio(self, path: Path, studio: Members) -> None:
        self._in_order(path, studio, "opening_date", "closing_date")
        for name in ("opening_hours", "public_opening_hours"):
            self._hours([*self._each(path, name)])
        for inner, closure in self._each(path, "closures"):
            since = self._value(inner, closure, "from", "local")
            until = self._value(inner, closure, "to", "local")
            if since is not None and until is not None and since >= until:
                self._wrong((*inner, "to"), Sentence("must lie after 'from'"))

    def _hours(self, listed: Sequence[tuple[Path, Members]]) -> None:
        taken: list[tuple[int, int, Path]] = []
        for path, hours in listed:
            day_from = _weekday(hours.get("day_from"))
            day_to = _weekday(hours.get("day_to", hours.get("day_from")))
            opens_at = self._value(path, hours, "time_from", "time")
            closes_at = self._value(path, hours, "time_to", "time")
            if day_from is None or day_to is None or opens_at is None or closes_at is None:
                continue
            if day_to < day_from:
                says = Sentence("lies before 'day_from'; write two lines instead")
                self._wrong((*path, "day_to"), says)
                continue
            if opens_at == closes_at:
                says = Sentence("is when it opens; write 00:00 to 23:59 for all day")
                self._wrong((*path, "time_to"), says)
                continue
            times = [
                each
                for day in range(day_from, day_to + 1)
                for each in minutes_of_week(day, opens_at, closes_at)
            ]
            for begin, end, other in taken:
                if any(begin < until and since < end for since, until in times):
                    line = self._document.line_of(other)
                    self._wrong(path, Sentence("overlaps the hours in line %(line)s", line=line))
                    break
            taken.extend((begin, end, path) for begin, end in times)

    def _contingents(self, path: Path, members: Members) -> None:
        seen = set()
        for inner, contingent in self._each(path, "contingents"):
            period = contingent.get("period")
            if isinstance(period, str) and period in seen:
                says = Sentence("%(period)s has a contingent already", period=period)
                self._wrong((*inner, "period"), says)
            seen.add(period if isinstance(period, str) else None)

    def _class(self, path: Path, class_: Members) -> None:
        self._refers((*path, "studio"), class_.get("studio"), "studio")
        self._refers_all(path, class_, "rates", "rate")
        for name in _TERMS:
            self._value(path, class_, name, "term")
        for name in _LENGTHS:
            self._value(path, class_, name, "length")
        earliest = self._value(path, class_, "earliest_booking", "term")
        latest = self._value(
            path, {"latest_booking": "0 MINUTES", **class_}, "latest_booking", "term"
        )
        if earliest is not None and latest is not None:
            utc = ZoneInfo("UTC")
            if opens(earliest, _SAMPLE, utc) > closes(latest, _SAMPLE, utc):
                self._wrong(
                    (*path, "earliest_booking"),
                    Sentence(
                        "booking opens %(opens)s before the start and closes %(closes)s before it: "
                        "it closes before it opens",
                        opens=str(earliest),
                        closes=str(latest),
                    ),
                )
        named = class_.get("who_may_book") == "NAMED_RATES"
        if named and not class_.get("rates"):
            says = Sentence("is NAMED_RATES: name them under 'rates'")
            self._wrong((*path, "who_may_book"), says)
        if class_.get("rates") and not named:
            says = Sentence("means nothing without 'who_may_book: NAMED_RATES'")
            self._wrong((*path, "rates"), says)

    def _planned(self, path: Path, planned: Members) -> None:
        """A series or a single slot."""
        class_ = planned.get("class")
        self._refers((*path, "class"), class_, "class")
        self._refers_all(path, planned, "instructors", "employee")
        location = planned.get("location")
        held_in = self._studio_of.get(("class", class_)) if isinstance(class_, str) else None
        if held_in is not None and not self._is_there("studio", held_in):
            held_in = None  # Which studio is meant is told at the class.
        self._refers((*path, "location"), location, "location", held_in)
        is_in = self._studio_of.get(("location", location)) if isinstance(location, str) else None
        if held_in is not None and is_in is not None and held_in != is_in:
            says = Sentence(
                "%(room)s is in the studio %(other)s, but the class is held in %(studio)s",
                room=repr(location),
                other=repr(is_in),
                studio=repr(held_in),
            )
            self._wrong((*path, "location"), says)
        self._in_order(path, planned, "first_day", "last_day")
        if path[0] == "slots":
            self._value(path, planned, "start", "local")

    def _customer(self, path: Path, customer: Members) -> None:
        self._refers((*path, "studio"), customer.get("studio"), "studio")
        self._value(path, customer, "date_of_birth", "date")
        number = customer.get("number")
        if isinstance(number, str):
            first = self._keys.setdefault("customer number", {}).setdefault(number, path)
            if first != path:
                line = self._document.line_of((*first, "number"))
                self._wrong((*path, "number"), _like_another(number, line))
        for inner, membership in self._each(path, "memberships"):
            self._membership(inner, membership)

    def _membership(self, path: Path, membership: Members) -> None:
        self._refers((*path, "rate"), membership.get("rate"), "rate")
        self._contingents(path, membership)
        self._in_order(path, membership, "from", "until")
        for inner, idle_period in self._each(path, "idle_periods"):
            self._in_order(inner, idle_period, "from", "until")

    def _in_order(self, path: Path, members: Members, first: str, last: str) -> None:
        """The last day must not lie before the first."""
        begin, end = (self._value(path, members, name, "date") for name in (first, last))
        if begin is not None and end is not None and end < begin:
            says = Sentence("lies before %(member)s", member=repr(first))
            self._wrong((*path, last), says)

    def _application(self, path: Path, application: Members) -> None:
        seen: dict[str, Path] = {}
        for inner, integration in self._each(path, "integrations"):
            studio = integration.get("studio")
            self._refers((*inner, "studio"), studio, "studio")
            if isinstance(studio, str) and seen.setdefault(studio, inner) != inner:
                line = self._document.line_of(seen[studio])
                self._wrong((*inner, "studio"), _like_another(studio, line))
            webhooks = integration.get("webhooks")
            if isinstance(webhooks, dict):
                self._webhooks((*inner, "webhooks"), webhooks)

    def _webhooks(self, path: Path, webhooks: Members) -> None:
        if webhooks.get("url", ...) is None:
            for name in ("types", "further"):
                if name in webhooks:
                    self._wrong((*path, name), Sentence("means nothing where 'url' is null"))
        seen: dict[str, Path] = {}
        for inner, endpoint in self._each(path, "further"):
            key = endpoint.get("key")
            if key == DEFAULT_ENDPOINT:
                says = Sentence(
                    "is %(key)s, which is the name of the one at 'url': give another", key=repr(key)
                )
                self._wrong((*inner, "key"), says)
            elif isinstance(key, str) and seen.setdefault(key, inner) != inner:
                line = self._document.line_of(seen[key])
                self._wrong((*inner, "key"), _like_another(key, line))
        retry = webhooks.get("retry")
        if isinstance(retry, dict):
            self._retry((*path, "retry"), retry)

    def _retry(self, path: Path, retry: Members) -> None:
        seconds = retry.get("seconds")
        if "plan" not in retry and "seconds" not in retry:
            self._wrong(path, Sentence("says nothing: give 'plan' or 'seconds'"))
        elif "plan" in retry and "seconds" in retry:
            says = Sentence("stands beside 'plan': leave out one of them")
            self._wrong((*path, "seconds"), says)
        elif isinstance(seconds, list) and len(seconds) > MOST_REPEATS:
            says = Sentence(
                "has %(count)s repeats: give at most %(most)s",
                count=len(seconds),
                most=MOST_REPEATS,
            )
            self._wrong((*path, "seconds"), says)


NAMES = ("name", "title", "public_name", "first_name", "last_name")
"""The members by which people call a thing."""


def names_of(members: Mapping[str, Any]) -> Iterator[str]:
    """What people call a thing, other than by its key."""
    first, last = members.get("first_name"), members.get("last_name")
    names = [members.get(each) for each in NAMES if each != "last_name"]
    if first is not None and last is not None:
        names += [f"{first} {last}", f"{last}, {first}"]
    for name in names:
        if isinstance(name, str):
            yield folded_name(name)


def folded_name(name: str) -> str:
    return " ".join(name.split()).casefold()


def _like_another(value: str, line: int) -> Sentence:
    return Sentence("is %(value)s, like that in line %(line)s", value=repr(value), line=line)


def _weekday(name: Any) -> int | None:
    return WEEKDAYS.index(name) if name in WEEKDAYS else None
