"""Several processes at one address: they start, or say why not; one that ends is replaced; none is left."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.throwaway import free_port

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30


@contextmanager
def started(site: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], int | None]]]:
    """Two processes that serve it; and which of them answers, if any."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.web.sites", site, str(port)],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )

    def answering() -> int | None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5) as answer:
                return int(answer.read())
        except (urllib.error.URLError, ConnectionError):
            return None

    try:
        yield process, answering
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def both(answering: Callable[[], int | None], without: int | None = None) -> set[int]:
    """Two processes that answer, none of which is the other one."""
    found: set[int] = set()
    while len(found) < 2:
        if (pid := answering()) is not None and pid != without:
            found.add(pid)
    return found


def has_ended(pid: int) -> bool:
    with suppress(ProcessLookupError):
        return bool(select.select([os.pidfd_open(pid)], [], [], PATIENCE_SECONDS)[0])
    return True


@pytest.mark.parametrize(
    ("site", "reason"),
    [
        ("refusing", "the cupboard is bare"),
        ("failing", "the cupboard is locked"),
        ("missing", "there is no cupboard"),
        ("ending", "exit status 7"),
        ("leaving", "exit status 7"),
    ],
)
def test_what_does_not_start_ends_with_the_reason(site: str, reason: str) -> None:
    with started(site) as (process, _):
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert told.splitlines()[-1] == f"not started: {reason}"


def test_one_that_is_killed_is_replaced_and_all_end_together() -> None:
    with started("well") as (process, answering):
        victim, survivor = both(answering)
        os.kill(victim, signal.SIGKILL)
        now = both(answering, without=victim)
        assert survivor in now
        process.terminate()
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0
        assert answering() is None


def test_none_is_left_when_the_one_that_looks_after_them_is_killed() -> None:
    with started("well") as (process, answering):
        workers = both(answering)
        process.kill()
        assert all(has_ended(pid) for pid in workers)
