"""Statements that go straight to the driver, for what every request and every turn asks.

They are written with SQLAlchemy like all others, but compiled once for each database; after that
their text is fixed, and running one costs little more than the driver does. What that brings is
measured in docs/performance.md.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any

import msgspec
from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Connection,
    Dialect,
    Executable,
    Float,
    FromClause,
    Insert,
    LargeBinary,
    Select,
    Table,
    Update,
    bindparam,
    column,
    func,
    insert,
    select,
    true,
    update,
    values,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.types import TypeEngine
from sqlalchemy.util import await_only

from kursplan.store.engine import several
from kursplan.store.engine.several import OfSeveral

Values = Mapping[str, Any]
NOTHING: Values = {}
Row = Sequence[Any]
Converter = Callable[[Any], Any]

MOST_ROWS = 64
"""How many rows one statement of SQLite is given at most."""


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
    """Makes a named tuple of the values of a row."""
    as_json: bool
    """Whether all rows come as one text: a list of lists."""

    @classmethod
    def of(cls, statement: Executable, dialect: Dialect) -> _Text:
        compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        names = compiled.positiontup or ()
        given = list(getattr(statement, "exported_columns", ()))
        as_json = (
            dialect.name == "sqlite"
            and isinstance(statement, Select)
            and not any(isinstance(each.type, _NOT_IN_JSON) for each in given)
        )
        columns = [(at, _out(each.type, dialect)) for at, each in enumerate(given)]
        row: Any = namedtuple("Row", [each.key for each in given], rename=True)  # type: ignore[misc]
        return cls(
            _as_json(str(compiled), len(given)) if as_json else str(compiled),
            tuple((name, _in(compiled.binds[name].type, dialect)) for name in names),
            {name: value for name, value in compiled.params.items() if value is not None},
            tuple((at, converter) for at, converter in columns if converter is not None),
            # What its own `_make` does, without a call in Python for each row.
            partial(tuple.__new__, row),
            as_json,
        )

    def arguments(self, values: Values, lists: Values = NOTHING, after: int = 0) -> list[Any]:
        """One value for each parameter but so many at the beginning; a list for those in `lists`."""
        standing = self.standing
        arguments: list[Any] = []
        for name, converter in self.parameters[after:]:
            if name in lists:
                column = lists[name]
                arguments.append(column if converter is None else _converted(column, converter))
            else:
                value = values[name] if name in values else standing[name]
                arguments.append(value if converter is None or value is None else converter(value))
        return arguments

    def of_several(
        self, of: OfSeveral, columns: Mapping[str, Sequence[Any]], common: Values
    ) -> list[Any]:
        """One value for each of its parameters: a list, where each organization or row gives its own."""
        arguments: list[Any] = []
        for at in of.order:
            name, converter = self.parameters[at]
            if at not in of.lists:
                value = common[name] if name in common else self.standing[name]
                arguments.append(value if converter is None or value is None else converter(value))
            elif at in of.arrays:
                arguments.append(list(map(several.as_text, columns[name])))
            elif converter is None:
                arguments.append(columns[name])
            else:
                arguments.append(_converted(columns[name], converter))
        return arguments

    def found_by(self, driver: sqlite3.Connection, values: Values) -> Iterable[Sequence[Any]]:
        """Rows as SQLite has them."""
        found = driver.execute(self.sql, self.arguments(values)).fetchall()
        return _DECODER.decode(found[0][0]) if self.as_json else found

    def shown(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Rows of the driver, with what their columns mean."""
        if self.converted:
            columns: list[Any] = list(zip(*found, strict=True))
            if not columns:
                return []
            for at, converter in self.converted:
                columns[at] = _converted(columns[at], converter)
            found = zip(*columns, strict=True)
        return list(map(self.row, found))


def _converted(column: Iterable[Any], converter: Converter) -> Sequence[Any]:
    """The values of a column: a whole one at a time, because that takes half as long as row by row."""
    return [None if value is None else converter(value) for value in column]


_DECODER = msgspec.json.Decoder(list[list[Any]])

_NOT_IN_JSON = (Float, LargeBinary)
"""SQLite writes fewer digits of a float into JSON than it has, and no bytes."""


def _as_json(sql: str, count: int) -> str:
    """The same query with all its rows, of so many columns each, in one text (SQLite only).

    Python's driver waits for the interpreter after each row, and beside a busy loop that takes longer
    than to find it. The rows keep their order: SQLite drops the one of a query within another
    only where it cannot matter, which it can to the function that lists them.
    """
    columns = ", ".join(f"c{at}" for at in range(count))
    return (
        f"WITH found({columns}) AS ({sql})"
        f" SELECT json_group_array(json_array({columns})) FROM found"
    )


def _in(type_: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    """How a value of that type is given to the driver; of an array, each of its items."""
    if isinstance(type_, ARRAY):
        type_ = type_.item_type
    if isinstance(type_, Boolean):
        return None  # To SQLite's driver, too, they are numbers already.
    return type_.dialect_impl(dialect).bind_processor(dialect)


def _out(type_: TypeEngine[Any], dialect: Dialect) -> Converter | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def _types_of(statement: Executable, dialect: Dialect) -> list[str]:
    """Of its parameters, as the database calls them."""
    compiled = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
    return [compiled.binds[name].type.compile(dialect) for name in compiled.positiontup]


class Fixed:
    """A statement whose text is the same every time: `rows` or `run` it in a transaction."""

    def __init__(self, statement: Executable) -> None:
        self.statement = statement
        self._texts: dict[str, _Text] = {}
        self._of_several: OfSeveral | None = None

    def rows(self, tx: Connection, values: Values) -> list[Any]:
        """All rows that it gives, as named tuples of its columns."""
        text = self._text(tx)
        driver = tx.connection.driver_connection
        found = (
            text.found_by(driver, values)
            if isinstance(driver, sqlite3.Connection)
            else await_only(driver.fetch(text.sql, *text.arguments(values)))  # type: ignore[union-attr]
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

    def call(self, tx: Connection, values: Values) -> tuple[str, list[Any]]:
        """What PostgreSQL's driver is sent, and with which arguments."""
        text = self._text(tx)
        return text.sql, text.arguments(values)

    def shown(self, tx: Connection, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Rows as PostgreSQL's driver has them, as named tuples of its columns."""
        return self._text(tx).shown(found)

    def call_of_several(self, tx: Connection, calls: Sequence[Values]) -> tuple[str, list[Any]]:
        """The same for the questions of several; a row that comes begins with the place of its question."""
        text, of = self._text(tx), self._of_several
        if of is None:
            of = self._of_several = self.of_several(tx.dialect)
        columns = {
            name: [values[name] for values in calls]
            for name, _ in text.parameters
            if name not in text.standing
        }
        return of.sql, [list(range(len(calls))), *text.of_several(of, columns, NOTHING)]

    def of_several(self, dialect: Dialect) -> OfSeveral:
        """What PostgreSQL's driver is sent for several organizations."""
        text = _Text.of(self.statement, dialect)
        standing = {at for at, (name, _) in enumerate(text.parameters) if name in text.standing}
        return several.asking(text.sql, _types_of(self.statement, dialect), standing)

    def sql(self, dialect: Dialect) -> str:
        """What a driver is sent."""
        return _Text.of(self.statement, dialect).sql

    def _text(self, tx: Connection) -> _Text:
        dialect = tx.dialect
        text = self._texts.get(dialect.name)
        if text is None:
            text = self._texts[dialect.name] = _Text.of(self.statement, dialect)
        return text


class FixedForMany:
    """The same change for many rows of one organization, in one statement or very few.

    `of_lists` takes a list for each column. Where there are none (SQLite), `of_rows` makes the statement
    that takes the values of so many rows, and what is the same for all after them. Those numbers are
    powers of two: few texts do for any count of rows, and each is prepared once.
    """

    def __init__(
        self,
        types: Mapping[str, TypeEngine[Any]],
        of_lists: Executable,
        of_rows: Callable[[int], Executable],
        *,
        gives: bool,
        common: Collection[str] = (),
    ) -> None:
        """`gives` where what the statement gives back is asked for; `common` are values that have to be the
        same for several organizations, where those have their rows changed at once."""
        self.of_lists = of_lists
        self.of_rows = of_rows
        self.gives = gives
        self.common = tuple(common)
        self._types = types
        self._lists: _Text | None = None
        self._of_several: dict[frozenset[str], OfSeveral] = {}
        """By the values that all organizations have alike."""
        self._converters: list[Converter | None] = []
        self._rows: dict[int, _Text] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """What each row gives a value of, in this order."""
        return tuple(self._types)

    def run(
        self,
        tx: Connection,
        organization_id: int,
        rows: Iterable[Row],
        same: Values = NOTHING,
    ) -> list[Sequence[Any]]:
        """Change them, with values for what is the `same` for all; gives what the statement gives."""
        rows = list(rows)
        if not rows:
            return []
        driver = tx.connection.driver_connection
        if isinstance(driver, sqlite3.Connection):
            values = {"organization": organization_id, **same}
            return [
                given
                for part in _parts(rows)
                for given in self._run_part(driver, part, values, tx.dialect)
            ]
        sql, arguments = self.call(tx, organization_id, rows, same)
        return await_only(driver.fetch(sql, *arguments))  # type: ignore[union-attr]

    def call(
        self, tx: Connection, organization_id: int, rows: Sequence[Row], same: Values = NOTHING
    ) -> tuple[str, list[Any]]:
        """What PostgreSQL's driver is sent, and with which arguments: of rows there is one at least."""
        text = self._text_of_lists(tx.dialect)
        columns = dict(zip(self._types, zip(*rows, strict=True), strict=True))
        values = {"organization": organization_id, **same}
        return text.sql, text.arguments(values, columns)

    def call_of_several(
        self, tx: Connection, calls: Sequence[tuple[int, Sequence[Row], Values]]
    ) -> tuple[str, list[Any]]:
        """The same for rows of several organizations; a row that comes begins with its organization.

        What all of them say alike is said once: each value of a list costs something.
        """
        common = frozenset(
            name
            for name, value in calls[0][2].items()
            if all(same[name] == value for _, _, same in calls)
        )
        of = self._of_several.get(common)
        if of is None:
            of = self._of_several[common] = self.of_several(tx.dialect, common)
        columns: dict[str, Sequence[Any]] = dict(
            zip(
                self._types,
                zip(*chain.from_iterable(rows for _, rows, _ in calls), strict=True),
                strict=True,
            )
        )
        same = {"organization": [each for each, rows, _ in calls for _ in rows]}
        same |= {
            name: [of_all[name] for _, rows, of_all in calls for _ in rows]
            for name in calls[0][2].keys() - common
        }
        return of.sql, self._text_of_lists(tx.dialect).of_several(of, same | columns, calls[0][2])

    def of_several(self, dialect: Dialect, common: Collection[str] | None = None) -> OfSeveral:
        """What PostgreSQL's driver is sent for rows of several organizations that have these values in common."""
        names_in_common = self.common if common is None else common
        text = self._text_of_lists(dialect)
        names = [name for name, _ in text.parameters]
        rows = {at for at, name in enumerate(names) if name in self._types}
        alike = {
            at
            for at, name in enumerate(names)
            if name in names_in_common or (name in text.standing and at not in rows)
        }
        types = _types_of(self.of_lists, dialect)
        return several.for_many(text.sql, types, rows, alike, names.index("organization"))

    def _text_of_lists(self, dialect: Dialect) -> _Text:
        if self._lists is None:
            self._lists = _Text.of(self.of_lists, dialect)
        return self._lists

    def _run_part(
        self, driver: sqlite3.Connection, rows: Sequence[Row], values: Values, dialect: Dialect
    ) -> list[Sequence[Any]]:
        text = self._rows.get(len(rows))
        if text is None:
            text = self._rows[len(rows)] = _Text.of(self.of_rows(len(rows)), dialect)
        given = self._one_by_one(rows, dialect)
        found: list[Sequence[Any]] = driver.execute(
            text.sql, [*given, *text.arguments(values, after=len(given))]
        ).fetchall()
        if text.as_json:
            found = list(_DECODER.decode(found[0][0]))
        return found

    def _one_by_one(self, rows: Iterable[Row], dialect: Dialect) -> list[Any]:
        """The values of the first row, then those of the next, as the statement asks for them."""
        if not self._converters:
            self._converters = [_in(each, dialect) for each in self._types.values()]
        columns = [
            column if converter is None else _converted(column, converter)
            for column, converter in zip(zip(*rows, strict=True), self._converters, strict=True)
        ]
        return list(chain.from_iterable(zip(*columns, strict=True)))


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows in parts whose sizes are powers of two, the largest first."""
    begin = 0
    while left := len(rows) - begin:
        count = min(1 << left.bit_length() - 1, MOST_ROWS)
        yield rows[begin : begin + count]
        begin += count


def insert_many(
    into: Table,
    *,
    giving: ColumnElement[Any] | None = None,
    replacing: ColumnElement[bool] | None = None,
    **same: ColumnElement[Any],
) -> FixedForMany:
    """Add rows to the table; each has all its columns but the organization, in their order.

    Columns that are the `same` for all rows are left out there: every value of a row costs something.
    Where a row has the key of one that is there already, it takes the place of that one if this is
    `replacing`, and is left out if not; without `replacing` that is an error.
    """
    types = {
        each.name: each.type
        for each in into.c
        if each.name != "organization_id" and each.name not in same
    }
    organization = bindparam("organization", type_=into.c.organization_id.type)

    def of(given: FromClause, back: ColumnElement[Any] | None) -> Executable:
        names = ["organization_id", *types, *same]
        rows = select(organization.label("organization_id"), *given.c, *same.values())
        adding: Insert
        if replacing is None:
            adding = insert(into).from_select(names, rows)
        else:
            adding = _replace(into, names, rows, replacing)
        return adding if back is None else adding.returning(back)

    # Giving something back lets a row that is there already be told as what it is, also where the
    # table is spread over several machines.
    back = into.c.organization_id if giving is None else giving
    return FixedForMany(
        types,
        of(_lists_given(types), back),
        lambda count: of(_rows_given(types, count), giving),
        gives=giving is not None,
        common=() if replacing is None else names_in(replacing),
    )


def upsert_many(
    into: Table, otherwise: Mapping[str, ColumnElement[Any]], /, **same: ColumnElement[Any]
) -> FixedForMany:
    """Add rows that give no more than their key; what becomes of one that is there already, `otherwise` says.

    Of the columns that are the `same` for all it takes those, too, that are no part of the key."""
    key = [each.name for each in into.primary_key]
    types = {
        name: into.c[name].type for name in key if name != "organization_id" and name not in same
    }
    organization = bindparam("organization", type_=into.c.organization_id.type)

    def of(given: FromClause) -> Executable:
        names = ["organization_id", *types, *same]
        rows = select(organization.label("organization_id"), *given.c, *same.values())
        adding = postgresql.insert(into).from_select(names, rows.where(true()))
        further = {
            name: adding.excluded[name]
            for name in same
            if name not in key and name not in otherwise
        }
        return adding.on_conflict_do_update(index_elements=key, set_={**otherwise, **further})

    return FixedForMany(
        types,
        of(_lists_given(types)),
        lambda count: of(_rows_given(types, count)),
        gives=False,
    )


def names_in(condition: ColumnElement[Any]) -> list[str]:
    """Of the parameters in it."""
    return [each.key for each in iterate(condition) if isinstance(each, BindParameter)]


def _replace(
    into: Table, names: Sequence[str], rows: Select[Any], replacing: ColumnElement[bool]
) -> Insert:
    """Both databases write it alike; only SQLAlchemy has it with the statements of one of them."""
    # Without a condition SQLite takes what follows the rows for one of a join.
    adding = postgresql.insert(into).from_select(names, rows.where(true()))
    key = [each.name for each in into.primary_key]
    return adding.on_conflict_do_update(
        index_elements=key,
        set_={name: adding.excluded[name] for name in names if name not in key},
        where=replacing,
    )


def select_each(
    types: Mapping[str, TypeEngine[Any]],
    of_lists: Callable[[FromClause], Executable],
    of_rows: Callable[[FromClause], Executable],
) -> FixedForMany:
    """Look for what each of many rows asks for, with values of these types; rows are as the driver has them."""
    return FixedForMany(
        types,
        of_lists(_lists_given(types)),
        lambda count: of_rows(_rows_given(types, count)),
        gives=True,
    )


def update_many(table: Table, *names: str) -> FixedForMany:
    """Change these columns of some rows; each has the id of the row first, and then their values."""
    types = {"row_id": table.c.id.type, **{name: table.c[name].type for name in names}}
    organization = bindparam("organization", type_=table.c.organization_id.type)

    def of(given: FromClause) -> Update:
        return (
            update(table)
            .where(table.c.organization_id == organization, table.c.id == given.c.row_id)
            .values({name: given.c[name] for name in names})
        )

    return FixedForMany(
        types,
        of(_lists_given(types)),
        lambda count: of(_rows_given(types, count)),
        gives=False,
    )


def _lists_given(types: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """A table made of parameters: a list for each column, under its name (PostgreSQL only)."""
    lists = [bindparam(name, type_=ARRAY(type_)) for name, type_ in types.items()]
    columns = [column(name, type_) for name, type_ in types.items()]
    return func.unnest(*lists).table_valued(*columns).render_derived("given")


def _rows_given(types: Mapping[str, TypeEngine[Any]], count: int) -> FromClause:
    """The same, made of a parameter for each value of so many rows."""
    columns = [column(name, type_) for name, type_ in types.items()]
    rows = [
        tuple(bindparam(f"{name}_{at}", type_=type_) for name, type_ in types.items())
        for at in range(count)
    ]
    return values(*columns, name="given").data(rows).cte("given")
