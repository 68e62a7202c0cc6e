"""Customers are found at the front desk however their name is typed, and in whichever order."""

from __future__ import annotations

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
