"""`/metrics` of a server with several processes: one page for all, whichever of them answers."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_serve import serving

ASKED = 40
WORKERS = 2


class Server:
    """A server with several processes."""

    def __init__(
        self, process: subprocess.Popen[str], logged: list[dict[str, Any]], directory: Path
    ) -> None:
        self._process = process
        self._directory = directory
        self.port = logged[0]["port"]

    def places(self) -> list[Path]:
        """Where its processes count together."""
        return list(self._directory.glob("kursplan-metrics-*"))

    def counting(self, kind: str) -> list[int]:
        """The processes that count something of that kind there."""
        [place] = self.places()
        return [int(each.stem.rpartition("_")[2]) for each in place.glob(f"{kind}_*.db")]

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate()

    def another_starts(self) -> None:
        """Wait until a further process says that it has started."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if json.loads(line)["event"] == "started":
                return
        raise AssertionError("the server ended")

    def get(self, path: str) -> str:
        """The body of the answer. On a new connection, which any of the processes may get."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def ask(self, times: int) -> None:
        """So often, until it is counted too, which comes after the answer."""
        for _ in range(times):
            self.get("/v1/classes")
        assert any(page.get(REQUESTS) == times for page in self.pages())

    def pages(self) -> Iterator[dict[str, float]]:
        """Asked again and again, so that each process tells its page."""
        return (samples(self.get("/metrics")) for _ in range(12))


def samples(page: str) -> dict[str, float]:
    """By name and labels."""
    found = re.findall(r"^(kursplan_.+) (\S+)$", page, re.MULTILINE)
    assert len(found) == len(dict(found)), "each sample stands there once"
    return {name: float(value) for name, value in found}


REQUESTS = 'kursplan_requests_total{method="GET",route="GET /v1/classes",status="401"}'
COMPLETED = 'kursplan_background_steps_total{outcome="idle",step="complete_slots"}'
SECONDS = 'kursplan_request_seconds_{}{{method="GET",route="GET /v1/classes"}}'
SLOWEST = 'kursplan_request_seconds_bucket{le="+Inf",method="GET",route="GET /v1/classes"}'


@pytest.fixture
def server(postgres_database: str, tmp_path: Path) -> Iterator[Server]:
    with serving(
        *("--port", 0, "--workers", WORKERS),
        KURSPLAN_DATABASE_URL=postgres_database,
        TMPDIR=str(tmp_path),
    ) as (process, logged):
        yield Server(process, logged, tmp_path)


def test_counters_gauges_and_histograms_are_those_of_all(server: Server) -> None:
    server.ask(ASKED)
    # The first round of background work ends some time after the start.
    assert any(page.get(COMPLETED) for _ in range(100) for page in server.pages())
    for page in server.pages():
        assert page[REQUESTS] == ASKED
        assert page[SECONDS.format("count")] == page[SLOWEST] == ASKED
        assert page["kursplan_desk_queue_length"] == 0
        # All measure the same, so it is not added up.
        assert page["kursplan_webhook_oldest_undelivered_seconds"] == 0
        assert page[COMPLETED] > 0

    [place] = server.places()
    assert place.stat().st_mode & 0o077 == 0, "nobody else reads or writes there"
    server.stop()
    assert server.places() == []


def test_what_a_process_counted_stays_when_it_is_killed(server: Server) -> None:
    """So `rate()` sees no fall, and takes nothing for new that was counted before."""
    server.ask(ASKED)
    [victim, _] = server.counting("counter")
    os.kill(victim, signal.SIGKILL)
    server.another_starts()

    for page in server.pages():
        assert page[REQUESTS] == page[SECONDS.format("count")] == ASKED
    assert victim in server.counting("counter")
    # What waited in its queue is gone with it.
    assert victim not in server.counting("gauge_livesum")
    assert len(server.counting("gauge_livesum")) == WORKERS
