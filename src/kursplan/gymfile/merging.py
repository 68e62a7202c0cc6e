"""Merging entries one by one, and noting what there is to be told about each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.consistent import drop_what_means_nothing
from kursplan.gymfile.differences import Differences
from kursplan.gymfile.document import Node
from kursplan.gymfile.findings import Change, Disagreement, Entry
from kursplan.gymfile.members import Said, members_of
from kursplan.gymfile.mistakes import Path, written
from kursplan.gymfile.three_way import (
    ABSENT,
    Absent,
    Ended,
    Fate,
    Kind,
    Members,
    Merged,
    Wish,
    merge,
)


def never_ends(_kind: Kind, _members: Members) -> bool:
    """Of what can't be over."""
    return False


class Merging:
    """Merges entries of a file with what is there, and notes in `found` what comes of them."""

    def __init__(
        self,
        document: Node,
        told: Mapping[str, Mapping[str, Any]],
        wish: Wish,
        found: Differences,
    ) -> None:
        self._document = document
        self._told = told
        self._wish = wish
        self._found = found

    def _then(self, section: str, key: str) -> Members | Absent | None:
        then: Members | Absent | None = self._told.get(section, {}).get(key, ABSENT)
        return then

    def merge(
        self,
        kind: Kind,
        key: str,
        said: Said | None,
        stands: Any | None,
        is_ended: Ended = never_ends,
    ) -> Merged:
        """What comes of an entry; whatever there is to be told about it is noted."""
        then = self._then(kind.section, key)
        now = ABSENT if said is None else said.members
        there = ABSENT if stands is None else members_of(stands)
        merged = merge(kind, key, then, now, there, self._wish, is_ended)
        drop_what_means_nothing(merged)
        path = () if said is None else said.path
        self._note(merged, path, None, then_known=not isinstance(then, Absent))
        self._keep(kind.section, key, merged.told, then)
        never_told = said is None and merged.fate is Fate.STAYS and not isinstance(then, dict)
        if never_told and not (isinstance(there, Absent) or is_ended(kind, there)):
            self._found.only_there.append(Entry(kind.section, key))
        return merged

    def _keep(self, section: str, key: str, told: Any, then: Any) -> None:
        if not isinstance(told, Absent) and told != then:
            self._found.told[section, key] = told

    def _note(self, merged: Merged, path: Path, within: Entry | None, *, then_known: bool) -> None:
        entry = Entry(merged.kind.section, merged.key, within)
        for members, noted, is_conflict in (
            (merged.conflicts, self._found.conflicts, True),
            (merged.left, self._found.left, False),
        ):
            for each in members:
                place = (*path, *each.name.split(".")) if path else ()
                noted.append(
                    Disagreement(
                        self._document.line_of(place) if place else 0,
                        written(place),
                        entry,
                        each,
                        is_conflict,
                        then_known,
                    )
                )
        for each in merged.shorter:
            says = Sentence("only lacks something that is there: that goes with --remove alone")
            self.warn((*path, *each.name.split(".")), says)
        if merged.fate is Fate.MISSING:
            self._found.missing.append(entry)
        elif merged.fate is Fate.GONE and path:
            says = Sentence("was taken away by others, and stays away; the file did not change it")
            self.warn(path, says)
        if merged.changes_something:
            self._found.changes.append(Change(entry, merged.fate, tuple(merged.changed)))
        if merged.fate is Fate.NEW:
            return  # With all that is in it.
        for name, listed in merged.inner.items():
            for key, inner in listed.items():
                place = self.place_in(path, name, key)
                if inner.stays_over:
                    end = inner.kind.ended_by
                    says = Sentence(
                        "is over and stays so; to have it go on, say %(end)s and load it with --prefer file",
                        end=repr(end),
                    )
                    self.warn(place, says)
                self._note(inner, place, entry, then_known=then_known)

    def place_in(self, path: Path, name: str, key: str) -> Path:
        """Where in the list of that name the entry with that key is; nowhere if the file lacks it."""
        listed = (*path, *name.split("."))
        node = self._document.at(listed) if path else None
        if node is None or not isinstance(node.value, list):
            return ()
        for index, each in enumerate(node.plain()):
            if each.get("key", each.get("studio")) == key:
                return (*listed, index)
        return ()

    def warn(self, path: Path, says: Sentence) -> None:
        self._found.warnings.append(self._document.warning(path, says))
