"""Traces: what happened for one request, and for whom; of nothing, where nobody asks for them.

Spans stand where instruments measure: a request, a turn of the desk, an attempt to deliver. Where an
exporter is configured by OpenTelemetry's own variables (`OTEL_…`), they leave for it, and the
instruments with them; that is in `otel`, which nothing imports otherwise.

No span has a path, a query, a name or an address of a person in it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import structlog

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

    from kursplan.clock import Clock

log = structlog.get_logger(__name__)

ROUTE = "kursplan.route"
"""Where the application says in a scope for which of its routes the request was."""
TRACE_ID = "kursplan.trace_id"
"""Where it finds the id of the request's trace."""

PROTOCOL = "http/protobuf"
SIGNALS = ("TRACES", "METRICS")


_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Given(Protocol):
    """A command as it is given."""

    @property
    def organization_id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def asked_in(self) -> Any:
        """What `Traces.here` said when it was given."""


class Span:
    """What is noted of something that happens; here: nothing is."""

    @property
    def headers(self) -> Mapping[str, str]:
        """What another server has to be sent to go on with the trace."""
        return _NO_HEADERS

    def note(self, outcome: str, status: int | None = None) -> None:
        """What came of it: `committed` and `delivered` are good, and whatever else is not."""


class Traces:
    """Of nothing. What is asked for them is answered so that it costs next to nothing."""

    signals: Collection[str] = ()
    """What is exported."""

    def wrap(self, application: Any) -> Any:
        """The ASGI application, with a span for each request."""
        return application

    def here(self) -> Any:
        """Which span it is in that this is called."""
        return None

    def turn(self, commands: Sequence[Given]) -> AbstractContextManager[Span]:
        """A turn of the desk that does these."""
        return _NOTHING

    def attempt(self, event: str, host: str) -> AbstractContextManager[Span]:
        """An attempt to tell a host of an event of this type."""
        return _NOTHING

    def start(self, instruments: CollectorRegistry) -> None:
        """Begin to export; the instruments, too."""

    async def stop(self) -> None:
        """Export what is left, and no more."""


_NOTHING = nullcontext(Span())
UNTRACED = Traces()


def configured(environment: Mapping[str, str], clock: Clock) -> Traces:
    """Traces as the environment configures them; what can't be is logged, and keeps nobody from serving."""
    signals = [each for each in SIGNALS if _is_asked_for(each, environment)]
    if not signals:
        return UNTRACED
    try:
        from kursplan.telemetry.otel import OpenTelemetry
    except ModuleNotFoundError as missing:
        log.warning(
            "nothing is exported to OpenTelemetry, which needs the extra of that name: "
            "pip install 'kursplan[otel]'",
            missing=missing.name,
        )
        return UNTRACED
    return OpenTelemetry(clock, signals)


def _is_asked_for(signal: str, environment: Mapping[str, str]) -> bool:
    """Whether the signal has an exporter, of the one kind that there is."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = environment.get(f"OTEL_{signal}_EXPORTER", "").strip()
    of_all = "OTEL_EXPORTER_OTLP"
    of_this = f"{of_all}_{signal}"
    has_endpoint = any(environment.get(f"{each}_ENDPOINT") for each in (of_this, of_all))
    if exporter == "none" or not (exporter or has_endpoint):
        return False
    protocol = (
        environment.get(f"{of_this}_PROTOCOL") or environment.get(f"{of_all}_PROTOCOL") or PROTOCOL
    )
    if exporter not in ("", "otlp") or protocol != PROTOCOL:
        log.warning(
            f"{signal.lower()} are not exported: only otlp by {PROTOCOL} is possible",
            exporter=exporter or "otlp",
            protocol=protocol,
        )
        return False
    return True
