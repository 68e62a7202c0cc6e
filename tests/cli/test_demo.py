"""The demo, started for real: what it prints works, and its examples are what they are called."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from kursplan.clock import HandClock
from kursplan.demo.folder import Folder
from kursplan.demo.start import Demo, start
from tests.cli.conftest import Ran, run
from tests.throwaway import ThrowawayServer, free_port, not_installed

KURSPLAN = [sys.executable, "-m", "kursplan"]


@dataclass(frozen=True)
class Running:
    """A demo that is served, and what it told of itself."""

    folder: Path
    printed: str
    document: dict[str, Any]

    @property
    def examples(self) -> dict[str, int]:
        return dict(self.document["examples"])

    def partner(self, studio: int = 0) -> httpx.Client:
        """A client with the key of one of the studios."""
        return httpx.Client(
            base_url=self.document["base_url"],
            headers={"X-API-KEY": self.document["studios"][studio]["api_key"]},
        )

    def names(self, customer: str, slot: str) -> dict[str, int]:
        """The body of a request about these examples."""
        return {"customerId": self.examples[customer], "classSlotId": self.examples[slot]}

    def validate(self, customer: str, slot: str) -> str:
        with self.partner() as partner:
            asked = partner.post("/v1/classes/booking/validate", json=self.names(customer, slot))
        return str(asked.json()["validationStatus"])

    async def run(self, *arguments: object) -> Ran:
        """The command, on the database that is being served."""
        url = f"sqlite:///{self.folder / 'kursplan.db'}"
        return await run(*arguments, KURSPLAN_DATABASE_URL=url)

    def slot(self, class_id: int, slot_id: int) -> dict[str, Any]:
        with self.partner() as partner:
            return dict(partner.get(f"/v1/classes/{class_id}/slots/{slot_id}").json())


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("demo")
    folder, printed = directory / "tried", directory / "printed"
    webhooks = f"--webhook-port {free_port()}"
    command = f"exec {' '.join(KURSPLAN)} demo --dir {folder} --port 0 {webhooks} > {printed}"
    for_scripts = folder / "demo.json"
    server = ThrowawayServer(["sh", "-c", command], directory, for_scripts.exists)
    try:
        # Whoever finds the file can ask at once.
        document = json.loads(for_scripts.read_text())
        assert httpx.get(f"{document['base_url']}/health/ready").json() == {"status": "ready"}
        yield Running(folder, printed.read_text(), document)
    finally:
        server.stop()


# --- What it tells ------------------------------------------------------------------------------


def test_scripts_are_told_address_keys_and_examples(demo: Running) -> None:
    assert list(demo.document) == ["base_url", "studios", "examples", "webhook"]
    assert demo.document["base_url"].startswith("http://127.0.0.1:")
    for studio in demo.document["studios"]:
        assert list(studio) == ["studio_id", "name", "api_key", "webhook_key"]
    assert list(demo.examples) == [
        *("class_id", "slot_id", "customer_id", "idle_customer_id"),
        *("premium_slot_id", "premium_customer_id", "full_slot_id"),
        *("display_only_class_id", "display_only_slot_id", "standin_slot_id"),
        *("admits_outsiders_slot_id", "insiders_only_slot_id", "outside_customer_id"),
        "not_open_yet_slot_id",
    ]
    assert all(isinstance(each, int) for each in demo.examples.values())


def test_the_keys_are_for_their_owner_only(demo: Running) -> None:
    modes = {each.name: stat.filemode(each.stat().st_mode) for each in demo.folder.iterdir()}
    assert stat.filemode(demo.folder.stat().st_mode) == "drwx------"
    assert {"demo.json", "demo.env", "kursplan.db"} <= modes.keys()
    assert modes["demo.json"] == modes["demo.env"] == modes["kursplan.db"] == "-rw-------"


def test_the_keys_of_both_studios_are_printed_and_work(demo: Running) -> None:
    for number, studio in enumerate(demo.document["studios"]):
        assert studio["api_key"] in demo.printed
        with demo.partner(number) as partner:
            told = partner.get("/v1/studios/information").json()
        assert (told["studioId"], told["name"]) == (studio["studio_id"], studio["name"])
    assert f"{demo.document['base_url']}/docs" in demo.printed
    assert httpx.get(f"{demo.document['base_url']}/docs").status_code == 200


def test_the_printed_lines_work_when_they_are_pasted(demo: Running) -> None:
    if shutil.which("curl") is None:
        not_installed("curl", "install it (Debian, Ubuntu: apt-get install curl).")
    lines = [line for line in demo.printed.splitlines() if line.startswith(("curl ", "id=$(curl "))]

    pasted = subprocess.run(
        ["sh"], check=True, input="\n".join(lines) + "\n", capture_output=True, text=True
    )

    assert pasted.stderr == ""
    classes, slots, validated, booked, cancelled = pasted.stdout.splitlines()
    assert demo.examples["class_id"] in {each["id"] for each in json.loads(classes)["result"]}
    assert demo.examples["slot_id"] in {each["id"] for each in json.loads(slots)["result"]}
    assert json.loads(validated) == {"validationStatus": "AVAILABLE"}
    word, _, number = booked.partition(" ")
    assert (word, number.isdigit(), cancelled) == ("booking", True, "200")
    with demo.partner() as partner:
        booking = partner.get(f"/v1/classes/booking/{number}").json()
    assert booking["bookingStatus"] == "CANCELED"


def test_the_line_about_webhooks_needs_nothing_else(demo: Running) -> None:
    """What is pasted checks key and signature; then the next thing that happens is told there."""
    [line] = [each for each in demo.printed.splitlines() if each.endswith("webhook listen")]
    listening = subprocess.Popen(
        ["sh", "-c", f"{line} --json"],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert listening.stdout is not None
    try:
        assert json.loads(listening.stdout.readline()) == {
            "listening": demo.document["webhook"]["url"]
        }
        with demo.partner() as partner:
            body = demo.names("premium_customer_id", "premium_slot_id")
            booked = partner.post("/v1/classes/booking/book", json=body).json()
            partner.delete(f"/v1/classes/booking/{booked['bookingId']}")
        told = [json.loads(listening.stdout.readline()) for _ in range(2)]
    finally:
        os.killpg(listening.pid, signal.SIGTERM)
        listening.communicate()
    assert {(each["type"], each["entity_id"], each["refused"]) for each in told} == {
        ("CLASS_BOOKING_CREATED", booked["bookingId"], None),
        ("CLASS_BOOKING_CANCELLED", booked["bookingId"], None),
    }


def test_one_signs_in_at_the_console_as_each_of_those_who_work_there(demo: Running) -> None:
    links = dict(
        re.findall(r"^  ([a-z ]+):  (http://\S+/console/link/\S+)$", demo.printed, re.MULTILINE)
    )
    assert set(links) == {"owner", "manager", "front desk", "instructor"}
    for link in links.values():
        with httpx.Client(headers={"origin": demo.document["base_url"]}) as browser:
            csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(link).text)
            assert csrf is not None
            assert browser.post(link, data={"csrf": csrf[1]}).status_code == 303
            timetable = f"{demo.document['base_url']}/console/timetable"
            assert browser.get(timetable).status_code == 200
            assert browser.get(link).status_code == 410
    kept = [each.read_text() for each in demo.folder.iterdir() if each.suffix in (".json", ".env")]
    assert not any("console/link" in each for each in kept)


def test_a_shell_is_told_the_same_as_scripts(demo: Running) -> None:
    env = demo.folder / "demo.env"
    ran = subprocess.run(
        ["sh", "-c", f". {env}; env"], check=True, capture_output=True, text=True, env={}
    )
    told = dict(line.split("=", 1) for line in ran.stdout.splitlines())
    first, second = demo.document["studios"]
    assert told["BASE_URL"] == demo.document["base_url"]
    assert (told["API_KEY"], told["API_KEY_ELSEWHERE"]) == (first["api_key"], second["api_key"])
    assert told["WEBHOOK_SECRET"] == demo.document["webhook"]["secret"]
    assert {name: int(told[name.upper()]) for name in demo.examples} == demo.examples


# --- What the examples mean ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("customer", "slot", "status"),
    [
        ("customer_id", "slot_id", "AVAILABLE"),
        ("idle_customer_id", "slot_id", "CUSTOMER_IDLE"),
        ("customer_id", "premium_slot_id", "NO_CONTINGENT"),
        ("premium_customer_id", "premium_slot_id", "AVAILABLE"),
        ("customer_id", "full_slot_id", "AVAILABLE"),
        ("customer_id", "display_only_slot_id", "DISPLAY_ONLY"),
        ("customer_id", "standin_slot_id", "AVAILABLE"),
        ("outside_customer_id", "admits_outsiders_slot_id", "AVAILABLE"),
        ("outside_customer_id", "insiders_only_slot_id", "NOT_AVAILABLE"),
        ("customer_id", "insiders_only_slot_id", "AVAILABLE"),
        ("customer_id", "not_open_yet_slot_id", "DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"),
    ],
)
def test_an_example_is_what_it_is_called(
    demo: Running, customer: str, slot: str, status: str
) -> None:
    assert demo.validate(customer, slot) == status


def test_whoever_tries_one_example_can_still_try_the_next(demo: Running) -> None:
    tried = {
        "slot_id": "BOOKED",
        "full_slot_id": "WAITING_LIST",
        "standin_slot_id": "BOOKED",
        "insiders_only_slot_id": "BOOKED",
    }
    with demo.partner() as partner:
        booked = {
            slot: partner.post(
                "/v1/classes/booking/book", json=demo.names("customer_id", slot)
            ).json()
            for slot in tried
        }
        assert {slot: each["bookingStatus"] for slot, each in booked.items()} == tried
        for each in booked.values():
            gone = partner.delete(f"/v1/classes/booking/{each['bookingId']}")
            assert gone.status_code == 200
        again = partner.post("/v1/classes/booking/book", json=demo.names("customer_id", "slot_id"))
        assert again.json()["bookingStatus"] == "BOOKED"
        partner.delete(f"/v1/classes/booking/{again.json()['bookingId']}")


def test_the_full_slot_is_full_and_has_a_waiting_list(demo: Running) -> None:
    with demo.partner() as partner:
        listed = partner.get("/v1/classes", params={"sliceSize": 100}).json()["result"]
        [full] = [
            slot
            for each in listed
            for slot in partner.get(f"/v1/classes/{each['id']}/slots").json()["result"]
            if slot["id"] == demo.examples["full_slot_id"]
        ]
    assert full["bookedParticipants"] == full["maxParticipants"]
    assert 0 < full["waitingListParticipants"] < full["maxWaitingListParticipants"]


def test_the_display_only_class_is_shown_and_not_bookable(demo: Running) -> None:
    class_id = demo.examples["display_only_class_id"]
    with demo.partner() as partner:
        assert partner.get(f"/v1/classes/{class_id}").json()["bookable"] is False
    shown = demo.slot(class_id, demo.examples["display_only_slot_id"])
    assert shown["classInformation"]["id"] == class_id


async def test_the_stand_in_slot_shows_only_the_stand_in(demo: Running) -> None:
    slot_id = demo.examples["standin_slot_id"]

    known = (await demo.run("slot", "show", slot_id, "--json")).json
    [replacement] = known["stand_ins"]
    [shown] = demo.slot(known["class_id"], slot_id)["instructors"]

    assert f"{shown['firstName']} {shown['lastName']}" == replacement["stand_in"]
    assert replacement["stand_in"] != replacement["replaced"]
    assert replacement["removed_at"] is None


async def test_the_company_is_a_believable_one(demo: Running) -> None:
    gym = yaml.safe_load((await demo.run("gym", "dump")).out)

    assert [each["zone"] for each in gym["studios"]] == ["Europe/Berlin", "America/New_York"]
    assert len(gym["customers"]) == 300
    assert 14 <= len(gym["classes"]) <= 17
    for option, value in (
        ("who_may_book", "NAMED_RATES"),
        ("uses_contingent", True),
        ("admits_other_studios", True),
        ("online_booking", "DISPLAY_ONLY"),
    ):
        studios = {each["studio"] for each in gym["classes"] if each.get(option) == value}
        assert "berlin" in studios, option
    planned = {each["class"] for each in gym["series"] if each.get("last_day") is None}
    assert planned == {each["key"] for each in gym["classes"]}


async def test_slots_are_there_for_the_coming_weeks_and_people_on_those_that_can_be_booked(
    demo: Running,
) -> None:
    listed = (await demo.run("slot", "list", "--studio", "berlin", "--days", 50, "--json")).json
    weeks = {datetime.fromisoformat(each["starts_at"]).isocalendar()[:2] for each in listed}
    assert len(weeks) >= 7
    assert sum(each["booked"] for each in listed) > 200


async def test_the_doctor_finds_nothing(demo: Running) -> None:
    ran = await demo.run("doctor")
    assert ran.status == 0
    well, *notes = ran.out.splitlines()
    assert well == "spree-hudson: all is well."
    room, tessa = sorted(notes)
    assert room.startswith("  note: Saal 2 is twice at the same time: on slot ")
    assert "(Vinyasa Flow, " in room
    assert tessa.startswith("  note: Tessa Vandermeer is twice at the same time: on slot ")
    assert "(Barre, " in tessa
    assert "(Ride 45, " in tessa


# --- Starting again -----------------------------------------------------------------------------


def started(folder: Path, *options: str) -> dict[str, Any]:
    """What `demo.json` says once the demo has started; it is stopped again, and ends in peace."""
    process = subprocess.Popen(
        [*KURSPLAN, "demo", "--dir", str(folder), "--port", "0", *options],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("Kursplan serves the demo"):
                break
        document: dict[str, Any] = json.loads((folder / "demo.json").read_text())
        assert httpx.get(f"{document['base_url']}/health/ready").status_code == 200
        process.send_signal(signal.SIGTERM)
        process.communicate()
        assert process.returncode == 0
        return document
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def test_the_next_start_finds_keys_and_company_and_a_fresh_one_neither(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "demo"
    first = started(folder)
    (folder / "notes.txt").write_text("mine")

    second = started(folder)
    assert {**second, "base_url": ""} == {**first, "base_url": ""}

    fresh = started(folder, "--fresh")
    for before, after in zip(first["studios"], fresh["studios"], strict=True):
        assert after["webhook_key"] != before["webhook_key"]
    assert (folder / "notes.txt").read_text() == "mine"


async def test_without_the_file_for_scripts_new_keys_are_issued(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = await begun(folder, SUNDAY)

    second = await begun(folder, SUNDAY)

    for before, after in zip(first.studios, second.studios, strict=True):
        assert (after.studio_id, after.webhook_key) == (before.studio_id, before.webhook_key)
        assert after.api_key != before.api_key


async def test_a_start_that_broke_off_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.unfinished.write_text("half a database")
    folder.make()
    assert (await begun(folder, datetime.now(UTC))).examples.slot_id


async def test_what_can_not_be_done_is_told_before_anything_is_made(tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.touch()
    ran = await run("demo", "--dir", occupied, "--port", 0)
    assert ran.status == 1
    assert ran.err.startswith(f"kursplan: can't use the folder {occupied}: ")


async def begun(folder: Folder, instant: datetime, **options: int) -> Demo:
    return await start(folder, HandClock(instant), 60, lambda *_: None, **options)


def keep(folder: Folder, found: Demo) -> None:
    folder.write(found.written(""), found.exported("", folder.database))


async def test_the_next_start_keeps_the_secret_and_moves_the_endpoint(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = await begun(folder, SUNDAY, webhook_port=9001)
    keep(folder, first)

    second = await begun(folder, SUNDAY, webhook_port=9002)
    assert second.hook == replace(first.hook, url="http://localhost:9002/")

    keep(folder, second)
    url = f"sqlite:///{folder.database}"
    ran = await run(
        *("webhook", "endpoint", "change", first.hook.endpoint_id, "--url", "http://localhost:7/"),
        KURSPLAN_DATABASE_URL=url,
        KURSPLAN_WEBHOOKS_INSECURE="on",
    )
    assert ran.status == 0
    disabled = ("webhook", "endpoint", "disable", first.hook.endpoint_id)
    assert (await run(*disabled, KURSPLAN_DATABASE_URL=url)).status == 0

    third = await begun(folder, SUNDAY, webhook_port=9003)
    assert third.hook == replace(first.hook, url="http://localhost:7/")
    [shown] = (await run("webhook", "endpoint", "list", "--json", KURSPLAN_DATABASE_URL=url)).json
    assert (shown["disabled"], shown["activation_confirmed"]) == (None, True)


SUNDAY = datetime(2026, 3, 22, tzinfo=UTC)
"""In the weeks around it the clocks change in both cities, on different days."""


@pytest.mark.parametrize(
    "after", [timedelta(days=day, hours=5 * day, minutes=day and 59) for day in range(8)], ids=str
)
def test_the_examples_hold_whenever_it_is_started_and_for_a_day(
    tmp_path: Path, after: timedelta
) -> None:
    """The rules themselves are asked for each of them before it is told (`examples.still_hold`)."""
    folder = Folder(tmp_path)

    async def two_starts() -> tuple[Demo, Demo]:
        first = await begun(folder, SUNDAY + after)
        keep(folder, first)
        return first, await begun(folder, SUNDAY + after + timedelta(hours=23))

    first, a_day_later = asyncio.run(two_starts())

    assert a_day_later == first


async def test_weeks_later_there_are_examples_again(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    first = await begun(folder, SUNDAY)
    keep(folder, first)

    later = await begun(folder, SUNDAY + timedelta(weeks=7))

    assert later.studios == first.studios
    assert later.examples != first.examples
