"""The slot page: who is there, who could give it, and all that can be done about it, as staff do it in a browser."""

from __future__ import annotations

from datetime import timedelta

from playwright.async_api import expect

from kursplan.clock import HandClock
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus, Participation
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.test_consequences import at, field
from tests.gym import MONDAY


async def test_it_says_who_sits_and_who_waits_in_order_and_why(console: Console) -> None:
    gym = console.gym
    rate = await gym.rate("flex")
    slot = await gym.slot("spin", seats=1)
    anna, ben, cora = [await gym.customer(each) for each in ("Anna", "Ben", "Cora")]
    await gym.membership(anna, rate)
    for each in (anna, ben, cora):
        await gym.booked(each, slot)
    await gym.set(tables.customer, ben, number="B77")
    said = (await console.ask(f"slots/{slot}", console.member(Role.FRONT_DESK))).text
    assert "1 of 1" in said
    assert "B77" in said
    assert said.index("Anna") < said.index("Ben M") < said.index("Cora")
    assert "2 waiting" in said
    assert "in order, until" in said


async def test_instructors_see_their_slots_and_mark_who_comes_and_nothing_else(
    console: Console,
) -> None:
    gym = console.gym
    ina = await gym.employee("Ina")
    slot = await gym.slot("spin", at="08:20")
    await gym.gives(slot, ina)
    anna = await gym.customer("Anna", phone_private_mobile="+49 171 1")
    await gym.booked(anna, slot)
    instructor = console.member(Role.INSTRUCTOR, employee_id=ina)
    said = (await console.ask(f"slots/{slot}", instructor)).text
    assert "Anna" in said
    assert 'value="PARTICIPATING"' in said
    for other in ("+49 171 1", "/cancel", "/stand-in", '/book"', "customers/", "/move", "+1<"):
        assert other not in said, other


async def test_the_attendance_list_is_no_formula(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin")
    who = await gym.customer("Anna", last_name="=1+1", phone_private_mobile="+49 171 1")
    await gym.booked(who, slot)
    answer = await console.ask(f"slots/{slot}/attendance.csv", console.member())
    assert answer.content.decode("utf-8-sig").splitlines() == [
        "Last name,First name,Number,Telephone,Membership,Takes part",
        "'=1+1,Anna,,'+49 171 1,,",
    ]


# --- What can be done ---------------------------------------------------------------------------------


async def test_a_slot_is_cancelled_with_a_reason_and_comes_back_with_its_people(
    console: Console,
) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    on_it = [await gym.customer(each) for each in ("Anna", "Ben")]
    for each in on_it:
        await gym.booked(each, slot)
    manager = console.member()
    asked = await console.ask(f"slots/{slot}/cancel", manager)
    assert "2 people lose their place" in asked.text
    form = {"seen": field(asked, "seen")}
    without = await console.send(f"slots/{slot}/cancel", manager, form)
    assert "Say why" in without.text
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED
    done = at(await console.send(f"slots/{slot}/cancel", manager, {**form, "reason": "ill"}))
    assert (await gym.slot_now(slot)).status is SlotStatus.CANCELED
    told = (await console.ask(done, manager)).text
    assert told.count("Spin, Mon 2 Mar, 18:00, does not take place") >= 2
    line = done.removeprefix("told/").partition("?")[0]
    await console.send(f"told/{line}/undo", manager, {"back": f"slots/{slot}"})
    assert (await gym.slot_now(slot)).status is SlotStatus.PLANNED
    assert await gym.statuses(slot) == [
        (on_it[0], BookingStatus.BOOKED),
        (on_it[1], BookingStatus.WAITING_LIST),
    ]


async def test_a_move_shows_before_and_after_and_who_would_be_elsewhere(console: Console) -> None:
    gym = console.gym
    slot, other = await gym.slot("spin"), await gym.slot("yoga", at="20:00")
    anna = await gym.customer("Anna")
    await gym.booked(anna, slot)
    await gym.booked(anna, other)
    manager = console.member()
    path = f"slots/{slot}/move?day={MONDAY}&time=20:15&minutes=60&room="
    asked = await console.ask(path, manager)
    assert "Mon 2 Mar, 20:15–21:15" in asked.text
    assert "1 person keeps the place, flagged" in asked.text
    form = {"day": MONDAY, "time": "20:15", "minutes": "60", "room": ""}
    seen = {"seen": field(asked, "seen")}
    done = at(await console.send(f"slots/{slot}/move", manager, form | seen))
    assert done.startswith("told/")
    assert (await gym.slot_now(slot)).starts_at == gym.at("20:15")
    wrong = await console.ask(f"slots/{slot}/move?day=never&time=1&minutes=x", manager)
    assert "Give a day, a time, and a length from 1 to 1440 minutes." in wrong.text


async def test_a_stand_in_is_offered_by_who_is_free_and_has_given_it_before(
    console: Console,
) -> None:
    gym = console.gym
    ina, tarek, mila, uli = [await gym.employee(each) for each in ("Ina", "Tarek", "Mila", "Uli")]
    slot = await gym.slot("spin")
    await gym.gives(slot, ina)
    await gym.gives(await gym.slot("spin", day=MONDAY - timedelta(days=7)), mila)
    await gym.gives(await gym.slot("yoga", at="18:30"), tarek)
    manager = console.member()
    said = (await console.ask(f"slots/{slot}", manager)).text
    assert said.index("Mila") < said.index("Uli") < said.index("Tarek T")
    assert "free · gave this class 1 time" in said
    assert "gives Yoga until 19:30" in said
    form = {"replaced": ina, "stand-in": mila, "reason": "ill"}
    done = at(await console.send(f"slots/{slot}/stand-in", manager, form))
    assert done.startswith(f"slots/{slot}?done=")
    assert await gym.given_by(slot) == (mila,)
    told = await console.ask(done.replace(f"slots/{slot}?done=", "told/"), manager)
    assert "Mila Trainer gives it instead of Ina Trainer" in told.text
    at(await console.send(f"slots/{slot}/stand-in-back", manager, {"stand-in": mila}))
    assert await gym.given_by(slot) == (ina,)
    # Somebody who would be twice at the same time is taken only knowingly.
    asked = await console.send(f"slots/{slot}/stand-in", manager, {**form, "stand-in": tarek})
    assert "Twice at the same time" in asked.text
    assert await gym.given_by(slot) == (ina,)
    again = {**form, "stand-in": tarek, "seen": field(asked, "seen")}
    at(await console.send(f"slots/{slot}/stand-in", manager, again))
    assert await gym.given_by(slot) == (tarek,)
    assert uli not in await gym.given_by(slot)


async def test_two_seats_more_and_who_moves_up_is_told(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=1)
    for each in ("Anna", "Ben", "Cora"):
        await gym.booked(await gym.customer(each), slot)
    manager = console.member()
    done = at(await console.send(f"slots/{slot}/places", manager, {"seats": 3}))
    told = (await console.ask(done, manager)).text
    assert told.count("moved up, has a seat on") >= 2
    line = done.removeprefix("told/").partition("?")[0]
    await console.send(f"told/{line}/undo", manager, {"back": f"slots/{slot}"})
    assert (await gym.slot_now(slot)).max_participants == 1
    assert (await gym.slot_now(slot)).seats == 3
    wrong = await console.send(f"slots/{slot}/places", manager, {"seats": "-1"})
    assert wrong.status_code == 400


async def test_two_change_places(console: Console) -> None:
    gym = console.gym
    ina, tarek = await gym.employee("Ina"), await gym.employee("Tarek")
    slot, other = await gym.slot("spin"), await gym.slot("yoga", at="18:30")
    await gym.gives(slot, ina)
    await gym.gives(other, tarek)
    manager = console.member()
    assert (
        "Ina Trainer and Tarek Trainer" in (await console.ask(f"slots/{slot}/swap", manager)).text
    )
    form = {"here": ina, "other": other, "there": tarek}
    done = at(await console.send(f"slots/{slot}/swap", manager, form))
    assert (await gym.given_by(slot), await gym.given_by(other)) == ((tarek,), (ina,))
    line = done.partition("done=")[2]
    await console.send(f"told/{line}/undo", manager, {"back": f"slots/{slot}"})
    assert (await gym.given_by(slot), await gym.given_by(other)) == ((ina,), (tarek,))


async def test_a_late_cancellation_can_be_waived(console: Console, clock: HandClock) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="09:00")
    booked = await gym.booked(await gym.customer("Anna"), slot)
    clock.advance(timedelta(minutes=30))
    desk = console.member(Role.FRONT_DESK)
    path = f"bookings/{booked.booking_id}/cancel"
    asked = await console.ask(path, desk)
    assert "Cancel without penalty" in asked.text
    form = {"seen": field(asked, "seen"), "late": "yes"}
    at(await console.send(path, desk, form))
    assert (await gym.booking_now(booked.booking_id)).late
    path = f"bookings/{booked.booking_id}/waive"
    asked = await console.ask(path, desk)
    at(await console.send(path, desk, {"seen": field(asked, "seen"), "reason": "snow"}))
    assert not (await gym.booking_now(booked.booking_id)).late


# --- In a browser -------------------------------------------------------------------------------


async def test_enter_behind_a_reason_takes_nobody(open_tab: OpenTab, served: Console) -> None:
    gym = served.gym
    ina, mila = await gym.employee("Ina"), await gym.employee("Mila")
    slot = await gym.slot("spin")
    await gym.gives(slot, ina)
    tab = await open_tab(served.member())
    await tab.goto(f"slots/{slot}")
    await tab.page.get_by_label("Why").fill("flu")
    await tab.page.get_by_label("Why").press("Enter")
    assert await gym.given_by(slot) == (ina,)
    await tab.page.get_by_role("button", name="Take Mila").click()
    await expect(tab.page.get_by_text("stands in for Ina")).to_be_visible()
    assert await gym.given_by(slot) == (mila,)
    assert "flu" in await tab.page.locator("main").inner_text()


async def test_ticks_survive_a_lost_line_here_too(open_tab: OpenTab, served: Console) -> None:
    gym = served.gym
    slot = await gym.slot("spin", at="08:15")
    anna, ben = [
        (await gym.booked(await gym.customer(each), slot)).booking_id for each in ("Anna", "Ben")
    ]
    tab = await open_tab(served.member(Role.FRONT_DESK))
    tab.expects("ERR_INTERNET_DISCONNECTED")
    await tab.goto(f"slots/{slot}")
    page = tab.page
    await tab.context.set_offline(True)
    await page.click(f"#here-{anna}")
    await page.click(f"#missing-{ben}")
    await expect(page.locator("[data-unsent]")).to_be_visible()
    await expect(page.locator(".unsent:visible")).to_have_count(2)
    assert (await gym.booking_now(anna)).participation is Participation.UNSET
    await tab.context.set_offline(False)
    await expect(page.locator(".unsent:visible")).to_have_count(0)
    await expect(page.locator(f"#missing-{ben}")).to_have_attribute("aria-pressed", "true")
    noted = [(await gym.booking_now(each)).participation for each in (anna, ben)]
    assert noted == [Participation.PARTICIPATING, Participation.NOT_PARTICIPATING]


async def test_what_others_change_is_shown_while_it_is_open(
    open_tab: OpenTab, served: Console
) -> None:
    gym = served.gym
    slot = await gym.slot("spin", seats=1)
    tab = await open_tab(served.member())
    await tab.goto(f"slots/{slot}")
    await tab.page.get_by_label("Book somebody").fill("half a name")
    await gym.booked(await gym.customer("Anna"), slot)
    await gym.booked(await gym.customer("Ben"), slot)
    await expect(tab.page.locator("#seated")).to_contain_text("Anna")
    await expect(tab.page.get_by_role("button", name="Move up Ben")).to_be_visible()
    await expect(tab.page.get_by_label("Book somebody")).to_have_value("half a name")
