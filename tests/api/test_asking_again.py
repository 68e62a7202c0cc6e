"""Asking again: answers are kept, never older than their request, and told apart by a tag."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from kursplan.api.cache import ANSWER_BYTES, AnswerCache, Asked, CachedAnswer
from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.store import tables
from kursplan.store.rules.versions import Version
from tests.api.conftest import Partner, Serve
from tests.gym import MONDAY, Gym
from tests.referee import Referee

BOOK = "/v1/classes/booking/book"
TICK = timedelta(milliseconds=1)


async def shown(client: Referee, path: str) -> list[int]:
    return [each["id"] for each in (await client.get(path)).json()["result"]]


async def booked(client: Referee, slot: int) -> int:
    """How many sit on the slot, as it is shown."""
    page = (await client.get("/v1/classes/slots")).json()
    [found] = [each["bookedParticipants"] for each in page["result"] if each["id"] == slot]
    return int(found)


async def book(client: Referee, customer: int, slot: int) -> int:
    answer = await client.post(BOOK, json={"customerId": customer, "classSlotId": slot})
    assert answer.status_code == 200, answer.text
    return int(answer.json()["bookingId"])


async def test_whoever_has_booked_sees_it_at_once(client: Referee, gym: Gym) -> None:
    slot = await gym.slot("spin", at="18:00")
    path = f"/v1/classes/{gym.classes['spin']}/slots/{slot}"
    for count in range(1, 4):
        assert await booked(client, slot) == count - 1
        last = await book(client, await gym.customer(), slot)
        assert await booked(client, slot) == count
        assert (await client.get(path)).json()["bookedParticipants"] == count
    assert (await client.delete(f"/v1/classes/booking/{last}")).status_code == 200
    assert await booked(client, slot) == 2


async def test_what_one_process_books_another_shows(gym: Gym, serve: Serve) -> None:
    """Two applications share nothing but the database, as two processes do."""
    key = await gym.key()
    slot = await gym.slot("spin", at="18:00")
    one, other = [Referee.inside(await serve(), key) for _ in range(2)]
    for count in range(1, 4):
        await book(one, await gym.customer(), slot)
        assert await booked(other, slot) == count


async def test_who_reads_while_others_book_never_goes_back_in_time(
    client: Referee, gym: Gym
) -> None:
    slot = await gym.slot("spin", at="18:00", seats=None)
    customers = await gym.customers(30)
    seen: list[int] = []

    async def watch() -> None:
        while not seen or seen[-1] < len(customers):
            seen.append(await booked(client, slot))

    watching = asyncio.ensure_future(watch())
    for customer in customers:
        await book(client, customer, slot)
    await asyncio.wait_for(watching, 30)
    assert seen == sorted(seen)


async def test_a_change_of_the_house_is_shown_at_once(client: Referee, gym: Gym) -> None:
    """Also what no slot or booking tells of: here the name of who gives the class."""
    employee = await gym.employee("ina")
    slot = await gym.slot("spin", at="18:00")
    await gym.gives(slot, employee)
    path = f"/v1/classes/{gym.classes['spin']}/slots/{slot}"
    before = (await client.get(path)).json()["instructors"][0]["firstName"]
    await gym.set(tables.employee, employee, first_name="Ida")
    assert before != "Ida"
    assert (await client.get(path)).json()["instructors"][0]["firstName"] == "Ida"


async def test_time_alone_changes_what_is_shown(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    early = await gym.slot("spin", at="08:00")
    later = await gym.slot("spin", at=Gym.wall("08:00") + timedelta(days=14) + TICK)
    path = f"/v1/classes/{gym.classes['spin']}/slots"
    assert await shown(client, path) == [early]
    clock.advance(TICK)
    assert await shown(client, path) == [early, later]
    assert await shown(client, "/v1/classes") == [gym.classes["spin"]]
    clock.advance(timedelta(days=1) - TICK)
    assert await shown(client, path) == [early, later]
    clock.advance(TICK)
    assert await shown(client, path) == [later]
    clock.advance(timedelta(days=15))
    assert await shown(client, "/v1/classes") == []


async def test_the_day_begins_anew_at_midnight(client: Referee, gym: Gym, clock: HandClock) -> None:
    monday = await gym.slot("spin", at="18:00")
    thursday = await gym.slot("spin", at="18:00", day=MONDAY + timedelta(days=3))
    assert await shown(client, "/v1/classes/slots") == [monday]
    clock.set(gym.at("00:00", day=MONDAY + timedelta(days=1)) - TICK)
    assert await shown(client, "/v1/classes/slots") == [monday]
    clock.advance(TICK)
    assert await shown(client, "/v1/classes/slots") == [thursday]


async def test_studios_do_not_see_each_others_answers(gym: Gym, partner: Partner) -> None:
    hamburg = await gym.studio("hamburg")
    here = await gym.slot("spin", at="18:00")
    there = await gym.slot("yoga", at="18:00", studio_id=hamburg)
    berlin = partner(await gym.key())
    other = partner(await gym.key(studio_id=hamburg))
    for _ in range(2):
        assert await shown(berlin, "/v1/classes/slots") == [here]
        assert await shown(other, "/v1/classes/slots") == [there]


PATHS = (
    "/v1/classes",
    "/v1/classes/slots",
    "/v1/classes/{class}",
    "/v1/classes/{class}/slots",
    "/v1/classes/{class}/slots/{slot}",
    "/v1/classes/booking/{booking}",
    "/v1/classes/booking?customerId={customer}",
    "/v1/studios/information",
    "/v1/customers",
    "/v1/customers/{customer}",
    "/v1/employees",
)


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_still_the_same_is_not_sent_again(
    client: Referee, gym: Gym, path: str
) -> None:
    slot = await gym.slot("spin", at="18:00")
    customer = await gym.customer()
    booking = await book(client, customer, slot)
    await gym.employee("ina")
    path = path.format_map(
        {"class": gym.classes["spin"], "slot": slot, "booking": booking, "customer": customer}
    )
    first = await client.get(path)
    tag = first.headers["ETag"]
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "private, no-cache"
    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == tag
    other = await client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_what_has_changed_is_sent_again(client: Referee, gym: Gym) -> None:
    slot = await gym.slot("spin", at="18:00")
    tag = (await client.get("/v1/classes/slots")).headers["ETag"]
    await book(client, await gym.customer(), slot)
    answer = await client.get("/v1/classes/slots", headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert answer.headers["ETag"] != tag


async def test_a_tag_does_not_get_around_key_scope_and_limit(gym: Gym, serve: Serve) -> None:
    application = await serve(rate_limit=2)
    client = Referee.inside(application, await gym.key())
    tag = (await client.get("/v1/classes")).headers["ETag"]
    asking = {"If-None-Match": tag}
    assert (await client.get("/v1/classes", headers=asking)).status_code == 304
    assert (await client.get("/v1/classes", headers=asking)).status_code == 429
    nobody = Referee.inside(application, "no key")
    assert (await nobody.get("/v1/classes", headers=asking)).status_code == 401
    without = Referee.inside(
        application, await gym.key(scopes=["STUDIO_READ"], application="other")
    )
    assert (await without.get("/v1/classes", headers=asking)).status_code == 403


def asked(number: int, *, organization: int = 1) -> Asked:
    return organization, 2, "/v1/classes", (None, str(number))


async def large() -> CachedAnswer:
    return CachedAnswer.of(b"x" * (ANSWER_BYTES // 8))


async def test_what_is_kept_has_a_bound_and_the_first_goes_first(clock: HandClock) -> None:
    pages, version = AnswerCache(clock), Version(1, 1)
    for number in range(9):
        await pages.make(asked(number), version, large)
    kept = [pages.find(asked(number), version) is not None for number in range(9)]
    assert kept == [False] * 2 + [True] * 7
    assert pages.find(asked(8), Version(1, 2)) is None


async def test_who_asks_for_much_pushes_out_only_what_they_asked_for_themselves(
    clock: HandClock,
) -> None:
    pages, version = AnswerCache(clock), Version(1, 1)
    others = [asked(0, organization=number) for number in range(2, 5)]
    for each in others:
        await pages.make(each, version, large)
    for number in range(50):
        await pages.make(asked(number), version, large)
    assert [pages.find(each, version) is not None for each in others] == [True] * 3
    kept = [number for number in range(50) if pages.find(asked(number), version)]
    assert kept == [46, 47, 48, 49], "and all the room that is left"


async def test_parameters_that_nobody_knows_make_no_other_answer(
    client: Referee, gym: Gym, application: Application
) -> None:
    await gym.slot("spin", at="18:00")
    spin = gym.classes["spin"]

    def kept() -> int:
        shares = application._open_api._answers._shares.values()
        return sum(len(each.answers) for each in shares)

    for path, known in (
        ("/v1/classes/slots", ("daysAhead=2", "sliceSize=50")),
        (f"/v1/classes/{spin}", ()),
        (f"/v1/classes/{spin}/slots", ("offset=0",)),
    ):
        before = kept()
        first = await client.get(path)
        for number in range(5):
            again = await client.get(f"{path}?_={number}&Offset={number}")
            assert again.content == first.content
        assert kept() == before + 1
        for each in known:
            await client.get(f"{path}?{each}")
            await client.get(f"{path}?_=1&{each}")
        assert kept() == before + 1 + len(known)


async def test_who_asks_for_what_is_being_read_waits_for_it(clock: HandClock) -> None:
    """Also where the one for whom it is read goes away."""
    pages, version = AnswerCache(clock), Version(1, 1)
    go_on, read = asyncio.Event(), 0

    async def slowly() -> CachedAnswer:
        nonlocal read
        read += 1
        await go_on.wait()
        return CachedAnswer.of(b"read")

    first, second = [asyncio.ensure_future(pages.make(asked(0), version, slowly)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert (await second).body == b"read"
    assert read == 1
