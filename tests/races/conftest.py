"""What races have in common: the machine's time, and two more processes with a desk."""

from collections.abc import Iterator

import pytest

from kursplan.clock import HandClock, SystemClock
from tests.races.deskhand import Deskhand


@pytest.fixture
def clock() -> HandClock:
    """Servers go by the machine's clock, so the gym's stands at the time of the test, too."""
    return HandClock(SystemClock().now())


@pytest.fixture(scope="session")
def deskhands() -> Iterator[list[Deskhand]]:
    """Two processes for actions and steps that have no endpoint."""
    both = [Deskhand(), Deskhand()]
    yield both
    for each in both:
        each.stop()
