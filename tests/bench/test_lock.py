"""What measuring needs is pinned, and nothing that Kursplan itself needs is pinned otherwise."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]


def pinned(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))


def test_the_lock_pins_whatever_the_group_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked_for = map(Requirement, project["dependency-groups"]["bench"])
    lock = pinned("requirements-bench.lock")
    assert [str(each) for each in asked_for if lock.get(each.name, "") not in each.specifier] == []


def test_measuring_changes_no_version_of_what_is_measured() -> None:
    ours, theirs = pinned("requirements.lock"), pinned("requirements-bench.lock")
    assert {name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name]} == set()
