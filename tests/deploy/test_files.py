"""Files of `deploy` that nothing here can run, held against what they name: settings, files, commands, services."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

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
    given = COMPOSE["services"]["kursplan"]["environment"] | {
        "KURSPLAN_DATABASE_URL_FILE": str(url)
    }
    settings = read_settings(given)
    assert settings.limits_url.startswith("redis://counts:")
    [network] = settings.trusted_proxies
    assert COMPOSE["networks"]["inside"]["ipam"]["config"] == [{"subnet": str(network)}]


def test_what_is_copied_and_mounted_is_there() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE)
    sources = [source for line in copied for source in line.split()]
    assert {"src", "requirements.lock", "LICENSE"} <= set(sources)
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
    pattern = re.compile(r"^([a-z0-9][^ ;]*==[^ ;\\]*).*", re.MULTILINE)
    assert expression == r"s/^\([a-z0-9][^ ;]*==[^ ;\\]*\).*/\1/p"
    pinned = [each.strip() for each in pattern.findall((ROOT / "requirements.lock").read_text())]
    assert len(pinned) > 50
    assert all(re.fullmatch(r"[a-z0-9-]+(\[\w+\])?==[\w.]+", each) for each in pinned), pinned
