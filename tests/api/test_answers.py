"""How errors are told: in the language of the request, and with an id that finds them in the log."""

from __future__ import annotations

import pytest

from kursplan.api.error_codes import ErrorCode
from kursplan.api.errors import ERRORS
from kursplan.store import tables
from kursplan.web.languages import LANGUAGES, translate
from tests.api.conftest import Partner
from tests.gym import Gym
from tests.referee import Referee

UNKNOWN_CLASS = "/v1/classes/999"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
async def test_an_error_is_told_in_each_language(client: Referee) -> None:
    english = ERRORS[ErrorCode.CLASS_NOT_FOUND].message
    told = {}
    for language in LANGUAGES:
        response = await client.get(UNKNOWN_CLASS, headers={"Accept-Language": language})
        assert response.headers["content-language"] == language
        told[language] = response.json()["errorMessage"]
    assert told == {language: translate(english, language) for language in LANGUAGES}
    assert told["de"] == "Dieser Kurs wurde nicht gefunden."
    assert told["fr"] == "Ce cours est introuvable."
    assert told["en"] == "This class was not found."
    assert len(set(told.values())) >= 15


async def test_the_language_is_the_one_asked_for_or_that_of_the_studio(
    gym: Gym, partner: Partner
) -> None:
    polish = await gym.studio("gdansk", language="pl")
    clients = {"de": partner(await gym.key()), "pl": partner(await gym.key(studio_id=polish))}

    async def language(client: Referee, wish: str | None) -> str:
        headers = {} if wish is None else {"Accept-Language": wish}
        return str((await client.get(UNKNOWN_CLASS, headers=headers)).headers["content-language"])

    for own, client in clients.items():
        assert await language(client, None) == own
        assert await language(client, "*") == own
        assert await language(client, "ja") == "en"
        assert await language(client, "de-LU") == "de"
        assert await language(client, "ja, fr-LU;q=0.3, sl;q=0.9") == "sl"
        assert await language(client, ";;q=,\x7f") == own
    # Whose studio would it be?
    assert await language(partner(None), None) == "en"
    assert await language(partner("wrong"), "de-CH") == "de-CH"


async def test_an_error_says_what_where_and_what_instead(client: Referee) -> None:
    response = await client.get(
        "/v1/classes", params={"sliceSize": "<b>7</b>\n"}, headers={"Accept-Language": "de"}
    )
    error = response.json()
    trace_id = error.pop("traceId")
    assert error == {
        "errorMessage": "Der Parameter sliceSize kann nicht „<b>7</b>�“ sein. Erlaubt: 10 … 100.",
        "errorCode": "PARAMETER_INVALID",
        "reference": "sliceSize",
    }
    assert response.headers["x-trace-id"] == trace_id


async def test_every_request_has_a_trace_id_of_its_own(client: Referee, partner: Partner) -> None:
    ids = []
    for who, path in (
        (client, "/v1/classes"),
        (client, UNKNOWN_CLASS),
        (client, "/v1/nothing"),
        (partner(None), "/v1/classes"),
    ):
        response = await who.get(path)
        ids.append(response.headers["x-trace-id"])
        if response.status_code != 200:
            assert response.json()["traceId"] == ids[-1]
        ids.append((await who.head(path)).headers["x-trace-id"])
    assert len(set(ids)) == len(ids) == 8
    assert {len(each) for each in ids} == {16}


async def test_a_mistake_of_ours_is_a_500_that_tells_nothing_about_it(
    client: Referee, gym: Gym
) -> None:
    # The referee would raise if the body said more than the contract allows.
    await gym.set(tables.studio, gym.studio_id, zone="Nowhere/Land")
    await gym.slot("spin")
    response = await client.get("/v1/classes/slots")
    error = response.json()
    assert (response.status_code, error["errorCode"]) == (500, "INTERNAL_ERROR")
    assert "Nowhere" not in response.text
    assert response.headers["x-trace-id"] == error["traceId"]
