"""Who was overtaken in the rush, and who was answered wrongly."""

import json

import pytest

from bench.client import Answer
from bench.scenarios.rush import CUSTOMERS, Visit, overtaken, wrongly_answered


def visit(customer: int, sent_at: float, answered_at: float, told: str) -> Visit:
    refused = told.isupper() and told not in {"BOOKED", "WAITING_LIST"}
    body = {"errorCode": told} if refused else {"bookingStatus": told}
    validated = Answer(200, {}, b"{}", sent_at - 1, sent_at)
    booked = Answer(400 if refused else 200, {}, json.dumps(body).encode(), sent_at, answered_at)
    return Visit(customer, validated, booked)


@pytest.mark.parametrize(
    ("second_sent_at", "first_place", "overtakings"),
    [
        (2.5, 1, 0),  # sent after the first was answered, and behind it
        (2.5, 2, 1),  # sent after the first was answered, and before it
        (1.5, 2, 0),  # both were under way at the same time
    ],
)
def test_only_one_who_came_after_the_answer_overtakes(
    second_sent_at: float, first_place: int, overtakings: int
) -> None:
    visits = [visit(1, 1.0, 2.0, "BOOKED"), visit(2, second_sent_at, 3.0, "BOOKED")]

    assert overtaken(visits, {1: first_place, 2: 3 - first_place}) == overtakings


def test_a_seat_for_one_who_came_after_somebody_was_refused_is_overtaking() -> None:
    visits = [visit(1, 1.0, 2.0, "BOOKING_LIMIT_REACHED"), visit(2, 2.5, 3.0, "WAITING_LIST")]

    assert overtaken(visits, {2: 1}) == 1


def test_everybody_has_to_be_answered_and_as_the_capacity_says() -> None:
    told = ["BOOKED"] * 25 + ["WAITING_LIST"] * 10
    told += ["BOOKING_LIMIT_REACHED"] * (CUSTOMERS - len(told))
    visits = [visit(number, 1, 2, each) for number, each in enumerate(told)]

    assert wrongly_answered(visits) == 0
    assert wrongly_answered([*visits[:-1], visit(0, 1, 2, "SERVER_BUSY")]) == 1
    assert wrongly_answered([*visits[:-1], visit(0, 1, 2, "BOOKED")]) == 1
    assert wrongly_answered(visits[:-1]) == 1
