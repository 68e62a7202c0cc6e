"""However the server, the database or the role are set, what we rely on holds, or it is said."""

from __future__ import annotations

import asyncio
import secrets
from functools import partial
from urllib.parse import urlsplit

import asyncpg
import pytest

from kursplan.desk.book import Booked
from kursplan.desk.engine.desk import Desk
from kursplan.metrics import Metrics
from kursplan.store.engine.database import connect
from kursplan.store.engine.postgres_session import check_version
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.cli.conftest import run
from tests.outage.conftest import Started, shown
from tests.outage.database import asked_by, name_of, role, set_on_database, throw_out


async def test_no_setting_of_the_database_changes_what_we_rely_on(
    database_url: str, operator: asyncpg.Connection
) -> None:
    theirs_and_ours = {
        "default_transaction_isolation": ("'repeatable read'", "read committed"),
        "synchronous_commit": ("off", "on"),
        "idle_session_timeout": ("1000", "0"),
        "lock_timeout": ("0", "2s"),
        "statement_timeout": ("0", "30s"),
        "idle_in_transaction_session_timeout": ("0", "30s"),
        "row_security": ("on", "off"),
        "standard_conforming_strings": ("off", "on"),
        "timezone": ("'Europe/Berlin'", "UTC"),
        "plan_cache_mode": ("auto", "force_generic_plan"),
        "client_encoding": ("LATIN1", "UTF8"),
    }
    for name, (theirs, _) in theirs_and_ours.items():
        await set_on_database(operator, database_url, f"{name} = {theirs}")
    database = connect(database_url)
    for door in (database.read, database.write):
        held = {name: await door(partial(shown, setting=name)) for name in theirs_and_ours}
        assert held == {name: ours for name, (_, ours) in theirs_and_ours.items()}
    await database.close()


async def test_how_a_commit_is_stored_elsewhere_is_for_the_operator_to_say(
    database_url: str, operator: asyncpg.Connection
) -> None:
    await set_on_database(operator, database_url, "synchronous_commit = remote_apply")
    database = connect(database_url)
    assert await database.write(partial(shown, setting="synchronous_commit")) == "remote_apply"
    await database.close()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
async def test_nobody_gets_two_overlapping_seats_whatever_isolation_is_the_default(
    started: Started, database_url: str, operator: asyncpg.Connection, isolation: str
) -> None:
    await set_on_database(operator, database_url, f"default_transaction_isolation = '{isolation}'")
    partner = await started(database_url)
    gym = partner.gym
    databases = [connect(database_url), connect(database_url)]
    gym.database = databases[0]
    slots = [await gym.slot("spin", seats=None) for _ in databases]
    customers = await gym.customers(20)
    desks = [Desk(each, gym.clock, Metrics()) for each in databases]

    async def book(customer: int, at: int) -> bool:
        gym.desk = desks[at]
        return isinstance(await gym.book(customer, slots[at]), Booked)

    answers = await asyncio.gather(*(book(who, at) for who in customers for at in (0, 1)))

    assert answers.count(True) == len(customers)
    assert [sum(pair) for pair in zip(answers[::2], answers[1::2], strict=True)] == [1] * 20
    for each in databases:
        await each.close()


async def test_a_search_path_without_a_schema_is_said(
    started: Started, database_url: str, operator: asyncpg.Connection
) -> None:
    partner = await started(database_url)
    await set_on_database(operator, database_url, "search_path = nowhere")
    await throw_out(operator, database_url)

    ran = await run("db", "upgrade", KURSPLAN_DATABASE_URL=database_url)
    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
    assert "no schema on the search path (nowhere)" in ran.err
    await partner.is_turned_away()  # Finds that the connections are gone.
    assert "make one with CREATE SCHEMA" in await partner.is_turned_away()

    await operator.execute(f'ALTER DATABASE "{name_of(database_url)}" RESET search_path')
    await partner.is_served_again()


async def test_a_database_that_lacks_letters_is_said(
    operator: asyncpg.Connection, postgres_server: str
) -> None:
    name = f"kursplan_test_{secrets.token_hex(8)}"
    await operator.execute(f"CREATE DATABASE {name} ENCODING LATIN1 TEMPLATE template0 LOCALE 'C'")
    url = urlsplit(postgres_server)._replace(path=f"/{name}").geturl()
    for command in (("db", "upgrade"), ("db", "check"), ("serve", "--port", "0")):
        ran = await run(*command, KURSPLAN_DATABASE_URL=url)
        assert (ran.status, len(ran.err.splitlines())) == (1, 1)
        assert "the database stores LATIN1" in ran.err
        assert "createdb --encoding=UTF8" in ran.err
    await operator.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def test_a_role_that_may_not_log_in_is_said_and_let_in_later(
    started: Started, database_url: str, operator: asyncpg.Connection
) -> None:
    async with role(operator, database_url) as name:
        url = asked_by(database_url, name)
        partner = await started(database_url, over=url)
        await operator.execute(f"ALTER ROLE {name} NOLOGIN")
        await throw_out(operator, database_url)

        ran = await run("db", "check", KURSPLAN_DATABASE_URL=url)
        assert (ran.status, len(ran.err.splitlines())) == (1, 1)
        assert f'role "{name}" is not permitted to log in: the role needs LOGIN' in ran.err
        await partner.is_turned_away()
        assert "the role needs LOGIN" in await partner.is_turned_away()

        await operator.execute(f"ALTER ROLE {name} LOGIN")
        await partner.is_served_again()
        await partner.application.stop()


async def test_a_database_that_takes_no_connections_is_said_and_takes_them_later(
    started: Started, database_url: str, operator: asyncpg.Connection
) -> None:
    partner = await started(database_url)
    name = name_of(database_url)
    await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await throw_out(operator, database_url)

    ran = await run("db", "check", KURSPLAN_DATABASE_URL=database_url)
    assert (ran.status, len(ran.err.splitlines())) == (1, 1)
    assert f"ALTER DATABASE {name} ALLOW_CONNECTIONS true" in ran.err
    await partner.is_turned_away()
    assert "is not currently accepting connections" in await partner.is_turned_away()

    await operator.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await partner.is_served_again()


async def test_a_database_that_is_not_there_is_said(postgres_server: str) -> None:
    database = connect(postgres_server.replace("/postgres", "/not_there"))
    for ask in (database.check_setup, database.check_writable):
        with pytest.raises(DatabaseUnavailable, match=r"not_there.*make it with createdb"):
            await ask()
    await database.close()


def test_an_old_server_is_said() -> None:
    check_version(15)
    with pytest.raises(DatabaseUnavailable, match="the server is PostgreSQL 14: Kursplan needs 15"):
        check_version(14)
