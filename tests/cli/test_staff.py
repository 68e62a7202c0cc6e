"""Accounts from the command line: the first one comes from there, and links are shown once."""

from __future__ import annotations

from sqlalchemy import select

from kursplan.clock import HandClock
from kursplan.store import tables
from kursplan.store.engine.database import Database
from tests.cli.conftest import Kursplan, listed
from tests.gym import Gym

OLGA = ("olga@gym.example", "--role", "owner", "--name", "Olga")


async def test_the_first_owner_is_invited_by_a_link_that_is_shown_once(
    kursplan: Kursplan, gym: Gym
) -> None:
    invited = (await kursplan("staff", "invite", *OLGA, "--json")).json
    shown = await kursplan("staff", "list")
    for_scripts = await kursplan("staff", "list", "--json")

    assert invited["link"].startswith(f"http://127.0.0.1:8080/console/link/{gym.organization}.")
    token = invited["link"].rpartition(".")[2]
    assert token not in shown.out + for_scripts.out
    [account] = for_scripts.json
    assert (account["email"], account["role"], account["has_password"]) == (OLGA[0], "OWNER", False)
    assert (account["signed_in_at"], account["has_passkey"]) == (None, False)
    assert "invited" in shown.out


async def test_links_lead_to_where_the_operator_says_that_people_come(
    kursplan: Kursplan, gym: Gym
) -> None:
    told = await kursplan("staff", "invite", *OLGA, KURSPLAN_PUBLIC_URL="https://plan.example/gym/")
    assert f"https://plan.example/gym/console/link/{gym.organization}." in told.out
    assert "on this machine only" not in told.out
    again = await kursplan("staff", "reset", OLGA[0], "--yes")
    assert "It opens on this machine only: KURSPLAN_PUBLIC_URL says" in again.out


async def test_an_address_of_the_console_that_is_none_is_refused_before_anything_is_done(
    kursplan: Kursplan, gym: Gym
) -> None:
    for url in ("http://plan.example", "plan.example", "ftp://x", "https://"):
        told = await kursplan("staff", "invite", *OLGA, KURSPLAN_PUBLIC_URL=url)
        assert told.status == 1
        assert "KURSPLAN_PUBLIC_URL" in told.err
    assert (await kursplan("staff", "list", "--json")).json == []


async def test_an_account_that_makes_no_sense_is_refused_with_the_reason(
    kursplan: Kursplan, gym: Gym
) -> None:
    for arguments, why in (
        (("nobody", "--role", "owner"), "no e-mail address"),
        (("a@b.example", "--role", "manager"), "needs a studio"),
        (("a@b.example", "--role", "instructor"), "has to be an employee"),
        (("a@b.example", "--role", "owner", "--studio", "berlin"), "an owner has all studios"),
        (
            ("a@b.example", "--role", "manager", "--studio", "nowhere"),
            "there is no studio 'nowhere'",
        ),
        (
            ("a@b.example", "--role", "instructor", "--employee", "who"),
            "there is no employee 'who'",
        ),
        (("a@b.example", "--role", "owner", "--language", "tlh"), "'tlh' is none of en, de"),
    ):
        told = await kursplan("staff", "invite", *arguments)
        assert told.status != 0
        assert why in told.err
    assert (await kursplan("staff", "list", "--json")).json == []


async def test_an_address_is_that_of_one_account_whatever_its_capitals_and_organization(
    kursplan: Kursplan, gym: Gym, clock: HandClock
) -> None:
    other = await listed(await Gym(gym.database, clock, first_id=500).open())
    mine, theirs = (("--organization", f"gym-{each.organization}") for each in (gym, other))
    assert (await kursplan("staff", "invite", *OLGA, *mine)).status == 0

    again = await kursplan("staff", "invite", "OLGA@Gym.Example", "--role", "owner", *theirs)
    foreign = await kursplan("staff", "disable", OLGA[0], "--yes", *theirs)

    assert (again.status, foreign.status) == (1, 1)
    assert "there is an account with this address already" in again.err
    assert "there is no account" in foreign.err


async def test_role_disable_enable_and_reset_ask_first_and_say_what_became_of_it(
    kursplan: Kursplan, gym: Gym
) -> None:
    await kursplan("staff", "invite", *OLGA)
    await kursplan("staff", "invite", "theo@gym.example", "--role", "owner")
    theo = "theo@gym.example"

    asked = await kursplan("staff", "disable", theo)
    assert asked.status == 2
    assert "is signed out everywhere" in asked.err

    changed = await kursplan(
        "staff", "role", theo, "--role", "front_desk", "--studio", "berlin", "--yes"
    )
    same = await kursplan("staff", "role", theo, "--studio", "berlin", "--yes", "--json")
    assert (changed.status, same.json["changed"]) == (0, False)
    assert (await kursplan("staff", "disable", theo, "--yes", "--json")).json["changed"] is True
    assert "disabled" in (await kursplan("staff", "list")).out
    assert "enable it first" in (await kursplan("staff", "reset", theo, "--yes")).err
    assert (await kursplan("staff", "enable", theo, "--json")).json["changed"] is True
    reset = (await kursplan("staff", "reset", theo, "--yes", "--json")).json
    assert "/console/link/" in reset["link"]
    told = await kursplan("history", "--json")
    assert reset["link"].rpartition(".")[2] not in told.out
    assert "theo" not in told.out.lower()
    assert {each["command"] for each in told.json} >= {
        "invite-staff",
        "change-staff",
        "reset-staff",
    }


async def test_somebody_always_owns_it(kursplan: Kursplan, gym: Gym) -> None:
    await kursplan("staff", "invite", *OLGA)
    for command in (
        ("disable", OLGA[0]),
        ("role", OLGA[0], "--role", "manager", "--studio", "berlin"),
    ):
        told = await kursplan("staff", *command, "--yes")
        assert told.status == 1
        assert "last owner" in told.err
    await kursplan("staff", "invite", "otto@gym.example", "--role", "owner")
    assert (await kursplan("staff", "disable", OLGA[0], "--yes")).status == 0
    listed = (await kursplan("staff", "list", "--json")).json
    assert [each["disabled_at"] is None for each in listed] == [False, True]


async def test_on_an_empty_database_an_owner_is_invited_to_a_company_that_is_founded_for_them(
    kursplan: Kursplan, database: Database
) -> None:
    none_yet = await kursplan("staff", "invite", *OLGA)
    assert "--found NAME" in none_yet.err
    founded = await kursplan("staff", "invite", *OLGA, "--found", "Müller & Söhne", "--json")
    again = await kursplan("staff", "invite", *OLGA, "--found", "Müller & Söhne")
    other = await kursplan("staff", "invite", "a@b.example", "--role", "manager", "--found", "X")
    nameless = await kursplan("staff", "invite", *OLGA, "--found", " ")
    odd = await kursplan("staff", "invite", *OLGA, "--found", "X", "--organization", "a b")

    assert founded.json["link"]
    for refused, why in (
        (again, "'mueller-soehne' already"),
        (other, "--role owner"),
        (nameless, "has a name"),
        (odd, "is no key"),
    ):
        assert refused.status != 0
        assert why in refused.err
    query = select(tables.organization.c.key, tables.organization.c.name)
    found = await database.read(lambda tx: tx.execute(query).all())
    assert [tuple(row) for row in found] == [("mueller-soehne", "Müller & Söhne")]
