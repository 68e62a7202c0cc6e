"""What the doctor found last, as a file for Prometheus: node_exporter shows what lies in the folder of its
`textfile` collector.

So the doctor needs no server, and a server none of its time; when it comes is for cron or a timer to say.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kursplan.cli.output import Stop

if TYPE_CHECKING:
    from kursplan.doctor import Finding

READABLE = 0o644
"""It holds numbers and nothing else, and is read by another user."""


def leave_note(
    file: Path, findings: Iterable[Finding], organizations: int, began: datetime, seconds: float
) -> None:
    """Write it whole or not at all. Raises `Stop`."""
    partial = file.with_name(f".{file.name}.partial")
    try:
        partial.write_bytes(_note(findings, organizations, began, seconds))
        partial.chmod(READABLE)
        os.replace(partial, file)
    except OSError as error:
        raise Stop(f"can't write {file}: {error.strerror}") from error


def _note(
    findings: Iterable[Finding], organizations: int, began: datetime, seconds: float
) -> bytes:
    from prometheus_client import CollectorRegistry, Gauge, generate_latest

    from kursplan.doctor import Invariant

    registry = CollectorRegistry()

    def gauge(name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"kursplan_doctor_{name}", about, labels, registry=registry)

    gauge("last_run_timestamp_seconds", "When the doctor last examined all of it.").set(
        began.timestamp()
    )
    gauge("run_seconds", "How long that took.").set(seconds)
    gauge("organizations", "How many organizations it examined.").set(organizations)
    found = Counter(each.invariant for each in findings)
    each = gauge("findings", "What it found, by the invariant that does not hold.", "invariant")
    for invariant in Invariant:
        each.labels(invariant).set(found[invariant])
    return generate_latest(registry)
