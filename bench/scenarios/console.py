"""What a studio with many slots gets from the console: the page of a week, and that of all who have it open.

A year of bookings lies behind a week of 400 slots (`bench.week`), on SQLite. It is the week that comes, all of which
is looked through for what is needed twice.

Of its page it is told what the server takes from the request to the last byte (over HTTP, for somebody who is
signed in; nothing of it is kept), how many bytes a proxy that compresses would send, and how long Chromium takes
to draw it on a processor that is slowed four times, from setting out to the last pixel.

Then 200 have it open. While nothing happens it is told what of a processor the server takes for them, and how
often it asks the database more than for nobody; and when partners book, how long it takes until all of them have
been told, and until all of them, each asking again after up to 0.7 seconds as the page's script does, have the
new page. They are from one process on the same machine.
"""

from __future__ import annotations

import asyncio
import gzip
import random
import re
from collections import Counter
from html import unescape
from http import HTTPStatus
from pathlib import Path
from time import monotonic
from urllib.parse import urljoin

from playwright.async_api import BrowserContext

from bench import overheard
from bench.browser import DESK, PHONE, chromium, drawn
from bench.client import Connection, connected
from bench.kursplan import Server, kursplan_running
from bench.processes import processor_ms
from bench.ratios import median
from bench.run import Measured, Run, percentile
from bench.watchers import Watcher, all_told, watching
from bench.week import GUESTS, PARTNER, Week

LOOKED = 21
"""How often the page is asked for in a round, once more beforehand."""
DRAWN = 5
OPEN = 200
IDLE_SECONDS = 30
"""Twice as long as nothing is sent over a stream on which nothing happens."""
OVERHEARD_SECONDS = 20
TOLD, SHOWN = 20, 3
"""How often a partner books in a round, and how often all ask for the page after it."""
SPREAD_SECONDS = 0.7
"""So long the script of a page waits at most before it asks again: not all in the same moment."""

NOTHING, BOOKED = f"{OPEN} open timetables, nothing happens", f"{OPEN} open timetables, bookings"
ASKING = f"{OPEN} open timetables, all ask again"


async def measure(run: Run) -> Measured:
    measured = Measured()
    week = await Week.create(f"sqlite:///{run.folder / 'console.db'}")
    async with chromium() as browser:
        for number in run.each_round():
            async with kursplan_running(week.studio.url, run.folder) as server:
                await _page(run, measured, week, server)
                await _drawn(measured, week, server, browser)
                await _watched(run, measured, week, server, number)
            await _overheard(run, measured, week)
    return measured


# --- The page -----------------------------------------------------------------------------------


async def _page(run: Run, measured: Measured, week: Week, server: Server) -> None:
    async with connected(server.url, PARTNER) as [connection]:
        first = await week.ask(connection)
        before = processor_ms(server.pid)
        async with run.looking_at(server, "the page of a week"):
            answers = [await week.ask(connection) for _ in range(LOOKED)]
        took = [each.seconds * 1000 for each in answers]
        measured.note(
            "the page of a week",
            ms=median(took),
            most_ms=max(took),
            processor_ms=(processor_ms(server.pid) - before) / LOOKED,
            kilobytes=len(first.body) / 1000,
            compressed_kilobytes=len(gzip.compress(first.body, 6)) / 1000,
        )
    measured.ratios["console_week"].append(measured.last("the page of a week", "ms"))
    measured.ratios["console_week_size"].append(
        measured.last("the page of a week", "compressed_kilobytes")
    )


async def _drawn(measured: Measured, week: Week, server: Server, browser: BrowserContext) -> None:
    name, _, value = week.cookie.partition("=")
    await browser.add_cookies([{"name": name, "value": value, "url": server.url}])
    for what, size in (("drawn at a desk", DESK), ("drawn on a telephone", PHONE)):
        took = [await drawn(browser, server.url + week.path, size) for _ in range(DRAWN + 1)][1:]
        measured.note(what, ms=median(took), most_ms=max(took))
    measured.ratios["console_week_drawn"].append(measured.last("drawn at a desk", "ms"))


# --- All who have it open -----------------------------------------------------------------------


async def _watched(run: Run, measured: Measured, week: Week, server: Server, number: int) -> None:
    nobody = await _idle_percent(server)
    at = await stream(week, server)
    async with watching(server.url, at, week.cookie, OPEN) as watchers:
        idle = await _idle_percent(server)
        measured.note(NOTHING, processor_percent=idle, with_nobody_percent=nobody)
        measured.ratios["live_core"].append(idle)
        async with connected(server.url, PARTNER) as [partner]:
            await _tell(run, measured, week, server, watchers, partner, number)


async def _tell(
    run: Run,
    measured: Measured,
    week: Week,
    server: Server,
    watchers: list[Watcher],
    partner: Connection,
    number: int,
) -> None:
    dice = random.Random(number)  # noqa: S311
    first = (number - 1) * (TOLD + SHOWN)
    told = []
    for nth in range(first, first + TOLD):
        await asyncio.sleep(dice.random())  # At any time between two looks.
        told.append(await _told(week, partner, watchers, nth))
    measured.note(BOOKED, told_ms=median(told), told_p99_ms=percentile(told, 99))
    measured.ratios["live_told"].append(percentile(told, 99))
    async with run.looking_at(server, ASKING), connected(server.url, PARTNER, OPEN) as pages:
        before, shown = processor_ms(server.pid), []
        for nth in range(first + TOLD, first + TOLD + SHOWN):
            after = await _told(week, partner, watchers, nth)
            began = monotonic()
            await asyncio.gather(*(_ask_again(week, each, dice) for each in pages))
            shown.append(after + (monotonic() - began) * 1000)
        took = (processor_ms(server.pid) - before) / SHOWN
    measured.note(ASKING, shown_ms=median(shown), processor_ms=took)


async def _told(week: Week, partner: Connection, watchers: list[Watcher], nth: int) -> float:
    """Milliseconds from a booking, of another guest on another slot of the week, until all are told."""
    guest, slot_id = week.studio.customers[-1 - nth % GUESTS], week.roomy[nth % len(week.roomy)]
    for each in watchers:
        each.told.clear()
    booked = await partner.book(guest, slot_id)
    if booked.status != HTTPStatus.OK:
        raise RuntimeError(f"not booked: {booked.status} {booked.body!r}")
    return (await all_told(watchers) - booked.sent_at) * 1000


async def stream(week: Week, server: Server) -> str:
    """Where the page says that it is told of changes."""
    async with connected(server.url, PARTNER) as [connection]:
        page = (await week.ask(connection)).body.decode()
    said = re.search(r'data-live-at="([^"]+)"', page)
    if said is None:
        raise RuntimeError("the page does not say where it is told of changes")
    return urljoin(week.path, unescape(said[1]))


async def _idle_percent(server: Server) -> float:
    """What of a processor the server takes while nobody asks for anything."""
    before = processor_ms(server.pid)
    await asyncio.sleep(IDLE_SECONDS)
    return (processor_ms(server.pid) - before) / IDLE_SECONDS / 10


async def _ask_again(week: Week, connection: Connection, dice: random.Random) -> None:
    await asyncio.sleep(dice.random() * SPREAD_SECONDS)
    await week.ask(connection)


async def _overheard(run: Run, measured: Measured, week: Week) -> None:
    """How often the database is asked because of them."""
    file = run.folder / "overheard"
    async with kursplan_running(
        week.studio.url,
        run.folder,
        module=overheard.__name__,
        further={overheard.OVERHEARD: str(file)},
    ) as server:
        at = await stream(week, server)
        nobody = await _asked(file)
        async with watching(server.url, at, week.cookie, OPEN):
            because_of_them = await _asked(file) - nobody
    measured.note(
        f"{OPEN} open timetables, statements a second",
        more_than_for_nobody=because_of_them.total() / OVERHEARD_SECONDS,
        for_nobody=nobody.total() / OVERHEARD_SECONDS,
    )
    measured.ratios["live_looks"].append(because_of_them.total() / OVERHEARD_SECONDS)


async def _asked(file: Path) -> Counter[str]:
    """What the database is asked in some seconds, and how often."""
    with overheard.listening(file) as said:
        await asyncio.sleep(OVERHEARD_SECONDS)
    return Counter(said)
