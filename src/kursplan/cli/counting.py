"""Processes of one server that count together, so that `/metrics` tells of all of them.

Nothing is imported here that counts: the library decides when it is imported where it does so, and
a process that is forked has it as it is.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

SHARED_IN = "PROMETHEUS_MULTIPROC_DIR"
"""What Prometheus' client calls the directory of their files."""


@contextmanager
def counting_together() -> Iterator[None]:
    """Processes that are started meanwhile count together, in a directory that is gone afterwards."""
    if (
        SHARED_IN in os.environ
    ):  # The operator has chosen a place, for one that outlives this server.
        yield
        return
    with TemporaryDirectory(prefix="kursplan-metrics-") as directory:
        os.environ[SHARED_IN] = directory
        try:
            yield
        finally:
            del os.environ[SHARED_IN]
