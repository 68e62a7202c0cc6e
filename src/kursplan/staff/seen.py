"""What was seen as a short text, for a page that shows something and asks what is to be done with it.

The text is the value itself and not a fingerprint of it: only so can it be said what is different. It
holds ids, numbers and times, and of closures the operator's reason. Whoever changes it deceives
nobody but themselves: it is only ever compared.
"""

from __future__ import annotations

import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Final

import msgspec

from kursplan.domain.seen import Seen

MOST_BYTES: Final = 4 * 1024 * 1024
"""How long the text may be when it is unpacked: some ten thousand bookings."""


class Unreadable(ValueError):
    """The text is none that `encode` made: what was shown is not known, and has to be shown again."""


def encode(seen: Seen) -> str:
    """As a text of letters, digits, `-` and `_`; the same for what is equal."""
    packed = zlib.compress(msgspec.json.encode(seen, order="deterministic"), 9)
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(text: str) -> Seen:
    """What `encode` made the text of. Raises `Unreadable`."""
    try:
        packed = urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode("ascii"))
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(packed, MOST_BYTES)
        if not unpacking.eof or unpacking.unused_data:
            raise Unreadable("What was seen is cut off, or too long: show it again.")
        return msgspec.json.decode(plain, type=Seen)
    except (NotBase64, zlib.error, UnicodeEncodeError, msgspec.DecodeError) as strange:
        raise Unreadable("What was seen can't be read: show it again.") from strange
