"""Serving: where it listens, what it refuses to begin, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.multiprocess import MultiProcessCollector

from tests.throwaway import free_port

KURSPLAN = [sys.executable, "-m", "kursplan"]


@contextmanager
def serving(
    *arguments: object, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], list[dict[str, Any]]]]:
    """A server that listens, and the lines that it has logged by then."""
    process = subprocess.Popen(
        [*KURSPLAN, "serve", *map(str, arguments)],
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stderr is not None
        logged = []
        for line in process.stderr:
            logged.append(json.loads(line))
            # With several processes each says when it has started.
            if sum(each["event"] == "started" for each in logged) == logged[0].get("workers"):
                break
        yield process, logged
    finally:
        # All of it, with the processes that it started: they would outlive it otherwise.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


def refused(*arguments: object, **environment: str) -> tuple[int, str]:
    """The exit status and what is told where serving does not even begin."""
    ran = subprocess.run(
        [*KURSPLAN, "serve", *map(str, arguments)],
        check=False,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    assert ran.stdout == ""
    return ran.returncode, ran.stderr


def answered_by(file: Path) -> float:
    """How many requests the process has answered that counts in this file."""
    return sum(
        sample.value
        for metric in MultiProcessCollector.merge([str(file)])  # type: ignore[no-untyped-call]
        for sample in metric.samples
        if sample.name == "kursplan_requests_total"
    )


def address(logged: list[dict[str, Any]]) -> str:
    assert logged[0]["event"] == "listening"
    return f"http://127.0.0.1:{logged[0]['port']}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_it_answers_until_it_is_told_to_stop(database_url: str, number: signal.Signals) -> None:
    with serving("--port", 0, KURSPLAN_DATABASE_URL=database_url) as (process, logged):
        url = address(logged)
        assert httpx.get(f"{url}/health/ready").json() == {"status": "ready"}
        assert httpx.get(f"{url}/v1/classes").status_code == 401

        process.send_signal(number)

        _, rest = process.communicate()
        assert process.returncode == 0
        events = [json.loads(line)["event"] for line in rest.splitlines()]
        # Requests are logged as such, and not a second time by the server.
        assert events == ["request", "stopped"]


def test_on_one_connection_answers_of_every_kind_follow_each_other(sqlite_database: str) -> None:
    """With a body, with a head alone, long ones, refused ones, and those of the pages around."""
    with (
        serving("--port", 0, KURSPLAN_DATABASE_URL=sqlite_database) as (_, logged),
        httpx.Client(base_url=address(logged), timeout=10) as client,
    ):
        page = client.get("/docs")
        assert len(page.content) == int(page.headers["content-length"])
        for _ in range(3):
            assert client.head("/v1/classes").status_code == 401
            assert client.get("/v1/classes").json()["errorCode"] == "API_KEY_MISSING"
            assert client.head("/docs").status_code in (200, 405)
            assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
            again = {"Expect": "100-continue"}
            assert client.post("/v1/classes/booking/book", json={}, headers=again).is_error
            assert client.get("/nowhere").status_code == 404


def test_several_processes_share_a_postgresql_database(postgres_database: str) -> None:
    with serving("--port", 0, "--workers", 2, KURSPLAN_DATABASE_URL=postgres_database) as (
        process,
        logged,
    ):
        assert httpx.get(f"{address(logged)}/health/ready").json() == {"status": "ready"}
        [warning] = [each["event"] for each in logged if each["level"] == "warning"]
        assert "set KURSPLAN_LIMITS_URL to Redis" in warning

        process.terminate()

        process.communicate()
        assert process.returncode == 0


def test_those_who_connect_at_once_are_spread_over_the_processes(
    postgres_database: str, tmp_path: Path
) -> None:
    count = 64
    with (
        serving(
            "--port",
            0,
            "--workers",
            2,
            KURSPLAN_DATABASE_URL=postgres_database,
            PROMETHEUS_MULTIPROC_DIR=str(tmp_path),
        ) as (process, logged),
        ExitStack() as stack,
    ):
        at = ("127.0.0.1", logged[0]["port"])
        connections = [stack.enter_context(socket.create_connection(at)) for _ in range(count)]
        for each in connections:
            each.sendall(b"GET /v1/classes HTTP/1.1\r\nHost: kursplan\r\n\r\n")
        for each in connections:
            assert each.recv(1000).startswith(b"HTTP/1.1 401 ")
        # A request is counted behind its answer: who is killed at once may not have come to that.
        process.terminate()
        process.communicate()
    # Each process counts what it has answered itself, in a file of its own.
    answered = [answered_by(file) for file in tmp_path.glob("counter_*.db")]
    assert sum(answered) == count
    assert len([each for each in answered if each > 0]) == 2


def test_the_limits_of_several_processes_are_nothing_to_warn_of_where_redis_counts(
    postgres_database: str, redis_url: str
) -> None:
    with serving(
        "--port",
        0,
        "--workers",
        2,
        KURSPLAN_DATABASE_URL=postgres_database,
        KURSPLAN_LIMITS_URL=redis_url,
    ) as (_, logged):
        assert [each["level"] for each in logged] == ["info"] * len(logged)


def test_sqlite_is_served_by_one_process_only(sqlite_database: str) -> None:
    status, told = refused("--workers", 2, KURSPLAN_DATABASE_URL=sqlite_database)
    assert status == 2
    assert told.startswith("kursplan: SQLite lets one process write: leave --workers out")


def test_a_taken_port_is_told(sqlite_database: str) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        status, told = refused("--port", port, KURSPLAN_DATABASE_URL=sqlite_database)
    assert status == 1
    assert told == (
        f"kursplan: can't listen on 127.0.0.1 port {port}: Address already in use; "
        "choose with --port\n"
    )


def test_host_and_port_can_be_set_by_the_environment(sqlite_database: str) -> None:
    port = free_port()
    with serving(
        KURSPLAN_DATABASE_URL=sqlite_database, KURSPLAN_HOST="localhost", KURSPLAN_PORT=str(port)
    ) as (_, logged):
        assert (logged[0]["address"], logged[0]["port"]) == ("127.0.0.1", port)
        assert httpx.get(f"{address(logged)}/health/live").json() == {"status": "alive"}


def test_a_database_without_the_schema_is_not_served(tmp_path: Path) -> None:
    file = tmp_path / "kursplan.db"
    file.touch()
    status, told = refused("--port", 0, KURSPLAN_DATABASE_URL=f"sqlite:///{file}")
    assert (status, told) == (1, "kursplan: the database is empty: run `kursplan db upgrade`\n")


@pytest.mark.parametrize("workers", [1, 2])
def test_redis_without_its_package_is_told(postgres_database: str, workers: int) -> None:
    """As it is where only Kursplan itself was installed."""
    program = "import sys; sys.modules['redis'] = None; from kursplan.cli import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program, "serve", "--port", "0", "--workers", str(workers)],
        check=False,
        env=os.environ
        | {
            "KURSPLAN_DATABASE_URL": postgres_database,
            "KURSPLAN_LIMITS_URL": "redis://127.0.0.1:1/0",
        },
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1
    assert ran.stderr == (
        "kursplan: KURSPLAN_LIMITS_URL: Redis needs the extra of that name: "
        "pip install 'kursplan[redis]'\n"
    )
