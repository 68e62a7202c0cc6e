"""Customers are found at the front desk however their name is typed, and in whichever order."""

from __future__ import annotations

from datetime import date
from functools import partial

from kursplan.store.engine.database import Database
from kursplan.store.staff import customers
from tests.gym import Gym


async def test_names_are_found_in_one_word_and_in_several(database: Database, gym: Gym) -> None:
    obrien = await gym.customer(
        "Anna-Lena", last_name="O\N{RIGHT SINGLE QUOTATION MARK}Brien", number="A-17"
    )
    dijk = await gym.customer("Jörg", last_name="van Dijk")
    await gym.customer("Bela", last_name="Busch")

    for text, found in (
        ("anna lena", [obrien]),
        ("Annalena OBr", [obrien]),
        ("o brien anna", [obrien]),
        ("O'Brien, Anna Lena", [obrien]),
        (" A-17 ", [obrien]),
        ("van dijk", [dijk]),
        ("Joerg van Dijk", [dijk]),
        ("Vandijk Jorg", [dijk]),
        ("Jorg Maria van", [dijk]),
        ("Anna van Dijk", []),
        ("' -", []),
    ):
        rows = await database.read(
            partial(customers.find, organization_id=gym.organization, text=text)
        )
        assert [each.id for each in rows] == found, text


async def test_parts_of_anything_find_somebody(database: Database, gym: Gym) -> None:
    dahl = await gym.customer(
        "Zoe",
        last_name="Dahl",
        number="B-0083",
        date_of_birth=date(1983, 6, 8),
        phone_private_mobile="+49 (171) 392-0022",
        email="Zoe.D@mail.example",
        email_folded="zoe.d@mail.example",
    )
    other = await gym.customer("Zora", last_name="Dahlmann", date_of_birth=date(1990, 6, 8))

    for text, found in (
        ("dahl zo 83", [dahl]),
        ("DAHL", [dahl, other]),
        ("mann", [other]),
        ("dahl zo", [dahl, other]),
        ("b0083", [dahl]),
        ("0083", [dahl]),
        ("0171 392", [dahl]),
        ("+49171 392 00 22", [dahl]),
        ("zoe.d@", [dahl]),
        ("8.6.", [dahl, other]),
        ("08.06.1990", [other]),
        ("1983-06-08", [dahl]),
        ("1990 zor", [other]),
        ("91", []),
        ("%", []),
        ("da_hl", [dahl, other]),
        ("da_l", []),
        ("dahl nobody", []),
    ):
        rows = await database.read(
            partial(customers.find, organization_id=gym.organization, text=text)
        )
        assert [each.id for each in rows] == found, text


async def test_customers_are_of_their_home_studio_and_of_where_they_have_booked(
    database: Database, gym: Gym
) -> None:
    here, there = gym.studio_id, await gym.studio("potsdam")
    guest = await gym.customer("Gesa", studio_id=there)
    await gym.klass("spin", admits_other_studios=True)
    slot_id = await gym.slot("spin")

    async def found(*studio_ids: int) -> list[int]:
        rows = await database.read(
            partial(
                customers.find,
                organization_id=gym.organization,
                text="gesa",
                studio_ids=studio_ids,
            )
        )
        return [each.id for each in rows]

    assert (await found(there), await found(here), await found()) == ([guest], [], [])
    await gym.booked(guest, slot_id)
    assert (await found(there), await found(here), await found()) == ([guest], [guest], [])
    studios = await database.read(lambda tx: customers.studios_of(tx, gym.organization, guest))
    assert studios == (there, here)
