"""Whoever shows who they are is signed in, nobody else is, and nobody learns anything by trying."""

from __future__ import annotations

import asyncio
import html
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import structlog
from pyotp import TOTP
from structlog.testing import capture_logs

from kursplan.clock import HandClock
from kursplan.desk.accounts import ChangeStaff, DisableStaff, EnableStaff, ResetStaff
from kursplan.desk.credentials import SetPassword
from kursplan.domain.accounts import (
    ABSOLUTE_LIMIT,
    IDLE_LIMIT,
    PER_ACCOUNT,
    PER_PEER,
    Purpose,
    Role,
)
from kursplan.ids import fingerprint
from kursplan.store import tables
from kursplan.store.engine.trouble import DatabaseUnavailable
from kursplan.store.staff import tickets
from kursplan.web.passwords import MOST_WAITING, STRONG, Passwords
from kursplan.web.sessions import Key
from tests.console.entrance import CHEAP, ORIGIN, PASSWORD, House, Person
from tests.console.things import Things
from tests.gym import Gym

EMAIL = "olga@gym.example"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
NEW = "another horse battery"


@pytest.fixture
async def house(gym: Gym, database_url: str, clock: HandClock) -> AsyncIterator[House]:
    opened = await House.open(gym, database_url, clock)
    yield opened
    await opened.close()


# --- Sessions and their cookies ------------------------------------------------------------------


async def test_signing_in_gives_a_session_that_a_script_and_another_host_never_get(
    house: House,
) -> None:
    await house.account()
    olga = house.person()

    answer = await olga.sign_in("OLGA@gym.example")

    assert answer.status_code == 303
    [cookie] = [each for each in answer.headers.get_list("set-cookie") if "kursplan=" in each]
    name, _, rest = cookie.partition("=")
    assert name == "__Host-kursplan"
    flags = {each.strip().lower() for each in rest.split(";")[1:]}
    assert flags >= {"secure", "httponly", "samesite=lax", "path=/"}
    assert not any(each.startswith("domain") for each in flags)
    assert await olga.is_in()


async def test_without_tls_it_works_on_this_machine_under_another_name(
    gym: Gym, database_url: str, clock: HandClock
) -> None:
    house = await House.open(gym, database_url, clock, public_url="")
    await house.account()
    here = "http://localhost:8080"
    olga = house.person(origin=here)
    await olga.open("sign-in")
    form = {"email": EMAIL, "password": PASSWORD}

    answer = await olga.send("sign-in", form, origin=here)

    [cookie] = [each for each in answer.headers.get_list("set-cookie") if "on-http=" in each]
    assert cookie.startswith("kursplan-on-http=")
    assert "secure" not in cookie.lower()
    assert "httponly" in cookie.lower()
    assert await olga.is_in()
    # What a proxy passes on from elsewhere is not this machine.
    from_elsewhere = house.person(origin="http://plan.example")
    await from_elsewhere.open("sign-in")
    with capture_logs() as logged:
        refused = await from_elsewhere.send("sign-in", form, origin="http://plan.example")
    assert refused.status_code == 403
    # What is to be done about it is for the operator.
    assert ["KURSPLAN_PUBLIC_URL" in each["event"] for each in logged] == [True]
    await house.close()


@pytest.mark.parametrize("change", ["password_hash", "disabled_at"])
async def test_who_has_shown_what_is_changed_in_that_moment_is_not_let_in(
    house: House, change: str
) -> None:
    """Between the look at a password, which takes a while, and the session there is time for another."""
    account_id = await house.account()
    olga, database = house.person(), house.application.database
    take_ids = database.take_ids

    async def changed_meanwhile(count: int) -> list[int]:
        to = house.gym.now if change == "disabled_at" else "of another password"
        await house.gym.set(tables.staff_account, account_id, **{change: to})
        return await take_ids(count)

    database.take_ids = changed_meanwhile  # type: ignore[method-assign]
    answer = await olga.sign_in(EMAIL)
    assert answer.status_code != 303
    assert olga.cookie is None


async def test_a_session_from_before_signing_in_is_never_kept(house: House) -> None:
    await house.account()
    await house.account("mallory@gym.example")
    mallory, olga = house.person(), house.person()
    await mallory.sign_in("mallory@gym.example")
    given = mallory.cookie
    assert given is not None
    made_up = f"{house.gym.organization}.made-up"

    for planted in (made_up, given):
        olga.carry(planted)
        await olga.open("account")
        await olga.send("sign-in", {"email": EMAIL, "password": PASSWORD})
        if planted == made_up:
            # Nobody was signed in, so the page to sign in at is what she saw.
            await olga.sign_in(EMAIL)
        assert olga.cookie not in (given, made_up, None)
        assert "Olga" in (await olga.open("account")).text
    stored = {each.token_hash for each in await house.rows(tables.staff_session)}
    assert fingerprint("made-up") not in stored
    assert not await mallory.is_in()


async def test_who_signs_in_again_leaves_the_session_before(house: House) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)
    before = olga.cookie
    csrf_before = olga.csrf
    # The page to sign in at sends them on, so the form is one that was open in another tab.
    answer = await olga.open("account")
    assert answer.status_code == 200

    await olga.send("sign-in", {"email": EMAIL, "password": PASSWORD})

    assert olga.cookie != before
    assert len(await house.rows(tables.staff_session)) == 1
    await olga.open("account")
    assert olga.csrf != csrf_before


async def test_what_is_stored_is_not_what_the_cookie_holds(house: House) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)
    assert olga.cookie is not None
    token = olga.cookie.partition(".")[2]

    [stored] = await house.rows(tables.staff_session)

    assert token not in str(stored)
    assert stored.token_hash == fingerprint(token)


@pytest.mark.parametrize(
    "cookie", ["", "1", "1.", ".x", "x.y", "-1.x", "99999999999999999999.x", "1.a.b", "é.x"]
)
async def test_a_cookie_that_is_none_of_ours_is_nobody(cookie: str) -> None:
    key = Key.read(cookie)
    assert key is None or key.token == "a.b"


async def test_a_session_ends_when_nobody_used_it_for_long(house: House, clock: HandClock) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)

    clock.advance(IDLE_LIMIT - timedelta(minutes=2))
    assert await olga.is_in()
    clock.advance(IDLE_LIMIT - timedelta(minutes=2))
    assert await olga.is_in()
    clock.advance(IDLE_LIMIT)
    assert not await olga.is_in()


async def test_a_page_that_asks_for_itself_again_keeps_nobody_signed_in(
    house: House, clock: HandClock
) -> None:
    """Who has left the counter is signed out, although their page shows what others change."""
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)

    clock.advance(IDLE_LIMIT - timedelta(minutes=2))
    watching = {"Kursplan-Watching": "1"}
    asked = await olga.client.get("/console/account", headers=watching)
    assert asked.status_code == 200
    clock.advance(timedelta(minutes=4))
    assert not await olga.is_in()


async def test_a_session_ends_however_much_it_is_used(house: House, clock: HandClock) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)
    began = clock.now()

    while clock.now() - began < ABSOLUTE_LIMIT - IDLE_LIMIT:
        clock.advance(IDLE_LIMIT - timedelta(minutes=1))
        assert await olga.is_in()
    clock.set(began + ABSOLUTE_LIMIT)
    assert not await olga.is_in()
    # The next one who signs in sweeps up.
    await olga.sign_in(EMAIL)
    assert len(await house.rows(tables.staff_session)) == 1


async def test_signing_out_ends_it_for_good(house: House) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)
    cookie = olga.cookie
    assert cookie is not None
    await olga.open("account")

    await olga.send("sign-out")

    assert not await olga.is_in()
    olga.carry(cookie)
    assert not await olga.is_in()


async def test_one_ends_sessions_of_one_s_own_and_of_nobody_else(house: House) -> None:
    await house.account()
    await house.account("otto@gym.example")
    desk, phone, otto = house.person(), house.person(), house.person()
    for each in (desk, phone):
        await each.sign_in(EMAIL)
    await otto.sign_in("otto@gym.example")
    of_otto = max(each.id for each in await house.rows(tables.staff_session))
    await desk.open("account")

    await desk.send("account/sessions/end", {"session": str(of_otto)})
    assert await otto.is_in()
    await desk.send("account/sessions/end-others")

    assert [await each.is_in() for each in (desk, phone, otto)] == [True, False, True]


# --- What the desk decides -----------------------------------------------------------------------


async def test_who_is_disabled_is_out_at_once(house: House) -> None:
    account_id = await house.account()
    await house.account("otto@gym.example")
    olga = house.person()
    await olga.sign_in(EMAIL)

    await house.do(DisableStaff(house.gym.organization, account_id))

    assert not await olga.is_in()
    assert (await olga.sign_in(EMAIL)).status_code == 422
    await house.do(EnableStaff(house.gym.organization, account_id))
    assert not await olga.is_in()
    assert (await olga.sign_in(EMAIL)).status_code == 303


async def test_who_has_another_role_signs_in_anew(house: House) -> None:
    account_id = await house.account()
    await house.account("otto@gym.example")
    olga = house.person()
    await olga.sign_in(EMAIL)
    of, studio = house.gym.organization, frozenset({house.gym.studio_id})

    await house.do(ChangeStaff(of, account_id, Role.FRONT_DESK, studio))

    assert not await olga.is_in()
    await olga.sign_in(EMAIL)
    assert await olga.is_in()
    # To be what one is already changes nothing.
    assert await house.do(ChangeStaff(of, account_id, Role.FRONT_DESK, studio)) is False
    assert await olga.is_in()


async def test_nobody_gets_in_on_a_password_that_is_changed_meanwhile(house: House) -> None:
    """Who has been looked at and is not let in yet, while the password becomes another."""
    account_id = await house.account()
    recognition = house.application.entrance.recognition
    known = await recognition.password(EMAIL, PASSWORD, "203.0.113.9")
    changed = await Passwords(CHEAP).hash(NEW)

    await house.do(SetPassword(house.gym.organization, account_id, changed, 0))

    assert await house.gym.database.write(known.still_lets_in) is False  # type: ignore[union-attr]
    fresh = await recognition.password(EMAIL, NEW, "203.0.113.9")
    assert await house.gym.database.write(fresh.still_lets_in) is True  # type: ignore[union-attr]


async def test_another_organization_s_session_is_nobody_here(
    house: House, clock: HandClock
) -> None:
    """The cookie names the organization; with another's in it, it is no session at all."""
    elsewhere = await Gym(house.gym.database, clock, first_id=500).open()
    account_id = await house.account()
    await house.account("elsa@elsewhere.example", of=elsewhere)
    olga, elsa = house.person(), house.person()
    await olga.sign_in(EMAIL)
    await elsa.sign_in("elsa@elsewhere.example")
    assert elsa.cookie is not None
    token = elsa.cookie.partition(".")[2]
    of_elsa = max(each.id for each in await house.rows(tables.staff_session))

    page = await olga.open("account")
    assert "elsa" not in page.text.lower()
    await olga.send("account/sessions/end", {"session": str(of_elsa)})
    assert await elsa.is_in()
    elsa.carry(f"{house.gym.organization}.{token}")
    assert not await elsa.is_in()
    with pytest.raises(LookupError):
        await house.do(DisableStaff(elsewhere.organization, account_id))


# --- Forms ---------------------------------------------------------------------------------------


async def test_a_form_counts_only_from_a_page_of_ours(house: House) -> None:
    await house.account()
    olga = house.person()
    await olga.open("sign-in")
    form = {"email": EMAIL, "password": PASSWORD}

    for wrong in (
        {"origin": "https://evil.example"},
        {"origin": "https://plan.example:8443"},
        {"origin": "http://plan.example"},
        {"origin": "null"},
        {"origin": None},
        {"sec_fetch_site": "cross-site"},
        {"sec_fetch_site": "same-site"},
        {"sec_fetch_site": "none"},
    ):
        answer = await olga.send("sign-in", form, **wrong)  # type: ignore[arg-type]
        assert answer.status_code == 403, wrong
        assert olga.cookie is None
    # An older browser does not say it, but each says the origin.
    assert (await olga.send("sign-in", form, sec_fetch_site=None)).status_code == 303


async def test_who_comes_by_an_address_that_is_not_ours_is_told_so(
    gym: Gym, database_url: str, clock: HandClock
) -> None:
    """Or they would load the page again and again, as one does whose form is too old."""
    by_proxy = "https://gym.example"
    for public, said in (
        ("", f"people reach it at {by_proxy}. Whoever runs it sets KURSPLAN_PUBLIC_URL"),
        (ORIGIN, f"The console is reached at {ORIGIN}: open it there."),
    ):
        house = await House.open(gym, database_url, clock, public_url=public)
        olga = house.person(origin=by_proxy)
        await olga.open("sign-in")
        # An older browser says only the origin.
        for fetched in ("same-origin", None):
            answer = await olga.send("sign-in", {}, origin=by_proxy, sec_fetch_site=fetched)
            assert answer.status_code == 403
            assert said in html.unescape(answer.text), public
        evil = "https://evil.example"
        other_site = await olga.send("sign-in", {}, sec_fetch_site="cross-site", origin=evil)
        assert "was not sent by a page of Kursplan" in html.unescape(other_site.text)
        await house.close()


async def test_a_form_needs_the_token_of_its_own_browser(house: House) -> None:
    await house.account()
    olga, stranger = house.person(), house.person()
    await olga.open("sign-in")
    await stranger.open("sign-in")
    form = {"email": EMAIL, "password": PASSWORD}
    for token in ("", "0" * 64, "\u00e9", stranger.csrf):
        answer = await olga.send("sign-in", form | {"csrf": token})
        assert answer.status_code == 403, token
        assert olga.cookie is None


async def test_every_form_of_the_console_is_guarded(house: House) -> None:
    await house.account()
    olga = house.person()
    await olga.sign_in(EMAIL)
    await olga.open("account")
    guarded = [each for each in house.application.console_pages if "POST" in each.methods]
    assert len(guarded) > 10
    things = await Things.of(house.gym, await house.gym.slot("spin"))
    before = await house.rows(tables.staff_account), await house.rows(tables.staff_session)

    for each in guarded:
        path = things.at(each.path, link="1.x")
        foreign = await olga.send(path, {}, origin="https://evil.example")
        forged = await olga.send(path, {"csrf": "0" * 64})
        assert (foreign.status_code, forged.status_code) == (403, 403), path

    assert (
        await house.rows(tables.staff_account),
        await house.rows(tables.staff_session),
    ) == before


async def test_it_leads_on_to_pages_of_the_console_only(house: House) -> None:
    await house.account()
    olga = house.person()
    for wanted, leads_to in {
        "account": "./account",
        "timetable?studio=berlin": "./timetable?studio=berlin",
        "//evil.example": "./",
        "https://evil.example": "./",
        "/\\evil.example": "./",
        "../metrics": "./",
    }.items():
        await olga.open("sign-out")
        await olga.send("sign-out")
        await olga.open("sign-in")
        form = {"email": EMAIL, "password": PASSWORD, "next": wanted}
        assert (await olga.send("sign-in", form)).headers["location"] == leads_to


# --- Trying --------------------------------------------------------------------------------------


async def test_nobody_learns_whether_there_is_an_account(house: House) -> None:
    """The same answer, and a hash is compared with in each case: that is what takes the time."""
    await house.account()
    await house.account("off@gym.example", disabled_at=house.gym.now)
    await house.account("new@gym.example", password=None)
    compared: list[str | None] = []
    passwords = house.application.entrance.passwords
    really = passwords.fits

    class Counting(Passwords):
        async def fits(self, password_hash: str | None, password: str) -> bool:
            compared.append(password_hash)
            return await really(password_hash, password)

    house.application.entrance.recognition._passwords = Counting(CHEAP)
    answers = []
    for email in (EMAIL, "off@gym.example", "new@gym.example", "nobody@gym.example"):
        person = house.person()
        answer = await person.sign_in(email, "not the password")
        said = answer.text.replace(email, "EMAIL").replace(person.csrf, "CSRF")
        names = sorted(name for name in answer.headers if name != "set-cookie")
        answers.append((answer.status_code, said, names))

    assert all(each == answers[0] for each in answers)
    assert answers[0][0] == 422
    assert len(compared) == 4


async def test_a_hash_that_nobody_has_costs_what_one_costs_that_somebody_has() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.fits(None, PASSWORD) is False
    stored = await passwords.hash(PASSWORD)
    assert (
        stored.rpartition("$")[0].rpartition("$")[0]
        == (passwords._nobodys.rpartition("$")[0].rpartition("$")[0])
    )
    assert await passwords.fits(stored, PASSWORD)
    assert not await passwords.fits(stored, PASSWORD + "x")
    assert not await passwords.fits("no hash at all", PASSWORD)


async def test_a_crowd_that_guesses_is_told_to_come_back_later() -> None:
    passwords = Passwords(CHEAP)
    tries = [passwords.fits(None, "wrong") for _ in range(MOST_WAITING + 20)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert answers.count(False) == MOST_WAITING
    assert sum(isinstance(each, DatabaseUnavailable) for each in answers) == 20
    # It is over as soon as those have been looked at.
    assert await passwords.fits(None, "wrong") is False


def test_in_production_a_hash_costs_what_it_should() -> None:
    """The second recommendation of RFC 9106, and not less than OWASP asks for."""
    assert (STRONG.rounds, STRONG.kibibytes, STRONG.lanes) == (3, 65536, 4)


async def test_the_same_letters_are_the_same_password_however_they_are_composed() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash("k\u00f6nigliche hoheit")
    assert await passwords.fits(stored, "ko\u0308nigliche hoheit")


async def test_after_too_many_wrong_ones_even_the_right_one_is_not_tried(
    house: House, clock: HandClock
) -> None:
    await house.account()
    wrong = [
        await house.person(peer=f"203.0.113.{n}").sign_in(EMAIL, "wrong")
        for n in range(PER_ACCOUNT.attempts)
    ]
    assert {each.status_code for each in wrong} == {422}
    clock.advance(timedelta(minutes=3))

    blocked = await house.person().sign_in(EMAIL)

    assert (blocked.status_code, blocked.headers["retry-after"]) == (429, "420")
    assert "7 minutes" in blocked.text
    # Trying on makes it no longer, and others are not in it.
    await house.account("otto@gym.example")
    assert (await house.person().sign_in("otto@gym.example")).status_code == 303
    clock.advance(PER_ACCOUNT.pause - timedelta(minutes=3))
    assert (await house.person().sign_in(EMAIL)).status_code == 303


async def test_an_address_without_an_account_is_blocked_alike(house: House) -> None:
    for _ in range(PER_ACCOUNT.attempts):
        await house.person().sign_in("nobody@gym.example", "wrong")
    assert (await house.person().sign_in("Nobody@gym.example", "wrong")).status_code == 429


async def test_who_succeeds_begins_with_a_clean_slate(house: House) -> None:
    await house.account()
    for _ in range(3):
        for _ in range(PER_ACCOUNT.attempts - 1):
            await house.person().sign_in(EMAIL, "wrong")
        assert (await house.person().sign_in(EMAIL)).status_code == 303


async def test_one_address_that_tries_many_accounts_is_blocked(
    house: House, clock: HandClock
) -> None:
    await house.account()
    recognition = house.application.entrance.recognition
    for n in range(PER_PEER.attempts):
        await recognition.password(f"{n}@gym.example", "wrong", "203.0.113.66")

    assert (await house.person(peer="203.0.113.66").sign_in(EMAIL)).status_code == 429
    assert (await house.person().sign_in(EMAIL)).status_code == 303
    clock.advance(PER_PEER.pause)
    assert (await house.person(peer="203.0.113.66").sign_in(EMAIL)).status_code == 303
    # What does not count any more is not kept.
    assert len(await house.rows(tables.staff_attempt)) <= 2


async def test_many_who_sign_in_from_one_address_do_not_block_each_other(house: House) -> None:
    await house.account()
    for _ in range(PER_PEER.attempts + 5):
        known = await house.application.entrance.recognition.password(
            EMAIL, PASSWORD, "198.51.100.1"
        )
        assert type(known).__name__ == "Known"


async def test_nobody_slips_through_by_trying_at_once(house: House) -> None:
    await house.account()
    recognition = house.application.entrance.recognition
    tries = [recognition.password(EMAIL, "wrong", f"203.0.113.{n}") for n in range(12)]
    answers = [type(each).__name__ for each in await asyncio.gather(*tries)]
    assert answers.count("Wrong") == PER_ACCOUNT.attempts


# --- The second factor ---------------------------------------------------------------------------


async def _asked_for_code(person: Person, email: str = EMAIL) -> str:
    answer = await person.sign_in(email)
    assert answer.status_code == 200
    return answer.text.partition('name="ticket" value="')[2].partition('"')[0]


async def test_with_a_second_factor_the_password_alone_does_not_let_in(
    house: House, clock: HandClock
) -> None:
    await house.account(totp_secret=SECRET)
    olga = house.person()
    ticket = await _asked_for_code(olga)
    assert not await olga.is_in()
    right = TOTP(SECRET).at(clock.now())

    wrong = await olga.send("sign-in/code", {"ticket": ticket, "code": "000000"})
    answer = await olga.send("sign-in/code", {"ticket": ticket, "code": right})

    assert (wrong.status_code, answer.status_code) == (422, 303)
    assert await olga.is_in()
    # The ticket is spent, and so is the code.
    again = house.person()
    spent = await _asked_for_code(again)
    assert (await again.send("sign-in/code", {"ticket": ticket, "code": right})).status_code == 410
    refused = await again.send("sign-in/code", {"ticket": spent, "code": right})
    assert refused.status_code == 422
    clock.advance(timedelta(seconds=30))
    later = TOTP(SECRET).at(clock.now())
    assert (await again.send("sign-in/code", {"ticket": spent, "code": later})).status_code == 303


async def test_codes_are_not_guessed(house: House, clock: HandClock) -> None:
    await house.account(totp_secret=SECRET)
    olga = house.person()
    ticket = await _asked_for_code(olga)
    for _ in range(PER_ACCOUNT.attempts):
        await olga.send("sign-in/code", {"ticket": ticket, "code": "000000"})
    right = TOTP(SECRET).at(clock.now())

    assert (await olga.send("sign-in/code", {"ticket": ticket, "code": right})).status_code == 429


async def test_a_code_comes_in_time(house: House, clock: HandClock) -> None:
    await house.account(totp_secret=SECRET)
    olga = house.person()
    ticket = await _asked_for_code(olga)
    clock.advance(Purpose.SECOND_FACTOR.lasts)
    right = TOTP(SECRET).at(clock.now())
    assert (await olga.send("sign-in/code", {"ticket": ticket, "code": right})).status_code == 410


async def test_a_code_for_recovery_works_once(house: House) -> None:
    await house.account(totp_secret=SECRET, recovery=(fingerprint("abcd-efgh"), fingerprint("x")))
    olga = house.person()
    ticket = await _asked_for_code(olga)
    assert (
        await olga.send("sign-in/code", {"ticket": ticket, "code": " ABCD-efgh "})
    ).status_code == 303
    again = house.person()
    ticket = await _asked_for_code(again)
    assert (
        await again.send("sign-in/code", {"ticket": ticket, "code": "abcd-efgh"})
    ).status_code == 422


# --- Links ---------------------------------------------------------------------------------------


async def test_a_link_sets_a_password_once(house: House) -> None:
    _, link = await house.invitation()
    nora, other = house.person(), house.person()
    # Looking at it takes nothing from it.
    for _ in range(2):
        assert "Nora Neu" in (await nora.open(link)).text
    form = {"password": PASSWORD, "again": PASSWORD}

    answer = await nora.send(link, form)

    assert answer.status_code == 303
    assert await nora.is_in()
    assert (await other.open(link)).status_code == 410
    await other.open("sign-in")
    assert (await other.send(link, form)).status_code == 410
    assert (await other.sign_in("nora@gym.example")).status_code == 303


async def test_of_two_who_take_a_link_at_once_one_gets_it(house: House) -> None:
    _, link = await house.invitation()
    people = [house.person() for _ in range(4)]
    for each in people:
        await each.open(link)
    sent = [
        each.send(link, {"password": f"{PASSWORD} {n}", "again": f"{PASSWORD} {n}"})
        for n, each in enumerate(people)
    ]
    answers = sorted(each.status_code for each in await asyncio.gather(*sent))
    assert answers == [303, 410, 410, 410]


async def test_a_link_lasts_for_a_time(house: House, clock: HandClock) -> None:
    _, link = await house.invitation()
    nora = house.person()
    await nora.open(link)
    clock.advance(Purpose.INVITATION.lasts)
    form = {"password": PASSWORD, "again": PASSWORD}
    assert (await nora.open(link)).status_code == 410
    assert (await nora.send(link, form)).status_code == 410


async def test_a_password_that_is_none_is_refused_with_the_reason(house: House) -> None:
    _, link = await house.invitation()
    nora = house.person()
    await nora.open(link)
    for password, again, why in (
        ("hunter2", "hunter2", "too short"),
        ("nora@gym.example", "nora@gym.example", "your address"),
        ("aaaaaaaaaaaaa", "aaaaaaaaaaaaa", "again and again"),
        ("x" * 300, "x" * 300, "too long"),
        (PASSWORD, PASSWORD + "x", "not the same"),
    ):
        answer = await nora.send(link, {"password": password, "again": again})
        assert answer.status_code == 422
        assert why in answer.text
        assert password not in answer.text or "@" in password
    # The link is as good as it was.
    assert (await nora.send(link, {"password": PASSWORD, "again": PASSWORD})).status_code == 303


async def test_a_reset_leaves_nothing_of_before(house: House) -> None:
    account_id = await house.account(totp_secret=SECRET)
    olga = house.person()
    key = Key.fresh(house.gym.organization)

    await house.do(ResetStaff(house.gym.organization, account_id, key.fingerprint))

    assert (await olga.sign_in(EMAIL)).status_code == 422
    link = f"link/{key.written()}"
    await olga.open(link)
    assert (await olga.send(link, {"password": NEW, "again": NEW})).status_code == 303
    assert await olga.is_in()


async def test_a_link_that_signs_in_does_so_once(house: House, clock: HandClock) -> None:
    account_id = await house.account(password=None)
    key = Key.fresh(house.gym.organization)
    now = clock.now()
    await house.gym.database.write(
        lambda tx: tickets.issue(
            tx, key.organization_id, account_id, Purpose.SIGN_IN, key.fingerprint, now
        )
    )
    olga, other = house.person(), house.person()
    link = f"link/{key.written()}"
    for each in (olga, other):
        await each.open(link)

    assert (await olga.send(link)).status_code == 303
    assert await olga.is_in()
    assert (await other.send(link)).status_code == 410


async def test_a_ticket_for_one_thing_is_none_for_another(house: House) -> None:
    """The link of an invitation is no ticket for a second factor, and no other way round."""
    _, link = await house.invitation()
    await house.account(totp_secret=SECRET)
    olga = house.person()
    ticket = await _asked_for_code(olga)

    assert (await olga.open(f"link/{ticket}")).status_code == 410
    await olga.open("sign-in")
    as_ticket = {"ticket": link.removeprefix("link/"), "code": "000000"}
    assert (await olga.send("sign-in/code", as_ticket)).status_code == 410
    assert (await olga.open(link)).status_code == 200


# --- What is left behind -------------------------------------------------------------------------


async def test_no_secret_is_logged_kept_or_shown_of_an_object(
    house: House, clock: HandClock
) -> None:
    account_id, link = await house.invitation("nora.geheim@gym.example")
    nora = house.person()
    with capture_logs() as logged:
        await nora.open(link)
        await nora.send(link, {"password": PASSWORD, "again": PASSWORD})
        await house.person().sign_in("nora.geheim@gym.example", "wrong password")
        session = await house.application.entrance.sessions.session(_request(nora))
    kept = [*await house.rows(tables.history), *await house.rows(tables.history_subject)]
    assert [each.command for each in await house.rows(tables.history)] == [
        "invite-staff",
        "take-link",
    ]
    assert [each.who for each in await house.rows(tables.history)][1] == str(account_id)
    assert session is not None

    token = link.partition(".")[2]
    written = f"{logged} {kept} {session!r} {Key.read(nora.cookie)!r}"
    assert nora.cookie is not None
    for secret in (PASSWORD, token, nora.cookie.partition(".")[2], "geheim", "Nora", "argon2"):
        assert secret not in written
    assert structlog.is_configured() in (True, False)


def _request(person: Person) -> object:
    from starlette.requests import Request

    cookie = f"__Host-kursplan={person.cookie}".encode()
    scope = {"type": "http", "headers": [(b"cookie", cookie)], "state": {}}
    return Request(scope)
