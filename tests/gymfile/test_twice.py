"""A gym file says what it puts twice at the same time, and loads nothing of it that a studio refuses."""

import pytest

from kursplan import gymfile
from kursplan.domain.clashes import Needed
from kursplan.store import tables
from tests.gymfile.house import House

GYM = """\
organization: {key: muster-gym, name: Muster-Gym}
studios:
  - key: berlin
    name: Berlin
    zone: Europe/Berlin
    clashes: WARN
    locations:
      - {key: hall, name: Hall, shared: false}
      - {key: meadow, name: Meadow, shared: true}
employees:
  - {key: ina, first_name: Ina, last_name: Trainer, studios: [berlin]}
  - {key: tom, first_name: Tom, last_name: Trainer, studios: [berlin]}
classes:
  - {key: yoga, studio: berlin, title: Yoga, duration: 60}
  - {key: spin, studio: berlin, title: Spin, duration: 60}
series:
  - key: yoga-evening
    class: yoga
    weekdays: [MONDAY]
    start: "18:00"
    first_day: 2026-03-09
    last_day: 2026-03-16
    location: meadow
    instructors: [ina]
  - key: spin-evening
    class: spin
    weekdays: [MONDAY]
    start: "19:00"
    first_day: 2026-03-09
    last_day: 2026-03-16
    location: meadow
    instructors: [ina]
slots:
  - {key: open-day, class: spin, start: 2026-03-10T10:00, location: hall, instructors: [tom]}
"""
REFUSES = ("clashes: WARN", "clashes: REFUSE")


async def new(house: House, *changes: tuple[str, str]) -> list[tuple[Needed, str]]:
    """What is twice at the same time since the file was loaded with these changes."""
    text = GYM
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    done = await house.load(text)
    return [(each.needed, each.name) for each in done.summary.clashes]


async def test_loading_tells_what_is_new_whatever_it_comes_from(house: House) -> None:
    earlier = ('"19:00"', '"18:30"')
    longer = ("title: Yoga, duration: 60", "title: Yoga, duration: 75")
    in_the_hall = ("location: meadow", "location: hall")
    ina = (Needed.INSTRUCTOR, "Ina Trainer")

    assert await new(house) == []
    assert await new(house, longer) == [ina, ina]  # A longer class.
    assert await new(house, longer) == []  # It is told once.
    assert await new(house) == []
    assert await new(house, earlier) == [ina, ina]
    assert await new(house, earlier, in_the_hall) == [(Needed.ROOM, "Hall")] * 2
    not_shared = ("shared: true", "shared: false")
    assert await new(house, earlier) == []
    assert await new(house, earlier, not_shared) == [(Needed.ROOM, "Meadow")] * 2


async def test_series_and_slots_of_one_new_file_meet_each_other(house: House) -> None:
    found = await new(
        house, ('"19:00"', '"18:30"'), ("2026-03-10T10:00", "2026-03-09T18:15"), ("[tom]", "[ina]")
    )
    assert found == [(Needed.INSTRUCTOR, "Ina Trainer")] * 4


@pytest.mark.parametrize(
    "change",
    [('"19:00"', '"18:30"'), ("2026-03-10T10:00, location: hall, instructors: [tom]",
                              "2026-03-09T18:30, location: hall, instructors: [ina]")],
    ids=["series", "slot"],
)  # fmt: skip
@pytest.mark.parametrize("at_first", [True, False], ids=["new", "changed"])
async def test_what_a_studio_refuses_is_not_loaded(
    house: House, change: tuple[str, str], at_first: bool
) -> None:
    if not at_first:
        assert await new(house, REFUSES) == []

    if not at_first:
        before = await house.everything()
        with pytest.raises(gymfile.Clashes):
            await house.rehearse(GYM.replace(*REFUSES).replace(*change))
        assert await house.everything() == before  # Nothing of the file is done.
    with pytest.raises(gymfile.Clashes) as refused:
        await new(house, REFUSES, change)

    names = {each.name for each in refused.value.clashing.clashes}
    assert names == {"Ina Trainer"}
    assert await new(house, REFUSES) == []
    if not at_first:
        slots = await house.rows(tables.slot)
        assert len(slots) == 5
