"""What is kept of a customer is given to them, or forgotten: by who may, who shows again who they are."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from kursplan.clock import HandClock
from kursplan.domain.accounts import CONFIRMED_FOR, Role
from kursplan.domain.bookings import BookingStatus
from kursplan.store import tables
from kursplan.store.staff import customers
from tests.console.entrance import House, Person
from tests.console.people import people
from tests.gym import Gym

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


@pytest.fixture
async def house(gym: Gym, database_url: str, clock: HandClock) -> AsyncIterator[House]:
    opened = await House.open(gym, database_url, clock)
    yield opened
    await opened.close()


async def signed_in(house: House, role: Role, studio_id: int | None = None) -> Person:
    email = f"{role.lower()}@gym.example"
    account_id = await house.account(email, role)
    await house.gym.insert(
        tables.staff_studio, account_id=account_id, studio_id=studio_id or house.gym.studio_id
    )
    person = house.person()
    await person.sign_in(email)
    return person


async def test_ones_data_are_a_document(house: House, clock: HandClock) -> None:
    on = await people(house.gym)
    manager = await signed_in(house, Role.MANAGER)
    answer = await manager.open(f"customers/{on.merle}/export")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    found = answer.json()
    assert found["customer"]["email"] == "merle.harms@mail.example"
    assert [each["contingents"] for each in found["memberships"] if each["rate"] == "flex"] == [
        [{"bookings": 10, "period": "MONTH"}]
    ]
    # After a while it is asked again who they are.
    clock.advance(CONFIRMED_FOR + timedelta(seconds=1))
    again = await manager.open(f"customers/{on.merle}/export")
    assert again.status_code == 303
    assert "confirm?next=" in again.headers["location"]


async def test_whoever_asks_for_it_is_forgotten(house: House) -> None:
    gym = house.gym
    on = await people(gym)
    owner = await signed_in(house, Role.OWNER)
    path = f"customers/{on.merle}/erase"
    shown = await owner.open(path)
    assert "Erase Merle Harms for ever?" in shown.text
    assert "Vinyasa Flow, Thu 5 Mar, 18:30" in shown.text
    gone = await owner.send(path, dict(HIDDEN.findall(shown.text)))
    assert (gone.status_code, gone.headers["location"]) == (303, "../../customers")
    assert (await owner.open(f"customers/{on.merle}")).status_code == 404
    found = await gym.database.read(lambda tx: customers.find(tx, gym.organization, "harms"))
    assert found == []
    assert (await gym.booking_now(on.seat)).status is BookingStatus.CANCELED


async def test_front_desks_do_neither_and_nobody_does_it_elsewhere(house: House) -> None:
    on = await people(house.gym)
    desk = await signed_in(house, Role.FRONT_DESK)
    there = await house.gym.studio("potsdam")
    elsewhere = await signed_in(house, Role.MANAGER, there)
    for what in ("export", "erase"):
        for person in (desk, elsewhere):
            answer = await person.open(f"customers/{on.merle}/{what}")
            assert answer.status_code == 403, what
    page = (await desk.open(f"customers/{on.merle}")).text
    assert "/export" not in page
    assert "/erase" not in page
