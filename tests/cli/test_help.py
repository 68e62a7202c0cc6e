"""`--help` is complete, and answers at once."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from kursplan.cli import app
from tests.cli.conftest import run


def commands(
    group: Any = None, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, by the words that lead to it."""
    command = typer.main.get_command(app) if group is None else group
    yield path, command
    for name, each in getattr(command, "commands", {}).items():
        yield from commands(each, (*path, name))


EVERY = dict(commands())


@pytest.mark.parametrize("path", EVERY, ids=" ".join)
async def test_every_command_says_what_it_and_each_of_its_options_is_for(
    path: tuple[str, ...],
) -> None:
    command = EVERY[path]

    shown = await run(*path, "--help")

    assert shown.status == 0
    assert command.help.partition("\n")[0] in " ".join(shown.out.split())
    for parameter in command.params:
        assert parameter.help, f"{parameter.name} of {' '.join(path)} has no help"
        name = parameter.opts[0] if parameter.param_type_name == "option" else parameter.metavar
        assert name in shown.out


def test_the_commands_that_are_promised_are_there() -> None:
    assert {" ".join(path) for path in EVERY} >= {
        *("serve", "demo", "doctor", "settings", "db upgrade", "db check"),
        *("gym load", "gym dump", "gym schema", "key issue", "key revoke", "key list"),
        *("class list", "studio list", "studio close", "studio open"),
        *("slot list", "slot show", "slot move", "slot cancel", "slot stand-in", "slot capacity"),
        *("booking add", "booking promote", "slot restore", "slot swap"),
        *("series list", "series show", "series edit", "customer find", "customer show"),
        *("customer freeze", "customer end", "customer move", "customer export", "customer erase"),
        *("booking list", "booking cancel", "booking confirm", "booking participation"),
        *("import members", "import timetable", "import bookings"),
        *(
            "staff invite",
            "staff list",
            "staff disable",
            "staff enable",
            "staff reset",
            "staff role",
        ),
    }


ONLY_LOOKS = {
    *(
        "docs",
        "history",
        "settings",
        "status",
        "backup",
        "staff list",
        "db check",
        "gym dump",
        "gym schema",
        "key list",
        "studio list",
    ),
    *(
        "class list",
        "slot list",
        "slot show",
        "slot clashes",
        "series list",
        "series show",
        "booking list",
    ),
    *("customer find", "customer show", "customer export"),
    "gym diff",
    *("webhook listen", "webhook list", "webhook show", "webhook test", "webhook endpoint list"),
}
IS_ABOUT_NO_ONE_THING = {
    *("serve", "demo", "restore", "setup systemd", "db upgrade", "clock confirm"),
    # The file says what it is for, and the findings why.
    *("gym load", "import members", "import timetable", "doctor"),
}


def test_whatever_changes_something_can_be_told_why() -> None:
    silent = {
        " ".join(path)
        for path, command in EVERY.items()
        if not hasattr(command, "commands")
        and not any("--reason" in each.opts for each in command.params)
    }
    assert silent == ONLY_LOOKS | IS_ABOUT_NO_ONE_THING


@pytest.mark.parametrize("package", ["sqlalchemy", "httptools", "starlette", "rich", "jsonschema"])
def test_help_waits_for_nothing_that_it_does_not_need(package: str) -> None:
    program = f"import sys; import kursplan.cli; sys.exit({package!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


async def test_the_version_is_told() -> None:
    from kursplan import __version__

    assert (await run("--version")).out == f"kursplan {__version__}\n"


def test_it_can_also_be_run_as_a_module() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "kursplan", "--help"], check=True, capture_output=True, text=True
    )
    assert ran.stdout.startswith("Usage: kursplan [OPTIONS] COMMAND [ARGS]...")
