"""The log: structured lines on standard error, in which keys and personal data have no place.

What is logged is named where it is logged; nothing logs a request's query, body or headers. An
exception is told by its kind and its way through the code: its text, and the values of variables,
may hold what people sent (a database quotes the parameters of a statement that failed).
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
import traceback
from collections import deque
from collections.abc import Iterator
from typing import Any, TextIO

import msgspec
import structlog

from kursplan.clock import machine_now

_encode = msgspec.json.Encoder(enc_hook=str).encode


def set_up(threshold: int, form: str) -> None:
    """Log from `threshold` on, as `json` for machines or as `text` for people."""
    # A few steps of our own instead of a chain of ready ones: every request pays for a line.
    steps: list[structlog.typing.Processor] = [_as_json]
    if form != "json":
        steps = [_for_people, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    structlog.configure(
        processors=steps,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=_Lines(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries log through the standard module; their warnings are worth a line each.
    lines = logging.StreamHandler(sys.stderr)
    lines.setFormatter(_WithoutValues("%(name)s: %(message)s"))
    logging.basicConfig(level=max(threshold, logging.WARNING), handlers=[lines])


def set_up_for_a_command() -> None:
    """Log only faults, for people, beside what the command itself tells of its troubles."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        # Not the stream that there is now: whoever runs several commands exchanges it.
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _as_json(_logger: Any, level: str, event: Any) -> str:
    _add_circumstances(event, level)
    return _encode(event).decode()


def _for_people(_logger: Any, level: str, event: Any) -> Any:
    _add_circumstances(event, level)
    event["timestamp"] = event["timestamp"].isoformat().replace("+00:00", "Z")
    return event


def _add_circumstances(event: Any, level: str) -> None:
    """How grave it is, when it was, and what was raised, without any text that was made of values."""
    event["level"] = level
    event["timestamp"] = machine_now()
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    elif isinstance(raised, tuple):
        raised = raised[1]
    if isinstance(raised, BaseException):
        event["exception"] = "\n".join(_way_of(raised))


class _Lines:
    """Writes lines; those of one round of the event loop together, because each write costs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        # Threads log, too; a deque takes and gives each line once.
        self._waiting: deque[str] = deque()
        atexit.register(self._write)

    def __call__(self, *_: Any) -> _Lines:
        return self

    def msg(self, line: str) -> None:
        self._waiting.append(line)
        if len(self._waiting) > 1:
            return  # Whoever wrote the first of them has seen to it.
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    debug = info = warning = error = critical = exception = msg

    def _write(self) -> None:
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if lines:
            self._stream.write("\n".join([*lines, ""]))
            self._stream.flush()


class _WithoutValues(logging.Formatter):
    """Tells the exceptions of libraries as we tell ours."""

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return "\n".join(_way_of(ei[1]))


def _way_of(raised: BaseException | None) -> Iterator[str]:
    """The kind of an exception and the places in the code that it came through, and of its causes."""
    while raised is not None:
        kind = type(raised)
        yield f"{kind.__module__}.{kind.__qualname__}"
        for frame in traceback.extract_tb(raised.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        raised = raised.__cause__ or (None if raised.__suppress_context__ else raised.__context__)
