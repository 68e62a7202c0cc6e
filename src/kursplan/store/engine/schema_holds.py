"""Whom a step of the schema keeps waiting, read off its statements: for an operator, before it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

from kursplan.store.engine import schema

_MAKES = re.compile(r"CREATE TABLE (\w+)", re.IGNORECASE)
_UNTIL_IT_IS_DONE = re.compile(
    r"(?:CREATE (?:UNIQUE )?INDEX (?:IF NOT EXISTS )?\S+ ON|UPDATE|DELETE FROM) (\w+)",
    re.IGNORECASE,
)
_FOR_A_MOMENT = re.compile(r"(?:ALTER TABLE|REFERENCES) (\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Hold:
    """A table that is there already and is kept for the step alone."""

    table: str
    is_by_rows: bool
    """Whether it takes longer the more rows there are; who reads does not wait then."""


def holds_of(sql: str) -> list[Hold]:
    """By the statements of a step, as PostgreSQL locks."""
    made = set(_MAKES.findall(sql)) | {"alembic_version"}
    by_rows = dict.fromkeys(_UNTIL_IT_IS_DONE.findall(sql))
    moments = dict.fromkeys(_FOR_A_MOMENT.findall(sql))
    return [
        *(Hold(each, True) for each in by_rows if each not in made),
        *(Hold(each, False) for each in moments if each not in made | by_rows.keys()),
    ]


def statements_of(found: str, dialect: str) -> Iterator[tuple[schema.Migration, str]]:
    """Each step from that revision on, with the statements that it would send; none is sent."""
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    for each in schema.migrations_after(found):
        written = StringIO()
        context = MigrationContext.configure(
            dialect_name=dialect, opts={"as_sql": True, "output_buffer": written}
        )
        with Operations.context(context):
            scripts.get_revision(each.revision).module.upgrade()
        yield each, written.getvalue()
