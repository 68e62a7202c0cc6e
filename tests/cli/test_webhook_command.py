"""Webhooks at the command: setting up, looking up, sending again, trying out."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from kursplan.clock import SystemClock
from kursplan.domain.webhooks import PATIENT_PLAN
from kursplan.ids import new_webhook_secret
from kursplan.store import tables
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.cli.conftest import Kursplan, Ran, run
from tests.gym import BERLIN, Gym
from tests.webhooks.partner import Integration, Partners
from tests.webhooks.receiver import answers, receiving

OPEN = {"KURSPLAN_WEBHOOKS_INSECURE": "on"}
"""As in development, where endpoints are on the same machine."""
DAY = timedelta(days=1)


@pytest.fixture
async def partners(gym: Gym) -> AsyncIterator[Partners]:
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as post,
    ):
        yield Partners(gym, receiver, post)


@pytest.fixture
async def integration(partners: Partners) -> Integration:
    """The application `app` in the studio `berlin`."""
    made = await partners.integration()
    gym = partners.gym
    row = await partners.row(tables.integration, made.id)
    await gym.set(tables.application, row.application_id, key="app")
    return made


async def happens(partners: Partners) -> int:
    """Something that partners of the studio hear of; gives the slot that it is about."""
    tomorrow = (partners.gym.now + DAY).astimezone(BERLIN).date()
    return await partners.event(entity_id=await partners.gym.slot(day=tomorrow))


async def add(kursplan: Kursplan, url: str, *further: str, **environment: str) -> Ran:
    return await kursplan(
        *("webhook", "endpoint", "add", url, "--studio", "berlin", "--application", "app"),
        *further,
        **OPEN | environment,
    )


async def added(kursplan: Kursplan, url: str, *further: str) -> int:
    ran = await add(kursplan, url, *further, "--json")
    return int(ran.json["endpoint_id"])


# --- Endpoints ----------------------------------------------------------------------------------


async def test_the_secret_is_shown_when_an_endpoint_is_added_and_never_again(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    """F52"""
    ran = await add(kursplan, partners.receiver.url())

    [secret] = [line for line in ran.out.splitlines() if line.startswith("Secret that signs: ")]
    assert f"x-api-key: {integration.webhook_key}" in ran.out
    for shown in ("list", "list --json"):
        listed = await kursplan("webhook", "endpoint", *shown.split())
        assert partners.receiver.url() in listed.out
        assert "whsec_" not in listed.out
        assert integration.webhook_key not in listed.out
    await happens(partners)
    await partners.tell()
    [request] = partners.receiver.received
    sent = dict(request.headers)
    assert Webhook(secret.rpartition(" ")[2]).verify(request.body, sent) == request.told


async def test_before_the_activation_is_confirmed_the_command_says_that_nothing_is_sent(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    await partners.gym.set(tables.integration, integration.id, confirmed_at=None)
    ran = await add(kursplan, partners.receiver.url())
    assert "Nothing is sent before the application calls POST /v1/studios/confirmA" in ran.out
    listed = await kursplan("webhook", "endpoint", "list")
    assert "activation not confirmed" in listed.out


@pytest.mark.parametrize(
    ("url", "told", "hinted"),
    [
        ("http://localhost/hook", "a webhook's URL begins with https://", True),
        ("https://127.0.0.1/hook", "leads to an address that is not in the open internet", True),
        ("https://me:secret@partner.example/", "with a user name or password in it", False),
    ],
)
async def test_a_url_that_may_not_be_called_is_not_stored(
    kursplan: Kursplan,
    partners: Partners,
    integration: Integration,
    url: str,
    told: str,
    hinted: bool,
) -> None:
    """F49: and where a setting would allow it, that is said."""
    ran = await add(kursplan, url, KURSPLAN_WEBHOOKS_INSECURE="off")

    assert (ran.status, ran.out) == (1, "")
    assert told in ran.err
    assert ("KURSPLAN_WEBHOOKS_INSECURE=on" in ran.err) == hinted
    assert await partners.gym.count(tables.webhook_endpoint) == 0


async def test_what_can_not_be_set_up_is_told(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    url = partners.receiver.url()
    endpoint = ("webhook", "endpoint")
    elsewhere = ("add", url, "--studio", "munich", "--application", "app")
    for words, status, told in (
        (elsewhere, 1, "the application 'app' is not activated in a studio 'munich'"),
        (("change", 1), 2, "give --url, --type or --all-types"),
        (("change", 1, "--all-types", "--type", "CLASS_SLOT_UPDATED"), 2, "give either --type"),
        (("change", 1, "--all-types"), 1, "there is no endpoint 1: see `kursplan webhook endp"),
        (("remove", 1), 1, "there is no endpoint 1"),
    ):
        ran = await kursplan(*endpoint, *words, **OPEN)
        assert (ran.status, ran.out) == (status, ""), words
        assert told in ran.err
    await added(kursplan, url)
    assert "give a further one a key of its own" in (await add(kursplan, url)).err
    assert "name them" in (await add(kursplan, url, "--key", "slots")).err
    assert "is no key" in (await add(kursplan, url, "--key", "my slots")).err


async def test_endpoints_are_listed_with_how_they_are_doing(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    first = await added(kursplan, partners.receiver.url())
    slots = ("--key", "slots", "--type", "class_slot_updated")
    further = await added(kursplan, partners.receiver.url("/slots"), *slots)
    partners.receiver.does("/slots", answers(410))
    await happens(partners)
    await partners.tell()

    listed = await kursplan("webhook", "endpoint", "list", "--json")
    shown = await kursplan("webhook", "endpoint", "list")

    assert [
        (each["endpoint_id"], each["key"], each["types"], each["disabled"]) for each in listed.json
    ] == [(first, "default", None, None), (further, "slots", ["CLASS_SLOT_UPDATED"], "GONE")]
    assert "enabled" in shown.out
    assert ": gone" in shown.out


async def test_an_endpoint_is_changed_disabled_enabled_and_removed(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    async def endpoint(*words: object) -> str:
        ran = await kursplan("webhook", "endpoint", *words, **OPEN)
        assert (ran.status, ran.err) == (0, ""), ran.err
        return ran.out

    number = await added(kursplan, partners.receiver.url())
    moved = partners.receiver.url("/moved")

    assert f"is now {moved}: all types." in await endpoint("change", number, "--url", moved)
    narrowed = await endpoint("change", number, "--type", "CLASS_SLOT_UPDATED")
    assert f"{moved}: CLASS_SLOT_UPDATED." in narrowed
    assert "already is" in await endpoint("change", number, "--type", "CLASS_SLOT_UPDATED")
    assert "all types" in await endpoint("change", number, "--all-types")
    assert "by operator" in await endpoint("disable", number)
    assert "already disabled" in await endpoint("disable", number)
    await happens(partners)
    await partners.tell()
    assert "1 delivery that it missed will be sent now" in await endpoint(
        "enable", number, "--resend"
    )
    await partners.later(minutes=1)
    assert len(partners.receiver.on("/moved")) == 1
    assert await endpoint("remove", number) == f"Endpoint {number} is removed, with 1 delivery.\n"
    assert (await endpoint("list")).startswith("There are no endpoints")


async def test_a_secret_is_rotated_and_the_new_one_shown(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    """F51"""
    number = await added(kursplan, partners.receiver.url())

    ran = await kursplan("webhook", "rotate", number)
    again = await kursplan("webhook", "rotate", number)
    at_once = await kursplan("webhook", "rotate", number, "--overlap", 0, "--json")

    [line] = [line for line in ran.out.splitlines() if line.startswith("New secret of")]
    assert "the secret from before signs too" in ran.out
    assert again.status == 1
    assert "rotated already" in again.err
    assert at_once.json["old_secret_until"] is None
    row = await partners.row(tables.webhook_endpoint, number)
    assert row.secret == at_once.json["secret"] != line.rpartition(" ")[2]
    assert row.old_secret is None


async def test_the_plan_for_repeats_is_shown_and_set(
    kursplan: Kursplan, integration: Integration
) -> None:
    async def retry(*words: object) -> Ran:
        studio = ("--studio", "berlin", "--application", "app")
        return await kursplan("webhook", "retry", *studio, *words)

    assert (await retry()).out == "Plan: CONTRACT\n3 repeats, after 10 min, 10 min, 10 min.\n"
    patient = (await retry("--plan", "patient")).out
    assert "after 1 min, 3 min, 9 min, 27 min, 81 min, 243 min, 729 min, 2187 min" in patient
    assert "each up to 20 % longer" in patient
    assert (await retry("--json")).json == {
        "plan": "PATIENT",
        "seconds": list(PATIENT_PLAN.seconds),
        "jitter_percent": 20,
    }
    own = await retry("--after", 90, "--after", 3600, "--jitter", 5)
    assert own.out == "Plan: its own\n2 repeats, after 90 s, 1 h, each up to 5 % longer.\n"
    for words in (("--plan", "patient", "--after", 1), ("--jitter", 5), ("--after", 1) * 21):
        assert (await retry(*words)).status == 2
    assert (await retry()).out == own.out


# --- Deliveries ---------------------------------------------------------------------------------


async def test_deliveries_are_listed_the_newest_first_and_can_be_chosen(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    first = await added(kursplan, partners.receiver.url())
    slots = ("--key", "slots", "--type", "CLASS_SLOT_UPDATED")
    second = await added(kursplan, partners.receiver.url("/slots"), *slots)
    partners.receiver.does("/hook", answers(503))
    slot = await happens(partners)
    booking = await partners.gym.booked(await partners.gym.customer(), slot)
    await partners.tell()

    async def listed(*words: object) -> list[tuple[int, str, int]]:
        ran = await kursplan("webhook", "list", "--json", *words)
        assert ran.status == 0, ran.err
        return [(each["endpoint_id"], each["type"], each["entity_id"]) for each in ran.json]

    updated = (second, "CLASS_SLOT_UPDATED", slot)
    created = (first, "CLASS_BOOKING_CREATED", booking.booking_id)
    assert await listed() == [created, updated]
    assert await listed("--endpoint", second) == [updated]
    assert await listed("--status", "delivered") == [updated]
    assert await listed("--status", "pending", "--endpoint", second) == []
    assert await listed("--limit", 1) == [created]
    later = partners.gym.now + timedelta(seconds=1)
    assert await listed("--since", later.isoformat(timespec="milliseconds")) == []
    assert await listed("--since", f"{partners.gym.now - DAY:%Y-%m-%d}") == [created, updated]
    shown = await kursplan("webhook", "list")
    assert "answered 503" in shown.out
    assert "answered 204" in shown.out


async def test_a_delivery_is_shown_with_its_attempts(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    await added(kursplan, partners.receiver.url())
    partners.receiver.does("/hook", answers(500, b"out of [paper]"), answers(204))
    await happens(partners)
    await partners.tell()
    [delivery] = await partners.deliveries()

    waiting = await kursplan("webhook", "show", delivery.id)
    await partners.later(seconds=600)
    done = await kursplan("webhook", "show", delivery.id, "--json")

    assert delivery.uuid in waiting.out
    assert "answered 500" in waiting.out
    assert "out of [paper]" in waiting.out
    assert "pending" in waiting.out
    assert (done.json["status"], done.json["due_at"]) == ("DELIVERED", None)
    assert [
        (each["number"], each["status_code"], each["failure"], each["excerpt"])
        for each in done.json["attempts_kept"]
    ] == [(1, 500, "STATUS", "out of [paper]"), (2, 204, None, None)]
    unknown = await kursplan("webhook", "show", 1)
    assert (unknown.status, unknown.out) == (1, "")
    assert "there is no delivery 1" in unknown.err


async def test_deliveries_are_sent_again_one_by_one_or_by_their_time(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    number = await added(kursplan, partners.receiver.url())
    await happens(partners)
    await happens(partners)
    await partners.tell()
    deliveries = await partners.deliveries()

    one = await kursplan("webhook", "resend", deliveries[0].id)
    again = await kursplan("webhook", "resend", deliveries[0].id)
    await partners.later(minutes=1)
    since = f"{partners.gym.now - DAY:%Y-%m-%d}"
    until = (partners.gym.now + timedelta(seconds=1)).isoformat(timespec="milliseconds")
    time = ("--endpoint", number, "--since", since, "--until", until)
    undelivered = await kursplan("webhook", "resend", *time, "--undelivered")
    every = await kursplan("webhook", "resend", *time, "--json")
    await partners.later(minutes=1)

    assert one.out == "1 delivery will be sent again now.\n"
    assert again.out == f"Delivery {deliveries[0].id} is still to be sent anyway.\n"
    assert undelivered.out == "0 deliveries will be sent again now.\n"
    assert every.json == {"resent": 2}
    first, second = (each.uuid for each in deliveries)
    assert [each.uuid for each in partners.receiver.received] == [
        *(first, second),
        first,
        *(first, second),
    ]


@pytest.mark.parametrize(
    "words", [(), (1, "--undelivered"), ("--endpoint", 1), (1, "--endpoint", 1)], ids=str
)
async def test_what_is_to_be_sent_again_has_to_be_said(
    kursplan: Kursplan, gym: Gym, words: tuple[object, ...]
) -> None:
    ran = await kursplan("webhook", "resend", *words)
    assert (ran.status, ran.out) == (2, "")
    assert "say what to send again" in ran.err


# --- Trying out ---------------------------------------------------------------------------------


async def test_an_endpoint_is_tried_out_by_what_looks_like_an_event(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    ran = await add(kursplan, partners.receiver.url(), "--json")
    number, secret = ran.json["endpoint_id"], ran.json["secret"]
    await kursplan("webhook", "endpoint", "disable", number)

    tried = await kursplan("webhook", "test", number, **OPEN)

    assert tried.status == 0
    assert "answered 204" in tried.out
    [request] = partners.receiver.received
    assert request.headers["x-api-key"] == integration.webhook_key
    assert Webhook(secret).verify(request.body, dict(request.headers)) == request.told
    assert request.event == ("CLASS_SLOT_UPDATED", 2**53 - 1)
    assert request.told["payload"][0]["content"] == {"classId": 2**53 - 1}
    assert request.uuid in tried.out
    assert await partners.gym.count(tables.delivery) == 0
    assert await partners.gym.told() == []


async def test_it_is_of_a_type_that_the_endpoint_wants_and_failing_is_told(
    kursplan: Kursplan, partners: Partners, integration: Integration
) -> None:
    number = await added(kursplan, partners.receiver.url(), "--type", "EMPLOYEE_UPDATED")
    partners.receiver.does("/hook", answers(500, b"not today"))

    tried = await kursplan("webhook", "test", number, **OPEN)
    for_scripts = await kursplan("webhook", "test", number, "--json", **OPEN)
    forbidden = await kursplan("webhook", "test", number, "--json")

    assert tried.status == for_scripts.status == forbidden.status == 1
    assert "not today" in tried.out
    assert for_scripts.json["type"] == "EMPLOYEE_UPDATED"
    assert (for_scripts.json["status_code"], for_scripts.json["failure"]) == (500, "STATUS")
    assert forbidden.json["failure"] == "REFUSED_URL"
    assert "content" not in partners.receiver.received[0].told["payload"][0]
    assert (await kursplan("webhook", "test", 1)).err.startswith("kursplan: there is no endpoint 1")


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file or directory"), ("junk", "it holds no certificate")]
)
async def test_a_file_of_authorities_that_can_not_be_used_is_told(
    tmp_path: Path, content: str | None, told: str
) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)
    ran = await run("webhook", "test", 1, KURSPLAN_WEBHOOKS_CA=str(file))
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == f"kursplan: KURSPLAN_WEBHOOKS_CA: {str(file)!r} can't be used: {told}\n"


# --- Listening ----------------------------------------------------------------------------------


@contextmanager
def listening(*words: object, **environment: str) -> Iterator[tuple[Any, str]]:
    """`webhook listen` while it runs, and where."""
    with subprocess.Popen(
        [sys.executable, "-m", "kursplan", "webhook", "listen", "--port", "0", *map(str, words)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            yield process, first.removeprefix("Listening at ").strip()
        finally:
            process.kill()


def test_it_prints_what_is_genuine_and_refuses_what_is_not() -> None:
    secret, other, old = new_webhook_secret(), new_webhook_secret(), new_webhook_secret()
    environment = {"WEBHOOK_KEY": "key-1", "WEBHOOK_SECRET": f"{secret} {old}"}
    now = SystemClock().now()
    told = {
        "entityId": 7893459,
        "uuid": "095be615-a8ad-4c33-8e9c-c7612fbf6c9f",
        "payload": [
            {
                "timestamp": int(now.timestamp() * 1000),
                "type": "CLASS_SLOT_UPDATED",
                "content": {"classId": 1001},
            }
        ],
    }
    body = json.dumps(told)

    with listening(**environment) as (process, url):

        def send(key: str, signed_by: str, at: datetime = now, content: str = body) -> int:
            headers = {
                "x-api-key": key,
                "webhook-id": "1",
                "webhook-timestamp": str(int(at.timestamp())),
                "webhook-signature": Webhook(signed_by).sign("1", at, content),
            }
            return httpx.post(url, content=content, headers=headers).status_code

        assert send("key-1", secret) == 204
        assert send("key-1", old) == 204
        assert send("key-2", secret) == 401
        assert send("key-1", other) == 401
        # F48: one that was captured is of no use later.
        assert send("key-1", secret, now - timedelta(minutes=6)) == 401
        assert send("key-1", secret, content="[]") == 400
        assert httpx.post(url, content=body).status_code == 401
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate()

    assert process.returncode == 0
    checked, signed, *lines = out.splitlines()
    assert (checked, signed) == ("The x-api-key is checked.", "The signature is checked.")
    event = "CLASS_SLOT_UPDATED 7893459 classId=1001 095be615-a8ad-4c33-8e9c-c7612fbf6c9f"
    assert [line.partition("Z ")[2] for line in lines[:2]] == [
        f"{event} -> 204",
        f"{event} (again) -> 204",
    ]
    assert lines[2:] == [
        "Refused with 401: x-api-key is another key",
        "Refused with 401: the signature is not valid: no matching signature found",
        "Refused with 401: the signature is not valid: message timestamp too old",
        "Refused with 400: the body is not that of an event",
        "Refused with 401: there is no x-api-key",
    ]
    assert "key-1" not in out


async def test_it_can_answer_with_another_status_and_write_for_scripts(
    kursplan: Kursplan, partners: Partners
) -> None:
    with listening("--status", 500, "--json") as (process, first):
        url = json.loads(first)["listening"]
        endpoint = await partners.endpoint(url=url)
        tried = await kursplan("webhook", "test", endpoint.id, "--json", **OPEN)
        line = json.loads(process.stdout.readline())

    assert tried.json["status_code"] == 500
    assert (line["status"], line["refused"], line["uuid"]) == (500, None, tried.json["uuid"])
    assert line["happened_at"] is not None


def test_a_secret_that_is_none_is_told_at_once() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kursplan", "webhook", "listen", "--secret", "whsec_"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "kursplan: a secret is whsec_ and what follows it, in base64\n"


async def test_the_commands_are_those_that_are_promised() -> None:
    shown = await run("webhook", "--help")
    for command in ("endpoint", "list", "show", "resend", "test", "rotate", "retry", "listen"):
        assert f"\n  {command} " in shown.out
