"""Three-way: what a file said, what it says, and what is there; and what comes of it.

What the file did not change is left as it is, whoever changed it. What only the file changed is
applied. What both changed is a conflict, and left alone unless the file is preferred. What is
missing from the file is never reset, and ends only where that is asked for.

Values are those of a document: text, numbers, lists, and mappings of entries by key. This module
knows neither what they mean nor where they are stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Way = tuple[str, ...]
"""The way to an entry, `("classes", "yoga")` or `("customers", "c1", "memberships", "m1")`; or to a member
of it, whose name stands at its end."""
Members = dict[str, Any]
"""What is said of an entry, by the names of the document. A list with keys is a mapping by key."""


class Absent(Enum):
    """Nothing is said or known; stands apart from None, which a document calls null."""

    ABSENT = "ABSENT"


ABSENT = Absent.ABSENT

GONE = None
"""What a file said of an entry that it once had and then, by way of removing it, had no longer."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What whoever loads the file asks for."""

    prefer_file: bool = False
    """Whether the file wins wherever both it and somebody else changed something."""
    remove: bool = False
    """Whether what the file had and has no longer is taken away."""
    file_wins: frozenset[Way] = frozenset()
    """Where else the file wins: the ways to members that both changed, or to entries that one side removed
    and the other changed."""

    def prefers_file(self, way: Way) -> bool:
        """Whether the file wins there."""
        return self.prefer_file or way in self.file_wins


@dataclass(frozen=True, slots=True)
class Kind:
    """Entries of one kind, as far as merging them has to know them."""

    section: str
    """How they are counted and told: "classes", "idle periods"."""
    lists: Mapping[str, Kind] = field(default_factory=dict)
    """The members that are lists with keys."""
    standard: Mapping[str, Any] = field(default_factory=dict)
    """What members have of which nobody ever said anything; None for those that are not listed."""
    ended_by: str | None = None
    """The member that says that an entry is over, where one can be."""
    going_on: Any = None
    """What that member says of one that goes on."""
    is_removed: bool = True
    """Whether an entry can end by being missing; others only end where the file says `deleted`."""


Ended = Callable[[Kind, Members], bool]
"""Whether an entry is over as it stands: nothing is left of it to remove."""


class Fate(Enum):
    """What becomes of an entry."""

    NEW = "NEW"
    STAYS = "STAYS"
    """It is there and in the file; members of it may change."""
    REMOVED = "REMOVED"
    MISSING = "MISSING"
    """It is there, and not in the file any more; it stays."""
    GONE = "GONE"
    """Others removed it, and the file says of it what it said before: it stays away."""
    CONFLICT = "CONFLICT"
    """One side removed it and the other changed it; it stays as it is."""


@dataclass(frozen=True, slots=True)
class Member:
    """What three say of one member; ABSENT where nothing is said."""

    name: str
    then: Any = field(repr=False)
    now: Any = field(repr=False)
    there: Any = field(repr=False)


@dataclass(slots=True)
class Merged:
    """What comes of an entry, and of the entries in its lists."""

    kind: Kind
    key: str
    fate: Fate
    after: Members | None = field(repr=False)
    """What is to be there, with all members; None where nothing is, or is to be."""
    told: Members | Absent | None = field(repr=False)
    """What to keep as said by the file: `then` wherever it did not get its way."""
    changed: list[Member] = field(default_factory=list)
    conflicts: list[Member] = field(default_factory=list)
    left: list[Member] = field(default_factory=list)
    """What others changed and the file did not, so that the two differ."""
    shorter: list[Member] = field(default_factory=list)
    """Lists that only lack something in the file, and keep it."""
    stays_over: bool = False
    """Whether it is over, and the file has it without a word of that."""
    inner: dict[str, dict[str, Merged]] = field(default_factory=dict)
    """What comes of the entries of its lists, by the list's name and their keys."""

    @property
    def changes_something(self) -> bool:
        """Whether anything is to be done about this one, apart from what is in it."""
        return bool(self.changed) or self.fate in (Fate.NEW, Fate.REMOVED)

    def all(self) -> Iterator[Merged]:
        """This one and all that are in it."""
        yield self
        for listed in self.inner.values():
            for each in listed.values():
                yield from each.all()


def merge(
    kind: Kind,
    key: str,
    then: Members | Absent | None,
    now: Members | Absent,
    there: Members | Absent,
    wish: Wish,
    is_ended: Ended = lambda _kind, _members: False,
    within: Way = (),
) -> Merged:
    """What comes of one entry; `then` is ABSENT where it isn't known what a file said of it.

    `within` is the way to the entry in whose list it is.
    """
    way = (*within, kind.section, key)
    if isinstance(now, Absent):
        return _missing(kind, key, then, there, wish, is_ended, way)
    if isinstance(there, Absent):
        return _not_there(kind, key, then, now, wish, way)
    if then is GONE and kind.ended_by is not None and is_ended(kind, there):
        # The file took it away and has it again: nobody else was at work, and what ended goes on.
        now = {kind.ended_by: kind.going_on, **now}
        merged = _both(kind, key, there, now, there, wish, is_ended, way)
        merged.told = dict(now)
        return merged
    said = then if isinstance(then, dict) else {}
    return _both(kind, key, said, now, there, wish, is_ended, way)


def _missing(
    kind: Kind,
    key: str,
    then: Members | Absent | None,
    there: Members | Absent,
    wish: Wish,
    is_ended: Ended,
    way: Way,
) -> Merged:
    """The file does not have it."""
    if isinstance(there, Absent):
        return Merged(kind, key, Fate.GONE, None, GONE if isinstance(then, dict) else then)
    if not isinstance(then, dict) or not kind.is_removed or is_ended(kind, there):
        return Merged(kind, key, Fate.STAYS, there, then)
    if not wish.remove:
        return Merged(kind, key, Fate.MISSING, there, then)
    by_others = [
        Member(name, said, ABSENT, there.get(name))
        for name, said in then.items()
        if name not in kind.lists and said != there.get(name)
    ]
    if by_others and not wish.prefers_file(way):
        return Merged(kind, key, Fate.CONFLICT, there, then, conflicts=by_others)
    return Merged(kind, key, Fate.REMOVED, None, GONE)


def _not_there(
    kind: Kind, key: str, then: Members | Absent | None, now: Members, wish: Wish, way: Way
) -> Merged:
    """The file has it, and it is not stored."""
    if isinstance(then, dict):
        by_file = [
            Member(name, then.get(name, ABSENT), said, ABSENT)
            for name, said in now.items()
            if said != then.get(name, ABSENT)
        ]
        if not by_file:
            return Merged(kind, key, Fate.GONE, None, then)
        if not wish.prefers_file(way):
            return Merged(kind, key, Fate.CONFLICT, None, then, conflicts=by_file)
    merged = Merged(kind, key, Fate.NEW, dict(now), dict(now))
    for name, inner in kind.lists.items():
        if name in now:
            merged.inner[name] = {
                each: merge(inner, each, ABSENT, members, ABSENT, wish)
                for each, members in now[name].items()
            }
    return merged


def _both(
    kind: Kind,
    key: str,
    then: Members,
    now: Members,
    there: Members,
    wish: Wish,
    is_ended: Ended,
    way: Way,
) -> Merged:
    """It is stored, and in the file."""
    merged = Merged(kind, key, Fate.STAYS, dict(there), dict(then))
    after, told = dict(there), dict(then)
    merged.after, merged.told = after, told
    for name, said in now.items():
        if name in kind.lists:
            _list(merged, name, said, then.get(name, {}), there.get(name, {}), wish, is_ended, way)
            after[name] = {
                each: one.after for each, one in merged.inner[name].items() if one.after is not None
            }
            told[name] = {
                each: one.told
                for each, one in merged.inner[name].items()
                if not isinstance(one.told, Absent)
            }
            continue
        member = Member(name, then.get(name, ABSENT), said, there.get(name))
        if said == member.there:
            told[name] = said
        elif said == member.then:
            merged.left.append(member)
        elif not wish.prefers_file((*way, name)) and not _only_the_file_changed(kind, member):
            merged.conflicts.append(member)
        elif not wish.remove and _is_shorter(said, member.there):
            merged.shorter.append(member)
        else:
            merged.changed.append(member)
            after[name] = told[name] = said
    merged.stays_over = kind.ended_by not in now and is_ended(kind, after)
    return merged


def _list(
    merged: Merged,
    name: str,
    now: Members,
    then: Members,
    there: Members,
    wish: Wish,
    is_ended: Ended,
    within: Way,
) -> None:
    """The entries of a list that the file has: those of the file first, in its order."""
    merged.inner[name] = {
        each: merge(
            merged.kind.lists[name],
            each,
            then.get(each, ABSENT),
            now.get(each, ABSENT),
            there.get(each, ABSENT),
            wish,
            is_ended,
            within,
        )
        for each in {**now, **there, **then}
    }


def _only_the_file_changed(kind: Kind, member: Member) -> bool:
    """Of what no file said anything, others are the only ones who can have changed it."""
    if isinstance(member.then, Absent):
        return bool(member.there == kind.standard.get(member.name))
    return bool(member.there == member.then)


def _is_shorter(now: Any, there: Any) -> bool:
    """Whether a list only lacks something, or a text its last lines, as in a file that was cut off."""
    match now, there:
        case list(), list():
            return len(now) < len(there) and all(each in there for each in now)
        case ((str() | None), str()):
            return there.startswith(f"{now}\n") if now else "\n" in there
        case _:
            return False
