"""What comes of what a file said, what it says, and what is there: every cell of the table."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from kursplan.gymfile.three_way import ABSENT, Fate, Kind, Members, Merged, Wish, merge

ENTRY = Kind("classes", standard={"m": "standard"})
PREFER, REMOVE = Wish(prefer_file=True), Wish(remove=True)
BOTH = Wish(prefer_file=True, remove=True)

# --- Members ------------------------------------------------------------------------------------

# What the file said, what it says, what is there; and then what is there, what is kept as said by the
# file, and what is told. "-" is absent, "s" is what a member has of which nobody ever said anything.
MEMBERS = """
- - s   s - nothing
- - a   a - nothing
- a s   a a changed
- a a   a a nothing
- a b   b - conflict
- s s   s s nothing
- s a   a - conflict
a - a   a a nothing
a - b   b a nothing
a a a   a a nothing
a a b   b a left
a b a   b b changed
a b b   b b nothing
a b c   c a conflict
"""
CELLS = [tuple(line.split()) for line in MEMBERS.strip().splitlines()]


def members(value: str) -> Members:
    return {} if value == "-" else {"m": "standard" if value == "s" else value}


def told(merged: Merged) -> str:
    found = [
        word
        for word, listed in (
            ("changed", merged.changed),
            ("conflict", merged.conflicts),
            ("left", merged.left),
        )
        if listed
    ]
    return " ".join(found) or "nothing"


@pytest.mark.parametrize(
    ("then", "now", "there", "after", "kept", "said"), CELLS, ids=[" ".join(each) for each in CELLS]
)
def test_a_member(then: str, now: str, there: str, after: str, kept: str, said: str) -> None:
    merged = merge(ENTRY, "k", members(then), members(now), members(there), Wish())

    assert (merged.fate, told(merged)) == (Fate.STAYS, said)
    assert merged.after == members(after)
    assert merged.told == members(kept)


@pytest.mark.parametrize("cell", CELLS, ids=[" ".join(each) for each in CELLS])
def test_who_prefers_the_file_gets_it_in_a_conflict_and_only_there(cell: tuple[str, ...]) -> None:
    then, now, there, after, kept, said = cell
    if said == "conflict":
        after, kept, said = now, now, "changed"

    merged = merge(ENTRY, "k", members(then), members(now), members(there), PREFER)

    assert (merged.after, merged.told) == (members(after), members(kept))
    assert told(merged) == said


@pytest.mark.parametrize("cell", CELLS, ids=[" ".join(each) for each in CELLS])
def test_a_second_time_nothing_more_is_changed(cell: tuple[str, ...]) -> None:
    then, now, there, _, _, said = cell
    once = merge(ENTRY, "k", members(then), members(now), members(there), Wish())
    assert once.after is not None

    again = merge(ENTRY, "k", once.told, members(now), once.after, Wish())

    assert (again.after, again.told) == (once.after, once.told)
    assert told(again) == ("nothing" if said == "changed" else said)


def test_there_is_no_other_cell() -> None:
    """All that three can say, as far as it matters which of it is the same."""

    def pattern(cell: tuple[str, ...]) -> tuple[str, ...]:
        names: dict[str, str] = {"-": "-"}
        # What nobody ever said anything of is looked at only where the file had said nothing.
        if cell[0] == "-":
            names["s"] = "s"
        return tuple(
            names.setdefault(each, "abc"[len(names) - len({"-", "s"} & {*names})]) for each in cell
        )

    every = {pattern(each) for each in product("-sabc", "-sabc", "sabc")}
    assert every == {pattern(each[:3]) for each in CELLS}


# --- Lists that only became shorter -------------------------------------------------------------


def lists(then: Any, now: Any, there: Any, wish: Wish = Wish()) -> Merged:  # noqa: B008
    return merge(ENTRY, "k", {"m": then}, {"m": now}, {"m": there}, wish)


def test_what_a_list_only_lacks_is_not_taken_away_unasked() -> None:
    shorter = lists(["MONDAY", "THURSDAY"], ["MONDAY"], ["MONDAY", "THURSDAY"])

    assert shorter.after == shorter.told == {"m": ["MONDAY", "THURSDAY"]}
    assert [each.name for each in shorter.shorter] == ["m"]
    asked = lists(["MONDAY", "THURSDAY"], ["MONDAY"], ["MONDAY", "THURSDAY"], REMOVE)
    assert asked.after == asked.told == {"m": ["MONDAY"]}


@pytest.mark.parametrize(
    "now", [["TUESDAY", "THURSDAY"], ["TUESDAY"], ["MONDAY", "THURSDAY", "FRIDAY"]]
)
def test_a_list_that_became_another_is_a_change(now: list[str]) -> None:
    changed = lists(["MONDAY", "THURSDAY"], now, ["MONDAY", "THURSDAY"])
    assert (changed.after, changed.shorter) == ({"m": now}, [])


@pytest.mark.parametrize(("now", "is_shorter"), [("Fast.", True), (None, True), ("Fast", False)])
def test_nor_is_what_a_text_of_several_lines_lacks(now: str | None, is_shorter: bool) -> None:
    there = "Fast.\nLoud."
    assert bool(lists(there, now, there).shorter) is is_shorter


# --- Entries ------------------------------------------------------------------------------------

# "-" is absent, "0" is told as taken away; and what there is to come by which wish.
ENTRIES = """
- - -   - - GONE
- - x   x - STAYS
- x -   x x NEW
- x x   x x STAYS
0 - -   - 0 GONE
0 - x   x 0 STAYS
0 x -   x x NEW
0 x x   x x STAYS
x - -   - 0 GONE
x - x   x x MISSING
x - y   y x MISSING
x x -   - x GONE
x x x   x x STAYS
x y -   - x CONFLICT
"""
ENTRY_CELLS = [tuple(line.split()) for line in ENTRIES.strip().splitlines()]
REMOVED = {"x - x": "- 0 REMOVED", "x - y": "y x CONFLICT"}
PREFERRED = {"x y -": "y y NEW"}
PREFERRED_AND_REMOVED = {"x - x": "- 0 REMOVED", "x - y": "- 0 REMOVED", "x y -": "y y NEW"}


def entry(value: str) -> Any:
    return {"-": ABSENT, "0": None}.get(value, {"m": value})


@pytest.mark.parametrize(
    ("wish", "others"),
    [(Wish(), {}), (REMOVE, REMOVED), (PREFER, PREFERRED), (BOTH, PREFERRED_AND_REMOVED)],
    ids=["as it is", "remove", "prefer file", "both"],
)
@pytest.mark.parametrize("cell", ENTRY_CELLS, ids=[" ".join(each) for each in ENTRY_CELLS])
def test_an_entry(cell: tuple[str, ...], wish: Wish, others: dict[str, str]) -> None:
    then, now, there, *expected = cell
    after, kept, fate = others.get(f"{then} {now} {there}", " ".join(expected)).split()

    merged = merge(ENTRY, "k", entry(then), entry(now), entry(there), wish)

    assert merged.fate.value == fate
    assert merged.after == (None if after == "-" else {"m": after})
    assert merged.told == entry(kept)


def test_what_can_not_be_removed_by_being_missing_stays() -> None:
    studio = Kind("studios", is_removed=False)
    assert merge(studio, "k", {"m": "x"}, ABSENT, {"m": "x"}, BOTH).fate is Fate.STAYS


# --- Lists with keys ----------------------------------------------------------------------------

PERIOD = Kind("idle periods", ended_by="until")
CONTRACT = Kind("memberships", {"periods": PERIOD}, ended_by="until")
PERSON = Kind("customers", {"contracts": CONTRACT}, is_removed=False)


def contracts(**by_key: Any) -> Members:
    return {"contracts": by_key}


def test_the_entries_of_a_list_are_compared_one_by_one() -> None:
    then = contracts(kept={"rate": "a"}, edited={"rate": "a"}, out={"rate": "a"})
    now = contracts(kept={"rate": "a"}, edited={"rate": "b"}, new={"rate": "a"})
    there = contracts(
        kept={"rate": "z"}, edited={"rate": "a"}, out={"rate": "a"}, by_hand={"rate": "q"}
    )

    merged = merge(PERSON, "k", then, now, there, Wish())
    removed = merge(PERSON, "k", then, now, there, REMOVE)

    fates = {key: each.fate for key, each in merged.inner["contracts"].items()}
    assert fates == {
        "kept": Fate.STAYS,
        "edited": Fate.STAYS,
        "new": Fate.NEW,
        "out": Fate.MISSING,
        "by_hand": Fate.STAYS,
    }
    assert merged.after == contracts(
        kept={"rate": "z"},
        edited={"rate": "b"},
        new={"rate": "a"},
        out={"rate": "a"},
        by_hand={"rate": "q"},
    )
    assert removed.inner["contracts"]["out"].fate is Fate.REMOVED
    assert removed.told == contracts(
        kept={"rate": "a"}, edited={"rate": "b"}, new={"rate": "a"}, out=None
    )


def test_a_list_that_the_file_does_not_have_is_left_alone() -> None:
    there = contracts(out={"rate": "a"})
    merged = merge(PERSON, "k", there, {}, there, BOTH)
    assert (merged.after, merged.told, merged.inner) == (there, there, {})


def test_what_the_file_took_away_and_has_again_goes_on() -> None:
    def over(_kind: Kind, of: Members) -> bool:
        return of.get("until") == "yesterday"

    there = {"rate": "a", "until": "yesterday"}
    again = merge(CONTRACT, "k", None, {"rate": "a"}, there, Wish(), over)
    assert again.after == {"rate": "a", "until": None}
    # What others ended does not, because the file did not change it.
    others = merge(CONTRACT, "k", {"rate": "a"}, {"rate": "a"}, there, Wish(), over)
    assert others.after == there
    # And what is over can't be taken away.
    assert merge(CONTRACT, "k", {"rate": "a"}, ABSENT, there, BOTH, over).fate is Fate.STAYS
