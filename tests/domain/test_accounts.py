"""What a role lets one do, which passwords can be chosen, how long things last: as tables of values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kursplan.domain.accounts import (
    ABSOLUTE_LIMIT,
    ACTIONS,
    IDLE_LIMIT,
    SENSITIVE,
    Action,
    PasswordFlaw,
    Purpose,
    Role,
    StaffMember,
    Throttle,
    flaw_of,
    folded_email,
    looks_like_email,
    may,
    session_lasts,
)

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
HERE, THERE = 7, 8


def member(role: Role) -> StaffMember:
    return StaffMember(1, 2, "Olga", "olga@gym.example", role, frozenset({HERE}), None, "en")


@pytest.mark.parametrize(
    ("action", "roles"),
    [
        (Action.SEE_SLOTS, "OMFI"),
        (Action.MARK_PARTICIPATION, "OMFI"),
        (Action.ASK_FOR_STAND_IN, "OMFI"),
        (Action.CHANGE_SLOTS, "OMF"),
        (Action.BOOK, "OMF"),
        (Action.SEE_CUSTOMERS, "OMF"),
        (Action.CHANGE_CUSTOMERS, "OMF"),
        (Action.PLAN, "OM"),
        (Action.SETTINGS, "OM"),
        (Action.NUMBERS, "OM"),
        (Action.HISTORY, "OM"),
        (Action.EXPORT, "OM"),
        (Action.ERASE, "OM"),
        (Action.INTEGRATIONS, "O"),
        (Action.ACCOUNTS, "O"),
    ],
)
def test_who_may_what(action: Action, roles: str) -> None:
    allowed = {role for role in Role if role[0] in roles}
    assert {role for role in Role if may(member(role), action)} == allowed
    assert {role for role in Role if may(member(role), action, HERE)} == allowed
    # In a studio that they do not have only owners; of an instructor the slots say it.
    elsewhere = {role for role in Role if may(member(role), action, THERE)}
    assert elsewhere == allowed & {Role.OWNER, Role.INSTRUCTOR}


def test_every_role_and_action_is_decided_about() -> None:
    assert ACTIONS.keys() == set(Role)
    assert frozenset[Action]().union(*ACTIONS.values()) == set(Action)
    assert ACTIONS[Role.OWNER] >= SENSITIVE


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("eleven char", PasswordFlaw.TOO_SHORT),
        ("twelve chars", None),
        ("correct horse battery", None),
        ("\u00fc" * 4 + "berall-hin", None),
        ("x" * 257, PasswordFlaw.TOO_LONG),
        ("Olga.Besitz@Gym.example", PasswordFlaw.IS_THE_EMAIL),
        ("olga.besitz.x", None),
        ("OLGA.BESITZ", PasswordFlaw.TOO_SHORT),
        ("121212121212", PasswordFlaw.ALL_THE_SAME),
        ("            ", PasswordFlaw.ALL_THE_SAME),
    ],
)
def test_which_passwords_can_be_chosen(password: str, flaw: PasswordFlaw | None) -> None:
    assert flaw_of(password, "olga.besitz@gym.example") is flaw


def test_the_part_before_the_sign_is_no_password() -> None:
    assert flaw_of("olga.besitz.gym", "Olga.Besitz.Gym@x.example") is PasswordFlaw.IS_THE_EMAIL


@pytest.mark.parametrize(
    ("typed", "is_one"),
    [
        ("a@b.example", True),
        (" a@b.example ", True),
        ("a@b", False),
        ("@b.example", False),
        ("a b@c.example", False),
        ("a\n@c.example", False),
        ("a@b.", False),
        ("x" * 250 + "@b.example", False),
        ("", False),
    ],
)
def test_what_looks_like_an_address(typed: str, is_one: bool) -> None:
    assert looks_like_email(typed) is is_one


def test_addresses_are_the_same_whatever_their_capitals() -> None:
    assert folded_email(" Olga@GYM.example") == folded_email("olga@gym.example ")


def test_a_pause_begins_with_the_last_attempt_that_was_allowed() -> None:
    throttle = Throttle(3, timedelta(minutes=10))
    assert throttle.blocked_until(3, NOW) is None
    assert throttle.blocked_until(4, NOW) == NOW + timedelta(minutes=10)
    assert throttle.lapses_before(NOW) == NOW - timedelta(minutes=10)


def test_a_session_lasts_until_either_limit() -> None:
    second = timedelta(seconds=1)
    assert session_lasts(NOW, NOW, NOW + IDLE_LIMIT - second)
    assert not session_lasts(NOW, NOW, NOW + IDLE_LIMIT)
    late = NOW + ABSOLUTE_LIMIT
    assert session_lasts(NOW, late - second, late - second)
    assert not session_lasts(NOW, late, late)


def test_everything_that_works_once_has_its_time() -> None:
    assert all(timedelta() < each.lasts <= timedelta(days=7) for each in Purpose)


def test_who_is_signed_in_is_not_printed() -> None:
    assert "Olga" not in repr(member(Role.OWNER))
    assert "gym.example" not in repr(member(Role.OWNER))
