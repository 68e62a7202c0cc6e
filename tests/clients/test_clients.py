"""Clients that others generate from our document work, and lose neither an operation nor an error.

A partner's day: list the classes slice by slice, then the slots of one; find a customer; validate, book,
and book once more under the same idempotency key; be refused; read the bookings, cancel, and read again;
ask for what is not there, and with a key that is none.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from kursplan.api import docs
from tests.clients import generators
from tests.clients.conftest import CLASSES, SAID, HouseOn, Made

OPERATIONS = {
    operation["operationId"]: operation
    for methods in docs.document()["paths"].values()
    for operation in methods.values()
}
ERRORS = {
    name: {status for status in map(int, operation["responses"]) if status >= 400}
    for name, operation in OPERATIONS.items()
}


@pytest.mark.parametrize("name", generators.ALL)
def test_it_gets_through_a_partner_s_day(
    made: Made, house_on: HouseOn, kind: str, name: str
) -> None:
    folder = made(name)
    house = house_on(kind)
    ran = subprocess.run(
        [*generators.ALL[name].command, house.url, house.api_key, name],
        check=False,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "classes": CLASSES,
        "slices": 3,
        "slots": house.slots_of_yoga,
        "customer": "Edgar Lindner",
        "validated": "AVAILABLE",
        "booked": "BOOKED",
        "repeated": True,
        "refused": [
            400,
            "CUSTOMER_ALREADY_BOOKED",
            "There is already a booking or a place on the waiting list for this class.",
        ],
        "bookings": ["BOOKED"],
        "cancelled": 200,
        "left": "CANCELED",
        "unknown": [404, "CLASS_NOT_FOUND", "Dieser Kurs wurde nicht gefunden."],
        "stranger": [401, "API_KEY_INVALID", "This API key is not valid."],
    }
    if name == "java":
        # With each request it offered to go on in HTTP/2, also with a body behind the offer.
        told = ("REQUEST HEADERS:", "HTTP2-Settings: ", "POST /v1/classes/booking/book ")
        assert [ran.stderr.count(each) for each in told] == [15, 15, 3]


@pytest.mark.parametrize("name", generators.GENERATED)
def test_the_generator_complains_of_nothing(made: Made, name: str) -> None:
    said = (made(name) / SAID).read_text()
    assert re.findall(r"(?i).*(?:warn|error|unsupported|unable|skip|ignor|⚠).*", said) == []


def in_python(folder: Path) -> dict[str, set[int]]:
    found = {}
    for module in (folder / "kursplan_client/api").glob("*/[a-z]*.py"):
        first, *others = module.stem.split("_")
        name = first + "".join(each.title() for each in others)
        parsed = re.findall(r"response_(\d+) = ErrorResponse\.from_dict", module.read_text())
        found[name] = set(map(int, parsed))
    return found


def in_types(folder: Path) -> dict[str, set[int]]:
    text = (folder / "generated.ts").read_text()
    bodies = dict(
        re.findall(r"^        (\w+): \{\n(.*?)^        \};", text, re.MULTILINE | re.DOTALL)
    )
    is_error = {name for name, body in bodies.items() if _JSON_ERROR in body}
    operations = re.findall(
        r"^    (\w+): \{\n(.*?)^    \};",
        text[text.index("interface operations") :],
        re.MULTILINE | re.DOTALL,
    )
    return {
        name: {
            int(status)
            for status, response in re.findall(r'(\d+): components\["responses"\]\["(\w+)"\]', body)
            if response in is_error
        }
        for name, body in operations
    }


_JSON_ERROR = '"application/json": components["schemas"]["ErrorResponse"];'


def in_functions(folder: Path) -> dict[str, set[int]]:
    text = (folder / "generated/types.gen.ts").read_text()
    return {
        name[0].lower() + name[1:]: set(map(int, re.findall(r"(\d+): ErrorResponse;", body)))
        for name, body in re.findall(
            r"^export type (\w+)Errors = \{\n(.*?)^\};", text, re.MULTILINE | re.DOTALL
        )
    }


@pytest.mark.parametrize(
    ("name", "errors_of"),
    [
        ("openapi_python_client", in_python),
        ("openapi_typescript", in_types),
        ("hey_api", in_functions),
    ],
)
def test_every_error_of_every_operation_is_typed(
    made: Made, name: str, errors_of: Callable[[Path], dict[str, set[int]]]
) -> None:
    assert errors_of(made(name)) == ERRORS
