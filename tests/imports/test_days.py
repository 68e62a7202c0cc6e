"""Days are read in the order that a cell proves, and never in one that nothing does."""

from datetime import date, time

import pytest

from kursplan.imports.days import NoDay, Order, Survey, day_of, time_of

TODAY = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("1990-05-17", date(1990, 5, 17)),
        ("1990/5/7", date(1990, 5, 7)),
        ("19900517", date(1990, 5, 17)),
        ("17.05.1990", date(1990, 5, 17)),
        ("7.5.90", date(1990, 5, 7)),
        ("7. 5. 1990", date(1990, 5, 7)),
        ("01.02.26", date(2026, 2, 1)),
        ("01.04.26", date(1926, 4, 1)),
        ("05/05/1990", date(1990, 5, 5)),
        ("17 May 1990", date(1990, 5, 17)),
        ("May 17, 1990", date(1990, 5, 17)),
        ("May 3rd, 1990", date(1990, 5, 3)),
        ("17. März 1990", date(1990, 3, 17)),
        ("17-Mar-1990", date(1990, 3, 17)),
        ("1990-05-17T00:00:00", date(1990, 5, 17)),
        ("17.05.1990 00:00", date(1990, 5, 17)),
        ("00.00.0000", None),
        ("0000-00-00", None),
        ("", None),
    ],
)
def test_a_day_that_leaves_no_doubt_is_read_without_an_order(text: str, day: date | None) -> None:
    assert day_of(text, None, TODAY) == day


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("03/04/1990", Order.DAY_FIRST, date(1990, 4, 3)),
        ("03/04/1990", Order.MONTH_FIRST, date(1990, 3, 4)),
        ("3-4-90", Order.MONTH_FIRST, date(1990, 3, 4)),
    ],
)
def test_a_day_that_may_be_two_is_the_one_of_the_order(text: str, order: Order, day: date) -> None:
    assert day_of(text, order, TODAY) == day
    with pytest.raises(NoDay, match="may be day or month first"):
        day_of(text, None, TODAY)


@pytest.mark.parametrize(
    "text", ["31.02.1990", "29.02.1991", "13/13/1990", "yesterday", "32874", "1990"]
)
def test_what_is_no_day_is_none(text: str) -> None:
    with pytest.raises(NoDay):
        day_of(text, Order.DAY_FIRST, TODAY)


@pytest.mark.parametrize(
    ("cells", "order", "told"),
    [
        (["03/04/1990", "31/12/1985"], Order.DAY_FIRST, "day-month-year: line 3 has “31/12/1985”"),
        (
            ["03/04/1990", "12/31/1985"],
            Order.MONTH_FIRST,
            "month-day-year: line 3 has “12/31/1985”",
        ),
        (
            ["03.04.1990"],
            None,
            "day-month-year, as days are written with dots: line 2 has “03.04.1990”",
        ),
        (["1990-04-03", "", "05/05/1990"], None, "in an order that leaves no doubt"),
    ],
)
def test_one_cell_proves_it_for_all(cells: list[str], order: Order | None, told: str) -> None:
    survey = surveyed(cells)
    assert (survey.order, survey.needs_an_answer, survey.told(survey.order)) == (order, False, told)


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (
            ["03/04/1990", "05/06/1985"],
            "line 2 has “03/04/1990”, which may be day or month first, and no other cell proves which",
        ),
        (
            ["31/04/1990", "04/31/1990"],
            "line 2 has “31/04/1990” and line 3 has “04/31/1990”, which prove opposite orders",
        ),
    ],
)
def test_where_nothing_or_everything_is_proved_it_is_asked(cells: list[str], told: str) -> None:
    survey = surveyed(cells)
    assert (survey.order, survey.needs_an_answer, survey.told(None)) == (None, True, told)


def surveyed(cells: list[str]) -> Survey:
    survey = Survey()
    for line, cell in enumerate(cells, start=2):
        survey.see(line, cell)
    return survey


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("18:00", time(18)),
        ("18:00:00", time(18)),
        ("18.30 Uhr", time(18, 30)),
        ("6:30 PM", time(18, 30)),
        ("12:15 a.m.", time(0, 15)),
        ("9 am", time(9)),
        ("18 Uhr", time(18)),
        ("02/03/2026 18:00", time(18)),
        ("2026-03-02T18:00:00", time(18)),
        ("02/03/2026", None),
    ],
)
def test_a_time_is_read_by_itself_and_behind_a_day(text: str, meant: time | None) -> None:
    assert time_of(text) == meant


@pytest.mark.parametrize("text", ["25:00", "13:00 pm", "noon", "18"])
def test_what_is_no_time_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="is no time"):
        time_of(text)
