"""Traces and metrics by OpenTelemetry; imported only where an exporter is configured.

Where to and how often, what is sampled, how the service is called: all of that is read by
OpenTelemetry's own library, as its specification says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import Attributes
from prometheus_client import CollectorRegistry

from kursplan import __version__
from kursplan.clock import Clock
from kursplan.ids import new_uuid
from kursplan.telemetry import ROUTE, TRACE_ID, Given, Span, Traces
from kursplan.telemetry.instruments import Exported

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NOT_TRACED = ("/health/", "/metrics")
"""What is asked by machines every few seconds."""
LAST_WORDS_SECONDS = 3.0
"""How long a process that ends may take to export what is left."""
CARRIERS = (b"traceparent", b"tracestate")
GOOD = frozenset({"committed", "delivered"})
NO_ROUTE = "unknown"

_propagator = TraceContextTextMapPropagator()


class OpenTelemetry(Traces):
    """One object per process: it has threads of its own that export."""

    def __init__(self, clock: Clock, signals: Collection[str]) -> None:
        self.signals = signals
        told = OTELResourceDetector().detect().attributes
        self._clock = clock
        self._resource = Resource.create(
            {
                "service.name": "kursplan",
                "service.version": __version__,
                "service.instance.id": new_uuid(),
                **told,
            }
        )
        self._provider: TracerProvider | None = None
        self.tracer: trace.Tracer = trace.NoOpTracer()
        if "TRACES" in signals:
            self._provider = TracerProvider(resource=self._resource, shutdown_on_exit=False)
            self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
            self.tracer = self._provider.get_tracer("kursplan", __version__)
        self._metrics: Exported | None = None

    def wrap(self, application: Any) -> Any:
        return application if self._provider is None else _Traced(application, self.tracer)

    def here(self) -> SpanContext | None:
        context = trace.get_current_span().get_span_context()
        return context if context.is_valid else None

    @contextmanager
    def turn(self, commands: Sequence[Given]) -> Iterator[Span]:
        """It goes on with the trace of one who wanted it, and is linked to those of all others."""
        found = [each.asked_in for each in commands if each.asked_in is not None]
        asked = [*{each.span_id: each for each in found}.values()]
        asked.sort(key=lambda each: not each.trace_flags.sampled)
        attributes: Attributes = {
            "kursplan.organization_id": commands[0].organization_id,
            "kursplan.commands": len(commands),
            "kursplan.command_names": sorted({each.name for each in commands}),
        }
        span = self.tracer.start_span(
            "turn",
            _below(asked[0] if asked else None),
            attributes=attributes,
            links=[Link(each) for each in asked[1:]],
        )
        try:
            yield _Noted(span)
        finally:
            span.end()

    @contextmanager
    def attempt(self, event: str, host: str) -> Iterator[Span]:
        """A trace of its own: it may be days after the request that it comes from."""
        attributes = {
            "http.request.method": "POST",
            "server.address": host,
            "kursplan.event": event,
        }
        span = self.tracer.start_span(
            f"POST {event}", _below(None), kind=SpanKind.CLIENT, attributes=attributes
        )
        try:
            yield _Noted(span)
        finally:
            span.end()

    def start(self, instruments: CollectorRegistry) -> None:
        if "METRICS" in self.signals:
            self._metrics = Exported(self._resource, self._clock, instruments)
            self._metrics.start()

    async def stop(self) -> None:
        # Where nobody takes it, nobody waits for that: the thread ends with the process.
        ending = Thread(target=self._end, daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, LAST_WORDS_SECONDS)

    def _end(self) -> None:
        if self._provider is not None:
            self._provider.shutdown()
        if self._metrics is not None:
            self._metrics.end()


class _Traced:
    """An ASGI application whose requests are spans."""

    def __init__(self, application: Any, tracer: trace.Tracer) -> None:
        self._application = application
        self._tracer = tracer

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].startswith(NOT_TRACED):
            await self._application(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in METHODS else "_OTHER"
        span = self._tracer.start_span(
            method,
            _propagator.extract(_carried(scope["headers"])),
            kind=SpanKind.SERVER,
            attributes={"http.request.method": method, "url.scheme": scope["scheme"]},
        )
        status = 500

        async def noting(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        context = span.get_span_context()
        scope[TRACE_ID] = trace.format_trace_id(context.trace_id)
        within = attach(trace.set_span_in_context(span))
        try:
            await self._application(scope, receive, noting)
        finally:
            detach(within)
            route = _route(scope)
            span.update_name(f"{method} {route}")
            span.set_attributes({"http.route": route, "http.response.status_code": status})
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            span.end()


class _Noted(Span):
    """A span that ends with what came of it."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._headers: dict[str, str] = {}
        _propagator.inject(self._headers, trace.set_span_in_context(span))

    @property
    def headers(self) -> Mapping[str, str]:
        return self._headers

    def note(self, outcome: str, status: int | None = None) -> None:
        self._span.set_attribute("kursplan.outcome", outcome)
        if status is not None:
            self._span.set_attribute("http.response.status_code", status)
        if outcome not in GOOD:
            self._span.set_attribute("error.type", outcome)
            self._span.set_status(StatusCode.ERROR)


def _below(parent: SpanContext | None) -> Context:
    """In the trace of that span, or else in one of its own."""
    return (
        Context() if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
    )


def _carried(headers: Sequence[tuple[bytes, bytes]]) -> Mapping[str, str]:
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in headers
        if name in CARRIERS
    }


def _route(scope: Any) -> str:
    """For which of its routes the application took the request: what varies has its name there."""
    route: str | None = scope.get(ROUTE)
    if route is not None:  # With its method before it.
        return route.rpartition(" ")[2]
    if "endpoint" not in scope:
        return NO_ROUTE
    names = {str(value): f"{{{name}}}" for name, value in scope["path_params"].items()}
    return "/".join(names.get(part, part) for part in scope["path"].split("/"))
