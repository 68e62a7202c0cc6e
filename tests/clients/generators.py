"""Clients as partners make them: by the commands of docs/clients.md, and checked as strictly as can be.

Each lies in a folder of its own, beside a flow (`flow.py`, `flow.ts`, `Flow.java`): a partner's day, the
same in every language. What makes and checks them is installed by `make clients`; Kursplan needs none
of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kursplan.api import docs
from tests.throwaway import not_installed

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
TOLD = ROOT / "docs/clients.md"

INSTALLED = ROOT / ".clients"
PYTHON = INSTALLED / "python/bin/python"
PROGRAMS = [PYTHON.parent, INSTALLED / "node_modules/.bin"]


@dataclass(frozen=True)
class Client:
    """A way to a client."""

    make: Callable[[Path], str]
    """Puts it into an empty folder, checked, and gives what its generator said."""
    command: Sequence[str | Path]
    """Runs the flow in that folder, with address, key and customer number behind it."""


def openapi_python_client(folder: Path) -> str:
    said = _generate(folder, "openapi-python-client", "example.py")
    check = [sys.executable, "-m", "mypy", "--config-file", "mypy.ini", "flow.py", "example.py"]
    run(*check, "--python-executable", PYTHON, "--cache-dir", INSTALLED / "mypy", within=folder)
    return said


def openapi_typescript(folder: Path) -> str:
    said = _generate(folder, "openapi-typescript", "example.ts")
    run("tsc", within=folder)
    return said


def hey_api(folder: Path) -> str:
    said = _generate(folder, "openapi-ts", "example.ts")
    run("tsc", within=folder)
    return said


def java(folder: Path) -> str:
    """There is nothing to generate, and nothing to install but Java."""
    if shutil.which("javac") is None:
        not_installed("Java", "install it (Debian, Ubuntu: apt-get install default-jdk-headless).")
    shutil.copytree(HERE / folder.name, folder, dirs_exist_ok=True)
    return run(
        "javac", "-J-XX:TieredStopAtLevel=1", "-Xlint:all", "-Werror", "Flow.java", within=folder
    )


def _generate(folder: Path, program: str, example: str) -> str:
    """Have the program do what docs/clients.md has it do, with the document as the server gives it out.

    The example that stands there below it is put beside what comes of it, to be checked with it.
    """
    if not (INSTALLED / "installed").exists():
        not_installed("What generates clients", "run `make clients` (it needs Node.js and npm).")
    shutil.copytree(HERE / folder.name, folder, dirs_exist_ok=True)
    shutil.copy(HERE / "tsconfig.json", folder)
    (folder / "node_modules").symlink_to(INSTALLED / "node_modules")
    (folder / "openapi.json").write_text(json.dumps(docs.document()))
    told = re.compile(
        rf"^(?:npx )?({program} [^\n]+)\n```\n\n```\w+\n(.+?)^```$", re.MULTILINE | re.DOTALL
    )
    [(command, code)] = told.findall(TOLD.read_text())
    (folder / example).write_text(code)
    said = run(*command.split(), within=folder)
    print(said)  # For the report, where the check that follows fails.
    return said


def run(*command: str | Path, within: Path) -> str:
    """Run the command to its end, and give all that it wrote.

    Raises AssertionError, with what it wrote, where it failed.
    """
    ran = subprocess.run(
        [str(each) for each in command],
        check=False,
        cwd=within,
        env=os.environ | {"PATH": os.pathsep.join([*map(str, PROGRAMS), os.environ["PATH"]])},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, f"{command[0]} failed:\n{ran.stdout}"
    return ran.stdout


GENERATED = {
    "openapi_python_client": Client(openapi_python_client, [PYTHON, "flow.py"]),
    "openapi_typescript": Client(openapi_typescript, ["node", "compiled/flow.js"]),
    "hey_api": Client(hey_api, ["node", "compiled/flow.js"]),
}
ALL = GENERATED | {
    # It starts faster if it doesn't optimize, and tells of the headers of its requests and of the answers.
    "java": Client(
        java, ["java", "-XX:TieredStopAtLevel=1", "-Djdk.httpclient.HttpClient.log=headers", "Flow"]
    )
}
