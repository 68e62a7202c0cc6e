"""What is done to the house, and when: drawn from a seed, before anything runs.

The plan is the part of a run that a seed repeats to the letter. Which request a kill meets is up to the
machine, and differs from run to run.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Blow(StrEnum):
    """Something that befalls the house."""

    SERVER = "kill -9 of the server"
    WORKER = "kill -9 of a worker"
    FROZEN = "a server that stands still"
    NO_ROOM = "a file that cannot grow"
    BACKEND = "kill -9 of a process of PostgreSQL"
    POSTGRES = "kill -9 of PostgreSQL"
    RESTART = "a restart of PostgreSQL"
    STALLED = "a database that stands still"
    FULL = "a full disk"
    FAILOVER = "kill -9 of the primary, failover"
    VANISHED = "a primary that vanishes, failover"


KILLS = frozenset(
    {Blow.SERVER, Blow.WORKER, Blow.BACKEND, Blow.POSTGRES, Blow.FAILOVER, Blow.VANISHED}
)
"""After which a process is gone that was asked nothing before."""
FAILOVERS = frozenset({Blow.FAILOVER, Blow.VANISHED})

CHANCES: Mapping[str, Mapping[Blow, int]] = {
    "sqlite": {Blow.SERVER: 8, Blow.FROZEN: 1, Blow.NO_ROOM: 1},
    "postgresql": {
        Blow.SERVER: 4,
        Blow.WORKER: 4,
        Blow.BACKEND: 5,
        Blow.POSTGRES: 3,
        Blow.RESTART: 1,
        Blow.STALLED: 1,
        Blow.FULL: 1,
        Blow.FAILOVER: 1,
        Blow.VANISHED: 1,
    },
}
"""How often each comes, beside the others."""


@dataclass(frozen=True, slots=True)
class Step:
    """A blow, and how long the house has been whole before it."""

    after_seconds: float
    blow: Blow
    choice: float
    """Which of several it meets, as a share of them."""


def steps(seed: int, kind: str, chances: Mapping[Blow, int]) -> Iterator[Step]:
    """Without end."""
    dice = random.Random(f"{seed} {kind}")  # noqa: S311 - nothing depends on its being secret
    while True:
        yield Step(
            round(dice.uniform(0.05, 1.0), 3),
            dice.choices(list(chances), list(chances.values()))[0],
            round(dice.random(), 3),
        )
