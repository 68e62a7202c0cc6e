"""The made-up company as a gym file: two studios an ocean apart, and what they offer.

It is written for a day, from which its series begin. What is where on the timetable matters to the
examples (`examples.py`): those series of the first studio from which examples are taken never
overlap one another, and none of them pauses for more than three days.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kursplan.demo.people import BASIC, BERLIN, FLEX, NEW_YORK, PREMIUM, customers

KEY = "spree-hudson"
NAME = "Spree & Hudson"
APPLICATION = "demo-app"
STUDIOS = ("berlin", "new-york")
SCOPES = ["CLASSES_READ", "CLASSES_WRITE", "CUSTOMER_READ", "STUDIO_READ", "EMPLOYEE_READ"]

CUSTOMERS_BERLIN, CUSTOMERS_NEW_YORK = 190, 110

DAYS = {
    "Mo": "MONDAY",
    "Tu": "TUESDAY",
    "We": "WEDNESDAY",
    "Th": "THURSDAY",
    "Fr": "FRIDAY",
    "Sa": "SATURDAY",
    "Su": "SUNDAY",
}

Entry = dict[str, Any]


def document(today: date) -> Entry:
    """The company as it is founded on that day."""
    return {
        "organization": {"key": KEY, "name": NAME, "lost_entitlement": "FLAG"},
        "studios": [_berlin(today), _new_york(today)],
        "employees": [_employee(*each) for each in EMPLOYEES],
        "rates": RATES,
        "classes": [*CLASSES_BERLIN, *CLASSES_NEW_YORK],
        "series": [_series(today, *each) for each in SERIES],
        "slots": [_clashing(today)],
        "customers": [
            *customers(BERLIN, CUSTOMERS_BERLIN, today),
            *customers(NEW_YORK, CUSTOMERS_NEW_YORK, today),
        ],
        "applications": [
            {
                "key": APPLICATION,
                "name": "Demo App",
                "integrations": [{"studio": studio, "scopes": SCOPES} for studio in STUDIOS],
            }
        ],
    }


def _berlin(today: date) -> Entry:
    repair = today + timedelta(days=23)
    return {
        "key": "berlin",
        "name": f"{NAME} Berlin",
        "zone": "Europe/Berlin",
        "language": "de",
        "description": "Kurse, Kraft und Klimmzüge mit Blick auf die Spree.",
        "country": "Deutschland",
        "country_code": "DE",
        "email": "berlin@spree-hudson.example",
        "telephone": "+49 30 23125 100",
        "website": "https://spree-hudson.example/berlin",
        "street": "Am Musterufer",
        "house_number": "12",
        "zip": "10245",
        "city": "Berlin",
        "opening_date": "2019-05-04",
        "longitude": 13.45,
        "latitude": 52.5,
        "opening_hours": [
            {
                "day_from": "MONDAY",
                "day_to": "FRIDAY",
                "time_from": "06:00",
                "time_to": "23:00",
            },
            {
                "day_from": "SATURDAY",
                "day_to": "SUNDAY",
                "time_from": "08:00",
                "time_to": "21:00",
            },
        ],
        "locations": [
            {"key": "saal-1", "name": "Saal 1", "description": "Holzboden, Spiegel, Spreeblick"},
            {"key": "saal-2", "name": "Saal 2", "description": "Reformer und Matten"},
            {"key": "radraum", "name": "Radraum", "description": "12 Räder"},
            {"key": "ring", "name": "Boxring"},
            {
                "key": "ufer",
                "name": "Uferwiese",
                "description": "Draußen, bei jedem Wetter",
                "shared": True,
            },
        ],
        "closures": [
            {
                "key": "berlin-repair",
                "from": f"{repair}T00:00",
                "to": f"{repair + timedelta(days=1)}T00:00",
                "reason": "Wartung der Lüftung",
            }
        ],
    }


def _new_york(today: date) -> Entry:
    party = today + timedelta(days=26)
    return {
        "key": "new-york",
        "name": f"{NAME} New York",
        "zone": "America/New_York",
        "language": "en-US",
        "description": "Small classes, big windows, one block from the Hudson.",
        "country": "United States",
        "country_code": "US",
        "email": "newyork@spree-hudson.example",
        "telephone": "+1 212 555 0100",
        "website": "https://spree-hudson.example/new-york",
        "street": "Example Slip",
        "house_number": "7",
        "zip": "10014",
        "city": "New York",
        "opening_date": "2023-09-16",
        "longitude": -74.01,
        "latitude": 40.73,
        "opening_hours": [
            {
                "day_from": "MONDAY",
                "day_to": "SUNDAY",
                "time_from": "05:30",
                "time_to": "22:00",
            }
        ],
        "locations": [
            {"key": "loft", "name": "The Loft", "description": "Third floor, facing west"},
            {"key": "engine-room", "name": "Engine Room", "description": "Racks and 16 bikes"},
        ],
        "closures": [
            {
                "key": "new-york-party",
                "from": f"{party}T16:00",
                "to": f"{party}T22:00",
                "reason": "Staff party",
            }
        ],
    }


RATES: list[Entry] = [
    {"key": BASIC, "name": "Basic", "contingents": [{"bookings": 2, "period": "WEEK"}]},
    {"key": FLEX, "name": "Flex", "contingents": [{"bookings": 10, "period": "MONTH"}]},
    {"key": PREMIUM, "name": "Premium", "contingents": [{"bookings": None, "period": "WEEK"}]},
]

EMPLOYEES = (
    ("wiebke", "Wiebke", "Lüders", "berlin", "STUDIO_MANAGER"),
    ("jorin", "Jorin", "Abels", "berlin", "SERVICE_EMPLOYEE"),
    ("svenja", "Svenja", "Maaß", "berlin", "TRAINER"),
    ("tarek", "Tarek", "Hamdi", "berlin", "TRAINER"),
    ("milena", "Milena", "Petrova", "berlin", "TRAINER"),
    ("bjarne", "Bjarne", "Cohrs", "berlin", "TRAINER"),
    ("oksana", "Oksana", "Lysenko", "berlin", "TRAINER"),
    ("quirin", "Quirin", "Stadler", "berlin", "TRAINER"),
    ("delphine", "Delphine", "Marchetti", "new-york", "STUDIO_MANAGER"),
    ("kofi", "Kofi", "Lamptey", "new-york", "TRAINER"),
    ("marisol", "Marisol", "Quintero", "new-york", "TRAINER"),
    ("tessa", "Tessa", "Vandermeer", "new-york", "TRAINER"),
    ("hiro", "Hiro", "Nakasone", "new-york", "TRAINER"),
)


def _employee(key: str, first_name: str, last_name: str, studio: str, role: str) -> Entry:
    return {
        "key": key,
        "first_name": first_name,
        "last_name": last_name,
        "public_name": f"{first_name} {last_name[0]}.",
        "business_role": role,
        "studios": [studio],
    }


CLASSES_BERLIN: list[Entry] = [
    {
        "key": "vinyasa",
        "studio": "berlin",
        "title": "Vinyasa Flow",
        "category": "Yoga",
        "description": "Fließende Folgen im Takt des Atems. Für alle, die schon einmal auf der "
        "Matte standen.",
        "duration": 75,
        "max_participants": 18,
    },
    {
        "key": "yin",
        "studio": "berlin",
        "title": "Yin Yoga",
        "category": "Yoga",
        "description": "Wenige Haltungen, lange gehalten. Decken liegen bereit.",
        "duration": 60,
        "max_participants": 16,
    },
    {
        "key": "reformer",
        "studio": "berlin",
        "title": "Reformer Pilates",
        "category": "Pilates",
        "description": "Training am Reformer in kleiner Gruppe, im Premium-Tarif enthalten.",
        "duration": 50,
        "max_participants": 8,
        "max_waiting_list": 4,
        "who_may_book": "NAMED_RATES",
        "rates": [PREMIUM],
    },
    {
        "key": "rueckenfit",
        "studio": "berlin",
        "title": "Rückenfit",
        "category": "Gesundheit",
        "description": "Kräftigung für Rumpf und Rücken. Zählt auf das Kontingent des Tarifs.",
        "duration": 45,
        "max_participants": 15,
        "who_may_book": "MEMBERS",
        "uses_contingent": True,
    },
    {
        "key": "cycling",
        "studio": "berlin",
        "title": "Indoor Cycling",
        "category": "Ausdauer",
        "description": "45 Minuten Berg und Tal. Handtuch nicht vergessen!",
        "duration": 45,
        "max_participants": 12,
        "max_waiting_list": 10,
        "late_cancellation": True,
    },
    {
        "key": "hiit",
        "studio": "berlin",
        "title": "HIIT 30",
        "category": "Ausdauer",
        "description": "Kurz und kräftig, genau eine Mittagspause lang.",
        "duration": 30,
        "max_participants": 20,
    },
    {
        "key": "bootcamp",
        "studio": "berlin",
        "title": "Bootcamp am Ufer",
        "category": "Outdoor",
        "description": "Draußen bei jedem Wetter. Gäste aus New York sind willkommen.",
        "duration": 50,
        "max_participants": 24,
        "admits_other_studios": True,
    },
    {
        "key": "boxen",
        "studio": "berlin",
        "title": "Boxen Technik",
        "category": "Kampfsport",
        "description": "Beinarbeit, Deckung, Kombinationen. Bandagen gibt es am Empfang.",
        "duration": 60,
        "max_participants": 14,
        "latest_booking": "30 MINUTES",
        "latest_cancellation": "12 HOURS",
    },
    {
        "key": "trainingsflaeche",
        "studio": "berlin",
        "title": "Offene Trainingsfläche mit Coach",
        "category": "Kraft",
        "description": "Einfach vorbeikommen: Hier hilft jemand bei Technik und Plan.",
        "duration": 120,
        "online_booking": "DISPLAY_ONLY",
        "max_participants": None,
        "max_waiting_list": 0,
    },
    {
        "key": "mobility",
        "studio": "berlin",
        "title": "Mobility am Morgen",
        "category": "Online",
        "type": "STREAM",
        "description": "Eine halbe Stunde Beweglichkeit im Livestream, ohne Begrenzung der Plätze.",
        "duration": 30,
        "max_participants": None,
        "max_waiting_list": 0,
        "latest_cancellation": "0 MINUTES",
        "admits_other_studios": True,
    },
    {
        "key": "handstand",
        "studio": "berlin",
        "title": "Workshop Handstand",
        "category": "Workshop",
        "description": "Zwei Stunden kopfüber. Bitte bis zum Vortag bestätigen.",
        "duration": 120,
        "max_participants": 10,
        "earliest_booking": "1 MONTH",
        "latest_cancellation": "1 DAY",
        "confirmation": "1 DAY",
        "who_may_book": "MEMBERS",
    },
]

CLASSES_NEW_YORK: list[Entry] = [
    {
        "key": "sunrise",
        "studio": "new-york",
        "title": "Sunrise Yoga",
        "category": "Yoga",
        "description": "Start the day before the day starts.",
        "duration": 60,
        "max_participants": 16,
        "earliest_booking": "2 WEEK",
    },
    {
        "key": "ride",
        "studio": "new-york",
        "title": "Ride 45",
        "category": "Cardio",
        "description": "Sixteen bikes, one playlist, no mercy.",
        "duration": 45,
        "max_participants": 16,
        "admits_other_studios": True,
    },
    {
        "key": "strength",
        "studio": "new-york",
        "title": "Strength Lab",
        "category": "Strength",
        "description": "Barbell basics in a group of eight. Premium members only.",
        "duration": 60,
        "max_participants": 8,
        "who_may_book": "NAMED_RATES",
        "rates": [PREMIUM],
    },
    {
        "key": "boxing",
        "studio": "new-york",
        "title": "Boxing Fundamentals",
        "category": "Martial arts",
        "description": "Stance, jab, cross. Gloves are on us.",
        "duration": 50,
        "max_participants": 14,
        "uses_contingent": True,
        "who_may_book": "MEMBERS",
    },
    {
        "key": "barre",
        "studio": "new-york",
        "title": "Barre",
        "category": "Barre",
        "description": "Small movements, long muscles.",
        "duration": 55,
        "max_participants": 18,
    },
]

SERIES = (
    # key, class, weekdays, start, room, instructors
    ("vinyasa-evening", "vinyasa", "Mo Tu Th Sa", "18:30", "saal-1", ["svenja"]),
    ("vinyasa-morning", "vinyasa", "We Fr", "09:00", "saal-1", ["milena"]),
    ("yin-evening", "yin", "Mo We Fr Su", "20:00", "saal-1", ["milena"]),
    ("reformer-noon", "reformer", "Mo Tu We Th Fr Sa", "10:15", "saal-2", ["oksana"]),
    ("reformer-evening", "reformer", "Tu Th", "18:00", "saal-2", ["oksana"]),
    ("rueckenfit-morning", "rueckenfit", "Mo We Fr", "09:15", "saal-2", ["quirin"]),
    ("cycling-afternoon", "cycling", "Mo We Fr", "17:30", "radraum", ["tarek"]),
    ("cycling-sunday", "cycling", "Su", "11:30", "radraum", ["tarek"]),
    ("hiit-noon", "hiit", "Mo Tu We Th Fr", "12:15", "saal-1", ["bjarne"]),
    ("bootcamp-afternoon", "bootcamp", "Tu Th Su", "16:30", "ufer", ["bjarne", "tarek"]),
    ("boxen-early", "boxen", "Tu Th Sa", "06:45", "ring", ["quirin"]),
    ("open-floor", "trainingsflaeche", "Mo Tu We Th Fr Sa Su", "13:00", None, ["bjarne"]),
    ("mobility-stream", "mobility", "Mo Tu We Th Fr", "07:50", None, ["svenja"]),
    ("handstand-saturday", "handstand", "Sa", "15:00", "saal-1", ["milena", "oksana"]),
    ("sunrise-daily", "sunrise", "Mo Tu We Th Fr", "06:15", "loft", ["marisol"]),
    ("ride-lunch", "ride", "Mo We Fr", "12:00", "engine-room", ["kofi"]),
    ("ride-evening", "ride", "Tu Th Sa Su", "18:00", "engine-room", ["kofi"]),
    ("strength-evening", "strength", "Mo We", "19:00", "engine-room", ["hiro"]),
    ("boxing-evening", "boxing", "Tu Th", "19:15", "loft", ["hiro"]),
    ("barre-morning", "barre", "Mo We Fr Sa", "09:30", "loft", ["tessa"]),
)


def _clashing(today: date) -> Entry:
    """On a Friday, when Tessa gives Barre: so there is something to see for `kursplan slot clashes`."""
    soonest = today + timedelta(days=10)
    friday = soonest + timedelta(days=(4 - soonest.weekday()) % 7)
    return {
        "key": "ride-trial",
        "class": "ride",
        "start": f"{friday}T10:00",
        "location": "engine-room",
        "instructors": ["tessa"],
    }


def _series(
    today: date,
    key: str,
    class_: str,
    weekdays: str,
    start: str,
    room: str | None,
    instructors: list[str],
) -> Entry:
    entry = {
        "key": key,
        "class": class_,
        "weekdays": [DAYS[each] for each in weekdays.split()],
        "start": start,
        "first_day": today.isoformat(),
        "instructors": instructors,
    }
    return entry if room is None else entry | {"location": room}
