"""The instruments as OpenTelemetry carries them: the same numbers under the same names as at `/metrics`.

Each process exports what it counts itself; whoever receives it adds up, by `service.instance.id`.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from threading import Event, Thread
from typing import Any

from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.environment_variables import OTEL_METRIC_EXPORT_INTERVAL
from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.samples import Sample

from kursplan import __version__
from kursplan.clock import Clock

INTERVAL_MS = 60_000
"""How often they are exported where the environment does not say it."""

Labels = tuple[tuple[str, str], ...]


class Exported(Thread):
    """The instruments of one process, sent again and again; a thread, as the library waits for its answers."""

    def __init__(self, resource: Resource, clock: Clock, instruments: CollectorRegistry) -> None:
        super().__init__(name="metrics for OpenTelemetry", daemon=True)
        self._resource = resource
        self._clock = clock
        self._instruments = instruments
        self._exporter = OTLPMetricExporter()
        self._began = self._now()
        self._seconds = int(os.environ.get(OTEL_METRIC_EXPORT_INTERVAL) or INTERVAL_MS) / 1000
        self._is_over = Event()

    def run(self) -> None:
        while not self._is_over.wait(self._seconds):
            self._export()
        self._export()

    def end(self) -> None:
        """Export a last time, and no more."""
        self._is_over.set()
        self.join()
        self._exporter.shutdown()

    def _export(self) -> None:
        # It logs by itself what it could not send; the next time has all of it again.
        self._exporter.export(self._taken())

    def _taken(self) -> MetricsData:
        metrics = [*_metrics(self._instruments.collect(), self._began, self._now())]
        scope = ScopeMetrics(InstrumentationScope("kursplan", __version__), metrics, "")
        return MetricsData([ResourceMetrics(self._resource, [scope], "")])

    def _now(self) -> int:
        """In nanoseconds since the epoch."""
        return int(self._clock.now().timestamp() * 1000) * 1_000_000


def _metrics(families: Iterable[Family], began: int, now: int) -> Iterator[Metric]:
    for family in families:
        unit = "s" if family.name.endswith("_seconds") else "1"
        points = _histograms if family.type == "histogram" else _numbers
        found = [*points(family.samples, began, now)]
        if found:
            yield Metric(family.name, family.documentation, unit, _data(family.type, found))


def _data(kind: str, points: list[Any]) -> Sum | Gauge | Histogram:
    match kind:
        case "counter":
            return Sum(points, AggregationTemporality.CUMULATIVE, is_monotonic=True)
        case "histogram":
            return Histogram(points, AggregationTemporality.CUMULATIVE)
        case _:
            return Gauge(points)


def _numbers(samples: Iterable[Sample], began: int, now: int) -> Iterator[NumberDataPoint]:
    for each in samples:
        if not each.name.endswith("_created"):
            yield NumberDataPoint(dict(each.labels), began, now, each.value)


def _histograms(samples: Iterable[Sample], began: int, now: int) -> Iterator[HistogramDataPoint]:
    upto: defaultdict[Labels, dict[float, int]] = defaultdict(dict)
    """How many are at most so large: so Prometheus counts, and OpenTelemetry each only once."""
    sums: dict[Labels, float] = {}
    for each in samples:
        labels = dict(each.labels)
        bound = labels.pop("le", None)
        if bound is not None:
            upto[tuple(labels.items())][float(bound)] = int(each.value)
        elif each.name.endswith("_sum"):
            sums[tuple(labels.items())] = each.value
    for key, counts in upto.items():
        *bounds, _ = sorted(counts)  # The last one is infinite.
        counted = [0, *sorted(counts.values())]
        parts = [more - fewer for fewer, more in pairwise(counted)]
        yield HistogramDataPoint(
            dict(key), began, now, counted[-1], sums[key], parts, bounds, min=0.0, max=0.0
        )
