"""PostgreSQL's servers as the URL names them: one, or several of which one is the primary.

Of several servers one is the primary, and which one changes: they are asked in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import URL

from kursplan.store.engine.trouble import BadDatabaseUrl

UNDERSTOOD = ("sslmode", "sslrootcert", "host", "port", "target_session_attrs")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
PRIMARY = ("primary", "read-write")
"""What may be said of the server that is wanted; both mean what is asked for in any case."""


@dataclass(frozen=True, slots=True)
class Server:
    """One address; what it leaves out is the driver's to find, by `PGHOST` or the local socket."""

    host: str | None = None
    port: int | None = None


@dataclass(frozen=True, slots=True)
class Servers:
    """All addresses of one database, and who asks for it there."""

    addresses: tuple[Server, ...]
    user: str | None
    password: str | None = field(repr=False)
    database: str | None
    sslmode: str | None
    sslrootcert: str | None = None
    """The file with the authority that the server's certificate comes from, where that is said."""

    @classmethod
    def of(cls, url: URL) -> Servers:
        """Raises `BadDatabaseUrl` for what the URL says and nobody would heed."""
        for name in sorted(url.query.keys() - set(UNDERSTOOD)):
            raise BadDatabaseUrl(
                f"{name!r} is not understood in the URL of a PostgreSQL database, only"
                f" {', '.join(UNDERSTOOD)} are"
            )
        for wanted in _listed(url, "target_session_attrs"):
            if wanted not in PRIMARY:
                raise BadDatabaseUrl(
                    f"target_session_attrs={wanted} is not possible: Kursplan writes, so it always"
                    f" asks for the primary; leave it out, or write {PRIMARY[0]}"
                )
        for mode in _listed(url, "sslmode"):
            if mode not in SSL_MODES:
                raise BadDatabaseUrl(
                    f"sslmode={mode} is not possible: it is one of {', '.join(SSL_MODES)}"
                )
        return cls(
            addresses=_addresses(url),
            user=url.username,
            password=None if url.password is None else str(url.password),
            database=url.database,
            sslmode=next(iter(_listed(url, "sslmode")), None),
            sslrootcert=_one_file(url, "sslrootcert"),
        )


def _one_file(url: URL, name: str) -> str | None:
    given = url.query.get(name)
    if given is None:
        return None
    if not isinstance(given, str) or not Path(given).is_file():
        raise BadDatabaseUrl(f"{name} names no file that is there")
    return given


def _addresses(url: URL) -> tuple[Server, ...]:
    """Hosts and ports as they may be written: before the path or after it, together or apart."""
    hosts = _listed(url, "host")
    ports = [_number(text) for text in _listed(url, "port")]
    if url.host is not None:
        if hosts:
            raise BadDatabaseUrl(
                "the host is said twice: either before the name of the database, or as host="
            )
        hosts = [_bracketed(url.host, url.port)]
    elif not hosts:
        hosts = [""]
    if len(ports) not in (0, 1, len(hosts)):
        raise BadDatabaseUrl(
            f"there are {len(hosts)} hosts and {len(ports)} ports: give each host its port, as in"
            " ?host=A:5432&host=B:5432, or one port for all"
        )
    if len(ports) == 1:
        ports *= len(hosts)
    return tuple(_server(host, ports[at] if ports else None) for at, host in enumerate(hosts))


def _server(text: str, port_apart: int | None) -> Server:
    """The address that is written like `host`, `host:5432`, `[::1]:5432` or `/directory`."""
    if text.startswith("/"):
        host, port = text, ""
    elif text.startswith("["):
        host, _, port = text[1:].partition("]")
        port = port.removeprefix(":")
    elif text.count(":") > 1:  # An address of version 6, which says no port.
        host, port = text, ""
    else:
        host, _, port = text.partition(":")
    if port and port_apart is not None:
        raise BadDatabaseUrl("a port is said twice: either after its host, or as port=")
    return Server(host or None, _number(port) if port else port_apart)


def _bracketed(host: str, port: int | None) -> str:
    written = f"[{host}]" if ":" in host else host
    return written if port is None else f"{written}:{port}"


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise BadDatabaseUrl("a port is a number from 1 to 65535")
    return int(text)


def _listed(url: URL, name: str) -> Sequence[str]:
    """All values of that name, given several times or with commas between them."""
    given = url.query.get(name, ())
    texts = (given,) if isinstance(given, str) else given
    return [said for text in texts for part in text.split(",") if (said := part.strip())]
