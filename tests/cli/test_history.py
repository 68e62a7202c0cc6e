"""`kursplan history`: who changed what, in words and for scripts; and whose name a command takes."""

from __future__ import annotations

import getpass
import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from kursplan.desk.cancel import Cancel
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.domain.actors import THE_HOUSE, Actor
from kursplan.store import tables
from tests.cli.conftest import Kursplan
from tests.gym import Gym

ME = getpass.getuser()


@pytest.fixture
async def slot(gym: Gym, in_three_days: date) -> int:
    return await gym.slot("spin", day=in_three_days, seats=1, waiting_list=2)


async def partner(gym: Gym) -> Actor:
    application = await gym.insert(tables.application, key="my-app", name="My App")
    integration = await gym.insert(
        tables.integration,
        application_id=application,
        studio_id=gym.studio_id,
        scopes=("CLASSES_READ",),
        active=True,
        webhook_key="a webhook key",
    )
    return Actor.application(integration)


async def test_what_was_done_is_told_in_words(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    anna = await gym.customer("Anna", last_name="Arndt")
    bela = await gym.customer("Bela", last_name="Busch")
    first, second = [(await gym.booked(each, slot)).booking_id for each in (anna, bela)]
    await kursplan("booking", "cancel", first, "--yes", "--reason", "has the flu")

    told = await kursplan("history", "--booking", first)

    when = f"{in_three_days:%a %Y-%m-%d} 18:00"
    newest, seated, moved, oldest, made = told.out.splitlines()
    assert newest.endswith(f"{ME}, by the command: release because: has the flu")
    assert seated == (
        f"    booking {first} (Anna Arndt, Spin, {when}): status booked -> canceled;"
        " ended none -> staff"
    )
    assert moved == (
        f"    booking {second} (Bela Busch, Spin, {when}): status waiting list -> booked"
    )
    assert oldest.endswith("staff, by the command: book")
    assert made == f"    booking {first} (Anna Arndt, Spin, {when}): new; status booked"


async def test_scripts_read_all_of_it(kursplan: Kursplan, gym: Gym, slot: int) -> None:
    by = await partner(gym)
    booked = await gym.booked(await gym.customer(), slot)
    await gym.take(Cancel(gym.organization, gym.studio_id, booked.booking_id), by=by)

    [line, _] = (await kursplan("history", "--slot", slot, "--json")).json

    assert line["command"] == "cancel"
    assert line["by"] == {
        "via": "OPEN_API",
        "who": by.who,
        "application": "My App",
        "studio": "berlin",
    }
    assert line["subjects"] == [
        {
            "kind": "BOOKING",
            "id": booked.booking_id,
            "before": {"status": "BOOKED", "ended": None},
            "after": {"status": "CANCELED", "ended": "GIVEN_UP"},
            "withheld": [],
        }
    ]


async def test_it_can_be_asked_for_by_whom_what_and_when(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    by = await partner(gym)
    customer = await gym.customer()
    booked = await gym.booked(customer, slot)
    await gym.take(Cancel(gym.organization, gym.studio_id, booked.booking_id), by=by)
    await gym.take(CancelSlot(gym.organization, slot), by=THE_HOUSE)
    today = gym.now.astimezone().date()

    async def done(*asked: object) -> list[str]:
        told = await kursplan("history", *asked, "--json")
        return [each["command"] for each in told.json]

    everything = ["cancel-slot", "cancel", "book"]
    assert await done() == everything
    assert await done("--limit", 1) == everything[:1]
    assert await done("--slot", slot) == everything
    assert await done("--customer", customer) == ["cancel", "book"]
    assert await done("--class", "spin") == ["cancel-slot"]
    assert await done("--by", "my-app") == ["cancel"]
    assert await done("--by", "staff") == ["book"]
    assert await done("--by", "nobody") == []
    assert await done("--day", today - timedelta(days=9)) == []
    several = await kursplan("history", "--slot", slot, "--by", "staff")
    assert (several.status, "ask for one" in several.err) == (2, True)
    unknown = await kursplan("history", "--class", "zumba")
    assert (unknown.status, "no class 'zumba'" in unknown.err) == (1, True)
    empty = await kursplan("history", "--by", "nobody")
    assert empty.out == "Nothing was changed, or it is no longer kept.\n"


async def test_a_gym_file_is_known_by_its_name(
    kursplan: Kursplan, gym: Gym, tmp_path: Path
) -> None:
    file = tmp_path / "gym.json"
    rate = {"key": "plus", "name": "Plus"}
    key = f"gym-{gym.organization}"
    file.write_text(json.dumps({"organization": {"key": key}, "rates": [rate]}))
    assert (await kursplan("gym", "load", file)).status == 0

    [line] = (await kursplan("history", "--by", ME, "--json")).json
    assert line["by"] == {"via": "GYM_FILE", "who": ME, "file": "gym.json"}
    told = await kursplan("history")
    assert f"{ME}, by the gym file gym.json: record rate" in told.out
    assert "history" not in (await kursplan("gym", "dump")).out


async def test_whoever_asks_what_is_kept_of_them_is_told_that_too(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    """And nothing of who moved up instead."""
    anna, bela = await gym.customers(2)
    booked, _ = [await gym.booked(each, slot) for each in (anna, bela)]
    await kursplan("booking", "cancel", booked.booking_id, "--yes", "--reason", "has the flu")

    kept = (await kursplan("customer", "export", anna)).json

    newest, oldest = kept["history"]
    assert (newest["command"], newest["reason"]) == ("release", "has the flu")
    assert [each["id"] for each in newest["changes"]] == [booked.booking_id]
    assert oldest["command"] == "book"
    theirs = (await kursplan("customer", "export", bela)).json["history"]
    assert [(each["command"], each["reason"]) for each in theirs] == [
        ("release", None),
        ("book", None),
    ]


async def test_a_booking_tells_who_made_it_and_who_ended_it(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    booked = await gym.booked(await gym.customer(), slot)
    told = await kursplan("booking", "cancel", booked.booking_id, "--yes", "--json")
    assert told.json["booked_by"] == {"via": "COMMAND_LINE", "who": "staff"}
    assert told.json["ended_by"] == {"via": "COMMAND_LINE", "who": ME}
    assert (told.json["ended"], told.json["reason"]) == ("STAFF", None)
