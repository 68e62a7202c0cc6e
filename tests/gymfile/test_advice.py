"""What people write into a gym file: what is taken, what is told, and that the advice holds.

Each case fills one place of a file. Whatever a message tells to write is written there instead,
and has to be accepted: no advice leads to the next mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kursplan.domain.entries import Gym
from kursplan.gymfile import GymFileMistakes, Mistake, read
from kursplan.gymfile.forms import Advice, Means, Wanted
from kursplan.gymfile.forms.numbers import whole_number

FILE = """\
organization: {key: muster-gym, name: Muster-Gym}
studios:
  - key: berlin
    name: «studio_name=Muster-Gym Berlin»
    zone: «zone=Europe/Berlin»
    language: «language=de»
    email: «email=team@muster.example»
    website: «website=https://muster.example»
    country_code: «country_code=DE»
    zip: «zip="10115"»
    telephone: «telephone="+49 30 901820"»
    opening_date: «opening_date=2020-01-01»
    longitude: «longitude=13.405»
    latitude: 52.52
    access_code_enabled: «access_code_enabled=false»
    opening_hours:
      - day_from: «day_from=MONDAY»
        day_to: SUNDAY
        time_from: «time_from="06:00"»
        time_to: «time_to="23:00"»
    locations:
      - {key: hall, name: «location_name=Big Hall»}
    closures:
      - key: easter
        from: «closure_from=2031-04-03T00:00»
        to: «closure_to=2031-04-27T00:00»
  - {key: lisbon, name: Muster-Gym Lisboa, zone: Europe/Lisbon, locations: [{key: sala, name: Big Hall}]}
employees:
  - {key: ina, first_name: Ina, last_name: «last_name=Trainer», gender: «gender=FEMALE», studios: «studios=[berlin]»}
  - {key: jo, first_name: Jo, last_name: Otto, studios: [lisbon]}
rates:
  - key: «rate_key=flex»
    name: Flex
    contingents: [{bookings: «bookings=8», period: «period=MONTH»}]
classes:
  - key: yoga
    studio: «studio=berlin»
    title: «title=Yoga»
    duration: «duration=60»
    bookable: «bookable=true»
    online_booking: «online_booking=AVAILABLE»
    earliest_booking: «earliest_booking=7 DAY»
    latest_booking: «latest_booking=0 MINUTES»
    latest_cancellation: «latest_cancellation=2 HOURS»
    promotion_ends: «promotion_ends=null»
    grace: «grace=15 MINUTES»
    confirmation: «confirmation=null»
    max_participants: «max_participants=20»
    max_waiting_list: «max_waiting_list=5»
    who_may_book: «who_may_book=EVERYONE»
series:
  - key: evening
    class: «class=yoga»
    weekdays: «weekdays=[MONDAY, THURSDAY]»
    start: «start="18:00"»
    first_day: «first_day=2026-01-05»
    last_day: «last_day=null»
    location: «location=hall»
    instructors: «instructors=[ina]»
slots:
  - {key: open-day, class: yoga, start: «slot_start=2031-05-03T10:00»}
customers:
  - key: «customer_key="1001"»
    studio: berlin
    number: «number="1001"»
    first_name: «first_name=Erika»
    last_name: Mustermann
    date_of_birth: «date_of_birth=1990-05-17»
    preferred_language: de
"""
PLACE = re.compile(r"«(\w+)=(.*?)»")
PLACES = [place for place, _ in PLACE.findall(FILE)]


def filled(place: str = "", text: str = "") -> str:
    """The file with a text in one of its places, and something right in all others."""
    assert place in ("", *PLACES)
    return PLACE.sub(lambda found: text if found[1] == place else found[2], FILE)


def mistakes(text: str) -> tuple[Mistake, ...]:
    with pytest.raises(GymFileMistakes) as told:
        read(text)
    return told.value.mistakes


def test_the_file_itself_is_fine() -> None:
    assert read(filled()).gym.organization.key == "muster-gym"


# --- What can only mean one thing --------------------------------------------------------------

TAKEN = [
    ("start", "6:30", '"06:30"'),
    ("start", "'6:30'", '"06:30"'),
    ("start", "18:00:00", '"18:00"'),
    ("start", "“18:00”", '"18:00"'),
    ("start", '" 18:00 "', '"18:00"'),
    ("time_from", "6:00", '"06:00"'),
    ("first_day", "20261130", "2026-11-30"),
    ("first_day", "2026-3-2", "2026-03-02"),
    ("first_day", "2026/11/30", "2026-11-30"),
    ("first_day", "2026.11.30", "2026-11-30"),
    ("first_day", "2026-11-30 00:00:00", "2026-11-30"),
    ("first_day", "2026-11-30T00:00:00.000Z", "2026-11-30"),
    ("slot_start", "2031-05-03 10:00", "2031-05-03T10:00"),
    ("slot_start", "2031-5-3 9:30", "2031-05-03T09:30"),
    ("slot_start", "2031-05-03T10:00:00", "2031-05-03T10:00"),
    ("earliest_booking", "7 DAYS", "7 DAY"),
    ("earliest_booking", "7 days", "7 DAY"),
    ("earliest_booking", "7d", "7 DAY"),
    ("earliest_booking", "1  Week", "1 WEEK"),
    ("latest_cancellation", "1 HOUR", "1 HOURS"),
    ("latest_cancellation", "24h", "24 HOURS"),
    ("latest_cancellation", "90 min", "90 MINUTES"),
    ("latest_cancellation", "01 hours", "1 HOURS"),
    ("bookable", "yes", "true"),
    ("bookable", "no", "false"),
    ("bookable", "on", "true"),
    ("bookable", "OFF", "false"),
    ("bookable", '"true"', "true"),
    ("bookable", "N", "false"),
    ("day_from", "Monday", "MONDAY"),
    ("day_from", "mon", "MONDAY"),
    ("weekdays", "[Tue, thurs., Sundays]", "[TUESDAY, THURSDAY, SUNDAY]"),
    ("weekdays", "Monday", "[MONDAY]"),
    ("weekdays", "Monday and Friday", "[MONDAY, FRIDAY]"),
    ("weekdays", "MONDAY, Thu", "[MONDAY, THURSDAY]"),
    ("weekdays", "Mon-Fri", "[MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY]"),
    ("weekdays", "daily", "[MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY]"),
    ("studios", "berlin", "[berlin]"),
    ("instructors", "ina", "[ina]"),
    ("instructors", '"ina, jo"', "[ina, jo]"),
    ("online_booking", "Display only", "DISPLAY_ONLY"),
    ("online_booking", "no", "NO"),
    ("online_booking", "display-only", "DISPLAY_ONLY"),
    ("gender", "female", "FEMALE"),
    ("period", "month", "MONTH"),
    ("language", "DE", "de"),
    ("language", "de_CH", "de-CH"),
    ("country_code", "de", "DE"),
    ("country_code", "NO", '"NO"'),
    ("zip", "01067", '"01067"'),
    ("zip", "0123", '"0123"'),
    ("zip", "1_000", '"1_000"'),
    ("number", "0123", '"0123"'),
    ("number", "' 1001 '", '"1001"'),
    ("number", "1001.50", '"1001.50"'),
    ("number", "1e5", '"1e5"'),
    ("customer_key", "1001", '"1001"'),
    ("customer_key", "007", '"007"'),
    ("telephone", "+4930901820", '"+4930901820"'),
    ("title", "24", '"24"'),
    ("title", "No", '"No"'),
    ("title", "18:00", '"18:00"'),
    ("title", "Yoga & Co. *new*", '"Yoga & Co. *new*"'),
    ("title", "C#", '"C#"'),
    ("title", "Yoga # for all", "Yoga"),
    ("title", "'Yoga #1' #new", '"Yoga #1"'),
    ("duration", "60 # minutes", "60"),
    ("duration", "60 #minutes", "60"),
    ("duration", "60.0", "60"),
    ("duration", '"60"', "60"),
    ("duration", "060", "60"),
    ("duration", "90 min", "90"),
    ("duration", "90 minutes", "90"),
    ("max_participants", "1_000", "1000"),
    ("max_participants", "1'000", "1000"),
    ("max_participants", "~", "null"),
    ("last_day", "", "null"),
    ("last_day", "''", "null"),
    ("instructors", "~", "[]"),
    ("longitude", '"13.405"', "13.405"),
    ("zone", "europe/berlin", "Europe/Berlin"),
    ("zone", "GMT", "UTC"),
    ("email", '" team@muster.example "', "team@muster.example"),
    ("website", "HTTPS://muster.example", "https://muster.example"),
]


def test_what_can_only_mean_one_thing_is_taken() -> None:
    for place, written, means in TAKEN:
        taken, meant = read(filled(place, written)), read(filled(place, means))
        assert taken.gym == meant.gym, (place, written)


def test_a_member_that_may_be_left_out_may_have_no_value() -> None:
    values: dict[str, Callable[[Gym], object]] = {
        "email": lambda gym: gym.studios[0].email,
        "telephone": lambda gym: gym.studios[0].telephone,
        "zip": lambda gym: gym.studios[0].zip,
        "country_code": lambda gym: gym.studios[0].country_code,
        "opening_date": lambda gym: gym.studios[0].opening_date,
        "gender": lambda gym: gym.employees[0].gender,
        "location": lambda gym: gym.series[0].location,
        "number": lambda gym: gym.customers[0].number,
        "date_of_birth": lambda gym: gym.customers[0].date_of_birth,
    }
    for place, value in values.items():
        assert value(read(filled()).gym) is not None
        for nothing in ("", "~", "null", "''", '" "'):
            assert value(read(filled(place, nothing)).gym) is None, (place, nothing)


def test_a_file_of_windows_is_read_like_any_other() -> None:
    text = filled("title", "Yoga & Co # x")
    assert read(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()).gym == read(text).gym


# --- What is told, with what to write ----------------------------------------------------------

WORDS = "cs, de, en, es, fr, hu, it, nb, nl, pl, ro, ru, sl, sv, tr, de-CH, de-LI, en-CA, en-GB, en-US, fr-LU"
TOLD = [
    # Times of day.
    ("start", "18.00", 'is 18.00, which is not how times are written here: write "18:00"'),
    ("start", "18,30", "is '18,30', which is not how times are written here: write \"18:30\""),
    ("start", "18", 'is 18, which is not how times are written here: write "18:00"'),
    ("start", "18h", "is '18h', which is not how times are written here: write \"18:00\""),
    ("start", "18h30", "is '18h30', which is not how times are written here: write \"18:30\""),
    ("start", "18 Uhr", "is '18 Uhr', which is not how times are written here: write \"18:00\""),
    ("start", "18.30 Uhr", "is '18.30 Uhr', which is not how times are written here: write \"18:30\""),
    ("start", "6:30 pm", "is '6:30 pm', which is not how times are written here: write \"18:30\""),
    ("start", "12am", "is '12am', which is not how times are written here: write \"00:00\""),
    ("start", "1830", 'is 1830, which lacks the colon: write "18:30"'),
    ("start", "0630", 'is 0630, which lacks the colon: write "06:30"'),
    ("start", "630", 'is 630, which lacks the colon: write "06:30" or "10:30"'),
    ("start", "390", 'is 390, which is what some tools make of a time without quotes: write "06:30"'),
    ("start", "24", 'is 24, but a day ends with 23:59, and 24:00 is 00:00 of the day after: write it like "00:00"'),
    ("start", "24:00", "is '24:00', but a day ends with 23:59, and 24:00 is 00:00 of the day after: write it like \"00:00\""),
    ("start", "18.5", 'is 18.5, which is no time of day: write it like "18:00"'),
    ("start", "25:00", "is '25:00', which is no time of day: write it like \"18:00\""),
    ("start", "18:00-19:00", "is '18:00-19:00', which is more than one time: write \"18:00\""),
    ("start", "2026-03-02T18:00", "is '2026-03-02T18:00', which has a day, too: write \"18:00\""),
    ("start", "true", 'is true, which is no time of day: write it like "18:00"'),
    ("start", "null", 'has no value, but must be given: write it like "18:00"'),
    ("start", "''", 'is empty, but must be given: write it like "18:00"'),
    ("time_to", "24:00", "is '24:00', which is midnight: write \"00:00\""),
    # Days.
    ("first_day", "30.11.2026", "is '30.11.2026', which is not how days are written here: write \"2026-11-30\""),
    ("first_day", "11/30/2026", "is '11/30/2026', which is not how days are written here: write \"2026-11-30\""),
    ("first_day", "30-11-2026", "is '30-11-2026', which is not how days are written here: write \"2026-11-30\""),
    ("first_day", "03/02/2026", "is '03/02/2026', which could be 3 February or 2 March: write \"2026-02-03\" or \"2026-03-02\""),
    ("first_day", "02/02/2026", "is '02/02/2026', which is not how days are written here: write \"2026-02-02\""),
    ("first_day", "30. November 2026", "is '30. November 2026', which is not how days are written here: write \"2026-11-30\""),
    ("first_day", "Nov 30, 2026", "is 'Nov 30, 2026', which is not how days are written here: write \"2026-11-30\""),
    ("first_day", "1. März 2026", "is '1. März 2026', which is not how days are written here: write \"2026-03-01\""),
    ("first_day", "30112026", 'is 30112026, which is not how days are written here: write "2026-11-30"'),
    ("first_day", "46356", 'is 46356, which is not how days are written here: write "2026-11-30"'),
    ("first_day", "30.11.26", "is '30.11.26', which has a year of two digits: write it like \"2026-03-02\""),
    ("first_day", "2026-11", "is '2026-11', which lacks the day of the month: write it like \"2026-11-01\""),
    ("first_day", "2026-02-30", "is '2026-02-30', and there is no such day: that month ends with \"2026-02-28\""),
    ("first_day", "2026-11-30T18:00", "is '2026-11-30T18:00', which has a time of day: write \"2026-11-30\""),
    ("first_day", "9999-12-31", "is '9999-12-31', which lies outside of 1900 to 2199: write it like \"2026-03-02\""),
    ("first_day", "tomorrow", "is 'tomorrow', which is no day: write it like \"2026-03-02\""),
    ("last_day", "9999-12-31", "is '9999-12-31', which stands for no end: write null"),
    ("last_day", "never", "is 'never', which is no day: write null"),
    ("last_day", "unbefristet", "is 'unbefristet', which is no day: write null"),
    ("date_of_birth", "0000-00-00", "is '0000-00-00', which is no day: leave it out where there is none"),
    ("date_of_birth", "17.5.1990", "is '17.5.1990', which is not how days are written here: write \"1990-05-17\""),
    # Both together.
    ("slot_start", "03.05.2031 10:00", "is '03.05.2031 10:00', which is not how a day and a time are written here: write \"2031-05-03T10:00\""),
    ("slot_start", "2031-05-03 10 Uhr", "is '2031-05-03 10 Uhr', which is not how a day and a time are written here: write \"2031-05-03T10:00\""),
    ("slot_start", "2031-05-03", "is '2031-05-03', which lacks the time of day: write it like \"2031-05-03T18:00\""),
    ("slot_start", "2031-05-03T10:00+02:00", "is '2031-05-03T10:00+02:00', which has a zone: days and times here are those of the studio: write \"2031-05-03T10:00\""),
    ("slot_start", "2031-05-03T10:00Z", "is '2031-05-03T10:00Z', which has a zone: days and times here are those of the studio: write it like \"2026-03-02T18:00\""),
    ("closure_from", "2031-04-03", "is '2031-04-03', which lacks the time of day: write \"2031-04-03T00:00\""),
    ("closure_to", "2031-04-26", "is '2031-04-26', which lacks the time of day; if that day still belongs to it: write \"2031-04-27T00:00\""),
    # Terms.
    ("latest_cancellation", "24", 'is 24, which lacks its unit (that, or MINUTES, DAY, WEEK, MONTH, YEAR): write "24 HOURS"'),
    ("latest_booking", "600", 'is 600, which lacks its unit (that, or HOURS, DAY, WEEK, MONTH, YEAR): write "600 MINUTES"'),
    ("earliest_booking", "14", 'is 14, which lacks its unit (that, or MINUTES, HOURS, WEEK, MONTH, YEAR): write "14 DAY"'),
    ("grace", "10", 'is 10, which lacks its unit (that, or MINUTES): write "10 HOURS"'),
    ("latest_cancellation", "2 Stunden", "is '2 Stunden', which is not how terms are written: write \"2 HOURS\""),
    ("earliest_booking", "14 Tage", "is '14 Tage', which is not how terms are written: write \"14 DAY\""),
    ("latest_cancellation", "1,5 HOURS", "is '1,5 HOURS', which is no whole number: write \"90 MINUTES\""),
    ("latest_cancellation", "1.5h", "is '1.5h', which is no whole number: write \"90 MINUTES\""),
    ("earliest_booking", "1.5 DAY", "is '1.5 DAY', which is no whole number: write \"36 HOURS\""),
    ("latest_cancellation", "-2 HOURS", "is '-2 HOURS', but a term is counted back by itself, and has no sign: write \"2 HOURS\""),
    ("latest_cancellation", "2 hours before", "is '2 hours before', which is not how terms are written: write \"2 HOURS\""),
    ("latest_cancellation", "PT2H", "is 'PT2H', which is not how terms are written: write \"2 HOURS\""),
    ("latest_cancellation", "2:30", "is '2:30', which is not how terms are written: write \"150 MINUTES\""),
    ("latest_cancellation", "2 QUARTERS", "is '2 QUARTERS', whose unit should be one of MINUTES, HOURS, DAY, WEEK, MONTH, YEAR: write it like \"7 DAY\""),
    ("latest_cancellation", "true", 'is true, which is no term: write it like "7 DAY"'),
    ("latest_cancellation", "null", 'has no value; for the default, write "2 HOURS"'),
    ("latest_cancellation", "''", 'is empty; for the default, write "2 HOURS"'),
    ("earliest_booking", "true", 'is true, which is no term, and not null: write it like "7 DAY"'),
    ("earliest_booking", "unlimited", "is 'unlimited', which is no term, and not null: write null"),
    ("confirmation", "no", "is 'no', which is no term, and not null: write null"),
    ("confirmation", "11 YEAR", "A term of 11 YEAR is out of range: give 0 to 10 YEAR."),
    ("grace", "1 DAY", "is '1 DAY', but how long something lasts is said in MINUTES or HOURS: write \"24 HOURS\""),
    ("grace", "1 Tag", "is '1 Tag', but how long something lasts is said in MINUTES or HOURS: write \"24 HOURS\""),
    ("grace", "none", "is 'none', which is no term: write \"0 MINUTES\""),
    # Yes or no.
    ("bookable", "ja", "is 'ja', but must be true or false: write true"),
    ("bookable", "0", "is 0, but must be true or false: write false"),
    ("bookable", "maybe", "is 'maybe', but must be true or false"),
    ("bookable", "null", "has no value; for the default, write true"),
    # Numbers.
    ("duration", "1 h", "is '1 h', but is counted in minutes: write 60"),
    ("duration", "1:30", "is '1:30', but is counted in minutes: write 90"),
    ("duration", "1,5", "is '1,5', but is counted in minutes: write 90"),
    ("duration", "1.5", "is 1.5, but is counted in minutes: write 90"),
    ("duration", "90 Minuten", "is '90 Minuten', but is counted in minutes: write 90"),
    ("duration", "null", "has no value, but must be given"),
    ("max_participants", "1.000", "is 1.000, which could be 1 or 1000: write 1 or 1000"),
    ("max_participants", "1,000", "is '1,000', which could be 1 or 1000: write 1 or 1000"),
    ("max_participants", "20 Personen", "is '20 Personen', but must be a number alone: write 20"),
    ("max_participants", "unlimited", "is 'unlimited', which is no number: write null"),
    ("max_participants", "-1", "is -1, but null is for no limit: write null"),
    ("max_participants", "true", "is true, but must be a whole number from 0 to 100000 or null"),
    ("max_waiting_list", "many", "is 'many', but must be a whole number from 0 to 100000"),
    ("max_waiting_list", "", "has no value; for the default, write 5"),
    ("bookings", "unbegrenzt", "is 'unbegrenzt', which is no number: write null"),
    ("longitude", "13,405", "is '13,405', which is not how numbers are written here: write 13.405"),
    ("longitude", "13.405° W", "is '13.405° W', which is not how numbers are written here: write -13.405"),
    # Words.
    ("day_from", "Montag", "is 'Montag', which is none of MONDAY, TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY and SUNDAY: write \"MONDAY\""),
    ("day_from", "1", 'is 1, but weekdays have names here: write it like "MONDAY"'),
    ("day_from", "MONDY", "is 'MONDY', which is not known: write \"MONDAY\""),
    ("weekdays", "Mo, Do", "is 'Mo, Do', but must be a list: write [\"MONDAY\", \"THURSDAY\"]"),
    ("online_booking", "false", 'is false, which is none of AVAILABLE, DISPLAY_ONLY and NO: write "NO"'),
    ("who_may_book", "all", "is 'all', which is none of EVERYONE, MEMBERS and NAMED_RATES: write \"EVERYONE\""),
    ("gender", "weiblich", "is 'weiblich', which is none of MALE, FEMALE and UNISEX: write \"FEMALE\""),
    ("gender", "unknown", "is 'unknown', but must be one of MALE, FEMALE, UNISEX"),
    ("period", "weekly", "is 'weekly', which is none of WEEK, MONTH, YEAR and TOTAL: write \"WEEK\""),
    ("period", "''", "is empty, but must be given: one of WEEK, MONTH, YEAR, TOTAL"),
    ("language", "no", "is 'no', which is none of the languages here: write \"nb\""),
    ("language", "false", 'is false, which is none of the languages here: write "nb"'),
    ("language", "nn-NO", "is 'nn-NO', which is none of the languages here: write \"nb\""),
    ("language", "de-AT", "is 'de-AT', which is none of the languages here: write \"de\""),
    ("language", "Deutsch", "is 'Deutsch', which is none of the languages here: write \"de\""),
    ("language", "ja", f"is 'ja', but must be one of {WORDS}"),
    ("language", "''", 'is empty; for the default, write "en"'),
    ("country_code", "Deutschland", "is 'Deutschland', which is no code of two letters: write \"DE\""),
    ("country_code", "false", 'is false, which is no code of two letters: write "NO"'),
    ("zone", "Berlin", "is 'Berlin', which is no time zone: write \"Europe/Berlin\""),
    ("zone", "localtime", "is 'localtime', which is no time zone of the IANA database: write it like \"Europe/Berlin\""),
    ("zone", "UTC+1", "is 'UTC+1', which is no time zone of the IANA database: write it like \"Europe/Berlin\""),
    # Addresses.
    ("email", "Team <team@muster.example>", "is 'Team <team@muster.example>', which is more than an address: write \"team@muster.example\""),
    ("email", "team(at)muster.example", "is 'team(at)muster.example', which is more than an address: write \"team@muster.example\""),
    ("email", "a@x.example, b@x.example", "is 'a@x.example, b@x.example', which is more than one address: write \"a@x.example\""),
    ("email", "nowhere", "is 'nowhere', which is no address for mail: write it like \"team@muster-gym.example\""),
    ("website", "www.muster.example", "is 'www.muster.example', which lacks its beginning: write \"https://www.muster.example\""),
    # Keys, and names in the place of keys.
    ("rate_key", "Zehner Karte", "is 'Zehner Karte', but a key has only letters, digits, dots, slashes, hyphens and underscores: write \"Zehner-Karte\""),
    ("rate_key", "fünf", "is 'fünf', but a key has only letters, digits, dots, slashes, hyphens and underscores: write \"fuenf\""),
    ("rate_key", "open day", "is 'open day', but a key has only letters, digits, dots, slashes, hyphens and underscores: write \"open-day-2\""),
    ("studio", "Muster-Gym Berlin", "is 'Muster-Gym Berlin', but that is the name of the studio: write its key, \"berlin\""),
    ("studio", "Berlin", "is 'Berlin', but there is no such studio in this file; did you mean \"berlin\"?"),
    ("location", "big hall", "is 'big hall', but that is the name of the location: write its key, \"hall\""),
    ("location", "[hall]", 'is a list, but must be one value: write "hall"'),
    ("class", "Yoga", "is 'Yoga', but that is the name of the class: write its key, \"yoga\""),
    ("instructors", "Ina Trainer", "is 'Ina Trainer', but that is the name of the employee: write its key, \"ina\""),
    ("instructors", "[Ina Trainer]", "is 'Ina Trainer', but that is the name of the employee: write its key, \"ina\""),
    # Text of which YAML takes something away.
    ("title", "Yoga #1", "is read as 'Yoga', because # begins a comment: write \"Yoga #1\""),
    ("title", "#1 Yoga", 'is read as nothing, because # begins a comment: write "#1 Yoga"'),
    ("title", "&Yoga", 'is read as nothing, because & gives a name to a value: write "&Yoga"'),
    ("title", "&Yoga Basics", "is read as 'Basics', because & gives a name to a value: write \"&Yoga Basics\""),
    ("title", "*Star", '*Star means nothing: no &Star stands before it; as text, write "*Star"'),
    ("title", "!new Yoga", 'the tag !new means nothing here; as text, write "!new Yoga"'),
    ("title", "! Yoga", 'the tag ! means nothing here; as text, write "! Yoga"'),
    ("title", "true", 'is true, which is no text without quotes: write "true"'),
    ("title", "null", 'is read as nothing; as text, write "null"'),
    ("last_name", "Null", 'is read as nothing; as text, write "Null"'),
    ("title", "~", 'is read as nothing; as text, write "~"'),
    ("title", "", "has no value, but must be given"),
    ("title", "''", "is empty, but must be given"),
    ("title", "[Yoga]", 'is a list, but must be one value: write "[Yoga]"'),
    # Lines that can't be read at all.
    ("title", "Yoga: Basics", 'has text with signs that need quotes: write title: "Yoga: Basics"'),
    ("title", "Yoga:", 'has text with signs that need quotes: write title: "Yoga:"'),
    ("title", "*Star* Yoga", 'has text with signs that need quotes: write title: "*Star* Yoga"'),
    ("title", "&Yoga & Co", 'has text with signs that need quotes: write title: "&Yoga & Co"'),
    ("title", "@home", 'has text with signs that need quotes: write title: "@home"'),
    ("title", "%off", 'has text with signs that need quotes: write title: "%off"'),
    ("title", "`Yoga`", 'has text with signs that need quotes: write title: "`Yoga`"'),
    ("title", '"Power" Yoga', 'has text with signs that need quotes: write title: "\\"Power\\" Yoga"'),
    ("title", "'Don't'", 'has text with signs that need quotes: write title: "Don\'t"'),
    ("title", "[new] Yoga", 'has text with signs that need quotes: write title: "[new] Yoga"'),
    ("title", "- Yoga", 'has text with signs that need quotes: write title: "- Yoga"'),
    ("title", "> Yoga", 'has text with signs that need quotes: write title: "> Yoga"'),
    ("title", "? Yoga", 'has text with signs that need quotes: write title: "? Yoga"'),
    ("title", "'open", 'has text with signs that need quotes: write title: "\'open"'),
    ("location_name", "Hall: 1", 'has text with signs that need quotes: write - {key: hall, name: "Hall: 1"}'),
    ("location_name", "Hall #1", 'has text with signs that need quotes: write - {key: hall, name: "Hall #1"}'),
    ("location_name", "Hall, Big", 'is cut off from \'name\' by the comma: write "Hall, Big" there'),
]  # fmt: skip


def test_what_can_be_more_than_one_thing_is_told_with_what_to_write() -> None:
    for place, written, says in TOLD:
        text = filled(place, written)
        [mistake] = mistakes(text)
        assert (place, written, mistake.says) == (place, written, says)
        assert_followed(mistake, text, place)


OF_THE_VALUE = ("must lie after", "lies before", "is when it opens", "booking opens", "A term of")
"""How mistakes begin that are no longer about the form: two days in the wrong order were meant so."""


def assert_followed(mistake: Mistake, text: str, place: str) -> None:
    """Whatever the mistake tells to write is accepted where it is written."""
    advised = [*mistake.instead, *([] if mistake.like is None else [mistake.like])]
    tells = any(each in mistake.says for each in ("write ", "did you mean", "ends with"))
    assert tells == bool(advised), mistake
    for each in advised:
        assert each.strip() in mistake.says
        followed = filled(place, each)
        if not mistake.path:
            lines = text.split("\n")
            lines[mistake.line - 1] = each
            followed = "\n".join(lines)
        try:
            assert read(followed)
        except GymFileMistakes as told:
            [next_one] = told.mistakes
            assert next_one.says.startswith(OF_THE_VALUE), f"{mistake}\n{next_one}"


def test_one_value_may_mean_two_things_in_two_places() -> None:
    text = filled("zip", "&number 060").replace("    duration: 60", "    duration: *number")
    gym = read(text).gym
    assert (gym.studios or ())[0].zip == "060"
    assert (gym.classes or ())[0].duration == 60


def test_no_form_is_lost_in_a_text_without_an_end() -> None:
    for place in PLACES:
        for text in (f"x{' ' * 20_000}x", "1:" * 10_000):
            assert all(len(each.says) < 300 for each in mistakes(filled(place, f'"{text}"'))), place


def test_a_word_may_stand_beside_numbers() -> None:
    schema = {"type": ["integer", "string"], "pattern": "^CLASS$", "maximum": 9}
    wanted = Wanted("whole number", "max_waiting_list", schema)
    assert [whole_number(each, wanted) for each in ("CLASS", "class", "7")] == [
        Means("CLASS"),
        Means("CLASS"),
        Means(7),
    ]
    assert isinstance(whole_number("CLASSES", wanted), Advice)


# --- Whatever is written -----------------------------------------------------------------------

WRONG_EVERYWHERE = "!wrong x"
PATH = {place: mistakes(filled(place, WRONG_EVERYWHERE))[0].path for place in PLACES}
BITS = [*"0123456789", *":.,-/ #&*!@~_+'[]", "00", "18", "24", "30", "2026", "1990", "99", "h", "min", "DAYS", "hours", "Tage", "Uhr", "pm", "Mo", "Fri", "yes", "no", "null", "true", "Nov", "März", "DE", "berlin", "Hall", "Yoga", "é", "x@y.example", "www.x.example", "Z", "T"]  # fmt: skip


@settings(deadline=None)
@given(
    st.sampled_from(PLACES),
    st.lists(st.sampled_from(BITS), min_size=1, max_size=6).map("".join),
)
@example("time_to", "24:00")
@example("grace", "3 WEEK")
def test_no_advice_leads_to_the_next_mistake(place: str, written: str) -> None:
    text = filled(place, written)
    try:
        read(text)
    except GymFileMistakes as told:
        for mistake in told.mistakes:
            if mistake.path == PATH[place]:
                assert_followed(mistake, text, place)


def test_all_day_is_not_advised_as_no_time_at_all() -> None:
    text = filled("time_to", "24:00").replace('"06:00"', "0:00")
    [mistake] = mistakes(text)
    assert mistake.instead == ('"23:59"',)
    assert read(text.replace("24:00", '"23:59"'))


def test_a_name_that_is_known_already_is_not_proposed_again() -> None:
    text = filled().replace("    duration: 60", "    duration: 60\n    durations: 60")
    [mistake] = mistakes(text)
    assert (
        mistake.says == "is not known here, and 'duration' is there already: leave one of them out"
    )


@pytest.mark.parametrize("name", ["maxParticipants", "Max participants", "MAX_PARTICIPANTS", "max-participants"])  # fmt: skip
def test_a_member_is_recognised_in_other_spellings(name: str) -> None:
    text = filled().replace("max_participants: 20", f"{name}: 20")
    [mistake] = mistakes(text)
    assert mistake.says == "is not known here; did you mean 'max_participants'?"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("    title: Yoga", "    title:Yoga", "lacks the blank behind a colon: write title: Yoga"),
        ("    title: Yoga", "    title Yoga", "lacks the colon behind the name: write title: Yoga"),
        ("  - key: yoga\n", "  - key:yoga\n", "lacks the blank behind a colon: write - key: yoga"),
        ("    title: Yoga", "\ttitle: Yoga", "begins with a tab: indent it with blanks"),
        ("    title: Yoga", "    title:\u00a0Yoga", "has blanks that are none: write title: Yoga"),
        ("    title: Yoga", "     title: Yoga", "is neither YAML nor JSON: it is indented further than the member before it, which has its value already"),
        ("    title: Yoga", "   title: Yoga", "is neither YAML nor JSON: it is not indented like the lines that it belongs to"),
        ("{key: hall, name: Big Hall}", "{key: hall, name: Big Hall", "is not closed: write - {key: hall, name: Big Hall}"),
        ("{key: hall, name: Big Hall}", "{key:hall, name: Big Hall}", None),
        ("{key: jo, first_name: Jo, last_name: Otto, studios", "{key: jo, last_name: Otto: 1,\n    first_name: Jo, studios", 'has text with signs that need quotes: write - {key: jo, last_name: "Otto: 1",'),
    ],
)  # fmt: skip
def test_a_line_that_can_not_be_read_is_told_as_it_was_meant(
    old: str, new: str, says: str | None
) -> None:
    assert filled().count(old) == 1
    text = filled().replace(old, new)
    told = mistakes(text)
    if says is None:
        assert "has no blank behind its colon: that would end the name of the member" in {
            each.says for each in told
        }
        return
    [mistake] = told
    assert mistake.says == says
    if mistake.instead:
        lines = text.split("\n")
        lines[mistake.line - 1] = mistake.instead[0]
        followed = read("\n".join(lines)).gym
        assert old not in new or followed == read(filled()).gym


# --- What looks wrong --------------------------------------------------------------------------

PEOPLE = """\
organization: {key: muster-gym, name: Muster-Gym}
series:
  - {key: never, class: yoga, weekdays: [TUESDAY, FRIDAY], start: "18:00", first_day: 2026-03-07, last_day: 2026-03-09}
  - {key: once, class: yoga, weekdays: [TUESDAY], start: "18:00", first_day: 2026-03-07, last_day: 2026-03-10}
customers:
  - {key: a, studio: berlin, first_name: Ada, last_name: A, email: Ada@muster.example, date_of_birth: 1990-05-17}
  - {key: b, studio: berlin, first_name: Bo, last_name: B, email: ada@muster.example}
  - {key: c, studio: berlin, first_name: ada, last_name: A, date_of_birth: 1990-05-17}
  - {key: d, studio: berlin, first_name: Ada, last_name: A, date_of_birth: 1990-05-18}
  - key: e
    studio: berlin
    first_name: E
    last_name: E
    memberships:
      - key: m
        rate: flex
        from: 2026-01-01
        until: 2026-06-30
        idle_periods:
          - {key: i1, from: 2025-12-31, until: 2026-01-31}
          - {key: i2, from: 2026-06-01, until: 2026-07-01}
          - {key: i3, from: 2026-07-01}
          - {key: i4, from: 2026-01-01, until: 2026-06-30}
          - {key: i5, from: 2026-06-01}
"""


def test_what_looks_wrong_is_a_warning_and_no_mistake() -> None:
    assert list(map(str, read(PEOPLE).warnings)) == [
        "line 3, series[0].weekdays: never come between 'first_day' and 'last_day': the series has no slot",
        "line 7, customers[1].email: is the address of the customer in line 6, too",
        "line 8, customers[2]: has the name and the date of birth of the customer in line 6",
        "line 20, customers[4].memberships[0].idle_periods[0].from: lies before the membership, which begins on 2026-01-01",
        "line 21, customers[4].memberships[0].idle_periods[1].until: lies behind the membership, which ends on 2026-06-30",
        "line 22, customers[4].memberships[0].idle_periods[2].from: lies behind the membership, which ends on 2026-06-30",
    ]
    assert read(filled()).warnings == ()
