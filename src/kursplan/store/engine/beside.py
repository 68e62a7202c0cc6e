"""Pieces of work that go on beside each other, and stop where each has something to send.

So what all of them send goes as one. Each is a plain function that knows nothing of the others. Only one
of them is at work at any time, in the order in which they are given: they take turns, and nothing changes
under one of them while it does not send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]
from sqlalchemy.util import await_only

T = TypeVar("T")
Left = TypeVar("Left", bound=Exception)


class _Piece(greenlet):  # type: ignore[misc]
    """One piece of work; what it awaits is awaited by who runs it."""

    __sqlalchemy_greenlet_provider__ = True

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__(work)
        self.gr_context = getcurrent().gr_context

    def until_it_sends(self) -> Any:
        """What it sends next; what it gives in the end, once it is dead."""
        came = self.switch()
        # What is sent together is a list, and whatever else comes before the end is to be awaited.
        while not self.dead and type(came) is not list:
            try:
                answer = await_only(came)
            except BaseException as failed:
                came = self.throw(failed)
            else:
                came = self.switch(answer)
        return came


def is_beside_others() -> bool:
    """Whether whoever asks is a piece of work that goes on beside others."""
    return isinstance(getcurrent(), _Piece)


def sent_by_all(things: list[Any]) -> None:
    """Send this, be it nothing, together with what the others send; goes on once it has come back."""
    getcurrent().parent.switch(things)


def beside_each_other(
    pieces: Sequence[Callable[[], T]],
    send: Callable[[list[list[Any]]], None],
    leaves_with: type[Left],
) -> list[T | Left]:
    """Do all of these, and `send` what they send; gives what each of them gives.

    One may leave with an exception of that kind, which is what it gives. Any other ends all of them.
    """
    found: dict[int, T | Left] = {}

    def to_its_end(place: int, work: Callable[[], T]) -> None:
        try:
            found[place] = work()
        except leaves_with as left:
            found[place] = left

    going = [
        _Piece(lambda at=at, work=work: to_its_end(at, work))  # type: ignore[misc]
        for at, work in enumerate(pieces)
    ]
    try:
        while going:
            sent = [(each, each.until_it_sends()) for each in going]
            sent = [(each, things) for each, things in sent if not each.dead]
            if any(things for _, things in sent):
                send([things for _, things in sent])
            going = [each for each, _ in sent]
    finally:
        for each in going:
            if not each.dead:
                each.throw(GreenletExit)
    return [found[at] for at in range(len(pieces))]
