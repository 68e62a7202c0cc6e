"""Counters and gauges for Prometheus; one object per running application.

Several processes count together where the environment says so: each writes to files of its own in
one directory, and the page of any of them adds up all files. What a process counted stays when it
ends; a gauge counts as long as its process lives.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

SHARED_IN = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that names the directory: the library looks at it when it is imported."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """The instruments, in a registry of their own so that two applications never share one."""

    def __init__(self, shared: str | None = None) -> None:
        """`shared` is the directory where other processes count too; it is what `SHARED_IN` says."""
        self._shared = shared
        self.registry = CollectorRegistry()
        # Of what every request counts the children are kept: finding one takes longer than counting.
        self.requests = cache(
            Counter(
                "kursplan_requests",
                "Requests answered.",
                ("route", "method", "status"),
                registry=self.registry,
            ).labels
        )
        self.request_seconds = cache(
            Histogram(
                "kursplan_request_seconds",
                "Time from request to answer.",
                ("route", "method"),
                buckets=_SECONDS,
                registry=self.registry,
            ).labels
        )
        self.turns = Counter(
            "kursplan_turns", "Turns of the desk.", ("outcome",), registry=self.registry
        )
        self.turn_commands = Histogram(
            "kursplan_turn_commands",
            "Commands taken in one turn.",
            buckets=(1, 2, 5, 10, 20, 50, 100, 200),
            registry=self.registry,
        )
        self.turn_seconds = Histogram(
            "kursplan_turn_seconds",
            "Duration of a turn, commit included.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.queue_length = Gauge(
            "kursplan_desk_queue_length",
            "Commands that wait for their turn.",
            multiprocess_mode="livesum",
            registry=self.registry,
        )
        self.bookings = cache(
            Counter(
                "kursplan_bookings",
                "Attempts to book, by what came of them.",
                ("outcome",),
                registry=self.registry,
            ).labels
        )
        self.background = Counter(
            "kursplan_background_steps",
            "Steps of background work, by what came of them.",
            ("step", "outcome"),
            registry=self.registry,
        )

        self.deliveries = Counter(
            "kursplan_webhook_attempts",
            "Attempts to deliver an event, by what came of them.",
            ("outcome",),
            registry=self.registry,
        )
        self.attempt_seconds = Histogram(
            "kursplan_webhook_attempt_seconds",
            "Duration of an attempt to deliver.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.oldest_undelivered = Gauge(
            "kursplan_webhook_oldest_undelivered_seconds",
            "Age of the oldest event that is still to be delivered; 0 if there is none.",
            # Each process measures the same: the one that is furthest behind is heard.
            multiprocess_mode="livemax",
            registry=self.registry,
        )

    def page(self) -> bytes:
        """All of it in Prometheus' text format, added up over the processes that count together."""
        if self._shared is None:
            return generate_latest(self.registry)
        _drop_gauges_of_the_dead(Path(self._shared))
        together = CollectorRegistry()
        MultiProcessCollector(together, self._shared)  # type: ignore[no-untyped-call]
        return generate_latest(together)


def _drop_gauges_of_the_dead(shared: Path) -> None:
    """Whoever asks sees to it, so that no server has to tell when one of its processes ended."""
    for file in shared.glob("gauge_live*.db"):
        pid = int(file.stem.rpartition("_")[2])
        if not _is_alive(pid):
            mark_process_dead(pid, shared)  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # Somebody else's, and there all the same.
        return True
    return True
