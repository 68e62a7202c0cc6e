"""Stand-ins: who gives the slot in the end, and who was to."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.stand_in import PutStandIn, RemoveStandIn, SlotStaffed
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.slots import Override
from kursplan.store import tables
from kursplan.store.rules import instructors
from kursplan.store.rules.instructors import StandIn
from tests.gym import Gym


@pytest.fixture
async def staff(gym: Gym) -> tuple[int, int, int]:
    return await gym.employee("Ina"), await gym.employee("Omar"), await gym.employee("Eva")


async def put(gym: Gym, slot: int, replaced: int, by: int, reason: str | None = None) -> object:
    command = PutStandIn(gym.organization, slot, replaced, by)
    return await gym.take(command, reason=reason)


async def remove(gym: Gym, slot: int, stand_in: int) -> object:
    return await gym.take(RemoveStandIn(gym.organization, slot, stand_in))


async def record(gym: Gym, slot: int) -> list[StandIn]:
    """All stand-ins of the slot, without their ids."""
    found = await gym.database.read(lambda tx: instructors.stand_ins(tx, gym.organization, [slot]))
    return [replace(each, id=0) for each in found[slot]]


async def test_a_stand_in_takes_the_place_of_one_instructor(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    """F21"""
    ina, omar, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina, omar)

    answer = await put(gym, slot, ina, eva, "ill")

    assert answer == SlotStaffed(slot, (eva, omar), changed=True)
    assert await gym.given_by(slot) == (eva, omar)
    assert await record(gym, slot) == [StandIn(0, slot, ina, eva, "ill", None)]
    assert (await gym.slot_now(slot)).own == {Override.INSTRUCTORS}
    assert await gym.told_since([]) == [(EventType.CLASS_SLOT_UPDATED, slot)]


async def test_removing_the_stand_in_brings_back_who_was_replaced(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    """F21: one event for each effective change, and the record is kept."""
    ina, omar, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina, omar)
    await put(gym, slot, omar, eva)
    gym.clock.advance(timedelta(minutes=1))

    answer = await remove(gym, slot, eva)

    assert answer == SlotStaffed(slot, (ina, omar), changed=True)
    assert await gym.given_by(slot) == (ina, omar)
    assert await record(gym, slot) == [StandIn(0, slot, omar, eva, None, gym.now)]
    assert await gym.told_since([]) == [(EventType.CLASS_SLOT_UPDATED, slot)] * 2


async def test_doing_it_again_changes_nothing(gym: Gym, staff: tuple[int, int, int]) -> None:
    ina, _, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina)

    await put(gym, slot, ina, eva)
    assert await put(gym, slot, ina, eva) == SlotStaffed(slot, (eva,), changed=False)
    await remove(gym, slot, eva)
    assert await remove(gym, slot, eva) == SlotStaffed(slot, (ina,), changed=False)

    assert len(await record(gym, slot)) == 1
    assert len(await gym.told()) == 2


async def test_the_stand_in_may_be_replaced_in_turn(gym: Gym, staff: tuple[int, int, int]) -> None:
    ina, omar, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina)
    await put(gym, slot, ina, omar)
    await put(gym, slot, omar, eva)
    assert await gym.given_by(slot) == (eva,)

    assert await remove(gym, slot, omar) is ErrorCode.INSTRUCTOR_NOT_ON_SLOT
    await remove(gym, slot, eva)
    assert await gym.given_by(slot) == (omar,)
    await remove(gym, slot, omar)
    assert await gym.given_by(slot) == (ina,)


async def test_who_is_not_there_neither_replaces_nor_is_replaced(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    ina, omar, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina, omar)
    gone = await gym.employee("Gerd")
    await gym.set(tables.employee, gone, deleted_at=gym.now)

    assert await put(gym, 999_999, ina, eva) is ErrorCode.CLASS_SLOT_NOT_FOUND
    assert await put(gym, slot, ina, 999_999) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await put(gym, slot, ina, gone) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await put(gym, slot, eva, eva) is ErrorCode.INSTRUCTOR_NOT_ON_SLOT
    assert await put(gym, slot, ina, omar) is ErrorCode.INSTRUCTOR_ALREADY_ON_SLOT
    assert await put(gym, slot, ina, ina) is ErrorCode.INSTRUCTOR_ALREADY_ON_SLOT
    assert await remove(gym, slot, ina) is ErrorCode.INSTRUCTOR_NOT_ON_SLOT

    assert await gym.given_by(slot) == (ina, omar)
    assert (await record(gym, slot), await gym.told()) == ([], [])


async def test_one_who_has_left_the_house_does_not_come_back(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    ina, _, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina)
    await put(gym, slot, ina, eva)
    await gym.set(tables.employee, ina, deleted_at=gym.now)

    assert await remove(gym, slot, eva) is ErrorCode.EMPLOYEE_NOT_FOUND
    assert await gym.given_by(slot) == (eva,)


async def test_a_slot_that_is_not_planned_keeps_who_gave_it(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    ina, _, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina)
    await gym.cancel_slot(slot)

    assert await put(gym, slot, ina, eva) is ErrorCode.SLOT_NOT_PLANNED
    assert await remove(gym, slot, ina) is ErrorCode.SLOT_NOT_PLANNED
    assert await gym.given_by(slot) == (ina,)


async def test_naming_the_instructors_anew_ends_a_stand_in(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    ina, omar, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina, omar)
    await put(gym, slot, ina, eva)

    assert not (await gym.changed_slot(slot, instructor_ids=(eva, omar))).changed
    assert [each.stands for each in await record(gym, slot)] == [True]
    await gym.changed_slot(slot, instructor_ids=(ina, omar))

    assert [each.stands for each in await record(gym, slot)] == [False]
    assert await remove(gym, slot, eva) == SlotStaffed(slot, (ina, omar), changed=False)


async def test_a_stand_in_who_gives_the_slot_beside_the_other_stands_in_no_more(
    gym: Gym, staff: tuple[int, int, int]
) -> None:
    ina, _, eva = staff
    slot = await gym.slot()
    await gym.gives(slot, ina)
    await put(gym, slot, ina, eva)

    await gym.changed_slot(slot, instructor_ids=(ina, eva))

    assert [each.stands for each in await record(gym, slot)] == [False]
    assert await remove(gym, slot, eva) is ErrorCode.INSTRUCTOR_NOT_ON_SLOT
    assert await gym.given_by(slot) == (ina, eva)


async def test_the_bookings_stay_as_they_are(gym: Gym, staff: tuple[int, int, int]) -> None:
    ina, _, eva = staff
    slot = await gym.slot(seats=1)
    await gym.gives(slot, ina)
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    await gym.booked(second, slot)
    before = await gym.told()

    await put(gym, slot, ina, eva)

    assert await gym.statuses(slot) == [
        (first, BookingStatus.BOOKED),
        (second, BookingStatus.WAITING_LIST),
    ]
    assert await gym.told_since(before) == [(EventType.CLASS_SLOT_UPDATED, slot)]
