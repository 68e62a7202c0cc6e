"""Where partners are told, in a gym file: loaded, changed, written back, and never with a secret."""

from typing import Any

import pytest
import yaml

from kursplan import gymfile
from kursplan.desk.endpoints import DisableEndpoint
from kursplan.domain.webhooks import PATIENT_PLAN, Disabled
from kursplan.gymfile import GymFileMistakes
from kursplan.store import tables
from kursplan.webhooks.egress import EgressPolicy
from tests.gym import STAFF
from tests.gymfile.house import GYM, House, edit, writes

OWN = "{studio: berlin, scopes: [CLASSES_READ, CLASSES_WRITE]}"


def with_webhooks(webhooks: str) -> str:
    """The gym file in which the application has these in Berlin."""
    return edit((OWN, f"{OWN.removesuffix('}')}, webhooks: {webhooks}}}"))


URL = "https://partner.example/hooks"
BOTH = f"""{{
        url: "{URL}", types: [CLASS_BOOKING_CREATED, CLASS_SLOT_UPDATED],
        further: [{{key: slots, url: "https://partner.example/slots", types: [CLASS_SLOT_UPDATED]}}],
        retry: {{plan: PATIENT}}}}"""


async def public(host: str, _port: int) -> list[str]:
    """Names are looked up here and not in the internet: `gone.example` is none."""
    if host == "gone.example":
        raise OSError("no such name")
    return ["10.0.0.7"] if host.startswith("inner.") else ["203.0.114.7"]


async def changes(house: House, text: str, **options: Any) -> dict[str, tuple[int, int, int]]:
    """Load, and give what it created, changed and removed; a preview says the same before."""
    return await house.changes(text, egress=EgressPolicy(public), **options)


async def endpoints(house: House) -> list[tuple[str, str, bool, tuple[str, ...] | None]]:
    return [
        (row.key, row.url, row.is_default, row.types)
        for row in await house.rows(tables.webhook_endpoint)
    ]


async def test_endpoints_and_the_plan_are_there_afterwards_and_the_second_time_nothing_changes(
    house: House,
) -> None:
    assert (await changes(house, with_webhooks(BOTH)))["integrations"] == (2, 0, 0)
    assert await endpoints(house) == [
        ("default", URL, True, ("CLASS_BOOKING_CREATED", "CLASS_SLOT_UPDATED")),
        ("slots", "https://partner.example/slots", False, ("CLASS_SLOT_UPDATED",)),
    ]
    berlin, lisbon = await house.rows(tables.integration)
    assert (berlin.retry_seconds, berlin.retry_jitter_percent) == (PATIENT_PLAN.seconds, 20)
    assert (lisbon.retry_seconds, lisbon.retry_jitter_percent) == (None, None)
    secrets = [row.secret for row in await house.rows(tables.webhook_endpoint)]
    assert len(set(secrets)) == 2
    assert all(each.startswith("whsec_") for each in secrets)

    with writes() as sent:
        assert await changes(house, with_webhooks(BOTH)) == {}
    assert sent == []


async def test_what_is_not_said_is_left_alone(house: House) -> None:
    await changes(house, with_webhooks(BOTH))
    before = await house.everything()

    assert await changes(house, GYM) == {}
    assert await changes(house, with_webhooks("{}")) == {}
    assert await house.everything() == before
    assert await changes(house, with_webhooks("{retry: {plan: CONTRACT}}")) == {
        "integrations": (0, 1, 0)
    }
    assert len(await endpoints(house)) == 2


async def test_an_edit_changes_what_it_says_and_keeps_the_secrets(house: House) -> None:
    await changes(house, with_webhooks(BOTH))
    before = {row.key: row.secret for row in await house.rows(tables.webhook_endpoint)}

    edited = BOTH.replace("/slots", "/occurrences").replace("[CLASS_BOOKING_CREATED, ", "[")
    assert await changes(house, with_webhooks(edited), remove=True) == {"integrations": (0, 1, 0)}

    assert await endpoints(house) == [
        ("default", URL, True, ("CLASS_SLOT_UPDATED",)),
        ("slots", "https://partner.example/occurrences", False, ("CLASS_SLOT_UPDATED",)),
    ]
    assert {row.key: row.secret for row in await house.rows(tables.webhook_endpoint)} == before


async def test_an_endpoint_that_the_file_has_no_more_is_removed_where_that_is_asked_for(
    house: House,
) -> None:
    await changes(house, with_webhooks(BOTH))
    without = with_webhooks(f'{{url: "{URL}", types: null, further: []}}')

    await changes(house, without)
    assert [each[0] for each in await endpoints(house)] == ["default", "slots"]
    await changes(house, without, remove=True)
    assert await endpoints(house) == [("default", URL, True, None)]
    await changes(house, with_webhooks("{url: null}"))
    assert await endpoints(house) == []
    assert await changes(house, with_webhooks("{url: null}")) == {}


async def test_a_plan_may_be_written_out(house: House) -> None:
    await changes(house, with_webhooks("{retry: {seconds: [5, 60], jitter_percent: 10}}"))
    berlin, _ = await house.rows(tables.integration)
    assert (berlin.retry_seconds, berlin.retry_jitter_percent) == ((5, 60), 10)
    written = yaml.safe_load(await house.dump())["applications"][0]["integrations"][0]
    assert written["webhooks"] == {"retry": {"seconds": [5, 60], "jitter_percent": 10}}


async def test_what_is_written_back_is_the_same_and_holds_no_secret(house: House) -> None:
    """F52"""
    await changes(house, with_webhooks(BOTH))

    written = await house.dump()

    integration = yaml.safe_load(written)["applications"][0]["integrations"][0]
    assert integration["webhooks"] == {
        "url": URL,
        "types": ["CLASS_BOOKING_CREATED", "CLASS_SLOT_UPDATED"],
        "further": [
            {
                "key": "slots",
                "url": "https://partner.example/slots",
                "types": ["CLASS_SLOT_UPDATED"],
            }
        ],
        "retry": {"plan": "PATIENT"},
    }
    assert "whsec_" not in written
    assert await changes(house, written) == {}


async def test_a_url_that_may_not_be_called_is_a_mistake_and_nothing_is_loaded(
    house: House,
) -> None:
    """F49"""
    webhooks = """{
        url: "http://partner.example/",
        further: [
          {key: a, url: "https://inner.example/", types: [CLASS_SLOT_UPDATED]},
          {key: b, url: "https://gone.example/", types: [CLASS_SLOT_UPDATED]}]}"""

    with pytest.raises(GymFileMistakes) as told:
        await house.load(with_webhooks(webhooks), egress=EgressPolicy(public))

    place = "applications[0].integrations[0].webhooks"
    hint = "for development, KURSPLAN_WEBHOOKS_INSECURE=on allows it"
    assert [f"{each.path}: {each.says}" for each in told.value.mistakes] == [
        f"{place}.url: is not called: a webhook's URL begins with https://; {hint}",
        (
            f"{place}.further[0].url: is not called: "
            f"the host inner.example leads to an address that is not in the open internet; {hint}"
        ),
        f"{place}.further[1].url: is not called: the host gone.example has no address",
    ]
    assert await house.rows(tables.organization) == []


async def test_what_is_stored_already_is_not_looked_up_again(house: House) -> None:
    """A partner whose name can't be found today does not keep the gym from being loaded."""
    await changes(house, with_webhooks(BOTH))

    async def nowhere(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    done = await house.load(with_webhooks(BOTH), egress=EgressPolicy(nowhere))
    assert done.summary.nothing


async def test_an_endpoint_that_is_disabled_stays_so(house: House) -> None:
    await changes(house, with_webhooks(BOTH))
    organization = await house.organization()
    slots = await house.row(tables.webhook_endpoint, key="slots")
    await house.desk.execute(DisableEndpoint(organization, slots.id), by=STAFF)

    await changes(house, with_webhooks(BOTH.replace("/slots", "/occurrences")))

    row = await house.row(tables.webhook_endpoint, key="slots")
    assert (row.disabled, row.url) == (Disabled.BY_OPERATOR, "https://partner.example/occurrences")


FURTHER = '{key: slots, url: "https://a.example/", types: [CLASS_SLOT_UPDATED]}'


@pytest.mark.parametrize(
    ("webhooks", "told"),
    [
        (f"{{further: [{FURTHER}]}}", "further: needs 'url' beside it"),
        ("{types: [CLASS_SLOT_UPDATED]}", "types: needs 'url' beside it"),
        (f"{{url: null, further: [{FURTHER}]}}", "further: means nothing where 'url' is null"),
        (f'{{url: "{URL}", types: []}}', "types: is empty: name at least one"),
        (f'{{url: "{URL}", types: [SLOT_UPDATED]}}', "types[0]: is 'SLOT_UPDATED', which is not known: write \"CLASS_SLOT_UPDATED\""),
        ("{url: partner.example}", "url: is 'partner.example', which lacks its beginning: write \"https://partner.example\""),
        (f'{{url: "{URL}", further: [{FURTHER}, {FURTHER}]}}', "further[1].key: is 'slots', like that in line 121"),
        (f'{{url: "{URL}", further: [{FURTHER.replace("slots", "default")}]}}', "further[0].key: is 'default', which is the name of the one at 'url': give another"),
        (f'{{url: "{URL}", further: [{{key: slots, url: "{URL}"}}]}}', "further[0]: lacks 'types'"),
        ("{retry: {}}", "retry: says nothing: give 'plan' or 'seconds'"),
        ("{retry: {plan: PATIENT, seconds: [1]}}", "retry.seconds: stands beside 'plan': leave out one of them"),
        ("{retry: {plan: EAGER}}", "retry.plan: is 'EAGER', but must be one of CONTRACT, PATIENT"),
        ("{retry: {jitter_percent: 5}}", None),
        ("{retry: {seconds: [0]}}", "retry.seconds[0]: is 0: give a number from 1 to 259200"),
        (f"{{retry: {{seconds: {[1] * 21}}}}}", "retry.seconds: has 21 repeats: give at most 20"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_wrong_and_what_to_write(webhooks: str, told: str | None) -> None:
    with pytest.raises(GymFileMistakes) as mistakes:
        gymfile.read(with_webhooks(webhooks))
    place = "applications[0].integrations[0].webhooks."
    found = [f"{each.path}: {each.says}".removeprefix(place) for each in mistakes.value.mistakes]
    if told is None:
        assert found == [
            "retry: says nothing: give 'plan' or 'seconds'",
            "retry.jitter_percent: needs 'seconds' beside it",
        ]
    else:
        assert found == [told]
