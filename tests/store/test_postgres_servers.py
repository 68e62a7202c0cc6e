"""How a PostgreSQL database may be named, and what is refused with words."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from kursplan.store.engine.postgres_servers import Server, Servers
from kursplan.store.engine.trouble import BadDatabaseUrl


@pytest.mark.parametrize(
    ("url", "addresses"),
    [
        ("postgresql:///gym", [Server()]),
        ("postgresql://db/gym", [Server("db")]),
        ("postgresql://db:5433/gym", [Server("db", 5433)]),
        ("postgresql://[::1]:5433/gym", [Server("::1", 5433)]),
        ("postgresql://db/gym?port=5433", [Server("db", 5433)]),
        ("postgresql:///gym?host=db", [Server("db")]),
        ("postgresql:///gym?host=db&port=5433", [Server("db", 5433)]),
        ("postgresql:///gym?host=[::1]:5433", [Server("::1", 5433)]),
        ("postgresql:///gym?host=::1&port=5433", [Server("::1", 5433)]),
        ("postgresql:///gym?host=/run/postgresql", [Server("/run/postgresql")]),
        ("postgresql:///gym?host=a:1&host=b:2", [Server("a", 1), Server("b", 2)]),
        ("postgresql:///gym?host=a,b&port=1,2", [Server("a", 1), Server("b", 2)]),
        ("postgresql:///gym?host=a&host=b&port=1", [Server("a", 1), Server("b", 1)]),
        ("postgresql:///gym?host=a&host=b", [Server("a"), Server("b")]),
        ("postgresql:///gym?port=5433", [Server(None, 5433)]),
    ],
)
def test_hosts_and_ports_may_be_written_as_elsewhere(url: str, addresses: list[Server]) -> None:
    assert list(Servers.of(make_url(url)).addresses) == addresses


def test_who_asks_stands_in_the_url() -> None:
    servers = Servers.of(make_url("postgresql://erika:p%40ss@db/gym?sslmode=require"))
    assert (servers.user, servers.password) == ("erika", "p@ss")
    assert (servers.database, servers.sslmode) == ("gym", "require")


@pytest.mark.parametrize("wanted", ["primary", "read-write"])
def test_the_primary_is_asked_for_whether_it_is_said_or_not(wanted: str) -> None:
    said = make_url(f"postgresql://db/gym?target_session_attrs={wanted}")
    assert Servers.of(said) == Servers.of(make_url("postgresql://db/gym"))


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("host/gym?charset=utf8", "'charset' is not understood"),
        ("host/gym?target_session_attrs=standby", "Kursplan writes, so it always asks for the"),
        ("host/gym?target_session_attrs=any", "leave it out, or write primary"),
        ("host/gym?host=other", "the host is said twice"),
        ("host:1/gym?port=2", "a port is said twice"),
        ("/gym?host=a:1&port=2", "a port is said twice"),
        ("/gym?host=a&host=b&host=c&port=1&port=2", "there are 3 hosts and 2 ports"),
        ("/gym?host=a:first", "a port is a number from 1 to 65535"),
        ("/gym?host=a&port=70000", "a port is a number from 1 to 65535"),
        ("/gym?host=a&sslmode=perhaps", "sslmode=perhaps is not possible"),
        ("/gym?host=a&sslrootcert=/nowhere/ca.crt", "sslrootcert names no file that is there"),
    ],
)
def test_what_nobody_would_heed_is_refused_with_words(rest: str, words: str) -> None:
    with pytest.raises(BadDatabaseUrl) as bad:
        Servers.of(make_url(f"postgresql://kursplan:secret@{rest}"))
    assert words in str(bad.value)
    assert "secret" not in str(bad.value)
