"""`python -m bench`: measure, and write down what came of it.

It ends with status 1 if a bound is missed, or if something happened that must never happen.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvloop

from bench import report, results
from bench.machine import machine, versions
from bench.picture import picture
from bench.postgres import postgres_running
from bench.results import NOTHING, Results
from bench.run import Measured, Run
from bench.scenarios import SCENARIOS


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    names = list(dict.fromkeys(asked.only)) or list(SCENARIOS)
    try:
        good = uvloop.run(_measure(names, asked))
    except (asyncio.CancelledError, KeyboardInterrupt):
        sys.exit("stopped; what was finished is written down")
    sys.exit(0 if good or asked.profile else 1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=f"Measure Kursplan: {', '.join(SCENARIOS)}."
    )
    parser.add_argument(
        "--only",
        nargs="*",
        default=[],
        choices=list(SCENARIOS),
        metavar="NAME",
        help="measure only these; what the others found out before is kept",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often everything is measured, in turns (5)"
    )
    parser.add_argument("--seconds", type=int, default=4, help="how long one measurement takes (4)")
    parser.add_argument(
        "--profile",
        action="store_true",
        help="look where the time goes instead, with py-spy, into bench/PROFILES.md",
    )
    parser.add_argument(
        "--dry",
        action="store_true",
        help="print what was measured, and leave the results that are stored as they are",
    )
    return parser


async def _measure(names: Sequence[str], asked: argparse.Namespace) -> bool:
    """Whether all went well, and as fast as it has to."""
    # Whoever ends this process ends what it started, too.
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    good = True
    for name in names:
        run, measured = await _scenario(name, asked)
        print(report.of_scenario(name, measured), flush=True)
        good &= report.is_good(measured)
        found = results.stored()
        if asked.profile:
            found = results.with_profiles(found, name, run.profiles)
            where = "bench/PROFILES.md"
        else:
            found = results.updated(found, name, measured, _circumstances(asked))
            where = "bench/RESULTS.md"
        if not asked.dry:
            _write(found)
            print(f"{where}: replaced what it says of {name}, and nothing else", flush=True)
        elif asked.profile:
            print(report.profiles_page(results.with_profiles(NOTHING, name, run.profiles)))
    return good


async def _scenario(name: str, asked: argparse.Namespace) -> tuple[Run, Measured]:
    with tempfile.TemporaryDirectory(prefix="kursplan-bench-") as temporary:
        folder = Path(temporary)
        async with postgres_running(folder) as postgres:
            rounds = 1 if asked.profile else asked.rounds
            run = Run(folder, postgres, name, rounds, asked.seconds, asked.profile)
            return run, await SCENARIOS[name](run)


def _circumstances(asked: argparse.Namespace) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "rounds": asked.rounds,
        "seconds": asked.seconds,
        "machine": machine(),
        "versions": versions(),
    }


def _write(found: Results) -> None:
    results.store(found)
    report.FILE.write_text(report.page(found))
    report.PICTURE.write_text(picture(found))
    if found["profiles"]:
        report.PROFILES.write_text(report.profiles_page(found))


if __name__ == "__main__":
    main()
