"""The figures that are written down: what each of them says, and which have to be reached."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """On which side of its bound a figure has to stay."""

    AT_LEAST = "at least"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure has to reach."""

    side: Side
    value: float

    def holds(self, figure: float) -> bool:
        return figure >= self.value if self.side is Side.AT_LEAST else figure < self.value

    def share(self, figure: float) -> float:
        """How far it is reached: 1 and more is enough, whichever side is the right one."""
        return figure / self.value if self.side is Side.AT_LEAST else self.value / figure

    def __str__(self) -> str:
        return f"{self.side.value} {self.value:g}"


def _at_least(value: float) -> Bound:
    return Bound(Side.AT_LEAST, value)


def _below(value: float) -> Bound:
    return Bound(Side.BELOW, value)


BOUNDS = {
    "http_book_pg_random": _at_least(1.0),
    "http_book_pg_hot": _at_least(3.0),
    "http_book_sqlite_random": _at_least(0.7),
    "peer_book_pg_random": _at_least(15),
    "http_book_keyed": _at_least(0.87),
    "http_book_keyed_sqlite": _at_least(0.87),
    "history": _at_least(0.95),
    "history_sqlite": _at_least(0.95),
    "read_slots": _at_least(0.5),
    "validate": _at_least(0.25),
    "rush_p99": _below(20),
    "memory": _below(150),
    "memory_growth": _below(1.05),
    "idle_core": _below(2),
    "idle_look": _below(5),
    "idle_workers": _below(2),
    "growth_book_10_organizations": _at_least(0.85),
    "growth_book_100_organizations": _at_least(0.6),
    "midnight_workers": _below(1),
    "doctor": _below(31.5),
    "cold": _below(3),
    "told_everywhere": _below(20),
    "numbers_pg": _below(1_000),
    "numbers_sqlite": _below(1_000),
    "console_week": _below(40),
    "console_week_size": _below(150),
    "console_week_drawn": _below(1_000),
    "live_core": _below(5),
    "live_looks": _below(1.5),
    "live_told": _below(2_000),
}

MEANINGS = {
    "http_book_pg_random": "bookings a second over HTTP ÷ minimal transactions of pgbench, random slots",
    "http_book_pg_hot": "bookings a second over HTTP ÷ minimal transactions of pgbench, one hot slot",
    "http_book_sqlite_random": "bookings a second over HTTP ÷ minimal transactions in process, SQLite",
    "http_book_sqlite_hot": "`http_book_sqlite_random` with one hot slot over HTTP",
    "http_book_keyed": "bookings a second with an idempotency key each ÷ without, in turns, PostgreSQL",
    "http_book_keyed_sqlite": "`http_book_keyed` on SQLite",
    "history": "bookings a second with a line of history each ÷ without, in turns, PostgreSQL",
    "history_sqlite": "`history` on SQLite",
    "peer_book_pg_random": "bookings a second ÷ those of FastAPI with an ORM, random slots",
    "peer_book_pg_hot": "bookings a second ÷ those of FastAPI with an ORM, one hot slot",
    "peer_read_slots": "reads of 50 slots a second ÷ those of FastAPI with an ORM",
    "read_slots": "reads of 50 slots a second ÷ a bare application with the same bytes",
    "read_slots_while_booking": "`read_slots` while others book at a steady rate",
    "at_once": "99 of 100 among 1,000 clients that come at once wait so long ÷ a bare application on uvicorn",
    "read_all_slots": "50 slots of all classes ÷ a bare application with the same bytes",
    "read_classes": "the classes ÷ a bare application with the same bytes",
    "read_slot": "one slot ÷ a bare application with the same bytes",
    "read_booking": "one booking ÷ a bare application with the same bytes",
    "server_slots": "the bare application with 50 slots on our server ÷ on uvicorn",
    "server_validate": "the bare application with an answer to validate on our server ÷ on uvicorn",
    "validate": "validates a second ÷ a bare application with an answer of that size",
    "rush_p99": "99 of 100 bookings in the rush, over 64 connections, take at most so many commits",
    "rush_p99_to_transaction": "`rush_p99` in whole minimal transactions of one client instead of commits",
    "memory": "the most megabytes that a worker held along the requests",
    "idle_core": "percent of a core that the database spends on 10,000 organizations that are idle",
    "idle_look": "the most milliseconds that a look over 10,000 organizations takes where nothing is due",
    "idle_workers": "what the database spends on 10,000 idle organizations, two workers ÷ one",
    "idle_organizations": "what the database spends on 10,000 idle organizations ÷ on 100",
    "midnight": "seconds until a slot is completed and a series extended in each of 10,000 organizations",
    "midnight_workers": "`midnight` with two workers ÷ with one",
    "doctor": "seconds that the doctor takes for 10,000 organizations",
    "cold": "milliseconds that the first request of an organization takes, the median of 500",
    "told_everywhere": "seconds until one event in each of 10,000 organizations is told",
    "growth_book_10_organizations": "what is left of the bookings a second where ten organizations share slots and customers",
    "growth_book_100_organizations": "`growth_book_10_organizations` with a hundred",
    "numbers_pg": "milliseconds that the numbers over a million bookings take, PostgreSQL",
    "numbers_sqlite": "milliseconds that the numbers over a hundred thousand bookings take, SQLite",
    "console_week": "milliseconds that the page of a week of 400 slots takes, a year behind it, SQLite",
    "console_week_size": "kilobytes of that page, compressed (gzip -6)",
    "console_week_drawn": "milliseconds until a browser on a processor slowed four times has drawn that page",
    "live_core": "percent of a core that 200 open timetables take while nothing happens, SQLite",
    "live_looks": "statements a second more than for nobody that 200 open timetables cost the database",
    "live_told": "milliseconds from a booking until all of 200 open timetables are told, the 99th of 100",
    "memory_growth": "memory in the last quarter of the requests ÷ in the second one",
}


def meaning(ratio: str) -> str:
    """What the ratio says; its name alone, where it only repeats another with more of something."""
    if ratio in MEANINGS:
        return MEANINGS[ratio]
    if ratio.endswith("_1worker"):
        return f"`{ratio.removesuffix('_1worker')}` with one process each instead of two"
    if ratio.startswith("rush_p99") and ratio.endswith("connections"):
        whole, _, connections = ratio.rpartition("_")
        return f"`{whole}` over {connections.removesuffix('connections')} connections"
    if ratio.startswith("growth_"):
        return "what is left of the throughput with the smallest size"
    if ratio.endswith("_unchanged"):
        return f"`{ratio.removesuffix('_unchanged')}` where nothing changed since the last answer"
    return ""


def median(values: Sequence[float]) -> float:
    """The median, to four digits: more than rounds of some seconds can tell."""
    return float(f"{statistics.median(values):.4g}")
