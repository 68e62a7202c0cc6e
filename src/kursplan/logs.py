"""The log: structured lines on standard error, in which keys and personal data have no place.

What is logged is named where it is logged; nothing logs a request's query, body or headers.
"""

from __future__ import annotations

import logging
import sys

import structlog


def set_up(threshold: int, form: str) -> None:
    """Log from `threshold` on, as `json` for machines or as `text` for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if form == "json":
        shared += [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    else:
        shared.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; their warnings are worth a line each.
    logging.basicConfig(level=max(threshold, logging.WARNING), format="%(name)s: %(message)s")
