"""Slices: a list told in parts, each beginning after the last element of the one before.

The offset names that element instead of counting, so that following it gives every element once,
also while others are inserted or removed. It consists of digits and fits a signed 64-bit integer,
because published clients hold it as one. Others count by themselves (`offset += sliceSize`): a number
that is smaller than any offset given out can only be a count, and skips so many elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from kursplan.api.call import Call
from kursplan.api.errors import ApiError, Fault
from kursplan.api.wire import Slice
from kursplan.ids import LARGEST_ID
from kursplan.store.partner.timetable import Position, ShownSlot

Found = TypeVar("Found")
Shown = TypeVar("Shown")

BEGINNING = "0"
LEAST_GIVEN = 10**12
"""Offsets that are given out are larger than this, and no list has so many elements. Together with an
id, JavaScript still holds it exactly."""
_NUMBER = re.compile(r"[0-9]{1,19}", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)

# The offset of a slot holds its start and its id, by which slots are in order. Both don't fit as they
# are, but no window is longer than a few weeks: it is enough to know the start up to a period of them.
_MARK = 1 << 62
_ID_BITS = 40
"""Enough for a hundred ids a second over three hundred years."""
_PERIOD = 1 << 22
"""In seconds: 48 days."""
_LOOKED_BACK = 30 * 86_400
"""How many seconds before its window an offset may lie: so long may a client rest between two slices."""


@dataclass(frozen=True, slots=True)
class AfterId:
    """Where a slice in id order begins: after that id, and after so many more elements."""

    id: int = 0
    skip: int = 0


def size_of(call: Call, *, default: int = 50, least: int = 10, most: int = 100) -> int:
    return call.query_number("sliceSize", default=default, least=least, most=most)


def after_id(call: Call, older_name: str | None = None) -> AfterId:
    """Where the slice begins, in a list in id order; `older_name` is what `offset` was once called."""
    number = _number(call, older_name)
    return AfterId(skip=number) if number < LEAST_GIVEN else AfterId(number - LEAST_GIVEN)


def id_offset(element_id: int) -> str:
    """The offset of an element in a list in id order."""
    return str(LEAST_GIVEN + element_id)


def after_position(call: Call, earliest: datetime) -> Position:
    """Where a slice of slots begins, in a window that begins at `earliest`."""
    number = _number(call)
    if number < LEAST_GIVEN:
        return Position(earliest, skip=number)
    if number < _MARK:
        raise _not_an_offset(str(number))
    seconds, slot_id = divmod(number - _MARK, 1 << _ID_BITS)
    from_ = (earliest - _EPOCH) // _SECOND - _LOOKED_BACK
    starts_at = _EPOCH + _SECOND * (from_ + (seconds - from_) % _PERIOD)
    if starts_at < earliest:
        # The window has moved on since the last slice.
        return Position(earliest)
    return Position(starts_at, slot_id)


def position_offset(shown: ShownSlot) -> str:
    """The offset of a slot. Raises `OverflowError` for an id that does not fit."""
    slot = shown.slot
    if slot.id >> _ID_BITS:
        raise OverflowError(f"the id {slot.id} does not fit into an offset")
    seconds = (slot.starts_at - _EPOCH) // _SECOND % _PERIOD
    return str(_MARK | seconds << _ID_BITS | slot.id)


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
        offset=offset_of(here[-1]) if here else (call.query("offset") or "").strip() or BEGINNING,
    )


def _number(call: Call, older_name: str | None = None) -> int:
    offset = call.query("offset")
    if offset is None and older_name is not None:
        offset = call.query(older_name)
    offset = (offset or "").strip(" ") or BEGINNING
    if not _NUMBER.fullmatch(offset) or int(offset) > LARGEST_ID:
        raise _not_an_offset(offset)
    return int(offset)


def _not_an_offset(offset: str) -> ApiError:
    return ApiError(Fault.OFFSET_INVALID, value=offset)
