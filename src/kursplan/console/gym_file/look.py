"""A look at a gym file: what loading it would change, what is left alone, what it means for people."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final

from kursplan.console.carried import Carried
from kursplan.console.consequences.partners import partners
from kursplan.console.consequences.parts import parts
from kursplan.console.consequences.shown import Shown
from kursplan.console.gym_file.view import Conflict, Count, Entry, LookView, MistakeRow, Side
from kursplan.console.gym_file.words import SECTIONS, end_of, members, name_of, value
from kursplan.console.history.lines import by_whom
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.domain.localtime import local
from kursplan.domain.studios import zone_of
from kursplan.gymfile import Change, Disagreement, Foretold, Wish
from kursplan.gymfile.three_way import Absent, Fate, Way
from kursplan.store.staff import timetable

MOST_SHOWN: Final = 200
"""So many entries and conflicts stand on the page; of more, how many there are."""
LARGE_SHARE: Final = 0.1
"""Of all bookings to come: whoever takes more than that types how many."""
FILE, HOUSE = "file", "house"
"""Who wins."""
CHOICE: Final = "wins-"
"""So begin the names of the fields that say it."""

NOBODY: Final[Rehearsed[Any]] = Rehearsed((), (), {})
"""What it means for people where there is nothing to be done."""


def field_of(way: Way) -> str:
    """The name of the field that says who wins there."""
    return CHOICE + sha256("\0".join(way).encode()).hexdigest()[:20]


def wish(fields: Mapping[str, str], conflicts: Iterable[Disagreement]) -> Wish:
    """What is asked for: `conflicts` are all that there are, before anything is decided. One button may have
    said of all of them who wins."""
    everywhere = fields.get("all")
    wins = frozenset(
        each.way
        for each in conflicts
        if (everywhere or fields.get(field_of(each.way), HOUSE)) == FILE
    )
    return Wish(remove="remove" in fields, file_wins=wins)


@dataclass(frozen=True, slots=True)
class Look:
    """What was found out."""

    carried: Carried
    wish: Wish
    conflicts: Sequence[Disagreement]
    """All that there are, also those in which the file wins."""
    foretold: Foretold

    @property
    def rehearsed(self) -> Rehearsed[Any]:
        found: Rehearsed[Any] | None = self.foretold.rehearsed
        return NOBODY if found is None else replace(found, answer=tuple(map(tuple, found.answer)))

    @property
    def nothing(self) -> bool:
        """Whether there is nothing to be done or kept."""
        return not self.foretold.differences.changes and not self.foretold.differences.told

    @property
    def taken(self) -> int:
        return len(self.rehearsed.taken)

    @property
    def is_large(self) -> bool:
        """Whether it takes so many bookings that their number has to be typed."""
        return self.taken > LARGE_SHARE * self.foretold.bookings_to_come

    @property
    def seen(self) -> str:
        """All of it, short enough to be sent along: what is different by then has another one."""
        differences = self.foretold.differences
        told: list[list[Any]] = [
            [
                str(each.entry),
                each.fate.value,
                [(one.name, _plain(one.now)) for one in each.members],
            ]
            for each in differences.changes
        ]
        told += [
            [each.way, _plain(each.member.now), _plain(each.member.there)]
            for each in differences.conflicts
        ]
        digest = sha256(json.dumps(told, default=str).encode()).hexdigest()[:24]
        return f"{digest}!{Shown.of(self.rehearsed).written()}"

    def differences_to(self, before: str, words: Words) -> Iterator[str]:
        """In sentences, what is different from what was shown before."""
        digest, _, people = before.partition("!")
        now, _, _ = self.seen.partition("!")
        if digest != now:
            yield words.gettext("What the file would change is not what you saw.")
        yield from Shown.read(people).differences(Shown.of(self.rehearsed), words)


def _plain(said: Any) -> Any:
    return None if isinstance(said, Absent) else [said]


async def view(
    visit: Visit,
    look: Look,
    *,
    changed: Iterable[str] = (),
    takes_error: str = "",
) -> LookView:
    """The page."""
    words, found = visit.words, look.foretold.differences
    writer = _Writer(words, look.wish, await _moments(visit, look.conflicts))
    conflicts = list(_by_way(look.conflicts).values())
    shown = conflicts[:MOST_SHOWN]
    entries = [writer.change(each) for each in found.changes if each.fate is not Fate.NEW]
    return LookView(
        name=look.carried.name,
        packed=look.carried.packed,
        remove=look.wish.remove,
        nothing=look.nothing,
        lead=_lead(words, look),
        changed=tuple(changed),
        counts=tuple(writer.counts(look)),
        entries=tuple(entries[:MOST_SHOWN]),
        further=_further(words, len(entries)),
        conflicts=tuple(writer.conflict(each) for each in shown),
        conflicts_title=words.ngettext(
            "%(n)s conflict: the file and somebody else changed the same",
            "%(n)s conflicts: the file and others changed the same",
            len(conflicts),
        ),
        conflicts_further=_further(words, len(conflicts)),
        carried=tuple(
            (field_of(each[0].way), FILE)
            for each in conflicts[MOST_SHOWN:]
            if look.wish.prefers_file(each[0].way)
        ),
        left=tuple(writer.left(each) for each in found.left[:MOST_SHOWN]),
        left_title=words.ngettext(
            "%(n)s value was changed here since, and the file did not change it: it stays",
            "%(n)s values were changed here since, and the file did not change them: they stay",
            len(found.left),
        ),
        missing=tuple(name_of(words, each) for each in found.missing[:MOST_SHOWN]),
        warnings=tuple(
            MistakeRow(_line(words, each.line), each.path, each.says.said(words))
            for each in found.warnings[:MOST_SHOWN]
        ),
        parts=tuple(parts(words, look.rehearsed, None)) if found.changes else (),
        partners=await partners(visit, look.rehearsed),
        takes=_takes(words, look),
        asks_takes=look.is_large,
        takes_error=takes_error,
        seen=look.seen,
    )


def _by_way(conflicts: Iterable[Disagreement]) -> dict[Way, list[Disagreement]]:
    """Those that are decided together: all members of an entry that one side took away."""
    found: dict[Way, list[Disagreement]] = {}
    for each in conflicts:
        found.setdefault(each.way, []).append(each)
    return found


def _lead(words: Words, look: Look) -> str:
    if look.nothing:
        return words.gettext("The file and what is here say the same: there is nothing to be done.")
    if not look.foretold.differences.changes:
        return words.gettext("Nothing changes. What the file says is kept, for the next time.")
    return words.gettext("Nothing has happened yet. This is what loading the file would do.")


def _takes(words: Words, look: Look) -> str:
    if not look.taken:
        return ""
    return words.ngettext(
        "It takes %(n)s of %(all)s booking to come, or moves it.",
        "It takes %(n)s of %(all)s bookings to come, or moves them.",
        look.taken,
        all=words.number(look.foretold.bookings_to_come),
    )


def _further(words: Words, count: int) -> str:
    further = count - MOST_SHOWN
    return words.ngettext("and %(n)s more", "and %(n)s more", further) if further > 0 else ""


def _line(words: Words, line: int) -> str:
    return words.gettext("Line %(n)s", n=line) if line else ""


async def _moments(visit: Visit, conflicts: Sequence[Disagreement]) -> Mapping[int, str]:
    """Who changed what last, and when, by the number of the line of history."""
    lines = [each.changed for each in conflicts if each.changed is not None]
    if not lines:
        return {}
    studios = await visit.read(timetable.studios)
    zone = zone_of(studios[0].zone if studios else "UTC")
    who = await by_whom(visit, lines)
    return {
        each.id: visit.words.gettext(
            "%(who)s, %(at)s",
            who=who[each.id],
            at=visit.words.moment(local(each.happened_at, zone)),
        )
        for each in lines
    }


class _Writer:
    def __init__(self, words: Words, wish: Wish, moments: Mapping[int, str]) -> None:
        self._words = words
        self._wish = wish
        self._moments = moments

    def counts(self, look: Look) -> Iterator[Count]:
        number = self._words.number
        for section, count in look.foretold.differences.summary.sections.items():
            if count.created or count.changed or count.removed:
                told = (count.created, count.changed, count.removed)
                shown = [number(each) if each else "–" for each in told]
                yield Count(self._words.gettext(SECTIONS[section]), *shown)

    def change(self, change: Change) -> Entry:
        fate = end_of(self._words, change.entry.section) if change.fate is Fate.REMOVED else ""
        return Entry(
            name_of(self._words, change.entry),
            "",
            fate,
            tuple(
                one
                for each in change.members
                for one in members(self._words, each.name, each.there, each.now)
            ),
        )

    def left(self, left: Disagreement) -> Entry:
        member = left.member
        shown = members(self._words, member.name, member.now, member.there)
        return Entry(
            name_of(self._words, left.entry), _line(self._words, left.line), "", tuple(shown)
        )

    def conflict(self, together: Sequence[Disagreement]) -> Conflict:
        words, first = self._words, together[0]
        file_wins = self._wish.prefers_file(first.way)
        is_of_entry = first.way == first.entry.way
        here = words.gettext("taken away here")
        if not isinstance(first.member.there, Absent):
            here = self._all(together, [each.member.there for each in together])
        there = words.gettext("not in the file any more")
        if not isinstance(first.member.now, Absent):
            there = self._all(together, [each.member.now for each in together])
        before = self._all(together, [each.member.then for each in together])
        who = "" if first.changed is None else self._moments.get(first.changed.id, "")
        return Conflict(
            field_of(first.way),
            name_of(words, first.entry),
            "" if is_of_entry else first.member.name,
            _line(words, first.line),
            before if first.then_known else words.gettext("nobody knows any more"),
            (
                Side(HOUSE, words.gettext("Leave what is here"), here, who, not file_wins),
                Side(FILE, words.gettext("Take the file’s"), there, "", file_wins),
            ),
        )

    def _all(self, together: Sequence[Disagreement], values: Sequence[Any]) -> str:
        """The value; of several members each with its name."""
        shown = [value(self._words, each) for each in values]
        if len(shown) == 1:
            return shown[0]
        named = zip(together, shown, strict=True)
        return "; ".join(f"{each.member.name}: {says}" for each, says in named)
