"""Alert rules and the dashboard, as `deploy` has them, with the real Prometheus before two real processes."""

from __future__ import annotations

import asyncio
import json
import math
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from kursplan.clock import HandClock, SystemClock
from kursplan.webhooks.client import WebhookClient, trusted
from kursplan.webhooks.egress import EgressPolicy
from tests.cli.conftest import run
from tests.cli.test_serve import address, serving
from tests.gym import BERLIN, Gym
from tests.house.repository import ROOT
from tests.throwaway import ThrowawayServer, free_port, not_installed
from tests.webhooks.partner import Partners
from tests.webhooks.receiver import receiving

RULES = ROOT / "deploy/prometheus/kursplan.rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/kursplan.json"
PATIENCE_SECONDS = 60
CONFIG = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: kursplan
    static_configs: [{{targets: ["{target}"]}}]
  - job_name: node
    metrics_path: /doctor.prom
    static_configs: [{{targets: ["{node}"]}}]
"""


def promtool(*words: object, given: str | None = None) -> str:
    program = shutil.which("promtool")
    if program is None:
        not_installed("promtool", "install it (Debian, Ubuntu: apt-get install prometheus).")
    ran = subprocess.run(
        [program, *map(str, words)], input=given, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def queries() -> dict[str, str]:
    """By panel, as Grafana sends them."""
    dashboard = json.loads(DASHBOARD.read_text())
    return {
        f"{panel['title']} {target['refId']}": target["expr"]
        .replace("$job", "kursplan")
        .replace("$__rate_interval", "1m")
        for panel in dashboard["panels"]
        for target in panel["targets"]
    }


def test_the_rules_are_rules_and_each_is_tested_for_a_good_day_and_for_a_bad_one() -> None:
    assert "SUCCESS" in promtool("check", "rules", RULES)
    tests = RULES.with_name("kursplan.rules.test.yaml")
    assert "SUCCESS" in promtool("test", "rules", tests)
    names = [line.split()[-1] for line in RULES.read_text().splitlines() if "- alert:" in line]
    written = tests.read_text()
    assert len(names) > 5
    assert [each for each in names if written.count(f"alertname: {each}") < 2] == []


def test_a_panel_says_what_it_shows_and_stands_in_its_own_place() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    places = [
        (each["gridPos"]["x"] + x, each["gridPos"]["y"] + y)
        for each in dashboard["panels"]
        for x in range(each["gridPos"]["w"])
        for y in range(each["gridPos"]["h"])
    ]
    assert len(places) == len(set(places))
    assert max(x for x, _ in places) < 24
    assert all(each["description"] and each["title"] for each in dashboard["panels"])
    assert len({each["id"] for each in dashboard["panels"]}) == len(dashboard["panels"])


class Prometheus(ThrowawayServer):
    """The real one, which looks at a server every second."""

    def __init__(self, target: str, node: str) -> None:
        """`node` shows the doctor's note as node_exporter would."""
        program = shutil.which("prometheus")
        if program is None:
            not_installed("Prometheus", "install it (Debian, Ubuntu: apt-get install prometheus).")
        folder = Path(tempfile.mkdtemp(prefix="kursplan-prometheus-"))
        self.url = f"http://127.0.0.1:{free_port()}"
        (folder / "config.yaml").write_text(CONFIG.format(rules=RULES, target=target, node=node))
        super().__init__(
            [
                program,
                f"--config.file={folder / 'config.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
            ],
            folder,
            self._is_ready,
        )

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/-/ready").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def kind() -> str:
    """Several processes need PostgreSQL."""
    return "postgresql"


@pytest.fixture
def clock() -> HandClock:
    """The servers know no other time than the machine's."""
    return HandClock(SystemClock().now())


@pytest.fixture
async def partners(gym: Gym) -> AsyncIterator[Partners]:
    async with (
        receiving(None) as receiver,
        WebhookClient(EgressPolicy(insecure=True), trusted()) as post,
    ):
        yield Partners(gym, receiver, post)


@pytest.fixture
def server(database_url: str, partners: Partners) -> Iterator[str]:
    with serving(
        *("--port", 0, "--workers", 2),
        KURSPLAN_DATABASE_URL=database_url,
        KURSPLAN_WEBHOOKS_INSECURE="on",
        KURSPLAN_BACKGROUND_SECONDS="1",
    ) as (_, logged):
        yield address(logged)


@pytest.fixture
async def node(database_url: str, server: str, tmp_path: Path) -> AsyncIterator[str]:
    """Where the doctor's note is shown."""
    note = tmp_path / "doctor.prom"
    ran = await run("doctor", "--quiet", "--metrics", note, KURSPLAN_DATABASE_URL=database_url)
    assert (ran.status, ran.out) == (0, "")

    class Shown(SimpleHTTPRequestHandler):
        extensions_map = {".prom": "text/plain; version=0.0.4"}  # noqa: RUF012 - so it is there

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Shown, directory=str(tmp_path))) as shown:
        Thread(target=shown.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{shown.server_port}"
        shown.shutdown()


@pytest.fixture
def prometheus(server: str, node: str) -> Iterator[Prometheus]:
    running = Prometheus(server.removeprefix("http://"), node)
    yield running
    running.stop()


async def test_every_query_of_the_dashboard_and_every_rule_is_answered_by_what_is_counted(
    partners: Partners, server: str, prometheus: Prometheus
) -> None:
    gym = partners.gym
    integration = await partners.integration()
    await partners.endpoint(of=integration, answers=True)
    day = (gym.now + timedelta(days=3)).astimezone(BERLIN).date()
    slot = await gym.slot("spin", day=day, seats=None)
    customers = await gym.customers(PATIENCE_SECONDS)
    unanswered = queries()
    assert len(unanswered) > 15

    async with httpx.AsyncClient(timeout=20) as client:
        for customer in customers:
            booked = await client.post(
                f"{server}/v1/classes/booking/book",
                json={"customerId": customer, "classSlotId": slot},
                headers={"X-API-KEY": integration.api_key},
            )
            assert booked.status_code == 200, booked.text
            for name, query in list(unanswered.items()):
                if is_answer(await asked(client, prometheus, "query", query=query)):
                    del unanswered[name]
            if not unanswered:
                break
            await asyncio.sleep(1)
        assert unanswered == {}

        groups = (await asked(client, prometheus, "rules"))["groups"]
        assert [
            (rule["name"], rule.get("lastError"))
            for group in groups
            for rule in group["rules"]
            if rule["health"] != "ok"
        ] == []
        page = await client.get(f"{server}/metrics")
    await asyncio.to_thread(promtool, "check", "metrics", given=page.text)


async def asked(
    client: httpx.AsyncClient, prometheus: Prometheus, what: str, **parameters: str
) -> dict[str, Any]:
    answer = await client.get(f"{prometheus.url}/api/v1/{what}", params=parameters)
    assert answer.json()["status"] == "success", answer.text
    return dict(answer.json()["data"])


def is_answer(data: dict[str, Any]) -> bool:
    return any(not math.isnan(float(each["value"][1])) for each in data["result"])
