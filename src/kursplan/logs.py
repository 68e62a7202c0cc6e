"""The log: structured lines on standard error, in which keys and personal data have no place.

What is logged is named where it is logged; nothing logs a request's query, body or headers. An
exception is told by its kind and its way through the code: its text, and the values of variables,
may hold what people sent (a database quotes the parameters of a statement that failed).
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog


def set_up(threshold: int, form: str) -> None:
    """Log from `threshold` on, as `json` for machines or as `text` for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _without_values,
    ]
    if form == "json":
        shared.append(structlog.processors.JSONRenderer())
    else:
        shared.append(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; their warnings are worth a line each.
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_WithoutValues("%(name)s: %(message)s"))
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[lines])


class _WithoutValues(logging.Formatter):
    """Tells the exceptions of libraries as we tell ours."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(_way_of(ei[1]))


def _without_values(_logger: Any, _method: str, event: Any) -> Any:
    """What was raised, without any text that was made of values."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    elif isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["exception"] = "\n".join(_way_of(raised))
    return event


def _way_of(raised: BaseException | None) -> Iterator[str]:
    """The kind of an exception and the places in the code that it came through, and of its causes."""
    while raised is not None:
        kind = type(raised)
        yield f"{kind.__module__}.{kind.__qualname__}"
        for frame in traceback.extract_tb(raised.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        raised = raised.__cause__ or (None if raised.__suppress_context__ else raised.__context__)
