"""Numbers of the database's sequence, of which a process takes many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from kursplan.ids import BLOCK, Ids
from kursplan.store.engine.trouble import DatabaseUnavailable


async def test_who_waits_for_the_same_look_fails_with_it() -> None:
    """And does not look again by itself, each as long as the one before."""
    looks = 0

    async def look(_count: int) -> Sequence[int]:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0)
        if looks == 1:
            raise DatabaseUnavailable("no lock was to be had")
        return range(BLOCK)

    ids = Ids(look)
    answers = await asyncio.gather(*(ids.next() for _ in range(100)), return_exceptions=True)

    assert {type(each) for each in answers} == {DatabaseUnavailable}
    assert looks == 1
    assert [await ids.next() for _ in range(3)] == [0, 1, 2]
    assert looks == 2
