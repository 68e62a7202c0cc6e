"""Customers and their contracts by gym file: what ends, what is told, and what bookings notice."""

import json
from datetime import UTC, date, datetime

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.refusals import Kind
from kursplan.store import tables
from tests.gymfile.house import GYM, House, edit

MEMBERSHIPS_OF_C2 = "    memberships: [{key: m2, rate: gold, from: 2026-02-01, until: 2027-01-31}]"
IDLE_PERIOD = "          - {key: i1, from: 2026-07-01, until: 2026-07-31, reason: Holidays}\n"
TUESDAYS = (date(2026, 3, 3), date(2026, 3, 10))


def c2_with(memberships: str, *more: tuple[str, str]) -> str:
    return edit((MEMBERSHIPS_OF_C2, f"    memberships: [{memberships}]"), *more)


async def test_contract_events_name_the_contract_and_the_idle_period(house: House) -> None:
    await house.load()
    c1, m1 = await house.id(tables.customer, "c1"), await house.id(tables.membership, "m1")
    i1 = await house.id(tables.idle_period, "i1")
    before = await house.told()

    await house.load(edit(("until: 2026-07-31", "until: 2026-08-31")))
    await house.load(edit((IDLE_PERIOD, "          []\n")), remove=True)

    updated, cancelled = (await house.told())[len(before) :]
    assert updated.type is EventType.CONTRACT_IDLE_PERIOD_UPDATED
    assert cancelled.type is EventType.CONTRACT_IDLE_PERIOD_CANCELLED
    for event in (updated, cancelled):
        assert event.entity_id == c1
        assert json.loads(event.content or "") == {"contractId": m1, "idlePeriodId": i1}
    assert await house.rows(tables.idle_period) == []


# --- What ends (the file's list is all there is) ------------------------------------------------


async def test_a_membership_that_is_gone_ended_yesterday(house: House) -> None:
    await house.load()

    assert await house.news(c2_with(""), remove=True) == [EventType.CONTRACT_CANCELLED]

    assert (await house.row(tables.membership, key="m2")).valid_until == date(2026, 3, 1)
    assert await house.changes(c2_with(""), remove=True) == {}


async def test_a_membership_that_never_began_leaves_no_trace(house: House) -> None:
    later = c2_with(
        "{key: m2, rate: gold, from: 2026-02-01}, {key: m3, rate: gold, from: 2026-03-03}"
    )
    await house.load(later)
    m3 = await house.id(tables.membership, "m3")
    before = await house.told()

    await house.load(c2_with("{key: m2, rate: gold, from: 2026-02-01}"), remove=True)

    assert await house.rows(tables.membership, key="m3") == []
    [event] = (await house.told())[len(before) :]
    assert (event.type, event.content) == (EventType.CONTRACT_CANCELLED, f'{{"contractId": {m3}}}')


async def test_a_booking_outlives_the_membership_that_never_began(house: House) -> None:
    later = c2_with("{key: m3, rate: gold, from: 2026-03-10}")
    await house.load(later)
    booked = await house.book("c2", await house.slot_on(TUESDAYS[1], "spin-noon"))
    assert (await house.booking(booked)).membership_id == await house.id(tables.membership, "m3")

    news = await house.news(c2_with(""), remove=True)

    assert news == [EventType.CONTRACT_CANCELLED, EventType.CLASS_BOOKING_UPDATED]
    booking = await house.booking(booked)
    assert (booking.membership_id, booking.counts) == (None, False)
    assert booking.conflict is Kind.NO_MEMBERSHIP


async def test_what_is_over_may_be_left_out_and_stays_as_history(house: House) -> None:
    await house.load()
    house.clock.set(datetime(2027, 2, 1, 8, tzinfo=UTC))

    without = edit((MEMBERSHIPS_OF_C2, "    memberships: []"), (IDLE_PERIOD, "          []\n"))

    assert await house.changes(without, remove=True) == {}
    assert len(await house.rows(tables.membership)) == 2
    assert len(await house.rows(tables.idle_period)) == 1


async def test_a_running_idle_period_that_is_gone_ended_yesterday(house: House) -> None:
    running = edit((IDLE_PERIOD, "          - {key: i1, from: 2026-02-20, until: 2026-03-20}\n"))
    await house.load(running)

    assert await house.news(edit((IDLE_PERIOD, "          []\n")), remove=True) == [
        EventType.CONTRACT_IDLE_PERIOD_CANCELLED
    ]
    assert (await house.row(tables.idle_period)).last_day == date(2026, 3, 1)


async def test_memberships_that_are_not_told_are_left_alone(house: House) -> None:
    await house.load()
    assert await house.changes(edit((MEMBERSHIPS_OF_C2, ""))) == {}


async def test_with_a_membership_its_idle_periods_end(house: House) -> None:
    await house.load()
    c1 = GYM[GYM.index("      - key: m1") : GYM.index("  - key: c2")]

    without = edit((f"    memberships:\n{c1}", "    memberships: []\n"))
    news = await house.news(without, remove=True)

    assert news == [EventType.CONTRACT_CANCELLED, EventType.CONTRACT_IDLE_PERIOD_CANCELLED]
    # And the file that is written then can be loaded.
    assert await house.changes(await house.dump()) == {}


# --- Bookings to come are reviewed (F34) --------------------------------------------------------


async def test_an_idle_period_flags_the_booking_under_it_and_its_end_clears_it(
    house: House,
) -> None:
    await house.load()
    booked = await house.book("c1", await house.slot_on(TUESDAYS[1], "spin-noon"))
    idle = edit(
        (
            IDLE_PERIOD,
            f"{IDLE_PERIOD}          - {{key: i2, from: 2026-03-09, until: 2026-03-12}}\n",
        )
    )

    assert await house.news(idle) == [
        EventType.CONTRACT_IDLE_PERIOD_CREATED,
        EventType.CLASS_BOOKING_UPDATED,
    ]
    assert (await house.booking(booked)).conflict is Kind.CUSTOMER_IDLE

    assert await house.news(GYM, remove=True) == [
        EventType.CONTRACT_IDLE_PERIOD_CANCELLED,
        EventType.CLASS_BOOKING_UPDATED,
    ]
    assert (await house.booking(booked)).conflict is None


async def test_by_policy_a_booking_without_a_membership_is_cancelled_and_the_next_moves_up(
    house: House,
) -> None:
    strict = edit(
        ("name: Muster-Gym}", "name: Muster-Gym, lost_entitlement: CANCEL}"),
        ("max_participants: 2\n", "max_participants: 1\n"),
    )
    await house.load(strict)
    slot_id = await house.slot_on(TUESDAYS[0], "spin-noon")
    seated = await house.book("c2", slot_id)
    waiting = await house.book("c1", slot_id)
    assert waiting.status is BookingStatus.WAITING_LIST

    without = edit((MEMBERSHIPS_OF_C2, "    memberships: []"), text=strict)
    news = await house.news(without, remove=True)

    assert news == [
        EventType.CONTRACT_CANCELLED,
        EventType.CLASS_BOOKING_CANCELLED,
        EventType.CLASS_BOOKING_UPDATED,
    ]
    assert (await house.booking(seated)).status is BookingStatus.CANCELED
    moved_up = await house.booking(waiting)
    assert moved_up.status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED


async def test_a_smaller_contingent_counts_what_is_booked_already(house: House) -> None:
    await house.load()
    first = await house.book("c1", await house.slot_on(TUESDAYS[0], "spin-noon"))
    second = await house.book("c1", await house.slot_on(TUESDAYS[1], "spin-noon"))

    await house.load(edit(("{bookings: 4, period: MONTH}", "{bookings: 1, period: MONTH}")))

    conflicts = [(await house.booking(each)).conflict for each in (first, second)]
    assert conflicts == [Kind.CONTINGENT_USED_UP, Kind.CONTINGENT_USED_UP]


async def test_who_is_admitted_again_moves_up_at_once(house: House) -> None:
    one_seat = edit(("max_participants: 2\n", "max_participants: 1\n"))
    await house.load(one_seat)
    slot_id = await house.slot_on(TUESDAYS[1], "spin-noon")
    seated = await house.book("c1", slot_id)
    waiting = await house.book("c2", slot_id)
    # The one who waits has no membership any more when the seat becomes free.
    lost = edit((MEMBERSHIPS_OF_C2, "    memberships: []"), text=one_seat)
    await house.load(lost, remove=True)
    deleted = "organization: {key: muster-gym}\ncustomers: [{key: c1, deleted: true}]"
    await house.load(deleted)
    assert (await house.booking(seated)).status is BookingStatus.CANCELED
    skipped = await house.booking(waiting)
    assert (skipped.status, skipped.skipped) == (BookingStatus.WAITING_LIST, Kind.NO_MEMBERSHIP)

    again = MEMBERSHIPS_OF_C2.strip()
    text = f"organization: {{key: muster-gym}}\ncustomers: [{{key: c2, studio: lisbon, first_name: Łukasz, last_name: 'NO', {again}}}]"
    await house.load(text)

    assert (await house.booking(waiting)).status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED


# --- Deleting -----------------------------------------------------------------------------------


async def test_a_deleted_customer_is_forgotten_and_the_seat_is_free(house: House) -> None:
    await house.load()
    c1 = await house.id(tables.customer, "c1")
    booked = await house.book("c1", await house.slot_on(TUESDAYS[0], "spin-noon"))
    text = "organization: {key: muster-gym}\ncustomers: [{key: c1, deleted: true}]"

    assert await house.news(text) == [
        EventType.CLASS_BOOKING_CANCELLED,
        EventType.CUSTOMER_DELETED,
    ]

    assert (await house.booking(booked)).status is BookingStatus.CANCELED
    gone = await house.row(tables.customer, id=c1)
    assert gone.deleted_at == house.clock.now()
    kept = {
        "organization_id",
        "id",
        "key",
        "uuid",
        "studio_id",
        "status",
        "access_refused",
        "deleted_at",
    }
    assert [value for name, value in gone._mapping.items() if name not in kept and value] == []
    assert await house.rows(tables.idle_period) == []
    assert await house.changes(text) == {}


async def test_who_was_deleted_comes_back_as_somebody_else(house: House) -> None:
    await house.load()
    c1 = await house.id(tables.customer, "c1")
    deleted = edit(("  - key: c1\n", "  - key: c1\n    deleted: true\n"))
    assert await house.changes(deleted) == {"customers": (0, 0, 1)}

    assert await house.changes(GYM) == {
        "customers": (1, 0, 0),
        "memberships": (1, 0, 0),
        "idle periods": (1, 0, 0),
    }
    assert await house.id(tables.customer, "c1") != c1


# --- Numbers ------------------------------------------------------------------------------------


async def test_customers_can_exchange_their_numbers(house: House) -> None:
    numbered = edit(("    first_name: Łukasz", "    number: '2'\n    first_name: Łukasz"))
    await house.load(numbered)

    swapped = edit(
        ('"1001"', "'2'"),
        ("number: '2'\n    first_name: Ł", "number: '1001'\n    first_name: Ł"),
        text=numbered,
    )
    assert await house.changes(swapped) == {"customers": (0, 2, 0)}
    assert (await house.row(tables.customer, key="c1")).number == "2"


async def test_a_new_customer_can_have_the_number_that_another_gives_up(house: House) -> None:
    await house.load()
    text = edit(
        ('    number: "1001"\n', "    number: null\n"),
        ("key: c3\n", 'key: c3\n    number: "1001"\n'),
    )
    text = edit(
        (
            "customers:\n",
            "customers:\n  - {key: c0, studio: berlin, number: '7', first_name: A, last_name: B}\n",
        ),
        text=text,
    )
    assert (await house.changes(text))["customers"] == (1, 2, 0)
