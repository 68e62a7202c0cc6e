"""Live pages: whoever watches is told of each change, at the price of one look for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack

import httpx
import pytest
from playwright.async_api import expect

from kursplan.app import Application
from kursplan.clock import HandClock
from kursplan.console.live import Live, TooMany
from kursplan.settings import Settings
from kursplan.store.rules.versions import Version
from kursplan.web.version_reader import Studio, VersionReader
from tests.console.conftest import OpenTab
from tests.console.desk import SIGNED_IN_AS, Console, Cookies, Serving, cookie
from tests.gym import Gym

WATCHERS = 200


class Counting(VersionReader):
    """Counts its looks at the database."""

    looks = 0

    async def _look(self, studios: set[Studio]) -> Mapping[Studio, Version]:
        self.looks += 1
        return await super()._look(studios)


class Gate:
    """What lies between looks, for a test that says when the next one is."""

    def __init__(self) -> None:
        self._asked = asyncio.Semaphore(0)
        self._open = asyncio.Semaphore(0)

    async def __call__(self) -> None:
        self._asked.release()
        await self._open.acquire()

    async def looked(self) -> None:
        """Wait until there was a look."""
        await self._asked.acquire()

    def pass_(self) -> None:
        self._open.release()


async def test_any_number_of_streams_costs_one_look_at_a_time(gym: Gym) -> None:
    """200 streams of one studio: each is told of a change, and the database is asked once for all."""
    reader, gate = Counting(gym.database), Gate()
    live = Live(reader, pause=gate)
    studio = (gym.organization, gym.studio_id)
    seen = await live.version([studio])
    before = reader.looks
    with ExitStack() as stack:
        told: list[AsyncIterator[int | None]] = [
            live.changes(stack.enter_context(live.joined([studio])), seen) for _ in range(WATCHERS)
        ]
        waiting = [asyncio.ensure_future(anext(each)) for each in told]
        for _ in range(3):
            await gate.looked()
            gate.pass_()
        await gate.looked()
        assert reader.looks - before == 4
        assert not any(each.done() for each in waiting)

        slot_id = await gym.slot()
        await gym.booked(await gym.customer(), slot_id)
        gate.pass_()
        await gate.looked()
        found = await asyncio.gather(*waiting)
        assert reader.looks - before == 5
        assert len(found) == WATCHERS
        assert {each > seen for each in found if each is not None} == {True}
    live.close()


async def test_another_studio_wakes_nobody(gym: Gym) -> None:
    other = await gym.studio("potsdam")
    ride = await gym.klass("ride", studio_id=other)
    there = await gym.slot(ride, studio_id=other)
    customer = await gym.customer(studio_id=other)
    gate = Gate()
    live = Live(VersionReader(gym.database), pause=gate)
    here = (gym.organization, gym.studio_id)
    seen = await live.version([here])
    with live.joined([here]) as watcher:
        waiting = asyncio.ensure_future(anext(live.changes(watcher, seen)))
        await gate.looked()
        await gym.booked(customer, there, studio_id=other)
        gate.pass_()
        await gate.looked()
        assert not waiting.done()
        waiting.cancel()
    live.close()


async def test_streams_are_bounded_and_end_with_the_server(gym: Gym) -> None:
    live = Live(VersionReader(gym.database), most=1)
    here = (gym.organization, gym.studio_id)
    seen = await live.version([here])
    with live.joined([here]) as watcher:
        with pytest.raises(TooMany), live.joined([here]):
            pass
        stopping = asyncio.Event()
        live.end_with(stopping)
        going_on = asyncio.ensure_future(_all(live.changes(watcher, seen)))
        stopping.set()
        assert await going_on == []
    assert live.streams == 0
    with pytest.raises(TooMany), live.joined([here]):
        pass


async def _all(told: AsyncIterator[int | None]) -> list[int | None]:
    return [each async for each in told]


async def test_a_stream_says_how_far_things_have_come(served: Console) -> None:
    gym = served.gym
    slot_id = await gym.slot()
    headers = {"cookie": f"{SIGNED_IN_AS}={cookie(served.member())}"}
    async with (
        httpx.AsyncClient(base_url=served.url, headers=headers) as client,
        client.stream("GET", "/console/live?studio=berlin&seen=0") as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-store"
        lines = stream.aiter_lines()
        first = await _data(lines)
        await gym.booked(await gym.customer(), slot_id)
        assert await _data(lines) > first


async def test_a_server_that_stops_waits_for_nobody_who_only_watches(
    database_url: str, gym: Gym, clock: HandClock
) -> None:
    """Its streams end whole, as answers do: a body that is cut off is an error to whoever reads it."""
    settings = Settings(database_url=database_url, background=False)
    serving = Serving(Application(settings, clock, visitors=Cookies()))
    await serving.start()
    member = Console(gym, serving.application).member()
    headers = {"cookie": f"{SIGNED_IN_AS}={cookie(member)}"}
    async with (
        httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=5) as client,
        client.stream("GET", "/console/live?studio=berlin&seen=0") as stream,
    ):
        lines = stream.aiter_lines()
        await _data(lines)
        stopping = asyncio.create_task(serving.stop())
        assert [line async for line in lines if line.startswith("data")] == []
    await stopping


async def _data(lines: AsyncIterator[str]) -> int:
    async for line in lines:
        if line.startswith("data: "):
            return int(line.removeprefix("data: "))
    raise AssertionError("the stream ended")


async def test_a_page_exchanges_what_changed_and_nothing_that_is_typed(
    served: Console, open_tab: OpenTab
) -> None:
    gym = served.gym
    slot_id = await gym.slot("spin", at="08:15")
    tab = await open_tab(served.member())
    await tab.goto("today")
    page = tab.page
    await expect(page.locator(".plan .fill").first).to_contain_text("0/20")
    await page.fill("#add", "muster")
    await page.locator("#add").evaluate("(field) => field.setSelectionRange(2, 4)")
    await gym.booked(await gym.customer("Frida"), slot_id)
    await expect(page.locator(".plan .fill").first).to_contain_text("1/20")
    await expect(page.locator(".people .name")).to_have_text(["Frida Mustermann"])
    assert await page.input_value("#add") == "muster"
    typed = "[document.activeElement.id, document.activeElement.selectionStart]"
    assert await page.evaluate(typed) == ["add", 2]
