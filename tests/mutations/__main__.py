"""`make mutations`: try each mutation, or those that are named, and write down which test saw it."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock

from tests.mutations.listed import MUTATIONS
from tests.mutations.mutation import Mutation
from tests.mutations.table import TABLE, Seen, drawn, keep, kept
from tests.mutations.trial import Copy, NoTrial, try_out, with_postgres
from tests.postgres import PostgresServer, installed_programs


def main() -> int:
    parser = argparse.ArgumentParser(prog="make mutations", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="only the mutations of these names"
    )
    parser.add_argument(
        "--missing", action="store_true", help="only those of which nothing is known"
    )
    parser.add_argument(
        "--at-once", type=int, default=2, help="how many are tried at the same time"
    )
    options = parser.parse_args()
    known = kept()
    chosen = [
        each
        for each in MUTATIONS
        if (options.only is None or each.name in options.only)
        and not (options.missing and _is_known(each, known))
    ]
    if unknown := set(options.only or ()) - {each.name for each in MUTATIONS}:
        parser.error(f"there is no mutation {', '.join(sorted(unknown))}")
    programs = installed_programs()
    server = None if programs is None else PostgresServer(programs)
    try:
        with_postgres(None if server is None else server.url)
        seen, faults = _try_all(chosen, options.at_once)
    finally:
        if server is not None:
            server.stop()
    unseen = [name for name, each in seen.items() if each.by is None]
    print(f"{len(chosen)} tried, {len(unseen)} seen by nobody, {len(faults)} not to the end.")
    for fault in faults:
        print(fault)
    return 1 if unseen or faults else 0


def _note(seen: Mapping[str, Seen], *, gone: Collection[str] = ()) -> None:
    """Write it down beside what is known; whoever breaks the command off keeps what was seen by then."""
    names = {each.name for each in MUTATIONS}
    now = {name: each for name, each in (kept() | seen).items() if name in names - set(gone)}
    keep(now)
    if names <= now.keys():
        TABLE.write_text(drawn(MUTATIONS, now))


def _is_known(mutation: Mutation, known: dict[str, Seen]) -> bool:
    seen = known.get(mutation.name)
    return seen is not None and seen.fingerprint == mutation.fingerprint and seen.by is not None


def _try_all(chosen: Sequence[Mutation], at_once: int) -> tuple[dict[str, Seen], list[str]]:
    """What was seen, and what could not be tried to the end."""
    seen: dict[str, Seen] = {}
    faults: list[str] = []
    noting = Lock()
    with tempfile.TemporaryDirectory(prefix="kursplan-mutations-") as folder:
        # Whoever runs a server of PostgreSQL's for a test may be another user.
        Path(folder).chmod(0o755)
        copies = SimpleQueue[Copy]()
        for number in range(at_once):
            copies.put(Copy.made_in(Path(folder) / str(number)))

        def attempt(mutation: Mutation) -> None:
            copy = copies.get()
            try:
                by = try_out(copy, mutation)
            except NoTrial as fault:
                faults.append(f"{mutation.name}: {fault}")
            else:
                with noting:
                    seen[mutation.name] = Seen(mutation.fingerprint, by)
                    _note(seen)
                print(f"{mutation.name}: {by or 'NOBODY'}", flush=True)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(attempt, chosen))
        # A test that fails without the mutation has seen nothing.
        looked = sorted({f"tests/{each.by}" for each in seen.values() if each.by is not None})
        try:
            failing = copies.get().failing(looked) if looked else []
        except NoTrial as fault:
            failing = looked
            faults.append(f"the tests could not be run without any mutation: {fault}")
    wrong = {each.removeprefix("tests/") for each in failing}
    faults += [
        f"{name}: {each.by} fails without it, too"
        for name, each in seen.items()
        if each.by in wrong
    ]
    _note(seen, gone=[name for name, each in seen.items() if each.by in wrong])
    return seen, faults


if __name__ == "__main__":
    sys.exit(main())
