"""The log: structured lines on standard error, in which keys and personal data have no place.

What is logged is named where it is logged; nothing logs a request's query, body or headers.
"""

from __future__ import annotations

import logging
import sys

import structlog

# Without the values of local variables: those hold what people sent.
_TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def set_up(threshold: int, form: str) -> None:
    """Log from `threshold` on, as `json` for machines or as `text` for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if form == "json":
        shared += [_TRACEBACKS, structlog.processors.JSONRenderer()]
    else:
        shared.append(
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        )
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; their warnings are worth a line each.
    logging.basicConfig(level=max(threshold, logging.WARNING), format="%(name)s: %(message)s")
