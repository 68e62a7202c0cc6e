"""A statement for several organizations at once, made of the text that it has for one (PostgreSQL only).

Each of them gives its own values, and the statement asks and changes for each what it would by itself: it
stays the same text, in which a column of a table of these values, `given`, stands where a parameter stood.
Of each row that comes, the first column says whose it is.

The order in which they are given is the one in which their rows are locked and written.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

PARAMETER: Final = re.compile(r"\$(\d+)")
_ROWS: Final = re.compile(r"unnest\((.*?)\) AS given\((.*?)\)", re.DOTALL)
_GIVES: Final = re.compile(r" RETURNING (\w+)\.")


@dataclass(frozen=True, slots=True)
class OfSeveral:
    """What is sent, and which parameters of the statement for one have become lists in it."""

    sql: str
    order: tuple[int, ...]
    """The parameters of the statement for one, by position, in the order in which this one takes them."""
    lists: frozenset[int]
    """Those of which each organization, or each row of one, gives a value."""
    arrays: frozenset[int]
    """Those that hold many numbers in one value: each value is a text."""


def asking(sql: str, types: Sequence[str], standing: Collection[int]) -> OfSeveral:
    """The same question of several, each with the place at which it asks. The first parameter is those places.

    Parameters that are `standing` are the same for all.
    """
    own = [at for at in range(len(types)) if at not in standing]
    arrays = frozenset(at for at in own if types[at].endswith("[]"))
    if any(types[at] != "BIGINT[]" for at in arrays):
        raise ValueError(f"only of numbers there can be many in one value: {sql}")
    lists = ", ".join(
        f"${number}::{'TEXT' if at in arrays else types[at]}[]" for number, at in enumerate(own, 2)
    )
    names = ", ".join(f"p{at}" for at in own)
    order = (*own, *(at for at in range(len(types)) if at in standing))
    asked = _with_columns(sql, order, len(own), arrays, types, before=1)
    return OfSeveral(
        "SELECT given.place, found.*"
        f" FROM unnest($1::BIGINT[], {lists}) AS given(place, {names}), LATERAL ({asked}) AS found",
        order,
        frozenset(own),
        arrays,
    )


def for_many(
    sql: str, types: Sequence[str], rows: Collection[int], common: Collection[int], whose: int
) -> OfSeveral:
    """The same change for rows of several, each with all that its organization says of them.

    So far each of the parameters `rows` holds a list already. Those that are `common` are the same for
    all organizations; `whose` is the one that holds the organization.
    """
    own = [at for at in range(len(types)) if at not in rows and at not in common]
    lists = [*sorted(rows), *own]
    order = (*lists, *(at for at in range(len(types)) if at in common))
    given = _ROWS.search(sql)
    if given is None:
        raise ValueError(f"no rows are given in {sql}")
    columns = ", ".join(
        f"${number}::{types[at]}{'' if at in rows else '[]'}" for number, at in enumerate(lists, 1)
    )
    names = ", ".join((given[2], *(f"p{at}" for at in own)))
    before, after = (
        _with_columns(part, order, len(lists), frozenset(), types)
        for part in (sql[: given.start()], sql[given.end() :])
    )
    if before.startswith("SELECT "):
        before = before.replace("SELECT ", f"SELECT given.p{whose}, ", 1)
    after = _GIVES.sub(r" RETURNING \1.organization_id, \1.", after)
    return OfSeveral(
        f"{before}unnest({columns}) AS given({names}){after}",
        order,
        frozenset(lists),
        frozenset(),
    )


def _with_columns(
    sql: str,
    order: Sequence[int],
    lists: int,
    arrays: Collection[int],
    types: Sequence[str],
    before: int = 0,
) -> str:
    """The first `lists` parameters of that order are columns of `given`; the others have new numbers."""
    places = {at: place for place, at in enumerate(order)}

    def put(found: re.Match[str]) -> str:
        at = int(found[1]) - 1
        if places[at] >= lists:
            return f"${places[at] + 1 + before}"
        return f"given.p{at}::{types[at]}" if at in arrays else f"given.p{at}"

    return PARAMETER.sub(put, sql)


def as_text(numbers: Iterable[int]) -> str:
    """Many numbers in one value of a list, which cannot hold lists of different lengths."""
    return f"{{{','.join(map(str, numbers))}}}"
