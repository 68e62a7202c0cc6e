"""Across studios and organizations: what a key reaches, and what it never learns of.

In every test there is something that could leak: the other studio and the other organization have
classes, slots, bookings and people of their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import httpx
import pytest

from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.store import tables
from tests.api.conftest import Partner
from tests.gym import Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
VALIDATE = "/v1/classes/booking/validate"
ANYBODY = {"lastName": "Mustermann"}
"""Whom all customers here are called."""


@dataclass
class Place:
    """A studio with a class, a slot, a booked customer, an employee, and a client with its key."""

    client: Referee
    studio: int
    class_id: int
    slot: int
    customer: int
    employee: int
    booking: int

    @classmethod
    async def of(cls, gym: Gym, studio: int, name: str, partner: Partner) -> Place:
        class_id = await gym.klass(name, studio_id=studio)
        slot = await gym.slot(name, studio_id=studio, seats=1)
        customer = await gym.customer(name, studio_id=studio, number=f"{name}-1")
        booked = await gym.booked(customer, slot, studio_id=studio)
        return cls(
            partner(await gym.key(studio_id=studio)),
            *(studio, class_id, slot, customer),
            await gym.employee(name, studio_id=studio),
            booked.booking_id,
        )


@dataclass
class World:
    berlin: Place
    hamburg: Place
    """Another studio of the same organization."""
    abroad: Place
    """A studio of another organization."""


@pytest.fixture
async def world(gym: Gym, partner: Partner) -> World:
    hamburg = await gym.studio("hamburg")
    other = await Gym(gym.database, gym.clock, first_id=501).open()
    return World(
        await Place.of(gym, gym.studio_id, "spin", partner),
        await Place.of(gym, hamburg, "yoga", partner),
        await Place.of(other, other.studio_id, "box", partner),
    )


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["errorCode"]


async def test_a_key_lists_only_what_its_own_studio_has(world: World) -> None:
    for place in (world.berlin, world.hamburg, world.abroad):

        async def ids(path: str, client: Referee = place.client) -> list[int]:
            body = (await client.get(path)).json()
            return [each["id"] for each in body["result"]]

        assert await ids("/v1/classes") == [place.class_id]
        assert await ids("/v1/classes/slots") == [place.slot]
        assert await ids("/v1/customers") == [place.customer]
        assert await ids("/v1/employees") == [place.employee]
        everybody = await place.client.post("/v1/customers/search", json=ANYBODY)
        assert [each["id"] for each in everybody.json()] == [place.customer]
        # The application is active in this studio alone.
        everywhere = await place.client.post("/v1/cross-studio/customers/search", json=ANYBODY)
        assert [each["id"] for each in everywhere.json()] == [place.customer]
        studio = (await place.client.get("/v1/studios/information")).json()
        assert studio["studioId"] == place.studio


async def test_what_belongs_to_another_studio_is_404(world: World, gym: Gym) -> None:
    told = await gym.told()
    for here, there, knows_customer in (
        (world.berlin, world.hamburg, True),
        (world.hamburg, world.berlin, True),
        (world.berlin, world.abroad, False),
        (world.abroad, world.berlin, False),
    ):
        for method, path, code in (
            ("GET", f"/v1/classes/{there.class_id}", "CLASS_NOT_FOUND"),
            ("GET", f"/v1/classes/{there.class_id}/slots", "CLASS_NOT_FOUND"),
            ("GET", f"/v1/classes/{there.class_id}/slots/{there.slot}", "CLASS_SLOT_NOT_FOUND"),
            ("GET", f"/v1/classes/booking/{there.booking}", "BOOKING_NOT_FOUND"),
            ("DELETE", f"/v1/classes/booking/{there.booking}", "BOOKING_NOT_FOUND"),
            ("GET", f"/v1/customers/{there.customer}", "CUSTOMER_NOT_FOUND"),
            ("GET", "/v1/customers/by?customerNumber=" + await number(there), "CUSTOMER_NOT_FOUND"),
            ("GET", f"/v1/cross-studio/customers/{there.customer}", "CUSTOMER_NOT_FOUND"),
            ("GET", f"/v1/employees/{there.employee}", "EMPLOYEE_NOT_FOUND"),
        ):
            response = await here.client.request(method, path)
            assert refusal(response) == (404, code), path
            # There it is found.
            assert (await there.client.get(path)).status_code == 200, path
        mixed = await here.client.get(f"/v1/classes/{here.class_id}/slots/{there.slot}")
        assert refusal(mixed) == (404, "CLASS_SLOT_NOT_FOUND")
        for action in (VALIDATE, BOOK):
            place = {"customerId": there.customer, "classSlotId": there.slot}
            response = await here.client.post(action, json=place)
            assert refusal(response) == (404, "CLASS_SLOT_NOT_FOUND")

        listed = await here.client.get("/v1/classes/booking", params={"customerId": there.customer})
        if knows_customer:
            # The customer may book here too, but what they do elsewhere is not told.
            assert listed.json() == []
        else:
            assert refusal(listed) == (404, "CUSTOMER_NOT_FOUND")
            for action in (VALIDATE, BOOK):
                place = {"customerId": there.customer, "classSlotId": here.slot}
                response = await here.client.post(action, json=place)
                assert refusal(response) == (404, "CUSTOMER_NOT_FOUND")
    assert await gym.told() == told, "nothing was changed"


async def number(place: Place) -> str:
    shown = (await place.client.get(f"/v1/customers/{place.customer}")).json()
    return str(shown["customerNumber"])


async def test_a_class_that_admits_them_can_be_booked_for_customers_of_other_studios(
    world: World, gym: Gym
) -> None:
    berlin, hamburg = world.berlin, world.hamburg
    slot = await gym.slot("spin", at="20:00")
    place = {"customerId": hamburg.customer, "classSlotId": slot}

    assert (await berlin.client.post(VALIDATE, json=place)).json() == {
        "validationStatus": "NOT_AVAILABLE"
    }
    assert refusal(await berlin.client.post(BOOK, json=place)) == (400, "NOT_AVAILABLE")

    await gym.set(tables.class_, berlin.class_id, admits_other_studios=True)
    # Still with the key of the studio that holds the slot only (F37).
    assert refusal(await hamburg.client.post(BOOK, json=place)) == (404, "CLASS_SLOT_NOT_FOUND")
    booked = (await berlin.client.post(BOOK, json=place)).json()
    assert (booked["bookingStatus"], booked["customerId"]) == ("BOOKED", hamburg.customer)

    path = f"/v1/classes/booking/{booked['bookingId']}"
    of_customer = {"customerId": hamburg.customer}
    at_berlin = await berlin.client.get("/v1/classes/booking", params=of_customer)
    assert at_berlin.json() == [booked]
    # Where they are at home, it is told by events and not by the list.
    at_home = (await hamburg.client.get("/v1/classes/booking", params=of_customer)).json()
    assert [each["bookingId"] for each in at_home] == [hamburg.booking]
    [event] = [each for each in await gym.told() if each.entity_id == booked["bookingId"]]
    assert event.type is EventType.CLASS_BOOKING_CREATED
    assert (event.studio_id, event.home_studio_id) == (berlin.studio, hamburg.studio)

    assert refusal(await hamburg.client.delete(path)) == (404, "BOOKING_NOT_FOUND")
    assert (await berlin.client.delete(path)).status_code == 200


async def test_a_booking_elsewhere_is_in_the_way_and_uses_the_contingent(
    world: World, gym: Gym
) -> None:
    berlin, hamburg = world.berlin, world.hamburg
    await gym.set(tables.class_, berlin.class_id, admits_other_studios=True, uses_contingent=True)
    guest = await gym.customer("guest", studio_id=hamburg.studio)
    await gym.membership(guest, await gym.rate(grants={Period.MONTH: 1}))
    evening, next_evening = [
        await gym.slot("spin", at="20:00"),
        await gym.slot("spin", at="22:00"),
    ]
    at_home = await gym.slot("yoga", at="20:30", studio_id=hamburg.studio)

    async def validate(place: Place, slot: int) -> str:
        body = {"customerId": guest, "classSlotId": slot}
        answer = (await place.client.post(VALIDATE, json=body)).json()
        return str(answer["validationStatus"])

    assert await validate(berlin, evening) == "AVAILABLE"
    place = {"customerId": guest, "classSlotId": evening}
    booked = (await berlin.client.post(BOOK, json=place)).json()

    # The contingent is that of the home studio, and it is used up wherever it is used (F38).
    assert await validate(berlin, next_evening) == "NO_CONTINGENT"
    assert await validate(hamburg, at_home) == "CUSTOMER_IN_OTHER_BOOKING"

    await berlin.client.delete(f"/v1/classes/booking/{booked['bookingId']}")
    assert await validate(berlin, next_evening) == "AVAILABLE"
    assert await validate(hamburg, at_home) == "AVAILABLE"
