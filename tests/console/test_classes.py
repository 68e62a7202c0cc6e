"""Classes, series, rates, and what is planned by hand: what is said, what is shown before, what is done."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from html import unescape
from typing import Any

import httpx
import pytest
from playwright.async_api import expect

from kursplan.console.classes.options import Rate, Reader, fields
from kursplan.console.classes.saying import Example, says
from kursplan.console.forms import Said
from kursplan.console.words import words
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.classes import ClassType, OnlineBooking, Promotion, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.entries import ClassEntry, RateEntry
from kursplan.domain.series import Series
from kursplan.domain.slots import SlotStatus
from kursplan.domain.studios import Studio
from kursplan.domain.terms import Term, TermUnit
from kursplan.store import tables
from kursplan.store.entries import classes as entries
from kursplan.store.entries import rates as rate_entries
from kursplan.store.rules import series as stored
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.gym import BERLIN, MONDAY, MORNING, Gym

HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')
SPIN = ClassEntry("spin", "berlin", "Spinning", 60)
RATES = [Rate(1, "basic", "Basic"), Rate(2, "flex", "Flex")]
WEEK = timedelta(days=7)


# --- What the terms mean ------------------------------------------------------------------------


def said(entry: ClassEntry, at: str = "18:00", day: date = MONDAY + 2 * WEEK, **more: Any) -> Any:
    start = datetime.combine(day, time.fromisoformat(at), BERLIN)
    example = Example(start, is_made_up=False)
    language = more.pop("language", "en")
    rates = [each.name for each in RATES if each.key in entry.rates]
    studio = Studio(1, BERLIN)
    return says(words(language), entry, rates, ["Studio Potsdam"], studio, example, MORNING)


def text(entry: ClassEntry, **more: Any) -> str:
    return " ".join(each.striptags() for each in said(entry, **more).paragraphs)


def test_the_terms_of_the_house_in_words() -> None:
    assert text(SPIN) == (
        "Booking opens 7 days before, at midnight. It closes when the class starts. A place can be given "
        "back free of charge up to 2 hours before the start. Later it is not possible. Whoever gets a seat "
        "later than that has 15 minutes to give it back. There are 20 seats, and 5 more can wait. When a "
        "seat becomes free, the first who waits moves up, as long as it could be given back again. Every "
        "customer may book. It can be booked online."
    )
    assert "Die Buchung öffnet 7 Tage vorher um Mitternacht." in text(SPIN, language="de")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"earliest_booking": None}, "It can be booked as soon as it is on the timetable."),
        ({"earliest_booking": Term(0, TermUnit.DAY)}, "opens on the day itself, at midnight."),
        ({"earliest_booking": Term(1, TermUnit.HOURS)}, "opens 1 hour before the start."),
        ({"latest_booking": Term(1, TermUnit.DAY)}, "closes 1 day before, at the end of that day."),
        ({"latest_booking": Term(30, TermUnit.MINUTES)}, "It closes 30 minutes before the start."),
        ({"latest_cancellation": Term(0, TermUnit.HOURS)}, "free of charge until the class starts."),
        ({"late_cancellation": True}, "Later it is possible, too, and counts as late."),
        ({"max_participants": None}, "There is a seat for everybody who books"),
        ({"max_participants": 0}, "There is no seat: nobody can book."),
        ({"max_waiting_list": 0}, "There are 20 seats, and nobody can wait."),
        ({"promotion": Promotion.BY_STAFF}, "staff decide who moves up."),
        ({"promotion_ends": Term(0, TermUnit.MINUTES)}, "moves up, until the start."),
        ({"who_may_book": WhoMayBook.MEMBERS}, "Only those with a valid membership may book."),
        ({"uses_contingent": True}, "uses one of what the membership grants."),
        (
            {"who_may_book": WhoMayBook.NAMED_RATES, "rates": frozenset({"basic", "flex"})},
            "Only those with Basic and Flex may book.",
        ),
        ({"admits_other_studios": True}, "Customers of Studio Potsdam are admitted, too."),
        (
            {"confirmation": Term(1, TermUnit.DAY)},
            "has to be confirmed up to 1 day before, or it is cancelled. Whoever moves up has at least 2 hours",
        ),
        ({"online_booking": OnlineBooking.DISPLAY_ONLY}, "It is shown online, and booked at the desk."),
        ({"bookable": False}, "It is switched off"),
    ],
)  # fmt: skip
def test_each_option_has_its_sentence(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in text(replace(SPIN, **changes))


def test_what_was_chosen_is_marked_and_no_name_is_markup() -> None:
    nasty = replace(SPIN, admits_other_studios=True)
    example = Example(MORNING + WEEK, is_made_up=True)
    found = says(words("en"), nasty, [], ["<b>"], Studio(1, BERLIN), example, MORNING)
    whole = " ".join(found.paragraphs)
    assert "opens <mark>7 days</mark> before" in whole
    assert "<mark>&lt;b&gt;</mark>" in whole


def test_for_one_slot_they_are_days_and_times() -> None:
    """Also where the clocks change in between: they go forward on 29 March."""
    found = said(replace(SPIN, confirmation=Term(1, TermUnit.DAY)), day=date(2026, 3, 30))
    assert found.example == "For the next slot on Monday, 30 March, 18:00"
    assert [(each.name, each.value) for each in found.facts] == [
        ("opens", "Mon 23 Mar, 00:00"),
        ("give back until", "Mon 30 Mar, 16:00"),
        ("moving up until", "Mon 30 Mar, 16:00"),
        ("confirm until", "Sun 29 Mar, 23:59"),
        ("closes", "Mon 30 Mar, 18:00"),
    ]


def test_what_is_probably_not_meant_is_said() -> None:
    late = replace(SPIN, promotion_ends=Term(30, TermUnit.MINUTES))
    assert said(late).notes[0].startswith("Moving up ends later than giving back")
    never = replace(
        SPIN, earliest_booking=Term(1, TermUnit.HOURS), latest_booking=Term(1, TermUnit.DAY)
    )
    assert "nobody could book" in said(never).notes[0]
    assert said(SPIN).notes == ()


# --- The form -----------------------------------------------------------------------------------


def typed(entry: ClassEntry, **changes: str) -> dict[str, str]:
    """What a browser sends of the form: boxes that are not ticked are not there."""
    values = {each.name: each.value for each in fields(entry, RATES)} | changes
    return {name: value for name, value in values.items() if value or name in changes}


FULL = ClassEntry(
    "full",
    "berlin",
    "Reformer",
    45,
    description="In two\nlines",
    category="Körper",
    type=ClassType.STREAM,
    img_url="https://example.org/a.png",
    online_booking=OnlineBooking.DISPLAY_ONLY,
    earliest_booking=None,
    latest_booking=Term(1, TermUnit.DAY),
    latest_cancellation=Term(1, TermUnit.MONTH),
    late_cancellation=True,
    max_participants=None,
    max_waiting_list=0,
    promotion=Promotion.BY_STAFF,
    promotion_ends=Term(3, TermUnit.WEEK),
    grace=Term(2, TermUnit.HOURS),
    admits_other_studios=True,
    who_may_book=WhoMayBook.NAMED_RATES,
    rates=frozenset({"flex"}),
    uses_contingent=True,
    confirmation=Term(1, TermUnit.YEAR),
    confirm_promotion=Term(5, TermUnit.MINUTES),
)


@pytest.mark.parametrize(
    "entry", [SPIN, FULL, replace(SPIN, bookable=False)], ids=["plain", "full", "off"]
)
def test_what_the_form_shows_is_read_as_it_was(entry: ClassEntry) -> None:
    form = Said(words("en"), typed(entry))
    before = replace(SPIN, key=entry.key, online_booking=entry.online_booking)
    assert Reader(words("en"), form).read(before, RATES) == entry
    assert form.errors == {}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"title": " "}, "title"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"seats": "-1"}, "seats"),
        ({"waiting": ""}, "waiting"),
        ({"opens": "soon"}, "opens"),
        ({"opens": "4000"}, "opens"),
        ({"free": ""}, "free"),
        ({"who": "NAMED_RATES"}, "who"),
        ({"image": "javascript:alert(1)"}, "image"),
    ],
)
def test_what_can_not_be_read_is_said_and_stays(changes: dict[str, str], wrong: str) -> None:
    form = Said(words("en"), typed(SPIN, **changes))
    entry = Reader(words("en"), form).read(SPIN, RATES)
    assert set(form.errors) == {wrong}
    assert entry.duration == SPIN.duration
    assert entry.earliest_booking == SPIN.earliest_booking
    assert entry.title == SPIN.title


# --- Classes ------------------------------------------------------------------------------------


async def entry_of(gym: Gym, class_id: int) -> ClassEntry:
    found = await gym.database.read(lambda tx: entries.load(tx, gym.organization, [class_id]))
    return found[class_id]


def form_of(page: str) -> dict[str, str]:
    """What the form of a page sends, as it stands there."""
    main = page.partition("<main")[2]
    found = {name: unescape(value) for name, value in HIDDEN.findall(main)}
    for tag in re.findall(r"<input [^>]*>", main):
        kind = re.search(r'type="([^"]*)"', tag)
        name, value = re.search(r' name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
        is_box = kind is not None and kind[1] in ("checkbox", "radio")
        if name is None or (is_box and " checked" not in tag):
            continue
        found[name[1]] = unescape(value[1]) if value is not None else ""
    for name, inside in re.findall(
        r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', main, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', inside)
        first = re.search(r'value="([^"]*)"', inside)
        found[name] = unescape((chosen or first)[1]) if (chosen or first) else ""  # type: ignore[index]
    for name, inside in re.findall(
        r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', main, re.DOTALL
    ):
        found[name] = unescape(inside)
    found.pop("csrf", None)
    return found


async def agreed(
    console: Console, path: str, form: Mapping[str, object], **member: Any
) -> httpx.Response:
    """Send a form, and agree to what the page shows that it would do."""
    who = console.member(**member)
    shown = await console.send(path, who, form)
    assert shown.status_code == 200, shown.text
    return await console.send(path, who, {**form, **form_of(shown.text)})


async def test_the_list_says_what_is_offered_and_when(console: Console) -> None:
    gym = console.gym
    ina, hall = await gym.employee(), await gym.location()
    basic = await gym.rate("basic")
    spin = await gym.klass("spin", title="Spin <1>", category="Ausdauer", max_participants=12)
    await gym.klass(
        "yoga", who_may_book=WhoMayBook.NAMED_RATES, rates=[basic], online_booking=OnlineBooking.NO
    )
    series = await gym.series("spin", weekdays=(0, 2), instructors=[ina], location_id=hall)
    await gym.series("spin", at="07:00", until=MONDAY - WEEK)
    await gym.slot("spin", day=MONDAY + timedelta(days=1))
    page = (await console.ask("classes", console.member())).text
    for each in (
        "Spin &lt;1&gt;",
        "Ausdauer · 60 minutes",
        f'href="./series/{series}"><b>Monday and Wednesday, 18:00</b>',
        "Saal 1 · Ina Trainer",
        "12 seats, 5 can wait",
        "Tue 3 Mar, 18:00",
        "only Basic",
        "not online",
        "nothing planned",
    ):
        assert each in page, each
    assert "07:00" not in page
    assert f'href="./classes/{spin}"' in page
    empty = await gym.studio("potsdam")
    there = await console.ask(
        "classes?studio=potsdam", console.member(studios=[gym.studio_id, empty])
    )
    assert "Nothing is offered here yet" in there.text


async def test_a_class_is_made_and_has_a_key_of_its_own(console: Console) -> None:
    gym = console.gym
    member = console.member()
    page = await console.ask("classes/new", member)
    form = {**form_of(page.text), "title": "Rücken & Co", "seats": "14", "uses": "yes"}
    for key in ("ruecken-co", "ruecken-co.2"):
        answer = await console.send("classes/new?studio=berlin", member, form)
        assert answer.status_code == 303
        class_id = int(answer.headers["location"].rpartition("/")[2])
        entry = await entry_of(gym, class_id)
        assert entry == ClassEntry(
            key, "berlin", "Rücken & Co", 60, max_participants=14, uses_contingent=True
        )
    wrong = await console.send("classes/new?studio=berlin", member, {**form, "opens": "x"})
    assert wrong.status_code == 422
    assert "Write a whole number" in wrong.text
    assert 'value="Rücken &amp; Co"' in wrong.text


async def test_changing_a_class_shows_whom_it_touches(console: Console) -> None:
    gym = console.gym
    slot = await gym.slot("spin", seats=20)
    spin = gym.classes["spin"]
    full = await gym.slot("spin", at="20:00")
    await gym.set(tables.slot, full, max_participants=1, own=[])
    await gym.set(tables.class_, spin, max_participants=1)
    for each in await gym.customers(2):
        await gym.booked(each, full)
    member = console.member()
    path = f"classes/{spin}/edit"
    form = form_of((await console.ask(path, member)).text)
    shown = await console.send(path, member, {**form, "seats": "4", "opens": "14"})
    assert "2 options change" in shown.text
    assert "1 → 4" in shown.text
    assert "7 days before → 14 days before" in shown.text
    assert "1 person moves up" in shown.text
    assert (await entry_of(gym, spin)).max_participants == 1
    done = await console.send(path, member, {**form, **form_of(shown.text)})
    assert done.status_code == 303
    assert "told/" in done.headers["location"]
    assert (await entry_of(gym, spin)).max_participants == 4
    assert [each.status for each in await gym.on_slot(full)] == [BookingStatus.BOOKED] * 2
    assert (await gym.slot_now(slot)).max_participants == 4
    # Texts touch nobody, so nobody is asked.
    form = form_of((await console.ask(path, member)).text)
    said_so = await console.send(path, member, {**form, "title": "Spinning"})
    assert (said_so.status_code, (await entry_of(gym, spin)).title) == (303, "Spinning")


async def test_what_others_change_while_the_form_is_open_stays(console: Console) -> None:
    gym = console.gym
    spin = await gym.klass("spin")
    member, path = console.member(), f"classes/{spin}/edit"
    form = form_of((await console.ask(path, member)).text)
    await gym.set(tables.class_, spin, max_participants=7, description="New\nlines")
    await console.send(path, member, {**form, "title": "Spinning"})
    entry = await entry_of(gym, spin)
    assert (entry.title, entry.max_participants, entry.description) == ("Spinning", 7, "New\nlines")
    clash = await console.send(path, member, {**form, "seats": "9"})
    assert clash.status_code == 422
    assert "By now it says “7”" in clash.text


async def test_the_words_follow_what_is_typed(console: Console) -> None:
    gym = console.gym
    await gym.slot("spin")
    spin = gym.classes["spin"]
    member = console.member()
    same = await console.ask(f"classes/{spin}/words", member)
    assert "opens <mark>7 days</mark> before" in same.text
    assert "<html" not in same.text
    typed_by_now = await console.ask(
        f"classes/{spin}/words?title=x&opens=3&opens-unit=WEEK&closes=0&free=1&free-unit=HOURS",
        member,
    )
    assert "opens <mark>3 weeks</mark> before" in typed_by_now.text
    half = await console.ask("classes/new/words?studio=berlin&opens=&seats=1x", member)
    assert "It can be booked as soon as it is on the timetable." in half.text
    assert "<mark>20</mark> seats" in half.text


async def test_a_class_shows_its_series_slots_and_history(console: Console) -> None:
    gym = console.gym
    series = await gym.series("spin")
    await gym.extend(series, until=MONDAY + 2 * WEEK)
    spin = gym.classes["spin"]
    member = console.member()
    path = f"classes/{spin}/edit"
    form = form_of((await console.ask(path, member)).text)
    await agreed(console, path, {**form, "seats": "4"})
    page = (await console.ask(f"classes/{spin}", member)).text
    for each in ("Monday, 18:00", "3 to come", "Mon 9 Mar, 18:00", "0 of 4", "seats 20 → 4"):
        assert each in page, each


async def test_the_history_of_a_class_is_that_of_its_series_too(console: Console) -> None:
    """On its page without that of each slot, and without the slots that come by themselves."""
    gym = console.gym
    series_id = await gym.series("spin")
    [slot, *_] = await gym.extend(series_id, until=MONDAY + WEEK)
    spin = gym.classes["spin"]
    gym.clock.advance(timedelta(minutes=1))
    await gym.take(CancelSlot(gym.organization, slot.id), reason="water")
    gym.clock.advance(timedelta(minutes=1))
    form = form_of((await console.ask(f"series/{series_id}", console.member())).text)
    await agreed(console, f"series/{series_id}", {**form, "time": "18:15", "scope": "all"})
    page = (await console.ask(f"classes/{spin}", console.member())).text
    beside = page.partition('id="history-title"')[2]
    line = "The series is changed, start 18:00 → 18:15: Monday, 18:15"
    assert re.findall(r"</time><span>(.*?)<br>", beside) == [line]
    assert f'href="../history?class={spin}"' in beside
    all_of_it = (await console.ask(f"history?class={spin}", console.member())).text
    assert re.findall(r'<span class="did"><b>(.*?)</b>', all_of_it) == [
        "The series is changed, start 18:00 → 18:15",
        "The slot is cancelled",
        "Slots of the series are planned further ahead",
    ]


# --- Series -------------------------------------------------------------------------------------


async def series_now(gym: Gym, series_id: int) -> Series:
    found = await gym.database.read(lambda tx: stored.load(tx, gym.organization, series_id))
    assert found is not None
    return found


async def test_a_series_is_made_with_its_slots(console: Console) -> None:
    gym = console.gym
    ina, tom = await gym.employee("Ina"), await gym.employee("Tom")
    spin = await gym.klass("spin")
    member, path = console.member(), f"classes/{spin}/series"
    form = form_of((await console.ask(path, member)).text)
    nothing = await console.send(path, member, form)
    assert nothing.status_code == 422
    assert "Tick at least one day." in nothing.text
    form |= {"day-0": "yes", "day-3": "yes", "time": "18:30", f"given-{tom}": "yes"}
    form |= {f"given-{ina}": "yes", "seats": "9", "first": str(MONDAY)}
    shown = await console.send(path, member, form)
    assert "18 new slots" in shown.text
    assert "Mon 2 Mar, 18:30, Thu 5 Mar, 18:30" in shown.text
    done = await console.send(path, member, {**form, **form_of(shown.text)})
    assert done.status_code == 303
    [series] = await gym.database.read(lambda tx: stored.every(tx, gym.organization))
    assert (series.key, series.plan.weekdays) == ("spin-mon-thu-1830", {0, 3})
    assert (series.plan.instructors, series.plan.max_participants) == ((ina, tom), 9)
    slots = await gym.slots_of(series.id)
    assert len(slots) == 18
    assert slots[0].max_participants == 9
    like = form_of((await console.ask(f"{path}?copy={series.id}", member)).text)
    assert (like["time"], like["seats"], like["day-3"]) == ("18:30", "9", "yes")


async def test_another_time_from_a_day_on_and_nobody_loses_a_booking(console: Console) -> None:
    gym = console.gym
    await gym.klass("spin", earliest_booking=None)
    series_id = await gym.series("spin")
    slots = await gym.extend(series_id, until=MONDAY + 3 * WEEK)
    moved = await gym.booked(await gym.customer("Cem"), slots[2].id)
    await gym.changed_slot(slots[3].id, local_start=gym.wall("20:00", day=MONDAY + 3 * WEEK))
    member, path = console.member(), f"series/{series_id}"
    page = await console.ask(path, member)
    assert "Mon 23 Mar, 20:00 (time)" in unescape(page.text)
    form = form_of(page.text)
    assert form["from"] == str(MONDAY)
    same = await console.send(path, member, form)
    assert (same.status_code, "It is like that already" in same.text) == (422, True)
    form |= {"time": "18:15", "from": str(MONDAY + WEEK)}
    shown = (await console.send(path, member, form)).text
    for each in (
        "2 slots move",
        "from Mon 16 Mar, 18:00 to Mon 16 Mar, 18:15",
        "1 person keeps the place, at the new time",
        "1 slot stays as it is",
        "set by hand: time",
        "from Monday, 9 March on",
    ):
        assert each in shown, each
    done = await console.send(path, member, {**form, **form_of(shown)})
    assert "told/" in done.headers["location"]
    assert (await gym.slot_now(slots[0].id)).local_start.time() == time(18)
    assert (await gym.booking_now(moved.booking_id)).starts_at == gym.at(
        "18:15", day=MONDAY + 2 * WEEK
    )
    assert (await gym.slot_now(slots[3].id)).local_start.time() == time(20)
    # What was set by hand is taken along, and all to come changes.
    new = (await gym.slot_now(slots[2].id)).series_id
    again = form_of((await console.ask(f"series/{new}", member)).text)
    await agreed(console, f"series/{new}", {**again, "scope": "all", "along": "yes"})
    assert (await gym.slot_now(slots[3].id)).local_start.time() == time(18, 15)


async def test_days_that_come_and_go_are_listed_with_their_people(console: Console) -> None:
    gym = console.gym
    series_id = await gym.series("spin")
    slots = await gym.extend(series_id, until=MONDAY + WEEK)
    sits = await gym.booked(await gym.customer("Cem"), slots[1].id)
    member, path = console.member(), f"series/{series_id}"
    form = form_of((await console.ask(path, member)).text)
    form = {name: each for name, each in form.items() if name != "day-0"} | {"day-2": "yes"}
    shown = (await console.send(path, member, {**form, "scope": "all"})).text
    for each in (
        "2 slots are cancelled",
        "1 person loses the place",
        "1 new slot",
        "Wed 4 Mar, 18:00",
    ):
        assert each in shown, each
    await gym.booked(await gym.customer("Late"), slots[1].id)
    late = await console.send(path, member, {**form, "scope": "all", **form_of(shown)})
    assert late.status_code == 200
    assert "Late Mustermann came to it" in late.text
    assert (await gym.booking_now(sits.booking_id)).status is BookingStatus.BOOKED


async def test_only_this_one_leads_to_the_slot(console: Console) -> None:
    gym = console.gym
    series_id = await gym.series("spin")
    [slot, *_] = await gym.extend(series_id, until=MONDAY)
    member, path = console.member(), f"series/{series_id}?slot={slot.id}&from={MONDAY}"
    form = form_of((await console.ask(path, member)).text)
    answer = await console.send(path, member, {**form, "time": "19:00", "scope": "this"})
    assert answer.headers["location"].endswith(
        f"slots/{slot.id}/move?day={MONDAY}&time=19%3A00&minutes=60"
    )
    page = (await console.ask(f"slots/{slot.id}", member)).text
    assert "Change its series …" in page
    desk = (await console.ask(f"slots/{slot.id}", console.member(Role.FRONT_DESK))).text
    assert "Change its series …" not in desk


async def test_a_series_ends_with_a_reason(console: Console) -> None:
    gym = console.gym
    series_id = await gym.series("spin")
    slots = await gym.extend(series_id, until=MONDAY + WEEK)
    await gym.booked(await gym.customer("Cem"), slots[1].id)
    path = f"series/{series_id}/end"
    answer = await agreed(console, path, {"last": str(MONDAY), "reason": "summer"})
    assert answer.status_code == 303
    assert [each.status for each in await gym.slots_of(series_id)] == [
        SlotStatus.PLANNED,
        SlotStatus.CANCELED,
    ]
    assert (await series_now(gym, series_id)).plan.last_day == MONDAY
    page = (await console.ask(f"series/{series_id}", console.member())).text
    assert f'name="last" value="{MONDAY}"' in page


# --- By hand ------------------------------------------------------------------------------------


async def test_a_slot_is_planned_and_copied(console: Console) -> None:
    gym = console.gym
    ina, hall = await gym.employee(), await gym.location()
    spin = await gym.klass("spin", max_participants=12)
    member = console.member()
    path = f"timetable/new?studio=berlin&day={MONDAY}&time=20:00&room={hall}&class={spin}"
    form = form_of((await console.ask(path, member)).text)
    assert (form["class"], form["day"], form["time"]) == (str(spin), str(MONDAY), "20:00")
    answer = await console.send(path, member, {**form, f"given-{ina}": "yes", "seats": "3"})
    assert answer.status_code == 303
    slot_id = int(re.search(r"slots/(\d+)", answer.headers["location"])[1])  # type: ignore[index]
    slot = await gym.slot_now(slot_id)
    assert (slot.local_start, slot.location_id) == (gym.wall("20:00"), hall)
    assert (slot.max_participants, await gym.given_by(slot_id)) == (3, (ina,))
    like = form_of((await console.ask(f"timetable/new?studio=berlin&copy={slot_id}", member)).text)
    assert (like["day"], like["time"], like["seats"], like["waiting"]) == (
        str(MONDAY + WEEK),
        "20:00",
        "3",
        "",
    )
    past = await console.send(path, member, {**form, "day": "2026-03-01"})
    assert "That can’t be done" in past.text
    twice = await console.send(path, member, {**form, f"given-{ina}": "yes", "room": ""})
    assert "Twice at the same time" in twice.text
    assert await gym.count(tables.slot) == 1


async def test_a_slot_of_a_foreign_studio_is_not_copied(console: Console) -> None:
    gym = console.gym
    there = await gym.studio("potsdam")
    foreign = await gym.slot(await gym.klass("row", studio_id=there), studio_id=there)
    answer = await console.ask(f"timetable/new?studio=berlin&copy={foreign}", console.member())
    assert answer.status_code == 403


async def test_a_week_is_copied_from_the_timetable(console: Console) -> None:
    gym = console.gym
    await gym.slot("spin")
    await gym.slot("yoga", at="10:00", day=MONDAY + timedelta(days=2))
    member = console.member()
    timetable = (await console.ask("timetable", member)).text
    [path] = re.findall(r'href="\./(timetable/copy[^"]*)"', timetable)
    form = form_of((await console.ask(unescape(path), member)).text)
    assert form == {"from": str(MONDAY), "to": str(MONDAY + WEEK)}
    wednesday = MONDAY + WEEK + timedelta(days=2)
    shown = await console.send("timetable/copy", member, {**form, "to": str(wednesday)})
    assert "2 new slots" in shown.text
    assert "Wed 11 Mar, 10:00" in shown.text
    done = await console.send("timetable/copy", member, {**form, **form_of(shown.text)})
    assert done.status_code == 303
    there = await console.ask(done.headers["location"].removeprefix("../"), member)
    assert "The week is copied." in there.text
    assert await gym.count(tables.slot) == 4
    desk = (await console.ask("timetable", console.member(Role.FRONT_DESK))).text
    assert "timetable/copy" not in desk
    assert "timetable/new" not in desk


async def test_a_free_room_says_so_and_leads_to_a_new_slot(console: Console) -> None:
    gym = console.gym
    hall = await gym.location()
    await gym.slot("spin", at="18:00", location_id=hall)
    rooms = unescape(
        (await console.ask(f"timetable?show=rooms&day={MONDAY}", console.member())).text
    )
    # It is 08:00; the next quarter of an hour is still to come.
    at = f"timetable/new?studio=berlin&day={MONDAY}"
    assert f'href="./{at}&time=08%3A15&room={hall}"' in rooms
    assert "free until 18:00" in rooms
    assert f'href="./{at}&time=19%3A00&room={hall}"' in rooms


# --- Rates --------------------------------------------------------------------------------------


async def test_a_rate_shows_what_each_has_left(console: Console) -> None:
    gym = console.gym
    flex = await gym.rate("flex", grants={Period.WEEK: 2})
    await gym.klass("spin", who_may_book=WhoMayBook.NAMED_RATES, rates=[flex], uses_contingent=True)
    ada, ben = await gym.customer("Ada"), await gym.customer("Ben", last_name="Adler")
    own = await gym.membership(ada, flex, grants={Period.MONTH: 5})
    await gym.membership(ben, flex)
    await gym.idle(ada, own, MONDAY + WEEK, MONDAY + 2 * WEEK)
    away = await gym.customer("Gesa", studio_id=await gym.studio("potsdam"))
    await gym.membership(away, flex)
    await gym.membership(await gym.customer("Old"), flex, until=date(2026, 2, 1))
    await gym.booked(ben, await gym.slot("spin"))
    member = console.member()
    every = (await console.ask("rates", member)).text
    for each in ("Flex", "2 a week", "Spin", '<td class="num">3</td>'):
        assert each in every, each
    page = (await console.ask(f"rates/{flex}", member)).text
    assert re.findall(r'class="name">(\w+ \w+)<', page) == ["Ben Adler", "Ada Mustermann"]
    assert '<b>1</b> <span class="quiet">of 2 left this week</span>' in page
    assert '<b>5</b> <span class="quiet">of 5 left in March</span>' in page


async def rate_of(gym: Gym, rate_id: int) -> RateEntry:
    found = await gym.database.read(lambda tx: rate_entries.load(tx, gym.organization, [rate_id]))
    return found[rate_id]


async def test_a_rate_is_made_and_changed(console: Console) -> None:
    gym, member = console.gym, console.member()
    form = {**form_of((await console.ask("rates/new", member)).text), "name": "10er Karte"}
    done = await console.send("rates/new", member, {**form, "total": "10"})
    rate_id = int(done.headers["location"].rpartition("/")[2])
    assert await rate_of(gym, rate_id) == RateEntry(
        "10er-karte", "10er Karte", frozenset({Contingent(10, Period.TOTAL)})
    )
    path = f"rates/{rate_id}/edit"
    form = form_of((await console.ask(path, member)).text)
    both = await console.send(path, member, {**form, "unlimited": "yes"})
    assert (both.status_code, "Either a number, or no limit" in both.text) == (422, True)
    await console.send(path, member, {**form, "total": "", "week": "2"})
    assert (await rate_of(gym, rate_id)).contingents == {Contingent(2, Period.WEEK)}
    late = await console.send(path, member, {**form, "total": "11"})
    assert "somebody else has emptied it" in late.text
    form = form_of((await console.ask(path, member)).text)
    await console.send(path, member, {**form, "week": "", "unlimited": "yes"})
    assert (await rate_of(gym, rate_id)).contingents == {Contingent(None, Period.TOTAL)}


# --- In a browser -------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
async def test_a_first_class_with_its_times(
    served: Console, open_tab: OpenTab, script: bool
) -> None:
    gym = served.gym
    await gym.rate("flex", grants={Period.MONTH: 4})
    tab = await open_tab(served.member(), java_script_enabled=script)
    page = tab.page
    await tab.goto("classes")
    await page.get_by_role("link", name="Make the first class").click()
    await page.get_by_label("Title").fill("Yoga")
    await page.locator("#opens").fill("3")
    if script:
        await expect(page.locator("[data-words]")).to_contain_text("3 days before, at midnight")
    await page.get_by_role("button", name="Make the class").click()
    await expect(page.get_by_role("heading", name="Yoga")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("3 days before, at midnight")
    await page.get_by_role("link", name="New series").click()
    await page.get_by_role("checkbox", name="Tuesday").check()
    await page.get_by_label("Start").fill("09:00")
    await page.click("#show")
    await page.get_by_role("button", name="Make the series").click()
    await expect(page.locator("main")).to_contain_text("Tuesday, 09:00")
    await page.get_by_role("link", name="New slot").click()
    await page.locator("#day").fill(str(MONDAY + timedelta(days=2)))
    await page.click("#plan")
    await expect(page.get_by_role("heading", name="18:00–19:00 Yoga")).to_be_visible()
    assert await gym.count(tables.slot) == 10
