"""What is twice at the same time: two overlapping slots that need the same instructor or room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.clashes import Held, Needed, Overlap, overlaps

MIDNIGHT = datetime(2026, 3, 2, tzinfo=UTC)
INA, TOM, HALL, LOFT = 1, 2, 11, 12


def held(
    slot_id: int | None,
    begins: float,
    ends: float,
    *instructors: int,
    room: int | None = None,
    class_id: int = 5,
) -> Held:
    """From hour to hour."""
    start, end = (MIDNIGHT + timedelta(hours=hour) for hour in (begins, ends))
    return Held(slot_id, class_id, start, end, room, frozenset(instructors))


SIX = held(7, 18, 19, INA, room=HALL)


@pytest.mark.parametrize(
    ("other", "needed"),
    [
        (held(8, 19, 20, INA, room=HALL), []),  # Touches.
        (held(8, 17, 18, INA, room=HALL), []),
        (held(8, 18.99, 20, INA), [(Needed.INSTRUCTOR, INA)]),
        (held(8, 17, 18.01, TOM, room=HALL), [(Needed.ROOM, HALL)]),
        (held(8, 18, 19, INA, room=HALL), [(Needed.INSTRUCTOR, INA), (Needed.ROOM, HALL)]),
        (held(8, 18.25, 18.5, TOM, INA, room=LOFT), [(Needed.INSTRUCTOR, INA)]),
        (held(8, 17, 20, TOM, room=LOFT), []),
        (held(8, 18, 19), []),  # Needs nothing.
    ],
)
def test_two_slots(other: Held, needed: list[tuple[Needed, int]]) -> None:
    assert [(each.needed, each.id) for each in overlaps([SIX, other])] == needed
    assert [(each.needed, each.id) for each in overlaps([other, SIX])] == needed


def test_only_those_of_what_is_asked_about() -> None:
    late, later = held(8, 18.5, 20, INA), held(9, 19.5, 21, INA)
    everything = [SIX, late, later]

    assert overlaps(everything) == [
        Overlap(Needed.INSTRUCTOR, INA, SIX, late),
        Overlap(Needed.INSTRUCTOR, INA, late, later),
    ]
    assert overlaps(everything, [later]) == [Overlap(Needed.INSTRUCTOR, INA, late, later)]
    assert overlaps(everything, []) == []


def test_a_clash_stays_the_same_when_one_of_its_slots_moves() -> None:
    [before] = overlaps([SIX, held(8, 18.5, 20, INA)])
    [after] = overlaps([SIX, held(8, 17, 18.5, INA, TOM)])
    [another] = overlaps([SIX, held(9, 18.5, 20, INA)])

    assert before.identity == after.identity
    assert before.identity != another.identity


def test_slots_that_are_yet_to_be_made_are_told_apart_by_class_and_start() -> None:
    spin, yoga = held(None, 18, 19, INA), held(None, 18, 19, INA, class_id=6)
    [found] = overlaps([spin, yoga])

    assert {found.one.identity, found.other.identity} == {spin.identity, yoga.identity}
    assert spin.identity != yoga.identity


QUARTER = timedelta(minutes=15)


@st.composite
def timetables(draw: st.DrawFn) -> list[Held]:
    count = draw(st.integers(0, 12))
    rooms = st.none() | st.sampled_from([HALL, LOFT])
    people = st.sets(st.sampled_from([INA, TOM, 3]), max_size=3)
    found = []
    for slot_id in range(1, count + 1):
        begins, lasts = draw(st.integers(0, 40)) / 4, draw(st.integers(1, 12)) / 4
        found.append(held(slot_id, begins, begins + lasts, *draw(people), room=draw(rooms)))
    return found


def quarters_of(held: Held) -> set[int]:
    """Every quarter of an hour in which it takes place."""
    first, last = ((each - MIDNIGHT) // QUARTER for each in (held.starts_at, held.ends_at))
    return set(range(first, last))


def oracle(held: list[Held]) -> set[tuple[Needed, int, frozenset[int | None]]]:
    """Every pair, compared quarter for quarter."""
    found = set()
    for one, other in combinations(held, 2):
        if not quarters_of(one) & quarters_of(other):
            continue
        pair = frozenset({one.slot_id, other.slot_id})
        found |= {(Needed.INSTRUCTOR, each, pair) for each in one.instructors & other.instructors}
        if one.room is not None and one.room == other.room:
            found.add((Needed.ROOM, one.room, pair))
    return found


@given(timetables(), st.randoms(use_true_random=False))
def test_found_is_what_comparing_all_pairs_finds_in_whatever_order(
    timetable: list[Held], dice: object
) -> None:
    shuffled = list(timetable)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]

    found = overlaps(shuffled)

    told = [
        (each.needed, each.id, frozenset({each.one.slot_id, each.other.slot_id})) for each in found
    ]
    assert len(told) == len(set(told))
    assert set(told) == oracle(timetable)
    assert found == overlaps(timetable)
    assert all(each.one.starts_at <= each.other.starts_at for each in found)
    half = timetable[::2]
    assert overlaps(shuffled, half) == [
        each for each in found if each.one in half or each.other in half
    ]
