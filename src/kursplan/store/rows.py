"""A row as it comes from a query, whatever its columns."""

from typing import Any

from sqlalchemy.engine import Row

AnyRow = Row[*tuple[Any, ...]]
