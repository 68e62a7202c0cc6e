"""The gym file beside the console: both change the same gym, and neither undoes the other."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import delete

from kursplan import gymfile
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.classes import RecordClass
from kursplan.desk.close_studio import OpenStudio
from kursplan.desk.contracts import EndMembership
from kursplan.desk.customers import DeleteCustomers, RecordCustomers
from kursplan.desk.edit_series import AllFuture, EditSeries
from kursplan.desk.end_series import EndSeries
from kursplan.desk.engine.overtaken import Overtaken
from kursplan.desk.studios import RecordStudio
from kursplan.domain.slots import SlotStatus
from kursplan.domain.terms import Term
from kursplan.gymfile.compare import compare
from kursplan.gymfile.findings import Disagreement
from kursplan.gymfile.stored import stored
from kursplan.gymfile.three_way import Wish
from kursplan.store import tables
from kursplan.store.entries.told import of_customers
from kursplan.store.rules import series
from kursplan.webhooks.egress import EgressPolicy
from tests.gym import STAFF
from tests.gymfile.house import GYM, House, edit

HATHA = edit(("title: Yoga", "title: Hatha"))


async def by_hand(house: House, key: str, **values: Any) -> None:
    """Staff change a class."""
    found = await house.database.read(lambda tx: stored(tx, "muster-gym"))
    kept = found.classes[key]
    entry = replace(kept.entry, **values)
    await house.desk.execute(RecordClass(await house.organization(), kept.id, entry), by=STAFF)


async def forget_what_files_said(house: House) -> None:
    """As it is with a gym that was loaded before what files say was kept."""
    await house.database.write(lambda tx: tx.execute(delete(tables.told)))


def told(found: list[Disagreement]) -> list[tuple[str, str, Any, Any, Any]]:
    return [
        (str(each.entry), each.member.name, each.member.then, each.member.now, each.member.there)
        for each in found
    ]


async def test_what_others_changed_stays_and_what_the_file_changed_is_applied(
    house: House,
) -> None:
    await house.load()
    await by_hand(house, "yoga", title="Pilates", promotion_ends=Term.parse("5 HOURS"))

    assert await house.changes(GYM) == {}
    done = await house.load(edit(("title: Yoga, duration: 60", "title: Yoga, duration: 75")))

    assert told(done.left) == [("class yoga", "title", "Yoga", "Yoga", "Pilates")]
    yoga = await house.row(tables.class_, key="yoga")
    assert (yoga.title, yoga.duration, str(yoga.promotion_ends)) == ("Pilates", 75, "5 HOURS")


async def test_what_both_changed_is_told_with_both_values_until_somebody_decides(
    house: House,
) -> None:
    await house.load()
    await by_hand(house, "yoga", title="Pilates")

    for _ in range(2):
        done = await house.load(HATHA)
        assert told(done.conflicts) == [("class yoga", "title", "Yoga", "Hatha", "Pilates")]
        assert str(done.conflicts[0]) == (
            "line 42, classes[0].title: the file says 'Hatha' and said 'Yoga';"
            " there it is 'Pilates', and stays"
        )
        assert (await house.row(tables.class_, key="yoga")).title == "Pilates"

    assert await house.changes(HATHA, prefer_file=True) == {"classes": (0, 1, 0)}
    assert (await house.row(tables.class_, key="yoga")).title == "Hatha"
    assert (await house.preview(HATHA)).conflicts == []


async def test_of_a_gym_that_was_loaded_before_nobody_knows_what_the_file_said(
    house: House,
) -> None:
    await house.load()
    await forget_what_files_said(house)

    edited = edit(
        ("title: Yoga", "title: Hatha"),
        ("location: hall\n", "location: hall\n    max_waiting_list: 7\n"),
    )
    done = await house.load(edited)

    # What has its default nobody has changed; of all else it is not known.
    assert done.summary.sections["series"].changed == 1
    [conflict] = done.conflicts
    assert conflict.says == (
        "the file says 'Hatha' and nobody knows what the file said before;"
        " there it is 'Yoga', and stays"
    )
    # From the first load on it is known, also where nothing had to be changed.
    await forget_what_files_said(house)
    assert await house.changes(edit(("title: Yoga", "title: Hatha")), prefer_file=True) == {
        "classes": (0, 1, 0)
    }
    assert await house.changes(edit(("title: Yoga", "title: Nidra"))) == {"classes": (0, 1, 0)}
    assert await house.changes(
        edit(("duration: 45", "duration: 50"), ("title: Yoga", "title: Nidra"))
    ) == {"classes": (0, 1, 0)}


PARTIAL = """
organization: {key: muster-gym}
customers:
  - {key: c1, studio: berlin, first_name: Erika, last_name: Mustermann-Meier}
"""


async def test_a_member_that_the_file_does_not_have_is_not_reset(house: House) -> None:
    await house.load()
    before = await house.row(tables.customer, key="c1")

    assert await house.changes(PARTIAL) == {"customers": (0, 1, 0)}

    after = await house.row(tables.customer, key="c1")
    changed = {name for name, value in after._mapping.items() if value != before._mapping[name]}
    assert changed == {"last_name", "last_name_folded"}
    # What is to be empty is said to be.
    empty = PARTIAL.replace("Mustermann-Meier", "Mustermann-Meier, phone: null, number: null")
    assert await house.changes(empty) == {"customers": (0, 1, 0)}
    after = await house.row(tables.customer, key="c1")
    assert (after.number, after.phone_private_mobile, after.email) == (
        None,
        None,
        "erika@muster.example",
    )


async def test_every_section_leaves_alone_what_a_file_does_not_say(house: House) -> None:
    """Nothing but keys and what can't be left out, of everything: nothing changes."""
    await house.load()
    before = await house.everything()
    bare = """
organization: {key: muster-gym}
studios:
  - {key: berlin, name: Muster-Gym Berlin, zone: Europe/Berlin, locations: [{key: loft, name: Loft}], closures: [{key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00}]}
  - {key: lisbon, name: Muster-Gym Lisboa, zone: Europe/Lisbon}
employees: [{key: jo, first_name: Jo, last_name: Null-Otto, studios: [berlin, lisbon]}]
rates: [{key: flex, name: Flex}]
classes: [{key: yoga, studio: berlin, title: Yoga, duration: 60}, {key: spin, studio: berlin, title: Spinning, duration: 45}]
series: [{key: spin-noon, class: spin, weekdays: [TUESDAY], start: "12:00", first_day: 2026-03-03}, {key: yoga-evening, class: yoga, weekdays: [MONDAY, THURSDAY], start: "18:00", first_day: 2026-03-02}]
slots: [{key: open-day, class: yoga, start: 2026-03-14T10:00}]
customers: [{key: c1, studio: berlin, first_name: Erika, last_name: Mustermann, memberships: [{key: m1, rate: flex, from: 2026-01-01}]}]
applications: [{key: app, name: App, integrations: [{studio: lisbon, scopes: [CLASSES_READ]}]}]
"""

    assert await house.changes(bare) == {}
    assert await house.everything() == before


async def test_the_limits_of_a_series_go_back_to_those_of_the_class(house: House) -> None:
    await house.load()
    own = edit(("max_participants: null\n", "max_participants: CLASS\n"))

    assert await house.changes(own) == {"series": (0, 1, 0)}

    row = await house.row(tables.series, key="yoga-evening")
    assert (tuple(row.own), row.max_participants) == ((), None)
    assert await house.changes(own) == {}


# --- Nothing ends by being missing --------------------------------------------------------------


@pytest.fixture
async def dumped(house: House) -> str:
    await house.load()
    text = await house.dump()
    await house.load(text)
    return text


@pytest.mark.parametrize("style", ["as it was written", "as it is dumped"])
async def test_a_file_that_is_cut_off_at_every_line_removes_nothing(
    house: House, dumped: str, style: str
) -> None:
    text = GYM if style == "as it was written" else dumped
    if text is GYM:
        await house.load(GYM)
    sections = tuple(gymfile.Summary().sections)
    before = await house.database.read(
        lambda tx: stored(
            tx, "muster-gym", told_in=(*sections, "closures", "locations", "organization")
        )
    )
    lines = text.splitlines(keepends=True)
    valid, asked = 0, 0
    for count in range(len(lines)):
        try:
            cut = gymfile.read("".join(lines[:count]))
        except gymfile.GymFileMistakes:
            continue
        valid += 1
        found = compare(cut, before, house.clock.now())
        assert [str(each.entry) for each in found.changes] == [], count
        assert found.summary.nothing, count
        with_remove = compare(cut, before, house.clock.now(), Wish(remove=True))
        asked += with_remove.takes_something
    # Much of it can be read, and would end what is missing where that is asked for.
    assert valid > len(lines) / 4
    assert asked > 5


async def test_what_is_missing_is_told_and_taken_away_where_that_is_asked_for(
    house: House, dumped: str
) -> None:
    cut = dumped[: dumped.index("- key: yoga-evening")] + dumped[dumped.index("- key: spin-noon") :]

    found = await house.preview(cut)

    assert [str(each) for each in found.missing] == ["series yoga-evening"]
    assert await house.changes(cut) == {}
    assert await house.changes(cut, remove=True) == {"series": (0, 0, 1)}
    assert (await house.row(tables.series, key="yoga-evening")).last_day == date(2026, 3, 1)
    assert await house.changes(cut, remove=True) == {}


async def test_what_was_never_in_a_file_is_not_taken_away(house: House) -> None:
    await house.load()
    await forget_what_files_said(house)
    without = "organization: {key: muster-gym}\nseries: []\nslots: []\napplications: []"

    found = await house.preview(without, remove=True)

    assert found.summary.nothing
    assert {str(each) for each in found.only_there} == {
        "series yoga-evening",
        "series spin-noon",
        "slot open-day",
        "slot trial",
        "application app",
    }


async def test_what_others_changed_is_not_taken_away_unless_the_file_is_preferred(
    house: House,
) -> None:
    await house.load()
    organization, series_id = await house.organization(), await house.id(tables.series, "spin-noon")
    known = await house.database.read(lambda tx: series.load(tx, organization, series_id))
    assert known is not None
    later = replace(known.plan, start_time=time(13))
    await house.desk.execute(EditSeries(organization, series_id, AllFuture(), later), by=STAFF)
    spin = GYM[GYM.index("  - key: spin-noon") : GYM.index("slots:\n")]
    without = edit((spin, "\n"))

    done = await house.load(without, remove=True)

    assert told(done.conflicts)[0][:2] == ("series spin-noon", "start")
    assert done.summary.nothing
    assert await house.changes(without, remove=True, prefer_file=True) == {"series": (0, 0, 1)}


# --- A mistyped key -----------------------------------------------------------------------------


async def test_a_mistyped_key_founds_no_second_company(house: House) -> None:
    await house.load()

    with pytest.raises(gymfile.GymFileMistakes) as wrong:
        await house.load(edit(("key: muster-gym", "key: muster-gmy")))
    with pytest.raises(gymfile.GymFileMistakes) as there:
        await house.load(GYM, new=True)

    assert [str(each) for each in wrong.value.mistakes] == [
        "line 1, organization.key: there is no organization 'muster-gmy': did you mean 'muster-gym'? To found one, give --new"
    ]
    assert "leave out --new" in str(there.value)
    assert len(await house.rows(tables.organization)) == 1


# --- Warnings -----------------------------------------------------------------------------------


async def test_what_has_no_effect_is_told_and_no_mistake(house: House) -> None:
    await house.load()
    organization = await house.organization()
    await house.desk.execute(
        CancelSlot(organization, await house.id(tables.slot, "trial")), by=STAFF
    )
    evening = await house.id(tables.series, "yoga-evening")
    await house.desk.execute(EndSeries(organization, evening, date(2026, 3, 2)), by=STAFF)
    berlin = await house.id(tables.studio, "berlin")
    await house.desk.execute(OpenStudio(organization, berlin, "easter"), by=STAFF)
    text = edit(
        ("    closures:\n", "    closures:\n      - {key: old, from: 2025-01-01T00:00, to: 2025-01-02T00:00}\n"),
        ("slots:\n", "slots:\n  - {key: past, class: yoga, start: 2026-03-01T10:00}\n"),
        ("series:\n", "series:\n  - {key: old-yoga, class: yoga, weekdays: [MONDAY], start: '09:00', first_day: 2025-03-02, last_day: 2025-12-31}\n  - {key: never, class: yoga, weekdays: [SUNDAY], start: '09:00', first_day: 2026-03-09, last_day: 2026-03-13}\n"),
        ("customers:\n", "customers:\n  - {key: nobody, deleted: true}\n"),
    )  # fmt: skip

    done = await house.load(text)

    said = [f"{each.path}: {each.says}" for each in done.warnings]
    assert said == [
        "studios[0].closures[0]: is past: nothing is changed",
        "studios[0].closures[1]: was taken away by others, and stays away; the file did not change it",
        "series[0]: ended on 2025-12-31: nothing is planned",
        "series[1].weekdays: never come between 'first_day' and 'last_day': the series has no slot",
        "series[2]: ended on 2026-03-01 and stays so; to have it go on, give it a later 'last_day', or null, and load it with --prefer file",
        "slots[0]: starts in the past: nothing is changed",
        "slots[2]: was cancelled and stays so; a new slot needs another key",
        "customers[0].deleted: there is nobody by the key 'nobody': nobody is deleted",
    ]
    assert [str(each.entry) for each in done.changes] == ["series never"]
    assert {each.line for each in done.warnings} != {0}
    goes_on = edit(("location: hall\n", "location: hall\n    last_day: null\n"))
    assert await house.changes(goes_on) == {}
    assert await house.changes(goes_on, prefer_file=True) == {"series": (0, 1, 0)}
    thursday = await house.slot(await house.slot_on(date(2026, 3, 5)))
    assert thursday.status is SlotStatus.PLANNED


async def test_a_contract_that_staff_ended_does_not_go_on_by_itself(house: House) -> None:
    await house.load()
    c1 = await house.id(tables.customer, "c1")
    end = EndMembership(await house.organization(), c1, "m1", date(2026, 3, 1))
    await house.desk.execute(end, by=STAFF)

    done = await house.load(GYM)

    assert done.summary.nothing
    [warning] = done.warnings
    assert warning.path == "customers[0].memberships[0]"
    assert warning.says.startswith("is over and stays so; to have it go on, say 'until'")
    goes_on = edit(("from: 2026-01-01\n", "from: 2026-01-01\n        until: null\n"))
    assert [each.member.name for each in (await house.load(goes_on)).conflicts] == ["until"]
    assert await house.changes(goes_on, prefer_file=True) == {"memberships": (0, 1, 0)}


async def test_rates_are_named_again_when_they_mean_something_again(house: House) -> None:
    await house.load()
    everyone = edit(
        ("    who_may_book: NAMED_RATES\n    rates: [flex, gold]\n", "    who_may_book: EVERYONE\n")
    )
    assert await house.changes(everyone) == {"classes": (0, 1, 0)}
    assert await house.rows(tables.class_rate) == []

    assert await house.changes(GYM) == {"classes": (0, 1, 0)}
    assert len(await house.rows(tables.class_rate)) == 2


async def test_a_number_that_staff_gave_to_another_is_only_a_mistake_where_it_is_wanted(
    house: House,
) -> None:
    await house.load()
    found = await house.database.read(lambda tx: stored(tx, "muster-gym"))
    one, other = found.customers["c1"], found.customers["c3"]
    organization = await house.organization()
    for kept, number in ((one, None), (other, "1001")):
        entry = replace(kept.entry, number=number)
        await house.desk.execute(RecordCustomers(organization, {kept.id: entry}), by=STAFF)
    only_c1 = f"organization: {{key: muster-gym}}\ncustomers:\n{C1}"

    done = await house.load(only_c1)
    assert told(done.left) == [("customer c1", "number", "1001", "1001", None)]
    await house.load(only_c1.replace('number: "1001"', "number: null"))
    with pytest.raises(gymfile.GymFileMistakes) as wrong:
        await house.load(only_c1)
    assert [str(each) for each in wrong.value.mistakes] == [
        "line 5, customers[0].number: is the number of the customer 'c3'"
    ]


C1 = GYM[GYM.index("  - key: c1\n") : GYM.index("  - key: c2\n")]


async def test_two_that_belong_together_are_looked_at_together(house: House) -> None:
    await house.load()
    await by_hand(house, "yoga", latest_booking=Term.parse("3 DAY"))

    with pytest.raises(gymfile.GymFileMistakes) as wrong:
        await house.load(
            edit(
                ("title: Yoga, duration: 60", "title: Yoga, duration: 60, earliest_booking: 1 DAY")
            )
        )

    [mistake] = wrong.value.mistakes
    assert mistake.path == "classes[0].earliest_booking"
    assert "open 1 DAY before the start and close 3 DAY before it" in mistake.says


# --- While it is loaded -------------------------------------------------------------------------


async def test_who_changes_something_while_it_is_loaded_is_not_overrun(house: House) -> None:
    await house.load()
    told_at = '{studio: berlin, scopes: [CLASSES_READ, CLASSES_WRITE], webhooks: {url: "https://a.example/"}}'
    text = edit(
        ("{studio: berlin, scopes: [CLASSES_READ, CLASSES_WRITE]}", told_at),
        ("title: Yoga, duration: 60", "title: Yoga, duration: 75"),
    )
    looked_up: list[str] = []

    async def look_up(host: str, _port: int) -> list[str]:
        """By now it is known what differs, and nothing of it is done."""
        if not looked_up:
            await by_hand(house, "yoga", title="Pilates")
        looked_up.append(host)
        return ["203.0.114.7"]

    await house.load(text, egress=EgressPolicy(look_up))

    yoga = await house.row(tables.class_, key="yoga")
    assert (yoga.title, yoga.duration) == ("Pilates", 75)
    # What had been found out before was not done: it was looked at again.
    assert len(looked_up) == 2


async def test_a_command_that_was_overtaken_does_nothing(house: House) -> None:
    await house.load()
    found = await house.database.read(lambda tx: stored(tx, "muster-gym"))
    kept = found.studios["berlin"]
    stale = replace(kept.entry, name="Other")
    organization = await house.organization()

    with pytest.raises(Overtaken):
        await house.desk.execute(RecordStudio(organization, kept.id, kept.entry, stale), by=STAFF)
    person = found.customers["c1"]
    renamed = {person.id: replace(person.entry, first_name="E")}
    other = {person.id: replace(person.entry, first_name="X")}
    with pytest.raises(Overtaken):
        await house.desk.execute(RecordCustomers(organization, renamed, other), by=STAFF)


# --- What is kept of what a file said -----------------------------------------------------------


async def test_what_a_file_said_of_customers_goes_with_them(house: House) -> None:
    await house.load()
    kept = await house.rows(tables.told, section="customers")
    assert {row.key for row in kept} == {"c1", "c2", "c3"}
    assert json.loads(kept[0].members)["last_name"] == "Mustermann"

    organization, c1 = await house.organization(), await house.id(tables.customer, "c1")
    said = (await house.database.read(lambda tx: of_customers(tx, organization, [c1])))["c1"]
    assert said["memberships"]["m1"]["rate"] == "flex"

    await house.desk.execute(DeleteCustomers(organization, frozenset({c1})), by=STAFF)

    rows = await house.everything()
    assert "Mustermann" not in repr([rows["told"], rows["customer"]])
    assert {row.key for row in await house.rows(tables.told, section="customers")} == {"c2", "c3"}


async def test_of_employees_too(house: House) -> None:
    await house.load()
    text = "organization: {key: muster-gym}\nemployees: [{key: jo, deleted: true}]"
    await house.load(text)
    assert {row.key for row in await house.rows(tables.told, section="employees")} == {"ina"}


async def test_the_history_tells_what_the_file_did(house: House) -> None:
    await house.load()
    before = len(await house.rows(tables.history))

    await house.load(edit(("title: Yoga", "title: Hatha")))

    [line] = (await house.rows(tables.history))[before:]
    assert (line.command, line.origin) == ("record-class", "GYM_FILE")
