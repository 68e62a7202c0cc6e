"""A receiver with its own authority, and a gym whose partners listen there."""

import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from trustme import CA

from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.gym import Gym
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import Receiver, certified, receiving

PATIENCE = timedelta(minutes=1)
"""How long an endpoint may take where the test is about something else, on however busy a machine."""
HASTE = timedelta(seconds=0.3)
"""How long it may take where it is slow: it waits for good."""


@pytest.fixture(scope="session")
def authority() -> CA:
    """Who certifies the receivers."""
    return CA()


@pytest.fixture(scope="session")
def authority_file(authority: CA, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    return file


@pytest.fixture
def trust(authority_file: Path) -> ssl.SSLContext:
    """Certificates of the system's authorities and of this one are valid."""
    return trusted(str(authority_file))


@pytest.fixture
async def receiver(authority: CA) -> AsyncIterator[Receiver]:
    async with receiving(certified(authority)) as running:
        yield running


@pytest.fixture
async def post(trust: ssl.SSLContext) -> AsyncIterator[WebhookClient]:
    """May call the loopback address; over https as elsewhere."""
    async with WebhookClient(EgressPolicy(insecure=True), trust, PATIENCE) as opened:
        yield opened


@pytest.fixture
async def hasty_post(trust: ssl.SSLContext) -> AsyncIterator[WebhookClient]:
    """The same, with little time for each exchange."""
    async with WebhookClient(EgressPolicy(insecure=True), trust, HASTE) as opened:
        yield opened


@pytest.fixture
async def partners(gym: Gym, receiver: Receiver, post: WebhookClient) -> Partners:
    return Partners(gym, receiver, post)
