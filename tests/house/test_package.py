"""What is released: complete, the same whoever builds it, and of use where there is no checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

import httpx
import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kursplan import __version__
from tests.house.repository import ROOT, files
from tests.throwaway import ThrowawayServer, free_port

EPOCH = "1750000000"


def released(source: Path, target: Path) -> dict[str, bytes]:
    """All that is released of that folder, by name."""
    subprocess.run(
        [sys.executable, "-m", "release", str(target)],
        cwd=source,
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
        check=True,
        capture_output=True,
    )
    return {each.name: each.read_bytes() for each in target.iterdir()}


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is released of this checkout."""
    target = tmp_path_factory.mktemp("release")
    released(ROOT, target)
    return target


def archive(release: Path, ending: str) -> Path:
    [found] = release.glob(f"*{ending}")
    return found


def test_the_sdist_holds_all_of_our_files_and_the_wheel_all_of_the_package(release: Path) -> None:
    with tarfile.open(archive(release, ".tar.gz")) as opened:
        in_sdist = {each.partition("/")[2] for each in opened.getnames()}
    with zipfile.ZipFile(archive(release, ".whl")) as wheel:
        in_wheel = set(wheel.namelist())

    assert [str(each) for each in files() if str(each) not in in_sdist] == []
    package = [each.relative_to("src") for each in files() if each.parts[0] == "src"]
    assert [str(each) for each in package if str(each) not in in_wheel] == []
    assert {Path(each).suffix for each in in_wheel} >= {
        *(".po", ".yaml", ".json", ".css", ".js", ".woff2", ".md", ".svg"),
    }


def test_whoever_builds_it_later_and_elsewhere_gets_the_same_bytes(
    release: Path, tmp_path: Path
) -> None:
    """From what was released, with other times and other rights on every file."""
    shutil.unpack_archive(archive(release, ".tar.gz"), tmp_path)
    [source] = tmp_path.iterdir()
    for path in source.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o700)
            os.utime(path, (1, 1))

    again = released(source, tmp_path / "again")

    assert again == {each.name: each.read_bytes() for each in release.iterdir()}


def test_the_checksums_are_those_of_all_that_is_released(release: Path) -> None:
    checked = subprocess.run(
        ["sha256sum", "--check", "SHA256SUMS"],
        cwd=release,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    others = sorted(each.name for each in release.iterdir() if each.name != "SHA256SUMS")
    assert checked == [f"{name}: OK" for name in others]
    assert len(others) == 3


def test_the_bill_names_all_that_is_needed_with_its_licence(release: Path) -> None:
    bill = json.loads(archive(release, ".cdx.json").read_text())
    parts = {canonicalize_name(each["name"]): each for each in bill["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked_for = [*project["dependencies"], *chain(*project["optional-dependencies"].values())]
    pins = re.findall(
        r"^([\w.-]+)==([^ \n]+)", (ROOT / "constraints.txt").read_text(), re.MULTILINE
    )

    ours = bill["metadata"]["component"]
    assert (ours["name"], ours["version"]) == ("kursplan", __version__)
    assert {canonicalize_name(Requirement(each).name) for each in asked_for} <= parts.keys()
    # What is needed by what is needed, in the version that is tested, and nothing of the tools.
    assert {(name, each["version"]) for name, each in parts.items()} <= {*pins}
    assert [name for name, each in parts.items() if not each.get("licenses")] == []
    assert [name for name, each in parts.items() if not each["purl"].startswith("pkg:pypi/")] == []
    [face] = ours["components"]
    assert face["licenses"] == [{"license": {"id": "OFL-1.1"}}]


@pytest.fixture(scope="module")
def installed(release: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command, installed from the wheel into an environment of its own, beside what it depends on."""
    place = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert uv is not None
    subprocess.run(
        [
            *(uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--no-cache"),
            *("--python", str(python), str(archive(release, ".whl"))),
        ],
        check=True,
        cwd=place.parent,
    )
    # What Kursplan depends on is there already; a path is no site, so a checkout that is named there is not.
    [site] = place.glob("lib/python*/site-packages")
    (site / "beside.pth").write_text(f"{Path(typer.__file__).parents[1]}\n")
    return place / "bin" / "kursplan"


def outside(**environment: str) -> Mapping[str, str]:
    """An environment that knows nothing of a checkout."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return kept | {"LANG": "C.UTF-8", "HOME": "/nonexistent"} | environment


def ran(installed: Path, *arguments: object, **environment: str) -> str:
    return subprocess.run(
        [str(installed), *map(str, arguments)],
        env=outside(**environment),
        cwd=installed.parent,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


MEMBERS = "Number,First name,Last name,Email\nA-1,Olga,Ivanova,olga@example.org\n"


def test_installed_elsewhere_it_runs_the_demo_its_pages_and_an_import(
    installed: Path, tmp_path: Path
) -> None:
    python = installed.with_name("python")
    where = subprocess.run(
        [str(python), "-c", "import kursplan; print(kursplan.__file__)"],
        env=outside(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert Path(where.strip()).is_relative_to(installed.parents[1])

    folder, home = tmp_path / "demo", tmp_path / "server"
    home.mkdir()
    command = f"{installed} demo --dir {folder} --port 0 --webhook-port {free_port()}"
    written = " ".join(f"{name}={value}" for name, value in outside().items())
    server = ThrowawayServer(
        ["sh", "-c", f"exec env -i {written} {command}"], home, (folder / "demo.json").exists
    )
    try:
        demo = json.loads((folder / "demo.json").read_text())
        key = {"X-API-KEY": demo["studios"][0]["api_key"]}
        with httpx.Client(base_url=demo["base_url"], timeout=20) as client:
            for page in ("/docs", "/docs/guide"):
                assert client.get(page).status_code == 200
            styles = [part.partition('"')[0] for part in client.get("/docs").text.split('href="')]
            for each in styles:
                if each.startswith("/") and "#" not in each:
                    assert client.get(each).status_code == 200, each
            assert client.get("/openapi.json").json()["openapi"].startswith("3.1")
            assert client.get("/v1/classes", headers=key).json()["result"]
            told = client.get("/v1/classes/0/slots", headers=key | {"Accept-Language": "de"})
            assert "ß" in told.text or "ü" in told.text or "icht" in told.text

        members = tmp_path / "members.csv"
        members.write_text(MEMBERS)
        database = {"KURSPLAN_DATABASE_URL": f"sqlite:///{folder / 'kursplan.db'}"}
        [studio, *_] = json.loads(ran(installed, "studio", "list", "--json", **database))
        ran(installed, "import", "members", members, "--studio", studio["key"], "--yes", **database)
        found = json.loads(ran(installed, "customer", "find", "Ivanova", "--json", **database))
        assert [each["customer_number"] for each in found] == ["A-1"]
    finally:
        server.stop()
