"""Where partners are told: an endpoint that is slow, fails, hangs and hangs up as it pleases."""

from __future__ import annotations

import asyncio
import random

from tests.webhooks.receiver import Exchange, Receiver, answers, hangs_up, waits

SLOW_SECONDS = 1.0


class Moody:
    """Behaves on one path, and remembers which events it has taken."""

    def __init__(self, receiver: Receiver, path: str, dice: random.Random) -> None:
        self.taken: set[str] = set()
        self.came = 0
        """Requests, also those that it did not take."""
        self.is_good = False
        """From when on it takes everything."""
        self.path = path
        self._receiver = receiver
        self._dice = dice
        receiver.does(path, self._behave)

    async def _behave(self, exchange: Exchange) -> None:
        self.came += 1
        self._receiver.received.remove(exchange.request)  # Hours of them are not kept.
        mood = 1.0 if self.is_good else self._dice.random()
        if mood < 0.03:
            await answers(500)(exchange)
        elif mood < 0.06:
            await hangs_up(exchange)
        elif mood < 0.07:
            await waits(exchange)
        else:
            if mood < 0.12:
                await asyncio.sleep(SLOW_SECONDS)
            await answers(204)(exchange)
            self.taken.add(exchange.request.uuid)
