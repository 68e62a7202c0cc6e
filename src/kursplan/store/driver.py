"""Statements that go straight to the driver, for what every request and every turn asks.

They are written with SQLAlchemy like all others, but compiled once for each database; after that
their text is fixed, and running one costs little more than the driver does. What that brings is
measured in docs/performance.md.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
    Executable,
    Table,
    bindparam,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.sql.expression import TableValuedAlias
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import await_only

Values = Mapping[str, Any]
Converter = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Text:
    """A statement as one driver takes it, and how values and rows are translated for it."""

    sql: str
    parameters: tuple[tuple[str, Converter | None], ...]
    """In the order in which the text asks for them."""
    standing: Values
    """The values of parameters that are part of the statement."""
    converted: tuple[tuple[int, Converter], ...]
    """What a row has to have converted, by position."""
    row: Callable[[Iterable[Any]], Any]

    @classmethod
    def of(cls, statement: Executable, dialect: Dialect) -> _Text:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        names = compiled.positiontup or ()
        given = getattr(statement, "exported_columns", ())
        columns = [(at, _out(each.type, dialect)) for at, each in enumerate(given)]
        row: Any = namedtuple("Row", [each.key for each in given], rename=True)  # type: ignore[misc]
        return cls(
            str(compiled),
            tuple((name, _in(compiled.binds[name].type, dialect)) for name in names),
            {name: value for name, value in compiled.params.items() if value is not None},
            tuple((at, converter) for at, converter in columns if converter is not None),
            row._make,
        )

    def arguments(self, values: Values) -> list[Any]:
        """One value for each parameter."""
        standing = self.standing
        arguments = []
        for name, converter in self.parameters:
            value = values[name] if name in values else standing[name]
            arguments.append(value if converter is None or value is None else converter(value))
        return arguments

    def lists(self, rows: Iterable[Values], organization_id: int) -> list[Any]:
        """The organization, and for each other parameter a list with its value in each row."""
        rows = list(rows)
        arguments: list[Any] = []
        for name, converter in self.parameters:
            if name == "organization":
                arguments.append(organization_id)
            elif converter is None:
                arguments.append([row[name] for row in rows])
            else:
                arguments.append(
                    [None if (value := row[name]) is None else converter(value) for row in rows]
                )
        return arguments

    def shown(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Rows of the driver, with what their columns mean."""
        row, converted = self.row, self.converted
        if not converted:
            return [row(each) for each in found]
        shown = []
        for each in found:
            values = list(each)
            for at, converter in converted:
                if (value := values[at]) is not None:
                    values[at] = converter(value)
            shown.append(row(values))
        return shown


def _in(type_: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """How a value of that type is given to the driver; of an array, each of its items."""
    if isinstance(type_, ARRAY):
        type_ = type_.item_type
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _out(type_: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


class Fixed:
    """A statement whose text is the same every time: `rows` or `run` it in a transaction."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._texts: dict[str, _Text] = {}

    def rows(self, tx: Connection, values: Values) -> list[Any]:
        """All rows that it gives, as named tuples of its columns."""
        text = self._text(tx)
        arguments = text.arguments(values)
        driver = tx.connection.driver_connection
        found = (
            driver.execute(text.sql, arguments).fetchall()
            if isinstance(driver, sqlite3.Connection)
            else await_only(driver.fetch(text.sql, *arguments))  # type: ignore[union-attr]
        )
        return text.shown(found)

    def run(self, tx: Connection, values: Values) -> None:
        """Run it for what it does."""
        text = self._text(tx)
        arguments = text.arguments(values)
        driver = tx.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            driver.execute(text.sql, arguments)
        else:
            await_only(driver.fetch(text.sql, *arguments))  # type: ignore[union-attr]

    def _text(self, tx: Connection) -> _Text:
        dialect = tx.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _Text.of(self.statement, dialect)
        return text


class FixedForMany:
    """The same change for many rows of one organization, in one statement where that is possible.

    `at_once` takes a list for each column; `one_by_one` is what a database without arrays runs for
    each row.
    """

    def __init__(self, at_once: Executable, one_by_one: Executable) -> None:
        self.at_once = at_once
        self.one_by_one = one_by_one
        self._at_once: _Text | None = None
        self._one_by_one: _Text | None = None

    def run(self, tx: Connection, organization_id: int, rows: Iterable[Values]) -> None:
        driver = tx.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            if self._one_by_one is None:
                self._one_by_one = _Text.of(self.one_by_one, tx.dialect)
            text = self._one_by_one
            shared = {"organization": organization_id}
            driver.executemany(text.sql, [text.arguments({**shared, **row}) for row in rows])
            return
        if self._at_once is None:
            self._at_once = _Text.of(self.at_once, tx.dialect)
        text = self._at_once
        lists = text.lists(rows, organization_id)
        await_only(driver.fetch(text.sql, *lists))  # type: ignore[union-attr]


def insert_many(into: Table) -> FixedForMany:
    """Add rows to the table; all its columns but the organization are given in each."""
    names = [each.name for each in into.c if each.name != "organization_id"]
    organization = bindparam("organization", type_=into.c.organization_id.type)
    given = _rows_given({name: into.c[name].type for name in names})
    return FixedForMany(
        # Giving something back lets a row that is there already be told as what it is, also where
        # the table is spread over several machines.
        insert(into)
        .from_select(
            ["organization_id", *names],
            select(organization.label("organization_id"), *given.c),
        )
        .returning(into.c.organization_id),
        insert(into).values(
            {"organization_id": organization} | {name: bindparam(name) for name in names}
        ),
    )


def update_many(table: Table, *names: str) -> FixedForMany:
    """Change these columns of the rows whose ids are given as `row_id`."""
    organization = bindparam("organization", type_=table.c.organization_id.type)
    types = {name: table.c[name].type for name in names}
    given = _rows_given({"row_id": table.c.id.type, **types})
    return FixedForMany(
        update(table)
        .where(table.c.organization_id == organization, table.c.id == given.c.row_id)
        .values({name: given.c[name] for name in names}),
        update(table)
        .where(table.c.organization_id == organization, table.c.id == bindparam("row_id"))
        .values({name: bindparam(name) for name in names}),
    )


def _rows_given(types: Mapping[str, TypeEngine[Any]]) -> TableValuedAlias:
    """A table made of parameters: a list for each column, under its name (PostgreSQL only)."""
    lists = [bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items()]
    columns = [column(name, type_) for name, type_ in types.items()]
    return func.unnest(*lists).table_valued(*columns).render_derived("given")
