"""A query within a query that finds several numbers: an array, or a JSON array where there are none.

So one statement gets a few rows for each of many, and no more than those. It belongs with what
differs between SQLite and PostgreSQL, like `any_of` in `dialect`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Dialect, Select, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine


class _Found(TypeDecorator[Sequence[int]]):
    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Text())
        return dialect.type_descriptor(ARRAY(BigInteger))

    def process_result_value(self, value: Any, dialect: Dialect) -> Sequence[int] | None:
        found: Sequence[int] | None = json.loads(value) if isinstance(value, str) else value
        return found


class _Numbers(FunctionElement[Sequence[int]]):
    type = _Found()
    inherit_cache = True


def numbers_of(query: Select[tuple[int]]) -> FunctionElement[Sequence[int]]:
    """The numbers in the one column of the query, in its order."""
    [column] = query.selected_columns
    return _Numbers(query.with_only_columns(column.label("id")).scalar_subquery())


@compiles(_Numbers, "postgresql")
def _as_array(element: _Numbers, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    return f"ARRAY{compiler.process(query, **kw)}"


@compiles(_Numbers, "sqlite")
def _as_json(element: _Numbers, compiler: SQLCompiler, **kw: Any) -> str:
    [query] = element.clauses
    return f"(SELECT json_group_array(id) FROM {compiler.process(query, **kw)})"
