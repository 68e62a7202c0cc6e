"""A siege: all that a hundred strangers can push, while honest callers ask. For `make soak`.

What a few may make the server hold is tested in `test_bounds.py`; here are the numbers.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Callable, Sequence

import pytest

from kursplan.clock import stopwatch
from tests.web.client import HONEST, Served

BESIEGERS = 100
PUSHED_BYTES = 48 * 1024 * 1024
SECONDS = 15
QUIET_SECONDS = 5
GROWTH_BYTES = 50 * 1024 * 1024
P99_SECONDS = 0.1
"""So much longer than before the siege may 99 of 100 honest requests take. By how much a machine that does
other things too delays everybody is seen before it."""


async def push(port: int, begin: bytes, again: bytes) -> None:
    """Send it again and again, and read nothing; where the server hangs up, come back."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
            writer.write(begin)
            for _ in range(PUSHED_BYTES // len(again)):
                writer.write(again)
                await writer.drain()
        except ConnectionError:
            await asyncio.sleep(0.1)


def besiege(port: int, begin: bytes, again: bytes, besiegers: int) -> None:
    async def run() -> None:
        await asyncio.gather(*(push(port, begin, again) for _ in range(besiegers)))

    asyncio.run(run())


async def honest(port: int, seconds: float) -> list[float]:
    """How long each of one caller's requests takes, one after the other, sorted."""
    took = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    until = stopwatch() + seconds
    while (began := stopwatch()) < until:
        writer.write(HONEST)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        took.append(stopwatch() - began)
        await asyncio.sleep(0.01)
    writer.close()
    return sorted(took)


def p99(took: Sequence[float]) -> float:
    return took[len(took) * 99 // 100]


@pytest.mark.parametrize(
    ("begin", "again", "besiegers"),
    [
        pytest.param(b"GET / HTTP/1.1\r\nX-A: ", b"b" * 65536, 1, id="a header without an end"),
        pytest.param(b"", HONEST * 1000, BESIEGERS, id="requests"),
        pytest.param(b"", b"GET / HTTP/1.1\r\n\r\n" * 3600, BESIEGERS, id="faults"),
        pytest.param(
            b"POST /v1/classes/booking/book HTTP/1.1\r\nHost: k\r\nContent-Length: 99999999\r\n\r\n",
            b" " * 65536,
            BESIEGERS,
            id="bodies",
        ),
    ],
)
def test_under_siege_memory_stays_and_honest_callers_are_answered(
    serve: Callable[..., Served], begin: bytes, again: bytes, besiegers: int
) -> None:
    served = serve(LOG_LEVEL="error")
    port = served.server.port
    before = served.memory_bytes
    quiet = asyncio.run(honest(port, QUIET_SECONDS))
    # In a process of its own: honest callers wait for the server, and for nobody else.
    siege = multiprocessing.get_context("spawn").Process(
        target=besiege, args=(port, begin, again, besiegers), daemon=True
    )
    siege.start()
    took = asyncio.run(honest(port, SECONDS))
    grown = served.memory_bytes - before
    assert siege.is_alive()
    siege.kill()
    print(
        f"{len(took)} answers, p99 {p99(took) * 1000:.1f} ms, before {p99(quiet) * 1000:.1f} ms;"
        f" memory grew by {grown / 2**20:.1f} MB"
    )
    assert grown < GROWTH_BYTES
    assert p99(took) < p99(quiet) + P99_SECONDS
