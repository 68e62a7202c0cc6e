"""Races run against servers with the machine's clock, so the gym's clock shows the same time."""

import pytest

from kursplan.clock import HandClock, SystemClock


@pytest.fixture
def clock() -> HandClock:
    """Stands at the time of the test: slots are to be set up before and after it."""
    return HandClock(SystemClock().now())
