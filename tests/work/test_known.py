"""Somebody with news is told of them while thousands wait, and all of those have their turn."""

from __future__ import annotations

from kursplan.work.everywhere import PORTION
from kursplan.work.known import FEWEST_AT_ONCE, Known

CROWD = range(1, 10 * PORTION + 1)
LIVING = 100_000


def known(crowd: range = CROWD) -> Known:
    found = Known()
    found.found(crowd)
    return found


def all_of(waiting: Known) -> list[int]:
    had = []
    while waiting:
        had += waiting.next()
    return had


def test_a_crowd_that_comes_at_once_has_its_turn_in_order() -> None:
    assert all_of(known()) == list(CROWD)


def test_who_has_news_does_not_wait_for_a_crowd() -> None:
    waiting = known()
    waiting.has_news([LIVING])
    some = waiting.next()
    assert [each for each, has_news in some.items() if has_news] == [LIVING]
    assert next(iter(some)) == LIVING
    assert len(some) == PORTION


def test_who_was_not_there_at_the_last_look_has_news_unless_many_come_at_once() -> None:
    waiting = known()
    waiting.found([*CROWD, LIVING])
    assert next(iter(waiting.next())) == LIVING
    crowd = range(200_000, 200_000 + 2 * PORTION)
    waiting.found([*CROWD, LIVING, *crowd])
    assert next(iter(waiting.next())) == CROWD[0]


def test_a_crowd_with_news_keeps_nobody_waiting_for_good() -> None:
    """Who waited has half of the turns, and of the news the latest come first."""
    waiting = known()
    waiting.has_news(range(200_000, 210_000))
    waiting.has_news([LIVING])
    some = list(waiting.next())
    assert some[:2] == [LIVING, CROWD[0]]
    assert set(some[1::2]) == set(CROWD[: PORTION // 2])


def test_nobody_has_two_turns_for_the_same() -> None:
    waiting = known()
    waiting.has_news([5, 6])
    waiting.has_more([7, LIVING], news={LIVING})
    had = all_of(waiting)
    assert len(had) == len(set(had))
    assert set(had) == {*CROWD, LIVING}


def test_where_places_are_few_few_are_looked_for() -> None:
    waiting = known()
    waiting.had_places(0, refused=[1])
    assert len(waiting.next()) == FEWEST_AT_ONCE
    waiting.had_places(FEWEST_AT_ONCE, refused=[1])
    assert len(waiting.next()) == 2 * FEWEST_AT_ONCE
    for _ in range(5):
        waiting.had_places(1, refused=[])
    assert len(waiting.next()) == PORTION
