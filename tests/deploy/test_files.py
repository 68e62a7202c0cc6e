"""Files of `deploy` that nothing here can run, held against what they name: settings, files, commands, services."""

from __future__ import annotations

import re
import shlex
import subprocess
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kursplan.cli import app
from kursplan.cli.setup import TEMPLATES
from kursplan.settings import FROM_FILE, PREFIX, read_settings
from tests.house.repository import ROOT, files
from tests.house.test_docs import mistake_in

CONTAINERFILE = (ROOT / "deploy/Containerfile").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())
TEXTS = {
    str(each): (ROOT / each).read_text()
    for each in files()
    if each.parts[0] == "deploy" or each.is_relative_to(TEMPLATES.relative_to(ROOT))
}


@pytest.mark.parametrize("file", TEXTS)
def test_every_setting_that_is_named_is_one(file: str) -> None:
    for name in set(re.findall(rf"{PREFIX}[A-Z_]+", TEXTS[file])):
        assert PREFIX + "X" not in name
        setting = name.removesuffix(FROM_FILE).removeprefix(PREFIX).lower()
        assert setting in read_settings({}).__slots__, f"{file}: {name}"


def test_the_services_settings_can_be_used(tmp_path: Path) -> None:
    url = tmp_path / "database-url"
    url.write_text("postgresql://kursplan:pa55word@database/kursplan\n")
    told = COMPOSE["services"]["kursplan"]["environment"]
    given = {
        name: re.sub(r"\$\{SITE_NAME.*?\}", "kursplan.example", text) for name, text in told.items()
    } | {"KURSPLAN_DATABASE_URL_FILE": str(url)}
    settings = read_settings(given)
    # Where people come in is the name that the proxy has a certificate for.
    assert settings.public_url == "https://kursplan.example"
    assert COMPOSE["services"]["proxy"]["environment"]["SITE_NAME"] == "${SITE_NAME}"
    assert settings.limits_url.startswith("redis://counts:")
    [network] = settings.trusted_proxies
    assert COMPOSE["networks"]["inside"]["ipam"]["config"] == [{"subnet": str(network)}]


def test_what_is_copied_and_mounted_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert {"src", "requirements.lock", "LICENSE"} <= set(sources)
    # What stands in the package by another name has to come along.
    elsewhere = [each for each in (ROOT / "src").rglob("*") if each.is_symlink()]
    copied_too = [ROOT / each for each in sources]
    assert elsewhere
    assert [
        each for each in elsewhere if not any(map(each.resolve().is_relative_to, copied_too))
    ] == []
    # What goes into the wheel besides the package.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    beside = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert set(beside) <= set(sources)
    mounted = [
        f"deploy/{volume.partition(':')[0]}"
        for service in COMPOSE["services"].values()
        for volume in service.get("volumes", ())
        if volume.startswith("./")
    ]
    assert mounted
    assert [each for each in (*sources, *mounted) if not (ROOT / each).exists()] == []


def test_what_is_named_of_the_composition_is_in_it() -> None:
    kinds = {"secrets", "networks"}
    for name, service in COMPOSE["services"].items():
        for kind in kinds:
            assert set(service.get(kind, ())) <= set(COMPOSE[kind]), name
        assert set(service.get("depends_on", ())) <= set(COMPOSE["services"]), name
        volumes = {each.partition(":")[0] for each in service.get("volumes", ())}
        assert {each for each in volumes if "/" not in each} <= set(COMPOSE["volumes"]), name


def test_the_proxy_comes_in_by_the_network_that_is_trusted_alone() -> None:
    services = COMPOSE["services"]
    in_common = set(services["proxy"]["networks"]) & set(services["kursplan"]["networks"])
    assert in_common == {"inside"}
    # And both still reach the world: for certificates, and to tell partners.
    for each in ("proxy", "kursplan"):
        assert [name for name in services[each]["networks"] if not COMPOSE["networks"][name]]


def test_a_database_that_is_only_being_set_up_is_not_well_yet() -> None:
    """The image's server listens on its socket alone until all is there: it is asked over the network."""
    [_, asks] = COMPOSE["services"]["database"]["healthcheck"]["test"]
    assert shlex.split(asks)[1:3] == ["-h", "127.0.0.1"]


def test_the_service_is_looked_at_as_the_image_says() -> None:
    [said] = re.findall(r"^HEALTHCHECK (.+) CMD (.+)$", CONTAINERFILE, re.MULTILINE)
    check = COMPOSE["services"]["kursplan"]["healthcheck"]
    assert check.pop("test") == ["CMD", *yaml.safe_load(said[1])]
    options = dict(each.removeprefix("--").split("=") for each in said[0].split())
    assert {name.replace("_", "-"): value for name, value in check.items()} == options


def test_every_command_in_them_is_one() -> None:
    services = COMPOSE["services"]
    ours = [services[each]["command"] for each in ("upgrade", "kursplan")]
    for script in (services["backup"]["entrypoint"][-1], *TEXTS.values()):
        ours.extend(
            shlex.split(each)
            for each in re.findall(
                r"(?:kursplan|@command@) ((?:backup|serve|status|db) [^;\n\"`]*)", script
            )
        )
    assert len(ours) > 5
    commands = typer.main.get_command(app)
    assert [mistake for words in ours if (mistake := mistake_in(words, commands))] == []


def test_the_pinned_versions_are_found_as_the_image_finds_them() -> None:
    [expression] = re.findall(r"sed -n '(.+)' requirements\.lock", CONTAINERFILE)
    ran = subprocess.run(
        ["sed", "-n", expression, str(ROOT / "requirements.lock")],
        capture_output=True,
        text=True,
        check=True,
    )
    pinned = [Requirement(line) for line in ran.stdout.splitlines()]
    asked_for = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    [python] = set(re.findall(r"FROM python:(\d\.\d+)-slim", CONTAINERFILE))
    there = {"python_version": python, "python_full_version": f"{python}.0"}
    names = Counter(each.name for each in pinned if not each.marker or each.marker.evaluate(there))
    assert {canonicalize_name(Requirement(each).name) for each in asked_for} <= set(names)
    assert [name for name, times in names.items() if times > 1] == []
