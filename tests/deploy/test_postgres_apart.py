"""PostgreSQL on another machine as docs/install.md has it: TLS, certificates, and a role that owns nothing."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.cli.conftest import run
from tests.cli.test_serve import address, serving
from tests.databases import NextVersion
from tests.house.repository import ROOT
from tests.postgres import REMEDY, PostgresServer, installed_programs, unprivileged_user
from tests.throwaway import not_installed

GYM = """
organization: {key: apart, name: Apart}
studios: [{key: berlin, name: Berlin, zone: Europe/Berlin}]
classes: [{key: yoga, studio: berlin, title: Yoga, duration: 60}]
applications: [{key: app, name: App, integrations: [{studio: berlin, scopes: [CLASSES_READ]}]}]
"""


def blocks(kind: str) -> list[str]:
    """What the document has in blocks of that kind, about a database elsewhere."""
    section = (ROOT / "docs/install.md").read_text().split("## PostgreSQL on another machine")[1]
    return re.findall(rf"```{kind}\n(.*?)```", section.split("\n## ")[0], re.DOTALL)


def openssl(*words: object, given: str | None = None) -> None:
    program = shutil.which("openssl")
    if program is None:
        not_installed("openssl", "install it (Debian, Ubuntu: apt-get install openssl).")
    subprocess.run(
        [program, *map(str, words)], check=True, capture_output=True, input=given, text=True
    )


@dataclass(frozen=True)
class Authority:
    """Who says in certificates whose they are."""

    certificate: Path
    key: Path

    @classmethod
    def made_in(cls, folder: Path, name: str) -> Authority:
        made = cls(folder / f"{name}.crt", folder / f"{name}.key")
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-subj", f"/CN={name}"),
            *("-keyout", made.key, "-out", made.certificate),
        )
        return made

    def certify(self, host: str, folder: Path) -> None:
        """A key and a certificate for that host."""
        key, request, names = (folder / f"server.{end}" for end in ("key", "csr", "names"))
        openssl(
            *("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={host}"),
            *("-keyout", key, "-out", request),
        )
        names.write_text(f"subjectAltName=DNS:{host}")
        openssl(
            *("x509", "-req", "-in", request, "-days", 2, "-CAcreateserial", "-extfile", names),
            *("-CA", self.certificate, "-CAkey", self.key, "-out", folder / "server.crt"),
        )


@dataclass(frozen=True)
class Elsewhere:
    """The server, and the URLs of the document, which lead to it."""

    superusers: str
    service: str
    owner: str
    authority: Path


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    programs = installed_programs()
    if programs is None:
        not_installed("PostgreSQL", REMEDY)
    folder = tmp_path_factory.mktemp("authority")
    authority = Authority.made_in(folder, "authority")
    conf, hba = blocks("ini")[0], blocks("text")[0]
    urls = blocks("text")[1].split()

    def set_up(data: Path) -> Mapping[str, str]:
        authority.certify("localhost", data)
        user = unprivileged_user()
        for name in ("server.key", "server.crt"):
            if user is not None:
                shutil.chown(data / name, user)
            (data / name).chmod(0o600)
        # The first line is for the tests, who are the superuser.
        trusted = "host all postgres 127.0.0.1/32 trust\n"
        (data / "pg_hba.conf").write_text(trusted + hba.replace("10.0.0.5/32", "127.0.0.1/32"))
        said = dict(re.findall(r"^(\w+) = '?([^'\n]*)'?$", conf, re.MULTILINE))
        assert said.pop("listen_addresses") == "*"  # Tests let nobody in from outside.
        return {
            name: value.replace("/etc/postgresql/tls", str(data)) for name, value in said.items()
        }

    server = PostgresServer(programs, superuser="postgres", set_up=set_up)
    port = urlsplit(server.url).port
    service, owner = (
        url.replace("db.example:5432", f"localhost:{port}").replace(
            "/etc/kursplan/database-ca.crt", str(authority.certificate)
        )
        for url in urls
    )
    yield Elsewhere(server.url, service, owner, authority.certificate)
    server.stop()


def psql(url: str, script: str) -> None:
    subprocess.run(
        ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", url],
        input=script,
        text=True,
        check=True,
        capture_output=True,
    )


async def test_two_roles_over_tls_serve_upgrade_and_back_up(
    elsewhere: Elsewhere, tmp_path: Path, next_version: NextVersion
) -> None:
    make, afterwards = blocks("sql")
    psql(elsewhere.superusers, make)
    upgraded = await run("db", "upgrade", KURSPLAN_DATABASE_URL=elsewhere.owner)
    assert (upgraded.status, upgraded.err) == (0, "")
    psql(elsewhere.superusers, afterwards)

    # The service does all that it does, and may do nothing else.
    file = tmp_path / "gym.yaml"
    file.write_text(GYM)
    for words in (("gym", "load", file, "--yes"), ("doctor",), ("db", "check"), ("slot", "list")):
        ran = await run(*words, KURSPLAN_DATABASE_URL=elsewhere.service)
        assert (ran.status, ran.err) == (0, ""), words
    issued = await run(
        *("key", "issue", "--studio", "berlin", "--application", "app", "--json"),
        KURSPLAN_DATABASE_URL=elsewhere.service,
    )
    with serving("--port", 0, KURSPLAN_DATABASE_URL=elsewhere.service) as (_, logged):
        async with httpx.AsyncClient(base_url=address(logged), timeout=60) as client:
            ready = await client.get("/health/ready")
            assert ready.json() == {"status": "ready"}
            key = {"X-API-KEY": issued.json["api_key"]}
            classes = await client.get("/v1/classes", headers=key)
            assert classes.status_code == 200, classes.text
    for forbidden in (
        "CREATE TABLE mine (id int)",
        "ALTER TABLE rate ADD COLUMN more text",
        "DROP TABLE rate",
        "UPDATE alembic_version SET version_num = '0001'",
        "DELETE FROM schema_runs_from",
        "CREATE SCHEMA mine",
        "CREATE TEMPORARY TABLE mine (id int)",
    ):
        assert await refusal(elsewhere.service, forbidden) == "42501", forbidden

    # The owner upgrades and backs up, and what is new is the service's to use.
    backup = tmp_path / "backup.dump"
    backed_up = await run("backup", backup, "--check", KURSPLAN_DATABASE_URL=elsewhere.owner)
    assert (backed_up.status, backed_up.err) == (0, "")
    next_one = await asyncio.to_thread(next_version.run, elsewhere.owner, "db", "upgrade")
    assert (next_one.returncode, next_one.stderr) == (0, "")
    assert await refusal(elsewhere.service, "INSERT INTO made_up VALUES (1)") is None
    there = await asyncio.to_thread(next_version.run, elsewhere.service, "slot", "list")
    assert (there.returncode, there.stderr) == (0, "")


async def test_nobody_is_let_in_without_tls_and_nobody_else_is_believed(
    elsewhere: Elsewhere, tmp_path: Path
) -> None:
    another = await asyncio.to_thread(Authority.made_in, tmp_path, "another")
    for url, says in (
        (elsewhere.owner.replace("verify-full", "disable"), "no encryption"),
        (
            elsewhere.owner.replace(str(elsewhere.authority), str(another.certificate)),
            "certificate verify failed",
        ),
        (elsewhere.owner.replace("localhost", "127.0.0.1"), "IP address mismatch"),
        (elsewhere.owner.replace(".crt", ".gone"), "sslrootcert names no file that is there"),
    ):
        refused = await run("db", "check", KURSPLAN_DATABASE_URL=url)
        assert refused.status == 1, url
        assert says in refused.err


async def refusal(url: str, statement: str) -> str | None:
    """The state by which the database refuses it."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    except asyncpg.PostgresError as error:
        return error.sqlstate
    finally:
        await connection.close()
    return None
