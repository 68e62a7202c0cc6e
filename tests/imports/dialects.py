"""A made-up table of people, as each of the other systems would export it."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO, StringIO
from typing import Any

import openpyxl

Person = dict[str, str]
"""As a gym file has it."""

GERMAN_STATUS = {"MEMBER": "Aktiv", "PROSPECT": "Interessent", "FORMER_MEMBER": "Ehemalig"}
ENGLISH_STATUS = {"MEMBER": "Active", "PROSPECT": "Prospect", "FORMER_MEMBER": "Inactive"}
GERMAN_GENDER = {"FEMALE": "weiblich", "MALE": "männlich", "UNISEX": "divers"}
ENGLISH_GENDER = {"FEMALE": "F", "MALE": "M", "UNISEX": "Other"}


@dataclass(frozen=True)
class Dialect:
    """How a system writes a member list: its heads, and what it makes of a person."""

    name: str
    heads: Sequence[str]
    cells: Callable[[Person], Sequence[Any]]
    day: str
    """How it writes a day, as `strftime` takes it."""
    keeps: frozenset[str]
    """The facts that its table has a column for."""
    delimiter: str = ","
    encoding: str = "utf-8"
    quoted: int = csv.QUOTE_MINIMAL
    workbook: bool = False

    def export(self, people: Iterable[Person]) -> bytes:
        rows = [self.heads, *(self.cells(each) for each in people)]
        if self.workbook:
            return workbook(rows)
        return text(rows, self.delimiter, self.encoding, self.quoted)


def text(
    rows: Iterable[Sequence[Any]],
    delimiter: str = ";",
    encoding: str = "utf-8",
    quoted: int = csv.QUOTE_MINIMAL,
) -> bytes:
    """The rows as delimited text."""
    written = StringIO()
    csv.writer(written, delimiter=delimiter, quoting=quoted).writerows(rows)
    return written.getvalue().encode(encoding)


def workbook(rows: Iterable[Sequence[Any]], *, sheets: Sequence[str] = ("Export",)) -> bytes:
    """The rows on the first sheet of a workbook, as many others as are named left empty."""
    book = openpyxl.Workbook()
    first = book.active
    first.title = sheets[0]
    for each in rows:
        first.append([None if cell == "" else cell for cell in each])
    for name in sheets[1:]:
        book.create_sheet(name)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def born(person: Person, form: str, otherwise: str = "") -> str:
    if "date_of_birth" not in person:
        return otherwise
    day = date.fromisoformat(person["date_of_birth"])
    # Without leading zeros, and the same on every system.
    return (
        form.replace("%-m", str(day.month))
        .replace("%-d", str(day.day))
        .replace("%Y", f"{day.year:04}")
        .replace("%m", f"{day.month:02}")
        .replace("%d", f"{day.day:02}")
    )


def full(person: Person) -> str:
    return f"{person['first_name']} {person['last_name']}"


def last_first(person: Person) -> str:
    return f"{person['last_name']}, {person['first_name']}"


def _get(person: Person, name: str, otherwise: str = "") -> str:
    return person.get(name, otherwise)


NAMES = {"first_name", "last_name"}
ALL = frozenset({*NAMES, "number", "email", "phone", "date_of_birth", "gender", "status"})

DIALECTS = (
    Dialect(
        "magicline, German",
        (
            "Mitgliedsnummer",
            "Vorname",
            "Nachname",
            "Geburtstag",
            "Geschlecht",
            "E-Mail",
            "Mobil",
            "Status",
        ),
        lambda p: (
            _get(p, "number"),
            p["first_name"],
            p["last_name"],
            date.fromisoformat(p["date_of_birth"]) if "date_of_birth" in p else "",
            GERMAN_GENDER.get(_get(p, "gender"), ""),
            _get(p, "email"),
            _get(p, "phone"),
            GERMAN_STATUS[p["status"]],
        ),
        "",
        ALL,
        workbook=True,
    ),
    Dialect(
        "magicline, English",
        (
            "Customer number",
            "First name",
            "Last name",
            "Date of birth",
            "E-mail",
            "Mobile phone",
            "Rate",
        ),
        lambda p: (
            _get(p, "number"),
            p["first_name"],
            p["last_name"],
            born(p, "%d.%m.%Y"),
            _get(p, "email"),
            _get(p, "phone"),
            "Flex",
        ),
        "",
        ALL - {"gender", "status"},
        workbook=True,
    ),
    Dialect(
        "mindbody",
        ("Client", "ID", "Email", "Mobile Phone", "Birthday", "Gender", "Status", "Home Location"),
        lambda p: (
            last_first(p),
            _get(p, "number", "---"),
            _get(p, "email", "---"),
            _get(p, "phone", "---"),
            born(p, "%-m/%-d/%Y", "---"),
            ENGLISH_GENDER.get(_get(p, "gender"), "---"),
            ENGLISH_STATUS[p["status"]],
            "Main",
        ),
        "%-m/%-d/%Y",
        ALL,
        encoding="utf-8-sig",
    ),
    Dialect(
        "glofox",
        (
            "BarcodeID",
            "Client Name",
            "Status",
            "Membership Tier",
            "Phone",
            "Email Address",
            "Joined On",
            "Location",
        ),
        lambda p: (
            _get(p, "number"),
            full(p),
            ENGLISH_STATUS[p["status"]],
            "Gold, monthly",
            _get(p, "phone"),
            _get(p, "email"),
            "2020-01-31",
            "Main",
        ),
        "",
        ALL - {"date_of_birth", "gender"},
    ),
    Dialect(
        "teamup",
        (
            "Full Name",
            "First Name",
            "Last Name",
            "Email",
            "Phone",
            "Gender",
            "DOB",
            "Address Line 1",
            "Status",
            "Active Memberships",
        ),
        lambda p: (
            full(p),
            p["first_name"],
            p["last_name"],
            _get(p, "email"),
            _get(p, "phone"),
            ENGLISH_GENDER.get(_get(p, "gender"), ""),
            born(p, "%d/%m/%Y"),
            "High Street 1, 2nd floor",
            ENGLISH_STATUS[p["status"]],
            "Gold; Silver",
        ),
        "%d/%m/%Y",
        ALL - {"number"},
    ),
    Dialect(
        "zen planner",
        ("FirstName", "LastName", "Email", "CellPhone", "BirthDate", "BeginDate"),
        lambda p: (
            p["first_name"],
            p["last_name"],
            _get(p, "email"),
            _get(p, "phone"),
            born(p, "%m/%d/%Y"),
            "12/31/2020",
        ),
        "%m/%d/%Y",
        ALL - {"number", "gender", "status"},
        encoding="utf-16",
        delimiter="\t",
    ),
    Dialect(
        "wodify",
        ("First Name", "Last Name", "Email", "Phone", "Date of Birth", "Client Status", "Location"),
        lambda p: (
            p["first_name"],
            p["last_name"],
            _get(p, "email"),
            _get(p, "phone"),
            born(p, "%m/%d/%Y"),
            ENGLISH_STATUS[p["status"]],
            "Main",
        ),
        "%m/%d/%Y",
        ALL - {"number", "gender"},
    ),
    Dialect(
        "wodguru, first names first",
        ("first_last_name", "email", "phone", "dob"),
        lambda p: (full(p), _get(p, "email"), _get(p, "phone"), born(p, "%d-%m-%Y")),
        "%d-%m-%Y",
        ALL - {"number", "gender", "status"},
    ),
    Dialect(
        "wodguru",
        ("last_first_name", "email", "phone", "dob"),
        lambda p: (last_first(p), _get(p, "email"), _get(p, "phone"), born(p, "%d-%m-%Y")),
        "%d-%m-%Y",
        ALL - {"number", "gender", "status"},
        quoted=csv.QUOTE_ALL,
    ),
    Dialect(
        "fresha",
        (
            "Client ID",
            "First Name",
            "Last Name",
            "Email",
            "Mobile Number",
            "Date of Birth",
            "Gender",
        ),
        lambda p: (
            _get(p, "number"),
            p["first_name"],
            p["last_name"],
            _get(p, "email"),
            _get(p, "phone"),
            born(p, "%Y-%m-%d"),
            _get(p, "gender").title(),
        ),
        "",
        ALL - {"status"},
        quoted=csv.QUOTE_ALL,
        encoding="utf-16-le",
    ),
    *(
        Dialect(
            f"club, {encoding}",
            (
                "Mitgliedsnummer",
                "Vorname",
                "Nachname",
                "E-Mail",
                "Geburtsdatum",
                "Status",
                "Eintritt",
                "Beitrag",
                "Telefon",
                "Anrede",
            ),
            lambda p: (
                _get(p, "number"),
                p["first_name"],
                p["last_name"],
                _get(p, "email"),
                born(p, "%d.%m.%Y"),
                GERMAN_STATUS[p["status"]],
                "01.03.2020",
                "29,90",
                _get(p, "phone"),
                {"FEMALE": "Frau", "MALE": "Herr", "UNISEX": "Divers"}.get(_get(p, "gender"), ""),
            ),
            "%d.%m.%Y",
            ALL,
            delimiter=";",
            encoding=encoding,
        )
        for encoding in ("utf-8", "utf-8-sig", "cp1252")
    ),
)
"""Every system of which the columns of a member list are known."""
