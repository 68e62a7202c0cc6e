"""Several statements in one round trip: those that ask nothing of each other.

What one booking asks and writes is some dozen statements, each of which takes the database less time than
the way to it and back. On PostgreSQL, where the driver waits for each answer before it sends the next
statement, they are sent as one, made of the same constant texts. SQLite is no way off, and tables that are
spread over several machines want plain statements: there each is run at once.

They run in the order in which they are given, but for those that write, which all see what was there
before; so statements that write the same table don't belong together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.util import await_only

from kursplan.store.engine.beside import is_beside_others, sent_by_all
from kursplan.store.engine.driver import NOTHING, Fixed, FixedForMany, Row, Values
from kursplan.store.engine.postgres_session import Session

T = TypeVar("T")

Asked = Callable[[], T]
"""What was asked for together with other things: to be called once that is sent."""

_PARAMETER: Final = re.compile(r"\$(\d+)")
_CHANGES: Final = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b")

_sent: Final[dict[tuple[tuple[str, bool], ...], str]] = {}
"""What is sent for `one_of` what: of so many as there are ways in which turns put constants together."""


class Answer:
    """The rows of one of the statements, once they are sent."""

    __slots__ = ("rows",)

    rows: list[Any]


@dataclass(slots=True)
class Question:
    """A statement with its values, on its way."""

    statement: Fixed
    values: Values
    answer: Answer | None
    """None where nobody asks what it gives."""

    def sent(self, tx: Connection) -> tuple[str, list[Any]]:
        return self.statement.call(tx, self.values)

    def answered(self, tx: Connection, given: Sequence[Any]) -> None:
        if self.answer is not None:
            self.answer.rows = self.statement.shown(tx, given)


@dataclass(slots=True)
class Change:
    """A statement for many rows of an organization, on its way."""

    statement: FixedForMany
    organization_id: int
    rows: Sequence[Row]
    same: Values
    answer: Answer | None

    def sent(self, tx: Connection) -> tuple[str, list[Any]]:
        return self.statement.call(tx, self.organization_id, self.rows, self.same)

    def answered(self, _tx: Connection, given: Sequence[Any]) -> None:
        if self.answer is not None:
            self.answer.rows = list(given)


Call = Question | Change


class Together:
    """Statements of one transaction on their way to the database: at the end of the block they are sent."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx
        driver = tx.connection.driver_connection
        self._at_once = not isinstance(driver, Session) or driver.is_spread
        self._calls: list[Call] = []

    def __enter__(self) -> Together:
        return self

    def __exit__(self, failed: type[BaseException] | None, *_: object) -> None:
        if failed is None:
            self.send()

    def rows(self, statement: Fixed, values: Values) -> Answer:
        """Ask for all rows that the statement gives, as named tuples of its columns."""
        answer = Answer()
        if self._at_once:
            answer.rows = statement.rows(self.tx, values)
        else:
            self._calls.append(Question(statement, values, answer))
        return answer

    def do(self, statement: Fixed, values: Values) -> None:
        """Have the statement run for what it does."""
        if self._at_once:
            statement.run(self.tx, values)
        else:
            self._calls.append(Question(statement, values, None))

    def run(
        self,
        statement: FixedForMany,
        organization_id: int,
        rows: Iterable[Row],
        same: Values = NOTHING,
    ) -> Answer:
        """Have many rows changed; the answer is what the statement gives, as the driver has it."""
        answer = Answer()
        rows = list(rows)
        if not rows:
            answer.rows = []
        elif self._at_once:
            answer.rows = statement.run(self.tx, organization_id, rows, same)
        else:
            answer.rows = []
            self._calls.append(
                Change(statement, organization_id, rows, same, answer if statement.gives else None)
            )
        return answer

    def send(self) -> None:
        """After this, the answers have their rows."""
        calls, self._calls = self._calls, []
        if is_beside_others():
            sent_by_all(calls)
        elif calls:
            send(self.tx, [(*each.sent(self.tx), each) for each in calls])


def at_once(tx: Connection, ask: Callable[[Together], Asked[T]]) -> T:
    """What is asked for, where nothing else is."""
    with Together(tx) as at:
        asked = ask(at)
    return asked()


class _Sent(Protocol):
    """What was sent, or several things that went as one."""

    answer: Any
    """None where nobody asks what it gives."""

    def answered(self, tx: Connection, given: Sequence[Any]) -> None:
        """These rows have come."""
        ...


def send(tx: Connection, calls: Sequence[tuple[str, list[Any], _Sent]]) -> None:
    """Have all of these run, and answered."""
    key = tuple([(sql, each.answer is not None) for sql, _, each in calls])
    sql = key[0][0] if len(key) == 1 else _sent.get(key)
    if sql is None:
        sql = _sent[key] = one_of(key)
    arguments = [value for _, values, _ in calls for value in values]
    driver: Any = tx.connection.driver_connection
    given = await_only(driver.fetch(sql, *arguments))
    if len(calls) == 1:
        calls[0][2].answered(tx, given)
        return
    found: list[list[Any]] = [[] for _ in calls]
    for place, row in given:
        found[place].append(row)
    for (_, _, call), rows in zip(calls, found, strict=True):
        call.answered(tx, rows)


def one_of(statements: Sequence[tuple[str, bool]]) -> str:
    """One statement made of several, each of which says whether it is asked what it gives.

    Of each row that comes, the first column is the place of the statement that gives it.
    """
    changing, giving, before = [], [], 0
    for place, (sql, asked) in enumerate(statements):
        shifted = _PARAMETER.sub(lambda found, by=before: f"${int(found[1]) + by}", sql)  # type: ignore[misc]
        before += len(set(_PARAMETER.findall(sql)))
        if _CHANGES.match(sql):
            changing.append(f"c{place} AS ({shifted})")
            source = f"c{place}"
        else:
            source = f"({shifted})"
        if asked or not _CHANGES.match(sql):
            giving.append(f"SELECT {place}, given FROM {source} AS given")
    head = f"WITH {', '.join(changing)} " if changing else ""
    return head + (" UNION ALL ".join(giving) or "SELECT 0, NULL WHERE false")
