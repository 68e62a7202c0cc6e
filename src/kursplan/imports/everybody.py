"""Everybody whom an import knows of, stored customers and those of rows before, to be found again.

They may be hundreds of thousands, and each row is looked for among all of them. So they are in a database of
its own, which SQLite keeps in memory as long as it is small, and beyond that in a file without a name.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from kursplan.domain.names import folded, folded_address
from kursplan.domain.sentences import Sentence
from kursplan.imports.people import Facts

_IN_MEMORY = 4 * 1024
"""In KiB."""

_TABLE = """
CREATE TABLE known (
    place INTEGER PRIMARY KEY,
    key TEXT NOT NULL,
    number TEXT,
    address TEXT,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    becomes TEXT,
    seen INTEGER
);
CREATE UNIQUE INDEX by_key ON known (key);
CREATE INDEX by_number ON known (number) WHERE number IS NOT NULL;
CREATE INDEX by_address ON known (address) WHERE address IS NOT NULL;
CREATE INDEX by_name ON known (name);
"""


@dataclass(frozen=True, slots=True)
class Known:
    """A customer who is stored, or who was in a row before; as the file would have them."""

    key: str
    studio: str
    facts: Facts = field(repr=False)
    line: int | None = None
    """The row in which they are, where they are not stored."""
    said: Facts = field(default_factory=dict, repr=False)
    """What a file said of them the last time; what it says again is no change of its own."""

    @property
    def called(self) -> str:
        return f"{self.facts['first_name']} {self.facts['last_name']}"

    @property
    def number(self) -> str | None:
        return self.facts.get("number")

    @property
    def told(self) -> Sentence:
        """Who it is, within a sentence."""
        if self.line is not None:
            return Sentence("%(who)s (in line %(line)s)", who=self.called, line=self.line)
        return Sentence("%(who)s (number %(number)s)", who=self.called, number=self.number or "-")

    def __str__(self) -> str:
        return str(self.told)


class Everybody:
    """Finds people as they were when they became known, in that order."""

    def __init__(self, known: Iterable[Known] = ()) -> None:
        # Without a name: it is of nobody else, and gone when it is closed. It may be made in one thread and
        # asked in another, one after the other.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._database.close)
        self._database.executescript(
            f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -{_IN_MEMORY};"
            f"PRAGMA temp_store = FILE; PRAGMA locking_mode = EXCLUSIVE; {_TABLE} BEGIN;"
        )
        self.know(known)

    def know(self, people: Iterable[Known]) -> None:
        """Those of rows are seen in their lines."""
        self._database.executemany(
            "INSERT INTO known (key, number, address, name, who, seen) VALUES (?, ?, ?, ?, ?, ?)",
            (
                (
                    who.key,
                    who.number,
                    _address(who.facts.get("email")),
                    folded(who.called),
                    json.dumps([who.key, who.studio, who.facts, who.line, who.said]),
                    who.line,
                )
                for who in people
            ),
        )

    def __contains__(self, key: str) -> bool:
        return bool(self._database.execute("SELECT 1 FROM known WHERE key = ?", (key,)).fetchall())

    def by_key(self, key: str) -> Known | None:
        found = self.as_of_now(key)
        return None if found is None else found[0]

    def as_of_now(self, key: str) -> tuple[Known, int | None] | None:
        """Whoever goes by it, as rows before have changed them, and in which line they were."""
        select = "SELECT who, becomes, seen FROM known WHERE key = ?"
        for who, becomes, seen in self._database.execute(select, (key,)).fetchall():
            known = _known(who)
            return known if becomes is None else replace(known, facts=json.loads(becomes)), seen
        return None

    def by_number(self, number: str) -> Known | None:
        found = self._find("number = ?", number)
        return found[-1] if found else None

    def at_address(self, email: str) -> list[Known]:
        return self._find("address = ?", folded_address(email))

    def called(self, name: str) -> list[Known]:
        return self._find("name = ?", folded(name))

    def _find(self, where: str, wanted: str) -> list[Known]:
        select = f"SELECT who FROM known WHERE {where} ORDER BY place"
        return [_known(who) for (who,) in self._database.execute(select, (wanted,))]

    def see(self, key: str, line: int, becomes: Facts | None = None) -> None:
        """They are in this line of the file, with what rows to come are to be compared with."""
        self._database.execute(
            "UPDATE known SET seen = ?, becomes = ? WHERE key = ?",
            (line, None if becomes is None else json.dumps(becomes), key),
        )


def _address(email: str | None) -> str | None:
    return None if email is None else folded_address(email)


def _known(written: str) -> Known:
    key, studio, facts, line, said = json.loads(written)
    return Known(key, studio, facts, line, said)
