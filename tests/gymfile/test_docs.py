"""The operator's page about gym files: its example works, and its tables say what the schema says."""

import re
from pathlib import Path
from typing import Any

import pytest

from kursplan.gymfile import SCHEMA
from tests.gymfile.house import House

PAGE = (Path(__file__).parents[2] / "docs" / "gym-file.md").read_text("utf-8")

TABLES = {
    "organization": SCHEMA["properties"]["organization"],
    "contingent": SCHEMA["$defs"]["contingents"]["items"],
} | {name: schema for name, schema in SCHEMA["$defs"].items() if schema["type"] == "object"}
"""Every kind of mapping that the file has."""

KINDS = {
    "key": "key",
    "date": "day",
    "date_or_none": "day or null",
    "key_or_none": "key or null",
    "language_or_none": "language or null",
    "email_or_none": "address or null",
    "url_or_none": "address on the web or null",
    "event_types_or_none": "list or null",
    "time": "time",
    "local": "day and time",
    "term": "term",
    "length": "length",
    "term_or_none": "term or null",
    "language": "language",
    "email": "address",
    "url": "address on the web",
    "contingents": "list",
    "webhooks": "members",
    "event_types": "list",
    "retry": "members",
}


def rows(schema: dict[str, Any]) -> list[str]:
    """The table of a section as it has to stand on the page."""
    required = {*schema.get("required", ()), *schema.get("else", {}).get("required", ())}
    return [
        f"| `{name}` | {_kind(member)} | {'required' if name in required else _default(member)} "
        f"| {member['description']} |"
        for name, member in schema["properties"].items()
    ]


def _kind(member: dict[str, Any]) -> str:
    if "$ref" in member:
        return KINDS[member["$ref"].rpartition("/")[2]]
    if "enum" in member:
        return ", ".join(f"`{'null' if each is None else each}`" for each in member["enum"])
    kinds = member["type"] if isinstance(member["type"], list) else [member["type"]]
    words = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "yes or no",
        "array": "list",
        "null": "null",
    }
    if member.get("pattern") == "^CLASS$":
        words["string"] = "`CLASS`"
    return " or ".join(words[each] for each in kinds)


def _default(member: dict[str, Any]) -> str:
    if "default" not in member:
        return "none"
    default = member["default"]
    words = {True: "`true`", False: "`false`", None: "`null`"}
    if default == []:
        return "`[]`"
    return words[default] if default is None or isinstance(default, bool) else f"`{default}`"


@pytest.mark.parametrize("name", TABLES)
def test_the_tables_say_what_the_schema_says(name: str) -> None:
    table = "\n".join(rows(TABLES[name]))
    assert table in PAGE, f"the page should have this table:\n{table}"


def example() -> str:
    found = re.search(r"```yaml\n(# yaml-language-server.*?)```", PAGE, re.DOTALL)
    assert found is not None
    return found[1]


async def test_the_example_is_loaded_and_again_changes_nothing(house: House) -> None:
    changes = await house.changes(example())

    assert changes["classes"] == (2, 0, 0)
    assert changes["customers"] == (2, 0, 0)
    assert await house.changes(example()) == {}


def test_the_mistakes_on_the_page_are_those_that_are_told() -> None:
    from kursplan.gymfile import GymFileMistakes, read

    [wrong, told] = re.findall(r"<!-- mistakes -->\n```\w*\n(.*?)```", PAGE, re.DOTALL)
    with pytest.raises(GymFileMistakes) as mistakes:
        read(wrong)
    assert "".join(f"{each}\n" for each in mistakes.value.mistakes) == told
