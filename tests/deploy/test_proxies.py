"""nginx and Caddy as `deploy` has them, before the real server: TLS, `/v1`, pages, pieces, and whose requests they are."""

from __future__ import annotations

import os
import re
import shutil
import ssl
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import trustme

from kursplan.clock import HandClock, SystemClock
from tests.gym import Gym
from tests.house.repository import ROOT
from tests.races.servers import KursplanServer
from tests.throwaway import ThrowawayServer, free_port, not_installed, takes_connections

DEPLOY = ROOT / "deploy"
WRONG_KEYS = 3
NAME = "localhost"
KEYS_FROM = re.compile(r"\S*/(fullchain|privkey)\.pem")

# What Debian's nginx has around the sites.
NGINX = """
daemon off;
pid {folder}/pid;
error_log stderr warn;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    {sites}
}}
"""
A_SITE = """
server {{
    listen 443 ssl http2;
    ssl_certificate /etc/fullchain.pem;
    ssl_certificate_key /etc/privkey.pem;
    {locations}
}}
"""
CADDY = "{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system FOLDER\n}\n"


@dataclass(frozen=True)
class Proxy:
    """A running proxy before a server."""

    port: int
    prefix: str
    tls: ssl.SSLContext

    def client(self, source: str = "127.0.0.1") -> httpx.Client:
        """A client with that address of its own."""
        return httpx.Client(
            base_url=f"https://{NAME}:{self.port}{self.prefix}",
            transport=httpx.HTTPTransport(verify=self.tls, local_address=source),
            timeout=20,
        )


def nginx(folder: Path, port: int, upstream: int, below_a_path: bool) -> list[str]:
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).exists():
        not_installed("nginx", "install it (Debian, Ubuntu: apt-get install nginx-light).")
    file = "below-a-path.conf" if below_a_path else "own-name.conf"
    site = (DEPLOY / "nginx" / file).read_text()
    if below_a_path:
        site = A_SITE.format(locations=site)
    site = re.sub(r"listen (\[::\]:)?80;", "", site)
    site = re.sub(r"listen \[::\]:443.*", "", site).replace(
        "listen 443", f"listen 127.0.0.1:{port}"
    )
    site = KEYS_FROM.sub(lambda found: str(folder / f"{found[1]}.pem"), site)
    # A server that listens nowhere would take port 80.
    site = re.sub(r"\nserver \{[^}]*return 301[^}]*\}", "", site)
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    config.write_text(NGINX.format(folder=folder, sites=site, user=user))
    return [program, "-c", str(config), "-p", str(folder)]


def caddy(folder: Path, port: int, upstream: int, below_a_path: bool) -> list[str]:
    program = shutil.which("caddy")
    if program is None:
        not_installed("Caddy", "install it (Debian, Ubuntu: apt-get install caddy).")
    file = "below-a-path.caddyfile" if below_a_path else "own-name.caddyfile"
    site = (DEPLOY / "caddy" / file).read_text()
    keys = f"{{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem\n\tbind 127.0.0.1\n"
    named = re.compile(r"(site\.example|\{\$SITE_NAME:kursplan\.example\}) \{\n")
    site = named.sub(lambda found: f"{found[1]} {keys}", site)
    site = site.replace("site.example", f"{NAME}:{port}")
    if below_a_path:
        site = site.replace("127.0.0.1:8080", f"127.0.0.1:{upstream}")
    config = folder / "Caddyfile"
    config.write_text(CADDY.replace("FOLDER", str(folder)) + site)
    settings = [f"SITE_NAME={NAME}:{port}", f"SITE_UPSTREAM=127.0.0.1:{upstream}"]
    return ["env", f"HOME={folder}", *settings, program, "run", "--config", str(config)]


PROGRAMS = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def started(program: str, upstream: int, *, below_a_path: bool) -> tuple[ThrowawayServer, Proxy]:
    folder = Path(tempfile.mkdtemp(prefix=f"kursplan-{program}-"))
    authority = trustme.CA()
    certificate = authority.issue_cert(NAME)
    for part in certificate.cert_chain_pems:
        part.write_to_path(folder / "fullchain.pem", append=True)
    certificate.private_key_pem.write_to_path(folder / "privkey.pem")
    tls = ssl.create_default_context()
    authority.configure_trust(tls)
    port = free_port()
    try:
        command = PROGRAMS[program](folder, port, upstream, below_a_path)
    except BaseException:
        shutil.rmtree(folder)
        raise
    server = ThrowawayServer(command, folder, lambda: takes_connections(port))
    return server, Proxy(port, "/kursplan" if below_a_path else "", tls)


@pytest.fixture
def clock() -> HandClock:
    """The server knows no other time than the machine's."""
    return HandClock(SystemClock().now())


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def kursplan(database_url: str) -> Iterator[KursplanServer]:
    server = KursplanServer(
        database_url, TRUSTED_PROXIES="127.0.0.1,::1", WRONG_KEYS_LIMIT=WRONG_KEYS
    )
    yield server
    server.stop()


@pytest.fixture
def proxies(kursplan: KursplanServer, program: str) -> Iterator[list[Proxy]]:
    """Both ways in which it may stand before a server: by a name of its own, and below a path."""
    running = [started(program, kursplan.port, below_a_path=each) for each in (False, True)]
    yield [proxy for _, proxy in running]
    for server, _ in running:
        server.stop()


async def test_partners_and_readers_are_served_through_it(proxies: list[Proxy], gym: Gym) -> None:
    await gym.slot("spin", day=gym.now.date() + timedelta(days=3))
    key = {"X-API-KEY": await gym.key()}
    for proxy in proxies:
        with proxy.client() as client:
            serves_partners(client, key)
            serves_readers(client)
            for inside in ("/metrics", "/health/ready", "/health/live"):
                assert client.get(inside).status_code == 404


def serves_partners(client: httpx.Client, key: dict[str, str]) -> None:
    classes = client.get("/v1/classes", headers=key)
    assert [each["title"] for each in classes.json()["result"]] == ["Spin"]
    again = {"If-None-Match": classes.headers["etag"]}
    assert client.get("/v1/classes", headers=key | again).status_code == 304
    refused = client.post("/v1/classes/booking/book", json={}, headers=key)
    assert refused.json()["traceId"] == refused.headers["x-trace-id"]
    too_much = client.post("/v1/classes/booking/book", content=b"x" * 200_000, headers=key)
    assert (too_much.status_code, too_much.json()["errorCode"]) == (413, "BODY_TOO_LARGE")


def serves_readers(client: httpx.Client) -> None:
    """Where a page names others, it names them so that they are found."""
    page = client.get("/docs")
    links = re.findall(r'(?:href|src)="([^"#]+)"', page.text)
    found = [each for each in links if not each.startswith("https:")]
    assert len(found) > 3
    for each in found:
        assert client.get(page.url.join(each)).status_code == 200, each
    assert client.get("/openapi.json").status_code == 200


async def test_each_address_is_counted_for_itself_whatever_it_claims(
    proxies: list[Proxy], gym: Gym
) -> None:
    """So the trusted proxy is believed, and nobody who writes its header."""
    for number, proxy in enumerate(proxies, start=1):
        guesser, other = f"127.0.{number}.2", f"127.0.{number}.3"
        with proxy.client(guesser) as guessing, proxy.client(other) as another:
            told = [
                guessing.get(
                    "/v1/classes",
                    headers={"X-API-KEY": f"guess-{turn}", "X-Forwarded-For": f"203.0.113.{turn}"},
                ).status_code
                for turn in range(WRONG_KEYS + 2)
            ]
            assert told == [401] * WRONG_KEYS + [429] * 2
            assert another.get("/v1/classes", headers={"X-API-KEY": "guess"}).status_code == 401


@pytest.mark.parametrize("below_a_path", [False, True], ids=["own-name", "below-a-path"])
def test_what_comes_in_pieces_arrives_in_pieces(program: str, below_a_path: bool) -> None:
    port = free_port()
    folder = Path(tempfile.mkdtemp(prefix="kursplan-pieces-"))
    site = ThrowawayServer(
        [
            "env",
            f"PYTHONPATH={os.pathsep.join(sys.path)}",
            sys.executable,
            "-m",
            "tests.deploy.in_pieces",
            str(port),
        ],
        folder,
        lambda: takes_connections(port),
    )
    try:
        server, proxy = started(program, port, below_a_path=below_a_path)
        try:
            with proxy.client() as client, client.stream("GET", "/pieces") as stream:
                pieces = stream.iter_text()
                assert next(pieces) == "data: one\n\n"
                # Only now is the second one on its way.
                with proxy.client() as another:
                    assert another.get("/go-on").status_code == 200
                assert "".join(pieces) == "data: two\n\n"
        finally:
            server.stop()
    finally:
        site.stop()
