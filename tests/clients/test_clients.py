"""Clients that others generate from our document work, and lose neither an operation nor an error.

The flow: list the classes slice by slice, then the slots of one; find a customer; validate, book, book
once more under the same idempotency key; be refused; read the bookings, cancel, and read again; ask for
what is not there, and with a key that is none.
"""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from kursplan.api import docs
from tests.clients import generators
from tests.clients.conftest import CLASSES, SAID, House, Made

EVERY_OPERATION = {
    operation["operationId"]
    for methods in docs.document()["paths"].values()
    for operation in methods.values()
}


@pytest.mark.parametrize("name", generators.ALL)
def test_a_partner_s_day(house: House, made: Made, name: str) -> None:
    ran = subprocess.run(
        [*generators.ALL[name].command, house.url, house.api_key, name],
        check=False,
        cwd=made(name),
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == seen_in(house)
    if name == "java":
        # It offered to go on in HTTP/2, also with a body behind the offer, and took our no.
        offers = re.findall(r"HTTP2-Settings: \S+", ran.stderr)
        assert len(offers) > 10
    else:
        assert ran.stderr == ""


def seen_in(house: House) -> dict[str, Any]:
    return {
        "classes": CLASSES,
        "slices": 3,
        "slots": house.slots_of_yoga,
        "customer": "Edgar Lindner",
        "validated": "AVAILABLE",
        "booked": "BOOKED",
        "repeated": True,
        "refused": [400, "CUSTOMER_ALREADY_BOOKED", "?"],
        "bookings": ["BOOKED"],
        "cancelled": 200,
        "left": "CANCELED",
        "unknown": [404, "CLASS_NOT_FOUND", "?"],
        "stranger": [401, "API_KEY_INVALID", "?"],
    }


@pytest.mark.parametrize("name", generators.GENERATED)
def test_a_generator_has_nothing_to_complain_of(made: Made, name: str) -> None:
    said = (made(name) / SAID).read_text()
    assert re.findall(r"(?i).*(?:warn|error|unsupported|deprecat|skip|ignor).*", said) == []
