"""What staff can do at the desk by the command line: named, asked about, tried out and done."""

import asyncio
import json
import os
import pty
import subprocess
import sys
from datetime import date, timedelta
from threading import Event

import pytest

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.contingents import Period
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.cli.conftest import Kursplan
from tests.gym import Gym

WAITS, BOOKED, GONE = BookingStatus.WAITING_LIST, BookingStatus.BOOKED, BookingStatus.CANCELED


@pytest.fixture
async def slot(gym: Gym, in_three_days: date) -> int:
    """Spinning at 18:00, with one seat and room for two who wait."""
    return await gym.slot("spin", day=in_three_days, seats=1, waiting_list=2)


async def test_what_takes_something_names_whom_and_refuses_where_nobody_can_be_asked(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    anna = await gym.customer("Anna", last_name="Arndt")
    bela = await gym.customer("Bela", last_name="Busch")
    seated = (await gym.booked(anna, slot)).booking_id
    waiting = (await gym.booked(bela, slot)).booking_id
    before = await gym.told()

    for told in (
        await kursplan("slot", "cancel", slot),
        await kursplan("booking", "cancel", seated),
        await kursplan("customer", "erase", anna),
    ):
        assert told.status == 2
        assert "Anna Arndt loses Spin" in told.err
        assert "nothing was done" in told.err
    tried = await kursplan("slot", "cancel", slot, "--dry-run", "--json")
    seen = await kursplan("booking", "cancel", seated, "--dry-run")

    assert await gym.statuses(slot) == [(anna, BOOKED), (bela, WAITS)]
    assert await gym.told() == before
    assert [(each["booking_id"], each["becomes"]) for each in tried.json["bookings"]] == [
        (seated, "CANCELLED"),
        (waiting, "CANCELLED"),
    ]
    assert tried.json["events"] == {"CLASS_SLOT_CANCELLED": 1, "CLASS_BOOKING_CANCELLED": 2}
    assert "Bela Busch moves up on Spin" in seen.out
    assert seen.out.endswith("Nothing was done.\n")

    done = await kursplan("booking", "cancel", seated, "--yes")

    assert done.status == 0
    assert await gym.statuses(slot) == [(bela, BOOKED)]


async def test_what_takes_nothing_is_not_asked_about(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    assert (await kursplan("slot", "cancel", slot)).status == 0
    assert (await gym.slot_now(slot)).status is SlotStatus.CANCELED


async def test_errors_are_json_where_that_is_asked_for(kursplan: Kursplan, gym: Gym) -> None:
    for arguments, status, code in (
        (("slot", "show", 77), 1, "CLASS_SLOT_NOT_FOUND"),
        (("booking", "cancel", 77), 1, "BOOKING_NOT_FOUND"),
        (("studio", "list", "--organization", "nobody"), 1, "FAILED"),
        (("booking", "list"), 2, "USAGE"),
        (("slot", "show", "seven"), 2, "USAGE"),
        (("slot", "list", "--nonsense"), 2, "USAGE"),
        (("gym", "load", "missing.yaml"), None, None),
    ):
        told = await kursplan(*arguments, "--json")
        assert told.out == ""
        error = json.loads(told.err)["error"]
        assert error["message"]
        if status is not None:
            assert (told.status, error["code"]) == (status, code)
    plain = await kursplan("slot", "show", 77)
    assert plain.err == "kursplan: There is no such slot: 77 (CLASS_SLOT_NOT_FOUND)\n"


async def test_a_no_says_by_which_facts(kursplan: Kursplan, gym: Gym, in_three_days: date) -> None:
    await gym.klass("yoga", who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot("yoga", day=in_three_days)
    anna, basic = await gym.customer(), await gym.rate("basic")
    last = in_three_days - timedelta(days=1)
    member = await gym.membership(anna, basic, until=last)
    add = ("booking", "add", "--customer", anna, "--slot", slot)

    told = await kursplan(*add)
    rehearsed = await kursplan(*add, "--dry-run")
    script = await kursplan(*add, "--json")

    assert (told.status, script.status) == (1, 1)
    said = (
        f"No membership admits the customer: Basic (membership-{member}) is valid from 2026-01-01 to "
        f"{last} (NO_CONTINGENT)"
    )
    assert told.err == rehearsed.err == f"kursplan: {said}\n"
    assert json.loads(script.err)["error"] == {
        "code": "NO_CONTINGENT",
        "message": said,
        "refusal": {
            "kind": "NO_MEMBERSHIP",
            "lacks": [
                {
                    "lack": "NOT_VALID",
                    "membership_id": member,
                    "membership": f"Basic (membership-{member})",
                    "valid_from": "2026-01-01",
                    "valid_until": str(last),
                }
            ],
        },
    }


async def test_staff_put_somebody_on_a_slot_over_the_rules_with_a_reason(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    hidden = await gym.klass(
        "staff", online_booking=OnlineBooking.NO, who_may_book=WhoMayBook.MEMBERS
    )
    secret = await gym.slot("staff", day=in_three_days, at="08:00")
    await gym.klass("shown", online_booking=OnlineBooking.DISPLAY_ONLY)
    shown = await gym.slot("shown", day=in_three_days, at="10:00")
    anna, bela = await gym.customers(2)
    await gym.booked(anna, slot)
    add = ("booking", "add", "--customer", bela, "--slot")

    refusals = [await kursplan(*add, each, "--json") for each in (secret, shown)]
    unsaid = await kursplan(*add, shown, "--overrule", "DISPLAY_ONLY")
    never = await kursplan(
        *add, shown, "--overrule", "CUSTOMER_ALREADY_BOOKED", "--reason", "asked"
    )
    with_reason = ("--reason", "guest of the house", "--json")
    in_secret = await kursplan(
        *add, secret, "--overrule", "NOT_AVAILABLE", "--overrule", "NO_CONTINGENT", *with_reason
    )
    in_shown = await kursplan(*add, shown, "--overrule", "display_only", *with_reason)
    beyond = await kursplan(*add, slot, "--overrule", "BOOKING_LIMIT_REACHED", *with_reason)
    twice = await kursplan(*add, slot, "--overrule", "BOOKING_LIMIT_REACHED", *with_reason)

    assert hidden
    assert [json.loads(each.err)["error"]["refusal"] for each in refusals] == [
        {"kind": "CLASS_HIDDEN", "bookable": True},
        {"kind": "DISPLAY_ONLY"},
    ]
    assert (unsaid.status, never.status, twice.status) == (2, 2, 1)
    assert [each.json["status"] for each in (in_secret, in_shown, beyond)] == [BOOKED] * 3
    assert in_shown.json["overruled"] == ["DISPLAY_ONLY"]
    assert in_shown.json["reason"] == "guest of the house"
    assert "CUSTOMER_ALREADY_BOOKED" in twice.err
    assert len(await gym.told(EventType.CLASS_BOOKING_CREATED)) == 4


async def test_who_waits_is_put_on_a_free_seat_once_nobody_moves_up_any_more(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    anna, bela = await gym.customers(2)
    seat, waiting = [(await gym.booked(each, slot)).booking_id for each in (anna, bela)]
    await gym.set(tables.class_, gym.classes["spin"], promotion_ends="5 DAY")
    await gym.cancel(seat)
    assert await gym.statuses(slot) == [(bela, WAITS)]

    done = await kursplan("booking", "add", "--customer", bela, "--slot", slot, "--json")

    assert (done.status, done.json["booking_id"], done.json["status"]) == (0, waiting, BOOKED)
    assert await gym.statuses(slot) == [(bela, BOOKED)]


async def test_staff_cancel_late_or_in_time_after_the_start_and_waive_the_lateness(
    kursplan: Kursplan, gym: Gym
) -> None:
    basic = await gym.rate("basic", grants={Period.TOTAL: 5})
    await gym.klass("yoga", who_may_book=WhoMayBook.MEMBERS, uses_contingent=True)
    today = gym.now.date()
    people = await gym.customers(3)
    bookings = []
    slot = await gym.slot("yoga", day=today + timedelta(days=2))
    for each in people:
        await gym.membership(each, basic, since=today - timedelta(days=30))
        bookings.append((await gym.booked(each, slot)).booking_id)
    start = gym.now - timedelta(minutes=10)
    await gym.set(tables.slot, slot, starts_at=start, ends_at=start + timedelta(hours=1))
    late, in_time, by_rules = bookings

    why = ("--reason", "ill", "--yes", "--json")
    told = [
        await kursplan("booking", "cancel", late, "--counts", "late", *why),
        await kursplan("booking", "cancel", in_time, "--counts", "in-time", *why),
        await kursplan("booking", "cancel", by_rules, *why),
    ]
    assert [each.json["late"] for each in told] == [True, False, True]
    assert [(await gym.booking_now(each)).counts for each in bookings] == [True, False, True]

    events = len(await gym.told())
    waived = await kursplan("booking", "cancel", late, "--waive", "--reason", "doctor", "--json")

    now = await gym.booking_now(late)
    assert (waived.status, waived.json["reason"]) == (0, "doctor")
    assert (now.status, now.late, now.counts) == (GONE, False, False)
    assert len(await gym.told()) == events


async def test_where_promotion_is_by_staff_they_have_a_door_for_it(
    kursplan: Kursplan, gym: Gym, in_three_days: date
) -> None:
    await gym.klass("box", promotion=Promotion.BY_STAFF)
    slot = await gym.slot("box", day=in_three_days, seats=1)
    first, second, third = await gym.customers(3)
    seated = (await gym.booked(first, slot)).booking_id
    await gym.booked(second, slot)
    last = (await gym.booked(third, slot)).booking_id

    full = await kursplan("booking", "promote", "--slot", slot)
    await gym.cancel(seated)
    tried = await kursplan("booking", "promote", "--slot", slot, "--dry-run", "--json")
    told = await kursplan("booking", "promote", "--booking", last, "--reason", "rang", "--json")

    assert "BOOKING_LIMIT_REACHED" in full.err
    assert [(each["customer_id"], each["becomes"]) for each in tried.json["bookings"]] == [
        (second, "PROMOTED")
    ]
    assert (told.json["status"], told.json["reason"]) == (BOOKED, "rang")
    assert await gym.statuses(slot) == [(second, WAITS), (third, BOOKED)]

    await gym.cancel(last)
    assert (await kursplan("booking", "promote", "--slot", slot)).status == 0
    assert await gym.statuses(slot) == [(second, BOOKED)]
    assert "nobody waits" in (await kursplan("booking", "promote", "--slot", slot)).err


async def test_a_cancelled_slot_is_restored_with_those_whom_the_rules_admit(
    kursplan: Kursplan, gym: Gym, in_three_days: date
) -> None:
    slot = await gym.slot("spin", day=in_three_days, seats=2, waiting_list=2)
    anna, bela, cleo, dora = [
        await gym.customer(name, last_name="M") for name in ("Anna", "Bela", "Cleo", "Dora")
    ]
    gone = (await gym.booked(dora, slot)).booking_id
    await gym.cancel(gone)
    for each in (anna, bela, cleo):
        await gym.booked(each, slot)
    assert (await kursplan("slot", "cancel", slot, "--yes")).status == 0
    await gym.booked(anna, await gym.slot("yoga", day=in_three_days))
    before = await gym.told()

    unsaid = await kursplan("slot", "restore", slot)
    told = await kursplan("slot", "restore", slot, "--with-bookings")

    assert unsaid.status == 2
    [not_back] = [line for line in told.out.splitlines() if line.startswith("Anna M is not back")]
    assert "): the customer sits on another slot at that time: Yoga, " in not_back
    assert [name in told.out for name in ("Bela M is back: booked", "Cleo M is back: booked")] == [
        True,
        True,
    ]
    assert await gym.statuses(slot) == [(bela, BOOKED), (cleo, BOOKED)]
    assert [each for each, _ in await gym.told_since(before)] == [
        EventType.CLASS_SLOT_UPDATED,
        EventType.CLASS_BOOKING_UPDATED,
        EventType.CLASS_BOOKING_UPDATED,
    ]
    now = await gym.slot_now(slot)
    assert (now.status, now.seats, now.waiting) == (SlotStatus.PLANNED, 2, 0)
    assert "takes place already" in (await kursplan("slot", "restore", slot, "--empty")).out

    await kursplan("slot", "cancel", slot, "--yes")
    await kursplan("slot", "restore", slot, "--empty")
    assert (await gym.slot_now(slot)).seats == 0


async def test_the_instructors_of_two_slots_are_swapped(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    other = await gym.slot("yoga", day=in_three_days)
    ina, tom = await gym.employee("Ina"), await gym.employee("Tom")
    await gym.gives(slot, ina)
    await gym.gives(other, tom)

    told = await kursplan("slot", "swap", slot, "--with", other, "--reason", "knee")
    shown = await kursplan("slot", "show", slot)

    assert told.out == (
        f"Slot {slot} is given by Tom Trainer.\nSlot {other} is given by Ina Trainer.\n"
    )
    assert (await gym.given_by(slot), await gym.given_by(other)) == ((tom,), (ina,))
    assert "Tom Trainer for Ina Trainer (knee)" in shown.out
    assert len(await gym.told(EventType.CLASS_SLOT_UPDATED)) == 2


async def test_a_series_is_listed_shown_and_changed_from_a_day_on(
    kursplan: Kursplan, gym: Gym
) -> None:
    today = gym.now.date()
    tomorrow = today + timedelta(days=1)
    series = await gym.series("spin", at="18:30", weekdays=range(7), since=tomorrow)
    await gym.extend(series, until=tomorrow + timedelta(days=6))
    anna = await gym.customer("Anna", last_name="Arndt")
    slots = await gym.slots_of(series)
    await gym.booked(anna, slots[1].id)
    third = tomorrow + timedelta(days=2)

    listed = await kursplan("series", "list", "--json")
    shown = await kursplan("series", "show", series)
    asked = await kursplan("series", "edit", series, "--at", "19:30")
    later = await kursplan(
        "series", "edit", series, "--from", third, "--at", "19:30", "--seats", "none", "--json"
    )
    nothing = await kursplan("series", "edit", series)
    wrong = await kursplan("series", "edit", series, "--days", "MON,DAY")

    assert [each["series_id"] for each in listed.json] == [series]
    assert "18:30" in shown.out
    assert asked.status == 2
    assert "Anna Arndt is moved with Spin" in asked.err
    assert later.status == 0, later.err
    assert later.json["series_id"] != series
    assert (later.json["start_time"], later.json["max_participants"]) == ("19:30", None)
    assert len(later.json["changed_slots"]) == 5
    assert (nothing.status, wrong.status) == (2, 2)
    assert (await gym.slot_now(slots[1].id)).starts_at == slots[1].starts_at


async def test_customers_are_found_frozen_ended_moved_exported_and_erased(
    kursplan: Kursplan, gym: Gym, in_three_days: date
) -> None:
    basic = await gym.rate("basic")
    await gym.studio("hamburg")
    await gym.klass("yoga", who_may_book=WhoMayBook.MEMBERS)
    slot = await gym.slot("yoga", day=in_three_days)
    anna = await gym.customer("Änna", last_name="Arndt", number="A-17", first_name_folded="anna")
    await gym.customer("Bela", last_name="Busch")
    member = await gym.membership(anna, basic, since=in_three_days - timedelta(days=30))
    booking = (await gym.booked(anna, slot)).booking_id

    for text in ("anna", "arn", "Änna Arndt", "arndt änna", "A-17"):
        found = await kursplan("customer", "find", text, "--json")
        assert [each["customer_id"] for each in found.json] == [anna], text
    assert (await kursplan("customer", "find", " ")).status == 2

    freeze = ("customer", "freeze", anna, "--from", in_three_days, "--reason", "journey")
    asked = await kursplan(*freeze)
    frozen = await kursplan(*freeze, "--to", in_three_days, "--yes", "--json")
    flagged = await kursplan("booking", "list", "--flagged", "--json")
    in_words = await kursplan("booking", "list", "--flagged")
    settling = ("booking", "settle", booking)
    no_reason = await kursplan(*settling)
    rehearsed = await kursplan(*settling, "--reason", "she comes", "--dry-run")
    settled = await kursplan(*settling, "--reason", "she comes")
    as_document = await kursplan(*settling, "--reason", "she comes", "--json")
    no_more = await kursplan("booking", "list", "--flagged", "--json")
    again = await kursplan(*settling, "--ask-again", "--yes")
    ended = await kursplan("customer", "end", anna, "--on", in_three_days, "--yes")
    moved = await kursplan("customer", "move", anna, "--to", "hamburg", "--yes", "--json")
    kept = await kursplan("customer", "export", anna)

    assert asked.status == 2
    assert "Änna Arndt keeps, but would be refused today: Yoga" in asked.err
    [held] = frozen.json["memberships"]
    assert [each["reason"] for each in held["idle_periods"]] == ["journey"]
    assert [(each["booking_id"], each["conflict"]) for each in flagged.json] == [
        (booking, "CUSTOMER_IDLE")
    ]
    [why] = flagged.json
    assert why["conflict_refusal"]["resting"] == [
        {
            "lack": "RESTING",
            "membership_id": member,
            "membership": f"Basic (membership-{member})",
            "first_day": str(in_three_days),
            "last_day": str(in_three_days),
        }
    ]
    rests = f"Basic (membership-{member}) rests from {in_three_days} to {in_three_days}"
    assert f"conflict: the customer's membership rests at that time: {rests}" in in_words.out
    assert (no_reason.status, "give --reason" in no_reason.err) == (2, True)
    assert rehearsed.status == settled.status == 0
    assert f"settled, although the customer's membership rests at that time: {rests}" in settled.out
    shown = [as_document.json[each] for each in ("conflict", "settled")]
    assert (shown, no_more.json) == ([None, ["CUSTOMER_IDLE"]], [])
    assert f"conflict: the customer's membership rests at that time: {rests}" in again.out
    assert f"to {in_three_days}" in ended.out
    assert moved.json["studio"] == "hamburg"
    assert kept.json["customer"]["first_name"] == "Änna"
    assert [each["key"] for each in kept.json["memberships"]] == [f"membership-{member}"]
    assert [each["id"] for each in kept.json["bookings"]] == [booking]

    asked = await kursplan("customer", "erase", anna)
    assert (asked.status, "All personal data of Änna Arndt" in asked.err) == (2, True)
    erased = await kursplan("customer", "erase", anna, "--yes")
    assert erased.out == f"Customer {anna} is forgotten.\n"
    assert (await kursplan("customer", "show", anna)).status == 1
    assert (await gym.booking_now(booking)).status is GONE


async def test_slots_and_bookings_are_narrowed_down(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    ina = await gym.employee("Ina")
    room = await gym.location("Saal 2")
    other = await gym.slot("yoga", at="20:00", day=in_three_days)
    await gym.gives(slot, ina)
    await gym.set(tables.slot, other, location_id=room)
    anna = await gym.customer("Anna")
    for each in (slot, other):
        await gym.booked(anna, each)
    await gym.cancel((await gym.on_slot(other))[0].id)

    async def slots(*options: object) -> list[int]:
        listed = await kursplan("slot", "list", *options, "--json")
        return [each["slot_id"] for each in listed.json]

    async def bookings(*options: object) -> list[int]:
        listed = await kursplan("booking", "list", "--day", in_three_days, *options, "--json")
        return [each["slot_id"] for each in listed.json]

    assert await slots() == [slot, other]
    assert await slots("--instructor", ina) == [slot]
    assert await slots("--room", "saal 2") == [other]
    assert await slots("--status", "CANCELED") == []
    assert await bookings() == [slot, other]
    assert await bookings("--instructor", "employee-ina") == [slot]
    assert await bookings("--room", "saal 2") == [other]
    assert await bookings("--status", "canceled") == [other]
    assert await bookings("--studio", "berlin") == [slot, other]


@pytest.mark.parametrize(("answer", "status", "left"), [("n", 1, True), ("y", 0, False)])
async def test_on_a_terminal_it_asks(
    database_url: str, gym: Gym, slot: int, answer: str, status: int, left: bool
) -> None:
    anna = await gym.customer("Anna", last_name="Arndt")
    await gym.booked(anna, slot)

    told, ended = await asyncio.to_thread(at_a_terminal, database_url, slot, answer)

    assert "Anna Arndt loses Spin" in told
    assert "Do it? [y/N]" in told
    assert ended == status
    assert bool(await gym.on_slot(slot)) is left


async def test_what_was_shown_at_a_terminal_is_what_is_done(
    database_url: str, gym: Gym, slot: int
) -> None:
    """Somebody books while it is thought about: nothing is done, and it is told what is different."""
    anna, bela = await gym.customer("Anna", last_name="Arndt"), await gym.customer("Bela")
    await gym.booked(anna, slot)
    asked = Event()
    thinks = asyncio.create_task(
        asyncio.to_thread(
            at_a_terminal, database_url, slot, "y", asked=asked, wait=(go_on := Event())
        )
    )
    await asyncio.to_thread(asked.wait, 60)
    await gym.booked(bela, slot)
    go_on.set()

    told, ended = await thinks

    assert ended == 1
    assert f"slot {slot}, waiting: 0 became 1 (CHANGED_MEANWHILE)" in told
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED


def at_a_terminal(
    database_url: str,
    slot: int,
    answer: str,
    *,
    asked: Event | None = None,
    wait: Event | None = None,
) -> tuple[str, int]:
    """What is said and how it ends when somebody at a terminal answers so, once they were asked."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "kursplan", "slot", "cancel", str(slot)],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"KURSPLAN_DATABASE_URL": database_url},
    ) as process:
        told = b""
        while asked is not None and b"[y/N]" not in told:
            told += os.read(process.stderr.fileno(), 4096)  # type: ignore[union-attr]
        if asked is not None and wait is not None:
            asked.set()
            wait.wait(60)
        os.write(ours, f"{answer}\n".encode())
        _, rest = process.communicate(timeout=60)
        told += rest
    os.close(ours)
    os.close(theirs)
    return told.decode(), process.returncode
