"""One transaction for the work of several organizations: one way to the database for what all of them ask,
and one commit.

Each piece of work is of one organization, and is what it would be in a transaction of its own. What the
pieces send together (`Together`) goes as one: of a statement that several send, one for all of them
(`several`). So a hundred small turns cost the database hardly more than a large one. Where a statement is
sent by itself it is sent by itself here, too.

Tables that are spread over several machines are not for this: there a transaction is of one organization.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog
from sqlalchemy import Connection

from kursplan.store.engine.beside import beside_each_other
from kursplan.store.engine.database import Database
from kursplan.store.engine.postgres_session import Session
from kursplan.store.engine.together import Call, Change, Question, send
from kursplan.store.engine.trouble import DatabaseUnavailable, Work

log = structlog.get_logger(__name__)

T = TypeVar("T")
Given = TypeVar("Given", covariant=True)


class Leaves(Exception):
    """One piece of work leaves the others, having written nothing: it is to be done by itself."""


class Patient(Protocol[Given]):
    """Work that can do without waiting."""

    def __call__(self, tx: Connection, *, waits: bool) -> Given:
        """Unless it `waits`, it leaves where another holds what it needs."""
        ...


async def each_committed(
    database: Database, works: Mapping[int, Patient[T]]
) -> dict[int, T | Exception]:
    """What each of them gives, committed, or the fault with it: each for its organization.

    They share a transaction as far as that may be. Whoever leaves it has one alone, and so has everybody
    where it fails: nobody knows for whom it did. Nothing is done twice: where it is unknown whether they were
    committed, that is the fault of all of them, and so it is where the database is out of reach.
    """
    found: dict[int, T | Exception] = {}
    if len(works) > 1 and database.mixes_organizations:
        found = await _committed_together(database, works)
    for each in works.keys() - found.keys():
        try:
            found[each] = await database.write(partial(works[each], waits=True))
        except Exception as fault:
            found[each] = fault
    return found


async def _committed_together(
    database: Database, works: Mapping[int, Patient[T]]
) -> dict[int, T | Exception]:
    """The same for those that need no transaction of their own."""
    done: list[T | Leaves] | None = None

    def transaction(tx: Connection) -> list[T | Leaves]:
        nonlocal done
        done = jointly(tx, {each: partial(work, waits=False) for each, work in works.items()})
        return done

    try:
        committed = await database.write(transaction)
    except Exception as fault:
        away = isinstance(fault, DatabaseUnavailable) and not (fault.conflict or fault.locked)
        if away or done is not None:
            return dict.fromkeys(works, fault)
        log.warning("failed together", organizations=len(works), failure=type(fault).__name__)
        return {}
    return {
        each: given
        for each, given in zip(works, committed, strict=True)
        if not isinstance(given, Leaves)
    }


def jointly(tx: Connection, works: Mapping[int, Work[T]]) -> list[T | Leaves]:
    """What each of them gives, as they are given, each for its organization.

    They are done in the order of these, so that nobody waits crosswise. One that leaves has locked and read
    what it has, and nothing more. Any other exception is one of the whole transaction.
    """
    in_order = {each: partial(works[each], tx) for each in sorted(works)}
    pieces = list(in_order.values())
    if isinstance(tx.connection.driver_connection, Session):
        done = beside_each_other(pieces, partial(_send, tx), Leaves)
    else:
        done = [_given_or_left(each) for each in pieces]
    found = dict(zip(in_order, done, strict=True))
    return [found[each] for each in works]


def _given_or_left(piece: Callable[[], T]) -> T | Leaves:
    try:
        return piece()
    except Leaves as left:
        return left


def _send(tx: Connection, sent: list[list[Call]]) -> None:
    together = []
    for calls in _alike(sent):
        if len(calls) == 1:
            together.append((*calls[0].sent(tx), calls[0]))
        elif isinstance(calls[0], Question):
            together.append(_questions(tx, calls))
        else:
            together.append(_changes(tx, calls))
    send(tx, together)


def _alike(sent: Iterable[Iterable[Call]]) -> Iterable[list[Any]]:
    """Those of the same statement, which are of different organizations."""
    groups: dict[Any, list[Call]] = {}
    for calls in sent:
        numbers: dict[int, int] = {}
        for call in calls:
            statement = call.statement
            number = numbers[id(statement)] = numbers.get(id(statement), 0) + 1
            common: tuple[Any, ...] = ()
            if isinstance(call, Change) and call.statement.common:
                common = tuple([call.same[name] for name in call.statement.common])
            groups.setdefault((id(statement), number, common), []).append(call)
    return groups.values()


@dataclass(slots=True)
class _Questions:
    """The same question of several."""

    of: Sequence[Question]
    answer = True

    def answered(self, tx: Connection, given: Sequence[Any]) -> None:
        rows: list[list[Any]] = [[] for _ in self.of]
        shown = self.of[0].statement.shown(tx, [row[1:] for row in given])
        for (place, *_), row in zip(given, shown, strict=True):
            rows[place].append(row)
        for question, its_rows in zip(self.of, rows, strict=True):
            if question.answer is not None:
                question.answer.rows = its_rows


def _questions(tx: Connection, of: Sequence[Question]) -> tuple[str, list[Any], _Questions]:
    sql, arguments = of[0].statement.call_of_several(tx, [each.values for each in of])
    return sql, arguments, _Questions(of)


@dataclass(slots=True)
class _Changes:
    """The same change for rows of several."""

    of: Sequence[Change]

    @property
    def answer(self) -> Any:
        return self.of[0].answer

    def answered(self, _tx: Connection, given: Sequence[Any]) -> None:
        if self.answer is None:
            return
        rows: dict[int, list[Any]] = {each.organization_id: [] for each in self.of}
        for organization_id, *row in given:
            rows[organization_id].append(row)
        for change in self.of:
            if change.answer is not None:
                change.answer.rows = rows[change.organization_id]


def _changes(tx: Connection, of: Sequence[Change]) -> tuple[str, list[Any], _Changes]:
    calls = [(each.organization_id, each.rows, each.same) for each in of]
    sql, arguments = of[0].statement.call_of_several(tx, calls)
    return sql, arguments, _Changes(of)
