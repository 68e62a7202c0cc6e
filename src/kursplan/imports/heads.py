"""The column names of other systems' tables, in German and English.

The names are those of published import templates and help pages: Magicline, Eversports, Mindbody,
Glofox, TeamUp, Zen Planner, Wodify, Fresha, WodGuru, and the lists that clubs keep. They are
compared as people's names are: case, blanks, signs and dots over letters do not count.

Of several names for the same, the one that stands first here is the better one: a mobile number
before any other.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from kursplan.domain.names import folded


class Subject(StrEnum):
    """What a table is about."""

    MEMBERS = "members"
    TIMETABLE = "timetable"
    BOOKINGS = "bookings"


SAME_AS = "Kursplan: same as"
"""In a file of rows to mend: `new`, or the key or number of the customer who it is."""
LINE = "Kursplan: line"
REASON = "Kursplan: reason"

_PERSON = {
    "number": "Mitgliedsnummer|Mitglieds-Nr.|Mitglied-Nr.|Mitgl.-Nr.|MitgliedNr|Mitgliedernummer|Kundennummer"
    "|Kunden-Nr.|KdNr|Customer number|Customer no|Customer ID|Member number|Member no|Member ID"
    "|Membership number|Client number|Client ID|BarcodeID|Barcode|User ID|Number|Nummer|Nr.|No.|ID",
    "first_name": "Vorname|First name|FirstName|Given name|Rufname|Forename",
    "last_name": "Nachname|Last name|LastName|Surname|Family name|Familienname|Zuname",
    "last_first_name": "last_first_name|Last, First|Name, Vorname|Nachname, Vorname|Last name, first name",
    "full_name": "first_last_name|Full name|Vor- und Nachname|Vorname Nachname|Vollständiger Name|Client name"
    "|Customer name|Member name|Athlete name|Mitgliedsname|Kundenname|Client|Customer|Kunde|Mitglied|Member"
    "|Athlete|Teilnehmer|Participant|Name",
    "email": "E-Mail|E-Mail-Adresse|Email address|Mail|Mailadresse|E-Mail privat|Customer email|Client email",
}
"""Columns that say who somebody is; the tables of members and of bookings have them."""

_NAMES: Mapping[Subject, Mapping[str, str]] = {
    Subject.MEMBERS: {
        **_PERSON,
        "phone": "Handy|Handynummer|Mobil|Mobilnummer|Mobiltelefon|Mobile|Mobile phone|Mobile number|Cell"
        "|Cell phone|Phone number|Phone|Telefon|Telefonnummer|Telefon mobil|Telefon privat|Telephone|Tel."
        "|Home phone|Festnetz",
        "date_of_birth": "Geburtsdatum|Geburtstag|Geb.-Datum|Geb.datum|geboren am|geb.|Date of birth|DOB"
        "|Birthdate|Birth date|Birthday",
        "gender": "Geschlecht|Gender|Sex|Anrede|Salutation",
        "status": "Status|Mitgliedsstatus|Mitgliedstatus|Kundenstatus|Member status|Membership status"
        "|Client status",
        "preferred_language": "Sprache|Bevorzugte Sprache|Korrespondenzsprache|Language|Preferred language",
        "same_as": SAME_AS,
    },
    Subject.TIMETABLE: {
        "date": "Datum|Date|Class date|Tag|Kursdatum|Startdatum|Start date",
        "start": "Startzeit|Start time|Beginn|Uhrzeit|Anfang|Start|Von|Time|Class time|Zeit",
        "end": "Endzeit|End time|Ende|End|Bis",
        "duration": "Dauer|Duration|Dauer (Min)|Duration (min)|Minuten|Minutes|Length",
        "title": "Activity name|Class name|Class type|Kurs|Kursname|Class|Activity|Aktivität|Angebot|Titel|Title"
        "|Name|Bezeichnung",
        "instructor": "Trainer|Trainer nickname|Instructor|Instructors|Coach|Teacher|Kursleiter|Kursleitung"
        "|Lehrer|Staff",
        "room": "Raum|Room|Ort|Venue|Location|Saal|Studio room",
        "seats": "Max. Teilnehmer|Max Teilnehmer|Plätze|Kapazität|Capacity|Max capacity|Spots|Class limit"
        "|Max participants",
        "status": "Status|Class status",
    },
    Subject.BOOKINGS: {
        **_PERSON,
        "date": "Datum|Date|Class date|Kursdatum|Startdatum|Start date|Tag",
        "start": "Start|Startzeit|Start time|Time|Class time|Beginn|Uhrzeit|Zeit",
        "title": "Activity name|Class name|Class type|Kurs|Kursname|Class|Activity|Aktivität|Titel|Title",
        "instructor": "Trainer|Trainer nickname|Instructor|Instructors|Coach|Teacher|Kursleiter|Lehrer|Staff",
        "room": "Raum|Room|Location|Ort|Venue|Saal",
        "status": "Status|Booking status|Buchungsstatus|Attendance status",
        "same_as": SAME_AS,
    },
}

HEADS: Mapping[Subject, Mapping[str, tuple[str, int]]] = {
    subject: {
        folded(name): (field, rank)
        for field, names in reversed([*fields.items()])
        for rank, name in reversed([*enumerate(names.split("|"))])
    }
    for subject, fields in _NAMES.items()
}
"""The field that a column is, and how good a name for it that is (0 is best), by its folded name."""

FIELDS: Mapping[Subject, tuple[str, ...]] = {
    subject: tuple(fields) for subject, fields in _NAMES.items()
}
