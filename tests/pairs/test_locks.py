"""What each command locks and reads is what ARCHITECTURE.md says; what it decides by is read behind
its locks, and locks come in one order."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from kursplan.desk.engine.turn import Command
from tests.pairs.locks import Row, Sent, rank, table
from tests.pairs.scene import Scene, commands
from tests.pairs.walk import Walk

pytestmark = pytest.mark.asyncio(loop_scope="session")

ARCHITECTURE = Path(__file__).parents[2] / "ARCHITECTURE.md"

Tries = list[list[str]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sent(scene_url: tuple[str, Scene], walk: Walk) -> list[tuple[Command[Any], Tries]]:
    """Every command, and what it sends in each of its tries."""
    return [(each, await walk.sent(each)) for _, each in commands(scene_url[1])]


async def test_the_table_is_true(sent: list[tuple[Command[Any], Tries]]) -> None:
    statements = defaultdict[str, list[str]](list)
    for command, tries in sent:
        statements[type(command).__name__].extend(each for one in tries for each in one)
    true = table({kind: Row.of(each) for kind, each in statements.items()})
    assert true in ARCHITECTURE.read_text(), f"it should say:\n{true}"


async def test_every_kind_has_something_to_do(sent: list[tuple[Command[Any], Tries]]) -> None:
    """One that changed nothing could not get in anybody's way, and the walk would prove nothing."""
    idle = {type(command).__name__ for command, _ in sent}
    for command, tries in sent:
        if Row.of(each for one in tries for each in one).writes:
            idle.discard(type(command).__name__)
    assert idle == set()


async def test_locks_come_in_one_order(sent: list[tuple[Command[Any], Tries]]) -> None:
    for command, tries in sent:
        for statements in tries:
            locks = [lock for each in statements if (lock := Sent(each).locks) is not None]
            assert locks == sorted(locks, key=rank), command


async def test_what_is_seen_before_the_locks_is_looked_at_again_behind_them(
    sent: list[tuple[Command[Any], Tries]],
) -> None:
    for command, tries in sent:
        statements = tries[-1]
        last = max(statements.index(each) for each in statements if _holds(each))
        before = {each for each in statements[:last] if Sent(each).locks is None}
        assert before <= set(statements[last:]), command


def _holds(statement: str) -> bool:
    """Whether it is one of the locks with which a turn begins."""
    return (Sent(statement).locks or "").split(" ")[0] in ("customer", "slot", "organization")
