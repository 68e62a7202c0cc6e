"""Classes and their slots: what a partner is shown, what is hidden, and how it is written."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from kursplan.clock import HandClock
from kursplan.desk.stand_in import PutStandIn
from kursplan.domain.classes import ClassType, OnlineBooking
from kursplan.domain.slots import SlotStatus
from kursplan.store import tables
from tests.api.conftest import Partner
from tests.gym import MONDAY, Gym
from tests.referee import Referee

TICK = timedelta(milliseconds=1)
NOW = Gym.wall("08:00")
"""What the wall of the studio shows when a test begins."""


async def ids(client: Referee, path: str, **query: object) -> list[int]:
    response = await client.get(path, params={name: str(value) for name, value in query.items()})
    assert response.status_code == 200, response.text
    return [each["id"] for each in response.json()["result"]]


async def refusal(client: Referee, path: str) -> tuple[int, str]:
    response = await client.get(path)
    return response.status_code, response.json()["errorCode"]


# The windows.


async def test_listed_are_classes_with_a_slot_from_a_day_ago_to_fourteen_days_ahead(
    client: Referee, gym: Gym
) -> None:
    at = {
        "just too early": NOW - timedelta(days=1) - TICK,
        "a day ago": NOW - timedelta(days=1),
        "now": NOW,
        "in fourteen days": NOW + timedelta(days=14),
        "just too late": NOW + timedelta(days=14) + TICK,
    }
    slots = {key: await gym.slot(key, at=start) for key, start in at.items()}
    await gym.slot("cancelled", at=NOW, status=SlotStatus.CANCELED)
    await gym.klass("without slots")
    shown = ["a day ago", "now", "in fourteen days"]

    assert await ids(client, "/v1/classes") == [gym.classes[key] for key in shown]
    # The slots of one class keep to the same time.
    for key, slot in slots.items():
        expected = [slot] if key in shown else []
        assert await ids(client, f"/v1/classes/{gym.classes[key]}/slots") == expected, key


async def test_slots_of_all_classes_are_those_of_up_to_three_days(
    client: Referee, gym: Gym
) -> None:
    days = [MONDAY + timedelta(days=n) for n in range(-1, 5)]
    # The first and the last moment of each day, alternately of two classes.
    morning = {day: await gym.slot("early", at="00:00", day=day) for day in days}
    last_moment = timedelta(days=1) - TICK
    evening = {
        day: await gym.slot("late", at=datetime.combine(day, datetime.min.time()) + last_moment)
        for day in days
    }

    def on(*wanted: date) -> list[int]:
        return [slot for day in wanted for slot in (morning[day], evening[day])]

    path = "/v1/classes/slots"
    assert await ids(client, path) == on(*days[1:4])
    assert await ids(client, path, daysAhead=1) == on(days[1])
    assert await ids(client, path, daysAhead=2) == on(*days[1:3])
    assert await ids(client, path, daysAhead=3) == on(*days[1:4])
    assert await ids(client, path, slotWindowStartDate="2026-03-01") == on(*days[0:3])
    assert await ids(client, path, slotWindowStartDate="2026-03-04", daysAhead=2) == on(*days[3:5])


async def test_a_day_is_a_local_day_also_when_the_clocks_change(client: Referee, gym: Gym) -> None:
    # 29 March has 23 hours, 25 October has 25.
    written = [
        *("03-28 00:00", "03-28 23:30", "03-29 00:00", "03-29 23:30", "03-30 00:00"),
        *("10-24 23:30", "10-25 00:00", "10-25 23:30", "10-26 00:00"),
    ]
    slots = [await gym.slot(at=datetime.fromisoformat(f"2026-{each}")) for each in written]
    shown = {
        ("2026-03-28", 1): slots[0:2],
        ("2026-03-28", 2): slots[0:4],
        ("2026-03-29", 1): slots[2:4],
        ("2026-03-30", 1): slots[4:5],
        ("2026-10-25", 1): slots[6:8],
        ("2026-10-26", 1): slots[8:9],
    }
    found = {
        (first, days): await ids(
            client, "/v1/classes/slots", slotWindowStartDate=first, daysAhead=days
        )
        for first, days in shown
    }
    assert found == shown


async def test_today_is_the_day_in_the_zone_of_the_studio(
    gym: Gym, clock: HandClock, partner: Partner
) -> None:
    zone = ZoneInfo("Pacific/Auckland")
    studio = await gym.studio("auckland", zone=zone.key)
    class_id = await gym.klass("haka", studio_id=studio)
    monday, tuesday = [
        await gym.slot(class_id, day=day, studio_id=studio, zone=zone)
        for day in (MONDAY, MONDAY + timedelta(days=1))
    ]
    client = partner(await gym.key(studio_id=studio))

    assert await ids(client, "/v1/classes/slots", daysAhead=1) == [monday]
    clock.advance(timedelta(hours=5))  # One o'clock in the night there, noon in Greenwich.
    assert await ids(client, "/v1/classes/slots", daysAhead=1) == [tuesday]


async def test_the_first_day_may_be_written_as_a_date_time_with_an_offset(
    client: Referee, gym: Gym
) -> None:
    tuesday = await gym.slot("spin", day=date(2026, 3, 3))
    for written in (
        "2026-03-03",
        "2026-03-03T18:00",
        "2026-03-03T00:00:00.000+01:00[Europe/Berlin]",
        "2026-03-02T23:00:00Z",
        "2026-03-02T23:00:00.000Z[Etc/UTC]",
        "2026-03-02T18:00:00-05:00",
    ):
        found = await ids(client, "/v1/classes/slots", slotWindowStartDate=written, daysAhead=1)
        assert found == [tuesday], written
    # A plus sign that was not escaped arrives as a blank.
    bare = "/v1/classes/slots?daysAhead=1&slotWindowStartDate=2026-03-03T00:00:00+01:00"
    assert await ids(client, bare) == [tuesday]


async def test_what_is_no_window_is_refused(client: Referee) -> None:
    wrong = {
        "slotWindowStartDate": [
            *("", "morgen", "2026-02-30", "2026-13-01", "20260302", "2026-W10-1", "2026-3-2"),
            *("2026-03-02T25:00", "0001-01-01", "9999-12-31", "٢٠٢٦-٠٣-٠٢", "2026-03-02\0"),
        ],
        "daysAhead": ["", "0", "7", "-1", "1.5", "drei", "٣", " 1", "9" * 50],
    }
    for name, values in wrong.items():
        for value in values:
            response = await client.get("/v1/classes/slots", params={name: value})
            error = response.json()
            assert (response.status_code, error["errorCode"], error["reference"]) == (
                *(400, "PARAMETER_INVALID"),
                name,
            ), value


# What is visible.


@pytest.mark.parametrize(
    "hidden",
    [{"bookable": False}, {"online_booking": OnlineBooking.NO}],
    ids=["not bookable", "not online"],
)
async def test_an_invisible_class_is_found_nowhere(
    client: Referee, gym: Gym, hidden: dict[str, object]
) -> None:
    slot, customer = await gym.slot("spin"), await gym.customer()
    class_id = gym.classes["spin"]
    answers = {
        f"/v1/classes/{class_id}": (404, "CLASS_NOT_FOUND"),
        f"/v1/classes/{class_id}/slots": (404, "CLASS_NOT_FOUND"),
        f"/v1/classes/{class_id}/slots/{slot}": (404, "CLASS_SLOT_NOT_FOUND"),
    }
    for path in answers:
        assert (await client.get(path)).status_code == 200, path

    await gym.set(tables.class_, class_id, **hidden)

    assert {path: await refusal(client, path) for path in answers} == answers
    assert await ids(client, "/v1/classes") == []
    assert await ids(client, "/v1/classes/slots") == []
    for action in ("validate", "book"):
        response = await client.post(
            f"/v1/classes/booking/{action}", json={"customerId": customer, "classSlotId": slot}
        )
        assert response.status_code == 404, action
        assert response.json()["errorCode"] == "CLASS_SLOT_NOT_FOUND"


async def test_a_class_without_slots_is_not_visible_and_one_with_past_slots_is(
    client: Referee, gym: Gym
) -> None:
    empty = await gym.klass("empty")
    long_ago = await gym.slot("old", at=NOW - timedelta(days=100), status=SlotStatus.COMPLETED)
    old = gym.classes["old"]

    assert await refusal(client, f"/v1/classes/{empty}") == (404, "CLASS_NOT_FOUND")
    assert await refusal(client, f"/v1/classes/{empty}/slots") == (404, "CLASS_NOT_FOUND")
    assert (await client.get(f"/v1/classes/{old}")).json()["id"] == old
    assert (await client.get(f"/v1/classes/{old}/slots/{long_ago}")).json()["id"] == long_ago
    assert await ids(client, "/v1/classes") == []


async def test_a_class_that_is_only_for_display_is_shown_and_not_bookable(
    client: Referee, gym: Gym
) -> None:
    await gym.klass("show", online_booking=OnlineBooking.DISPLAY_ONLY)
    shown, offered = await gym.slot("show"), await gym.slot("spin")

    [display, normal] = (await client.get("/v1/classes")).json()["result"]
    assert (display["id"], display["bookable"]) == (gym.classes["show"], False)
    assert (normal["id"], normal["bookable"]) == (gym.classes["spin"], True)
    assert await ids(client, "/v1/classes/slots") == [shown, offered]


async def test_cancelled_slots_are_not_listed_but_found_by_id(client: Referee, gym: Gym) -> None:
    over = await gym.slot("spin", at=NOW - timedelta(hours=2), status=SlotStatus.COMPLETED)
    cancelled, planned = await gym.slot("spin", at="10:00"), await gym.slot("spin", at="12:00")
    await gym.cancel_slot(cancelled)
    path = f"/v1/classes/{gym.classes['spin']}/slots"

    assert await ids(client, path) == [over, planned]
    assert await ids(client, "/v1/classes/slots") == [over, planned]
    assert (await client.get(f"{path}/{cancelled}")).json()["id"] == cancelled


async def test_a_slot_is_found_under_its_own_class_only(client: Referee, gym: Gym) -> None:
    slot, _ = await gym.slot("spin"), await gym.slot("yoga")
    assert (await client.get(f"/v1/classes/{gym.classes['spin']}/slots/{slot}")).status_code == 200
    for path in (
        f"/v1/classes/{gym.classes['yoga']}/slots/{slot}",
        f"/v1/classes/999/slots/{slot}",
    ):
        assert await refusal(client, path) == (404, "CLASS_SLOT_NOT_FOUND")


async def test_after_a_stand_in_only_the_final_instructors_show(client: Referee, gym: Gym) -> None:
    slot = await gym.slot("spin")
    anna, ina, udo = [await gym.employee(name) for name in ("Anna", "Ina", "Udo")]
    await gym.gives(slot, ina, anna)
    path = f"/v1/classes/{gym.classes['spin']}/slots/{slot}"

    async def shown() -> list[str]:
        return [each["firstName"] for each in (await client.get(path)).json()["instructors"]]

    assert await shown() == ["Ina", "Anna"]
    await gym.take(PutStandIn(gym.organization, slot, replaced_id=ina, stand_in_id=udo))
    assert await shown() == ["Udo", "Anna"]


# How it is written.


async def test_a_class_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    full = await gym.klass(
        "yoga",
        title="Vinyasa Flow",
        type=ClassType.STREAM,
        duration=45,
        category="Yoga & Pilates",
        description="Atem und Bewegung, für „alle“.",
        img_url="https://example.com/vinyasa.jpg?size=2",
        latest_cancellation="1 DAY",
        late_cancellation=True,
    )
    await gym.slot("yoga")
    assert (await client.get(f"/v1/classes/{full}")).text == (
        f'{{"id":{full},"bookable":true,"title":"Vinyasa Flow","type":"STREAM","duration":45,'
        '"category":"Yoga & Pilates","description":"Atem und Bewegung, für „alle“.",'
        '"imgUrl":"https://example.com/vinyasa.jpg?size=2",'
        '"cancelCondition":{"cancelationAfterLatestPossible":true,'
        '"latestCancelTerm":{"value":1,"unit":"DAY"}}}'
    )

    await gym.slot("spin")
    plain = gym.classes["spin"]
    assert (await client.get(f"/v1/classes/{plain}")).text == (
        f'{{"id":{plain},"bookable":true,"title":"Spin","type":"STUDIO","duration":60,'
        '"cancelCondition":{"cancelationAfterLatestPossible":false,'
        '"latestCancelTerm":{"value":2,"unit":"HOURS"}}}'
    )


async def test_a_slot_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    await gym.klass("yoga", title="Vinyasa Flow", latest_booking="0 DAY", earliest_booking="1 WEEK")
    location = await gym.location("Saal 1")
    await gym.set(tables.location, location, description="Hinter dem Empfang")
    slot = await gym.slot(
        "yoga",
        at="18:15",
        minutes=45,
        seats=3,
        waiting_list=5,
        location_id=location,
        additional_participants=1,
    )
    anna = await gym.employee("Anna")
    await gym.set(tables.employee, anna, public_name="Anna N.")
    await gym.gives(slot, anna)
    for customer in await gym.customers(3):
        await gym.booked(customer, slot)

    response = await client.get(f"/v1/classes/{gym.classes['yoga']}/slots/{slot}")

    assert response.headers["content-type"] == "application/json"
    assert response.text == (
        f'{{"id":{slot},"startDateTime":"2026-03-02T18:15:00.000+01:00[Europe/Berlin]",'
        '"endDateTime":"2026-03-02T19:00:00.000+01:00[Europe/Berlin]",'
        f'"classInformation":{{"id":{gym.classes["yoga"]},"title":"Vinyasa Flow"}},'
        f'"instructors":[{{"id":{anna},"firstName":"Anna","lastName":"Trainer",'
        '"publicName":"Anna N."}],'
        '"latestBookingDateTime":"2026-03-02T23:59:59.999+01:00[Europe/Berlin]",'
        '"bookedParticipants":2,"additionalParticipants":1,"waitingListParticipants":1,'
        f'"location":{{"id":{location},"name":"Saal 1","description":"Hinter dem Empfang"}},'
        '"earliestBookingDateTime":"2026-02-23T00:00:00.000+01:00[Europe/Berlin]",'
        '"maxParticipants":3,"maxWaitingListParticipants":5}'
    )


async def test_what_a_slot_does_not_have_is_left_out(client: Referee, gym: Gym) -> None:
    await gym.klass("open", earliest_booking=None)
    slot = await gym.slot("open", seats=None)
    # Without a limit nobody ever waits (F15), so there are no positions either.
    assert (await client.get(f"/v1/classes/{gym.classes['open']}/slots/{slot}")).text == (
        f'{{"id":{slot},"startDateTime":"2026-03-02T18:00:00.000+01:00[Europe/Berlin]",'
        '"endDateTime":"2026-03-02T19:00:00.000+01:00[Europe/Berlin]",'
        f'"classInformation":{{"id":{gym.classes["open"]},"title":"Open"}},"instructors":[],'
        '"latestBookingDateTime":"2026-03-02T18:00:00.000+01:00[Europe/Berlin]",'
        '"bookedParticipants":0,"additionalParticipants":0,"waitingListParticipants":0,'
        '"maxWaitingListParticipants":0}'
    )


async def test_date_times_carry_the_offset_that_holds_at_that_time(
    client: Referee, gym: Gym
) -> None:
    await gym.klass("spin", latest_booking="1 WEEK")
    summer = await gym.slot("spin", day=date(2026, 4, 1))
    through_the_night = await gym.slot("spin", at="01:30", day=date(2026, 3, 29))

    async def times(slot: int) -> tuple[str, ...]:
        path = f"/v1/classes/{gym.classes['spin']}/slots/{slot}"
        shown = (await client.get(path)).json()
        return shown["startDateTime"], shown["endDateTime"], shown["latestBookingDateTime"]

    assert await times(summer) == (
        "2026-04-01T18:00:00.000+02:00[Europe/Berlin]",
        "2026-04-01T19:00:00.000+02:00[Europe/Berlin]",
        # A week earlier it was still winter.
        "2026-03-25T23:59:59.999+01:00[Europe/Berlin]",
    )
    assert await times(through_the_night) == (
        "2026-03-29T01:30:00.000+01:00[Europe/Berlin]",
        "2026-03-29T03:30:00.000+02:00[Europe/Berlin]",
        "2026-03-22T23:59:59.999+01:00[Europe/Berlin]",
    )


async def test_another_studio_has_another_zone(gym: Gym, partner: Partner) -> None:
    zone = ZoneInfo("Asia/Kathmandu")
    studio = await gym.studio("kathmandu", zone=zone.key)
    class_id = await gym.klass("trek", studio_id=studio)
    await gym.slot(class_id, studio_id=studio, zone=zone)
    client = partner(await gym.key(studio_id=studio))

    [slot] = (await client.get(f"/v1/classes/{class_id}/slots")).json()["result"]
    assert slot["startDateTime"] == "2026-03-02T18:00:00.000+05:45[Asia/Kathmandu]"
    assert slot["earliestBookingDateTime"] == "2026-02-23T00:00:00.000+05:45[Asia/Kathmandu]"
