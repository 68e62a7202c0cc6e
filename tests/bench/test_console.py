"""The week that the console is measured with is one that Kursplan could have made, and all of it is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import overheard
from bench.client import connected
from bench.kursplan import doctor_is_content, kursplan_running
from bench.overheard import without_values
from bench.scenarios import console
from bench.watchers import all_told, watching
from bench.week import PARTNER, Week

SLOTS = 80


@pytest.fixture
async def week(tmp_path: Path) -> Week:
    return await Week.create(f"sqlite:///{tmp_path / 'week.db'}", SLOTS, weeks_behind=2)


async def test_the_doctor_finds_nothing_in_it(week: Week) -> None:
    assert week.studio.slots == 4 * SLOTS
    assert doctor_is_content(week.studio.url)


async def test_all_of_it_is_shown_and_whoever_watches_is_told_of_bookings(
    week: Week, tmp_path: Path
) -> None:
    file = tmp_path / "overheard"
    told = {overheard.OVERHEARD: str(file)}
    async with (
        kursplan_running(
            week.studio.url, tmp_path, module=overheard.__name__, further=told
        ) as server,
        connected(server.url, PARTNER) as [partner],
    ):
        shown = (await week.ask(partner)).body.decode()
        assert shown.count('<a class="slot ') == SLOTS
        assert "10/20" in shown
        stream = await console.stream(week, server)
        with overheard.listening(file) as asked:
            async with watching(server.url, stream, week.cookie, 3) as watchers:
                booked = await partner.book(week.studio.customers[-1], week.roomy[0])
                assert booked.json()["bookingStatus"] == "BOOKED"
                assert await all_told(watchers) > booked.sent_at
        assert any("INTO booking" in each for each in asked)
        assert "11/20" in (await week.ask(partner)).body.decode()
        assert not file.exists()


def test_statements_are_the_same_but_for_their_values() -> None:
    assert without_values("SELECT a1\n FROM b WHERE c = 'it''s' AND d IN (1, 22)") == (
        "SELECT a1 FROM b WHERE c = ? AND d IN (?, ?)"
    )
