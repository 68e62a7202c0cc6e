"""How much memory a worker holds, and whether it grows along a million requests.

The requests are a mix of reads, validates and bookings. What is noted is the resident memory of the
process that answers, after every portion of them.
"""

from __future__ import annotations

import re
import statistics
from pathlib import Path

from bench.filled import FilledPostgres
from bench.gym import Gym
from bench.kursplan import kursplan_running
from bench.run import Measured, Run
from bench.wrk import load

REQUESTS_A_SECOND = 50_000
"""For so many, times the rounds and seconds of the run, it goes on: a million with the defaults."""
MOST_REQUESTS = 1_000_000
PORTION_SECONDS = 5
MOST_PORTIONS = 240


async def measure(run: Run) -> Measured:
    measured = Measured()
    database = await FilledPostgres.create(run.postgres)
    await database.fresh()
    [gym] = database.gyms
    wanted = min(MOST_REQUESTS, REQUESTS_A_SECOND * run.rounds * run.seconds)
    answered, held = 0, []
    async with (
        kursplan_running(database.url, run.folder) as server,
        run.looking_at(server, "reads, validates and bookings"),
    ):
        [pid] = server.worker_pids
        for portion in range(MOST_PORTIONS):
            done = await load(server.url, "mix", _mix(portion, gym), seconds=PORTION_SECONDS)
            answered += done.requests
            held.append(_resident_megabytes(pid))
            if answered >= wanted:
                break
    measured.note(
        "megabytes of a worker",
        requests=answered,
        after_the_first_portion=held[0],
        after_a_quarter=held[len(held) // 4],
        after_half=held[len(held) // 2],
        at_the_end=held[-1],
        at_most=max(held),
    )
    measured.ratios["memory"].append(max(held))
    measured.ratios["memory_growth"].append(growth(held))
    return measured


def growth(held: list[float]) -> float:
    """How many times the second quarter's memory the last quarter's is; the first is warming up."""
    quarter = max(1, len(held) // 4)
    return statistics.median(held[-quarter:]) / statistics.median(held[quarter : 2 * quarter])


def _mix(seed: int, gym: Gym) -> list[object]:
    return [
        *(seed, gym.key),
        *(gym.slots[0], len(gym.slots)),
        *(gym.customers[0], len(gym.customers)),
        *(gym.classes[0], gym.usual_classes),
    ]


def _resident_megabytes(pid: int) -> float:
    found = re.search(r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    if found is None:
        raise ProcessLookupError(f"the process {pid} has ended")
    return int(found[1]) / 1024
