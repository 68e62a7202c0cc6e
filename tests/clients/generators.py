"""Clients as partners make them: generated from our document, checked as strictly as their language can.

Each lies in a folder of its own, beside a flow (`flow.py`, `flow.ts`, `Flow.java`): a partner's day, the
same in every language. What they are made with is installed by `make clients`, and is nothing that
Kursplan needs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kursplan.api import docs
from tests.throwaway import not_installed

HERE = Path(__file__).parent
INSTALLED = HERE.parents[1] / ".clients"
PYTHON = INSTALLED / "python/bin"
NODE_MODULES = INSTALLED / "node_modules"


@dataclass(frozen=True)
class Client:
    """A way to a client."""

    make: Callable[[Path], str]
    """Puts it into an empty folder, strictly checked, and gives what its generator said."""
    command: Sequence[str | Path]
    """Runs the flow in that folder, with address, key and customer number behind it."""


def openapi_python_client(folder: Path) -> str:
    _needs_what_is_installed()
    shutil.copy(HERE / "openapi_python_client/flow.py", folder)
    said = run(
        *(PYTHON / "openapi-python-client", "generate", "--fail-on-warning"),
        *("--config", HERE / "openapi_python_client/config.yaml"),
        *("--path", _document(folder), "--meta", "none"),
        *("--output-path", "kursplan_client"),
        within=folder,
    )
    run(
        *(sys.executable, "-m", "mypy", "--strict", "--python-executable", PYTHON / "python"),
        *("--config-file", os.devnull, "--cache-dir", INSTALLED / "mypy", "flow.py"),
        within=folder,
    )
    return said


def openapi_typescript(folder: Path) -> str:
    program = "openapi-typescript/bin/cli.js"
    return _typescript(folder, program, _document(folder), "--output", "generated.ts")


def hey_api(folder: Path) -> str:
    program = "@hey-api/openapi-ts/bin/index.cjs"
    document = _document(folder)
    return _typescript(folder, program, "--input", document, "--output", "generated")


def java(folder: Path) -> str:
    """Nothing is generated for it, and nothing has to be installed but Java."""
    if shutil.which("javac") is None:
        not_installed("Java", "install it (Debian, Ubuntu: apt-get install default-jdk-headless).")
    shutil.copy(HERE / "java/Flow.java", folder)
    return ""


def _typescript(folder: Path, program: str, *arguments: str | Path) -> str:
    _needs_what_is_installed()
    (folder / "node_modules").symlink_to(NODE_MODULES)
    for each in ("package.json", "tsconfig.json", f"{folder.name}/flow.ts"):
        shutil.copy(HERE / each, folder)
    said = run("node", NODE_MODULES / program, *arguments, within=folder)
    run("node", NODE_MODULES / "typescript/bin/tsc", within=folder)
    return said


def _needs_what_is_installed() -> None:
    if not (INSTALLED / "installed").exists():
        not_installed("What generates clients", "run `make clients` (it needs Node.js and npm).")


def _document(folder: Path) -> Path:
    """The document in a file, as the server gives it out."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(docs.document()))
    return file


def run(*command: str | Path, within: Path) -> str:
    """Run the command to its end, and give all that it wrote.

    Raises AssertionError, with what it wrote, where it failed.
    """
    ran = subprocess.run(
        [str(each) for each in command],
        check=False,
        cwd=within,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert ran.returncode == 0, f"{command[0]} failed:\n{ran.stdout}"
    return ran.stdout


GENERATED = {
    "openapi_python_client": Client(openapi_python_client, [PYTHON / "python", "flow.py"]),
    "openapi_typescript": Client(openapi_typescript, ["node", "compiled/flow.js"]),
    "hey_api": Client(hey_api, ["node", "compiled/flow.js"]),
}
ALL = GENERATED | {
    "java": Client(java, ["java", "-Djdk.httpclient.HttpClient.log=headers", "Flow.java"]),
}
