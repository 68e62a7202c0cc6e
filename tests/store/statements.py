"""Every statement that the store can send, and the rules that can be read off its text.

The rules make the same text run on SQLite, on PostgreSQL, and on PostgreSQL that is spread over
several machines by organization. They look at what PostgreSQL is sent, as a tree. Each rule is a
function of one statement that yields what is wrong with it, in words.

Deliberately absent: whether a statement is fast (`test_plans.py`), and what it means.
"""

from __future__ import annotations

import gc
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import sqlglot
from sqlalchemy import ARRAY, Executable, TextClause
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine
from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

import kursplan.doctor
import kursplan.store
from kursplan.store.engine.driver import Fixed, FixedForMany
from kursplan.store.engine.numbers import SEQUENCE
from kursplan.store.tables import metadata

REFERENCE_TABLES = frozenset({"organization_directory", "api_key", "staff_directory"})
"""Small, and the same on every machine. They are how an organization is found, so reading them
alone does not have to name one."""

OF_THE_HOUSE = frozenset(
    {SEQUENCE, "clock", "duty", "alembic_version", "schema_runs_from", "sqlite_master"}
)
"""What belongs to no organization: the sequence, where that is a table, the time that was seen, which
worker is on duty, and what is known about the schema."""

ORGANIZATION_BINDS = frozenset({"organization", "organization_id"})
"""The parameters that hold the one organization of a statement."""

ACROSS = "ACROSS_"
"""So begins the name of a statement that asks which organizations have something to be done."""

_POSTGRESQL = asyncpg.dialect()  # type: ignore[no-untyped-call]
_SQLITE = pysqlite.dialect()

_STATEMENT = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|MERGE|VALUES|[A-Z]+\s*$)", re.IGNORECASE
)
"""How a text begins that is a statement and not a part of one."""

Query = exp.Select | exp.Update | exp.Delete | exp.Insert | exp.Merge
_QUERIES = (exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Merge)
_WRITES = (exp.Update, exp.Delete, exp.Insert, exp.Merge)


@dataclass(frozen=True)
class Statement:
    """One statement, under the name of its constant."""

    name: str
    """Like `bookings.BY_ID`."""
    executable: Any
    sent: Fixed | FixedForMany | None = None
    """What sends it, if that goes straight to a driver."""

    @property
    def looks_across(self) -> bool:
        return self.name.rpartition(".")[2].startswith(ACROSS)

    @cached_property
    def postgresql(self) -> str:
        return str(self.executable.compile(dialect=_POSTGRESQL))

    @cached_property
    def sqlite(self) -> str:
        """As it is sent there; of those for many rows, the one for two."""
        if isinstance(self.sent, Fixed):
            return self.sent.sql(_SQLITE)
        executable = self.sent.of_rows(2) if self.sent else self.executable
        return str(executable.compile(dialect=_SQLITE))

    @cached_property
    def binds(self) -> tuple[str, ...]:
        """The names of $1, $2, …"""
        return tuple(self.executable.compile(dialect=_POSTGRESQL).positiontup or ())

    @cached_property
    def sqlite_binds(self) -> list[tuple[str, Any]]:
        """Its parameters there, in the order in which it asks for them: names and fixed values."""
        compiled = self.executable.compile(dialect=_SQLITE)
        return [(name, compiled.params[name]) for name in compiled.positiontup or ()]

    @cached_property
    def bind_types(self) -> dict[str, TypeEngine[Any]]:
        """What each parameter is."""
        binds = self.executable.compile(dialect=_POSTGRESQL).binds
        return {name: each.type for name, each in binds.items()}

    @cached_property
    def lists(self) -> frozenset[str]:
        """The parameters that hold a list with a value for each row."""
        types = self.bind_types.items()
        return frozenset(name for name, each in types if isinstance(each, ARRAY))

    @cached_property
    def fixed(self) -> dict[str, Any]:
        """Parameters that always have the same value."""
        params = self.executable.compile(dialect=_POSTGRESQL).params
        return {name: value for name, value in params.items() if value is not None}

    @cached_property
    def tree(self) -> exp.Expr:
        tree = sqlglot.parse_one(self.postgresql, read="postgres")
        assert isinstance(tree, exp.Expr)
        return tree

    @cached_property
    def words(self) -> str:
        """Its words outside of quotes, in capitals, with one blank around each."""
        quoted = (TokenType.STRING, TokenType.IDENTIFIER)
        tokens = sqlglot.tokenize(self.postgresql, read="postgres")
        words = " ".join(each.text.upper() for each in tokens if each.token_type not in quoted)
        return f" {' '.join(words.split())} "

    @cached_property
    def tables(self) -> list[exp.Table]:
        """Every mention of a table, except of those that the statement itself defines."""
        own = {each.alias for each in self.tree.find_all(exp.CTE)}
        return [
            each
            for each in self.tree.find_all(exp.Table)
            if _is_a_source(each) and each.name not in own
        ]

    @cached_property
    def table_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.tables)

    @cached_property
    def of_organizations(self) -> bool:
        """Whether it has to name an organization: it reads or writes what belongs to one."""
        names = self.table_names - OF_THE_HOUSE
        only_reads = self.tree.find(*_WRITES) is None
        return bool(names - REFERENCE_TABLES if only_reads else names)

    @cached_property
    def target(self) -> exp.Table | None:
        """The table that it inserts into: that one is given its organization in a value."""
        return _inserted_into(self.tree) if isinstance(self.tree, exp.Insert) else None


# --- Which there are ----------------------------------------------------------------------------


@cache
def every_statement() -> tuple[Statement, ...]:
    """The statements that are constants of a module of the store or the doctor, each once, by name.

    One whose name begins with an underscore is not sent: it is the beginning of others.
    """
    found: dict[int, Statement] = {}
    for module in (
        *pkgutil.walk_packages(kursplan.store.__path__, "kursplan.store."),
        *pkgutil.walk_packages(kursplan.doctor.__path__, "kursplan.doctor."),
    ):
        if ".migrations" in module.name:
            continue
        constants = vars(importlib.import_module(module.name))
        short = module.name.removeprefix("kursplan.").removeprefix("store.")
        for name, executable in _executables(constants):
            found.setdefault(id(executable), _statement(f"{short}.{name}", executable))
    return tuple(sorted(found.values(), key=lambda each: each.name))


def undeclared() -> list[str]:
    """Statements that go straight to a driver and are no constants, as they are in memory now."""
    declared = {id(each.executable) for each in every_statement()}
    gc.collect()  # What other tests made for themselves is gone, but may not be collected yet.
    made = [each for each in gc.get_objects() if isinstance(each, Fixed | FixedForMany)]
    executables = [_statement("", each).executable for each in made]
    return [str(each) for each in executables if id(each) not in declared]


def _statement(name: str, executable: Any) -> Statement:
    if isinstance(executable, Fixed):
        return Statement(name, executable.statement, executable)
    if isinstance(executable, FixedForMany):
        return Statement(name, executable.of_lists, executable)
    return Statement(name, executable)


def _executables(constants: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """All that could be executed, also where a table or a tuple of the module holds it."""
    for name, value in constants.items():
        if name.startswith("_"):
            continue
        if isinstance(value, Fixed | FixedForMany) or _is_statement(value):
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}[{key}]", v) for key, v in value.items() if _is_statement(v))
        elif isinstance(value, tuple | list | set | frozenset):
            yield from ((f"{name}[{at}]", v) for at, v in enumerate(value) if _is_statement(v))


def _is_statement(value: object) -> bool:
    if isinstance(value, TextClause):
        return _STATEMENT.match(value.text) is not None
    # A function can be executed, but as a constant it is a part of other statements.
    return isinstance(value, Executable) and not isinstance(value, FunctionElement)


# --- Which rows belong to which organization ----------------------------------------------------


def organization_column(table: str) -> str:
    return "id" if table == "organization" else "organization_id"


class _Scopes:
    """Which mention of a table a column belongs to, and whose organization is settled.

    It is settled by an equality that has to hold (part of a WHERE or ON, in no OR and under no
    NOT) with the parameter, or with the organization of a table for which it is settled already.
    An equality inside of a sub-select settles nothing outside of it.
    """

    def __init__(self, statement: Statement, given: Iterable[exp.Table] = ()) -> None:
        self.statement = statement
        self._sources: dict[int, list[tuple[str, exp.Expr]]] = {}
        for table in statement.tree.find_all(exp.Table):
            if _is_a_source(table) and table is not statement.target:
                self._add(table, table.alias_or_name)
        for derived in statement.tree.find_all(exp.Subquery):
            if derived.alias:
                self._add(derived, derived.alias)
        self.settled: set[int] = {id(each) for each in given}
        equalities = [
            (_query_of(each), each) for each in statement.tree.find_all(exp.EQ) if _must_hold(each)
        ]
        before = -1
        while before != len(self.settled):
            before = len(self.settled)
            for query, equality in equalities:
                self._settle(query, equality.left, equality.right)
                self._settle(query, equality.right, equality.left)

    def _add(self, source: exp.Expr, name: str) -> None:
        self._sources.setdefault(id(_query_of(source)), []).append((name, source))

    def _settle(self, query: exp.Expr | None, one: exp.Expr, by: exp.Expr) -> None:
        source = self._whose(one)
        if source is not None and _query_of(source) is query and self.is_settled(by):
            self.settled.add(id(source))

    def is_settled(self, expression: exp.Expr) -> bool:
        """Whether the expression can only be the one organization of the statement."""
        if self.binds_organization(expression):
            return True
        source = self._whose(expression)
        if source is None:
            return False
        return id(source) in self.settled or self._is_settled_within(source)

    def binds_organization(self, expression: exp.Expr) -> bool:
        bare = _bare(expression)
        if not isinstance(bare, exp.Parameter):
            return False
        return self.statement.binds[int(bare.name) - 1] in ORGANIZATION_BINDS

    def _is_settled_within(self, source: exp.Expr) -> bool:
        """Whether a sub-select in FROM, or a CTE, gives out a settled organization."""
        query = self._definition(source)
        if query is None:
            return False
        return any(
            self.is_settled(each.unalias())
            for each in _given_out(query)
            if each.alias_or_name == "organization_id"
        )

    def _definition(self, source: exp.Expr) -> exp.Expr | None:
        if isinstance(source, exp.Subquery):
            return source.this  # type: ignore[no-any-return]
        for each in self.statement.tree.find_all(exp.CTE):
            if each.alias == source.name:
                return each.this  # type: ignore[no-any-return]
        return None

    def _whose(self, expression: exp.Expr) -> exp.Expr | None:
        """The table whose organization the expression is."""
        column = _bare(expression)
        if not isinstance(column, exp.Column):
            return None
        query = _query_of(column)
        while query is not None:
            for name, source in self._sources.get(id(query), ()):
                if column.table == name or (not column.table and self._is_alone(query)):
                    table = source.name if isinstance(source, exp.Table) else ""
                    return source if column.name == organization_column(table) else None
            query = _query_of(query)
        return None

    def _is_alone(self, query: exp.Expr) -> bool:
        return len(self._sources[id(query)]) == 1


def _is_a_source(table: exp.Table) -> bool:
    """Whether rows come from there: neither from a function, nor named by FOR UPDATE OF."""
    return isinstance(table.this, exp.Identifier) and not isinstance(table.parent, exp.Lock)


def _inserted_into(insert: exp.Insert) -> exp.Table:
    table = insert.this.find(exp.Table)
    assert isinstance(table, exp.Table)
    return table


def _query_of(node: exp.Expr) -> exp.Expr | None:
    return node.find_ancestor(*_QUERIES)


def _bare(expression: exp.Expr) -> exp.Expr:
    while isinstance(expression, exp.Paren | exp.Cast):
        expression = expression.this
    return expression


def _must_hold(condition: exp.Expr) -> bool:
    parent = condition.parent
    while isinstance(parent, exp.And | exp.Paren):
        parent = parent.parent
    return isinstance(parent, exp.Where | exp.Join)


def _given_out(query: exp.Expr) -> list[exp.Expr]:
    if isinstance(query, exp.Select):
        return list(query.expressions)
    returning = query.args.get("returning")
    return list(returning.expressions) if returning else []


def _mention(table: exp.Table) -> str:
    return f"{table.name} AS {table.alias}" if table.alias else str(table.name)


# --- The rules ----------------------------------------------------------------------------------

Complaints = Iterator[str]
Rule = Callable[[Statement], Complaints]


def knows_its_tables(statement: Statement) -> Complaints:
    """Every table is one of ours, so that the other rules know what they look at."""
    for name in sorted(statement.table_names - metadata.tables.keys() - OF_THE_HOUSE):
        yield f"{name} is none of the tables"


def names_its_organization(statement: Statement) -> Complaints:
    """The organization is a parameter of the statement: `organization_id = $1`."""
    if not statement.of_organizations or statement.looks_across:
        return
    if statement.table_names == {getattr(statement.target, "name", None)}:
        return  # An INSERT has it among its values, which is another rule.
    scopes = _Scopes(statement)
    bound = (
        each
        for each in statement.tree.find_all(exp.EQ)
        if _must_hold(each)
        and (scopes.binds_organization(each.left) or scopes.binds_organization(each.right))
    )
    if next(bound, None) is None:
        yield "no table's organization_id is compared with the parameter"


def names_one_organization(statement: Statement) -> Complaints:
    """No statement is about two organizations."""
    named = sorted(set(statement.binds) & ORGANIZATION_BINDS)
    if len(named) > 1:
        yield f"it names more than one organization: {', '.join(named)}"


def matches_every_table(statement: Statement) -> Complaints:
    """Every table joined, looked up or sub-selected is that of the same organization."""
    tables = [each for each in statement.tables if each is not statement.target]
    if not statement.of_organizations or not tables:
        return
    if statement.looks_across:
        # No organization is named, but each row is to be matched with rows of its own one.
        first = next((each for each in tables if each.name not in REFERENCE_TABLES), tables[0])
        scopes = _Scopes(statement, given=[first])
    else:
        scopes = _Scopes(statement)
    for table in tables:
        if table.name not in OF_THE_HOUSE and id(table) not in scopes.settled:
            yield (
                f"{_mention(table)} is not matched: equate its"
                f" {organization_column(table.name)} with the parameter or with another table's"
            )


def inserts_carry_the_organization(statement: Statement) -> Complaints:
    """An inserted row says whose it is, by the parameter."""
    for insert in statement.tree.find_all(exp.Insert):
        into = _inserted_into(insert)
        if into.name in OF_THE_HOUSE:
            continue
        column = organization_column(into.name)
        columns = [each.name for each in getattr(insert.this, "expressions", ())]
        if column not in columns:
            yield f"rows of {into.name} are inserted without {column}"
            continue
        at = columns.index(column)
        scopes = _Scopes(statement)
        source = insert.expression
        rows = (
            [each.expressions for each in source.expressions]
            if isinstance(source, exp.Values)
            else [
                each.expressions
                for each in source.find_all(exp.Select)
                if _query_of(each) is insert
            ]
        )
        if into.name == "organization":
            continue  # Its own id is whatever the row says.
        for row in rows:
            if not scopes.is_settled(row[at].unalias()):
                yield f"{column} of {into.name} is not the parameter but {row[at].sql()}"


def changes_one_organization(statement: Statement) -> Complaints:
    """What an UPDATE or DELETE changes is found by the organization, bound as a value."""
    for write in statement.tree.find_all(exp.Update, exp.Delete):
        table = write.this
        if table.name in OF_THE_HOUSE:
            continue
        scopes = _Scopes(statement)
        column = organization_column(table.name)
        conditions = [
            each
            for each in write.find_all(exp.EQ)
            if _must_hold(each)
            and _query_of(each) is write
            and any(
                isinstance(_bare(one), exp.Column)
                and _bare(one).name == column
                and _bare(one).text("table") in ("", table.alias_or_name)
                and scopes.binds_organization(other)
                for one, other in ((each.left, each.right), (each.right, each.left))
            )
        ]
        if not conditions:
            yield f"{type(write).__name__.upper()} of {table.name} without {column} = parameter"


def keeps_rows_where_they_are(statement: Statement) -> Complaints:
    """No row moves to another organization."""
    for update in statement.tree.find_all(exp.Update):
        column = organization_column(update.this.name)
        changed = [each.this.name for each in update.expressions if isinstance(each, exp.EQ)]
        if column in changed:
            yield f"it changes {column} of {update.this.name}"
    for conflict in statement.tree.find_all(exp.OnConflict):
        changed = [each.this.name for each in conflict.expressions if isinstance(each, exp.EQ)]
        if "organization_id" in changed:
            yield "its DO UPDATE changes organization_id"


HOW_FAR = "rules.versions.ACROSS_VERSIONS"
"""Gives out how far each studio has come, and no row of anybody: one look for all requests."""


def looks_across_only_to_find_organizations(statement: Statement) -> Complaints:
    """What is asked over all organizations is which of them, without a lock, and no more."""
    if not statement.looks_across:
        return
    if not isinstance(statement.tree, exp.Select) or statement.tree.find(*_WRITES):
        yield "it writes"
        return
    if statement.tree.find(exp.Lock):
        yield "it locks"
    given_out = [each.unalias() for each in statement.tree.expressions]
    if not any(_is_organization(each) for each in given_out):
        yield "it does not give out the id of the organization"
    for each in given_out:
        allowed = _is_organization(each) or each.find(exp.AggFunc) or statement.name == HOW_FAR
        if not allowed:
            yield f"it gives out {each.sql()}, not only organizations"


def _is_organization(expression: exp.Expr) -> bool:
    return isinstance(expression, exp.Column) and (
        expression.name == "organization_id"
        or (expression.name == "id" and expression.table == "organization")
    )


def locks_in_order(statement: Statement) -> Complaints:
    """Who waits for locks takes them in the order of ids, within one organization.

    Where locked rows are skipped nobody waits, and one row has no order.
    """
    for select in statement.tree.find_all(exp.Select):
        here = [each for each in statement.tables if _query_of(each) is select]
        for lock in select.args.get("locks") or ():
            named = {each.name for each in lock.expressions}
            locked = [each for each in here if not named or each.alias_or_name in named]
            if len(locked) != 1:
                yield "it locks rows of several tables: say FOR UPDATE OF which one"
                continue
            [table] = locked
            if id(table) not in _Scopes(statement).settled:
                yield f"it locks rows of {table.name} without naming one organization"
            is_skipped = lock.args.get("wait") is False
            if (
                not is_skipped
                and not _finds_one_row(select, table)
                and not _is_by_id(select, table)
            ):
                yield f"it waits for locks of {table.name} in another order than that of its id"


def _finds_one_row(select: exp.Select, table: exp.Table) -> bool:
    """Whether each column of the primary key is compared with a value."""
    given = {
        _bare(one).name
        for each in select.find_all(exp.EQ)
        if _must_hold(each) and _query_of(each) is select
        for one, other in ((each.left, each.right), (each.right, each.left))
        if isinstance(_bare(other), exp.Parameter) and _is_column_of(_bare(one), table)
    }
    return {each.name for each in metadata.tables[table.name].primary_key} <= given


def _is_by_id(select: exp.Select, table: exp.Table) -> bool:
    order = select.args.get("order")
    keys = order.expressions if order else []
    if any(each.args.get("desc") or not _is_column_of(each.this, table) for each in keys):
        return False
    return [each.this.name for each in keys] in (["id"], ["organization_id", "id"])


def _is_column_of(expression: exp.Expr, table: exp.Table) -> bool:
    return isinstance(expression, exp.Column) and expression.table in ("", table.alias_or_name)


_FROM_NOWHERE = re.compile(
    r" (NOW|CURRENT_(?:TIMESTAMP|DATE|TIME)|LOCALTIME(?:STAMP)?|TIMEOFDAY"
    r"|(?:CLOCK|STATEMENT|TRANSACTION)_TIMESTAMP|RANDOM(?:_NORMAL)?|GEN_RANDOM_\w+"
    r"|UUIDV\d|UUID_GENERATE_\w+|(?:NEXT|CURR|LAST|SET)VAL)(?= )"
)


def is_given_time_and_ids(statement: Statement) -> Complaints:
    """Times, ids and random values are parameters."""
    if statement.name.startswith(("engine.dialect.", "engine.numbers.")):
        return  # The one place that asks the sequence.
    for word in _FROM_NOWHERE.findall(statement.words):
        yield f"it asks the database: {word.lower()}"


_NEVER = {
    "MERGE": "machines that share the tables do not do it alike",
    "CURRENT OF": "there are no cursors",
    "RECURSIVE": "it would have to name the organization in every step",
    "CURRENT_SETTING": "limits and settings belong to the connection",
    "SET_CONFIG": "limits and settings belong to the connection",
    "SET LOCAL": "limits and settings belong to the connection",
    "SET SESSION": "limits and settings belong to the connection",
    "DEFERRABLE": "locks in order do what it is for",
    "DEFERRED": "locks in order do what it is for",
    "SERIALIZABLE": "locks in order do what it is for",
    "CREATE TRIGGER": "what happens is written in the code",
    "ON CONSTRAINT": "a constraint has another name on every machine",
    "LOCK TABLE": "rows are locked, in order",
}


def has_no_forbidden_words(statement: Statement) -> Complaints:
    """Nothing is used that does not work everywhere, or that would go behind our back."""
    for words, reason in _NEVER.items():
        if f" {words} " in statement.words:
            yield f"{words}: {reason}"


def updates_on_conflict_without_looking_up(statement: Statement) -> Complaints:
    """DO UPDATE has no sub-select."""
    for conflict in statement.tree.find_all(exp.OnConflict):
        if conflict.find(exp.Select):
            yield "there is a sub-select in DO UPDATE"


def inserts_from_a_select_tell_duplicates(statement: Statement) -> Complaints:
    """INSERT … SELECT returns or has ON CONFLICT; otherwise a duplicate has another SQLSTATE."""
    for insert in statement.tree.find_all(exp.Insert):
        is_selected = isinstance(insert.expression, exp.Query) and not isinstance(
            insert.expression, exp.Values
        )
        if is_selected and not (insert.args.get("returning") or insert.args.get("conflict")):
            yield "INSERT … SELECT needs a RETURNING or an ON CONFLICT"


RULES: tuple[Rule, ...] = (
    knows_its_tables,
    names_its_organization,
    names_one_organization,
    matches_every_table,
    inserts_carry_the_organization,
    changes_one_organization,
    keeps_rows_where_they_are,
    looks_across_only_to_find_organizations,
    locks_in_order,
    is_given_time_and_ids,
    has_no_forbidden_words,
    updates_on_conflict_without_looking_up,
    inserts_from_a_select_tell_duplicates,
)
