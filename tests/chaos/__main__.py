"""`make chaos`: strike a running house again and again, and see whether all that is promised holds.

    python -m tests.chaos --minutes 60 --seed 7 --database postgresql

Load goes to the loopback address only, and it ends by itself. What it did is printed as text, and as
JSON in the last line; the exit status is 0 only if nothing was found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import secrets
import sys
from contextlib import AbstractAsyncContextManager
from itertools import islice
from logging import ERROR

import structlog

from tests.chaos.house import House, on_a_file, on_a_pair
from tests.chaos.plan import CHANCES, Blow, steps
from tests.chaos.run import Counts, running

SHOWN = 12
"""So many steps of the plan are printed before it begins."""


def asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0, help="how long, on each database")
    parser.add_argument(
        "--most", type=int, default=math.inf, help="end after so many blows, if that is sooner"
    )
    parser.add_argument("--seed", type=int, help="repeats the plan of another run")
    parser.add_argument("--database", choices=(*CHANCES, "both"), default="both")
    parser.add_argument(
        "--only", choices=[each.name.lower() for each in Blow], nargs="+", help="only these blows"
    )
    parser.add_argument(
        "--pooled", action="store_true", help="PostgreSQL through PgBouncer; without failovers"
    )
    return parser.parse_args()


async def strike(kind: str, seed: int, wanted: argparse.Namespace) -> Counts:
    only = {Blow[name.upper()] for name in wanted.only or ()}
    async with house_of(kind, pooled=wanted.pooled) as house, running(house, seed) as run:
        chances = {
            blow: chance
            for blow, chance in CHANCES[kind].items()
            if blow not in house.spared and (blow in only or not only)
        }
        print(f"{kind}, seed {seed}. The plan begins:")
        for step in islice(steps(seed, kind, chances), SHOWN):
            print(f"  after {step.after_seconds:.1f} s {step.blow}", flush=True)
        await run.storm(steps(seed, kind, chances), seconds=wanted.minutes * 60, most=wanted.most)
        await run.findings()
        return run.counts


def house_of(kind: str, *, pooled: bool) -> AbstractAsyncContextManager[House]:
    return on_a_file() if kind == "sqlite" else on_a_pair(pooled=pooled)


def shown(counts: Counts) -> str:
    """What was done, to be put into docs/proof.md."""
    blows = "; ".join(f"{name}: {count}" for name, count in counts.blows.most_common())
    answers = "; ".join(f"{name}: {count}" for name, count in counts.answers.most_common())
    staff = "; ".join(f"{name}: {count}" for name, count in counts.staff.most_common())
    lines = [
        f"{counts.kind}, seed {counts.seed}, {counts.began}, {counts.seconds:.0f} seconds.",
        f"{counts.blows.total()} blows, {counts.kills} of them kills ({blows}).",
        f"{counts.bookings} bookings answered, {counts.cancelled} cancelled ({answers}).",
        f"Staff: {staff}.",
        f"{counts.events} events, told in {counts.requests_to_partners} requests.",
    ]
    if counts.resumed_ms:
        after = sorted(counts.resumed_ms)
        lines.append(
            f"After {len(after)} promotions the next booking was answered within"
            f" {after[len(after) // 2]} ms (median), {after[-1]} ms (longest)."
        )
    lines += counts.findings or [
        "Nothing was lost, twice, out of order, untold or without history."
    ]
    return "\n".join(lines)


async def main() -> int:
    wanted = asked()
    # That a turn of staff fails is what is to be seen here: it is counted.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(ERROR))
    seed = secrets.randbelow(10_000) if wanted.seed is None else wanted.seed
    kinds = tuple(CHANCES) if wanted.database == "both" else (wanted.database,)
    done = []
    for kind in kinds:
        done.append(await strike(kind, seed, wanted))
        print(shown(done[-1]), flush=True)
    print(json.dumps([each.as_json() for each in done]))
    return 1 if any(each.findings for each in done) else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
