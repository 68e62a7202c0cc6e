"""Fails a whole test run that never saw some operation of the Open API succeed.

Only a run of the whole suite can say so; it is told by `--whole`. Run in several processes
(pytest-xdist), each tells the first one what its referees have seen.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.referee import EXERCISED, never_succeeded

MISSING = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole",
        action="store_true",
        help="this is a run of the whole suite: fail if an operation of the Open API never succeeded",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker process has finished; one that crashed has nothing to tell."""
    told = getattr(node, "workeroutput", {}).get("exercised", [])
    EXERCISED.update((operation_id, status) for operation_id, status in told)


def pytest_sessionfinish(session: pytest.Session) -> None:
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["exercised"] = [list(seen) for seen in sorted(EXERCISED)]
    elif _is_whole(session) and (missing := never_succeeded(EXERCISED)):
        session.config.stash[MISSING] = missing
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if missing := config.stash.get(MISSING, None):
        terminalreporter.write_line(
            f"Operations of the Open API that no test saw succeed: {', '.join(missing)}", red=True
        )


def _is_whole(session: pytest.Session) -> bool:
    """Whether all tests were run; `make test` passes `--whole` together with what users add."""
    option = session.config.option
    return (
        option.whole
        and not (option.keyword or option.markexpr)
        and session.config.args_source is pytest.Config.ArgsSource.TESTPATHS
        and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    )
