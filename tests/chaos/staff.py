"""Staff, who go on with their work at another desk while the house is struck."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from kursplan.clock import SystemClock
from kursplan.desk.cancel_slot import CancelSlot
from kursplan.desk.change_slot import ChangeSlot
from kursplan.desk.close_studio import CloseStudio, OpenStudio
from kursplan.desk.confirm import Confirm
from kursplan.desk.engine.desk import ChangedConcurrently, Desk, DeskBusy
from kursplan.desk.engine.turn import Command
from kursplan.desk.restore_slot import RestoreSlot
from kursplan.domain.bookings import BookingStatus
from kursplan.domain.refusals import Refusal
from kursplan.metrics import Metrics
from kursplan.store import tables
from kursplan.store.engine.trouble import DatabaseUnavailable
from tests.gym import STAFF, Gym

PAUSE_SECONDS = (0.5, 2.0)
CLOSURE = "water"
NOT_NOW = (DatabaseUnavailable, DeskBusy, ChangedConcurrently)


class Staff:
    """One who plans, and confirms bookings for customers."""

    def __init__(self, gym: Gym, slots: Sequence[int], dice: random.Random) -> None:
        self.done: Counter[str] = Counter()
        """What was done, by the names of the commands; what was refused or could not be is apart."""
        self._gym = gym
        self._slots = slots
        self._dice = dice
        self._desk = Desk(gym.database, SystemClock(), Metrics())

    async def work(self, until: asyncio.Event) -> None:
        deeds = (self._grow, self._move, self._cancel, self._restore, self._close, self._open)
        while not until.is_set():
            await asyncio.sleep(self._dice.uniform(*PAUSE_SECONDS))
            await self._attempt(await self._dice.choice((*deeds, self._confirm, self._confirm))())
        opened = False
        while not opened:
            opened = await self._attempt(await self._open())

    async def _attempt(self, command: Command[Any] | None) -> bool:
        if command is None:
            return True
        try:
            answer = await self._desk.execute(command, by=STAFF)
        except NOT_NOW:
            self.done["could not be done"] += 1
            return False
        self.done["refused" if isinstance(answer, Refusal) else command.name] += 1
        return True

    @property
    def _any(self) -> int:
        return self._dice.choice(self._slots)

    async def _grow(self) -> Command[Any] | None:
        slot = self._any
        try:
            now = await self._gym.slot_now(slot)
        except NOT_NOW:
            return None
        return ChangeSlot(
            self._gym.organization, slot, max_participants=(now.max_participants or 0) + 1
        )

    async def _move(self) -> Command[Any] | None:
        slot = self._any
        try:
            now = await self._gym.slot_now(slot)
        except NOT_NOW:
            return None
        minutes = self._dice.choice((-15, 15))
        return ChangeSlot(
            self._gym.organization, slot, local_start=now.local_start + timedelta(minutes=minutes)
        )

    async def _cancel(self) -> Command[Any]:
        return CancelSlot(self._gym.organization, self._any)

    async def _restore(self) -> Command[Any]:
        return RestoreSlot(self._gym.organization, self._any)

    async def _close(self) -> Command[Any]:
        tomorrow = datetime.combine(self._gym.now.date() + timedelta(days=2), datetime.min.time())
        return CloseStudio(
            self._gym.organization,
            self._gym.studio_id,
            CLOSURE,
            tomorrow,
            tomorrow + timedelta(days=1),
        )

    async def _open(self) -> Command[Any]:
        return OpenStudio(self._gym.organization, self._gym.studio_id, CLOSURE)

    async def _confirm(self) -> Command[Any] | None:
        booking = tables.booking
        unconfirmed = (
            select(booking.c.id)
            .where(
                booking.c.organization_id == self._gym.organization,
                booking.c.status == BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED,
            )
            .limit(1)
        )
        try:
            found = await self._gym.database.read(lambda tx: tx.execute(unconfirmed).scalar())
        except NOT_NOW:
            return None
        if found is None:
            return None
        return Confirm(self._gym.organization, self._gym.studio_id, found)
