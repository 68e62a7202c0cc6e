"""Settings that come from files: how systemd and containers hand over what is secret."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from kursplan.settings import FROM_FILE, PREFIX, BadSettings, Settings, read_settings
from tests.cli.conftest import run
from tests.throwaway import not_installed

AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"
SAMPLES = {
    "public_url": "https://gym.example",
    "database_url": "postgresql://kursplan:pa55word@db.internal/kursplan",
    "host": "10.0.0.7",
    "limits_url": "rediss://:pa55word@redis.internal/0",
    "trusted_proxies": "10.0.0.0/8, fd00::1",
    "background": "off",
    "webhooks_insecure": "on",
    "webhooks_ca": AUTHORITIES,
    "log_level": "debug",
    "log_format": "text",
}
"""A value for each setting that is no number."""


def file_with(folder: Path, content: str | bytes, name: str = "value") -> Path:
    file = folder / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def mistakes(**environment: str) -> list[str]:
    with pytest.raises(BadSettings) as bad:
        read_settings(environment)
    return str(bad.value).splitlines()


@pytest.mark.parametrize("name", [each.name for each in fields(Settings)])
def test_every_setting_may_stand_in_a_file(name: str, tmp_path: Path) -> None:
    standard = getattr(Settings(), name)
    value = SAMPLES[name] if name in SAMPLES else str(standard + 1)
    if not Path(AUTHORITIES).exists():
        not_installed("ca-certificates", "install it, for a file of authorities to name.")
    variable = PREFIX + name.upper()

    for end in ("", "\n", "\r\n"):
        file = file_with(tmp_path, value + end)
        found = read_settings({variable + FROM_FILE: str(file)})
        assert found == read_settings({variable: value})
        assert getattr(found, name) != standard


def test_a_directory_of_credentials_is_enough(tmp_path: Path, sqlite_database: str) -> None:
    """As `LoadCredential=` hands it over: files for their reader alone in a folder nobody may write to."""
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    file_with(credentials, sqlite_database + "\n", "database-url").chmod(0o400)
    credentials.chmod(0o500)

    ran = subprocess.run(
        [sys.executable, "-m", "kursplan", "settings", "--json"],
        env=os.environ | {"KURSPLAN_DATABASE_URL_FILE": str(credentials / "database-url")},
        check=True,
        capture_output=True,
        text=True,
    )

    shown = {each["name"]: each["value"] for each in json.loads(ran.stdout)}
    assert shown["KURSPLAN_DATABASE_URL"] == sqlite_database


async def test_what_is_wrong_with_a_file_is_told_and_nothing_of_what_it_holds(
    tmp_path: Path,
) -> None:
    owner = getpass.getuser()
    ran = await run(
        *("slot", "list"),
        KURSPLAN_DATABASE_URL_FILE=str(tmp_path / "none"),
        KURSPLAN_HOST="127.0.0.1",
        KURSPLAN_HOST_FILE=str(file_with(tmp_path, "::1", "host")),
        KURSPLAN_LIMITS_URL_FILE=str(file_with(tmp_path, "pa55word", "limits")),
        KURSPLAN_LOG_LEVEL_FILE=str(file_with(tmp_path, "\n", "level")),
        KURSPLAN_PORT_FILE=str(file_with(tmp_path, "pa55word", "port")),
        KURSPLAN_PROT_FILE=str(tmp_path),
        KURSPLAN_QUEUE_LIMIT_FILE=str(file_with(tmp_path, "pa55word\n7\n", "lines")),
        KURSPLAN_RATE_LIMIT_FILE=str(tmp_path),
        KURSPLAN_STATEMENT_MS_FILE=str(file_with(tmp_path, b"\xff\xfe\x31", "bytes")),
        KURSPLAN_TRUSTED_PROXIES_FILE=str(file_with(tmp_path, "10.0.0.1,pa55word", "proxies")),
    )

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.replace(str(tmp_path), "…").splitlines() == [
        "kursplan: KURSPLAN_DATABASE_URL_FILE: …/none can't be read: No such file or directory",
        "kursplan: KURSPLAN_HOST_FILE: KURSPLAN_HOST is set too: leave one of the two out",
        "kursplan: KURSPLAN_LIMITS_URL_FILE: what …/limits holds is neither memory:// nor redis://HOST:PORT/NUMBER",
        "kursplan: KURSPLAN_LOG_LEVEL_FILE: …/level is empty",
        "kursplan: KURSPLAN_PORT_FILE: what …/port holds is not a number from 0 to 65535",
        "kursplan: KURSPLAN_PROT_FILE is no setting; is KURSPLAN_PORT_FILE meant?",
        "kursplan: KURSPLAN_QUEUE_LIMIT_FILE: …/lines holds more than the one line that is the value",
        f"kursplan: KURSPLAN_RATE_LIMIT_FILE: … can't be read: Is a directory; it belongs to {owner} and has mode 0700",
        "kursplan: KURSPLAN_STATEMENT_MS_FILE: …/bytes holds no text in UTF-8",
        "kursplan: KURSPLAN_TRUSTED_PROXIES_FILE: what …/proxies holds does not appear to be an IPv4 or IPv6 network; write 10.0.0.7 or 10.0.0.0/8",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can be somebody else for a moment.")
def test_a_file_for_somebody_else_says_whose_it_is(tmp_path: Path) -> None:
    file = file_with(tmp_path, "postgresql://db/kursplan")
    file.chmod(0o600)
    for each in (tmp_path, *tmp_path.parents):
        if each.owner() == "root" and each.parent != each and each.stat().st_mode & 0o001 == 0:
            each.chmod(0o711)
    os.seteuid(65534)
    try:
        told = mistakes(KURSPLAN_DATABASE_URL_FILE=str(file))
    finally:
        os.seteuid(0)
    assert told == [
        f"KURSPLAN_DATABASE_URL_FILE: {file} can't be read: Permission denied; it belongs to root and has mode 0600"
    ]


def test_a_mistyped_password_is_not_told_either() -> None:
    [told] = mistakes(KURSPLAN_LIMITS_URL="reddis://:pa55word@redis.internal/0")
    assert told == "KURSPLAN_LIMITS_URL: it is neither memory:// nor redis://HOST:PORT/NUMBER"


def test_what_is_always_so_and_what_is_otherwise_stand_beside_files(tmp_path: Path) -> None:
    """So the demo has its own database where a service's settings are in the environment."""
    level = file_with(tmp_path, "error")
    settings = read_settings(
        {"KURSPLAN_DATABASE_URL_FILE": "/none", "KURSPLAN_LOG_LEVEL_FILE": str(level)},
        otherwise={"KURSPLAN_LOG_LEVEL": "warning", "KURSPLAN_LOG_FORMAT": "text"},
        always={"KURSPLAN_DATABASE_URL": "sqlite:///demo.db"},
    )
    assert (settings.database_url, settings.log_level, settings.log_format) == (
        "sqlite:///demo.db",
        "error",
        "text",
    )
