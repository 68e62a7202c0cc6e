"""What generates clients is pinned to the byte, and no lock says where it is to come from."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
ASKED_FOR: dict[str, str] = json.loads((ROOT / "tests/clients/package.json").read_text())[
    "dependencies"
]
PACKAGES: dict[str, dict[str, Any]] = json.loads(
    (ROOT / "tests/clients/package-lock.json").read_text()
)["packages"]


def test_the_lock_pins_whatever_the_group_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked_for = map(Requirement, project["dependency-groups"]["clients"])
    lock = (ROOT / "requirements-clients.lock").read_text()
    pinned = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", lock, re.MULTILINE))
    assert [
        str(each) for each in asked_for if pinned.get(each.name, "") not in each.specifier
    ] == []


def test_packages_of_npm_are_asked_for_in_one_version_and_locked_in_it() -> None:
    assert {name: PACKAGES[f"node_modules/{name}"]["version"] for name in ASKED_FOR} == ASKED_FOR
    assert PACKAGES[""]["dependencies"] == ASKED_FOR


def test_packages_of_npm_are_known_by_their_content_and_not_by_an_address() -> None:
    installed = {name: package for name, package in PACKAGES.items() if name}
    assert [name for name, package in installed.items() if "integrity" not in package] == []
    assert [name for name, package in installed.items() if "resolved" in package] == []


def test_nothing_of_npm_runs_or_fetches_a_program_while_it_is_installed() -> None:
    assert [name for name, package in PACKAGES.items() if package.get("hasInstallScript")] == []
    assert [name for name, package in PACKAGES.items() if "os" in package or "cpu" in package] == []
