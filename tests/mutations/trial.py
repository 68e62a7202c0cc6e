"""A trial: one mutation is made in a copy of the tree, and the tests that are to look are run there.

A copy has an interpreter of its own, whose `kursplan` is the copy's: also for what tests start with an
empty environment. Nothing here ever writes to the tree itself.
"""

from __future__ import annotations

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.repository import ROOT, files
from tests.mutations.mutation import Mutation
from tests.postgres import URL_VARIABLE

PATIENCE_SECONDS: Final = 420
"""After this the tests are ended: a mutation that has them wait for ever was not seen by one of them."""

_FAILED: Final = re.compile(r"^(?:FAILED|ERROR) (tests/\S+\.py::.+?)(?: - .*)?$", re.MULTILINE)
_NONE_FAILED, _SOME_FAILED = 0, 1

_moments = itertools.count(1)


class NoTrial(Exception):
    """The tests could not be run, or not to their end: that says nothing about the mutation."""


@dataclass(frozen=True)
class Copy:
    """A copy of all that is ours, to be changed as one likes."""

    root: Path

    @classmethod
    def made_in(cls, folder: Path) -> Copy:
        for path in files():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, folder / path)
        copy = cls(folder)
        copy._install()
        return copy

    @property
    def python(self) -> Path:
        return self.root / ".venv" / "bin" / "python"

    def _install(self) -> None:
        """An environment with all that is installed here, but with the package of the copy.

        It is named as a folder to look in, so what is said there of a package that is being worked on
        has no effect.
        """
        installed = Path(sysconfig.get_path("purelib"))
        own = self.root / ".venv" / installed.relative_to(sys.prefix)
        own.mkdir(parents=True)
        (own / "copy.pth").write_text(f"{self.root / 'src'}\n{installed}\n")
        self.python.parent.mkdir()
        self.python.symlink_to(Path(sys.executable).resolve())
        shutil.copy(Path(sys.prefix) / "pyvenv.cfg", self.root / ".venv")
        for program in Path(sys.executable).parent.iterdir():
            if not program.name.startswith(("python", "kursplan")):
                (self.python.parent / program.name).symlink_to(program)

    def imports(self) -> Path:
        """Whose package is run with an empty environment."""
        program = "import kursplan; print(kursplan.__file__)"
        said = subprocess.run(
            [self.python, "-I", "-c", program], env={}, check=True, capture_output=True, text=True
        )
        return Path(said.stdout.strip())

    def write(self, path: str, text: str) -> None:
        """Also where it is as long as before, and within the second, what was compiled is outdated."""
        file = self.root / path
        file.write_text(text)
        moment = file.stat().st_mtime + next(_moments)
        os.utime(file, (moment, moment))

    def first_to_fail(self, tests: Collection[str], *options: str) -> str | None:
        """The first of these tests that fails; None where none does. Raises `NoTrial`."""
        failed = self.failing(tests, "--exitfirst", *options)
        return failed[0] if failed else None

    def failing(self, tests: Collection[str], *options: str) -> list[str]:
        """All that fail. Raises `NoTrial`."""
        command = [
            str(self.python),
            "-m",
            "pytest",
            "-q",
            "-n",
            "0",
            "--tb=no",
            "-p",
            "no:cacheprovider",
        ]
        running = subprocess.Popen(
            [*command, "--hypothesis-seed=16", *options, *tests],
            cwd=self.root,
            env={**os.environ, "CI": "", "PYTHONPATH": "", "COLUMNS": "400"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            wrote, _ = running.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
            raise NoTrial(f"the tests did not end within {PATIENCE_SECONDS} seconds") from None
        failed = _FAILED.findall(wrote)
        if (running.returncode, bool(failed)) not in {(_NONE_FAILED, False), (_SOME_FAILED, True)}:
            raise NoTrial(f"pytest ended with {running.returncode}:\n{wrote[-3000:]}")
        return failed


def try_out(copy: Copy, mutation: Mutation) -> str | None:
    """Which test sees the mutation first, below `tests`; None where none does. Raises `NoTrial`."""
    whole = (ROOT / mutation.file).read_text()
    copy.write(mutation.file, mutation.made_in(whole))
    try:
        seen = copy.first_to_fail(mutation.looking)
        return seen and seen.removeprefix("tests/")
    finally:
        copy.write(mutation.file, whole)


def with_postgres(url: str | None) -> None:
    """Have all trials share one server, where there is one."""
    if url is not None:
        os.environ[URL_VARIABLE] = url
