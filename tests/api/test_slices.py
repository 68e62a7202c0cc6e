"""Slices: following the offset gives every element once, whatever happens in between (F53)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from kursplan.clock import HandClock
from kursplan.domain.customers import CustomerStatus
from kursplan.store import tables
from tests.gym import MONDAY, Gym
from tests.referee import Referee

NOW = Gym.wall("08:00")


async def slices(client: Referee, path: str, size: int) -> AsyncIterator[list[int]]:
    """The ids of each slice; what the test does before it asks for the next happens in between."""
    query: dict[str, str] = {"sliceSize": str(size)}
    while True:
        response = await client.get(path, params=query)
        assert response.status_code == 200, response.text
        body: dict[str, Any] = response.json()
        yield [each["id"] for each in body["result"]]
        if not body["hasNext"]:
            return
        query["offset"] = body["offset"]


async def whole(client: Referee, path: str, size: int) -> list[list[int]]:
    return [each async for each in slices(client, path, size)]


async def test_following_the_offset_to_the_end_gives_each_element_once(
    client: Referee, gym: Gym
) -> None:
    classes, slots = [], []
    for n in range(21):
        classes.append(await gym.klass(f"class {n}"))
        # Several begin at the same time.
        slots.append(await gym.slot(f"class {n}", at=NOW + timedelta(minutes=n // 4)))
    employees = [await gym.employee(f"E{n}") for n in range(20)]
    customers = await gym.customers(51)
    spin = [await gym.slot("spin", day=MONDAY + timedelta(days=n)) for n in range(11)]
    own = f"/v1/classes/{gym.classes['spin']}/slots"

    for path, size, everything in (
        ("/v1/classes", 10, [*classes, gym.classes["spin"]]),
        ("/v1/classes/slots", 10, [*slots, *spin[:3]]),
        (own, 10, spin),
        ("/v1/employees", 10, employees),
        ("/v1/customers", 50, customers),
    ):
        cut = [everything[n : n + size] for n in range(0, len(everything), size)]
        assert await whole(client, path, size) == cut, path
        for larger in (size + 1, 99 if size == 10 else 500):
            parts = await whole(client, path, larger)
            assert [each for part in parts for each in part] == everything, (path, larger)


async def test_a_slice_that_is_just_full_says_that_nothing_follows(
    client: Referee, gym: Gym
) -> None:
    employees = [await gym.employee(f"E{n}") for n in range(10)]
    full = (await client.get("/v1/employees?sliceSize=10")).json()
    assert (full["hasNext"], full["offset"]) == (False, str(employees[-1]))
    # Who asks all the same gets an empty slice, and the same offset again.
    after = (await client.get("/v1/employees", params={"offset": full["offset"]})).json()
    assert after == {"result": [], "hasNext": False, "offset": full["offset"]}
    # And by it, later, what has come since.
    newcomer = await gym.employee("Neu")
    later = (await client.get("/v1/employees", params={"offset": after["offset"]})).json()
    assert [each["id"] for each in later["result"]] == [newcomer]


async def test_an_empty_list_is_a_slice_too(client: Referee, gym: Gym) -> None:
    await gym.klass("spin", bookable=True)
    empty = {"result": [], "hasNext": False, "offset": "0"}
    for path in ("/v1/classes", "/v1/classes/slots", "/v1/customers", "/v1/employees"):
        for query in ("", "?offset=0", "?offset="):
            assert (await client.get(path + query)).json() == empty, path


async def test_slots_that_come_go_and_move_meanwhile_disturb_no_other(
    client: Referee, gym: Gym
) -> None:
    at = [Gym.wall("09:00") + timedelta(minutes=10 * n) for n in range(30)]
    slots = [await gym.slot("spin", at=start, minutes=5) for start in at]
    seen: list[list[int]] = []
    async for part in slices(client, "/v1/classes/slots", 10):
        seen.append(part)
        if len(seen) == 1:
            # Before what was seen, at the very same time as its last one, and after it.
            early = await gym.slot("spin", at=at[0] - timedelta(minutes=1))
            twin = await gym.slot("spin", at=at[9])
            late = await gym.slot("spin", at=at[29] + timedelta(minutes=1))
            # Seen and not yet seen ones are cancelled, also the one that the offset names.
            for gone in (slots[0], slots[9], slots[10], slots[15]):
                await gym.cancel_slot(gone)
            # Moved away from where they would be seen, and back to where all was seen.
            await gym.changed_slot(slots[20], local_start=at[29] + timedelta(minutes=2))
            await gym.changed_slot(slots[21], local_start=at[0] + timedelta(minutes=1))

    assert seen[0] == slots[:10]
    unchanged = [each for n, each in enumerate(slots) if n not in (0, 9, 10, 15, 20, 21)]
    told = [each for part in seen for each in part]
    assert [each for each in told if each in unchanged] == unchanged
    assert len(set(told)) == len(told)
    assert [each for each in told[10:] if each not in unchanged] == [twin, late, slots[20]]
    assert early not in told


async def test_lists_by_id_stay_whole_while_others_come_and_go(client: Referee, gym: Gym) -> None:
    customers = await gym.customers(60)
    seen: list[list[int]] = []
    async for part in slices(client, "/v1/customers", 50):
        seen.append(part)
        if len(seen) == 1:
            newcomer = await gym.customer("Neu")
            for gone in (customers[3], customers[49], customers[50], customers[53]):
                await gym.set(tables.customer, gone, deleted_at=gym.now)
            await gym.set(tables.customer, customers[57], status=CustomerStatus.PROSPECT)

    assert seen[0] == customers[:50]
    rest = [each for n, each in enumerate(customers) if n > 50 and n not in (53, 57)]
    assert [each for part in seen[1:] for each in part] == [*rest, newcomer]


async def test_the_window_may_move_on_between_two_slices(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    start = NOW - timedelta(hours=23)
    slots = [await gym.slot("spin", at=start + timedelta(minutes=10 * n)) for n in range(30)]
    seen: list[list[int]] = []
    async for part in slices(client, f"/v1/classes/{gym.classes['spin']}/slots", 10):
        seen.append(part)
        if len(seen) == 1:
            # Now the window begins with the fifteenth slot; those before it are gone.
            clock.advance(timedelta(hours=1, minutes=10 * 14))
    assert seen == [slots[:10], slots[14:24], slots[24:]]


async def test_what_is_no_slice_is_refused(client: Referee, gym: Gym) -> None:
    await gym.slot("spin")
    slots = ("/v1/classes/slots", f"/v1/classes/{gym.classes['spin']}/slots")
    by_id = ("/v1/classes", "/v1/employees", "/v1/customers")
    sizes = dict.fromkeys((*slots, *by_id), (10, 100)) | {"/v1/customers": (50, 500)}
    nonsense = ["abc", "-1", "1.5", " 1", "٣", "9" * 20, "9" * 5000, "\0", "%", "1;2"]

    async def refused(path: str, name: str, value: object) -> bool:
        response = await client.get(path, params={name: str(value)})
        error = response.json()
        answer = (response.status_code, error["errorCode"], error["reference"])
        return answer == (400, "PARAMETER_INVALID", name)

    for path, (least, most) in sizes.items():
        for size in (least - 1, most + 1, *(["", 0, *nonsense] if path == slots[0] else [])):
            assert await refused(path, "sliceSize", size), (path, size)
        for size in (least, most):
            response = await client.get(path, params={"sliceSize": size})
            assert response.status_code == 200, (path, size)
    for path in by_id:
        for offset in (str(2**63), "1-2", *(nonsense if path == by_id[0] else [])):
            assert await refused(path, "offset", offset), (path, offset)
        last = await client.get(path, params={"offset": str(2**63 - 1)})
        assert last.json()["result"] == [], path
    for path in slots:
        for offset in (
            *(nonsense if path == slots[0] else []),
            "1",
            "1-",
            "-1-1",
            "1-2-3",
            f"{10**15}-1",
            f"1-{2**63}",
        ):
            assert await refused(path, "offset", offset), (path, offset)
        last = await client.get(path, params={"offset": f"{253402300799999}-{2**63 - 1}"})
        assert last.json()["result"] == [], path
