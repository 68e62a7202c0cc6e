"""An operator's actions: what each changes, over the desk, and how it is told."""

from datetime import date, datetime, time, timedelta

import pytest

from kursplan.desk.complete import CompleteSlots
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.classes import OnlineBooking
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store.rules import clock as stored_clock
from tests.cli.conftest import Kursplan
from tests.gym import BERLIN, Gym


@pytest.fixture
async def slot(gym: Gym, in_three_days: date) -> int:
    """Spinning at 18:00, with one seat and room for one who waits."""
    return await gym.slot("spin", day=in_three_days, seats=1, waiting_list=1)


async def test_classes_are_listed_with_those_that_partners_do_not_see(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    hidden = await gym.klass("staff", online_booking=OnlineBooking.NO, max_participants=None)
    elsewhere = await gym.studio("munich")
    await gym.klass("boxing", studio_id=elsewhere)

    listed = await kursplan("class", "list", "--studio", "berlin", "--json")
    shown = await kursplan("class", "list")

    starts_at = datetime.combine(in_three_days, time(18), BERLIN)
    assert [
        (each["class_id"], each["key"], each["max_participants"], each["next_slot"])
        for each in listed.json
    ] == [(gym.classes["spin"], "spin", 20, starts_at.isoformat()), (hidden, "staff", None, None)]
    assert listed.json[1]["online_booking"] == "NO"
    assert f"{in_three_days:%a %Y-%m-%d} 18:00" in shown.out
    assert [title in shown.out for title in ("Spin", "Staff", "Boxing")] == [True] * 3


async def test_slots_are_listed_by_the_days_of_their_studio(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    day = in_three_days + timedelta(days=1)
    last_of_day = await gym.slot("yoga", at="23:59", day=in_three_days)
    await gym.slot("yoga", at="00:00", day=day)
    await gym.cancel_slot(last_of_day)

    listed = await kursplan("slot", "list", "--from", in_three_days, "--days", 1, "--json")
    of_class = await kursplan(
        "slot", "list", "--class", gym.classes["yoga"], "--from", in_three_days, "--json"
    )

    assert [(each["slot_id"], each["status"]) for each in listed.json] == [
        (slot, SlotStatus.PLANNED),
        (last_of_day, SlotStatus.CANCELED),
    ]
    assert [each["title"] for each in of_class.json] == ["Yoga", "Yoga"]


async def test_a_slot_is_shown_with_all_who_sit_and_wait_there(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    anna = await gym.customer("Anna", last_name="Arndt")
    bela = await gym.customer("Bela", last_name="Busch")
    seated = await gym.booked(anna, slot)
    waiting = await gym.booked(bela, slot)

    shown = await kursplan("slot", "show", slot, "--json")
    told = await kursplan("slot", "show", slot)

    assert (shown.json["booked"], shown.json["waiting"]) == (1, 1)
    assert shown.json["starts_at"] == datetime.combine(in_three_days, time(18), BERLIN).isoformat()
    assert [
        (each["booking_id"], each["customer_name"], each["status"])
        for each in shown.json["bookings"]
    ] == [
        (seated.booking_id, "Anna Arndt", BookingStatus.BOOKED),
        (waiting.booking_id, "Bela Busch", BookingStatus.WAITING_LIST),
    ]
    assert told.out.index("Anna Arndt") < told.out.index("Bela Busch")
    assert f"Time         {in_three_days:%a %Y-%m-%d} 18:00-19:00 Europe/Berlin" in told.out


async def test_a_slot_moves_and_names_whom_staff_should_look_at(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    [customer] = await gym.customers(1)
    booking = await gym.booked(customer, slot)
    await gym.booked(customer, await gym.slot("yoga", at="20:00", day=in_three_days))
    await gym.location("Saal 2")

    moved = await kursplan(
        "slot",
        "move",
        slot,
        "--to",
        f"{in_three_days}T20:30",
        "--room",
        "saal 2",
        "--yes",
        "--json",
    )
    again = await kursplan("slot", "move", slot, "--to", f"{in_three_days} 20:30")

    starts_at = datetime.combine(in_three_days, time(20, 30), BERLIN)
    assert (await gym.slot_now(slot)).starts_at == starts_at
    assert moved.json["starts_at"] == starts_at.isoformat()
    assert moved.json["location"] == "Saal 2"
    assert moved.json["conflicts"] == [
        {
            "booking_id": booking.booking_id,
            "customer_id": customer,
            "conflict": "CUSTOMER_IN_OTHER_BOOKING",
        }
    ]
    assert again.out == f"Slot {slot} is like that already.\n"


async def test_more_seats_let_those_move_up_who_wait(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    first, second = await gym.customers(2)
    await gym.booked(first, slot)
    waiting = await gym.booked(second, slot)

    told = await kursplan("slot", "capacity", slot, "--seats", "none")

    assert told.status == 0
    assert f"Customer {second} moved up from the waiting list (booking {waiting.booking_id})." in (
        told.out.splitlines()
    )
    now = await gym.slot_now(slot)
    assert (now.max_participants, now.seats, now.waiting) == (None, 2, 0)


async def test_fewer_seats_send_nobody_away(kursplan: Kursplan, gym: Gym, slot: int) -> None:
    [customer] = await gym.customers(1)
    await gym.booked(customer, slot)

    changed = await kursplan(
        "slot", "capacity", slot, "--seats", 0, "--waiting-list", 3, "--additional", 1, "--json"
    )

    assert changed.json["over_capacity"] == 2
    assert [
        changed.json[name]
        for name in ("max_participants", "max_waiting_list", "additional_participants")
    ] == [0, 3, 1]
    assert (await gym.slot_now(slot)).seats == 1


async def test_a_slot_is_cancelled_with_its_bookings_once(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    first, second = await gym.customers(2)
    bookings = [(await gym.booked(each, slot)).booking_id for each in (first, second)]

    done = await kursplan("slot", "cancel", slot, "--yes", "--json")
    again = await kursplan("slot", "cancel", slot)

    assert done.json == {"slot_id": slot, "changed": True, "cancelled_bookings": bookings}
    assert again.out == f"Slot {slot} was cancelled before.\n"
    assert len(await gym.told(EventType.CLASS_SLOT_CANCELLED)) == 1
    assert len(await gym.told(EventType.CLASS_BOOKING_CANCELLED)) == 2


async def test_a_stand_in_is_put_and_taken_back_by_key_or_number(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    ina, ole = await gym.employee("Ina"), await gym.employee("Ole")
    await gym.gives(slot, ina)

    put = await kursplan(
        "slot", "stand-in", slot, "--by", "employee-ole", "--reason", "Flu", "--json"
    )
    shown = await kursplan("slot", "show", slot)
    back = await kursplan("slot", "stand-in", slot, "--by", ole, "--remove")

    assert put.json == {
        "slot_id": slot,
        "changed": True,
        "instructors": [{"employee_id": ole, "name": "Ole Trainer"}],
        "clashes": [],
    }
    assert "Stand-in     Ole Trainer for Ina Trainer (Flu)" in shown.out.splitlines()
    assert back.out == f"Slot {slot} is given by Ina Trainer.\n"
    assert await gym.given_by(slot) == (ina,)


async def test_of_several_instructors_it_has_to_be_said_who_is_replaced(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    ina, ole, uta = [await gym.employee(name) for name in ("Ina", "Ole", "Uta")]
    await gym.gives(slot, ina, ole)

    unsaid = await kursplan("slot", "stand-in", slot, "--by", uta)
    said = await kursplan("slot", "stand-in", slot, "--by", uta, "--for", "employee-ole")
    nobody = await kursplan("slot", "stand-in", slot, "--by", "employee-ute", "--for", ina)

    assert (unsaid.status, said.status, nobody.status) == (2, 0, 1)
    assert nobody.err == "kursplan: there is no employee 'employee-ute'\n"
    assert await gym.given_by(slot) == (ina, uta)


async def test_a_booking_is_cancelled_and_the_next_moves_up(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    first, second = await gym.customers(2)
    seated = await gym.booked(first, slot)
    await gym.booked(second, slot)

    cancelled = await kursplan("booking", "cancel", seated.booking_id, "--yes", "--json")
    listed = await kursplan("booking", "list", "--slot", slot, "--json")

    assert cancelled.json["status"] == BookingStatus.CANCELED
    assert [(each["customer_id"], each["status"]) for each in listed.json] == [
        (first, BookingStatus.CANCELED),
        (second, BookingStatus.BOOKED),
    ]


async def test_a_booking_is_confirmed_within_its_term(
    kursplan: Kursplan, gym: Gym, in_three_days: date
) -> None:
    await gym.klass("workshop", confirmation="1 DAY")
    [customer] = await gym.customers(1)
    booking = await gym.booked(customer, await gym.slot("workshop", day=in_three_days))
    assert booking.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED

    before = await kursplan("booking", "list", "--customer", customer)
    confirmed = await kursplan("booking", "confirm", booking.booking_id)

    assert (
        f"to be confirmed until {in_three_days - timedelta(days=1):%a %Y-%m-%d} 23:59" in before.out
    )
    assert confirmed.out.endswith(" 18:00: booked, participation unset.\n")
    assert (await gym.booking_now(booking.booking_id)).status is BookingStatus.BOOKED


async def test_participation_is_noted_from_shortly_before_the_start(
    kursplan: Kursplan, gym: Gym, slot: int
) -> None:
    soon = gym.now.astimezone(BERLIN) + timedelta(minutes=20)
    now = await gym.slot("yoga", at=soon.replace(tzinfo=None))
    [customer] = await gym.customers(1)
    booking = await gym.booked(customer, now)
    later = await gym.booked(customer, slot)

    noted = await kursplan(
        "booking", "participation", booking.booking_id, "participating", "--json"
    )
    early = await kursplan("booking", "participation", later.booking_id, "PARTICIPATING")

    assert noted.json["participation"] == Participation.PARTICIPATING
    assert early.status == 1
    assert early.err.endswith("(PARTICIPATION_TOO_EARLY)\n")


async def test_a_studio_is_closed_and_opened_again(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    [customer] = await gym.customers(1)
    booking = (await gym.booked(customer, slot)).booking_id
    day_after = in_three_days + timedelta(days=1)

    closed = await kursplan(
        *("studio", "close", "berlin", "--from", in_three_days, "--to", day_after),
        *("--reason", "Repair", "--yes", "--json"),
    )
    listed = await kursplan("studio", "list", "--json")
    opened = await kursplan("studio", "open", "berlin", f"berlin-{in_three_days}")

    assert closed.json["changed"] is True
    assert closed.json["reviewed"] == [
        {
            "booking_id": booking,
            "customer_id": customer,
            "status": "BOOKED",
            "conflict": "STUDIO_CLOSED",
        }
    ]
    assert listed.json[0]["closures"] == [
        {
            "key": f"berlin-{in_three_days}",
            "from": f"{in_three_days}T00:00:00",
            "to": f"{day_after}T00:00:00",
            "reason": "Repair",
        }
    ]
    assert opened.out.splitlines() == [
        f"berlin is no longer closed by berlin-{in_three_days}.",
        f"Booking {booking} of customer {customer} is now: booked.",
    ]
    assert (await gym.booking_now(booking)).conflict is None


async def test_closing_can_cancel_the_slots_of_that_time(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    told = await kursplan(
        *("studio", "close", "berlin", "--from", f"{in_three_days}T17:00"),
        *("--to", f"{in_three_days}T20:00", "--cancel-slots", "--key", "party"),
    )

    assert told.out.splitlines()[1:] == ["1 slot cancelled."]
    assert (await gym.slot_now(slot)).status is SlotStatus.CANCELED


async def test_square_brackets_in_a_title_are_shown_as_they_are(
    kursplan: Kursplan, gym: Gym
) -> None:
    await gym.klass("bold", title="[bold]Yoga[/bold] [1]")
    assert "[bold]Yoga[/bold] [1]" in (await kursplan("class", "list")).out


async def test_slots_that_a_wrong_clock_completed_are_reopened(
    kursplan: Kursplan, gym: Gym, slot: int, in_three_days: date
) -> None:
    over = await gym.slot("spin", day=in_three_days - timedelta(days=5))
    gym.clock.advance(timedelta(days=400))
    await gym.take(CompleteSlots(gym.organization, frozenset({slot, over})))

    reopened = await kursplan("slot", "reopen", "--json")
    again = await kursplan("slot", "reopen")

    assert reopened.json == {"slot_ids": [slot]}
    assert again.out == "0 slots can be booked again.\n"
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED
    assert (await gym.slot_now(over)).status is SlotStatus.COMPLETED


async def test_the_clock_is_confirmed(kursplan: Kursplan, gym: Gym) -> None:
    earlier = gym.clock.now() - timedelta(days=3)
    await gym.database.write(lambda tx: stored_clock.see(tx, earlier))

    confirmed = await kursplan("clock", "confirm")

    assert f"Until now it was {earlier:%Y-%m-%d %H:%M:%S} UTC" in confirmed.out
    seen = await gym.database.read(stored_clock.seen)
    assert seen is not None
    assert seen >= gym.clock.now()
