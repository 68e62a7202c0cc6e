"""The errors that the server finds before the Open API sees a request, in the Open API's form."""

from __future__ import annotations

import structlog

from kursplan.api.errors import ApiError, Fault, render
from kursplan.ids import new_trace_id
from kursplan.web.faults import Headers, HttpFault
from kursplan.web.head import HEAD_BYTES, HEADERS, LINE_BYTES

log = structlog.get_logger(__name__)

LANGUAGE = "en"
"""Nobody knows yet who asks, nor in which language."""


def explain(fault: HttpFault) -> tuple[Headers, bytes]:
    """Headers and body of the answer to it."""
    trace_id = new_trace_id()
    log.info("not heard", trace_id=trace_id, status=fault.value, reason=fault.name)
    headers = [
        (b"content-type", b"application/json"),
        (b"content-language", LANGUAGE.encode()),
        (b"x-trace-id", trace_id.encode()),
    ]
    return headers, render(_error(fault), LANGUAGE, trace_id)


def _error(fault: HttpFault) -> ApiError:
    if fault is HttpFault.REQUEST_HEAD_TOO_LARGE:
        return ApiError(
            Fault.REQUEST_HEAD_TOO_LARGE, headers=HEADERS, each=LINE_BYTES, limit=HEAD_BYTES
        )
    return ApiError(Fault[fault.name])
