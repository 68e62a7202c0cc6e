"""The gym file as pages: what it would do is shown, what others changed is decided, and then it is loaded."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from kursplan import gymfile
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.domain.accounts import Role, StaffMember
from kursplan.domain.actors import Actor, Origin
from kursplan.store import tables
from tests.cli.conftest import listed
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.forms import form_of
from tests.gym import Gym
from tests.gymfile.test_three_way import CELLS

VALUES = {"a": "+49 30 1001", "b": "+49 30 1002", "c": "+49 30 1003", "s": None}
PEOPLE = {f"k{number:02}": cell for number, cell in enumerate(CELLS)}
HEAD = "organization: {key: gym-1}\n"

CLASS = """
classes:
  - {key: yoga, studio: berlin, title: %s, duration: 60, max_participants: %s}
"""
EVENING = """
slots:
  - {key: evening, class: yoga, start: %s}
"""


@pytest.fixture
async def house(console: Console) -> Console:
    await listed(console.gym)
    return console


@pytest.fixture
def owner(house: Console) -> StaffMember:
    return house.member(Role.OWNER)


def document(said: dict[str, str], *sections: str) -> bytes:
    """Customers of whom the file says that of their telephone, `-` being nothing; and more."""
    lines = [HEAD, "customers:"]
    for key, value in said.items():
        phone = "" if value == "-" else f", phone: {json.dumps(VALUES[value])}"
        lines.append(f"  - {{key: {key}, studio: berlin, first_name: P, last_name: {key}{phone}}}")
    return "\n".join([*lines, *sections]).encode()


async def load(gym: Gym, data: bytes) -> None:
    """As the command loads it."""
    await gymfile.load(
        gym.desk,
        gym.database,
        gym.clock,
        gymfile.read(data),
        by=Actor.gym_file("gym.yaml", "staff"),
        horizon_days=7,
    )


async def phones(gym: Gym) -> dict[str, str | None]:
    query = select(tables.customer.c.key, tables.customer.c.phone_private_mobile)
    return {
        row.key: row.phone_private_mobile
        for row in await gym.database.read(lambda tx: tx.execute(query).all())
    }


async def kept(gym: Gym) -> dict[str, object]:
    """What is kept as said by the file of each telephone."""
    query = select(tables.told.c.key, tables.told.c.members).where(
        tables.told.c.section == "customers"
    )
    rows = await gym.database.read(lambda tx: tx.execute(query).all())
    return {row.key: json.loads(row.members).get("phone", "-") for row in rows}


def told(page: str) -> dict[str, set[str]]:
    """Of whom the page says what: in conflict, changed, left."""
    parts = {
        "conflict": r'aria-labelledby="conflicts".*?</section>',
        "changed": r'aria-labelledby="entries".*?</section>',
        "left": r"<details class=\"sheet\">.*?</details>",
    }
    found = {}
    for word, pattern in parts.items():
        part = re.search(pattern, page, re.DOTALL)
        found[word] = set(re.findall(r"Customer (k\d\d)", part[0])) if part else set()
    return found


async def test_every_cell_of_the_table_where_the_console_and_a_file_change_the_same(
    house: Console, owner: StaffMember
) -> None:
    """What the file said, what it says, and what somebody made of it at the console meanwhile."""
    gym = house.gym
    await load(gym, document({key: then for key, (then, *_) in PEOPLE.items()}))
    for key, (then, _now, there, *_) in PEOPLE.items():
        stands = "s" if then == "-" else then
        if there != stands:
            await _edit(house, owner, key, VALUES[there] or "")
    expected: dict[str, set[str]] = {
        word: {key for key, cell in PEOPLE.items() if cell[5] == word}
        for word in ("conflict", "changed", "left")
    }
    file = ("gym.yaml", document({key: now for key, (_, now, *_) in PEOPLE.items()}))

    shown = await house.send("gym-file/look", owner, file=file)
    assert told(shown.text) == expected

    done = await house.send("gym-file/look", owner, form_of(shown.text) | {"do": "load"})
    assert done.headers["location"] == f"../gym-file?loaded={len(expected['conflict'])}"
    assert await phones(gym) == {key: VALUES[cell[3]] for key, cell in PEOPLE.items()}
    said = {key: "-" if cell[4] == "-" else VALUES[cell[4]] for key, cell in PEOPLE.items()}
    assert await kept(gym) == said

    # Conflicts are told until somebody decides: here every second one for the file.
    again = await house.send("gym-file/look", owner, file=file)
    assert told(again.text) == expected | {"changed": set()}
    fields = form_of(again.text)
    choices = sorted(each for each in fields if each.startswith("wins-"))
    assert len(choices) == len(expected["conflict"])
    names = dict(re.findall(r'Customer (k\d\d)</span>.*?name="(wins-\w+)"', again.text, re.DOTALL))
    decided = sorted(names)[::2]
    fields |= {names[key]: "file" for key in decided}
    asked = await house.send("gym-file/look", owner, fields | {"do": "load"})
    assert "What the file would change is not what you saw." in asked.text
    assert told(asked.text)["changed"] == set(decided)
    await house.send("gym-file/look", owner, form_of(asked.text) | {"do": "load"})
    assert await phones(gym) == {
        key: VALUES[cell[1] if key in decided else cell[3]] for key, cell in PEOPLE.items()
    }


async def _edit(house: Console, member: StaffMember, key: str, phone: str) -> None:
    """Somebody changes the telephone of a customer at the console."""
    query = select(tables.customer.c.id).where(tables.customer.c.key == key)
    row_id = await house.gym.database.read(lambda tx: tx.execute(query).scalar_one())
    path = f"customers/{row_id}/edit"
    form = form_of((await house.ask(path, member)).text, path)
    done = await house.send(path, member, form | {"phone": phone})
    assert done.status_code == 303, done.text


CLOSURE = """
studios:
  - key: berlin
    name: Studio Berlin
    zone: Europe/Berlin
    closures: [%s]
"""
EASTER = "{key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00, reason: %s}"


@pytest.mark.parametrize("wins", ["house", "file"])
async def test_what_one_side_took_away_and_the_other_changed_is_decided_as_a_whole(
    house: Console, owner: StaffMember, wins: str
) -> None:
    gym = house.gym
    await load(gym, (HEAD + CLOSURE % (EASTER % "Easter")).encode())
    open_again = OpenStudio(gym.organization, gym.studio_id, "easter")
    await gym.desk.execute(open_again, by=owner.actor)

    shown = await _looked_at(house, owner, HEAD + CLOSURE % (EASTER % "Holidays"))
    assert "taken away here" in shown
    await _decide(house, owner, shown, wins)
    assert await _closures(gym) == ([] if wins == "house" else ["Holidays"])


@pytest.mark.parametrize("wins", ["house", "file"])
async def test_the_same_the_other_way_round(house: Console, owner: StaffMember, wins: str) -> None:
    gym = house.gym
    await load(gym, (HEAD + CLOSURE % (EASTER % "Easter")).encode())
    at = (gym.wall("00:00").replace(month=4, day=3), gym.wall("00:00").replace(month=4, day=7))
    other = CloseStudio(gym.organization, gym.studio_id, "easter", *at, "Easter party")
    await gym.desk.execute(other, by=owner.actor)

    shown = await _looked_at(house, owner, HEAD + CLOSURE % "", remove="yes")
    assert "not in the file any more" in shown
    await _decide(house, owner, shown, wins)
    assert await _closures(gym) == (["Easter party"] if wins == "house" else [])


async def _looked_at(house: Console, owner: StaffMember, text: str, **fields: str) -> str:
    file = ("gym.yaml", text.encode())
    return (await house.send("gym-file/look", owner, fields, file=file)).text


async def _decide(house: Console, owner: StaffMember, shown: str, wins: str) -> None:
    """One button decides all of them; then it is loaded as it is shown."""
    decided = await house.send("gym-file/look", owner, form_of(shown) | {"all": wins})
    done = await house.send("gym-file/look", owner, form_of(decided.text) | {"do": "load"})
    assert done.status_code == 303, done.text


async def _closures(gym: Gym) -> list[str | None]:
    query = select(tables.closure.c.reason)
    return list(await gym.database.read(lambda tx: tx.execute(query).scalars().all()))


# --- What it means for people -------------------------------------------------------------------


async def test_whom_it_takes_something_from_is_shown_before_and_told_after(
    house: Console, owner: StaffMember
) -> None:
    gym = house.gym
    slot_file = HEAD + CLASS % ("Yoga", 20) + EVENING
    await load(gym, (slot_file % "2026-03-09T18:00").encode())
    slot = (await gym.database.read(lambda tx: tx.execute(select(tables.slot.c.id)))).scalar_one()
    anna = await gym.customer("Anna", phone_private_mobile="+49 170 1")
    await gym.booked(anna, slot)
    later = slot_file % "2026-03-09T19:00"

    shown = await _looked_at(house, owner, later)
    assert "1 slot moves" in shown
    assert "It takes 1 of 1 booking to come, or moves it." in shown
    unsure = await house.send("gym-file/look", owner, form_of(shown) | {"do": "load"})
    assert "Type how many: 1." in unsure.text
    fields = form_of(unsure.text) | {"do": "load", "takes": "1"}
    await gym.booked(await gym.customer("Ben"), slot)
    meanwhile = await house.send("gym-file/look", owner, fields)
    assert "Ben Mustermann came to it and is in the list below." in meanwhile.text

    fields = form_of(meanwhile.text) | {"do": "load", "takes": "2"}
    done = await house.send("gym-file/look", owner, fields)
    where = str(done.headers["location"]).lstrip("./")
    assert where.startswith("told?")
    whom = await house.ask(where, owner)
    assert "Yoga is not Mon 9 Mar, 18:00 but Mon 9 Mar, 19:00" in whom.text
    assert "+49 170 1" in whom.text
    by = select(tables.history.c.origin, tables.history.c.who, tables.history.c.file).order_by(
        tables.history.c.id.desc()
    )
    line = (await gym.database.read(lambda tx: tx.execute(by))).first()
    assert tuple(line or ()) == (Origin.CONSOLE, "1", "gym.yaml")


async def test_who_changed_it_here_stands_beside_what_they_made_of_it(
    house: Console, owner: StaffMember
) -> None:
    gym = house.gym
    await gym.insert(
        tables.staff_account,
        id=owner.account_id,
        email="w@example.org",
        name="Wiebke Lüders",
        role=Role.OWNER,
        language="de",
        recovery=(),
        created_at=gym.now,
    )
    await load(gym, document({"k00": "a"}))
    await _edit(house, owner, "k00", "+49 30 1003")
    german = house.member(Role.OWNER, language="de")
    shown = await house.send("gym-file/look", german, file=("gym.yaml", document({"k00": "b"})))
    assert "Wiebke Lüders, Mo., 2. März, 08:00" in shown.text
    assert "1 Konflikt" in shown.text
    for value in ("+49 30 1001", "+49 30 1002", "+49 30 1003"):
        assert value in shown.text


# --- What can't be taken ------------------------------------------------------------------------


async def test_every_mistake_is_told_with_its_line_and_nothing_is_changed(
    house: Console, owner: StaffMember
) -> None:
    before = await _rows(house.gym)
    text = HEAD + CLASS % ("Yoga", "many") + "\nsereis: []\n"
    with capture_logs() as logged:
        answer = await house.send(
            "gym-file/look", owner, {"remove": "yes"}, file=("gym.yaml", text.encode())
        )
    assert answer.status_code == 422
    assert "The file has 2 mistakes" in answer.text
    assert "Line 4" in answer.text
    assert "Line 6" in answer.text
    assert "did you mean" in answer.text
    assert 'name="remove" value="yes" checked' in answer.text
    assert "Yoga" not in str(logged)
    for other in (b"\x00\xff\xfe", b"", b"[]", HEAD.replace("gym-1", "gym-2").encode()):
        answer = await house.send("gym-file/look", owner, file=("gym.yaml", other))
        assert answer.status_code == 422, other
    assert await _rows(house.gym) == before


async def test_mistakes_and_warnings_are_told_in_the_language_of_who_reads(house: Console) -> None:
    german = house.member(Role.OWNER, language="de")
    text = HEAD + CLASS % ("Yoga", "many") + EVENING % "03/04/2026" + "sereis: []\n"
    answer = await house.send("gym-file/look", german, file=("gym.yaml", text.encode()))
    for expected in (
        "Zeile 4",
        "ist &#39;many&#39;, muss aber eine ganze Zahl von 0 bis 100000 oder null sein",
        "und das ist kein Tag mit Uhrzeit: schreibe es wie &#34;2026-03-02T18:00&#34;",
        "ist hier unbekannt; ist &#39;series&#39; gemeint?",
    ):
        assert expected in answer.text, answer.text
    early = HEAD + CLASS % ("Yoga", 12) + EVENING % "2020-03-02T18:00"
    looked = await house.send("gym-file/look", german, file=("gym.yaml", early.encode()))
    assert "beginnt in der Vergangenheit: es wird nichts geändert" in looked.text
    for page in (answer, looked):
        assert ' lang="en"' not in page.text


async def test_nobody_loads_into_another_company_and_nobody_founds_one(
    house: Console, owner: StaffMember
) -> None:
    await house.gym.insert(tables.organization_directory, key="other", organization_id=77)
    for key in ("other", "new-one"):
        text = f"organization: {{key: {key}, name: Mine}}\nrates: [{{key: flex, name: Flex}}]"
        answer = await house.send("gym-file/look", owner, file=("gym.yaml", text.encode()))
        assert answer.status_code == 422
        assert "this file is of another organization" in answer.text


async def test_a_form_without_a_file_or_with_what_was_never_one_changes_nothing(
    house: Console, owner: StaffMember
) -> None:
    assert (await house.send("gym-file/look", owner)).status_code == 422
    assert (await house.send("gym-file/look", owner, file=("", b""))).status_code == 422
    for packed in ("!!!", "AAAA", "eJwDAAAAAAE"):
        answer = await house.send("gym-file/look", owner, {"packed": packed})
        assert answer.status_code == 400, packed
    large = await house.send(
        "gym-file/look", owner, file=("gym.yaml", b"# " + b"x" * (17 * 1024 * 1024))
    )
    assert large.status_code == 413


async def _rows(gym: Gym) -> dict[str, int]:
    def count(tx: object) -> dict[str, int]:
        return {
            each.name: len(tx.execute(select(each)).all())  # type: ignore[attr-defined]
            for each in tables.metadata.sorted_tables
        }

    return await gym.database.read(count)


# --- Taking it along ----------------------------------------------------------------------------


async def test_what_is_taken_along_is_what_was_ticked_and_comes_back_without_a_change(
    house: Console, owner: StaffMember
) -> None:
    await load(house.gym, document({"k00": "a"}, CLASS % ("Yoga", 20)))
    whole = await house.ask("gym-file/download", owner)
    assert whole.headers["content-disposition"] == 'attachment; filename="gym-1.yaml"'
    assert whole.headers["cache-control"] == "no-store"
    part = await house.ask("gym-file/download?classes=yes&studios=yes", owner)
    assert "k00" in whole.text
    assert "k00" not in part.text
    assert "title: Yoga" in part.text
    for each in (whole, part):
        shown = await house.send("gym-file/look", owner, file=("gym.yaml", each.content))
        assert "Nothing changes." in shown.text or "there is nothing to be done" in shown.text


# --- In a browser -------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False])
async def test_a_file_is_looked_at_decided_and_loaded(
    served: Console, open_tab: OpenTab, tmp_path: Path, script: bool
) -> None:
    gym = (await listed(served.gym)) and served.gym
    owner = served.member(Role.OWNER)
    await load(gym, document({"k00": "a", "k01": "a"}, CLASS % ("Yoga", 20)))
    for key in ("k00", "k01"):
        await _edit(served, owner, key, "+49 30 1003")
    file = tmp_path / "my-gym.yaml"
    file.write_bytes(document({"k00": "b", "k01": "b"}, CLASS % ("Hatha", 20)))
    tab = await open_tab(owner, java_script_enabled=script)
    page = tab.page
    await tab.goto("gym-file")
    if script:
        assert await tab.barriers() == []
    await page.set_input_files("#file", file)
    await page.click("text=See what it would do")
    if script:
        assert await tab.barriers() == []
        await tab.size(PHONE)
        assert await tab.wider_than_it_should() <= 0
        assert await tab.barriers(["light"]) == []
        await tab.size({"width": 1440, "height": 900})
    await page.locator(".side", has_text="Take the file’s").first.click()
    await page.get_by_role("button", name="See what that does").click()
    await page.click("text=Load the file")
    await page.wait_for_url("**/gym-file?loaded=1")
    assert "1 conflict was left as it is here." in await page.inner_text("main")
    assert await phones(gym) == {"k00": "+49 30 1002", "k01": "+49 30 1003"}
