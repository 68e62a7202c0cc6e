"""A house on each kind of database."""

import pytest

from kursplan.clock import HandClock
from kursplan.store.engine.database import Database
from tests.gymfile.house import House


@pytest.fixture
def house(database: Database, clock: HandClock) -> House:
    """A database with nothing in it, at Monday, 2 March 2026, 08:00 in Berlin."""
    return House(database, clock)
