"""Where something is to be told: what is known of that, and who comes next.

A look finds all organizations with something to be done, which takes a while where there are thousands. What is
committed or fanned out meanwhile is known without one. Nothing depends on this: whoever is forgotten here is
found by the next look.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from kursplan.work.everywhere import PORTION

FEWEST_AT_ONCE = 8
"""In how many organizations it looks for what is to be sent where there are hardly any places left."""


class Known:
    """The organizations in which something is to be done, as far as that is known.

    Those with news take turns with those that have waited for long: where thousands wait, somebody of whom there
    is something to tell now and then is told of it all the same. Whoever is forgotten here is found by a look.
    """

    def __init__(self) -> None:
        self.fresh_until = 0.0
        """Until when it is gone on with those that were found, by the stopwatch."""
        self._news: dict[int, None] = {}
        self._waiting: dict[int, None] = {}
        self._before: set[int] = set()
        self._at_once = PORTION

    def __bool__(self) -> bool:
        return bool(self._news or self._waiting)

    def has_news(self, organization_ids: Iterable[int]) -> None:
        """There is something to be done in these since a moment ago."""
        for each in organization_ids:
            self._news.pop(each, None)
            self._news[each] = None

    def has_more(self, organization_ids: Sequence[int], news: Collection[int]) -> None:
        """There is something to be done in these, and some of them have news."""
        self.has_news(each for each in organization_ids if each in news)
        self._waiting.update(dict.fromkeys(each for each in organization_ids if each not in news))

    def found(self, organization_ids: Sequence[int]) -> None:
        """A look found these, in the order of their turns. Some that were not there before have news, a crowd
        that comes at once has to wait."""
        before, self._before = self._before, set(organization_ids)
        self._waiting = dict.fromkeys(organization_ids)
        news = [each for each in organization_ids if each not in before]
        if len(news) <= PORTION:
            self.has_news(reversed(news))

    def next(self) -> dict[int, bool]:
        """So many as something can be done for at once, and whether they have news: of those the latest."""
        some: dict[int, bool] = {}
        while self and len(some) < self._at_once:
            for queue, each in (
                (self._news, next(reversed(self._news), None)),
                (self._waiting, next(iter(self._waiting), None)),
            ):
                if each is None or each in some:
                    continue
                some[each] = queue is self._news
                self._news.pop(each, None)
                self._waiting.pop(each, None)
        return some

    def had_places(self, count: int, refused: Collection[int]) -> None:
        """In so many something was begun: where places are few, most of what is looked up is for nothing."""
        self._at_once = min(
            PORTION, max(FEWEST_AT_ONCE, 2 * count) if refused else 2 * self._at_once
        )
