"""What keeps a migration from being additive, read off the statements that it sends to a database.

The version before runs on the schema that a migration makes if all that it reads is still there, and all that it
writes is still taken. So a migration adds: tables, indexes, and columns that may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

OF_ITS_OWN = ("alembic_version", "schema_runs_from")
"""What migrations write down about themselves."""

_IDLE = re.compile(r"(SELECT|SET LOCAL|PRAGMA|BEGIN|COMMIT|CREATE SEQUENCE)\b", re.IGNORECASE)
_TABLE = re.compile(r"CREATE TABLE (\w+)", re.IGNORECASE)
_INDEX = re.compile(r"CREATE (UNIQUE )?INDEX (?:IF NOT EXISTS )?\w+ ON (\w+)", re.IGNORECASE)
_COLUMN = re.compile(r"ALTER TABLE (\w+) ADD COLUMN (.*)", re.IGNORECASE)
_ROWS = re.compile(r"(?:INSERT INTO|UPDATE|DELETE FROM) (\w+)", re.IGNORECASE)
_CONSTANT = re.compile(r"DEFAULT ('[^']*'|-?\d+|true|false|\(?'[^']*'\)?)(\s|$)", re.IGNORECASE)


def against(statements: Iterable[str]) -> Iterator[str]:
    """What stands against it, a line for each statement that does more than add."""
    made = set(OF_ITS_OWN)
    for each in statements:
        words = " ".join(each.split())
        if found := _TABLE.match(words):
            made.add(found[1])
        elif not _IDLE.match(words) and (why := _why(words, made)):
            yield f"{why}: {words}"


def _why(words: str, made: set[str]) -> str | None:
    if found := _INDEX.match(words):
        is_unique = found[1] is not None and found[2] not in made
        return "it refuses rows that the version before may write" if is_unique else None
    if found := _COLUMN.match(words):
        if found[1] in made:
            return None
        if " NOT NULL" in found[2].upper() and not _CONSTANT.search(found[2]):
            return "the version before does not fill it"
        if re.search(r"\b(UNIQUE|CHECK|REFERENCES)\b", found[2], re.IGNORECASE):
            return "it refuses rows that the version before may write"
        return None
    if found := _ROWS.match(words):
        return None if found[1] in made else "it changes rows while others wait for them"
    if found := re.match(r"ALTER TABLE (\w+)", words, re.IGNORECASE):
        return None if found[1] in made else "it changes what is there"
    return "it is nothing that only adds"
