"""A row as it comes from a query, whatever its columns; fixed statements give named tuples of them."""

from typing import Any

from sqlalchemy.engine import Row

AnyRow = Row[*tuple[Any, ...]]
