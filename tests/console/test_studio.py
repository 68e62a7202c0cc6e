"""The studio's pages: hours, closures and whom they hit, rooms, and who works there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta

import pytest

from kursplan.console.studio.hours import HoursLine, lines, spans_of
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.clashes import OnClash
from kursplan.domain.entries import EmployeeEntry, Hours, LocationEntry, StudioEntry
from kursplan.domain.events import EventType
from kursplan.domain.hours import Span
from kursplan.domain.refusals import Kind
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import LostEntitlement
from kursplan.store import tables
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import employees, locations, organizations, studios
from kursplan.store.staff import studio
from tests.console.conftest import OpenTab
from tests.console.desk import Console, agreed
from tests.console.forms import form_of
from tests.gym import MONDAY, Gym

TUESDAY, FRIDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=4)
ELSEWHERE = {"studios": ()}


async def studio_now(gym: Gym) -> StudioEntry:
    found = await gym.database.read(lambda tx: studios.load(tx, gym.organization, [gym.studio_id]))
    return found[gym.studio_id]


async def closures_now(gym: Gym) -> Sequence[AnyRow]:
    long_ago = gym.wall("00:00", day=date(2020, 1, 1))
    return await gym.database.read(
        lambda tx: studio.closures(tx, gym.organization, gym.studio_id, long_ago)
    )


# --- Opening hours ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "spans"),
    [
        ("6-22", [("06:00", "22:00")]),
        ("06:00–12:00, 14:00–22:00", [("06:00", "12:00"), ("14:00", "22:00")]),
        ("14.30 bis 22 Uhr und 6 to 12", [("06:00", "12:00"), ("14:30", "22:00")]),
        ("6:30\u202fAM–10:00\u202fPM", [("06:30", "22:00")]),
        ("12 am - 12 p.m.", [("00:00", "12:00")]),
        ("18-2", [("18:00", "02:00")]),
        ("6-24", [("06:00", "00:00")]),
        ("0-24", [("00:00", "23:59")]),
        ("6-22, 6–22", [("06:00", "22:00")]),
        (" ", []),
        ("geschlossen", []),
        ("–", []),
    ],
)
def test_hours_are_understood_as_people_write_them(
    typed: str, spans: list[tuple[str, str]]
) -> None:
    expected = [Span(*map(time.fromisoformat, each)) for each in spans]
    assert list(spans_of(typed)) == expected


@pytest.mark.parametrize("typed", ["6", "6-25", "13 pm - 14", "8-8", "early", "6:60-7", "6-12-18"])
def test_what_is_no_time_is_told(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011, its words are for nobody
        spans_of(typed)


def test_days_that_are_alike_share_a_line() -> None:
    stored = [
        Hours(0, 4, time(6), time(12)),
        Hours(0, 4, time(14), time(22)),
        Hours(5, 5, time(9), time(2)),
    ]
    assert lines(words("en"), stored) == (
        HoursLine("Monday to Friday", "06:00–12:00, 14:00–22:00", True),
        HoursLine("Saturday", "09:00–02:00", True),
        HoursLine("Sunday", "closed", False),
    )
    assert lines(words("de"), stored)[0].days == "Montag bis Freitag"
    assert lines(words("en"), ()) == ()


async def test_hours_are_kept_and_told_once(console: Console) -> None:
    gym = console.gym
    week = {f"house-{day}": "6-22" for day in range(5)} | {"house-5": "9–14, 16-20"}
    assert (await console.send("studio/hours", console.member(), week)).status_code == 303
    entry = await studio_now(gym)
    assert entry.opening_hours == (
        Hours(0, 4, time(6), time(22)),
        Hours(5, 5, time(9), time(14)),
        Hours(5, 5, time(16), time(20)),
    )
    assert entry.public_opening_hours == ()
    told = [(each.type, each.entity_id) for each in await gym.told()]
    assert told == [(EventType.STUDIO_OPENING_HOURS_UPDATED, gym.studio_id)]
    page = (await console.ask("studio", console.member())).text
    assert "Monday to Friday" in page
    assert "09:00–14:00, 16:00–20:00" in page
    shown = {f"house-{day}": "06:00–22:00" for day in range(5)} | {
        "house-5": "09:00–14:00, 16:00–20:00"
    }
    await console.send("studio/hours", console.member(), shown)
    assert len(await gym.told()) == 1


async def test_hours_that_can_not_be_are_shown_again_with_what_is_wrong(console: Console) -> None:
    wrong = {"house-0": "early", "house-1": "6-12, 11-14", "house-2": "8-20"}
    answer = await console.send("studio/hours", console.member(), wrong)
    assert answer.status_code == 422
    assert "write it like 6:00–22:00 or 6–12, 14–22" in answer.text
    assert "These hours overlap" in answer.text
    assert 'value="8-20"' in answer.text
    assert (await studio_now(console.gym)).opening_hours == ()


# --- What is known of it ------------------------------------------------------------------------

DATA = {
    "name": "Studio Berlin",
    "zone": "Europe/Berlin",
    "language": "de",
    "clashes": "WARN",
    "country": "",
}


async def test_what_is_known_of_a_studio_is_changed_and_nothing_else(console: Console) -> None:
    gym = console.gym
    await gym.set(tables.studio, gym.studio_id, website="https://gym.example", city="Potsdam")
    form = DATA | {
        "website": "https://gym.example",
        "city": "Berlin",
        "was-city": "Potsdam",
        "country": "DE",
        "position": "52.52, 13.405",
        "clashes": "REFUSE",
        "description": "Hell\r\nund groß",
    }
    answer = await console.send("studio/data", console.member(), form)
    assert answer.headers["location"].startswith("../studio?studio=berlin&done=")
    assert await studio_now(gym) == StudioEntry(
        "berlin",
        "Studio Berlin",
        "Europe/Berlin",
        "de",
        description="Hell\nund groß",
        country="Deutschland",
        country_code="DE",
        website="https://gym.example",
        city="Berlin",
        latitude=52.52,
        longitude=13.405,
        clashes=OnClash.REFUSE,
        opening_hours=(),
        public_opening_hours=(),
    )
    page = await console.ask(answer.headers["location"].removeprefix("../"), console.member())
    assert "The studio is changed." in page.text
    assert "It is refused" in page.text
    assert "Whom to tell" not in page.text


async def test_what_others_changed_meanwhile_stays(console: Console) -> None:
    gym = console.gym
    await gym.set(tables.studio, gym.studio_id, city="Berlin", zip="10115")
    opened = DATA | {"city": "Berlin", "was-city": "Berlin", "zip": "10117", "was-zip": "10115"}
    await gym.set(tables.studio, gym.studio_id, city="Bernau")
    assert (await console.send("studio/data", console.member(), opened)).status_code == 303
    assert ((entry := await studio_now(gym)).city, entry.zip) == ("Bernau", "10117")
    late = DATA | {"city": "Bonn", "was-city": "Berlin", "zip": "10117", "was-zip": "10117"}
    answer = await console.send("studio/data", console.member(), late)
    assert answer.status_code == 422
    assert "By now it says “Bernau”" in answer.text


async def test_data_that_can_not_be_is_told_field_by_field(console: Console) -> None:
    wrong = DATA | {
        "name": "",
        "zone": "localtime",
        "email": "nobody",
        "website": "gym.example",
        "position": "91, 0",
        "opening_date": "2026-03-02",
        "closing_date": "2026-03-01",
    }
    answer = await console.send("studio/data", console.member(), wrong)
    assert answer.status_code == 422
    for name in ("zone", "email", "website", "position", "closing_date"):
        assert f'id="e-{name}"' in answer.text, name
    assert (await studio_now(console.gym)).zone == "Europe/Berlin"


async def test_another_zone_shows_first_which_slots_it_moves(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="18:00")
    await gym.booked(await gym.customer("Cem"), slot)
    form = DATA | {"zone": "America/New_York"}
    shown = await console.send("studio/data", console.member(), form)
    assert "From Europe/Berlin to America/New_York" in shown.text
    assert "1 slot moves" in shown.text
    assert "Cem Mustermann" in shown.text
    assert (await gym.slot_now(slot)).starts_at == gym.at("18:00")
    done = await agreed(console, "studio/data", form)
    assert done.status_code == 303
    assert (await gym.slot_now(slot)).starts_at == gym.at("18:00") + timedelta(hours=6)


async def test_owners_decide_what_becomes_of_bookings_that_are_not_allowed_any_more(
    console: Console,
) -> None:
    gym = console.gym
    assert "studio/lost" not in (await console.ask("studio", console.member())).text
    owner = console.member(Role.OWNER)
    assert "studio/lost" in (await console.ask("studio", owner)).text
    answer = await console.send("studio/lost", owner, {"lost": "CANCEL"})
    assert answer.status_code == 303
    policy = await gym.database.read(
        lambda tx: organizations.lost_entitlement(tx, gym.organization)
    )
    assert policy is LostEntitlement.CANCEL


# --- Closures -----------------------------------------------------------------------------------


async def test_a_closure_shows_whom_it_hits_and_then_whom_to_tell(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="18:00", day=TUESDAY)
    booked = await gym.booked(await gym.customer("Cem"), slot)
    form = {"first": TUESDAY, "last": FRIDAY, "why": "Wasserschaden", "slots": "stay"}
    shown = await console.send("studio/closures/new", console.member(), form)
    assert words("en").days(TUESDAY, FRIDAY, 2026) in shown.text
    assert "1 person keeps the place, flagged" in shown.text
    assert await closures_now(gym) == []
    done = await agreed(console, "studio/closures/new", form)
    [closure] = await closures_now(gym)
    assert (closure.local_from, closure.local_to, closure.reason) == (
        gym.wall("00:00", day=TUESDAY),
        gym.wall("00:00", day=FRIDAY + timedelta(days=1)),
        "Wasserschaden",
    )
    assert (await gym.booking_now(booked.booking_id)).conflict is Kind.STUDIO_CLOSED
    told = await console.ask(done.headers["location"].removeprefix("../../"), console.member())
    assert "Cem Mustermann" in told.text
    assert "The closure is entered." in told.text
    page = (await console.ask("studio", console.member())).text
    assert "1 slot, 1 booking" in page


async def test_a_closure_that_cancels_says_why(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", at="18:00")
    booked = await gym.booked(await gym.customer("Cem"), slot)
    form = {"first": MONDAY, "since": "17:30", "until": "20:00", "slots": "cancel"}
    answer = await console.send("studio/closures/new", console.member(), form)
    assert answer.status_code == 422
    assert 'id="e-why"' in answer.text
    done = await agreed(console, "studio/closures/new", form | {"why": "Fire drill"})
    assert done.status_code == 303
    assert (await gym.slot_now(slot)).status is SlotStatus.CANCELED
    assert (await gym.booking_now(booked.booking_id)).status is BookingStatus.CANCELED
    [closure] = await closures_now(gym)
    assert closure.local_to == gym.wall("20:00")


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ({"first": ""}, "first"),
        ({"first": FRIDAY, "last": TUESDAY}, "last"),
        ({"first": FRIDAY, "since": "18:00", "until": "17:00"}, "until"),
        ({"first": FRIDAY, "since": "late"}, "since"),
    ],
)
async def test_times_that_are_none_close_nothing(
    console: Console, form: dict[str, object], wrong: str
) -> None:
    answer = await console.send("studio/closures/new", console.member(), form | {"slots": "stay"})
    assert answer.status_code == 422
    assert f'id="e-{wrong}"' in answer.text
    assert await closures_now(console.gym) == []


# --- Public holidays ----------------------------------------------------------------------------

BERLIN = "studio/closures/holidays?studio=berlin&country=DE&region=BE"
WOMENS_DAY, GOOD_FRIDAY = date(2026, 3, 8), date(2026, 4, 3)


async def test_holidays_are_those_of_the_country_and_region_of_the_address(
    console: Console,
) -> None:
    gym = console.gym
    by_zone = (await console.ask("studio/closures/holidays", console.member())).text
    assert '<option value="DE" selected>Germany</option>' in by_zone
    assert "Women&#39;s Day" not in by_zone
    assert "Good Friday" in by_zone
    assert ">2027</h2>" in by_zone
    await gym.set(tables.studio, gym.studio_id, city="Berlin")
    at_home = (await console.ask("studio/closures/holidays", console.member())).text
    assert '<option value="BE" selected>Berlin</option>' in at_home
    assert "Frauentag</span><small>Sunday, 8 March · Women&#39;s Day" in at_home
    elsewhere = "studio/closures/holidays?country=AT&region=BE"
    austria = (await console.ask(elsewhere, console.member())).text
    assert "Mariä Empfängnis" in austria
    assert '<option value="all" selected>' in austria
    answer = await console.ask("studio/closures/holidays?country=ZZ", console.member())
    assert answer.status_code == 400


async def test_a_holiday_is_entered_by_one_press_and_not_offered_any_more(
    console: Console,
) -> None:
    gym = console.gym
    done = await console.send(BERLIN, console.member(), {"only": GOOD_FRIDAY})
    assert done.status_code == 303
    [closure] = await closures_now(gym)
    assert (closure.key, closure.reason, closure.local_from, closure.local_to) == (
        "berlin-2026-04-03",
        "Karfreitag",
        gym.wall("00:00", day=GOOD_FRIDAY),
        gym.wall("00:00", day=GOOD_FRIDAY + timedelta(days=1)),
    )
    page = (
        await console.ask(done.headers["location"].removeprefix("../../"), console.member())
    ).text
    assert "The closure is entered." in page
    assert 'value="2026-04-03"' not in page
    assert 'value="2026-04-06"' in page
    # What is not offered is not entered, whoever asks for it.
    for only in (GOOD_FRIDAY, date(2026, 3, 10), date(2020, 12, 25)):
        await console.send(BERLIN, console.member(), {"only": only})
    assert len(await closures_now(gym)) == 1
    assert (await console.send(BERLIN, console.member(), {"only": "never"})).status_code == 400
    assert (await console.send(BERLIN, console.member(), {"slots": "stay"})).status_code == 422


@pytest.mark.parametrize("slots", ["stay", "cancel"])
async def test_several_holidays_show_whom_all_of_them_hit(console: Console, slots: str) -> None:
    gym = console.gym
    cem = await gym.customer("Cem")
    slot = await gym.slot("spin", at="18:00", day=WOMENS_DAY)
    booked = await gym.booked(cem, slot)
    listed = (await console.ask(BERLIN, console.member())).text
    assert "1 slot, 1 booking" in listed
    form = {f"day.{day}": "yes" for day in (WOMENS_DAY, GOOD_FRIDAY)} | {"slots": slots}
    shown = await console.send(BERLIN, console.member(), form)
    assert "on 2 days?" in shown.text
    assert "Cem Mustermann" in shown.text
    assert await closures_now(gym) == []
    await gym.booked(await gym.customer("Ada"), slot)
    seen = form_of(shown.text)
    late = await console.send(BERLIN, console.member(), seen)
    assert "Ada Mustermann came to it" in late.text
    assert await closures_now(gym) == []
    done = await console.send(BERLIN, console.member(), form_of(late.text))
    assert done.status_code == 303
    assert [each.reason for each in await closures_now(gym)] == ["Frauentag", "Karfreitag"]
    told = await console.ask(done.headers["location"].removeprefix("../../"), console.member())
    assert "Cem Mustermann" in told.text
    now = await gym.booking_now(booked.booking_id)
    if slots == "cancel":
        assert now.status is BookingStatus.CANCELED
    else:
        assert now.conflict is Kind.STUDIO_CLOSED


async def test_a_closure_is_changed_and_taken_back(console: Console) -> None:
    gym = console.gym
    times = gym.wall("00:00", day=TUESDAY), gym.wall("00:00", day=FRIDAY)
    closure = await gym.closure(*times)
    form = (await console.ask(f"studio/closures/{closure}", console.member())).text
    assert 'value="2026-03-03"' in form
    assert 'value="2026-03-05"' in form
    changed = {
        "first": TUESDAY,
        "was-first": TUESDAY,
        "last": FRIDAY,
        "was-last": "2026-03-05",
        "why": "Party",
        "slots": "stay",
    }
    done = await console.send(f"studio/closures/{closure}", console.member(), changed)
    assert done.status_code == 303
    [row] = await closures_now(gym)
    assert (row.local_to.date(), row.reason) == (FRIDAY + timedelta(days=1), "Party")
    await agreed(console, f"studio/closures/{closure}/remove", {})
    assert await closures_now(gym) == []


async def test_a_closure_that_was_just_entered_can_be_undone_by_those_who_may_enter_one(
    console: Console,
) -> None:
    gym = console.gym
    done = await console.send(
        "studio/closures/new", console.member(), {"first": TUESDAY, "slots": "stay"}
    )
    back = done.headers["location"].removeprefix("../../")
    page = (await console.ask(back, console.member())).text
    undo = next(each for each in page.split('"') if each.endswith("/undo"))
    path = undo.removeprefix("./")
    desk = console.member(Role.FRONT_DESK)
    await console.send(path, desk, {"back": "today"})
    assert len(await closures_now(gym)) == 1
    foreign = console.member(studios=[await gym.studio("hamburg")])
    assert (await console.send(path, foreign, {"back": "today"})).status_code == 403
    await console.send(path, console.member(), {"back": "studio"})
    assert await closures_now(gym) == []


# --- Rooms --------------------------------------------------------------------------------------


async def room_now(gym: Gym, room: int) -> LocationEntry | None:
    found = await gym.database.read(lambda tx: locations.load(tx, gym.organization, [room]))
    return found.get(room)


async def test_a_room_is_written_down_and_changed(console: Console) -> None:
    gym = console.gym
    assert (
        await console.send("studio/rooms/new", console.member(), {"name": " "})
    ).status_code == 422
    done = await console.send("studio/rooms/new", console.member(), {"name": "Saal 3"})
    assert done.status_code == 303
    page = (await console.ask("studio", console.member())).text
    href = next(each for each in page.split('"') if "studio/rooms/" in each and "new" not in each)
    room = int(href.rpartition("/")[2])
    form = {"name": "Garten", "was-name": "Saal 3", "shared": "yes", "was-shared": ""}
    await console.send(f"studio/rooms/{room}", console.member(), form)
    assert await room_now(gym, room) == LocationEntry(
        f"room-{room}", "berlin", "Garten", shared=True
    )


async def test_a_room_is_removed_after_what_hangs_on_it_is_shown(console: Console) -> None:
    gym = console.gym
    room = await gym.location("Saal 1")
    slot = await gym.slot("spin", at="18:00", location_id=room)
    await gym.series("spin", weekdays=(0, 2), location_id=room)
    path = f"studio/rooms/{room}/remove"
    shown = (await console.ask(path, console.member())).text
    assert "1 slot has no room any more" in shown
    assert "Monday and Wednesday, 18:00" in shown
    await agreed(console, path, {})
    assert await room_now(gym, room) is None
    assert (await gym.slot_now(slot)).location_id is None


async def test_what_was_shown_of_a_room_is_what_is_done(console: Console) -> None:
    gym = console.gym
    room = await gym.location("Saal 1")
    path = f"studio/rooms/{room}/remove"
    shown = (await console.ask(path, console.member())).text
    seen = shown.partition('name="seen" value="')[2].partition('"')[0]
    await gym.slot("spin", at="18:00", location_id=room)
    late = await console.send(path, console.member(), {"seen": seen})
    assert "What is below is what would happen now." in late.text
    assert await room_now(gym, room) is not None


async def test_a_room_in_which_something_was_held_stays(console: Console) -> None:
    gym = console.gym
    room = await gym.location("Saal 1")
    await gym.slot("spin", at="07:00", location_id=room)
    page = await console.ask(f"studio/rooms/{room}/remove", console.member())
    assert "it stays on record with them" in page.text


# --- Employees ----------------------------------------------------------------------------------


async def employee_now(gym: Gym, employee: int) -> EmployeeEntry | None:
    found = await gym.database.read(lambda tx: employees.load(tx, gym.organization, [employee]))
    return found.get(employee)


async def some_work(gym: Gym) -> int:
    """Ina gave 90 minutes yesterday, an hour last month, gives two to come, and was replaced once."""
    ina, tarek = await gym.employee("Ina"), await gym.employee("Tarek")
    sunday = MONDAY - timedelta(days=1)
    for day, at, minutes in (
        (sunday, "10:00", 90),
        (MONDAY - timedelta(days=10), "18:00", 60),
        (TUESDAY, "18:00", 60),
        (MONDAY + timedelta(days=20), "18:00", 60),
    ):
        slot = await gym.slot("yoga", at=at, day=day, minutes=minutes)
        await gym.gives(slot, ina)
    covered = await gym.slot("spin", at="12:00", day=FRIDAY)
    await gym.gives(covered, tarek)
    await gym.insert(
        tables.stand_in,
        slot_id=covered,
        replaced_id=ina,
        stand_in_id=tarek,
        reason="flu",
        set_at=gym.now,
    )
    return ina


async def test_hours_and_slots_of_everybody_are_told(console: Console) -> None:
    ina = await some_work(console.gym)
    page = (await console.ask("studio/employees", console.member())).text
    row = page.partition(f"employees/{ina}")[2].partition("</tr>")[0]
    assert ">1</td>" in row
    assert ">1.5 h</td>" in row
    assert ">1 h</td>" in row
    own = (await console.ask(f"studio/employees/{ina}", console.member(language="de"))).text
    for said in ("1,5 h", "2-mal im Jahr", "Tarek Trainer · flu", f"ill?employee={ina}"):
        assert said in own, said
    assert own.count("3. März, 18:00") == 1


async def test_somebody_new_is_written_down_and_changed(console: Console) -> None:
    gym = console.gym
    names = {"first_name": "Mara", "last_name": "Voss", "business_role": "TRAINER", "gender": ""}
    done = await console.send("studio/employees/new", console.member(), names)
    employee = int(done.headers["location"].rpartition("/")[2])
    assert await employee_now(gym, employee) == EmployeeEntry(
        f"employee-{employee}", "Mara", "Voss", frozenset({"berlin"}), business_role="TRAINER"
    )
    created = [(each.type, each.entity_id) for each in await gym.told()]
    assert created == [(EventType.EMPLOYEE_CREATED, employee)]
    form = names | {"public_name": "Maja", "first_name": ""}
    wrong = await console.send(f"studio/employees/{employee}/edit", console.member(), form)
    assert wrong.status_code == 422
    form = names | {"public_name": "Maja"}
    await console.send(f"studio/employees/{employee}/edit", console.member(), form)
    entry = await employee_now(gym, employee)
    assert entry is not None
    assert entry.public_name == "Maja"


async def test_managers_decide_about_their_own_studios(console: Console) -> None:
    gym = console.gym
    hamburg = await gym.studio("hamburg")
    ina = await gym.employee("Ina")
    await gym.insert(tables.employee_studio, studio_id=hamburg, employee_id=ina)
    page = (await console.ask(f"studio/employees/{ina}", console.member())).text
    assert "1 more studio" in page
    assert f"studio/employees/{ina}/remove" not in page
    path = f"studio/employees/{ina}/remove"
    assert (await console.ask(path, console.member())).status_code == 403
    form = {"first_name": "Ina", "last_name": "Trainer", "was-studio-berlin": "yes"}
    done = await console.send(f"studio/employees/{ina}/edit", console.member(), form)
    assert done.headers["location"].startswith("../../../studio/employees?studio=berlin")
    entry = await employee_now(gym, ina)
    assert entry is not None
    assert entry.studios == {"hamburg"}
    assert (await console.ask(f"studio/employees/{ina}", console.member())).status_code == 403


async def test_who_is_removed_is_taken_off_the_plan_after_it_was_shown(console: Console) -> None:
    gym = console.gym
    ina = await some_work(gym)
    tuesday = await gym.slot("spin", at="20:00", day=TUESDAY)
    await gym.gives(tuesday, ina, await gym.employee("Ada"))
    await gym.booked(await gym.customer("Cem"), tuesday)
    path = f"studio/employees/{ina}/remove"
    shown = (await console.ask(path, console.member())).text
    assert "3 slots lose their instructor" in shown
    assert "1 booking · Ada Trainer gives it alone" in shown
    await agreed(console, path, {"reason": "moved away"})
    assert await employee_now(gym, ina) is None
    assert ina not in await gym.given_by(tuesday)


# --- In a browser -------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
async def test_a_closure_is_entered_in_five_presses(
    served: Console, open_tab: OpenTab, script: bool
) -> None:
    gym = served.gym
    await gym.booked(await gym.customer("Cem"), await gym.slot("spin", day=TUESDAY))
    tab = await open_tab(served.member(), java_script_enabled=script)
    await tab.goto("today")
    await tab.page.locator(".me summary").click()
    await tab.page.get_by_role("link", name="Studio", exact=True).click()
    await tab.page.get_by_role("link", name="Enter a closure").click()
    await tab.page.get_by_label("First day").fill(TUESDAY.isoformat())
    await tab.page.get_by_role("button", name="See whom it hits").click()
    await tab.page.get_by_role("button", name="Enter the closure").click()
    assert "Cem Mustermann" in await tab.page.locator("main").inner_text()
    assert len(await closures_now(gym)) == 1
