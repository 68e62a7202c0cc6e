"""Settings, read once at the door from the environment; all mistakes are reported together.

Each may also come from a file, whose name is then in the environment: so secrets are handed over by
systemd and by containers. What a file holds is never told, because it may be the wrong file.
"""

from __future__ import annotations

import difflib
import logging
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from importlib.util import find_spec
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from kursplan.store.engine.database import connect
from kursplan.store.engine.trouble import BadDatabaseUrl
from kursplan.web.origins import Origins
from kursplan.web.peers import Network

PREFIX = "KURSPLAN_"
NOT_SETTINGS = "KURSPLAN_TEST_"
"""Variables that only the tests look at."""
FROM_FILE = "_FILE"
"""What follows the name of a setting where its value is in a file."""
LONGEST_FILE = 64 * 1024
"""How many bytes such a file may have: no value comes near it."""


class BadSettings(ValueError):
    """Some settings can't be used; the message lists each with what to write instead."""


class _Unfit(ValueError):
    """What a value is not; whoever knows where it came from says of which value that is true."""

    def __init__(self, value: str, says: str) -> None:
        super().__init__(says)
        self.value = value


def _database_url(text: str) -> str:
    try:
        connect(text)
    except BadDatabaseUrl as bad:
        raise ValueError(str(bad)) from bad
    return text


def _number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not least <= int(text) <= most:
            raise _Unfit(text, f"is not a number from {least} to {most}")
        return int(text)

    return read


def _switch(text: str) -> bool:
    words = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}
    if text.lower() not in words:
        raise _Unfit(text, "is neither on nor off")
    return words[text.lower()]


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in choices:
            raise _Unfit(text, f"is none of {', '.join(choices)}")
        return text.lower()

    return read


def _limits_url(text: str) -> str:
    if not text.startswith(("memory://", "redis://", "rediss://")):
        raise _Unfit(text, "is neither memory:// nor redis://HOST:PORT/NUMBER")
    if not text.startswith("memory://") and find_spec("redis") is None:
        raise ValueError("Redis needs the extra of that name: pip install 'kursplan[redis]'")
    return text


def _networks(text: str) -> tuple[Network, ...]:
    networks = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            reason = str(error).removeprefix(repr(part)).strip()
            raise _Unfit(part, f"{reason}; write 10.0.0.7 or 10.0.0.0/8") from error
    return tuple(networks)


def _public_url(text: str) -> str:
    Origins.of_url(text)
    return text.rstrip("/")


def _authorities(text: str) -> str:
    if text:
        try:
            ssl.create_default_context(cafile=text)
        except OSError as error:
            no_certificate = isinstance(error, ssl.SSLError)
            reason = "it holds no certificate" if no_certificate else error.strerror
            raise _Unfit(text, f"can't be used: {reason}") from error
    return text


def _setting(
    default: Any, read: Callable[[str], Any], meaning: str, *, may_hold_password: bool = False
) -> Any:
    return field(
        default=default,
        repr=not may_hold_password,
        metadata={"read": read, "meaning": meaning},
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be set, each as `KURSPLAN_` and its name in capitals, or with `_FILE` behind it."""

    database_url: str = _setting(
        "sqlite:///kursplan.db",
        _database_url,
        "where the data is: sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME",
        may_hold_password=True,
    )
    host: str = _setting("127.0.0.1", str, "the address to listen on")
    port: int = _setting(8080, _number(0, 65535), "the port to listen on; 0 takes a free one")
    public_url: str = _setting(
        "",
        _public_url,
        "under which address people reach the console, like https://plan.example.com; without it, "
        "only from this machine",
    )
    clients: int = _setting(
        10_000, _number(16, 10**6), "connections that clients may have to each process at once"
    )
    idle_seconds: int = _setting(
        75, _number(1, 3600), "how long a connection may stay open without a request, in seconds"
    )
    head_seconds: int = _setting(
        10, _number(1, 600), "how long the head of a request may take to arrive, in seconds"
    )
    body_seconds: int = _setting(
        30,
        _number(1, 600),
        "how long a body may take to arrive, and a client to take its answer, in seconds",
    )
    rate_limit: int = _setting(
        1000, _number(0, 10**9), "requests a minute for each key and endpoint; 0 for no limit"
    )
    limits_url: str = _setting(
        "memory://",
        _limits_url,
        "where requests are counted: memory:// in each process, redis://HOST:PORT/0 for all",
        may_hold_password=True,
    )
    wrong_keys_limit: int = _setting(
        100,
        _number(0, 10**9),
        "wrong API keys a minute from each address before it is told to wait; 0 for no limit",
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        (),
        _networks,
        "addresses or networks of proxies whose X-Forwarded-For is believed, with commas between",
    )
    max_body_bytes: int = _setting(
        65536, _number(1024, 10**8), "the largest request body that is read"
    )
    queue_limit: int = _setting(
        2000, _number(1, 10**6), "commands of one organization that may wait for their turn"
    )
    connections: int = _setting(
        10, _number(2, 1000), "connections to PostgreSQL that each process holds at most"
    )
    lock_wait_ms: int = _setting(
        2000, _number(1, 60_000), "how long a transaction waits for a lock, in milliseconds"
    )
    statement_ms: int = _setting(
        30_000,
        _number(1, 3_600_000),
        "how long one statement may run in PostgreSQL, in milliseconds",
    )
    silence_ms: int = _setting(
        5000,
        _number(1, 60_000),
        "how long the way to PostgreSQL may be silent before it is taken for cut, in milliseconds",
    )
    background: bool = _setting(
        True, _switch, "whether `serve` also does the work that comes by itself"
    )
    background_seconds: int = _setting(
        5, _number(1, 3600), "how often it looks for such work, in seconds"
    )
    horizon_days: int = _setting(60, _number(1, 730), "how many days ahead a series has its slots")
    webhooks_insecure: bool = _setting(
        False,
        _switch,
        "for development only: webhooks may also go to http and to private addresses",
    )
    webhooks_ca: str = _setting(
        "",
        _authorities,
        "a file with further authorities that certificates of webhooks may come from",
    )
    events_kept_days: int = _setting(
        90,
        _number(1, 3650),
        "how many days events, and what became of telling them, are kept after the last attempt",
    )
    history_kept_days: int = _setting(
        1095,
        _number(1, 36_500),
        "how many days it is kept who changed what, and why",
    )
    log_level: str = _setting(
        "info", _one_of("debug", "info", "warning", "error"), "what is logged"
    )
    log_format: str = _setting("json", _one_of("json", "text"), "how it is logged")

    @property
    def log_threshold(self) -> int:
        return logging.getLevelNamesMapping()[self.log_level.upper()]


def read_settings(
    environment: Mapping[str, str],
    *,
    otherwise: Mapping[str, str] | None = None,
    always: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in `environment`; what is not set there is as `otherwise` says, or has its default.

    `always` holds whatever the environment says. Raises `BadSettings` with every mistake, also names
    that are no setting: a misspelt one would otherwise do nothing, silently.
    """
    known = {PREFIX + each.name.upper(): each for each in fields(Settings)}
    given = {
        name: text
        for name, text in environment.items()
        if name.startswith(PREFIX) and not name.startswith(NOT_SETTINGS)
    }
    for name, text in (otherwise or {}).items():
        if name + FROM_FILE not in given:
            given.setdefault(name, text)
    for name, text in (always or {}).items():
        given.pop(name + FROM_FILE, None)
        given[name] = text
    values: dict[str, Any] = {}
    mistakes = []
    for said, text in sorted(given.items()):
        name = said if said in known else said.removesuffix(FROM_FILE)
        if name not in known:
            names = [*known, *(each + FROM_FILE for each in known)]
            close = difflib.get_close_matches(said, names, n=1)
            mistakes.append(f"{said} is no setting" + (f"; is {close[0]} meant?" if close else ""))
            continue
        setting, is_in_a_file = known[name], said != name
        if is_in_a_file and name in given:
            mistakes.append(f"{said}: {name} is set too: leave one of the two out")
            continue
        try:
            value = _held_by(Path(text.strip())) if is_in_a_file else text.strip()
            values[setting.name] = setting.metadata["read"](value)
        except _Unfit as unfit:
            # A password that somebody mistyped is one still.
            shown = repr(unfit.value) if setting.repr else "it"
            mistakes.append(f"{said}: {f'what {text} holds' if is_in_a_file else shown} {unfit}")
        except ValueError as mistake:
            mistakes.append(f"{said}: {mistake}")
    if mistakes:
        raise BadSettings("\n".join(mistakes))
    return Settings(**values)


def _held_by(file: Path) -> str:
    """The line that the file holds. Raises ValueError, which quotes nothing of it."""
    try:
        with file.open("rb") as opened:
            content = opened.read(LONGEST_FILE + 1)
    except OSError as error:
        raise ValueError(f"{file} can't be read: {error.strerror}{_whose(file)}") from error
    try:
        text = content.decode().strip()
    except UnicodeDecodeError:
        raise ValueError(f"{file} holds no text in UTF-8") from None
    if not text:
        raise ValueError(f"{file} is empty")
    if len(content) > LONGEST_FILE or len(text.splitlines()) > 1:
        raise ValueError(f"{file} holds more than the one line that is the value")
    return text


def _whose(file: Path) -> str:
    """For whom a file is that is there and may not be read: most often that is what to change."""
    try:
        found = file.stat()
    except OSError:
        return ""
    try:
        owner = file.owner()
    except KeyError:
        owner = f"user {found.st_uid}"
    return f"; it belongs to {owner} and has mode {found.st_mode & 0o7777:04o}"
