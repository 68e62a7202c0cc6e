"""What lies beside the command: the page of the manual, and what shells complete by, in real shells."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kursplan import RELEASED, __version__
from kursplan.cli import shared
from tests.cli.test_help import EVERY
from tests.house.repository import ROOT
from tests.throwaway import not_installed

SHARE = ROOT / "share"
PAGE = SHARE / "man/man1/kursplan.1"
PATIENCE_SECONDS = 60


def test_what_is_shipped_is_what_the_command_says_now() -> None:
    """After a change: `make share`."""
    kept = {
        str(each.relative_to(SHARE)): each.read_text("utf-8")
        for each in SHARE.rglob("*")
        if each.is_file()
    }
    assert kept == shared.files()


def test_the_day_of_the_version_is_that_of_the_changelog() -> None:
    assert f"## {__version__}, {RELEASED}\n" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    return found or not_installed(name, f"Debian, Ubuntu: the package {package}.")


@pytest.mark.parametrize(
    "command",
    [
        ("groff", "-man", "-ww", "-Tutf8", "-z"),
        ("mandoc", "-T", "lint", "-W", "warning"),
    ],
    ids=lambda each: str(each[0]),
)
def test_the_page_is_set_without_a_warning(command: tuple[str, ...]) -> None:
    program(command[0], command[0])
    ran = subprocess.run([*command, str(PAGE)], check=False, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr, ran.returncode) == ("", "", 0)


def test_the_page_says_what_help_says() -> None:
    program("man", "man-db")
    environment = os.environ | {"MANWIDTH": "100", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""}
    shown = subprocess.run(
        ["man", "--no-hyphenation", "-l", str(PAGE)],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    words = " ".join(re.sub(r".\x08|\x1b\[\d*m", "", shown).split())
    for path, command in EVERY.items():
        if not hasattr(command, "commands"):
            assert f"kursplan {' '.join(path)} " in words
            assert " ".join(command.help.split("\n\n")[0].split()) in words
            for each in command.params:
                assert each.help in words, f"{each.name} of {' '.join(path)}"
    assert "KURSPLAN_LOG_FORMAT How it is logged. [default: json]" in words


class Shell:
    """A shell at a terminal, with somebody who types."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self._process = subprocess.Popen(
            arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, close_fds=True
        )
        os.close(theirs)
        self._shown = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def shows(self, text: str) -> None:
        """Wait until that has come since the last time."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self._shown:
            ready, _, _ = select.select([self._ours], [], [], deadline - time.monotonic())
            assert ready, f"{text!r} does not come; what came is {self._shown!r}"
            self._shown += os.read(self._ours, 4096).decode(errors="replace")
        self._shown = self._shown.partition(text)[2]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The command by its name, and a home with nothing in it."""
    command = tmp_path / "bin" / "kursplan"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kursplan "$@"\n')
    command.chmod(0o755)
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    return kept | {"PATH": path, "HOME": str(tmp_path), "TERM": "dumb", "PS1": "ready> "}


SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], f". {SHARE}/{shared.COMPLETIONS['bash']}"),
    "zsh": (
        ["-f", "-i"],
        f"PROMPT='ready> '; fpath=({SHARE}/zsh/site-functions $fpath); autoload -U compinit; compinit -D",
    ),
}


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, environment: dict[str, str]) -> Iterator[Shell]:
    name: str = request.param
    arguments, prepared = SHELLS[name]
    opened = Shell([program(name, name), *arguments], environment)
    opened.type(f"{prepared}; echo prepa''red\n")
    opened.shows("prepared")
    yield opened
    opened.close()


def test_a_shell_completes_commands_and_options(shell: Shell) -> None:
    shell.type("kursplan stat\t")
    shell.shows("kursplan status ")
    shell.type("\x15kursplan import mem\t")
    shell.shows("members ")
    shell.type("--stu\t")
    shell.shows("--studio")


def test_fish_completes_commands_and_options(environment: dict[str, str]) -> None:
    fish = program("fish", "fish")
    script = f"source {SHARE}/{shared.COMPLETIONS['fish']}; complete -C 'kursplan import mem'"
    ran = subprocess.run(
        [fish, "--no-config", "-c", script], env=environment, check=True, capture_output=True
    )
    assert ran.stdout.decode().startswith("members\t")
