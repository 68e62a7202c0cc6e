"""`kursplan docs`: what there is to read, and each of it as it is written."""

from __future__ import annotations

import json

from tests.cli.conftest import run
from tests.house.repository import ROOT

NAMES = sorted(each.stem for each in (ROOT / "docs").glob("*.md"))


async def test_all_documents_are_listed_with_their_titles() -> None:
    listed = json.loads((await run("docs", "--json")).out)
    assert [each["name"] for each in listed] == NAMES
    assert {"name": "operate", "title": "Running Kursplan"} in listed
    shown = (await run("docs")).out
    assert all(each["title"] in shown for each in listed)


async def test_one_is_printed_as_it_is_written_by_its_name_or_its_path() -> None:
    written = (ROOT / "docs" / "gym-file.md").read_text(encoding="utf-8")
    for name in ("gym-file", "gym-file.md", "docs/gym-file.md"):
        assert (await run("docs", name)).out == written
    assert json.loads((await run("docs", "gym-file", "--json")).out) == {
        "name": "gym-file",
        "title": "The gym file",
        "text": written,
    }


async def test_what_is_not_there_is_answered_with_what_is() -> None:
    told = await run("docs", "../README")
    assert (told.status, told.out) == (1, "")
    assert told.err == (
        f"kursplan: there is no document ../README: give one of {', '.join(NAMES)}\n"
    )
