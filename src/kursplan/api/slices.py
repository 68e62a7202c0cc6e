"""Slices: a list told in parts, each beginning after the last element of the one before.

The offset names that element instead of counting, so that following it gives every element once,
also while others are inserted or removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from kursplan.api.call import Call
from kursplan.api.errors import ApiError, Fault
from kursplan.api.wire import Slice
from kursplan.ids import LARGEST_ID
from kursplan.store.timetable import Position, ShownSlot

Found = TypeVar("Found")
Shown = TypeVar("Shown")

BEGINNING = "0"
_POSITION = re.compile(r"([0-9]{1,15})-([0-9]{1,19})", re.ASCII)
_ID = re.compile(r"[0-9]{1,19}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def size_of(call: Call, *, default: int = 50, least: int = 10, most: int = 100) -> int:
    return call.query_number("sliceSize", default=default, least=least, most=most)


def after_id(call: Call) -> int:
    """The id after which a slice in id order begins."""
    offset = call.query("offset") or BEGINNING
    if not _ID.fullmatch(offset) or int(offset) > LARGEST_ID:
        raise _not_an_offset(offset)
    return int(offset)


def after_position(call: Call, earliest: datetime) -> Position:
    """Where a slice of slots begins, in a window that begins at `earliest`."""
    offset = call.query("offset") or BEGINNING
    if offset == BEGINNING:
        return Position(earliest)
    parts = _POSITION.fullmatch(offset)
    if parts is None or int(parts[2]) > LARGEST_ID:
        raise _not_an_offset(offset)
    try:
        starts_at = _EPOCH + timedelta(milliseconds=int(parts[1]))
    except OverflowError:
        raise _not_an_offset(offset) from None
    if starts_at < earliest:
        # The window has moved on since the last slice.
        return Position(earliest)
    return Position(starts_at, int(parts[2]))


def position_of(shown: ShownSlot) -> str:
    milliseconds = (shown.slot.starts_at - _EPOCH) // timedelta(milliseconds=1)
    return f"{milliseconds}-{shown.slot.id}"


def cut(
    found: Sequence[Found],
    size: int,
    call: Call,
    *,
    offset_of: Callable[[Found], str],
    show: Callable[[Found], Shown],
) -> Slice[Shown]:
    """The slice of `size` elements out of what was found, for which one more was asked for."""
    here = found[:size]
    return Slice(
        result=[show(each) for each in here],
        has_next=len(found) > size,
        offset=offset_of(here[-1]) if here else call.query("offset") or BEGINNING,
    )


def _not_an_offset(offset: str) -> ApiError:
    return ApiError(
        Fault.PARAMETER_INVALID,
        reference="offset",
        value=offset,
        allowed="offset of the last answer",
    )
