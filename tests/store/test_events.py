"""Events are named so that an index of names grows at its end, and no two are named alike."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from kursplan.ids import new_event_uuids

NOON = datetime(2026, 3, 1, 12, 0, 0, 7_000, tzinfo=UTC)


def test_a_name_is_a_uuid_of_the_instant() -> None:
    for name in new_event_uuids(50, NOON):
        read = uuid.UUID(name)
        assert (read.version, read.variant, str(read)) == (7, uuid.RFC_4122, name)
        assert read.int >> 80 == round(NOON.timestamp() * 1000)


def test_those_of_a_later_instant_are_larger() -> None:
    instants = [NOON + timedelta(milliseconds=each) for each in range(50)]
    names = [name for each in instants for name in new_event_uuids(1, each)]
    assert names == sorted(names)


def test_many_of_one_instant_are_all_different() -> None:
    assert len(set(new_event_uuids(20_000, NOON))) == 20_000
