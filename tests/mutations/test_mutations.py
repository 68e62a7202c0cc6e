"""The list fits the code as it is, what was seen fits the list, and a trial looks at the mutated copy."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.house.repository import ROOT
from tests.mutations.listed import MUTATIONS
from tests.mutations.mutation import Lost, Mutation
from tests.mutations.table import TABLE, drawn, kept
from tests.mutations.trial import Copy, try_out

FEWEST = 40
A_WEEK = next(each for each in MUTATIONS if each.name == "week-begins-on-sunday")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.name)
def test_every_mutation_can_be_made(mutation: Mutation) -> None:
    whole = (ROOT / mutation.file).read_text()
    mutated = mutation.made_in(whole)
    assert mutated != whole
    compile(mutated, mutation.file, "exec")
    assert mutation.tests
    assert [each for each in mutation.looking if not (ROOT / each).exists()] == []


def test_there_are_many_each_of_a_name_of_its_own() -> None:
    names = Counter(each.name for each in MUTATIONS)
    assert names.total() >= FEWEST
    assert [name for name, times in names.items() if times > 1] == []


def test_a_text_that_is_lost_is_said() -> None:
    with pytest.raises(Lost):
        A_WEEK.made_in("monday = day")
    with pytest.raises(Lost):
        A_WEEK.made_in(A_WEEK.before * 2)


def test_every_mutation_was_tried_as_it_is_listed_and_seen() -> None:
    seen = kept()
    assert {each.name for each in MUTATIONS} == seen.keys()
    outdated = [each.name for each in MUTATIONS if seen[each.name].fingerprint != each.fingerprint]
    assert outdated == []
    assert [name for name, each in seen.items() if each.by is None] == []


def test_the_page_is_what_the_command_made() -> None:
    assert TABLE.read_text() == drawn(MUTATIONS, kept())


def test_every_test_that_saw_something_exists() -> None:
    gone = []
    for seen in kept().values():
        file, _, name = (seen.by or "").partition("::")
        first = name.partition("[")[0].partition("::")[0]
        text = (ROOT / "tests" / file).read_text()
        if not any(f"{how}{first}" in text for how in ("def ", "class ", "\n")):
            gone.append(seen.by)
    assert gone == []


def test_a_trial_looks_at_the_mutated_copy_and_at_nothing_else(tmp_path: Path) -> None:
    copy = Copy.made_in(tmp_path)
    assert copy.imports() == tmp_path / "src" / "kursplan" / "__init__.py"
    seen = try_out(copy, A_WEEK)
    assert seen is not None
    assert seen.startswith("domain/test_contingents.py::")
    assert copy.first_to_fail([f"tests/{seen}"]) is None
