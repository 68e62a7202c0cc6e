"""A file that somebody sent, carried along from page to page in their own browser until it is done or left.

So nothing of it is kept here in between: there is no file to forget that has people's names in it, and it does
not matter which process of which machine answers next. It is packed, because what people write down is long
and repeats itself, and stands in the form of the page, never in an address.
"""

from __future__ import annotations

import asyncio
import binascii
import zlib
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from kursplan.console.visit import NotAForm, TooLarge
from kursplan.web.forms import Sent

MOST_BYTES: Final = 16 * 1024 * 1024
"""Of a file; larger ones are for the command."""
MOST_SENT: Final = 24 * 1024 * 1024
"""Of a form with such a file, which may be as good as none smaller when it is packed, and is text then."""

FILE, NAME, PACKED = "file", "file-name", "packed"
"""The fields: in which a file is chosen, and in which it comes back."""
_QUICK: Final = 3


@dataclass(frozen=True, slots=True)
class Carried:
    name: str
    data: bytes = field(repr=False)
    packed: str = field(repr=False)
    """As it stands in the form."""


async def carried(fields: Mapping[str, str], files: Mapping[str, Sent]) -> Carried | None:
    """The file that was chosen, or else the one that comes back; None where there is neither.

    Raises `TooLarge`, and `NotAForm`.
    """
    sent = files.get(FILE)
    if sent is not None:
        if len(sent.data) > MOST_BYTES:
            raise TooLarge(FILE)
        return Carried(sent.name, sent.data, await asyncio.to_thread(_packed, sent.data))
    packed = fields.get(PACKED)
    if not packed:
        return None
    return Carried(fields.get(NAME, ""), await asyncio.to_thread(_unpacked, packed), packed)


def _packed(data: bytes) -> str:
    return b64encode(zlib.compress(data, _QUICK)).decode()


def _unpacked(packed: str) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(b64decode(packed, validate=True), MOST_BYTES + 1)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise NotAForm(PACKED) from error
    if len(data) > MOST_BYTES or unpacking.unconsumed_tail:
        raise TooLarge(PACKED)
    if not unpacking.eof:
        raise NotAForm(PACKED)
    return data
