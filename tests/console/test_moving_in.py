"""Moving in by pages: how a file was understood, what is answered, what is left out, and what comes of it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from kursplan.domain.accounts import Role, StaffMember
from kursplan.domain.bookings import BookingStatus
from kursplan.store import tables
from kursplan.store.engine.rows import AnyRow
from tests.cli.conftest import listed
from tests.console.browser import PHONE
from tests.console.conftest import OpenTab
from tests.console.desk import Console
from tests.console.forms import form_of
from tests.gym import Gym
from tests.imports.dialects import text

MEMBERS = (
    ("Mitgliedsnummer", "Vorname", "Nachname", "E-Mail", "Geburtsdatum", "Status", "Handynr"),
    ("1001", "Erika", "Muster", "e@muster.example", "03.04.1990", "Aktiv", "+49 170 1234567"),
    ("", "Max", "Muster", "e@muster.example", "05.06.1991", "Gekündigt", ""),
    ("", "", "", "x@muster.example", "", "Aktiv", ""),
)


@pytest.fixture
async def house(console: Console) -> Console:
    await listed(console.gym)
    return console


@pytest.fixture
def owner(house: Console) -> StaffMember:
    return house.member(Role.OWNER)


async def send(
    house: Console, owner: StaffMember, what: str, rows: object, name: str = "list.csv"
) -> httpx.Response:
    data = rows if isinstance(rows, bytes) else text(rows)  # type: ignore[arg-type]
    return await house.send(f"moving-in/{what}", owner, file=(name, data))


async def again(
    house: Console, owner: StaffMember, page: httpx.Response, **fields: str
) -> httpx.Response:
    what = str(page.url.path).rpartition("/")[2]
    form = form_of(page.text) | {
        name if name.startswith("overrule-") else name.replace("_", "-"): said
        for name, said in fields.items()
    }
    return await house.send(f"moving-in/{what}", owner, form)


async def people(gym: Gym) -> dict[str, AnyRow]:
    query = select(tables.customer)
    found = await gym.database.read(lambda tx: tx.execute(query).all())
    return {row.key: row for row in found}


async def test_members_come_in_as_they_were_understood_and_answered(
    house: Console, owner: StaffMember
) -> None:
    shown = await send(house, owner, "members", MEMBERS)
    for expected in (
        "text in UTF-8",
        "day-month-year, as days are written with dots",
        "“Gekündigt” under “Status”: 1 row",
        "1 new customer",
        "2 left out",
        "+49 170 1234567",
    ):
        assert expected in shown.text, expected
    assert await people(house.gym) == {}

    # By its content a telephone is known; what the word means is said.
    said = await again(house, owner, shown, word_0="MEMBER")
    assert "Max Muster" in said.text
    assert "has this e-mail address: a family" in said.text
    mend = await again(house, owner, said, do="rows")
    assert mend.headers["content-disposition"] == 'attachment; filename="to-mend.csv"'
    assert "Kursplan: reason" in mend.text
    assert "x@muster.example" in mend.text
    answered = await again(house, owner, said, who_3="new")
    assert "2 new customers" in answered.text
    done = await again(house, owner, answered, do="bring")
    assert "The members are there." in done.text
    assert "1 row is left out." in done.text

    found = await people(house.gym)
    assert sorted(found) == ["1001", "max-muster"]
    assert found["1001"].phone_private_mobile == "+49 170 1234567"
    assert found["max-muster"].status == "MEMBER"
    line = select(tables.history.c.who, tables.history.c.file)
    lines = await house.gym.database.read(lambda tx: tx.execute(line).all())
    assert {tuple(row) for row in lines} == {("1", "list.csv")}


async def test_once_more_it_leaves_alone_what_was_done_by_hand(
    house: Console, owner: StaffMember
) -> None:
    rows = [MEMBERS[0], MEMBERS[1]]
    shown = await send(house, owner, "members", rows)
    done = await again(house, owner, shown, do="bring")
    assert done.headers["location"] == "../moving-in?done=members"
    [erika] = (await people(house.gym)).values()
    path = f"customers/{erika.id}/edit"
    form = form_of((await house.ask(path, owner)).text, path)
    await house.send(path, owner, form | {"phone": "+49 170 7654321"})
    moved = list(MEMBERS[1])
    moved[3] = "erika@new.example"

    weeks_later = await send(house, owner, "members", [MEMBERS[0], moved])
    assert "Changed here since, and stays" in weeks_later.text
    assert "1 changes" in weeks_later.text
    await again(house, owner, weeks_later, do="bring")
    [erika] = (await people(house.gym)).values()
    assert (erika.email, erika.phone_private_mobile) == ("erika@new.example", "+49 170 7654321")


async def test_nothing_is_done_where_others_were_at_work_since(
    house: Console, owner: StaffMember
) -> None:
    shown = await send(house, owner, "members", [MEMBERS[0], MEMBERS[1]])
    await house.gym.customer("Erika", last_name="Muster", number="1001")
    answer = await again(house, owner, shown, do="bring")
    assert "It is not what you saw any more" in answer.text
    assert len(await people(house.gym)) == 1


async def test_what_nothing_proves_is_asked_and_a_wrong_guess_is_corrected(
    house: Console, owner: StaffMember
) -> None:
    heads = ("Vorname", "Nachname", "Geburtsdatum", "Notiz")
    shown = await send(house, owner, "members", [heads, ("Ada", "Otto", "03/04/1990", "N-7")])
    assert "Say how days are written: no cell proves it." in shown.text
    assert 'value="bring"' not in shown.text
    german = house.member(Role.OWNER, language="de")
    told = await again(house, german, shown, dates="month-day-year")
    assert "1 neuer Kunde" in told.text
    # The last column is said to be the number, and the day is said to be nothing.
    other = await again(house, german, told, column_3="number", column_2="")
    await again(house, german, other, do="bring")
    [ada] = (await people(house.gym)).values()
    assert (ada.number, ada.date_of_birth) == ("N-7", None)


async def test_a_file_that_can_t_be_read_is_refused_as_a_whole(
    house: Console, owner: StaffMember
) -> None:
    for data in (b"", b"PK\x03\x04 cut off", b"Vorname;Nachname;E-Mail\nAda;Otto;a@b.example\nBo"):
        answer = await send(house, owner, "members", data)
        assert answer.status_code == 422, data
        assert "Nothing was done:" in answer.text
    assert (await house.send("moving-in/members", owner)).status_code == 422
    for said in ("[]", "{", '{"columns": 1}'):
        answer = await house.send(
            "moving-in/members", owner, {"said": said}, file=("a.csv", text(MEMBERS))
        )
        assert answer.status_code == 400, said
    assert await people(house.gym) == {}


async def test_what_is_said_of_a_file_is_said_in_the_language_of_who_reads(house: Console) -> None:
    german = house.member(Role.OWNER, language="de")
    shown = await send(house, german, "members", MEMBERS)
    for expected in (
        "Text in UTF-8",
        "Tag-Monat-Jahr, weil Tage mit Punkten geschrieben sind: Zeile 2 hat „03.04.1990“",
        "am Namen",
        "Status „Gekündigt“ ist unbekannt: sage, was es bedeutet",
        "hat keinen Namen",
    ):
        assert expected in shown.text, expected
    said = await again(house, german, shown, word_0="MEMBER")
    assert "Erika Muster (in Zeile 2) hat diese E-Mail-Adresse: eine Familie" in said.text
    mend = await again(house, german, said, do="rows")
    assert "hat keinen Namen" in mend.text
    cut = await send(house, german, "members", b"Vorname;Nachname;E-Mail\nAda;Otto;a@b.example\nBo")
    assert "die Datei endet in Zeile 3 nach 1 von 3 Zellen: sie wurde abgeschnitten" in cut.text
    for page in (shown, said, cut):
        assert ' lang="en"' not in page.text


DATES = (
    ("Datum", "Startzeit", "Endzeit", "Name", "Trainer", "Ort", "Max. Teilnehmer"),
    *(
        (f"{day}.03.2026", "18:00", "19:00", "Yoga", "Eva Null", "Halle", "2")
        for day in ("03", "10", "17")
    ),
    ("05.03.2026", "09:00", "10:00", "Barre", "Eva Null", "Halle", "8"),
)
BOOKINGS = (
    ("Vorname", "Nachname", "E-Mail", "Datum", "Startzeit", "Activity name", "Status"),
    ("Erika", "Muster", "e@muster.example", "17.03.2026", "18:00", "Yoga", "gebucht"),
    ("Nobody", "Known", "n@muster.example", "17.03.2026", "18:00", "Yoga", "gebucht"),
)


async def test_a_timetable_and_the_bookings_of_the_week_come_in(
    house: Console, owner: StaffMember
) -> None:
    gym = house.gym
    shown = await send(house, owner, "timetable", DATES, "dates.csv")
    assert "1 new series" in shown.text
    assert "1 new single slot" in shown.text
    for made in ("Yoga, Barre", "Halle", "Eva Null"):
        assert made in shown.text
    goes_on = await again(house, owner, shown, go_on="yes")
    assert "goes on" in goes_on.text
    done = await again(house, owner, goes_on, do="bring")
    assert done.headers["location"] == "../moving-in?done=timetable"
    once_more = await send(house, owner, "timetable", DATES, "dates.csv")
    assert "4 planned already" in once_more.text
    assert 'value="bring"' not in once_more.text

    await again(
        house, owner, await send(house, owner, "members", [MEMBERS[0], MEMBERS[1]]), do="bring"
    )
    shown = await send(house, owner, "bookings", BOOKINGS)
    assert "1 that a rule speaks against" in shown.text
    assert "there is no customer Nobody Known" in shown.text
    assert 'value="bring"' not in shown.text
    rule = "overrule-DATE_TIME_BEFORE_EARLIEST_BOOKING_DATE_TIME"
    unsaid = await again(house, owner, shown, **{rule: "yes"})
    assert "Say why. It is kept in the history." in unsaid.text
    said = await again(house, owner, unsaid, reason="booked in the old system")
    assert "1 is booked" in said.text
    done = await again(house, owner, said, do="bring")
    assert "1 booking is made." in done.text
    query = select(tables.booking.c.status, tables.booking.c.customer_id)
    rows = await gym.database.read(lambda tx: tx.execute(query).all())
    [erika] = (await people(gym)).values()
    assert [tuple(row) for row in rows] == [(BookingStatus.BOOKED, erika.id)]


@pytest.mark.parametrize("script", [True, False])
async def test_a_list_is_brought_in_by_a_browser(
    served: Console, open_tab: OpenTab, tmp_path: Path, script: bool
) -> None:
    await listed(served.gym)
    file = tmp_path / "list.csv"
    file.write_bytes(text(MEMBERS))
    tab = await open_tab(served.member(Role.OWNER), java_script_enabled=script)
    page = tab.page
    await tab.goto("moving-in")
    if script:
        assert await tab.barriers() == []
    await page.set_input_files("#members-file", file)
    await page.click("button:has-text('See how it is read Members')")
    if script:
        assert await tab.barriers() == []
        await tab.size(PHONE)
        assert await tab.wider_than_it_should() <= 0
        await tab.size({"width": 1440, "height": 900})
    await page.select_option("#word-0", "MEMBER")
    await page.locator("section[aria-labelledby=columns] .sheet-foot button").click()
    async with page.expect_download() as downloading:
        await page.click("text=Download them to mend")
    download = await downloading.value
    assert download.suggested_filename == "to-mend.csv"
    await page.click("text=Bring it in")
    assert "The members are there." in await page.inner_text("main")
    assert set(await people(served.gym)) == {"1001"}
