"""The page for partners: what it tells of is what there is, and its lines recognize our requests."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from kursplan import gymfile
from kursplan.clock import SystemClock
from kursplan.domain.events import CONTENT, EventType
from kursplan.domain.webhooks import (
    CONTRACTS_PLAN,
    PATIENT_PLAN,
    DeliveryStatus,
    Failure,
    NamedPlan,
)
from kursplan.ids import new_uuid, new_webhook_secret
from kursplan.webhooks.signing import Message, headers
from tests.throwaway import not_installed

PAGE = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text("utf-8")


def block(language: str) -> str:
    """The page's only lines of that language."""
    [found] = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def tables() -> Iterator[list[list[str]]]:
    """Each table without its head, row by row."""
    for lines in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE):
        rows = [line.strip("| ").split(" | ") for line in lines.splitlines()]
        yield rows[2:]


# --- What it tells of is what there is ----------------------------------------------------------


def test_every_type_of_event_is_on_the_page_with_what_it_sends_along() -> None:
    [rows] = [each for each in tables() if each[0][0] == "`CLASS_BOOKING_CREATED`"]
    told = {
        EventType(type_.strip("`")): tuple(re.findall(r"`(\w+)`", content))
        for type_, _meaning, _entity, content in rows
    }
    assert told == {each: CONTENT.get(each, ()) for each in EventType}


def test_the_statuses_failures_and_plans_are_those_that_there_are() -> None:
    firsts = [[row[0].split("`")[1::2] for row in rows] for rows in tables()]
    assert [[each.value] for each in DeliveryStatus] in firsts
    assert sorted([each.value] for each in Failure) in map(sorted, firsts)
    assert [*([each.value] for each in NamedPlan), []] in firsts


def test_the_plans_are_told_as_they_are() -> None:
    assert CONTRACTS_PLAN.seconds == (600,) * 3
    minutes = [each / 60 for each in PATIENT_PLAN.seconds]
    hours = [round(each / 60) for each in minutes[5:]]
    assert (minutes[:5], hours) == ([1, 3, 9, 27, 81], [4, 12, 36])
    assert PATIENT_PLAN.jitter_percent == 20
    assert "after 1, 3, 9, 27 and 81 minutes, 4, 12 and 36 hours, each longer by up to a f" in PAGE


def test_the_body_is_one_that_is_sent() -> None:
    told = json.loads(block("json"))
    [what] = told["payload"]
    moment = SystemClock().now()
    message = Message(
        told["uuid"], EventType(what["type"]), told["entityId"], moment, what["content"]
    )
    sent = json.loads(message.body())
    sent["payload"][0]["timestamp"] = what["timestamp"]
    assert sent == told


def test_the_headers_are_those_that_are_sent() -> None:
    [rows] = [each for each in tables() if each[0][0] == "`content-type`"]
    assert {row[0].strip("`") for row in rows} | {"user-agent"} == genuine().headers.keys()


def test_the_part_of_a_gym_file_is_one() -> None:
    studios = [{"key": "berlin", "name": "Berlin", "zone": "Europe/Berlin"}]
    whole = {"organization": {"key": "gym", "name": "Gym"}, "studios": studios}
    read = gymfile.read(json.dumps(whole | yaml.safe_load(block("yaml"))))
    [application] = read.gym.applications or ()
    [integration] = application.integrations or ()
    assert integration.webhooks is not None
    assert integration.webhooks.by_key.keys() == {"default", "slots"}
    assert integration.webhooks.retry == PATIENT_PLAN


# --- Its lines recognize our requests -----------------------------------------------------------


@dataclass(frozen=True)
class Sent:
    """A request as a receiver has it, and the secret by which it checks."""

    body: bytes
    headers: dict[str, str]
    secret: str

    def without(self, *names: str) -> Sent:
        kept = {name: value for name, value in self.headers.items() if name not in names}
        return replace(self, headers=kept)


def genuine(*, ago: timedelta = timedelta(), rotating: bool = False) -> Sent:
    """What is sent, with the secret from before where it is being rotated."""
    at = SystemClock().now() - ago
    secret, old_secret = new_webhook_secret(), new_webhook_secret()
    message = Message(new_uuid(), EventType.CLASS_SLOT_UPDATED, 4711, at, {"classId": 12})
    body = message.body()
    secrets = [secret, old_secret] if rotating else [secret]
    sent = headers(message, body, "webhook-key", secrets, at)
    return Sent(body, sent, old_secret if rotating else secret)


def cases() -> dict[str, tuple[Sent, bool]]:
    """Requests, and whether each is genuine."""
    sent = genuine()
    return {
        "as it was sent": (sent, True),
        "while the secret is being rotated": (genuine(rotating=True), True),
        "four minutes late": (genuine(ago=timedelta(minutes=4)), True),
        # F48
        "six minutes late": (genuine(ago=timedelta(minutes=6)), False),
        "six minutes early": (genuine(ago=timedelta(minutes=-6)), False),
        "with another body": (replace(sent, body=sent.body.replace(b"4711", b"4712")), False),
        "signed by another": (replace(sent, secret=new_webhook_secret()), False),
        "with another id": (
            replace(sent, headers=sent.headers | {"webhook-id": new_uuid()}),
            False,
        ),
        "at a time that is none": (
            replace(sent, headers=sent.headers | {"webhook-timestamp": "now"}),
            False,
        ),
        "with a signature that is none": (
            replace(sent, headers=sent.headers | {"webhook-signature": "v1 é"}),
            False,
        ),
        "without a signature": (sent.without("webhook-signature"), False),
        "without anything": (sent.without(*sent.headers), False),
    }


def in_python(sent: dict[str, Sent]) -> dict[str, bool]:
    names: dict[str, Callable[..., bool]] = {}
    exec(block("python"), names)  # noqa: S102
    is_genuine = names["is_genuine"]
    return {name: is_genuine(each.body, each.headers, each.secret) for name, each in sent.items()}


JAVASCRIPT = """
const found = {};
for (const [name, each] of Object.entries(JSON.parse(require("node:fs").readFileSync(0))))
  found[name] = isGenuine(Buffer.from(each.body), each.headers, each.secret);
console.log(JSON.stringify(found));
"""

PHP = """
$found = [];
foreach (json_decode(stream_get_contents(STDIN), true) as $name => $each) {
    $found[$name] = is_genuine($each['body'], $each['headers'], $each['secret']);
}
echo json_encode($found);
"""


def by_program(words: list[str], program: str, sent: dict[str, Sent]) -> dict[str, bool]:
    """What the program makes of the requests, which it is given as JSON."""
    given = {
        name: {"body": each.body.decode(), "headers": each.headers, "secret": each.secret}
        for name, each in sent.items()
    }
    ran = subprocess.run(
        [*words, program], check=True, input=json.dumps(given), capture_output=True, text=True
    )
    found: dict[str, bool] = json.loads(ran.stdout)
    return found


def in_javascript(sent: dict[str, Sent]) -> dict[str, bool]:
    if shutil.which("node") is None:
        not_installed("Node.js", "install it to have the example in JavaScript tested.")
    return by_program(["node", "-e"], block("javascript") + JAVASCRIPT, sent)


def in_php(sent: dict[str, Sent]) -> dict[str, bool]:
    if shutil.which("php") is None:
        not_installed("PHP", "install it to have the example in PHP tested.")
    return by_program(["php", "-r"], block("php") + PHP, sent)


@pytest.mark.parametrize("recognize", [in_python, in_javascript, in_php])
def test_the_lines_tell_what_is_genuine(
    recognize: Callable[[dict[str, Sent]], dict[str, bool]],
) -> None:
    expected = cases()
    found = recognize({name: sent for name, (sent, _) in expected.items()})
    assert found == {name: is_genuine for name, (_, is_genuine) in expected.items()}
