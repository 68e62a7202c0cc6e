"""Output of the command: tables for people, one JSON document for scripts, a line of trouble.

Times are told in the time of the studio in which they happen: to people without a zone, because
they stand next to the studio, and to scripts with the offset.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from kursplan.staff.times import moment

if TYPE_CHECKING:
    from kursplan.domain.refusals import Refusal
    from kursplan.staff.refusals import Names

NOTHING = "-"
UNBROKEN = 11
"""How long a word may be that is never broken."""
MOST_SHOWN = 50
"""How many of what may be thousands are shown; a script is given all of them."""
_WIDE = 400
"""How wide a table may become where nobody reads it on a screen: nothing is cut off."""


class Stop(Exception):
    """The command can't go on, for a reason that the caller can do something about.

    `status` is the exit status: 1, or 2 where the command was not used as it is meant. `code` is
    for scripts: a rule that refuses, or one of the two words for the rest; `details` are for them too.
    """

    def __init__(
        self,
        message: str,
        status: int = 1,
        *,
        code: str | None = None,
        details: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        super().__init__(message)
        self.details = details
        self.status = status
        self.code = code or ("USAGE" if status == 2 else "FAILED")


def refused(refusal: Refusal, names: Names | None = None) -> Stop:
    """What a refusal of the rules means to staff, and the word of its rule, by which they overrule it."""
    from kursplan.staff.refusals import NOBODY, facts_of, sentence

    known = NOBODY if names is None else names
    code = refusal.kind.rule.value
    return Stop(
        f"{sentence(refusal, known)} ({code})",
        code=code,
        details={"refusal": facts_of(refusal, known)},
    )


def stopped(stop: Stop, *, json: bool) -> None:
    """Tell on standard error why a command ends: in words, or to a script as one JSON document."""
    if not json:
        trouble(str(stop))
        return
    error = {"code": stop.code, "message": str(stop), **stop.details}
    typer.echo(json_text({"error": error}), err=True)


def trouble(message: str) -> None:
    """Tell what is wrong, on standard error."""
    for line in message.splitlines():
        typer.echo(f"kursplan: {line}", err=True)


def say(line: str = "", *, err: bool = False) -> None:
    typer.echo(line, err=err)


def document(value: Any) -> None:
    """The one JSON document that a script reads."""
    typer.echo(json_text(value))


def json_text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> None:
    """Rows under their columns, or the words `empty` where there are none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(value) for value in row] for row in rows]
    if not cells:
        say(empty)
        return
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    needed = 0
    for column, *here in zip(columns, *cells, strict=True):
        # On a narrow screen texts give way at their blanks, so that words and times stay whole.
        longest = max(len(word) for cell in (column, *here) for word in cell.split())
        shown.add_column(column, overflow="fold", min_width=min(longest, UNBROKEN))
        needed += min(longest, UNBROKEN) + 3
    for row in cells:
        # As it is: square brackets in a title are no markup.
        shown.add_row(*map(Text, row))
    console = Console()
    # Rather have the lines run over the edge than leave out what does not fit.
    console.width = max(console.width, needed) if sys.stdout.isatty() else _WIDE
    console.print(shown)


def tell_some(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The first rows under their columns, and how many there are beyond; nothing where there are none."""
    rest = iter(rows)
    if not (shown := list(islice(rest, MOST_SHOWN))):
        return
    say()
    table(columns, shown, empty="")
    if more := sum(1 for _ in rest):
        say(f"… and {more} more.")


def facts(pairs: Iterable[tuple[str, object]]) -> None:
    """What is known of one thing, a line each."""
    shown = [(name, _cell(value)) for name, value in pairs]
    width = max(len(name) for name, _ in shown)
    for name, value in shown:
        say(f"{name:<{width}}  {value}")


def _cell(value: object) -> str:
    match value:
        case None | "":
            return NOTHING
        case True:
            return "yes"
        case False:
            return "no"
        case StrEnum():
            return words(value)
        case _:
            return str(value)


def words(value: StrEnum | None) -> str:
    """A word of the contract as people write it: `WAITING_LIST` is "waiting list"."""
    return NOTHING if value is None else value.replace("_", " ").lower()


def local_time(instant: datetime, zone: str) -> str:
    """As people write it: `Mon 2026-03-02 18:00`."""
    return moment(instant.astimezone(ZoneInfo(zone)))


def local_span(start: datetime, end: datetime, zone: str) -> str:
    """`Mon 2026-03-02 18:00-19:00`."""
    return f"{local_time(start, zone)}-{end.astimezone(ZoneInfo(zone)):%H:%M}"


def zoned(instant: datetime | None, zone: str) -> str | None:
    """As scripts read it: `2026-03-02T18:00:00+01:00`."""
    return None if instant is None else instant.astimezone(ZoneInfo(zone)).isoformat()


def plain(moment: datetime | date | None) -> str | None:
    return None if moment is None else moment.isoformat()


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 booking`, `2 bookings`."""
    return f"{number} {one if number == 1 else many or f'{one}s'}"
