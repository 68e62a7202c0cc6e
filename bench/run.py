"""One run of the harness: where it happens, for how long, and what all scenarios do alike."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.kursplan import Server
from bench.postgres import Postgres
from bench.profiles import Share, looked_at

WARM_UP_SECONDS = 1
"""For so long everybody does what is measured, limits too, before it counts."""


@dataclass(slots=True)
class Measured:
    """What a scenario found out."""

    ratios: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By name, one for each round: numerator and denominator are of the same round."""
    figures: defaultdict[str, list[dict[str, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By what was measured, one set for each round."""

    checks: Counter[str] = field(default_factory=Counter)
    """By name, how often in all rounds something happened that must never happen."""

    def note(self, what: str, **figures: float) -> None:
        """Keep the figures of one round."""
        self.figures[what].append({name: round(value, 3) for name, value in figures.items()})

    def last(self, what: str, figure: str) -> float:
        """A figure of the round that is under way."""
        return self.figures[what][-1][figure]

    def compare(self, ratio: str, above: str, below: str, figure: str) -> None:
        """Note how many times the figure of `below` the one of `above` is in this round."""
        self.ratios[ratio].append(self.last(above, figure) / self.last(below, figure))


@dataclass(slots=True)
class Run:
    """What a scenario is given."""

    folder: Path
    """Temporary; gone when the scenario is over."""
    postgres: Postgres
    scenario: str
    rounds: int
    seconds: int
    """How long one measurement takes."""
    profile: bool = False
    """Whether it is about where the time goes; then the figures count for nothing."""
    profiles: dict[str, list[Share]] = field(default_factory=dict)

    @asynccontextmanager
    async def looking_at(self, server: Server, what: str) -> AsyncIterator[None]:
        """If the run is a profile, note as `what` where one of the workers spends its time."""
        if not self.profile:
            yield
            return
        file = self.folder / f"{len(self.profiles)}.stacks"
        async with looked_at(server.worker_pids[0], file) as shares:
            yield
        self.profiles[what] = shares

    def each_round(self) -> Iterator[int]:
        for number in range(1, self.rounds + 1):
            print(f"{self.scenario}: round {number} of {self.rounds}", flush=True)
            yield number


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
