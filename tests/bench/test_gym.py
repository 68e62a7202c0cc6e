"""The gym that is measured is one that Kursplan itself could have made."""

import sqlite3
from pathlib import Path

import pytest

from bench.fill import fill
from bench.filled import FilledSqlite
from bench.gym import Size
from bench.kursplan import doctor_is_content

SMALL = Size(slots=500, customers=300, past_bookings=400)


async def test_the_doctor_finds_nothing_in_it(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/gym.db"
    await fill(url, [SMALL, SMALL])

    assert doctor_is_content(url)


async def test_it_is_brought_back_to_how_it_was_filled(tmp_path: Path) -> None:
    database = await FilledSqlite.create(tmp_path, [SMALL])
    await database.fresh()
    with sqlite3.connect(tmp_path / "kursplan.db") as connection:
        connection.execute("DELETE FROM booking")
    assert await database.bookings() == 0

    await database.fresh()

    assert await database.bookings() == SMALL.past_bookings


@pytest.mark.parametrize("slots", [250, 500])
async def test_ids_of_one_kind_follow_each_other_and_none_is_used_twice(
    tmp_path: Path, slots: int
) -> None:
    sizes = [Size(slots=slots, customers=10), Size(slots=slots, customers=20)]

    gyms = await fill(f"sqlite:///{tmp_path}/gym.db", sizes)

    ids = [
        each
        for gym in gyms
        for each in (gym.organization_id, gym.hot_slot, *gym.slots, *gym.customers, *gym.classes)
    ]
    assert len(ids) == len(set(ids))
    assert [len(gym.customers) for gym in gyms] == [10, 20]
    assert {gym.key for gym in gyms} == {"bench-0000", "bench-0001"}
