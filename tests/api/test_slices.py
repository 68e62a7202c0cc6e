"""Slices: following the offset gives every element once, whatever happens in between (F53)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from kursplan.clock import HandClock
from kursplan.domain.customers import CustomerStatus
from kursplan.store import tables
from kursplan.web.languages import LANGUAGES
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


async def counted(client: Referee, path: str, size: int) -> list[int]:
    """The ids that a client gets which counts by itself: `offset += sliceSize`."""
    told: list[int] = []
    for offset in range(0, 1000, size):
        query = {"sliceSize": size, "offset": offset}
        body = (await client.get(path, params=query)).json()
        told += [each["id"] for each in body["result"]]
        if not body["hasNext"]:
            break
    return told


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
            assert await counted(client, path, larger) == everything, (path, larger)
        assert await counted(client, path, size) == everything, path
        # A count that is no multiple of the size, and one behind the end.
        some = (await client.get(path, params={"offset": 7})).json()
        assert [each["id"] for each in some["result"]] == everything[7 : 7 + len(some["result"])]
        for behind in (len(everything), 10**12 - 1):
            none = (await client.get(path, params={"offset": behind})).json()
            assert none == {"result": [], "hasNext": False, "offset": str(behind)}, path


async def test_offsets_are_digits_that_a_64_bit_integer_holds_and_larger_than_any_count(
    client: Referee, gym: Gym
) -> None:
    await gym.klass("spin")
    # The window of a month from now, seen today: as far away as an offset can point.
    for days in (0, 30):
        await gym.slot("spin", day=MONDAY + timedelta(days=days), at="23:59")
    await gym.employee("Ina")
    await gym.customer()
    far = f"/v1/classes/slots?slotWindowStartDate={MONDAY + timedelta(days=30)}"
    own = f"/v1/classes/{gym.classes['spin']}/slots"
    for path in ("/v1/classes", "/v1/classes/slots", far, own, "/v1/employees", "/v1/customers"):
        body = (await client.get(path)).json()
        assert len(body["result"]) == 1, path
        assert body["offset"].isdecimal()
        assert 10**12 < int(body["offset"]) < 2**63
        and_ = "&" if "?" in path else "?"
        again = (await client.get(f"{path}{and_}offset=%20{body['offset']}%20")).json()
        assert again == {"result": [], "hasNext": False, "offset": body["offset"]}, path


async def test_the_older_name_of_the_offset_is_known_to_customers(
    client: Referee, gym: Gym
) -> None:
    customers = await gym.customers(51)
    first = (await client.get("/v1/customers?sliceSize=50")).json()
    for query, rest in (
        ({"lastOffsetId": first["offset"]}, customers[50:]),
        ({"lastOffsetId": "50"}, customers[50:]),
        ({"lastOffsetId": "0"}, customers),
        ({"lastOffsetId": first["offset"], "offset": "0"}, customers),
    ):
        told = (await client.get("/v1/customers", params=query)).json()["result"]
        assert [each["id"] for each in told] == rest, query
    response = await client.get("/v1/customers?lastOffsetId=abc")
    assert (response.status_code, response.json()["errorCode"]) == (400, "OFFSET_INVALID")


async def test_a_client_may_rest_for_weeks_between_two_slices(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    day = str(MONDAY + timedelta(days=1))
    slots = [await gym.slot("spin", at=NOW + timedelta(days=1, seconds=n)) for n in range(20)]
    path = f"/v1/classes/slots?slotWindowStartDate={day}&sliceSize=10"
    offset = (await client.get(path)).json()["offset"]
    for _ in range(3):
        rest = (await client.get(path + "&offset=" + offset)).json()
        assert [each["id"] for each in rest["result"]] == slots[10:]
        clock.advance(timedelta(days=9))


async def test_days_ahead_may_be_more_than_the_contract_names(client: Referee, gym: Gym) -> None:
    slots = [await gym.slot("spin", day=MONDAY + timedelta(days=n)) for n in range(8)]
    for days in range(1, 7):
        told = (await client.get(f"/v1/classes/slots?daysAhead={days}")).json()["result"]
        assert [each["id"] for each in told] == slots[:days]
    told = (await client.get("/v1/classes/slots")).json()["result"]
    assert [each["id"] for each in told] == slots[:3]


async def test_a_slice_that_is_just_full_says_that_nothing_follows(
    client: Referee, gym: Gym
) -> None:
    employees = [await gym.employee(f"E{n}") for n in range(10)]
    full = (await client.get("/v1/employees?sliceSize=10")).json()
    assert (full["hasNext"], full["offset"]) == (False, str(10**12 + employees[-1]))
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
        code = "OFFSET_INVALID" if name == "offset" else "PARAMETER_INVALID"
        answer = (response.status_code, error["errorCode"], error["reference"])
        return answer == (400, code, name)

    for path, (least, most) in sizes.items():
        for size in (least - 1, most + 1, *(["", 0, *nonsense] if path == slots[0] else [])):
            assert await refused(path, "sliceSize", size), (path, size)
        for size in (least, most):
            response = await client.get(path, params={"sliceSize": size})
            assert response.status_code == 200, (path, size)
    for path in (*by_id, *slots):
        for offset in (str(2**63), "1-2", "1767000000000-7", *nonsense):
            assert offset == " 1" or await refused(path, "offset", offset), (path, offset)
        last = await client.get(path, params={"offset": str(2**63 - 1)})
        assert last.status_code == 200, path
        assert path in slots or last.json()["result"] == [], path
    for path in slots:
        for offset in (10**12, 2**62 - 1):
            assert await refused(path, "offset", offset), (path, offset)


async def test_what_is_no_offset_is_told_in_every_language(client: Referee) -> None:
    told = set()
    for language in LANGUAGES:
        headers = {"Accept-Language": language}
        response = await client.get("/v1/classes?offset=x", headers=headers)
        told.add(response.json()["errorMessage"])
        assert "offset of the last answer" not in response.text or language.startswith("en")
    # Variants of English, French and Liechtenstein's German have nothing of their own to say.
    assert len(told) == len(LANGUAGES) - 5
