"""`kursplan clock`: the machine's clock, as far as the house believes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from kursplan.cli.context import with_database
from kursplan.cli.output import say
from kursplan.clock import SystemClock

if TYPE_CHECKING:
    from datetime import datetime

    from kursplan.store.engine.database import Database

app = typer.Typer(no_args_is_help=True, help="The clock by which the house acts by itself.")


@app.command()
def confirm() -> None:
    """Say that this machine's clock is right, though it leapt by more than a day.

    A server that doubts it goes by it from its next round of work on.
    """
    now = SystemClock().now()

    async def task(database: Database) -> datetime | None:
        from kursplan.store.rules import clock

        before = await database.read(clock.seen)
        await database.write(lambda tx: clock.see(tx, now))
        return before

    before = with_database(task)
    say(f"It is {now:%Y-%m-%d %H:%M:%S} UTC.")
    if before is not None:
        say(f"Until now it was {before:%Y-%m-%d %H:%M:%S} UTC at the latest.")
