"""Traces and metrics of a running server reach an OpenTelemetry receiver, and cost nothing without one."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from kursplan.clock import HandClock, SystemClock
from kursplan.telemetry import UNTRACED, configured
from tests.gym import Gym
from tests.races.servers import KursplanServer
from tests.webhooks.partner import Partners

BOOK = "/v1/classes/booking/book"
THEIRS = "4bf92f3577b34da6a3ce929d0e0e4736"
"""A trace that a partner began."""


@dataclass
class Collector:
    """What receives OTLP over HTTP, and keeps it."""

    url: str
    traces: list[Any] = field(default_factory=list)
    metrics: list[Any] = field(default_factory=list)

    def spans(self, name: str) -> list[Any]:
        return [
            span
            for told in self.traces
            for resource in told.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
            if span.name == name
        ]

    def services(self) -> set[str]:
        return {
            facts(resource.resource)["service.name"]
            for told in (*self.traces, *self.metrics)
            for resource in getattr(told, "resource_spans", ()) or told.resource_metrics
        }

    def instruments(self) -> dict[str, Any]:
        """As they were told the last time."""
        [resource] = self.metrics[-1].resource_metrics
        return {each.name: each for scope in resource.scope_metrics for each in scope.metrics}


def facts(of: Any) -> dict[str, Any]:
    return {
        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in of.attributes
    }


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            kind, kept = {
                "/v1/traces": (ExportTraceServiceRequest, told.traces),
                "/v1/metrics": (ExportMetricsServiceRequest, told.metrics),
            }[self.path]
            kept.append(kind.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        told = Collector(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield told
        server.shutdown()
        thread.join()


@pytest.fixture
def clock() -> HandClock:
    """The server has the machine's clock."""
    return HandClock(SystemClock().now())


async def test_a_request_its_turn_and_its_delivery_are_traced(
    gym: Gym, partners: Partners, database_url: str, authority_file: Path, collector: Collector
) -> None:
    endpoint = await partners.endpoint("/hook")
    await gym.klass()
    slot = await gym.slot(day=gym.now.date() + timedelta(days=1))
    customer = await gym.customer()
    server = KursplanServer(
        database_url,
        WEBHOOKS_INSECURE="on",
        WEBHOOKS_CA=authority_file,
        beside={
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_SERVICE_NAME": "gym",
            "OTEL_METRIC_EXPORT_INTERVAL": "3600000",
        },
    )
    try:
        headers = {
            "x-api-key": endpoint.integration.api_key,
            "traceparent": f"00-{THEIRS}-00f067aa0ba902b7-01",
        }
        place = {"customerId": customer, "classSlotId": slot}
        async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=30) as client:
            booked = await client.post(f"{BOOK}?secret=1", json=place)
            page = await client.get("/console/customers/7", headers={"traceparent": "nonsense"})
            await client.get("/health/live")
        await partners.receiver.comes("/hook")
        server.terminate()  # What is left is exported.
        await asyncio.to_thread(server.wait)
    finally:
        server.stop()

    assert (booked.status_code, booked.headers["x-trace-id"]) == (200, THEIRS)
    [request] = collector.spans(f"POST {BOOK}")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (THEIRS, "00f067aa0ba902b7")
    assert request.kind == Span.SPAN_KIND_SERVER
    assert facts(request) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": BOOK,
        "http.response.status_code": 200,
    }
    [turn] = [each for each in collector.spans("turn") if each.trace_id == request.trace_id]
    assert turn.parent_span_id == request.span_id
    assert request.start_time_unix_nano < turn.start_time_unix_nano < turn.end_time_unix_nano
    assert turn.end_time_unix_nano < request.end_time_unix_nano
    assert facts(turn)["kursplan.outcome"] == "committed"
    assert facts(turn)["kursplan.organization_id"] == gym.organization

    [received] = partners.receiver.on("/hook")
    [delivery] = collector.spans("POST CLASS_BOOKING_CREATED")
    assert delivery.kind == Span.SPAN_KIND_CLIENT
    sent = f"00-{delivery.trace_id.hex()}-{delivery.span_id.hex()}-"
    assert received.headers["traceparent"].startswith(sent)
    assert facts(delivery)["http.response.status_code"] == 204

    [asked] = collector.spans("GET /console/customers/{customer_id}")
    assert asked.trace_id.hex() not in (THEIRS, "0" * 32)
    assert facts(asked)["http.response.status_code"] == page.status_code == 303
    assert asked.status.code == Status.STATUS_CODE_UNSET
    assert collector.spans("GET /health/live") == []
    assert collector.services() == {"gym"}

    metrics = collector.instruments()
    [counted] = metrics["kursplan_requests"].sum.data_points
    assert (facts(counted)["route"], counted.as_double) == (f"POST {BOOK}", 1.0)
    assert metrics["kursplan_requests"].sum.is_monotonic
    took = metrics["kursplan_turn_commands"].histogram.data_points[0]
    assert sum(took.bucket_counts) == took.count >= 1
    assert len(took.bucket_counts) == len(took.explicit_bounds) + 1
    assert "kursplan_desk_queue_length" in metrics


BOTH = {"TRACES", "METRICS"}
EXPORTER = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}


@pytest.mark.parametrize(
    ("environment", "signals"),
    [
        (EXPORTER, BOTH),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:9"}, {"TRACES"}),
        ({"OTEL_METRICS_EXPORTER": "otlp"}, {"METRICS"}),
        ({**EXPORTER, "OTEL_TRACES_EXPORTER": "none"}, {"METRICS"}),
        ({}, set()),
        ({"OTEL_SERVICE_NAME": "gym"}, set()),
        ({**EXPORTER, "OTEL_SDK_DISABLED": "true"}, set()),
        # Nobody is kept from serving by what is meant for others.
        ({**EXPORTER, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, set()),
        ({**EXPORTER, "OTEL_TRACES_EXPORTER": "zipkin"}, {"METRICS"}),
    ],
)
async def test_what_is_exported_is_what_the_environment_says(
    environment: dict[str, str], signals: set[str]
) -> None:
    found = configured(environment, SystemClock())
    try:
        application = object()
        assert set(found.signals) == signals
        assert (found.wrap(application) is application) is ("TRACES" not in signals)
        assert (found is UNTRACED) is (not signals)
    finally:
        await found.stop()


def test_nothing_of_it_is_imported_where_nothing_is_configured() -> None:
    program = "import sys; import kursplan.app; sys.exit('opentelemetry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
