"""What was seen, as it is kept beside the list, and as a table to read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.house.repository import ROOT
from tests.mutations.mutation import Mutation

KEPT: Final = Path(__file__).with_name("seen.json")
TABLE: Final = ROOT / "docs" / "mutations.md"

HEAD: Final = """\
# Mutations on purpose

Tests that never fail prove nothing. So each of these lines breaks a promise on purpose, with a few words of the code
replaced in a copy of the tree, and says which test saw it first. Run `make mutations` for all of them, or
`make mutations ONLY="expired-too-early"` for some. This page is made by that command and is never edited; the list
stands in `tests/mutations`, and a test of the ordinary suite makes sure that every mutation can still be made.

Modules are those below `src/kursplan`, tests those below `tests`. Only the tests of the promise look, not the whole suite, and none was written for a mutation: where nobody saw one, a
test of the promise was missing, and was written in its place. The tests that saw something pass without the mutation.

"""


@dataclass(frozen=True)
class Seen:
    """Which test saw a mutation first, below `tests`; None where none did."""

    fingerprint: str
    by: str | None


def kept() -> dict[str, Seen]:
    """What was seen until now, by the names of the mutations."""
    if not KEPT.exists():
        return {}
    return {name: Seen(**each) for name, each in json.loads(KEPT.read_text()).items()}


def keep(seen: Mapping[str, Seen]) -> None:
    ordered = {name: vars(seen[name]) for name in sorted(seen)}
    KEPT.write_text(json.dumps(ordered, indent=1, ensure_ascii=False) + "\n")


def drawn(mutations: Sequence[Mutation], seen: Mapping[str, Seen]) -> str:
    """The page."""
    lines = ["| the promise is broken: | in | seen by |", "| --- | --- | --- |"]
    for each in mutations:
        by = seen[each.name].by
        lines.append(f"| **{each.name}**: {each.breaks} | `{each.module}` | {_said(by)} |")
    count = f"{len(mutations)} mutations, {sum(seen[each.name].by is None for each in mutations)} of them unseen."
    return f"{HEAD}{count}\n\n" + "\n".join(lines) + "\n"


def _said(test: str | None) -> str:
    if test is None:
        return "**nobody**"
    file, _, name = test.partition("::")
    return f"`{name.partition('[')[0]}` in `{file}`"
