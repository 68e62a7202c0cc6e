"""Where a server spends its time, as py-spy sees it from outside.

Looking slows the server down, so what is measured meanwhile counts for nothing.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

LOOKS_A_SECOND = 200
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the time on the processor was spent in a function, without what it calls."""

    function: str
    percent: float


@asynccontextmanager
async def looked_at(pid: int, file: Path) -> AsyncIterator[list[Share]]:
    """Look at a process until the block ends; then the list holds where it was most."""
    shares: list[Share] = []
    looking = await asyncio.create_subprocess_exec(
        *(_installed(), "record", "--pid", str(pid), "--rate", str(LOOKS_A_SECOND)),
        # Only while it holds the interpreter: one that waits is not busy.
        *("--format", "raw", "--function", "--gil", "--output", str(file)),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield shares
    finally:
        if looking.returncode is None:
            looking.send_signal(signal.SIGINT)
        await looking.wait()
    shares.extend(top(await asyncio.to_thread(file.read_text)))


def _installed() -> str:
    beside = Path(sys.executable).parent
    program = shutil.which("py-spy", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if program is None:
        raise FileNotFoundError("py-spy is not installed: `make bench` does that")
    return program


def top(stacks: str, shown: int = SHOWN) -> Sequence[Share]:
    """The functions with the largest share, from lines like `outer;inner (file.py) 42`."""
    found: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        if function := stack.rpartition(";")[2]:
            found[function] += int(count)
    every = found.total()
    return [
        Share(function, round(100 * count / every, 1))
        for function, count in found.most_common(shown)
    ]
