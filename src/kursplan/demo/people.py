"""The customers of the made-up company: first and last names thrown together by dice.

The dice fall alike every time. Telephone numbers are from ranges that are kept for films and books.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from kursplan.domain.names import folded_address

FEMALE_BERLIN = [
    "Aylin",
    "Anna",
    "Beate",
    "Charlotte",
    "Clara",
    "Dilara",
    "Elif",
    "Emilia",
    "Frieda",
    "Greta",
    "Hanna",
    "Ida",
    "Ines",
    "Johanna",
    "Jule",
    "Katharina",
    "Lale",
    "Lena",
    "Lotte",
    "Maja",
    "Marlene",
    "Merle",
    "Mira",
    "Nele",
    "Paula",
    "Pia",
    "Rieke",
    "Selin",
    "Sophie",
    "Thea",
]
MALE_BERLIN = [
    "Anton",
    "Arne",
    "Baran",
    "Ben",
    "Can",
    "David",
    "Emil",
    "Emre",
    "Felix",
    "Finn",
    "Hannes",
    "Henri",
    "Jakob",
    "Jan",
    "Jonas",
    "Kilian",
    "Lars",
    "Lennart",
    "Levin",
    "Malte",
    "Matteo",
    "Moritz",
    "Oskar",
    "Paul",
    "Piet",
    "Ruben",
    "Samuel",
    "Theo",
    "Timur",
    "Yannick",
]
LAST_BERLIN = [
    "Ahrens",
    "Albers",
    "Aydin",
    "Behrendt",
    "Brandt",
    "Cordes",
    "Demir",
    "Dietrich",
    "Ebeling",
    "Engel",
    "Falk",
    "Gerlach",
    "Grothe",
    "Hagedorn",
    "Harms",
    "Heller",
    "Hinrichs",
    "Jahnke",
    "Kaya",
    "Keller",
    "Köhler",
    "Kowalski",
    "Krüger",
    "Lindner",
    "Lorenz",
    "Mai",
    "Menzel",
    "Nagel",
    "Nowak",
    "Öztürk",
    "Petersen",
    "Pohl",
    "Reimers",
    "Ritter",
    "Rosenbaum",
    "Sahin",
    "Schröder",
    "Seidel",
    "Simon",
    "Sommer",
    "Stein",
    "Thiele",
    "Urban",
    "Vogt",
    "Wegener",
    "Wendt",
    "Winkler",
    "Wolff",
    "Yilmaz",
    "Zander",
]
FEMALE_NEW_YORK = [
    "Alicia",
    "Amara",
    "Bianca",
    "Camila",
    "Carmen",
    "Chloe",
    "Dana",
    "Ebony",
    "Elena",
    "Fatima",
    "Grace",
    "Hannah",
    "Imani",
    "Jasmine",
    "Joyce",
    "Keisha",
    "Leah",
    "Lucia",
    "Maya",
    "Mei",
    "Naomi",
    "Nina",
    "Olivia",
    "Priya",
    "Rachel",
    "Rosa",
    "Simone",
    "Tara",
    "Wendy",
    "Zoe",
]
MALE_NEW_YORK = [
    "Aaron",
    "Andre",
    "Anthony",
    "Carlos",
    "Damian",
    "Darius",
    "Dominic",
    "Elijah",
    "Ethan",
    "Gabriel",
    "Hector",
    "Isaac",
    "Jamal",
    "Jesse",
    "Joel",
    "Julian",
    "Kenji",
    "Luis",
    "Malik",
    "Marcus",
    "Mateo",
    "Nathan",
    "Omar",
    "Patrick",
    "Rafael",
    "Raj",
    "Sean",
    "Terrence",
    "Victor",
    "Wei",
]
LAST_NEW_YORK = [
    "Acosta",
    "Baptiste",
    "Bennett",
    "Boateng",
    "Brooks",
    "Castillo",
    "Chen",
    "Cohen",
    "Conti",
    "Cruz",
    "Delgado",
    "Diaz",
    "Edwards",
    "Espinoza",
    "Ferrara",
    "Fields",
    "Fischer",
    "Fleming",
    "Garcia",
    "Grant",
    "Gupta",
    "Harper",
    "Huang",
    "Jenkins",
    "Kaplan",
    "Kim",
    "Leone",
    "Lin",
    "Maldonado",
    "Mehta",
    "Moran",
    "Nunez",
    "Okafor",
    "Ortiz",
    "Park",
    "Patel",
    "Pena",
    "Perry",
    "Quinn",
    "Rahman",
    "Reyes",
    "Russo",
    "Santos",
    "Shah",
    "Sharma",
    "Tran",
    "Vargas",
    "Wallace",
    "Weiss",
    "Zhang",
]

BASIC, FLEX, PREMIUM = "basic", "flex", "premium"

ORDINARY_SERIES, IDLE_SERIES, PREMIUM_SERIES = "123"
"""With which digit the numbers of customers begin who are for trying things out."""
RESERVED_SERIES = frozenset({ORDINARY_SERIES, IDLE_SERIES, PREMIUM_SERIES})
RESERVED = 6
"""How many of each there are; they book nothing by themselves."""


@dataclass(frozen=True, slots=True)
class City:
    """Where customers come from, and how they are named and reached there."""

    studio: str
    prefix: str
    """Of their customer numbers."""
    female: list[str]
    male: list[str]
    last: list[str]
    language: str
    phone: str = field(repr=False)


BERLIN = City("berlin", "B", FEMALE_BERLIN, MALE_BERLIN, LAST_BERLIN, "de", "+49 171 39200")
NEW_YORK = City(
    "new-york", "N", FEMALE_NEW_YORK, MALE_NEW_YORK, LAST_NEW_YORK, "en-US", "+1 212 555 01"
)


def customers(city: City, count: int, today: date) -> Iterator[dict[str, Any]]:
    """So many customers of a city's studio, as a gym file has them.

    First those that are reserved: with a basic membership, with one that rests until further
    notice, and with a premium one.
    """
    dice = random.Random(city.studio)  # noqa: S311, there is nothing to keep secret
    names = _names(city, dice)
    for series, rate in (
        (ORDINARY_SERIES, BASIC),
        (IDLE_SERIES, BASIC),
        (PREMIUM_SERIES, PREMIUM),
    ):
        for number in range(1, RESERVED + 1):
            member = _customer(city, f"{city.prefix}{series}{number:03}", next(names), dice)
            membership = _membership(member, rate, today, dice)
            if series == IDLE_SERIES:
                membership["idle_periods"] = [
                    {
                        "key": f"{member['key']}-rest",
                        "from": _text(today - timedelta(days=dice.randint(5, 40))),
                        "reason": dice.choice(("Sabbatical", "Parental leave", "Recovery")),
                    }
                ]
            yield member | {"memberships": [membership]}
    for number in range(1, count - 3 * RESERVED + 1):
        yield _passer_by(city, f"{city.prefix}5{number:03}", next(names), today, dice)


def _passer_by(
    city: City, number: str, name: tuple[str, str, str], today: date, dice: random.Random
) -> dict[str, Any]:
    """A customer like any other: most are members, some were, some may become one."""
    customer = _customer(city, number, name, dice)
    status = dice.choices(("MEMBER", "PROSPECT", "FORMER_MEMBER"), (86, 8, 6))[0]
    if status == "PROSPECT":
        return customer | {"status": status}
    rate = dice.choices((BASIC, FLEX, PREMIUM), (50, 25, 25))[0]
    membership = _membership(customer, rate, today, dice)
    if status == "FORMER_MEMBER":
        membership["from"] = _text(today - timedelta(days=dice.randint(500, 1500)))
        membership["until"] = _text(today - timedelta(days=dice.randint(10, 400)))
    elif dice.random() < 0.05:
        first = today + timedelta(days=dice.randint(-10, 25))
        membership["idle_periods"] = [
            {
                "key": f"{number}-rest",
                "from": _text(first),
                "until": _text(first + timedelta(days=dice.randint(14, 60))),
            }
        ]
    return customer | {"status": status, "memberships": [membership]}


def _names(city: City, dice: random.Random) -> Iterator[tuple[str, str, str]]:
    """First name, last name and gender, no two people alike."""
    every = [
        (first, last, gender)
        for gender, names in (("FEMALE", city.female), ("MALE", city.male))
        for first in names
        for last in city.last
    ]
    dice.shuffle(every)
    return iter(every)


def _customer(
    city: City, number: str, name: tuple[str, str, str], dice: random.Random
) -> dict[str, Any]:
    first, last, gender = name
    mail = folded_address(f"{first}.{last}").replace(" ", "-")
    born = date(1958, 1, 1) + timedelta(days=dice.randint(0, 48 * 365))
    return {
        "key": number,
        "number": number,
        "studio": city.studio,
        "first_name": first,
        "last_name": last,
        "gender": gender,
        "date_of_birth": _text(born),
        "email": f"{mail}@mail.example",
        "phone": f"{city.phone}{dice.randint(0, 99):02}",
        "preferred_language": city.language,
    }


def _membership(
    customer: dict[str, Any], rate: str, today: date, dice: random.Random
) -> dict[str, Any]:
    since = today - timedelta(days=dice.randint(20, 900))
    return {"key": f"{customer['key']}-{rate}", "rate": rate, "from": _text(since)}


def _text(day: date) -> str:
    return day.isoformat()
