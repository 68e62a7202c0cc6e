"""Each command leaves one line of history, which names all that it changed and nothing else."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from kursplan.desk.engine.turn import Command
from kursplan.desk.keep_told import KeepTold
from kursplan.domain.history import EntityKind
from kursplan.store import tables
from tests.pairs.scene import Scene, commands, every_kind
from tests.pairs.walk import TABLES, Rows, Walk

in_the_walk = pytest.mark.asyncio(loop_scope="session")

Row = Mapping[str, Any]

OF_THE_TURN = frozenset(
    {
        # What a turn writes beside the change, to find it and to tell it.
        "history",
        "history_subject",
        "event",
        "delivery",
        "idempotency_key",
        # What a gym file said, which the next load compares with: the gym is as it was.
        "told",
        # Where an organization is found, which follows the organization.
        "organization_directory",
        # Who failed to sign in, which no command writes.
        "staff_attempt",
    }
)
ENTRIES = {name: ("id",) for name in TABLES if name not in OF_THE_TURN} | {
    "opening_hours": ("studio_id",),
    "employee_studio": ("employee_id",),
    "rate_contingent": ("rate_id",),
    "class_rate": ("class_id",),
    "series_instructor": ("series_id",),
    "slot_instructor": ("slot_id",),
    "stand_in": ("slot_id",),
    "membership": ("customer_id",),
    "idle_period": ("customer_id",),
    "attempt": (),
    "integration": ("id", "application_id"),
    "staff_directory": ("account_id",),
    "staff_studio": ("account_id",),
    "staff_passkey": ("account_id",),
    "staff_ticket": ("account_id",),
    "staff_session": ("account_id",),
}
"""By table: the columns of which one at least is the number of what the history names."""
COUNTED = {"seats", "waiting", "last_sequence"}
"""Columns of a slot that follow from its bookings."""
COPIED = {"starts_at", "ends_at", "day"}
"""Columns of a booking that follow from its slot."""

IS_ABOUT = {
    "add-booking": EntityKind.BOOKING,
    "add-endpoint": EntityKind.ENDPOINT,
    "add-passkey": EntityKind.STAFF_ACCOUNT,
    "ask-again": EntityKind.BOOKING,
    "book": EntityKind.BOOKING,
    "cancel": EntityKind.BOOKING,
    "cancel-slot": EntityKind.SLOT,
    "change-endpoint": EntityKind.ENDPOINT,
    "change-slot": EntityKind.SLOT,
    "change-staff": EntityKind.STAFF_ACCOUNT,
    "close-studio": EntityKind.CLOSURE,
    "complete-slots": EntityKind.SLOT,
    "confirm": EntityKind.BOOKING,
    "confirm-activation": EntityKind.INTEGRATION,
    "copy-week": EntityKind.SLOT,
    "end-sessions": EntityKind.STAFF_ACCOUNT,
    "remove-location": EntityKind.LOCATION,
    "delete-customers": EntityKind.CUSTOMER,
    "delete-employee": EntityKind.EMPLOYEE,
    "disable-endpoint": EntityKind.ENDPOINT,
    "disable-staff": EntityKind.STAFF_ACCOUNT,
    "edit-series": EntityKind.SERIES,
    "enable-endpoint": EntityKind.ENDPOINT,
    "enable-staff": EntityKind.STAFF_ACCOUNT,
    "end-membership": EntityKind.CUSTOMER,
    "end-series": EntityKind.SERIES,
    "expire-confirmations": EntityKind.BOOKING,
    "extend-series": EntityKind.SERIES,
    "follow-class": EntityKind.SLOT,
    "follow-series": EntityKind.SLOT,
    "freeze-membership": EntityKind.CUSTOMER,
    "give-back": EntityKind.SLOT,
    "invite-staff": EntityKind.STAFF_ACCOUNT,
    "issue-key": EntityKind.API_KEY,
    "leave-plan": EntityKind.SLOT,
    "mend-places": EntityKind.SLOT,
    "move-home": EntityKind.CUSTOMER,
    "move-up": EntityKind.BOOKING,
    "open-studio": EntityKind.CLOSURE,
    "plan-series": EntityKind.SERIES,
    "plan-slot": EntityKind.SLOT,
    "promote": EntityKind.BOOKING,
    "put-stand-in": EntityKind.SLOT,
    "record-application": EntityKind.APPLICATION,
    "record-class": EntityKind.CLASS,
    "record-customers": EntityKind.CUSTOMER,
    "record-employee": EntityKind.EMPLOYEE,
    "record-location": EntityKind.LOCATION,
    "record-organization": EntityKind.ORGANIZATION,
    "record-rate": EntityKind.RATE,
    "record-studio": EntityKind.STUDIO,
    "release": EntityKind.BOOKING,
    "remove-endpoint": EntityKind.ENDPOINT,
    "remove-passkey": EntityKind.STAFF_ACCOUNT,
    "remove-stand-in": EntityKind.SLOT,
    "reopen-slots": EntityKind.SLOT,
    "resend": EntityKind.DELIVERY,
    "resend-since": EntityKind.ENDPOINT,
    "reset-staff": EntityKind.STAFF_ACCOUNT,
    "restore-slot": EntityKind.SLOT,
    "review-bookings": EntityKind.BOOKING,
    "revoke-key": EntityKind.API_KEY,
    "rezone": EntityKind.SLOT,
    "rotate-secret": EntityKind.ENDPOINT,
    "settle": EntityKind.BOOKING,
    "set-language": EntityKind.STAFF_ACCOUNT,
    "set-on-clash": EntityKind.STUDIO,
    "set-participation": EntityKind.BOOKING,
    "set-password": EntityKind.STAFF_ACCOUNT,
    "set-retry-plan": EntityKind.INTEGRATION,
    "set-second-factor": EntityKind.STAFF_ACCOUNT,
    "swap-instructors": EntityKind.SLOT,
    "take-link": EntityKind.STAFF_ACCOUNT,
    "waive-lateness": EntityKind.BOOKING,
}
"""What each command is about, by its name. The names stand in what is kept: one that is here stays."""


@dataclass(frozen=True)
class Done:
    """A command, and what was stored before it, after it, and after it was given once more."""

    name: str
    command: Command[Any]
    before: Rows
    after: Rows
    again: Rows


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def done(scene_url: tuple[str, Scene], walk: Walk) -> list[Done]:
    return [
        Done(name, each, walk.seed, *await walk.twice(each))
        for name, each in commands(scene_url[1])
    ]


def test_every_command_has_a_name_of_its_own() -> None:
    names = [each.name for each in every_kind() if each is not KeepTold]
    assert sorted(names) == sorted(IS_ABOUT)


@in_the_walk
async def test_each_leaves_one_line(done: list[Done]) -> None:
    left = {
        each.name: [line["command"] for line in _new_lines(each.before, each.after)]
        for each in done
    }
    assert left == {each.name: _lines_of(each.command) for each in done}


@in_the_walk
async def test_a_line_says_what_its_command_is_about(done: list[Done]) -> None:
    kinds = defaultdict(set)
    for each in done:
        for line in _new_lines(each.before, each.after):
            kinds[line["command"]].add(line["kind"])
    assert kinds == {name: {kind.value} for name, kind in IS_ABOUT.items()}


@in_the_walk
async def test_given_again_it_leaves_a_line_only_where_it_changes_something(
    done: list[Done],
) -> None:
    wrong = {
        each.name: lines
        for each in done
        if bool(lines := _new_lines(each.after, each.again))
        != bool(list(_touched(each.after, each.again)))
    }
    assert wrong == {}
    # A walk in which nothing is ever done in vain would prove nothing.
    assert sum(_new_lines(each.after, each.again) == [] for each in done) > len(done) * 0.9


@in_the_walk
async def test_nothing_is_changed_that_the_line_does_not_name(done: list[Done]) -> None:
    missing = {}
    for each in done:
        named = _named(each.before, each.after)
        if unnamed := [
            found for found in _touched(each.before, each.after) if named.isdisjoint(found[1])
        ]:
            missing[each.name] = unnamed
    assert missing == {}


@in_the_walk
async def test_a_line_names_nothing_that_was_not_changed(done: list[Done]) -> None:
    invented = {}
    for each in done:
        touched = {
            number
            for _, numbers in _touched(each.before, each.after, what_follows=True)
            for number in numbers
        }
        if phantoms := _named(each.before, each.after) - touched:
            invented[each.name] = phantoms
    assert invented == {}


@in_the_walk
async def test_no_line_holds_a_name_an_address_or_a_secret(done: list[Done]) -> None:
    kept = ""
    for each in done:
        for line in _new_lines(each.before, each.after):
            kept += line["changes"]
        kept += "".join(
            row["changes"] for row in _new(each.before, each.after, "history_subject").values()
        )
    assert "withheld" in kept
    for secret in (
        "Mustermann",
        "Emil",
        "Fritz",
        "Trainer",
        "whsec_",
        "partner.example",
        "journey",
        "gym.example",
        "Nora",
        "argon2",
    ):
        assert secret not in kept


def _lines_of(command: Command[Any]) -> list[str]:
    """What a gym file said is kept in the turn of the command that does so, if there is one."""
    if not isinstance(command, KeepTold):
        return [command.name]
    return [] if command.command is None else [command.command.name]


def _rows(rows: Rows, table: str) -> dict[str, Row]:
    """By the key of the row."""
    key = [each.name for each in tables.metadata.tables[table].primary_key]
    return {
        json.dumps([row[name] for name in key]): row
        for row in map(json.loads, json.loads(rows[table]))
    }


def _new(before: Rows, after: Rows, table: str) -> dict[str, Row]:
    known = _rows(before, table)
    return {key: row for key, row in _rows(after, table).items() if key not in known}


def _new_lines(before: Rows, after: Rows) -> list[Row]:
    return list(_new(before, after, "history").values())


def _named(before: Rows, after: Rows) -> set[int]:
    """All that the new lines are about."""
    return {
        row["subject_id"]
        for table in ("history", "history_subject")
        for row in _new(before, after, table).values()
    }


def _touched(
    before: Rows, after: Rows, *, what_follows: bool = False
) -> Iterator[tuple[str, set[int]]]:
    """Of each row that is new, different or gone: the table, and how it may be named.

    Without `what_follows` from something else: that goes without saying, but may be said.
    """
    members = {row["id"]: row["customer_id"] for row in _rows(after, "membership").values()}
    for table, columns in ENTRIES.items():
        was, now = _rows(before, table), _rows(after, table)
        for key in was.keys() | now.keys():
            here, there = was.get(key), now.get(key)
            if here == there:
                continue
            if here and there and _follows(table, here, there) and not what_follows:
                continue
            row = there or here or {}
            if table == "membership_contingent":
                yield table, {members[row["membership_id"]]}
            elif columns:
                yield table, {row[name] for name in columns}
    yield from _sent_again(before, after)


def _follows(table: str, here: Row, there: Row) -> bool:
    """Whether only that is different which follows from something else."""
    differs = {name for name in here if here[name] != there[name]}
    return differs <= {"slot": COUNTED, "booking": COPIED}.get(table, set())


def _sent_again(before: Rows, after: Rows) -> Iterator[tuple[str, set[int]]]:
    """Deliveries that are due, held or gone otherwise than before; new ones are stored by telling."""
    was, now = _rows(before, "delivery"), _rows(after, "delivery")
    for key, row in was.items():
        if now.get(key) != row:
            yield "delivery", {row["id"], row["endpoint_id"]}
