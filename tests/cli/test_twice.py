"""Who or what is twice at the same time, as the command line tells it and refuses it."""

import json
from datetime import date

import pytest

from kursplan.store import tables
from tests.cli.conftest import Kursplan
from tests.gym import Gym


@pytest.fixture
async def two(gym: Gym, in_three_days: date) -> tuple[int, int]:
    """Spin at 18:00 by Ina, and Yoga at 18:30 by Tom, both in the hall's building."""
    ina, tom = await gym.employee("Ina"), await gym.employee("Tom")
    spin = await gym.slot("spin", day=in_three_days)
    yoga = await gym.slot("yoga", at="18:30", day=in_three_days)
    await gym.gives(spin, ina)
    await gym.gives(yoga, tom)
    return spin, yoga


def sentence(two: tuple[int, int], day: date) -> str:
    spin, yoga = two
    return (
        f"Ina Trainer, on Spin, {day:%a %Y-%m-%d} 18:00-19:00 (slot {spin}) "
        f"and Yoga, {day:%a %Y-%m-%d} 18:30-19:30 (slot {yoga})."
    )


async def test_a_warning_names_who_and_both_slots_before_and_after(
    kursplan: Kursplan, gym: Gym, two: tuple[int, int], in_three_days: date
) -> None:
    spin, yoga = two
    stand_in = ("slot", "stand-in", yoga, "--by", "employee-ina")
    said = f"Twice at the same time: {sentence(two, in_three_days)}\n"
    move = ("slot", "move", yoga, "--minutes", 61)

    told = await kursplan(*stand_in)
    tried = await kursplan(*move, "--dry-run")
    listed = await kursplan("slot", "clashes")
    as_json = await kursplan("slot", "clashes", "--json")

    assert told.out == f"Slot {yoga} is given by Ina Trainer.\n{said}"
    assert "Twice at the same time: Ina Trainer, on Spin" in tried.out
    assert tried.out.endswith("Nothing was done.\n")
    assert listed.out == f"{sentence(two, in_three_days)}\n"
    [clash] = as_json.json
    assert (clash["needed"], clash["name"], clash["refused"]) == (
        "INSTRUCTOR",
        "Ina Trainer",
        False,
    )
    assert [each["slot_id"] for each in clash["slots"]] == [spin, yoga]
    assert (await kursplan(*move, "--json")).json["clashes"][0]["id"] == clash["id"]
    assert (await kursplan(*move, "--json")).json["clashes"] == []  # Done already.
    assert (await kursplan("slot", "clashes", "--days", 1)).out == (
        "Nobody and no room is twice at the same time.\n"
    )
    assert (await kursplan("slot", "clashes", "--studio", "nowhere")).status == 1


async def test_a_refusal_names_them_too_and_changes_nothing(
    kursplan: Kursplan, gym: Gym, two: tuple[int, int], in_three_days: date
) -> None:
    _, yoga = two
    stand_in = ("slot", "stand-in", yoga, "--by", "employee-ina")

    said = await kursplan("studio", "clashes", "berlin", "refuse")
    again = await kursplan("studio", "clashes", "berlin", "refuse", "--json")
    refused = await kursplan(*stand_in)
    as_json = await kursplan(*stand_in, "--json")

    assert said.out == "berlin refuses an instructor or a room twice at the same time.\n"
    assert again.json == {"studio_id": gym.studio_id, "clashes": "REFUSE", "changed": False}
    assert (await kursplan("studio", "list", "--json")).json[0]["clashes"] == "REFUSE"
    assert refused.status == 1
    assert "would be needed twice at the same time (TWICE_AT_THE_SAME_TIME)" in refused.err
    assert sentence(two, in_three_days) in refused.err
    error = json.loads(as_json.err)["error"]
    assert error["code"] == "TWICE_AT_THE_SAME_TIME"
    assert [each["title"] for each in error["clashes"][0]["slots"]] == ["Spin", "Yoga"]
    assert (await kursplan("slot", "clashes", "--json")).json == []


async def test_the_doctor_notes_it_where_no_studio_refuses_it(
    kursplan: Kursplan, gym: Gym, two: tuple[int, int]
) -> None:
    spin, yoga = two
    hall = await gym.location("Hall")
    for each in two:
        await gym.set(tables.slot, each, location_id=hall)
    doctor = ("doctor", "--patience", 0)

    noted = await kursplan(*doctor, "--json")
    shown = await kursplan(*doctor)
    await gym.set(tables.location, hall, shared=True)
    well = await kursplan(*doctor, "--json")

    assert (noted.status, noted.json["healthy"], noted.json["findings"]) == (0, True, [])
    assert [each["slot_id"] for each in noted.json["notes"]] == [spin]
    assert "all is well" in shown.out
    assert f"note: Hall is twice at the same time: on slot {spin} (Spin, " in shown.out
    assert f"and on slot {yoga} (Yoga, " in shown.out
    assert (well.status, well.json["findings"], well.json["notes"]) == (0, [], [])
