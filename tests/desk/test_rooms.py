"""A room that is removed: what was to come in it has none, and where something was held it stays."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kursplan.desk.locations import LocationWasUsed, RemoveLocation
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.gym import MONDAY, STAFF, Gym

UPDATED = EventType.CLASS_SLOT_UPDATED


async def test_what_was_to_come_in_a_removed_room_has_none(gym: Gym) -> None:
    room, other = await gym.location("Saal 1"), await gym.location("Saal 2")
    series = await gym.series("spin", location_id=room)
    made = [each.id for each in await gym.extend(series, until=MONDAY + timedelta(days=8))]
    single = await gym.slot("spin", at="20:00", seats=1, location_id=room)
    for who in await gym.customers(2):
        await gym.booked(who, single)
    cancelled = await gym.slot("spin", at="12:00", location_id=room, status=SlotStatus.CANCELED)
    elsewhere = await gym.slot("spin", at="13:00", location_id=other)
    before = await gym.told()

    assert await gym.take(RemoveLocation(gym.organization, room)) is True

    rooms = {each: (await gym.slot_now(each)).location_id for each in (*made, single, cancelled)}
    assert set(rooms.values()) == {None}
    assert (await gym.slot_now(elsewhere)).location_id == other
    assert sorted(await gym.told_since(before)) == sorted(
        (UPDATED, each) for each in (*made, single)
    )
    later = await gym.extend(series, until=MONDAY + timedelta(days=15))
    assert later[-1].location_id is None
    assert await gym.count(tables.location) == 1
    assert await gym.take(RemoveLocation(gym.organization, room)) is False


async def test_a_room_in_which_something_was_held_stays(gym: Gym) -> None:
    room = await gym.location("Saal 1")
    slot = await gym.slot("spin", at="09:00", location_id=room)
    gym.clock.set(gym.at("09:00"))
    with pytest.raises(LocationWasUsed):
        await gym.desk.execute(RemoveLocation(gym.organization, room), by=STAFF)
    assert (await gym.slot_now(slot)).location_id == room
    assert await gym.count(tables.location) == 1
