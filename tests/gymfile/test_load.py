"""Loading a gym file: what it sets up, and that loading it again changes nothing."""

from datetime import date, timedelta

import pytest

from kursplan import gymfile
from kursplan.domain.events import EventType
from kursplan.store import tables
from tests.gymfile.house import GYM, House, edit, writes


async def test_everything_in_the_file_is_there_afterwards(house: House) -> None:
    changes = await house.changes(GYM)

    assert changes == {
        "organization": (1, 0, 0),
        "studios": (2, 0, 0),
        "locations": (2, 0, 0),
        "closures": (1, 0, 0),
        "employees": (2, 0, 0),
        "rates": (2, 0, 0),
        "classes": (2, 0, 0),
        "series": (2, 0, 0),
        "slots": (2, 0, 0),
        "customers": (3, 0, 0),
        "memberships": (2, 0, 0),
        "idle periods": (1, 0, 0),
        "applications": (1, 0, 0),
        "integrations": (2, 0, 0),
    }
    berlin = await house.row(tables.studio, key="berlin")
    assert (berlin.zip, berlin.longitude, berlin.access_code_enabled) == ("01067", 13.405, False)
    yoga = await house.row(tables.class_, key="yoga")
    assert (str(yoga.earliest_booking), yoga.max_participants) == ("7 DAY", 20)
    spin = await house.row(tables.class_, key="spin")
    assert (spin.earliest_booking, spin.description) == (None, "Fast.\nLoud.")
    lukasz = await house.row(tables.customer, key="c2")
    assert (lukasz.last_name, lukasz.first_name_folded) == ("NO", "lukasz")
    assert len(lukasz.uuid) == 36


async def test_slots_are_there_at_once_up_to_the_horizon(house: House) -> None:
    await house.load(GYM, horizon_days=14)

    days = {row.local_start.date() for row in await house.rows(tables.slot) if row.series_id}
    assert days == {
        *(date(2026, 3, 2) + timedelta(days=n) for n in (0, 3, 7, 10, 14)),
        *(date(2026, 3, 3) + timedelta(days=n) for n in (0, 7)),
    }
    slot = await house.slot(await house.slot_on(date(2026, 3, 5)))
    assert (slot.max_participants, slot.max_waiting_list) == (None, 5)
    assert slot.location_id == await house.id(tables.location, "hall")


async def test_a_single_slot_takes_from_its_class_what_it_does_not_say(house: House) -> None:
    await house.load()

    open_day = await house.slot(await house.id(tables.slot, "open-day"))
    assert (open_day.max_participants, open_day.additional_participants) == (40, 3)
    assert open_day.ends_at - open_day.starts_at == timedelta(minutes=90)
    trial = await house.slot(await house.id(tables.slot, "trial"))
    assert (trial.max_participants, trial.max_waiting_list) == (2, 1)
    assert trial.ends_at - trial.starts_at == timedelta(minutes=45)


async def test_new_customers_and_employees_are_told_in_their_studios(house: House) -> None:
    await house.load()

    berlin, lisbon = [await house.id(tables.studio, key) for key in ("berlin", "lisbon")]
    told = [(each.type, each.studio_id) for each in await house.told()]
    assert told == [
        (EventType.EMPLOYEE_CREATED, berlin),
        (EventType.EMPLOYEE_CREATED, berlin),
        (EventType.EMPLOYEE_CREATED, lisbon),
        (EventType.STUDIO_OPENING_HOURS_UPDATED, berlin),
        (EventType.CUSTOMER_CREATED, berlin),
        (EventType.CONTRACT_CREATED, berlin),
        (EventType.CONTRACT_IDLE_PERIOD_CREATED, berlin),
        (EventType.CUSTOMER_CREATED, lisbon),
        (EventType.CONTRACT_CREATED, lisbon),
        (EventType.CUSTOMER_CREATED, berlin),
    ]


async def test_loading_twice_changes_nothing_and_writes_nothing(house: House) -> None:
    await house.load()
    before = await house.everything()

    with writes() as sent:
        assert await house.changes(GYM) == {}

    assert sent == []
    assert await house.everything() == before


async def test_a_preview_writes_nothing(house: House) -> None:
    with writes() as sent:
        found = await house.preview(GYM)

    assert not found.summary.nothing
    assert sent == []


async def test_progress_is_told_section_by_section_up_to_the_end(house: House) -> None:
    seen: list[tuple[str, int, int]] = []

    await house.load(GYM, progress=lambda *told: seen.append(told))

    sections = list(dict.fromkeys(section for section, _, _ in seen))
    assert sections == [
        "organization",
        "studios",
        "locations",
        "employees",
        "rates",
        "classes",
        "closures",
        "series",
        "slots",
        "customers",
        "applications",
        "timetable",
    ]
    for section in sections:
        steps = [(done, total) for name, done, total in seen if name == section]
        assert steps[-1][0] == steps[-1][1]
        assert steps == sorted(steps)


async def test_loading_that_broke_off_carries_on_and_does_nothing_twice(house: House) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(section: str, _done: int, _total: int) -> None:
        if section == "series":
            raise Interrupted

    with pytest.raises(Interrupted):
        await house.load(GYM, progress=interrupt)
    assert await house.rows(tables.customer) == []

    changes = await house.changes(GYM)

    assert changes["slots"] == (2, 0, 0)
    assert "series" not in changes
    assert await house.changes(GYM) == {}


async def test_thousands_of_customers_are_loaded_and_the_second_time_none(house: House) -> None:
    many = "".join(
        f"""
  - key: n{n}
    studio: berlin
    number: "N{n}"
    first_name: Kunde
    last_name: Nummer {n}
    memberships: [{{key: nm{n}, rate: flex, from: 2026-01-01}}]"""
        for n in range(2000)
    )
    file = gymfile.read(edit(("\ncustomers:", f"\ncustomers:{many}")))

    assert (await house.changes(file))["customers"] == (2003, 0, 0)

    assert len(await house.rows(tables.customer)) == 2003
    assert len(await house.rows(tables.membership)) == 2002
    with writes() as sent:
        assert await house.changes(file) == {}
    assert sent == []


async def test_two_organizations_use_the_same_keys_without_touching_each_other(
    house: House,
) -> None:
    await house.load()
    one = await house.dump()

    other = edit(("key: muster-gym", "key: other-gym"), ("title: Yoga", "title: Hatha"))
    await house.load(other, new=True)

    assert await house.dump() == one
    assert "title: Hatha" in await house.dump("other-gym")
    assert await house.changes(GYM) == {}
