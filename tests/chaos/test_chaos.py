"""Chaos itself: a seed says what is done, a kill is survived, and what is lost is seen.

`make chaos` goes on for minutes or hours; what its runs came to is in docs/proof.md.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from itertools import islice

import pytest

from kursplan.domain.bookings import BookingStatus, Ending
from tests.chaos.house import House, on_a_file, on_a_pair
from tests.chaos.ledger import Ledger, Stored
from tests.chaos.plan import CHANCES, Blow, steps
from tests.chaos.run import running
from tests.postgres import REMEDY, installed_programs
from tests.throwaway import not_installed

SEED = 20260302


def house_of(kind: str) -> AbstractAsyncContextManager[House]:
    if kind == "sqlite":
        return on_a_file()
    if installed_programs() is None:
        not_installed("PostgreSQL", REMEDY)
    return on_a_pair()


@pytest.mark.parametrize("kind", CHANCES)
def test_a_seed_says_what_is_done(kind: str) -> None:
    plan = list(islice(steps(SEED, kind, CHANCES[kind]), 200))
    assert plan == list(islice(steps(SEED, kind, CHANCES[kind]), 200))
    assert plan != list(islice(steps(SEED + 1, kind, CHANCES[kind]), 200))
    assert {each.blow for each in plan} == CHANCES[kind].keys()


@pytest.mark.timeout(240)  # It starts four or five servers, and lets everything come to rest.
@pytest.mark.parametrize("kind", CHANCES)
async def test_a_killed_server_is_survived_and_a_loss_would_be_seen(kind: str) -> None:
    async with house_of(kind) as house, running(house, SEED) as run:
        await run.storm(steps(SEED, kind, {Blow.SERVER: 1}), most=1)
        assert await run.findings() == []
        assert run.counts.blows == {Blow.SERVER: 1}
        assert run.counts.bookings
        assert run.counts.events >= run.counts.bookings

        run.ledger.booked(1, customer_id=2, slot_id=3)
        assert await run.findings() == ["booking 1 was answered, and is lost"]


SEAT = Stored(7, 1, 2, BookingStatus.BOOKED, None)
GIVEN_UP = Stored(7, 1, 2, BookingStatus.CANCELED, Ending.GIVEN_UP)
BY_THE_HOUSE = Stored(7, 1, 2, BookingStatus.CANCELED, Ending.SLOT_CANCELLED)


@pytest.mark.parametrize(
    ("stored", "cancelled", "finding"),
    [
        pytest.param([SEAT], False, None, id="as answered"),
        pytest.param([BY_THE_HOUSE], False, None, id="its slot was cancelled"),
        pytest.param([GIVEN_UP], True, None, id="given up"),
        pytest.param([], False, "is lost", id="lost"),
        pytest.param([SEAT], True, "is not", id="a cancellation was lost"),
        pytest.param([GIVEN_UP], False, "nobody did it", id="nobody gave it up"),
        pytest.param(
            [Stored(7, 1, 3, BookingStatus.BOOKED, None)], False, "another's", id="of another slot"
        ),
        pytest.param(
            [SEAT, Stored(8, 4, 2, BookingStatus.BOOKED, None)],
            False,
            "not told so",
            id="one too many",
        ),
    ],
)
def test_the_ledger_sees_what_is_not_as_it_was_answered(
    stored: list[Stored], cancelled: bool, finding: str | None
) -> None:
    ledger = Ledger()
    ledger.booked(7, customer_id=1, slot_id=2)
    if cancelled:
        ledger.cancelled(7)
    found = list(ledger.findings(stored))
    assert len(found) == (finding is not None)
    assert finding is None or finding in found[0]
