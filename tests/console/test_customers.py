"""A customer's page: how many are left on the card, what is booked, and what the desk does about it."""

from __future__ import annotations

import json
import re
from datetime import date, timedelta

import pytest

from kursplan.console.customers.card import State, cards
from kursplan.console.customers.facts import Held, facts
from kursplan.console.words import words
from kursplan.domain.accounts import Role
from kursplan.domain.bookings import Participation
from kursplan.domain.classes import OnlineBooking, WhoMayBook
from kursplan.domain.contingents import Contingent, Period
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.entries import CustomerEntry, IdlePeriodEntry, MembershipEntry
from kursplan.domain.history import EntityKind
from kursplan.staff.export import export_of
from kursplan.store import tables
from kursplan.store.entries import customers as entries
from kursplan.store.staff import customers, history
from tests.console.desk import HIDDEN, Console, agreed
from tests.console.people import people
from tests.gym import MONDAY, MORNING, Gym


async def entry_of(gym: Gym, customer_id: int) -> CustomerEntry:
    found = await gym.database.read(lambda tx: entries.load(tx, gym.organization, [customer_id]))
    return found[customer_id].entry


# --- The card -----------------------------------------------------------------------------------


def held(
    *grants: Contingent,
    used: tuple[date, ...] = (),
    since: date = date(2026, 1, 1),
    until: date | None = None,
    rests: tuple[IdlePeriodEntry, ...] = (),
) -> Held:
    entry = MembershipEntry("m", "flex", since, until, idle_periods=rests)
    return Held(1, entry, "Flex", grants, [(each, MORNING + (each - MONDAY)) for each in used])


@pytest.mark.parametrize(
    ("membership", "said"),
    [
        (
            held(Contingent(10, Period.MONTH), used=(date(2026, 3, 1), date(2026, 3, 9))),
            ("8", "of 10 left in March · Flex", 20, State.VALID),
        ),
        (
            held(Contingent(2, Period.WEEK), used=(date(2026, 3, 1), date(2026, 3, 8))),
            ("1", "of 2 left this week · Flex", 50, State.VALID),
        ),
        (
            held(Contingent(1, Period.TOTAL), used=(date(2025, 3, 1), date(2026, 3, 8))),
            ("0", "of 1 left in all · Flex", 100, State.VALID),
        ),
        (
            held(Contingent(9, Period.YEAR), Contingent(2, Period.WEEK)),
            ("2", "of 2 left this week · Flex", 0, State.VALID),
        ),
        (held(Contingent(None, Period.MONTH)), ("Flex", "without limit", None, State.VALID)),
        (held(), ("Flex", "", None, State.VALID)),
        (
            held(Contingent(4, Period.MONTH), since=date(2026, 4, 1), used=(date(2026, 4, 2),)),
            ("3", "of 4 left in April · Flex", 25, State.TO_COME),
        ),
        (
            held(Contingent(4, Period.MONTH), until=date(2026, 3, 1)),
            ("Flex", "", None, State.OVER),
        ),
    ],
)
def test_the_card_says_how_many_are_left(
    membership: Held, said: tuple[str, str, int | None, State]
) -> None:
    [card] = cards(words("en"), [membership], MONDAY, MORNING)
    assert (card.big, card.of, card.taken, card.state) == said


def test_the_card_says_what_is_used_when_there_is_more_and_when_it_rests() -> None:
    rest = IdlePeriodEntry("r", date(2026, 3, 1), date(2026, 3, 20), "Ski")
    membership = held(
        Contingent(2, Period.WEEK),
        Contingent(10, Period.MONTH),
        used=(MONDAY, date(2026, 3, 5)),
        rests=(rest,),
    )
    [card] = cards(words("en"), [membership], MONDAY, MORNING + timedelta(hours=1))
    assert card.hints == (
        "1 used, 1 booked ahead. New ones on 9 March.",
        "8 of 10 left in March",
        "Since 1 January 2026, no end.",
    )
    [rests] = card.rests_to_come
    assert rests.label == "Rests 1 March 2026 to 20 March 2026. (Ski)"
    assert rests.href == "wake?membership=m&rest=r"
    assert card.rests == "Rests until 20 March"
    [german] = cards(words("de"), [membership], MONDAY, MORNING)
    assert german.of == "von 2 übrig diese Woche · Flex"


async def test_the_card_counts_what_the_rules_count(console: Console) -> None:
    """In whatever studio it was booked, late cancellations too."""
    gym = console.gym
    on = await people(gym)
    found = await gym.database.read(
        lambda tx: facts(tx, gym.organization, on.merle, gym.now, gym.now, 5)
    )
    assert found is not None
    [basic, flex, over] = cards(words("en"), found.held, MONDAY, gym.now)
    assert (basic.rate, basic.big, basic.of) == ("Basic", "0", "of 2 left this week · Basic")
    assert (flex.rate, flex.big) == ("Flex", "9")
    assert over.state is State.OVER


# --- The page -----------------------------------------------------------------------------------


async def test_the_page_shows_all_of_somebody(console: Console) -> None:
    on = await people(console.gym)
    text = (await console.ask(f"customers/{on.merle}", console.member(Role.FRONT_DESK))).text
    for said in (
        "<h1>Merle Harms</h1>",
        "<b>0</b> <span>of 2 left this week · Basic</span>",
        "+49 171 3920022",
        "Waits, 1 ahead",
        "To be confirmed until Wed 4 Mar, 23:59",
        "The studio is closed at that time",
        "Can be given back until Thu 5 Mar, 16:30",
        "Cancelled late",
        "8 in 2026, missing once",
        "The booking is made",
    ):
        assert said in text, said
    german = console.member(Role.FRONT_DESK, language="de")
    told = (await console.ask(f"customers/{on.merle}?past=all", german)).text
    assert "von 2 übrig diese Woche" in told
    assert "Wartet, 1 davor" in told
    assert len(re.findall(r'<td class="nowrap">[^<]*29\. Dez\.', told)) == 1
    assert "Das Studio ist zu der Zeit geschlossen" in told
    assert "Keine Mitgliedschaft lässt" in told


async def test_what_is_typed_of_people_is_never_markup(console: Console) -> None:
    nasty = await console.gym.customer('<b>"x', last_name="&amp;")
    text = (await console.ask(f"customers/{nasty}", console.member())).text
    assert "<h1>&lt;b&gt;&#34;x &amp;amp;</h1>" in text


async def test_who_has_booked_in_a_studio_is_a_customer_there_too(console: Console) -> None:
    gym = console.gym
    there = await gym.studio("potsdam")
    guest = await gym.customer("Gesa", studio_id=there)
    assert (await console.ask(f"customers/{guest}", console.member())).status_code == 403
    await gym.klass("spin", admits_other_studios=True)
    await gym.booked(guest, await gym.slot("spin"))
    assert (await console.ask(f"customers/{guest}", console.member())).status_code == 200


# --- Booking and cancelling ---------------------------------------------------------------------


async def test_a_customer_is_booked_and_it_is_on_record(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    form = {"slot": on.free_slot, "gets": "seat"}
    answer = await console.send(f"customers/{on.merle}/book", console.member(), form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"../../customers/{on.merle}?done=")
    page = await console.ask(answer.headers["location"].removeprefix("../../"), console.member())
    assert "The booking is made." in page.text
    [line] = await last_lines(gym, on.merle)
    assert (line.command, line.by.who) == ("add-booking", "1")


async def last_lines(gym: Gym, customer_id: int, limit: int = 1) -> list[history.Told]:
    return await gym.database.read(
        lambda tx: history.about(
            tx, gym.organization, EntityKind.CUSTOMER, customer_id, history.Span(limit=limit)
        )
    )


async def test_what_the_rules_refuse_is_overruled_with_a_reason_and_not_without(
    console: Console,
) -> None:
    gym = console.gym
    on = await people(gym)
    path, member = f"customers/{on.merle}/book", console.member()
    form: dict[str, object] = {"slot": on.members_slot, "gets": ""}
    refused = await console.send(path, member, form)
    assert (refused.status_code, "No membership admits" in refused.text) == (200, True)
    sent_along = dict(HIDDEN.findall(refused.text))
    assert sent_along["overrule"] == "NO_CONTINGENT"
    without = await console.send(path, member, {**form, **sent_along})
    assert (without.status_code, "Say why" in without.text) == (200, True)
    done = await console.send(path, member, {**form, **sent_along, "reason": "trial"})
    assert done.status_code == 303
    [line] = await last_lines(gym, on.merle)
    assert (line.command, line.reason) == ("add-booking", "trial")


async def test_a_hidden_class_can_be_filled_at_the_desk(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    await gym.klass("trial", online_booking=OnlineBooking.NO)
    slot_id = await gym.slot("trial")
    path, member = f"customers/{on.zoe}/book", console.member()
    assert "The class is hidden" in await look(console, f"customers/{on.zoe}?slot=trial")
    refused = await console.send(path, member, {"slot": slot_id, "gets": ""})
    form = {**dict(HIDDEN.findall(refused.text)), "reason": "first time"}
    assert (await console.send(path, member, form)).status_code == 303
    assert (await gym.slot_now(slot_id)).seats == 1


async def test_who_was_shown_a_seat_does_not_end_up_waiting(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    await gym.set(tables.slot, on.free_slot, max_participants=1)
    await gym.booked(on.dahlke, on.free_slot)
    form = {"slot": on.free_slot, "gets": "seat"}
    answer = await console.send(f"customers/{on.zoe}/book", console.member(), form)
    assert (answer.status_code, "they would have to wait" in answer.text) == (200, True)
    assert (await gym.slot_now(on.free_slot)).waiting == 0


async def test_nobody_is_booked_into_a_studio_that_is_not_theirs(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    there = await gym.studio("potsdam")
    row = await gym.klass("row", studio_id=there)
    slot_id = await gym.slot(row, studio_id=there)
    answer = await console.send(
        f"customers/{on.merle}/book", console.member(), {"slot": slot_id, "gets": "seat"}
    )
    assert answer.status_code == 403
    missing = await console.send(f"customers/{on.merle}/book", console.member(), {"slot": 99999})
    assert missing.status_code == 404


async def test_a_card_that_is_scanned_checks_in_with_one_button(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    page = f"customers/{on.merle}"
    assert f"bookings/{on.seat}/participation" not in (await look(console, page))
    gym.clock.set(gym.at("18:05", day=MONDAY + timedelta(days=3)))
    assert f"bookings/{on.seat}/participation" in (await look(console, page))
    form = {"participation": "PARTICIPATING", "back": page}
    answer = await console.send(f"bookings/{on.seat}/participation", console.member(), form)
    assert answer.headers["location"].startswith(f"../../customers/{on.merle}")
    assert (await gym.booking_now(on.seat)).participation is Participation.PARTICIPATING


async def look(console: Console, path: str) -> str:
    return (await console.ask(path, console.member(Role.FRONT_DESK))).text


# --- Contracts ----------------------------------------------------------------------------------


async def test_a_membership_is_frozen_after_its_consequences_were_shown(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    path = f"customers/{on.merle}/freeze"
    key = f"membership-{on.flex}"
    form = {"membership": key, "first": "2026-03-03", "last": "2026-03-10"}
    opened = await console.ask(f"{path}?membership={key}", console.member())
    assert "Freeze Flex for Merle Harms" in opened.text
    wrong = await console.send(path, console.member(), {**form, "last": "2026-03-01"})
    assert (wrong.status_code, "It is before the first day" in wrong.text) == (422, True)
    assert (await agreed(console, path, form)).status_code == 303
    memberships = (await entry_of(gym, on.merle)).memberships or ()
    [rest] = next(each.idle_periods or () for each in memberships if each.key == key)
    assert (rest.first_day, rest.last_day) == (date(2026, 3, 3), date(2026, 3, 10))
    foreign = await console.ask(f"{path}?membership=nobody", console.member())
    assert foreign.status_code == 404

    back = {"membership": key, "rest": rest.key}
    assert (await agreed(console, f"customers/{on.merle}/wake", back)).status_code == 303
    memberships = (await entry_of(gym, on.merle)).memberships or ()
    assert next(each.idle_periods for each in memberships if each.key == key) == ()


async def test_a_membership_begins_and_ends(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    form = {"rate": "premium", "first": "2026-03-02", "last": ""}
    assert (await agreed(console, f"customers/{on.zoe}/memberships", form)).status_code == 303
    [new] = (await entry_of(gym, on.zoe)).memberships or ()
    assert (new.rate, new.valid_from, new.valid_until) == ("premium", MONDAY, None)
    path = f"customers/{on.zoe}/end"
    early = await console.send(
        path, console.member(), {"membership": new.key, "last": "2026-03-01"}
    )
    assert (early.status_code, "choose a day on or after it" in early.text) == (422, True)
    done = await agreed(console, path, {"membership": new.key, "last": "2026-04-30"})
    assert done.status_code == 303
    [ended] = (await entry_of(gym, on.zoe)).memberships or ()
    assert ended.valid_until == date(2026, 4, 30)


async def test_a_membership_may_have_contingents_of_its_own_and_is_added_once(
    console: Console,
) -> None:
    gym = console.gym
    on = await people(gym)
    path, member = f"customers/{on.zoe}/memberships", console.member()
    form = {"rate": "basic", "first": "2026-03-02", "last": "", "grants-month": "8"}
    wrong = await console.send(path, member, {**form, "grants-year": "-1"})
    assert (wrong.status_code, "Write a whole number from 0 to" in wrong.text) == (422, True)
    shown = await console.send(path, member, form)
    agreed_to = {**form, **dict(HIDDEN.findall(shown.text))}
    assert (await console.send(path, member, agreed_to)).status_code == 303
    twice = await console.send(path, member, agreed_to)
    assert twice.headers["location"].endswith("again=yes")
    [new] = (await entry_of(gym, on.zoe)).memberships or ()
    assert new.contingents == {Contingent(8, Period.MONTH)}
    assert "of 8 left in March" in await look(console, f"customers/{on.zoe}")


async def test_where_there_is_no_rate_those_who_may_are_led_to_a_new_one(console: Console) -> None:
    path = f"customers/{await console.gym.customer()}/memberships"
    for role, may in ((Role.MANAGER, True), (Role.FRONT_DESK, False)):
        page = (await console.ask(path, console.member(role))).text
        assert "There is no rate yet that a membership could be of." in page
        assert ('href="../../rates/new"' in page) is may


async def test_a_membership_that_ends_flags_bookings_and_says_so_before(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    await gym.klass("club", who_may_book=WhoMayBook.MEMBERS)
    slot_id = await gym.slot("club", day=MONDAY + timedelta(days=4))
    rate = await gym.rate("club")
    held = await gym.membership(on.dahlke, rate)
    await gym.booked(on.dahlke, slot_id)
    form = {"membership": f"membership-{held}", "last": "2026-03-02"}
    shown = await console.send(f"customers/{on.dahlke}/end", console.member(), form)
    assert "Club, Fri 6 Mar, 18:00" in shown.text
    assert ((await entry_of(gym, on.dahlke)).memberships or ())[0].valid_until is None


async def test_somebody_moves_between_the_studios_that_staff_have(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    alone = await console.ask(f"customers/{on.zoe}/move", console.member())
    assert "There is nothing to choose from." in alone.text
    there = await gym.studio("potsdam")
    studios = (gym.studio_id, there)
    form = {"studio": "potsdam"}
    refused = await console.send(f"customers/{on.zoe}/move", console.member(), form)
    assert (await entry_of(gym, on.zoe)).studio == "berlin", refused
    done = await agreed(console, f"customers/{on.zoe}/move", form, studios=studios)
    assert done.status_code == 303
    assert (await entry_of(gym, on.zoe)).studio == "potsdam"


# --- Who they are -------------------------------------------------------------------------------

ZOE = {
    "first_name": "Zoe",
    "last_name": "Dahl",
    "number": "B0083",
    "phone": "0151 2223344",
    "email": "",
    "date_of_birth": "1983-06-08",
    "language": "",
    "gender": "",
    "status": "MEMBER",
}
WAS = {f"was-{name}": value for name, value in ZOE.items()} | {"was-access_refused": ""}


async def test_somebody_new_is_written_down(console: Console) -> None:
    gym = console.gym
    await people(gym)
    form = {
        "first_name": "Xaver",
        "last_name": " Quandt ",
        "number": "B9",
        "email": "x@mail.example",
        "date_of_birth": "1980-02-29",
        "language": "de",
        "gender": "MALE",
        "status": "PROSPECT",
    }
    opened = await console.ask("customers/new?name=Xaver+Quandt", console.member())
    assert 'value="Xaver"' in opened.text
    assert 'value="Quandt"' in opened.text
    answer = await console.send("customers/new", console.member(Role.FRONT_DESK), form)
    assert answer.status_code == 303
    customer_id = int(answer.headers["location"].rpartition("/")[2])
    # Pressed twice, nobody is written down twice.
    twice = await console.send("customers/new", console.member(Role.FRONT_DESK), form)
    assert twice.headers["location"].startswith(f"../customers/{customer_id}?done=")
    assert await entry_of(gym, customer_id) == CustomerEntry(
        key=f"customer-{customer_id}",
        studio="berlin",
        first_name="Xaver",
        last_name="Quandt",
        number="B9",
        date_of_birth=date(1980, 2, 29),
        email="x@mail.example",
        gender=Gender.MALE,
        preferred_language="de",
        status=CustomerStatus.PROSPECT,
        memberships=(),
    )


IMPOSSIBLE: tuple[tuple[dict[str, str], str], ...] = (
    ({"first_name": " ", "last_name": ""}, "A customer needs a name: fill one in."),
    ({"number": "B5022"}, "Another customer has this number: take another one."),
    ({"email": "nowhere"}, "No letter could be sent there"),
    ({"date_of_birth": "1983-02-30"}, "That is no day: write it like 2026-03-02."),
    ({"status": "KING"}, "It is needed: choose one."),
    ({"gender": "KING"}, "It is needed: choose one."),
    ({"first_name": "x" * 201}, "It has more than 200 characters: write it shorter."),
)


async def test_what_can_not_be_is_said_beside_its_field_and_changes_nothing(
    console: Console,
) -> None:
    gym = console.gym
    on = await people(gym)
    before = await entry_of(gym, on.zoe)
    for typed, said in IMPOSSIBLE:
        for path in (f"customers/{on.zoe}/edit", "customers/new"):
            answer = await console.send(path, console.member(), {**ZOE, **WAS, **typed})
            assert (answer.status_code, said in answer.text) == (422, True), (path, typed)
    assert await entry_of(gym, on.zoe) == before
    found = await gym.database.read(lambda tx: customers.find(tx, gym.organization, "dahl"))
    assert {each.id for each in found} == {on.zoe, on.zora, on.dahlke}


async def test_what_others_change_meanwhile_stays(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    path, member = f"customers/{on.zoe}/edit", console.member()
    await gym.set(tables.customer, on.zoe, phone_private_mobile="030 1")
    # The form still shows the old number, and changes something else.
    done = await console.send(path, member, {**ZOE, **WAS, "email": "zoe@mail.example"})
    assert done.status_code == 303
    after = await entry_of(gym, on.zoe)
    assert (after.phone, after.email) == ("030 1", "zoe@mail.example")
    # Where both change the same, it is said, and done when it is sent again.
    both = {**ZOE, **WAS, "email": "zoe@mail.example", "phone": "040 2"}
    told = await console.send(path, member, both)
    assert (told.status_code, "By now it says “030 1”" in told.text) == (422, True)
    again = {**both, **dict(HIDDEN.findall(told.text))}
    assert (await console.send(path, member, again)).status_code == 303
    assert (await entry_of(gym, on.zoe)).phone == "040 2"


async def test_nothing_that_no_database_keeps_is_taken(console: Console) -> None:
    on = await people(console.gym)
    form = {**ZOE, **WAS, "phone": "030\0"}
    answer = await console.send(f"customers/{on.zoe}/edit", console.member(), form)
    assert answer.status_code == 400


async def test_refusing_access_shows_what_becomes_of_bookings(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    await gym.booked(on.zoe, on.free_slot)
    path = f"customers/{on.zoe}/edit"
    form = {**ZOE, **WAS, "access_refused": "yes"}
    shown = await console.send(path, console.member(), form)
    assert (shown.status_code, "Boxen Technik, Mon 2 Mar, 20:30" in shown.text) == (200, True)
    assert not (await entry_of(gym, on.zoe)).access_refused
    assert (await agreed(console, path, form)).status_code == 303
    assert (await entry_of(gym, on.zoe)).access_refused


async def test_the_document_of_ones_data_names_nobody_else(console: Console) -> None:
    gym = console.gym
    on = await people(gym)
    found = await gym.database.read(lambda tx: export_of(tx, gym.organization, on.merle))
    assert found is not None
    text = json.dumps(found)
    assert len(found["bookings"]) == 15
    assert "merle.harms@mail.example" in text
    assert "Kunde" not in text
    assert await gym.database.read(lambda tx: export_of(tx, gym.organization, 99999)) is None
