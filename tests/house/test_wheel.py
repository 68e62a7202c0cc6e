"""The wheel that is released says what it is, and holds all that the command reads when it runs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kursplan import __version__
from tests.house.repository import ROOT, files

# Trove names them; those of others are typed wrong, and a registry refuses the whole release.
CLASSIFIER_ROOTS = {
    "Development Status",
    "Environment",
    "Framework",
    "Intended Audience",
    "Natural Language",
    "Operating System",
    "Programming Language",
    "Topic",
    "Typing",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    [made] = target.iterdir()
    return made


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as opened:
        opened.extractall(target)
    return target


@pytest.fixture(scope="module")
def metadata(unpacked: Path) -> Message:
    [found] = unpacked.glob("*.dist-info/METADATA")
    return Parser().parsestr(found.read_text(encoding="utf-8"))


def test_it_says_what_it_is(wheel: Path, metadata: Message) -> None:
    assert wheel.name == f"kursplan-{__version__}-py3-none-any.whl"
    assert (metadata["Name"], metadata["Version"]) == ("kursplan", __version__)
    assert metadata["Author"] == metadata["Maintainer"] == "The Kursplan project"
    assert metadata["License-Expression"] == "Apache-2.0 AND OFL-1.1"
    assert len(metadata.get_all("License-File", [])) == 2
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Summary"].endswith(".")
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert str(metadata.get_payload()).startswith("# Kursplan")
    assert len(metadata["Keywords"].split(",")) >= 5
    # Nobody is sent to an address that is not ours.
    assert metadata.get_all("Project-URL") is metadata["Home-page"] is None
    classifiers = metadata.get_all("Classifier", [])
    assert {each.partition(" :: ")[0] for each in classifiers} == CLASSIFIER_ROOTS
    assert len(set(classifiers)) == len(classifiers)


def test_it_holds_the_package_and_nothing_else(unpacked: Path) -> None:
    of_the_package = {
        path.relative_to("src") for path in files() if path.parts[:2] == ("src", "kursplan")
    }
    held = {
        path.relative_to(unpacked)
        for path in unpacked.rglob("*")
        if path.is_file() and not path.parent.name.endswith((".dist-info", "licenses"))
    }
    held = {each for each in held if not each.parts[0].endswith((".dist-info", ".data"))}
    assert held == of_the_package
    assert Path("kursplan/py.typed") in held
    assert not any((unpacked / each).is_symlink() for each in held)
    named = f"kursplan-{__version__}"
    assert {each.name for each in unpacked.iterdir()} == {
        "kursplan",
        f"{named}.data",
        f"{named}.dist-info",
    }
    beside = unpacked / f"{named}.data" / "data"
    assert {path.relative_to(beside) for path in beside.rglob("*") if path.is_file()} == {
        path for path in files() if path.parts[0] == "share"
    }


def test_the_command_is_named(unpacked: Path) -> None:
    [entries] = unpacked.glob("*.dist-info/entry_points.txt")
    assert entries.read_text() == "[console_scripts]\nkursplan = kursplan.cli:main\n"


def test_the_documents_can_be_read_where_there_is_no_checkout(
    unpacked: Path, tmp_path: Path
) -> None:
    def run(*arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "kursplan", *arguments],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(unpacked)},
            check=True,
            capture_output=True,
            text=True,
        )
        return ran.stdout

    where = [sys.executable, "-c", "import kursplan; print(kursplan.__file__)"]
    found = subprocess.run(
        where, env=os.environ | {"PYTHONPATH": str(unpacked)}, capture_output=True, check=True
    )
    assert found.stdout.decode().startswith(str(unpacked))
    listed = run("docs")
    ours = [each for each in files() if each.parts[0] == "docs" and each.match("docs/*.md")]
    assert len(ours) >= 10
    for each in ours:
        assert each.stem in listed
    assert run("docs", "operate") == (ROOT / "docs" / "operate.md").read_text(encoding="utf-8")


def test_each_dependency_has_a_version_with_which_it_was_tested(metadata: Message) -> None:
    """`pip install kursplan --constraint constraints.txt`; the tests ran with what is locked."""
    constrained = pinned(ROOT / "constraints.txt")
    locked = pinned(ROOT / "requirements.lock")
    needed = {
        canonicalize_name(Requirement(each).name) for each in metadata.get_all("Requires-Dist", [])
    }
    assert needed - constrained.keys() == set()
    assert {name: locked.get(name) for name in constrained} == constrained


def pinned(file: Path) -> dict[str, str]:
    """The version of each, as the file pins it."""
    found = {}
    for line in file.read_text().splitlines():
        if line[:1].isalpha():
            name, _, version = line.split(";")[0].rstrip(" \\").partition("==")
            assert version, f"{file.name}: {line} pins nothing"
            found[canonicalize_name(name.partition("[")[0])] = version
    return found
