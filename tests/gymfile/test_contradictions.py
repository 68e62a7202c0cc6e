"""A file that contradicts what is stored is told so, all at once, and changes nothing."""

import pytest

from kursplan.gymfile import GymFileMistakes
from tests.gymfile.house import GYM, House, edit, writes


async def mistakes(house: House, text: str) -> list[str]:
    """What loading says; and it writes nothing."""
    with writes() as sent, pytest.raises(GymFileMistakes) as told:
        await house.load(text)
    assert sent == []
    return [str(each) for each in told.value.mistakes]


async def test_a_new_organization_needs_a_name(house: House) -> None:
    assert await mistakes(house, "organization: {key: new}") == [
        "line 1, organization: lacks 'name', and there is no organization 'new' yet"
    ]


async def test_a_partial_file_refers_to_what_is_stored(house: House) -> None:
    await house.load()
    text = """\
organization: {key: muster-gym}
series:
  - {key: s, class: pilates, weekdays: [MONDAY], start: "10:00", first_day: 2026-03-02, location: cellar, instructors: [ina, max]}
customers:
  - {key: c9, studio: munich, first_name: A, last_name: B, memberships: [{key: m9, rate: silver, from: 2026-01-01}]}
applications:
  - {key: app, name: App, integrations: [{studio: berlin, scopes: []}, {studio: rome, scopes: []}]}
"""
    assert await mistakes(house, text) == [
        "line 3, series[0].class: is 'pilates', but there is no such class in this file or stored",
        "line 3, series[0].instructors[1]: is 'max', but there is no such employee in this file or stored",
        "line 3, series[0].location: is 'cellar', but there is no such location in this file or stored",
        "line 5, customers[0].memberships[0].rate: is 'silver', but there is no such rate in this file or stored",
        "line 5, customers[0].studio: is 'munich', but there is no such studio in this file or stored",
        "line 7, applications[0].integrations[1].studio: is 'rome', but there is no such studio in this file or stored",
    ]


async def test_a_stored_location_has_to_be_in_the_studio_of_a_stored_class(house: House) -> None:
    await house.load(edit(("locations: []", "locations: [{key: patio, name: Patio}]")))
    text = """\
organization: {key: muster-gym}
slots: [{key: s, class: yoga, start: 2026-03-09T10:00, location: patio}]
"""
    assert await mistakes(house, text) == [
        "line 2, slots[0].location: 'patio' is in the studio 'lisbon', but the class is held in 'berlin'"
    ]


async def test_what_belongs_together_stays_together(house: House) -> None:
    await house.load()
    moved = edit(
        ("key: yoga, studio: berlin", "key: yoga, studio: lisbon"),
        ("      - {key: loft, name: Loft, description: Under the roof}\n", ""),
        ("locations: []", "locations: [{key: loft, name: Loft}]"),
        ("      - {key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00, reason: Easter}\n", "      []\n"),
        ("closures: []", "closures: [{key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00}]"),
        ("    class: spin\n", "    class: yoga\n"),
        ("{key: trial, class: spin", "{key: trial, class: yoga"),
        ("    location: hall\n", ""),
    )  # fmt: skip
    assert [each.partition(": ")[2] for each in await mistakes(house, moved)] == [
        "the location 'loft' is stored with 'berlin' and stays there: give the one of 'lisbon' another key",
        "the closure 'easter' is stored with 'berlin' and stays there: give the one of 'lisbon' another key",
        "the class 'yoga' is stored with 'berlin' and stays there: give the one of 'lisbon' another key",
        "the series 'spin-noon' is stored with 'spin' and stays there: give the one of 'yoga' another key",
        "the slot 'trial' is stored with 'spin' and stays there: give the one of 'yoga' another key",
    ]


async def test_numbers_and_keys_of_others_are_taken(house: House) -> None:
    await house.load()
    text = """\
organization: {key: muster-gym}
customers:
  - key: c9
    studio: berlin
    number: "1001"
    first_name: A
    last_name: B
    memberships:
      - {key: m1, rate: flex, from: 2026-01-01}
      - {key: m9, rate: flex, from: 2026-01-01, idle_periods: [{key: i1, from: 2026-05-01}]}
"""
    assert await mistakes(house, text) == [
        "line 5, customers[0].number: is the number of the customer 'c1'",
        "line 9, customers[0].memberships[0].key: belongs to the customer 'c1'",
        "line 10, customers[0].memberships[1].idle_periods[0].key: belongs to the membership 'm1' of the customer 'c1'",
    ]
    # Unless they are deleted by the same file.
    both = text.replace("customers:\n", "customers:\n  - {key: c1, deleted: true}\n")
    await house.load(both)
    assert await house.changes(both) == {}


async def test_a_contradiction_beside_good_edits_changes_nothing(house: House) -> None:
    await house.load()
    before = await house.everything()

    text = edit(
        ("title: Yoga", "title: Hatha"), ("key: trial, class: spin", "key: trial, class: yoga")
    )
    assert len(await mistakes(house, text)) == 1

    assert await house.everything() == before
    assert await house.changes(GYM) == {}
