"""Which attempts may be under way at the same time (F46)."""

from __future__ import annotations

import pytest

from kursplan.domain.attempts import EACH_AT_ONCE, Place, Places, Rooms, Standing, Turns, by_turns

ANSWERING, NEW, FAILING, SLOW = Standing
ROOMS = Rooms(answering=32, new=16, failing=16, slow=8)


def place(
    endpoint: int = 1, *, organization: int = 1, host: str = "a.example", room: Standing = NEW
) -> Place:
    return Place(organization, endpoint, host, room)


def many(count: int, first: int = 1000, **values: object) -> list[Place]:
    """Places for so many endpoints, one each."""
    return [place(first + number, **values) for number in range(count)]  # type: ignore[arg-type]


def given(places: Places, wanted: list[Place]) -> int:
    """For how many of these there is a place."""
    return sum(places.take(each) for each in wanted)


@pytest.mark.parametrize(
    ("standing", "at_once"), [(ANSWERING, EACH_AT_ONCE), (NEW, 1), (FAILING, 1)]
)
def test_one_that_is_not_known_to_answer_has_one_place(standing: Standing, at_once: int) -> None:
    places = Places(ROOMS)
    assert given(places, [place(room=standing)] * 20) == at_once
    assert places.at_endpoint(place()) == at_once
    assert places.busy == {1: {1}}
    places.leave(place(room=standing))
    assert places.busy == {}
    assert places.take(place(room=standing))


def test_what_is_known_of_it_meanwhile_counts_and_not_what_was() -> None:
    """One that answered while seven more are under way, and one of which the latest failed."""
    places = Places(ROOMS)
    assert places.take(place(room=NEW))
    assert given(places, [place(room=ANSWERING)] * 20) == EACH_AT_ONCE - 1
    assert not places.take(place(room=FAILING))


@pytest.mark.parametrize(
    ("hogs", "expected"),
    [
        # One organization with one host, and with another beside it.
        ([{"organization": 1}], [4]),
        ([{"host": "a.example"}, {"host": "b.example"}, {"host": "c.example"}], [4, 3, 1]),
        # Organizations with a host of their own, and with one that they share.
        ([{"organization": each, "host": f"{each}.example"} for each in range(5)], [4, 3, 3, 2, 1]),
        ([{"organization": each} for each in range(9)], [4, 1, 1, 1, 1, 0, 0, 0, 0]),
    ],
)
def test_nobody_has_so_many_places_that_nothing_is_left_to_others(
    hogs: list[dict[str, object]], expected: list[int]
) -> None:
    places = Places(ROOMS)
    assert [
        given(places, many(50, first=1000 * number, room=NEW, **hog))
        for number, hog in enumerate(hogs, start=1)
    ] == expected


@pytest.mark.parametrize("full", [ANSWERING, NEW, FAILING])
def test_no_room_is_full_because_another_is(full: Standing) -> None:
    places = Places(ROOMS)
    crowd = [place(n, organization=n, host=f"{n}.example", room=full) for n in range(1, 100)]
    assert given(places, crowd) == ROOMS.sizes[full]
    assert places.open == set(Standing) - {full}
    for number, other in enumerate({ANSWERING, NEW, FAILING} - {full}, start=500):
        assert places.take(place(number, organization=500, host="other.example", room=other))


@pytest.mark.parametrize("before", [ANSWERING, NEW])
def test_one_that_is_slow_makes_room_and_gets_no_other_place(before: Standing) -> None:
    places = Places(ROOMS)
    had = place(room=before)
    assert places.take(had)
    slow = places.turn_slow(had)
    assert slow == place(room=SLOW)
    assert not places.take(had)
    assert places.busy == {1: {1}}
    assert given(places, many(50, room=before)) == ROOMS.sizes[before] // 4
    places.leave(slow)
    assert 1 not in places.busy.get(1, set())


def test_no_more_than_its_share_of_the_slow_ones_make_room() -> None:
    places = Places(ROOMS)
    taken = [each for each in many(8, room=ANSWERING) if places.take(each)]
    slow = [places.turn_slow(each).room for each in taken]
    assert slow == [SLOW] * 2 + [ANSWERING] * 6


def test_one_that_fails_stays_where_it_is() -> None:
    places = Places(ROOMS)
    had = place(room=FAILING)
    assert places.take(had)
    assert places.turn_slow(had) == had


def test_what_is_tried_out_is_not_taken() -> None:
    places = Places(ROOMS)
    assert places.copy().take(place())
    assert places.at_endpoint(place()) == 0
    assert places.take(place())


def test_who_had_no_turn_yet_comes_first_and_then_who_had_it_longest_ago() -> None:
    turns = Turns()
    for each in (3, 1, 2, 3):
        turns.had(each)
    assert sorted([1, 2, 3, 4], key=turns.last) == [4, 1, 2, 3]


def test_queues_take_turns() -> None:
    assert by_turns([[1, 2, 3], [], [4]]) == [1, 4, 2, 3]


def test_one_whose_exchange_is_over_keeps_others_from_its_endpoint_and_from_nothing_else() -> None:
    """Until it is marked, nobody knows anew how the endpoint is doing."""
    places = Places(ROOMS)
    taken = [each for each in many(50) if places.take(each)]
    over = [places.is_over(each) for each in taken]
    assert places.busy == {1: {each.endpoint_id for each in taken}}
    assert not places.take(taken[0])
    assert given(places, many(50, first=5000)) == len(taken)
    for each in over:
        places.leave(each)
    assert places.busy[1].isdisjoint({each.endpoint_id for each in taken})
