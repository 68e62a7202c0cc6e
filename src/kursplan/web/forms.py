"""What a form says, as a browser sends it, with a file or without: read whole, up to a limit."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

MOST_BYTES: Final = 64 * 1024
MOST_FIELDS: Final = 200
TYPE: Final = "application/x-www-form-urlencoded"
WITH_FILES: Final = "multipart/form-data"
BESIDE_FILES: Final = 256 * 1024
"""How many bytes the other fields, and what stands around them, may have together."""
MOST_BESIDE_FILES: Final = 2_000
"""How many other fields there may be: one for each thing that somebody decides about what is in the file."""
LONGEST_NAME: Final = 100
"""In characters, of the name of a file."""


class NotAForm(ValueError):
    """The body is no form, or larger than any of ours."""


class TooLarge(NotAForm):
    """What was sent has more bytes than it may."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was sent along."""

    name: str
    """Without the folders that a browser may name."""
    data: bytes = field(repr=False)


async def read_form(request: Request) -> Mapping[str, str]:
    """Its fields; of one that is there several times, the last counts. Raises `NotAForm`."""
    if _type_of(request) != TYPE:
        raise NotAForm(f"the body has to be {TYPE}")
    body = bytearray()
    async for part in _bounded(request, MOST_BYTES):
        body += part
    try:
        fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError as error:
        raise NotAForm("the form can't be read") from error
    return _without_nul(dict(fields))


async def read_form_with_files(
    request: Request, most_bytes: int
) -> tuple[Mapping[str, str], Mapping[str, Sent]]:
    """The fields, and the files by the names of theirs; a field in which no file was chosen has none.

    All of it is kept in memory, so that nothing of it is ever on a disk: `most_bytes` is for the files and
    what is as large as they are together, the other fields come on top. A form without files is one, too.
    Raises `NotAForm`, and `TooLarge`.
    """
    if _type_of(request) != WITH_FILES:
        return await read_form(request), {}
    parser = MultiPartParser(
        request.headers,
        _bounded(request, most_bytes + BESIDE_FILES),
        max_files=MOST_FIELDS,
        max_fields=MOST_BESIDE_FILES,
        max_part_size=most_bytes,
    )
    parser.spool_max_size = most_bytes + BESIDE_FILES + 1  # Beyond that it would go to a disk.
    try:
        parsed = await parser.parse()
    except MultiPartException as error:
        raise NotAForm("the form can't be read") from error
    fields: dict[str, str] = {}
    files: dict[str, Sent] = {}
    for name, value in parsed.multi_items():
        if not isinstance(value, UploadFile):
            fields[name] = value
            continue
        named = (value.filename or "").replace("\\", "/").rpartition("/")[2]
        if named:
            files[name] = Sent(named[:LONGEST_NAME], await value.read())
        await value.close()
    return _without_nul(fields), files


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _bounded(request: Request, most_bytes: int) -> AsyncGenerator[bytes, None]:
    taken = 0
    async for part in request.stream():
        taken += len(part)
        if taken > most_bytes:
            raise TooLarge(f"the form has more than {most_bytes} bytes")
        yield part


def _without_nul(fields: Mapping[str, str]) -> Mapping[str, str]:
    if any("\0" in value for value in fields.values()):
        raise NotAForm("a field holds the character NUL, which nobody types and no database keeps")
    return fields
