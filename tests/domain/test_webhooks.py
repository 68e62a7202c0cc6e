"""Who hears of an event, and when a failed attempt is repeated."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kursplan.domain.events import EventType
from kursplan.domain.webhooks import (
    CONTRACTS_PLAN,
    FAILING_AT_MOST,
    FAILURES_FOLLOW,
    LONGEST_EXCHANGE,
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    MOST_REPEATS,
    PATIENT_PLAN,
    Disabled,
    Failure,
    Health,
    Listener,
    NamedPlan,
    RetryPlan,
    listeners_of,
    valid_secrets,
)

NOW = datetime(2026, 3, 2, 7, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BERLIN, HAMBURG = 1, 2
WELL = Health()
STATUS, TIMEOUT = Failure.STATUS, Failure.TIMEOUT
CREATED, CANCELLED = EventType.CLASS_BOOKING_CREATED, EventType.CLASS_BOOKING_CANCELLED


def test_the_contract_gives_five_seconds_and_three_repeats_ten_minutes_apart() -> None:
    assert timedelta(milliseconds=5000) == LONGEST_EXCHANGE
    assert RetryPlan() == CONTRACTS_PLAN
    assert [CONTRACTS_PLAN.next_attempt(failed, NOW, 0.9) for failed in (1, 2, 3, 4)] == [
        *[NOW + timedelta(minutes=10)] * 3,
        None,
    ]


def test_an_endpoint_may_fail_for_five_days() -> None:
    assert timedelta(days=5) == FAILING_AT_MOST


# Repeats.


def test_the_patient_plan_tries_for_a_weekend_in_growing_steps() -> None:
    steps = PATIENT_PLAN.seconds
    assert steps == (60, 180, 540, 1620, 4860, 14580, 43740, 131220)
    assert all(later == 3 * sooner for sooner, later in itertools.pairwise(steps))
    soonest, latest = (
        sum(
            (
                (PATIENT_PLAN.next_attempt(failed, NOW, chance) or NOW) - NOW
                for failed in range(1, len(steps) + 1)
            ),
            timedelta(),
        )
        for chance in (0, 1)
    )
    assert timedelta(hours=54) <= soonest < latest <= timedelta(hours=66)


@pytest.mark.parametrize("named", NamedPlan)
def test_a_plan_is_known_by_its_name(named: NamedPlan) -> None:
    assert NamedPlan.of(named.plan) is named
    assert NamedPlan.of(RetryPlan((1,))) is None


@pytest.mark.parametrize(
    ("seconds", "jitter"),
    [
        ((0,), 0),
        ((-600,), 0),
        ((600, 0, 600), 0),
        ((int(LONGEST_WAIT.total_seconds()) + 1,), 0),
        ((1,) * (MOST_REPEATS + 1), 0),
        ((600,), -1),
        ((600,), 101),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(seconds: tuple[int, ...], jitter: int) -> None:
    with pytest.raises(ValueError, match=r"\d"):
        RetryPlan(seconds, jitter)


PLANS = st.builds(
    RetryPlan,
    st.lists(st.integers(1, int(LONGEST_WAIT.total_seconds())), max_size=MOST_REPEATS).map(tuple),
    st.integers(0, 100),
)
CHANCES = st.floats(0, 1)
WAITS = st.timedeltas(timedelta(), timedelta(days=400))


@given(PLANS, CHANCES)
def test_there_are_as_many_repeats_as_the_plan_says(plan: RetryPlan, chance: float) -> None:
    repeats = len(plan.seconds)
    answers = [plan.next_attempt(failed, NOW, chance) for failed in range(1, repeats + 2)]
    assert None not in answers[:repeats]
    assert answers[repeats] is None


@given(PLANS.filter(lambda plan: plan.seconds), CHANCES, st.data())
def test_a_wait_is_as_long_as_planned_and_at_most_its_share_of_chance_longer(
    plan: RetryPlan, chance: float, data: st.DataObject
) -> None:
    failed = data.draw(st.integers(1, len(plan.seconds)))
    at = plan.next_attempt(failed, NOW, chance)
    assert at is not None
    planned = plan.seconds[failed - 1]
    waited = (at - NOW).total_seconds()
    assert planned <= waited <= planned * (1 + plan.jitter_percent / 100) + 1e-6


@given(PLANS, CHANCES, st.integers(1, MOST_REPEATS + 1), WAITS)
def test_an_endpoint_can_ask_for_more_time_within_reason_but_never_for_less(
    plan: RetryPlan, chance: float, failed: int, asked: timedelta
) -> None:
    planned = plan.next_attempt(failed, NOW, chance)
    granted = plan.next_attempt(failed, NOW, chance, asked)
    if planned is None:
        assert granted is None
        return
    assert granted == max(planned, NOW + min(asked, LONGEST_RETRY_AFTER))


# How an endpoint is doing.


def after(*attempts: tuple[float, Failure | None], health: Health = WELL) -> Health:
    """How one is doing after attempts, each on some day after now."""
    for day, failure in attempts:
        health = health.after(failure, NOW + timedelta(days=day))
    return health


def test_one_fails_from_its_first_failure_until_it_succeeds() -> None:
    """F50"""
    assert after((0, None)) == Health(answered_at=NOW)
    assert after((0, STATUS)) == Health(NOW, NOW)
    assert after((0, STATUS), (1, TIMEOUT)) == Health(NOW, NOW + DAY)
    assert after((0, STATUS), (1, None)) == Health(answered_at=NOW + DAY)
    later = NOW + 2 * DAY
    failing = Health(later, later, answered_at=NOW + DAY)
    assert after((0, STATUS), (1, None), (2, STATUS)) == failing
    assert after((0, None), (1, STATUS), (2, STATUS), (2, None)) == Health(answered_at=later)


def test_that_one_answers_is_noted_once_an_hour() -> None:
    """F46: what it tells is whether an endpoint answers at all, and each note costs a write."""
    hour = 1 / 24
    assert after((0, None), (hour * 0.99, None)) == Health(answered_at=NOW)
    assert after((0, None), (hour, None)) == Health(answered_at=NOW + timedelta(hours=1))


def test_one_that_is_tried_and_fails_for_five_days_is_disabled() -> None:
    """F50: by the first failure after that."""
    daily = [(float(day), STATUS) for day in range(5)]
    assert after(*daily, (4.999, STATUS)).disabled is None
    late = NOW + 5 * DAY
    assert after(*daily, (5, STATUS)) == Health(NOW, late, Disabled.FAILING, late)
    assert after(*daily, (4.999, None), (5, STATUS)).disabled is None


def test_a_time_in_which_nobody_tried_does_not_count() -> None:
    """One failure, five quiet days, and one more do not mean that it failed for five days."""
    assert after((0, STATUS), (5, STATUS)) == Health(NOW + 5 * DAY, NOW + 5 * DAY)
    assert after((0, STATUS), (2, STATUS)).failing_since == NOW
    assert after((0, STATUS), (2.001, STATUS)).failing_since == NOW + timedelta(days=2.001)


def test_repeats_follow_each_other_closely_enough_to_count_by_every_named_plan() -> None:
    """Chance and `Retry-After` included: else it would never be disabled while they go on."""
    for named in NamedPlan:
        waits = [
            named.plan.next_attempt(failed, NOW, 1, timedelta(days=365))
            for failed in range(1, len(named.plan.seconds) + 1)
        ]
        assert all(each is not None and each - NOW <= FAILURES_FOLLOW for each in waits)


def test_one_that_is_gone_is_disabled_at_once() -> None:
    """F50"""
    assert WELL.after(STATUS, NOW, gone=True) == Health(NOW, NOW, Disabled.GONE, NOW)


@pytest.mark.parametrize("reason", Disabled)
def test_one_that_is_disabled_stays_so_whatever_it_answers(reason: Disabled) -> None:
    health = Health(NOW, NOW, reason, NOW)
    assert after((1, None), (9, STATUS), health=health) == health
    assert health.after(STATUS, NOW, gone=True) == health


# Who hears of what.


def listener(endpoint_id: int, integration_id: int = 1, **values: object) -> Listener:
    standard = {"studio_id": BERLIN, "is_default": True, "types": None}
    return Listener(endpoint_id, integration_id, **standard | values)  # type: ignore[arg-type]


def heard(listeners: list[Listener], type_: EventType = CREATED, *studios: int) -> list[int]:
    found = listeners_of(type_, studios or (BERLIN,), listeners)
    return sorted(each.endpoint_id for each in found)


def test_the_default_one_hears_of_everything() -> None:
    assert all(heard([listener(1)], type_) == [1] for type_ in EventType)


def test_it_may_be_narrowed_to_some_types() -> None:
    narrowed = [listener(1, types=frozenset({CREATED}))]
    assert (heard(narrowed, CREATED), heard(narrowed, CANCELLED)) == ([1], [])


def test_others_take_its_place_for_their_types() -> None:
    listeners = [
        listener(1),
        listener(2, types=frozenset({CREATED}), is_default=False),
        listener(3, types=frozenset({CREATED}), is_default=False),
    ]
    assert (heard(listeners, CREATED), heard(listeners, CANCELLED)) == ([2, 3], [1])


def test_one_that_is_disabled_keeps_its_place() -> None:
    """What it misses is held for it, and does not go to the default one instead."""
    listeners = [
        listener(1),
        listener(2, types=frozenset({CREATED}), is_default=False, disabled=True),
    ]
    assert heard(listeners) == [2]


def test_only_the_studios_of_the_event_hear_of_it() -> None:
    listeners = [listener(1, 1), listener(2, 2, studio_id=HAMBURG), listener(3, 3, studio_id=3)]
    assert heard(listeners, CREATED, BERLIN) == [1]
    assert heard(listeners, CREATED, BERLIN, HAMBURG) == [1, 2]


def test_an_event_of_one_studio_named_twice_is_heard_once() -> None:
    assert heard([listener(1)], CREATED, BERLIN, BERLIN) == [1]


@st.composite
def houses(draw: st.DrawFn) -> list[Listener]:
    """Integrations, each in one studio, with at most one default endpoint and some others."""
    types = st.frozensets(st.sampled_from([CREATED, CANCELLED]), min_size=1)
    found: list[Listener] = []
    for integration_id in range(draw(st.integers(0, 4))):
        studio_id = draw(st.integers(1, 3))
        for position in range(draw(st.integers(0, 4))):
            is_default = position == 0 and draw(st.booleans())
            found.append(
                Listener(
                    len(found),
                    integration_id,
                    studio_id,
                    is_default,
                    draw(st.none() | types if is_default else types),
                    draw(st.booleans()),
                )
            )
    return draw(st.permutations(found))


@given(
    houses(),
    st.sampled_from([CREATED, CANCELLED]),
    st.sets(st.integers(1, 3), min_size=1, max_size=2),
)
def test_who_listens_is_told_and_nobody_else_whatever_there_is(
    listeners: list[Listener], type_: EventType, studios: set[int]
) -> None:
    told = listeners_of(type_, studios, listeners)
    could = [each for each in listeners if each.studio_id in studios and each.wants(type_)]
    assert all(count == 1 for count in Counter(each.endpoint_id for each in told).values())
    assert all(each in could for each in told)
    # Everybody who could be told is, except a default one whose place another has taken.
    for each in could:
        others = [
            other
            for other in could
            if other.integration_id == each.integration_id and not other.is_default
        ]
        assert (each in told) == (not each.is_default or not others)
    # So nobody's event goes nowhere.
    assert {each.integration_id for each in told} == {each.integration_id for each in could}


# Secrets.


def test_after_a_rotation_the_old_secret_signs_until_its_time_is_over() -> None:
    """F51"""
    until = NOW + timedelta(hours=24)
    assert valid_secrets("new", None, None, NOW) == ("new",)
    assert valid_secrets("new", "old", until, until) == ("new", "old")
    assert valid_secrets("new", "old", until, until + timedelta(milliseconds=1)) == ("new",)
