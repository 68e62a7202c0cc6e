"""The end: what is under way is finished, and nobody can put it off."""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from contextlib import ExitStack

from kursplan.web.server import GRACE_SECONDS
from tests.web.client import HONEST, Served, asking, rest, statuses

CROWD = 500


def test_it_ends_beside_clients_that_do_not_go_on(serve: Callable[..., Served]) -> None:
    served = serve(HEAD_SECONDS=600, BODY_SECONDS=600, IDLE_SECONDS=600)
    head = asking(
        "POST",
        "/v1/classes/booking/book",
        [f"X-API-KEY: {served.key}", "Content-Type: application/json", "Content-Length: 2"],
    )
    with ExitStack() as stack:
        idle, under_way, *others = [stack.enter_context(served.connect()) for _ in range(CROWD)]
        idle.sendall(HONEST)
        under_way.sendall(head + b"{")
        for number, each in enumerate(others):
            each.sendall((b"", HONEST[:-2], head, head + b"{")[number % 4])
        assert served.is_alive()

        served.server.terminate()

        assert statuses(rest(idle)) == [404]
        under_way.sendall(b"}")
        told = rest(under_way)
        assert statuses(told) == [400]
        assert b"connection: close" in told
        ending = select.select([os.pidfd_open(served.server.pid)], [], [], GRACE_SECONDS)
        assert ending[0]


def test_who_was_let_in_just_before_is_answered(serve: Callable[..., Served]) -> None:
    """They have asked already, as far as they know: a restart would turn them away."""
    served = serve(IDLE_SECONDS=600)
    with served.connect() as new, served.connect() as known:
        known.sendall(HONEST)  # Who came before is let in before.
        assert known.recv(1000).startswith(b"HTTP/1.1 404 ")
        served.server.terminate()
        assert rest(known) == b""

        new.sendall(HONEST)

        told = rest(new)
        assert statuses(told) == [404]
        assert b"connection: close" in told
