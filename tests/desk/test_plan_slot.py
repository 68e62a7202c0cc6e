"""Planning a single slot: what it takes from its class, and what is refused."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.desk.plan_slot import PlanSlot, SlotPlanned
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.slots import Override
from kursplan.store import tables
from tests.gym import MONDAY, Gym

SIX = datetime.combine(MONDAY, time(18))


async def plan(gym: Gym, class_id: int) -> PlanSlot:
    return PlanSlot(gym.organization, await gym.desk.ids.next(), class_id, "single", SIX)


async def test_it_takes_from_its_class_what_it_does_not_say_and_can_be_booked(gym: Gym) -> None:
    command = await plan(gym, await gym.klass("spin", duration=45, max_participants=1))

    planned = await gym.take(command)

    assert isinstance(planned, SlotPlanned)
    slot = planned.slot
    assert slot.starts_at == gym.at("18:00")
    assert slot.ends_at - slot.starts_at == timedelta(minutes=45)
    assert (slot.max_participants, slot.max_waiting_list, slot.own) == (1, 5, frozenset())
    booked = await gym.booked(await gym.customer(), slot.id)
    assert booked.status is BookingStatus.BOOKED
    assert [each.entity_id for each in await gym.told()] == [booked.booking_id]


async def test_what_it_says_itself_is_its_own(gym: Gym) -> None:
    command = replace(
        await plan(gym, await gym.klass("spin")),
        duration_minutes=90,
        location_id=await gym.location(),
        instructor_ids=(await gym.employee(),),
        own=frozenset({Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST}),
        max_participants=None,
        max_waiting_list=0,
        additional_participants=2,
    )

    slot = (await gym.take(command)).slot

    assert (slot.max_participants, slot.max_waiting_list) == (None, 0)
    assert slot.own == {Override.MAX_PARTICIPANTS, Override.MAX_WAITING_LIST, Override.TIME}
    assert slot.location_id == command.location_id
    assert await gym.count(tables.slot_instructor) == 1


async def test_what_is_not_there_or_past_is_refused(gym: Gym) -> None:
    command = await plan(gym, await gym.klass("spin"))
    elsewhere = await gym.location("Salon", studio_id=await gym.studio("lyon"))

    for wrong, refusal in (
        (replace(command, class_id=1), ErrorCode.CLASS_NOT_FOUND),
        (replace(command, location_id=elsewhere), ErrorCode.LOCATION_NOT_FOUND),
        (replace(command, instructor_ids=(1,)), ErrorCode.EMPLOYEE_NOT_FOUND),
        (replace(command, local_start=datetime.combine(MONDAY, time(8))), ErrorCode.INVALID_TIMES),
    ):
        assert await gym.take(wrong) is refusal
    assert await gym.count(tables.slot) == 0


async def test_values_that_no_slot_can_have_are_no_command(gym: Gym) -> None:
    command = await plan(gym, await gym.klass("spin"))

    with pytest.raises(ValueError, match="not a plain local time"):
        replace(command, local_start=gym.now)
    with pytest.raises(ValueError, match="out of range"):
        replace(command, duration_minutes=1441)
    with pytest.raises(ValueError, match="together with MAX_WAITING_LIST"):
        replace(command, max_waiting_list=3)
    with pytest.raises(ValueError, match="together with MAX_PARTICIPANTS"):
        replace(command, max_participants=3)
    with pytest.raises(ValueError, match="its own anyway"):
        replace(command, own=frozenset({Override.LOCATION}))
    with pytest.raises(ValueError, match="negative"):
        replace(command, additional_participants=-1)
    with pytest.raises(ValueError, match="named twice"):
        replace(command, instructor_ids=(7, 7))
