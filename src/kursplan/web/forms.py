"""What a form says, as a browser sends it without files: read whole, up to a limit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

MOST_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 200
TYPE: Final = "application/x-www-form-urlencoded"


class NotAForm(ValueError):
    """The body is no form, or larger than any of ours."""


async def read_form(request: Request) -> Mapping[str, str]:
    """Its fields; of one that is there several times, the last counts. Raises `NotAForm`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != TYPE:
        raise NotAForm(f"the body has to be {TYPE}")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise NotAForm(f"the form has more than {MOST_BYTES} bytes")
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise NotAForm("the form can't be read") from error
    if any("\0" in value for _, value in fields):
        raise NotAForm("a field holds the character NUL, which nobody types and no database keeps")
    return dict(fields)
