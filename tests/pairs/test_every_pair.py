"""Whatever two processes are told at once, what comes of it is what one of both orders gives.

Every command meets every other. One is held where it is about to commit, and the other goes on as far
as it can. Of those of which one has to wait for the other by how they hold the organization, each meets
only some: whom it waits for is the same to it. `make soak` has all meet, holds either of two, also where
it has looked and not locked yet, and walks all variants of each kind.
"""

from __future__ import annotations

from typing import Any

import pytest

from kursplan.desk.engine.turn import Command, Hold
from tests.pairs.scene import Scene, commands, every_kind
from tests.pairs.walk import Outcome, Walk

_Named = tuple[str, Command[Any]]

KINDS = sorted(each.__name__ for each in every_kind())


def test_every_kind_of_command_is_walked(given: dict[str, Command[Any]]) -> None:
    assert {type(command) for command in given.values()} == every_kind()


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.timeout(600)
async def test_both_orders(
    kind: str, given: dict[str, Command[Any]], walk: Walk, every_variant: bool
) -> None:
    broken = []
    at = {name: number for number, name in enumerate(given)}
    for name, held in given.items():
        if type(held).__name__ != kind:
            continue
        places = await walk.places(held)
        for place in places if every_variant else places[:1]:
            for beside, other in given.items():
                if not every_variant and not _meet((name, held), (beside, other), at):
                    continue
                outcome = await walk.beside(held, place, other)
                orders = [await walk.in_turn(held, other)]
                if outcome == orders[0]:
                    continue
                orders.append(flipped(await walk.in_turn(other, held)))
                if outcome not in orders:
                    broken.append(f"{name!r} held {place}, {beside!r} beside it:")
                    nearest = min((outcome.differs(each) for each in orders), key=len)
                    broken.extend(f"  {each}" for each in nearest[:5])
    assert not broken, "\n".join(broken)


NEIGHBOURS = 4
"""How many others a command meets of those that it can't be beside, as either holds the organization alone."""


def _meet(held: _Named, beside: _Named, at: dict[str, int]) -> bool:
    """Whether the first is held while the second passes, in the few minutes that a test run has."""
    one, other = at[held[0]], at[beside[0]]
    holds = {command.footprint.organization for _, command in (held, beside)}
    if Hold.ALONE in holds and Hold.NOT not in holds:
        return (other - one) % len(at) <= NEIGHBOURS
    # By their numbers, each of two is held about half the time.
    return one == other or ((one + other) % 2 == 0) == (one < other)


@pytest.mark.asyncio(loop_scope="session")
async def test_nobody_misses_the_first_booking_on_a_slot(
    scene_url: tuple[str, Scene], given: dict[str, Command[Any]], walk: Walk
) -> None:
    """It queues for a slot on which nobody is, and a action of staff queues behind it."""
    scene = scene_url[1]
    first = dict(commands(scene))["book the last seat"]
    missed = []
    for name, action in given.items():
        outcome = await walk.behind(scene.empty, first, action)
        orders = await walk.in_turn(first, action), flipped(await walk.in_turn(action, first))
        if outcome not in orders:
            missed.append(f"{name!r}: {outcome.differs(orders[0])[:5]}")
    assert not missed, "\n".join(missed)


@pytest.mark.asyncio(loop_scope="session")
async def test_of_two_who_place_the_same_instructor_one_is_refused(
    scene_url: tuple[str, Scene], walk: Walk
) -> None:
    """Either alone is fine: what the one placed is seen behind the lock that the other waited for."""
    given = dict(commands(scene_url[1]))
    early, late = given["plan early in hamburg"], given["plan late in hamburg"]
    orders = [await walk.in_turn(early, late), flipped(await walk.in_turn(late, early))]
    for order, refused in zip(orders, (1, 0), strict=True):
        assert ["Clashing" in each for each in order.answers].index(True) == refused
        assert not order.answers[1 - refused].startswith("Clashing")
    for place in await walk.places(early):
        assert await walk.beside(early, place, late) in orders
    for place in await walk.places(late):
        assert flipped(await walk.beside(late, place, early)) in orders


def flipped(outcome: Outcome) -> Outcome:
    """As if the second had been named first."""
    first, second = outcome.answers
    return Outcome((second, first), outcome.rows)
