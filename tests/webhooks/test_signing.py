"""What is sent, byte for byte, and how a receiver knows that it comes from here."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from kursplan.clock import SystemClock
from kursplan.domain.events import EventType
from kursplan.ids import new_webhook_secret
from kursplan.webhooks.signing import Message, headers

UUID = "095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2022, 1, 21, 15, 32, 24, 176_000, tzinfo=UTC)
"""1642779144176 milliseconds after the epoch, as in the contract's example."""


def message(content: dict[str, int] | None = None) -> Message:
    return Message(UUID, EventType.CLASS_SLOT_UPDATED, 7893459, NOW, content)


def test_the_body_is_the_contracts_example() -> None:
    """Its members in its order, and nothing between them."""
    assert message({"classId": 1001}).body() == (
        b'{"entityId":7893459,"uuid":"095be615-a8ad-4c33-8e9c-c7612fbf6c9f",'
        b'"payload":[{"timestamp":1642779144176,"type":"CLASS_SLOT_UPDATED",'
        b'"content":{"classId":1001}}]}'
    )


def test_content_stands_only_where_there_is_some() -> None:
    assert message().body() == (
        b'{"entityId":7893459,"uuid":"095be615-a8ad-4c33-8e9c-c7612fbf6c9f",'
        b'"payload":[{"timestamp":1642779144176,"type":"CLASS_SLOT_UPDATED"}]}'
    )


def test_the_headers_are_those_of_the_contract_and_of_standard_webhooks() -> None:
    body = message().body()
    signed = f"{UUID}.1642779144.".encode() + body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers(message(), body, "the-key", [SECRET], NOW) == {
        "content-type": "application/json",
        "user-agent": "Kursplan-Webhooks",
        "x-api-key": "the-key",
        "webhook-id": UUID,
        "webhook-timestamp": "1642779144",
        "webhook-signature": f"v1,{signature}",
    }


# What follows is verified by the library that receivers use, which has the machine's clock.


def sent(at: datetime, *secrets: str) -> tuple[bytes, dict[str, str]]:
    body = message().body()
    return body, headers(message(), body, "the-key", secrets or [SECRET], at)


@pytest.fixture
def present() -> datetime:
    return SystemClock().now()


def test_a_receiver_verifies_it(present: datetime) -> None:
    told = Webhook(SECRET).verify(*sent(present))
    assert told["entityId"] == 7893459


def test_what_was_changed_on_the_way_fails(present: datetime) -> None:
    body, said = sent(present)
    for changed in (
        (body + b" ", said),
        (body.replace(b"7893459", b"7893450"), said),
        (body, said | {"webhook-id": UUID.replace("0", "1")}),
        (body, said | {"webhook-timestamp": str(int(said["webhook-timestamp"]) + 1)}),
    ):
        with pytest.raises(WebhookVerificationError, match="No matching signature"):
            Webhook(SECRET).verify(*changed)


def test_another_secret_fails(present: datetime) -> None:
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(new_webhook_secret()).verify(*sent(present))


@pytest.mark.parametrize("minutes", [-6, 6, -60 * 24 * 365])
def test_a_captured_one_fails_outside_of_the_tolerance(present: datetime, minutes: int) -> None:
    """F48: also with a time that is put right, because the time is signed too."""
    body, said = sent(present + timedelta(minutes=minutes))
    with pytest.raises(WebhookVerificationError, match=r"too (old|new)"):
        Webhook(SECRET).verify(body, said)
    renewed = said | {"webhook-timestamp": str(int(present.timestamp()))}
    with pytest.raises(WebhookVerificationError, match="No matching signature"):
        Webhook(SECRET).verify(body, renewed)


def test_during_a_rotation_either_secret_verifies(present: datetime) -> None:
    """F51"""
    old, new = new_webhook_secret(), new_webhook_secret()
    both = sent(present, new, old)
    assert Webhook(old).verify(*both) == Webhook(new).verify(*both)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(*sent(present, new))


def test_fresh_secrets_differ_and_are_long() -> None:
    one, other = new_webhook_secret(), new_webhook_secret()
    assert one != other
    assert len(base64.b64decode(one.removeprefix("whsec_"))) == 32
