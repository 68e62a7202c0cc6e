"""What the programs that measure have written is read rightly, and never taken for something else."""

import pytest

from bench.limits import minimal
from bench.profiles import Share, top
from bench.wrk import Load, parse

WRK = """Running 4s test @ http://127.0.0.1:8080
  1 threads and 64 connections
Requests/sec:   9998.00
measured {"requests": 40000, "duration": 4000000, "refused": 400, "broken": 2, "p50": 6400, "p99": 12800, "p999": 25600}
"""

PGBENCH = """pgbench (15.18)
transaction type: minimal-10000.sql
number of clients: 16
latency average = 2.928 ms
initial connection time = 22.700 ms
tps = 5463.760123 (without initial connection time)
"""


def test_wrk_tells_times_in_microseconds_and_counts_what_was_refused() -> None:
    assert parse(WRK) == Load(
        requests=40_000,
        seconds=4.0,
        refused=400,
        broken=2,
        p50_ms=6.4,
        p99_ms=12.8,
        p999_ms=25.6,
    )


def test_only_requests_that_were_answered_as_asked_count() -> None:
    assert parse(WRK).per_second == 9900.0


def test_a_load_that_measured_nothing_says_what_wrk_wrote() -> None:
    with pytest.raises(RuntimeError, match="unable to connect"):
        parse("unable to connect to 127.0.0.1:8080 Connection refused")


def test_pgbench_tells_its_rate_without_the_time_for_connecting() -> None:
    assert minimal.parse(PGBENCH) == minimal.Done(5463.760123, 2.928)


@pytest.mark.parametrize(
    "written",
    [
        "pgbench: error: connection refused",
        PGBENCH + "pgbench: error: client 3 aborted in command 4 of script 0\n",
    ],
)
def test_a_pgbench_that_did_not_run_to_its_end_is_no_limit(written: str) -> None:
    with pytest.raises(RuntimeError, match="did not run to its end"):
        minimal.parse(written)


def test_a_profile_counts_what_functions_spend_themselves() -> None:
    stacks = """run (app.py:1);turn (turn.py:10) 10
run (app.py:1);turn (turn.py:10);commit (driver.py:5) 25
run (app.py:1);commit (driver.py:5) 5
run (app.py:1) 10
"""
    assert top(stacks, shown=2) == [
        Share("commit (driver.py:5)", 60.0),
        Share("turn (turn.py:10)", 20.0),
    ]
