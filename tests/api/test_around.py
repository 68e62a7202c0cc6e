"""Around the classes: the studio, its customers and its employees."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import httpx
from sqlalchemy import select

from kursplan.clock import HandClock
from kursplan.domain.customers import CustomerStatus, Gender
from kursplan.domain.employees import BusinessRole
from kursplan.domain.names import folded, folded_address
from kursplan.ids import fingerprint, new_api_key
from kursplan.store import tables
from tests.api.conftest import Partner
from tests.gym import Gym
from tests.referee import Referee


def refusal(response: httpx.Response) -> tuple[int, str, str]:
    error = response.json()
    return response.status_code, error["errorCode"], error["reference"]


# The studio.


async def test_a_studio_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    await gym.set(
        tables.studio,
        gym.studio_id,
        name="Studio Mitte",
        description="Am Fluss",
        country="Deutschland",
        country_code="DE",
        email="mitte@example.com",
        telephone="+49 30 901820",
        website="https://example.com",
        logo_url="https://example.com/logo.png",
        street="Kastanienallee",
        house_number="83 a",
        zip="10435",
        city="Berlin",
        opening_date=date(2019, 1, 2),
        closing_date=date(2030, 12, 31),
        longitude=13.4098,
        latitude=52.5,
        access_code_enabled=True,
    )
    for public, opens in ((False, time(6)), (True, time(8, 30))):
        for position, (first, last) in enumerate(((0, 4), (5, 6))):
            await gym.insert(
                tables.opening_hours,
                studio_id=gym.studio_id,
                public=public,
                position=position,
                day_from=first,
                day_to=last,
                time_from=opens,
                time_to=time(23, 59),
            )
    wall = Gym.wall
    later = await gym.closure(
        wall("00:00", day=date(2026, 12, 24)), wall("00:00", day=date(2026, 12, 27))
    )
    await gym.set(tables.closure, later, reason="Weihnachten")
    await gym.closure(wall("07:00"), wall("08:01"))  # Not over yet, by a minute.
    await gym.closure(wall("06:00"), wall("08:00"))

    response = await client.get("/v1/studios/information")

    assert response.text == (
        f'{{"studioId":{gym.studio_id},"accessCodeConfiguration":{{"enabled":true}},'
        '"openingHours":['
        '{"dayOfWeekFrom":"MONDAY","dayOfWeekTo":"FRIDAY","timeFrom":"06:00:00","timeTo":"23:59:00"},'
        '{"dayOfWeekFrom":"SATURDAY","dayOfWeekTo":"SUNDAY","timeFrom":"06:00:00","timeTo":"23:59:00"}],'
        '"publicOpeningHours":['
        '{"dayOfWeekFrom":"MONDAY","dayOfWeekTo":"FRIDAY","timeFrom":"08:30:00","timeTo":"23:59:00"},'
        '{"dayOfWeekFrom":"SATURDAY","dayOfWeekTo":"SUNDAY","timeFrom":"08:30:00","timeTo":"23:59:00"}],'
        '"closingHours":['
        '{"dateTimeFrom":"2026-03-02T07:00:00","dateTimeTo":"2026-03-02T08:01:00"},'
        '{"dateTimeFrom":"2026-12-24T00:00:00","dateTimeTo":"2026-12-27T00:00:00",'
        '"reason":"Weihnachten"}],'
        '"name":"Studio Mitte","description":"Am Fluss","country":"Deutschland",'
        '"countryCode":"DE","email":"mitte@example.com","telephone":"+49 30 901820",'
        '"website":"https://example.com","logoUrl":"https://example.com/logo.png",'
        '"street":"Kastanienallee","houseNumber":"83 a","zip":"10435","city":"Berlin",'
        '"openingDate":"2019-01-02","closingDate":"2030-12-31",'
        '"location":{"longitude":13.4098,"latitude":52.5}}'
    )


async def test_what_a_studio_does_not_have_is_left_out(gym: Gym, partner: Partner) -> None:
    client = partner(await gym.key())
    assert (await client.get("/v1/studios/information")).json() == {
        "studioId": gym.studio_id,
        "name": "Studio Berlin",
        "openingHours": [],
        "publicOpeningHours": [],
        "closingHours": [],
        "accessCodeConfiguration": {"enabled": False},
    }


async def test_public_opening_hours_are_the_opening_hours_where_nothing_else_is_said(
    client: Referee, gym: Gym
) -> None:
    values = {"position": 0, "day_from": 0, "day_to": 4, "time_from": time(6), "time_to": time(23)}
    hours = {"studio_id": gym.studio_id, **values}
    await gym.insert(tables.opening_hours, public=False, **hours)
    studio = (await client.get("/v1/studios/information")).json()
    assert len(studio["openingHours"]) == 1
    assert studio["publicOpeningHours"] == studio["openingHours"]


async def test_a_partner_confirms_its_activation_once(
    client: Referee, gym: Gym, clock: HandClock, partner: Partner
) -> None:
    other = partner(await gym.key(application="other", scopes=()))

    async def confirmed() -> list[datetime | None]:
        column = tables.integration.c
        query = select(column.confirmed_at).order_by(column.id)
        return await gym.database.read(lambda tx: list(tx.execute(query).scalars()))

    assert await confirmed() == [None, None]
    first = gym.now
    response = await client.post("/v1/studios/confirmActivation")
    assert (response.status_code, response.content) == (200, b"")
    assert await confirmed() == [first, None]

    clock.advance(timedelta(hours=1))
    assert (await client.post("/v1/studios/confirmActivation")).status_code == 200
    # It takes no scope.
    assert (await other.post("/v1/studios/confirmActivation")).status_code == 200
    assert await confirmed() == [first, gym.now]


# Customers.


async def person(gym: Gym, first: str, last: str, **values: Any) -> int:
    """A customer as the console would store them, with what a search looks at."""
    email = values.get("email")
    return await gym.customer(
        first,
        last_name=last,
        first_name_folded=folded(first),
        last_name_folded=folded(last),
        email_folded=None if email is None else folded_address(email),
        **values,
    )


async def test_a_customer_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    customer = await person(
        gym,
        "Łukasz",
        "Groß",
        number="1-12345",
        date_of_birth=date(1984, 2, 29),
        email="Lukasz@example.com",
        gender=Gender.MALE,
        phone_private_mobile="+49 152 23433333",
        preferred_language="de-CH",
        access_refused=True,
    )
    await gym.set(tables.customer, customer, uuid="7be3932c-825b-4401-abff-29e9f9410bc7")
    membership = await gym.membership(customer, await gym.rate())
    open_end = await gym.idle(customer, membership, date(2026, 7, 1))
    ended = await gym.idle(customer, membership, date(2026, 1, 1), date(2026, 1, 31))
    await gym.set(tables.idle_period, ended, reason="Reise")

    response = await client.get(f"/v1/customers/{customer}")

    assert response.text == (
        f'{{"id":{customer},"status":"MEMBER","accessRefusal":true,'
        f'"firstName":"Łukasz","lastName":"Groß","studioId":{gym.studio_id},'
        '"uuid":"7be3932c-825b-4401-abff-29e9f9410bc7","idlePeriods":['
        f'{{"id":{ended},"startDate":"2026-01-01","endDate":"2026-01-31","unlimited":false,'
        f'"contract":{{"id":{membership},"rateName":"Basic"}},"reason":"Reise"}},'
        f'{{"id":{open_end},"startDate":"2026-07-01","endDate":"9999-12-31","unlimited":true,'
        f'"contract":{{"id":{membership},"rateName":"Basic"}}}}],'
        '"customerNumber":"1-12345","dateOfBirth":"1984-02-29","email":"Lukasz@example.com",'
        '"gender":"MALE","phonePrivateMobile":"+49 152 23433333",'
        '"preferredLanguage":{"languageCode":"de","countryCode":"CH"}}'
    )
    by_number = await client.get("/v1/customers/by", params={"customerNumber": "1-12345"})
    assert by_number.text == response.text
    found = await client.post("/v1/customers/search", json={"lastName": "GROSS"})
    assert found.text == f"[{response.text}]"
    assert (await client.get("/v1/customers")).json()["result"] == [response.json()]


async def test_what_a_customer_does_not_have_is_left_out(client: Referee, gym: Gym) -> None:
    customer = await gym.customer("Erika")
    await gym.set(tables.customer, customer, uuid="00000000-0000-4000-8000-000000000000")
    assert (await client.get(f"/v1/customers/{customer}")).json() == {
        "id": customer,
        "status": "MEMBER",
        "accessRefusal": False,
        "firstName": "Erika",
        "lastName": "Mustermann",
        "studioId": gym.studio_id,
        "uuid": "00000000-0000-4000-8000-000000000000",
        "idlePeriods": [],
    }


async def test_customers_are_listed_by_status(client: Referee, gym: Gym) -> None:
    member, prospect, former = [
        await gym.customer(status.lower(), status=status) for status in CustomerStatus
    ]
    gone = await gym.customer("gone", deleted_at=gym.now, number="7")

    async def listed(query: str) -> list[int]:
        return [each["id"] for each in (await client.get(f"/v1/customers{query}")).json()["result"]]

    assert await listed("") == [member]
    assert await listed("?customerStatus=MEMBER") == [member]
    assert await listed("?customerStatus=PROSPECT") == [prospect]
    for wrong in ("FORMER_MEMBER", "member", "", "ALL"):
        response = await client.get("/v1/customers", params={"customerStatus": wrong})
        assert refusal(response) == (400, "PARAMETER_INVALID", "customerStatus"), wrong
    # Former members are still found, deleted ones are not.
    assert (await client.get(f"/v1/customers/{former}")).json()["status"] == "FORMER_MEMBER"
    for path, reference in (
        (f"/v1/customers/{gone}", "customerId"),
        ("/v1/customers/by?customerNumber=7", "customerNumber"),
        (f"/v1/cross-studio/customers/{gone}", "customerId"),
        ("/v1/cross-studio/customers/by?customerNumber=7", "customerNumber"),
    ):
        assert refusal(await client.get(path)) == (404, "CUSTOMER_NOT_FOUND", reference), path
    everybody = (await client.post("/v1/customers/search", json={"lastName": "Muster"})).json()
    assert [each["id"] for each in everybody] == [member, prospect, former]


async def test_a_customer_number_is_asked_for_as_it_is(client: Referee, gym: Gym) -> None:
    customer = await gym.customer(number="A/1 ü+#")
    found = await client.get("/v1/customers/by", params={"customerNumber": "A/1 ü+#"})
    assert found.json()["id"] == customer
    for query, code in (
        ("?customerNumber=A/1", (404, "CUSTOMER_NOT_FOUND")),
        ("?customerNumber=a/1%20%C3%BC%2B%23", (404, "CUSTOMER_NOT_FOUND")),
    ):
        response = await client.get(f"/v1/customers/by{query}")
        assert refusal(response) == (*code, "customerNumber"), query
    # Blanks around it do not count.
    for typed in (" A/1 ü+#", "A/1 ü+# ", "\tA/1 ü+#\u00a0"):
        found = await client.get("/v1/customers/by", params={"customerNumber": typed})
        assert found.json()["id"] == customer, typed


async def test_what_nobody_goes_by_here_is_known_and_finds_nobody(
    client: Referee, gym: Gym
) -> None:
    customer = await gym.customer(number="7")
    others = ("cardNumber", "cardNumberFormat", "barcode", "debtorId", "qrCodeUuid", "pin")
    for path in ("/v1/customers/by", "/v1/cross-studio/customers/by"):
        for name in others:
            response = await client.get(path, params={name: "7"})
            assert refusal(response) == (404, "CUSTOMER_NOT_FOUND", name)
            # The number is enough, whatever stands beside it.
            found = await client.get(path, params={name: "DECIMAL", "customerNumber": "7"})
            assert found.json()["id"] == customer
        for query in ("", "?customerNumber=", "?customerNumber=%20", "?customerNumber=%00&pin=",
                      "?customernumber=7", "?number=7"):  # fmt: skip
            response = await client.get(path + query)
            error = response.json()
            assert (response.status_code, error["errorCode"]) == (400, "CRITERION_MISSING"), query
            assert error["errorMessage"].endswith(
                ": " + ", ".join(("customerNumber", *others)) + "."
            )


async def test_a_search_finds_those_who_fit_all_criteria(client: Referee, gym: Gym) -> None:
    born = date(1990, 5, 17)
    anna = await person(gym, "Anna", "Müller", email="Anna.M@example.com", date_of_birth=born)
    annalena = await person(gym, "Annalena", "Muller", date_of_birth=born)
    hannah = await person(gym, "Hannah", "Mühl", email="hannah@example.com")
    zoe = await person(gym, "Zoë", "van den Berg", date_of_birth=date(1990, 5, 18))
    percent = await person(gym, "100%", "_x")

    for criteria, found in (
        ({"firstName": "Anna"}, [anna, annalena]),
        ({"firstName": "ANNA"}, [anna, annalena]),
        ({"firstName": "nna"}, []),
        ({"lastName": "Mü"}, [anna, annalena, hannah]),
        ({"lastName": "mul"}, [anna, annalena]),
        ({"lastName": "MÜLLER"}, [anna, annalena]),
        ({"firstName": "zoe", "lastName": "VAN  DEN"}, [zoe]),
        ({"firstName": "Zoe\u0308"}, [zoe]),
        ({"firstName": "Änna", "lastName": None}, [anna, annalena]),
        ({"lastName": "Mueller"}, [anna, annalena]),
        ({"lastName": "vandenberg"}, [zoe]),
        ({"lastName": "van-den"}, [zoe]),
        ({"email": "anna.m@EXAMPLE.com"}, [anna]),
        ({"email": "anna"}, []),
        ({"dateOfBirth": "1990-05-17"}, [anna, annalena]),
        ({"dateOfBirth": "1990-05-17", "firstName": "annal"}, [annalena]),
        ({"firstName": "Anna", "lastName": "Mühl"}, []),
        (
            {"lastName": "Müller", "email": "anna.m@example.com", "dateOfBirth": "1990-05-17"},
            [anna],
        ),
        # Nothing in a name is a pattern.
        ({"firstName": "1%1"}, []),
        ({"firstName": "100%"}, [percent]),
        ({"lastName": "Mu_ler"}, []),
        ({"firstName": "' OR 1=1 --"}, []),
        ({"firstName": "\U0010ffff"}, []),
        ({"firstName": "A\0nna", "note": "unknown"}, [anna, annalena]),
    ):
        for path in ("/v1/customers/search", "/v1/cross-studio/customers/search"):
            response = await client.post(path, json=criteria)
            assert [each["id"] for each in response.json()] == found, (path, criteria)


async def test_a_search_without_a_criterion_finds_nobody_and_says_which_there_are(
    client: Referee, gym: Gym
) -> None:
    await person(gym, "Anna", "Müller", email="anna@example.com", date_of_birth=date(1990, 5, 17))
    for criteria in (
        *({}, {"phoneNumber": "+49 30 1"}, {"lastname": "Müller"}, {"LASTNAME": "M"}, {"id": 1}),
        *({"firstName": " "}, {"firstName": ""}, {"firstName": None}, {"firstName": "\0"}),
        *({"lastName": "\u0301"}, {"lastName": "\u2019"}, {"lastName": " - "}, {"lastName": "%"}),
        *({"email": ""}, {"email": " \t"}, {"email": "\0"}, {"dateOfBirth": None}),
        {"firstName": " ", "lastName": "'", "email": "", "dateOfBirth": None, "x": 1},
    ):
        for path in ("/v1/customers/search", "/v1/cross-studio/customers/search"):
            response = await client.post(path, json=criteria)
            error = response.json()
            assert (response.status_code, error["errorCode"]) == (400, "CRITERION_MISSING"), (
                criteria
            )
            assert error["errorMessage"] == (
                "Mindestens eines dieser Kriterien wird benötigt: "
                "firstName, lastName, email, dateOfBirth."
            )
            # One that is left is enough.
            response = await client.post(path, json=criteria | {"dateOfBirth": "1990-05-17"})
            assert len(response.json()) == 1, criteria


async def test_a_customer_is_found_as_people_type_the_name(client: Referee, gym: Gym) -> None:
    for first, last, typed in (
        ("Conor", "O\u2019Brien", ("O'Brien", "O Brien", "OBrien", "o-brien", "O\u00b4B")),
        ("Anna-Lena", "Groß", ("Gross", "GROSS", "groß")),
        ("Jörg", "Müller-Lüdenscheidt", ("Mueller", "muller lu", "MÜLLERLUE", "Mueller-Lued")),
        ("Bjørn", "Sørensen", ("Soerensen", "Sorensen", "sørens", "Soe")),
        ("Åse", "Ægidius", ("Aegidius", "ægi")),
    ):
        customer = await person(gym, first, last)
        for each in typed:
            for path in ("/v1/customers/search", "/v1/cross-studio/customers/search"):
                response = await client.post(path, json={"lastName": each})
                assert [one["id"] for one in response.json()] == [customer], (path, each)
    for typed_first in ("Anna Lena", "annalena", "Anna\u2011Lena", "Joerg", "Bjoern", "Aase"):
        response = await client.post("/v1/customers/search", json={"firstName": typed_first})
        assert len(response.json()) == 1, typed_first


async def test_idle_periods_are_those_of_contracts_that_have_not_ended(
    client: Referee, gym: Gym, clock: HandClock
) -> None:
    customer, rate = await gym.customer(), await gym.rate("gold")
    today = date(2026, 3, 2)
    ended = await gym.membership(customer, rate, until=today - timedelta(days=1))
    last_day = await gym.membership(customer, rate, until=today)
    to_come = await gym.membership(customer, rate, since=today + timedelta(days=30))
    for membership in (ended, last_day, to_come):
        await gym.idle(customer, membership, today)

    async def shown() -> list[int]:
        told = (await client.get(f"/v1/customers/{customer}")).json()["idlePeriods"]
        assert {each["contract"]["rateName"] for each in told} == {"Gold"}
        assert {(each["unlimited"], each["endDate"]) for each in told} == {(True, "9999-12-31")}
        return [each["contract"]["id"] for each in told]

    assert await shown() == [last_day, to_come]
    clock.advance(timedelta(days=1))
    assert await shown() == [to_come]


async def test_what_is_no_criterion_is_refused(client: Referee) -> None:
    for criteria in (
        *({"firstName": 1}, {"lastName": ["a"]}, {"email": {}}, {"firstName": True}),
        *({"dateOfBirth": 19900517}, {"dateOfBirth": "17.05.1990"}, {"dateOfBirth": "19900517"}),
        *({"dateOfBirth": "1990-02-30"}, {"dateOfBirth": "1990-W20-4"}),
    ):
        [name] = criteria
        for path in ("/v1/customers/search", "/v1/cross-studio/customers/search"):
            response = await client.post(path, json=criteria)
            assert refusal(response) == (400, "MEMBER_INVALID", name), criteria


async def test_across_studios_are_those_in_which_the_application_is_active(
    gym: Gym, partner: Partner
) -> None:
    studios = {name: await gym.studio(name) for name in ("active", "inactive", "without")}
    application = await gym.insert(tables.application, key="app", name="App")

    async def activate(studio: int, *, active: bool) -> int:
        return await gym.insert(
            tables.integration,
            application_id=application,
            studio_id=studio,
            scopes=("CUSTOMER_READ",),
            active=active,
            webhook_key="w",
        )

    key = new_api_key()
    await gym.insert(
        tables.api_key,
        key_hash=fingerprint(key),
        integration_id=await activate(gym.studio_id, active=True),
        hint="hint",
        created_at=gym.now,
    )
    await activate(studios["active"], active=True)
    await activate(studios["inactive"], active=False)
    # Another application, which is active there, opens nothing.
    await gym.key(studio_id=studios["without"])
    client = partner(key)
    people = {"berlin": await gym.customer("b", number="berlin")}
    for name, studio in studios.items():
        people[name] = await gym.customer(name[0], number=name, studio_id=studio)

    anybody = {"lastName": "Mustermann"}
    found = (await client.post("/v1/cross-studio/customers/search", json=anybody)).json()
    assert [each["id"] for each in found] == [people["berlin"], people["active"]]
    assert [each["studioId"] for each in found] == [gym.studio_id, studios["active"]]
    for name, customer in people.items():
        shown = name in ("berlin", "active")
        for path, reference in (
            (f"/v1/cross-studio/customers/{customer}", "customerId"),
            (f"/v1/cross-studio/customers/by?customerNumber={name}", "customerNumber"),
        ):
            response = await client.get(path)
            if shown:
                assert response.json()["id"] == customer
            else:
                assert refusal(response) == (404, "CUSTOMER_NOT_FOUND", reference), path
    # Of the studio alone there is only the one.
    found = (await client.post("/v1/customers/search", json=anybody)).json()
    assert [each["id"] for each in found] == [people["berlin"]]


# Employees.


async def test_an_employee_is_written_to_the_letter(client: Referee, gym: Gym) -> None:
    anna = await gym.employee("Anna")
    for role in (None, *BusinessRole):
        await gym.set(tables.employee, anna, business_role=role, public_name="Anna T.")
        told = "" if role is None else f',"businessRole":"{role}"'
        assert (await client.get(f"/v1/employees/{anna}")).text == (
            f'{{"id":{anna},"firstName":"Anna","lastName":"Trainer","employeeInitials":"AT",'
            f'"gender":"UNISEX","publicName":"Anna T."{told}}}'
        )
    for gender in Gender:
        await gym.set(tables.employee, anna, gender=gender, initials="ATR")
        told = (await client.get("/v1/employees")).json()["result"][0]
        assert (told["gender"], told["employeeInitials"]) == (gender, "ATR")


async def test_employees_are_those_of_the_studio(client: Referee, gym: Gym) -> None:
    anna, gone = await gym.employee("Anna"), await gym.employee("Gone")
    elsewhere = await gym.employee("Udo", studio_id=await gym.studio("hamburg"))
    await gym.set(tables.employee, gone, deleted_at=gym.now)

    assert (await client.get("/v1/employees")).json() == {
        "result": [
            {
                "id": anna,
                "firstName": "Anna",
                "lastName": "Trainer",
                "employeeInitials": "AT",
                "gender": "UNISEX",
            }
        ],
        "hasNext": False,
        "offset": str(10**12 + anna),
    }
    for employee in (gone, elsewhere, 999):
        response = await client.get(f"/v1/employees/{employee}")
        assert refusal(response) == (404, "EMPLOYEE_NOT_FOUND", "id")
