"""Not found, outside of the Open API: told in the Open API's form.

Whoever forgets `/v1` in the address of the server reads here what is wrong.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from kursplan.api.errors import ApiError, Fault, render
from kursplan.api.open_api import nearest
from kursplan.web.http import path_of, trace_id_of
from kursplan.web.languages import negotiate

STUDIO_LANGUAGE = "en"
"""Nobody knows of which studio this is."""


async def not_found(request: Request, _: Exception) -> Response:
    path = path_of(request.scope)
    return _told(request, ApiError(Fault.PATH_NOT_FOUND, value=path, hint=nearest(path)))


async def not_allowed(request: Request, failure: Exception) -> Response:
    headers = dict(getattr(failure, "headers", None) or {})
    allowed = headers.get("Allow", "GET")
    error = ApiError(Fault.METHOD_NOT_ALLOWED, value=request.method, allowed=allowed)
    return _told(request, error, headers)


def _told(request: Request, error: ApiError, headers: dict[str, str] | None = None) -> Response:
    language = negotiate(request.headers.get("accept-language"), STUDIO_LANGUAGE)
    trace_id = trace_id_of(request.scope)
    return Response(
        render(error, language, trace_id),
        error.status,
        {**(headers or {}), "content-language": language, "x-trace-id": trace_id},
        media_type="application/json",
    )
