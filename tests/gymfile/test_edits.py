"""Loading an edited file: just the edit is brought, and told as it should be."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from kursplan.domain.bookings import BookingStatus
from kursplan.domain.events import EventType
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.gymfile.house import GYM, House, edit

THURSDAY = date(2026, 3, 5)


# By section: what is replaced by what, what that changes, and what is told. Each is undone before
# the next, so what can't be undone stands last.
EDITS: dict[str, list[tuple[str, str, dict[str, tuple[int, int, int]], list[EventType]]]] = {
    "organization": [
        ("name: Muster-Gym}", "name: Gym}", {"organization": (0, 1, 0)}, []),
    ],
    "studios": [
        ("zip: \"01067\"", "zip: \"10115\"", {"studios": (0, 1, 0)}, []),
        ("time_to: \"23:00\"", "time_to: \"22:00\"", {"studios": (0, 1, 0)}, [EventType.STUDIO_OPENING_HOURS_UPDATED]),
    ],
    "locations": [
        ("name: Loft", "name: Attic", {"locations": (0, 1, 0)}, []),
    ],
    "closures": [
        ("to: 2026-04-07T00:00", "to: 2026-04-08T00:00", {"closures": (0, 1, 0)}, [EventType.STUDIO_OPENING_HOURS_UPDATED]),
        ("      - {key: easter, from: 2026-04-03T00:00, to: 2026-04-07T00:00, reason: Easter}\n", "      []\n", {"closures": (0, 0, 1)}, [EventType.STUDIO_OPENING_HOURS_UPDATED]),
    ],
    "employees": [
        ("last_name: Trainer", "last_name: Muster", {"employees": (0, 1, 0)}, [EventType.EMPLOYEE_UPDATED]),
        ("public_name: Coach Jo", "public_name: JJ", {"employees": (0, 1, 0)}, [EventType.EMPLOYEE_UPDATED, EventType.EMPLOYEE_UPDATED]),
        ("gender: MALE", "gender: FEMALE", {"employees": (0, 1, 0)}, [EventType.EMPLOYEE_UPDATED, EventType.EMPLOYEE_UPDATED]),
        ("initials: JNO", "initials: JO", {"employees": (0, 1, 0)}, [EventType.EMPLOYEE_UPDATED, EventType.EMPLOYEE_UPDATED]),
        ("studios: [berlin]}", "studios: [lisbon]}", {"employees": (0, 1, 0)}, [EventType.EMPLOYEE_CREATED, EventType.EMPLOYEE_DELETED]),
    ],
    "rates": [
        ("bookings: 8", "bookings: 9", {"rates": (0, 1, 0)}, []),
    ],
    "classes": [
        ("title: Yoga", "title: Hatha", {"classes": (0, 1, 0)}, []),
        ("late_cancellation: true", "late_cancellation: false", {"classes": (0, 1, 0)}, []),
        ("rates: [flex, gold]", "rates: [gold]", {"classes": (0, 1, 0)}, []),
    ],
    "slots": [
        ("additional_participants: 3", "additional_participants: 4", {"slots": (0, 1, 0)}, [EventType.CLASS_SLOT_UPDATED]),
        ("instructors: [jo, ina]", "instructors: [ina]", {"slots": (0, 1, 0)}, [EventType.CLASS_SLOT_UPDATED]),
        ("start: 2026-03-07T09:00", "start: 2026-03-07T09:30", {"slots": (0, 1, 0)}, [EventType.CLASS_SLOT_UPDATED]),
        ("start: 2026-03-07T09:00}", "start: 2026-03-07T09:00, location: hall}", {"slots": (0, 1, 0)}, [EventType.CLASS_SLOT_UPDATED]),
        ("  - {key: trial, class: spin, start: 2026-03-07T09:00}\n", "", {"slots": (0, 0, 1)}, [EventType.CLASS_SLOT_CANCELLED]),
    ],
    "customers": [
        ("first_name: Erika", "first_name: Erica", {"customers": (0, 1, 0)}, [EventType.CUSTOMER_UPDATED]),
        ("gender: FEMALE", "gender: null", {"customers": (0, 1, 0)}, [EventType.CUSTOMER_UPDATED]),
        ("studio: lisbon\n    first_name", "studio: berlin\n    first_name", {"customers": (0, 1, 0)}, [EventType.CUSTOMER_HOME_STUDIO_UPDATED]),
    ],
    "memberships": [
        ("until: 2027-01-31", "until: 2027-02-28", {"memberships": (0, 1, 0)}, [EventType.CONTRACT_UPDATED]),
        ("rate: gold", "rate: flex", {"memberships": (0, 1, 0)}, [EventType.CONTRACT_UPDATED]),
        ("bookings: 4", "bookings: 5", {"memberships": (0, 1, 0)}, [EventType.CONTRACT_UPDATED]),
        ("    memberships: [{key: m2, rate: gold, from: 2026-02-01, until: 2027-01-31}]", "    memberships: []", {"memberships": (0, 0, 1)}, [EventType.CONTRACT_CANCELLED]),
    ],
    "idle periods": [
        ("reason: Holidays", "reason: Illness", {"idle periods": (0, 1, 0)}, [EventType.CONTRACT_IDLE_PERIOD_UPDATED]),
        ("          - {key: i1, from: 2026-07-01, until: 2026-07-31, reason: Holidays}\n", "          []\n", {"idle periods": (0, 0, 1)}, [EventType.CONTRACT_IDLE_PERIOD_CANCELLED]),
    ],
    "applications": [
        ("name: App\n", "name: Appetite\n", {"applications": (0, 1, 0)}, []),
    ],
    "integrations": [
        ("active: false", "active: true", {"integrations": (0, 1, 0)}, []),
        ("      - {studio: berlin, scopes: [CLASSES_READ, CLASSES_WRITE]}\n", "", {"integrations": (0, 0, 1)}, []),
    ],
}  # fmt: skip


@pytest.mark.parametrize("section", EDITS)
async def test_an_edit_changes_just_that_and_is_told(house: House, section: str) -> None:
    await house.load()
    for old, new, changes, news in EDITS[section]:
        before = await house.told()
        text = edit((old, new))

        assert await house.changes(text, remove=True) == changes, new
        assert [each.type for each in (await house.told())[len(before) :]] == news, new
        assert await house.changes(text, remove=True) == {}, new

        await house.load(remove=True)
        assert await house.changes(GYM, remove=True) == {}, old


async def test_a_section_that_is_left_out_is_left_alone(house: House) -> None:
    await house.load()

    assert await house.changes("organization: {key: muster-gym}") == {}
    assert await house.changes("organization: {key: muster-gym}\ncustomers: []") == {}
    assert await house.changes("organization: {key: muster-gym}\nclasses: []\nrates: []") == {}


async def test_a_file_of_customers_alone_is_enough_for_customers(house: House) -> None:
    await house.load()
    text = """
organization: {key: muster-gym}
customers:
  - {key: c9, studio: berlin, first_name: Neu, last_name: Mitglied, memberships: [{key: m9, rate: flex, from: 2026-03-01}]}
  - {key: c3, studio: berlin, first_name: Ada, last_name: Prospect, status: MEMBER}
"""
    assert await house.changes(text) == {"customers": (1, 1, 0), "memberships": (1, 0, 0)}
    assert len(await house.rows(tables.customer)) == 4


async def test_an_employee_who_changes_studios_is_told_where_it_matters(house: House) -> None:
    await house.load()
    berlin, lisbon = [await house.id(tables.studio, key) for key in ("berlin", "lisbon")]
    before = await house.told()

    await house.load(edit(("studios: [berlin, lisbon]", "studios: [lisbon]")), remove=True)

    [event] = (await house.told())[len(before) :]
    assert (event.type, event.studio_id) == (EventType.EMPLOYEE_DELETED, berlin)
    assert lisbon != berlin


async def test_a_new_home_is_told_to_both_studios(house: House) -> None:
    await house.load()
    berlin, lisbon = [await house.id(tables.studio, key) for key in ("berlin", "lisbon")]
    before = await house.told()

    await house.load(edit(("studio: lisbon\n    first_name", "studio: berlin\n    first_name")))

    [event] = (await house.told())[len(before) :]
    assert event.entity_id == await house.id(tables.customer, "c2")
    assert (event.studio_id, event.home_studio_id) == (berlin, lisbon)
    assert event.content == f'{{"sourceStudioId": {lisbon}, "targetStudioId": {berlin}}}'


# --- Series -----------------------------------------------------------------------------------


async def test_an_edited_series_takes_its_slots_along(house: House) -> None:
    await house.load(horizon_days=7)

    text = edit(('start: "18:00"', 'start: "19:00"'), ("instructors: [ina]", "instructors: [jo]"))
    assert await house.changes(text) == {"series": (0, 1, 0)}

    slot = await house.slot(await house.slot_on(THURSDAY))
    assert slot.local_start == datetime.combine(THURSDAY, time(19))
    given = await house.rows(tables.slot_instructor, slot_id=slot.id)
    assert [row.employee_id for row in given] == [await house.id(tables.employee, "jo")]
    assert await house.changes(text) == {}


SERIES_GONE = """  - key: yoga-evening
    class: yoga
    weekdays: [MONDAY, THURSDAY]
    start: "18:00"
    first_day: 2026-03-02
    location: hall
    instructors: [ina]
    max_participants: null
"""


async def test_a_series_that_is_gone_ends_with_its_bookings(house: House) -> None:
    await house.load(horizon_days=7)
    booked = await house.book("c1", await house.slot_on(THURSDAY))

    news = await house.news(edit((SERIES_GONE, "")), remove=True)

    # Monday, Thursday and the Monday after.
    assert sorted(news) == [
        EventType.CLASS_BOOKING_CANCELLED,
        *[EventType.CLASS_SLOT_CANCELLED] * 3,
    ]
    assert (await house.booking(booked)).status is BookingStatus.CANCELED
    assert await house.changes(edit((SERIES_GONE, "")), remove=True) == {}
    # Written down again, it goes on.
    assert await house.changes(GYM) == {"series": (0, 1, 0)}
    assert (await house.slot(await house.slot_on(THURSDAY))).status is SlotStatus.PLANNED


async def test_what_was_changed_by_hand_is_left_as_it_is(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(THURSDAY)
    await house.cancel_slot(slot_id)

    assert await house.changes(GYM) == {}
    await house.load(edit(('start: "18:00"', 'start: "19:00"')))

    assert (await house.slot(slot_id)).status is SlotStatus.CANCELED


# --- Single slots -----------------------------------------------------------------------------


async def test_a_single_slot_that_is_gone_is_cancelled_and_stays_so(house: House) -> None:
    await house.load()
    slot_id = await house.id(tables.slot, "trial")

    gone = edit(("  - {key: trial, class: spin, start: 2026-03-07T09:00}\n", ""))
    await house.load(gone, remove=True)
    assert (await house.slot(slot_id)).status is SlotStatus.CANCELED

    assert await house.changes(GYM) == {}
    assert (await house.slot(slot_id)).status is SlotStatus.CANCELED


async def test_a_slot_that_has_started_is_history(house: House) -> None:
    await house.load()
    house.clock.set(datetime(2026, 3, 7, 8, 30, tzinfo=UTC))

    without = edit(("  - {key: trial, class: spin, start: 2026-03-07T09:00}\n", ""))
    assert await house.changes(without) == {}
    later = edit(("start: 2026-03-07T09:00", "start: 2026-03-07T09:15"))
    assert await house.changes(later) == {}


async def test_a_file_that_has_grown_old_sets_up_only_what_is_to_come(house: House) -> None:
    house.clock.set(datetime(2027, 1, 4, 7, tzinfo=UTC))

    changes = await house.changes(GYM)

    assert "slots" not in changes
    assert "closures" not in changes
    assert changes["series"] == (1, 0, 0)
    assert await house.changes(GYM) == {}


async def test_a_slot_without_a_duration_of_its_own_follows_its_class(house: House) -> None:
    await house.load()

    text = edit(("duration: 45", "duration: 50"))
    await house.load(text, horizon_days=7)

    trial = await house.slot(await house.id(tables.slot, "trial"))
    assert trial.ends_at - trial.starts_at == timedelta(minutes=50)
    open_day = await house.slot(await house.id(tables.slot, "open-day"))
    assert open_day.ends_at - open_day.starts_at == timedelta(minutes=90)
    assert await house.changes(text) == {}


async def test_a_limit_of_its_own_can_be_taken_on_and_given_up(house: House) -> None:
    await house.load()
    trial = await house.id(tables.slot, "trial")
    own = ("09:00}", "09:00, max_participants: 7, max_waiting_list: 0}")

    await house.load(edit(own))
    slot = await house.slot(trial)
    assert (slot.max_participants, slot.max_waiting_list) == (7, 0)
    assert await house.changes(edit(own)) == {}

    assert await house.changes(GYM) == {}
    await house.load(edit(("09:00}", "09:00, max_participants: 2, max_waiting_list: 1}")))
    slot = await house.slot(trial)
    assert (slot.max_participants, slot.max_waiting_list) == (2, 1)
    assert await house.changes(GYM) == {}


# --- Classes and studios ----------------------------------------------------------------------


async def test_more_seats_in_a_class_reach_its_slots_and_who_waits_moves_up(house: House) -> None:
    full = edit(
        ("max_participants: 2\n", "max_participants: 1\n"),
        ("rates: [flex, gold]", "rates: [flex, gold]"),
    )
    await house.load(full)
    slot_id = await house.id(tables.slot, "trial")
    await house.book("c1", slot_id)
    waiting = await house.book("c2", slot_id)
    assert waiting.status is BookingStatus.WAITING_LIST

    news = await house.news(GYM)

    assert news.count(EventType.CLASS_BOOKING_UPDATED) == 1
    assert (await house.slot(slot_id)).max_participants == 2
    assert (await house.booking(waiting)).status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED


async def test_when_the_rules_of_a_class_change_who_waits_moves_up(house: House) -> None:
    by_staff = edit(("max_participants: 2\n", "max_participants: 1\n    promotion: BY_STAFF\n"))
    await house.load(by_staff)
    slot_id = await house.id(tables.slot, "trial")
    await house.book("c1", slot_id)
    waiting = await house.book("c2", slot_id)
    await house.load(
        edit(("max_participants: 2\n", "max_participants: 2\n    promotion: BY_STAFF\n"))
    )
    assert (await house.booking(waiting)).status is BookingStatus.WAITING_LIST

    by_itself = edit(("max_participants: 2\n", "max_participants: 2\n    promotion: AUTOMATIC\n"))
    assert await house.news(by_itself) == [EventType.CLASS_BOOKING_UPDATED]

    assert (await house.booking(waiting)).status is BookingStatus.BOOKED_WITH_CONFIRMATION_REQUIRED


async def test_in_another_zone_slots_keep_their_local_times(house: House) -> None:
    await house.load()
    slot_id = await house.slot_on(THURSDAY)
    booked = await house.book("c1", slot_id)
    assert (await house.slot(slot_id)).starts_at == datetime(2026, 3, 5, 17, tzinfo=UTC)

    text = edit(("zone: Europe/Berlin", "zone: Europe/Helsinki"))
    assert await house.changes(text) == {"studios": (0, 1, 0)}

    slot = await house.slot(slot_id)
    assert slot.starts_at == datetime(2026, 3, 5, 16, tzinfo=UTC)
    assert slot.local_start == datetime.combine(THURSDAY, time(18))
    assert (await house.booking(booked)).starts_at == slot.starts_at
    assert await house.changes(text) == {}


async def test_a_closure_reviews_the_bookings_under_it(house: House) -> None:
    await house.load()
    booked = await house.book("c1", await house.slot_on(THURSDAY))

    text = edit(
        (
            "    closures:\n",
            "    closures:\n      - {key: water, from: 2026-03-05T12:00, to: 2026-03-06T00:00}\n",
        )
    )
    await house.load(text)
    assert (await house.booking(booked)).conflict == "STUDIO_CLOSED"

    await house.load(GYM, remove=True)
    assert (await house.booking(booked)).conflict is None


# --- Employees --------------------------------------------------------------------------------

JO = """    first_name: Jo
    last_name: Null-Otto
    public_name: Coach Jo
    business_role: TRAINER
    gender: MALE
    initials: JNO
    studios: [berlin, lisbon]
"""


async def test_a_deleted_employee_gives_nothing_that_is_to_come(house: House) -> None:
    await house.load()
    jo = await house.id(tables.employee, "jo")
    # Somebody else planned more for Jo meanwhile.
    more = "  - {key: more, class: yoga, weekdays: [FRIDAY], start: '08:00', first_day: 2026-03-06, instructors: [jo, ina]}\n"
    await house.load(edit(("series:\n", f"series:\n{more}")), horizon_days=7)

    deleted = edit((JO, "    deleted: true\n"), ("instructors: [jo, ina]", "instructors: [ina]"))
    partial = deleted[: deleted.index("rates:")]
    news = await house.news(partial)

    # The slots of open-day, and of both Fridays up to the first horizon and beyond.
    assert news.count(EventType.EMPLOYEE_DELETED) == 2
    assert EventType.CLASS_SLOT_UPDATED in news
    assert await house.rows(tables.slot_instructor, employee_id=jo) == []
    assert await house.rows(tables.series_instructor, employee_id=jo) == []
    gone = await house.row(tables.employee, id=jo)
    assert (gone.first_name, gone.key, gone.deleted_at) == ("Jo", f"~{jo}", house.clock.now())
    assert await house.changes(partial) == {}


async def test_a_deleted_employee_who_comes_back_is_another(house: House) -> None:
    await house.load()
    jo = await house.id(tables.employee, "jo")
    await house.load(
        edit((JO, "    deleted: true\n"), ("instructors: [jo, ina]", "instructors: [ina]"))
    )

    assert (await house.changes(GYM))["employees"] == (1, 0, 0)
    assert await house.id(tables.employee, "jo") != jo


# --- Applications -----------------------------------------------------------------------------


async def test_the_keys_of_an_integration_that_is_gone_stop_working(house: House) -> None:
    await house.load()
    before = await house.rows(tables.integration)
    assert [row.active for row in before] == [True, False]

    without = "organization: {key: muster-gym}\napplications: []"
    assert await house.changes(without) == {}
    assert await house.changes(without, remove=True) == {"integrations": (0, 0, 1)}

    after = await house.rows(tables.integration)
    assert [row.active for row in after] == [False, False]
    assert [row.webhook_key for row in after] == [row.webhook_key for row in before]
    assert len({row.webhook_key for row in after}) == 2
