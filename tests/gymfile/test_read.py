"""Reading a gym file: what it may be, and how all of its mistakes are told at once."""

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from kursplan.domain import entries
from kursplan.domain.applications import Scope
from kursplan.gymfile import SCHEMA, SCHEMA_TEXT, GymFileMistakes, Mistake, read
from kursplan.gymfile.document import parse
from kursplan.gymfile.dump import as_written
from kursplan.web.languages import LANGUAGES
from tests.gymfile.house import GYM, edit


def told_by(text: str | bytes) -> tuple[Mistake, ...]:
    with pytest.raises(GymFileMistakes) as told:
        read(text)
    return told.value.mistakes


def mistakes(text: str | bytes) -> list[str]:
    return [str(each) for each in told_by(text)]


def mistakes_by(*changes: tuple[str, str]) -> list[str]:
    return mistakes(edit(*changes))


# --- What is read -----------------------------------------------------------------------------


def test_json_is_read_like_yaml() -> None:
    # BaseLoader keeps every scalar as the text that it is; what isn't text is said here again.
    document = yaml.safe_load(GYM.replace('"', "'"))
    as_json = json.dumps(_without_dates(document), indent="\t")

    assert read(as_json).gym == read(GYM).gym
    assert read(json.dumps(_without_dates(document))).gym == read(GYM).gym


def _without_dates(value: Any) -> Any:
    """What the library makes days of is text again."""
    if isinstance(value, dict):
        return {name: _without_dates(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_dates(each) for each in value]
    return value.isoformat()[:16] if hasattr(value, "isoformat") else value


def test_json_may_escape_characters_beyond_the_first_65536() -> None:
    name = "Muster 🧘 \\ud83e"
    text = json.dumps({"organization": {"key": "x", "name": name}})

    assert "\\ud83e\\uddd8" in text
    assert read(text).gym.organization.name == name


def test_words_and_times_are_text_as_in_yaml_1_2() -> None:
    text = """
organization: {key: x, name: Y}
studios: [{key: oslo, name: No, zone: Europe/Oslo, country_code: NO, city: 3e, opening_hours: [{day_from: SUNDAY, time_from: 08:30, time_to: 18:00}]}]
classes: [{key: c, studio: oslo, title: On, duration: 60, online_booking: NO}]
"""
    gym = read(text).gym
    assert gym.studios is not None
    assert gym.classes is not None
    assert (gym.studios[0].name, gym.studios[0].country_code) == ("No", "NO")
    assert gym.classes[0].online_booking == "NO"


def test_a_byte_order_mark_and_bytes_are_fine() -> None:
    assert read(b"\xef\xbb\xbf" + GYM.encode()).gym == read(GYM).gym


def test_anchors_spare_writing_the_same_twice() -> None:
    text = edit(
        ("contingents: [{bookings: 8, period: MONTH}]", "contingents: &monthly [{bookings: 8, period: MONTH}]"),
        ("contingents: [{bookings: null, period: TOTAL}]", "contingents: *monthly"),
    )  # fmt: skip
    rates = read(text).gym.rates
    assert rates is not None
    assert rates[0].contingents == rates[1].contingents


def test_a_section_that_is_left_out_is_told_apart_from_an_empty_one() -> None:
    gym = read("organization: {key: x}\nseries: []").gym
    assert (gym.series, gym.slots) == ((), None)


# --- What is told -----------------------------------------------------------------------------

NASTY = """\
organisation: {key: muster-gym}
studios:
  - key: berlin
    name: Berlin
    zone: Europe/Bärlin
    language: deutsch
    zip: 01067
    opening_hours:
      - {day_from: MONDAY, time_from: "06:00", time_to: "12:00"}
      - {day_from: MONDAY, day_to: FRIDAY, time_from: "11:00", time_to: "23:00"}
    closures:
      - {key: easter, from: 2026-04-07T00:00, to: 2026-04-03T00:00}
  - {key: berlin, name: Berlin again, zone: Europe/Berlin}
classes:
  - {key: yoga, studio: munich, title: Yoga, duration: 0, max_waiting_list: many}
  - {key: spin, studio: berlin, title: Spin, duration: 45, earliest_booking: 7 days}
series:
  - {key: s1, class: yogi, weekdays: [Monday], start: "24:00", first_day: 2026-02-30}
customers:
  - key: c 1
    studio: berlin
    first_name: Erika
    email: nowhere
    memberships: [{key: m1, rate: flex, from: 2026-02-01, until: 2026-01-01}]
    memberships: []
  - {key: c2, studio: berlin, first_name: null, last_name: Ada}
applications:
  - {key: app, name: App, integrations: [{studio: berlin, scopes: [CLASSES_RAED]}]}
"""


def test_every_mistake_is_told_at_once_with_its_place() -> None:
    assert mistakes(NASTY) == [
        "line 1: lacks 'organization'",
        "line 1, organisation: is not known here; did you mean 'organization'?",
        "line 5, studios[0].zone: is 'Europe/Bärlin', which is no time zone of the IANA database: write it like \"Europe/Berlin\"",
        "line 6, studios[0].language: is 'deutsch', which is none of the languages here: write \"de\"",
        "line 10, studios[0].opening_hours[1]: overlaps the hours in line 9",
        "line 12, studios[0].closures[0].to: must lie after 'from'",
        "line 13, studios[1].key: is 'berlin', like that of the studio in line 3",
        "line 15, classes[0].duration: is 0: give a number from 1 to 1440",
        "line 15, classes[0].max_waiting_list: is 'many', but must be a whole number from 0 to 100000",
        "line 15, classes[0].studio: is 'munich', but there is no such studio in this file",
        "line 18, series[0].class: is 'yogi', but there is no such class in this file; did you mean \"yoga\"?",
        "line 18, series[0].first_day: is '2026-02-30', and there is no such day: that month ends with \"2026-02-28\"",
        "line 18, series[0].start: is '24:00', but a day ends with 23:59, and 24:00 is 00:00 of the day after: write it like \"00:00\"",
        "line 20, customers[0]: lacks 'last_name'",
        "line 20, customers[0].key: is 'c 1', but a key has only letters, digits, dots, slashes, hyphens and underscores: write \"c-1\"",
        "line 23, customers[0].email: is 'nowhere', which is no address for mail: write it like \"team@muster-gym.example\"",
        "line 24, customers[0].memberships[0].until: lies before 'from'",
        "line 25, customers[0].memberships: is given twice; the first time in line 24: keep one of them",
        'line 26, customers[1].first_name: is read as nothing; as text, write "null"',
        "line 28, applications[0].integrations[0].scopes[0]: is 'CLASSES_RAED', which is not known: write \"CLASSES_READ\"",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{key: loft,", "{key: hall,", "studios[0].locations[1].key: is 'hall', like that of the location in line 15"),
        ("{key: i1,", "{key: i1, colour: red,", "customers[0].memberships[0].idle_periods[0].colour: is not known here; there are from, key, reason, until"),
        ("2026-07-01, until: 2026-07-31", "2026-07-31, until: 2026-07-01", "customers[0].memberships[0].idle_periods[0].until: lies before 'from'"),
        ("date_of_birth: 1990-05-17", "date_of_birth: 1990-02-29", "customers[0].date_of_birth: is '1990-02-29', and there is no such day: that month ends with \"1990-02-28\""),
        ("date_of_birth: 1990-05-17", "date_of_birth: 17.5.1990", "customers[0].date_of_birth: is '17.5.1990', which is not how days are written here: write \"1990-05-17\""),
        ("confirmation: 3 HOURS", "confirmation: 11 YEAR", "classes[1].confirmation: A term of 11 YEAR is out of range: give 0 to 10 YEAR."),
        ("earliest_booking: null", "earliest_booking: 1 HOURS\n    latest_booking: 2 HOURS", "classes[1].earliest_booking: booking opens 1 HOURS before the start and closes 2 HOURS before it: it closes before it opens"),
        ("    rates: [flex, gold]\n", "", "classes[1].who_may_book: is NAMED_RATES: name them under 'rates'"),
        ("    who_may_book: NAMED_RATES\n", "", "classes[1].rates: means nothing without 'who_may_book: NAMED_RATES'"),
        ("rates: [flex, gold]", "rates: [flex, flex]", "classes[1].rates: names 'flex' twice"),
        ("location: hall", "location: attic", "series[0].location: is 'attic', but there is no such location in this file"),
        ("locations: []", "locations: [{key: patio, name: Patio}]", None),
        ("{bookings: 4, period: MONTH}", "{bookings: 4, period: WEEK}", "customers[0].memberships[0].contingents[1].period: WEEK has a contingent already"),
        ("{studio: lisbon, scopes", "{studio: berlin, scopes", "applications[0].integrations[1].studio: is 'berlin', like that in line 121"),
        ("first_name: Łukasz", "number: '1001'\n    first_name: Łukasz", "customers[1].number: is '1001', like that in line 90"),
        ("first_name: Jo\n", "deleted: true\n", "slots[0].instructors[0]: is 'jo', but this file deletes that employee"),
        ("    latitude: 52.52\n", "", "studios[0].longitude: needs 'latitude' beside it"),
        ("latitude: 52.52", "latitude: 152.52", "studios[0].latitude: is 152.52: give a number from -90 to 90"),
        ("duration: 45", "duration: 99999999999999999999999999999999999999999999999999", "classes[1].duration: is 9999999999999999999999999999999999999999…, but must be a whole number from 1 to 1440"),
        ("duration: 45", "duration: 45.5", "classes[1].duration: is 45.5, but must be a whole number from 1 to 1440"),
        ("max_participants: 2\n", "max_participants: two\n", "classes[1].max_participants: is 'two', but must be a whole number from 0 to 100000 or null"),
        ("title: Spinning", "title: ''", "classes[1].title: is empty, but must be given"),
        ("title: Spinning", f"title: {'x' * 201}", "classes[1].title: has 201 characters: shorten it to 200"),
        ("weekdays: [TUESDAY]", "weekdays: []", "series[1].weekdays: is empty: name at least one"),
        ("{day_from: SATURDAY, time_from: \"08:00\", time_to: \"00:00\"}", "{day_from: SATURDAY, time_from: \"08:00\", time_to: \"08:00\"}", "studios[0].opening_hours[1].time_to: is when it opens; write 00:00 to 23:59 for all day"),
        ("{day_from: MONDAY, day_to: FRIDAY,", "{day_from: FRIDAY, day_to: MONDAY,", "studios[0].opening_hours[0].day_to: lies before 'day_from'; write two lines instead"),
    ],
)  # fmt: skip
def test_a_mistake_says_what_is_wrong_and_what_to_write(
    old: str, new: str, told: str | None
) -> None:
    if told is None:
        assert read(edit((old, new)))
    else:
        [mistake] = told_by(edit((old, new)))
        assert f"{mistake.path}: {mistake.says}" == told


def test_hours_that_pass_midnight_overlap_those_of_the_next_day_also_into_the_next_week() -> None:
    hours = """opening_hours:
      - {day_from: SUNDAY, time_from: "20:00", time_to: "03:00"}
      - {day_from: MONDAY, time_from: "02:00", time_to: "23:00"}
      - {day_from: TUESDAY, time_from: "00:00", time_to: "23:00"}
    public_opening_hours:"""
    assert mistakes_by(("opening_hours:", hours)) == [
        "line 13, studios[0].opening_hours[1]: overlaps the hours in line 12"
    ]


def test_a_location_has_to_be_in_the_studio_of_the_class() -> None:
    text = edit(
        ("locations: []", "locations: [{key: patio, name: Patio}]"),
        ("location: hall", "location: patio"),
    )
    assert mistakes(text) == [
        "line 67, series[0].location: 'patio' is in the studio 'lisbon', but the class is held in 'berlin'"
    ]


def test_a_file_without_a_section_may_refer_to_what_is_stored() -> None:
    text = "organization: {key: muster-gym}\ncustomers: [{key: c9, studio: berlin, first_name: A, last_name: B}]"
    assert read(text).gym.studios is None


# --- What a hostile file can't do ---------------------------------------------------------------

ALIASES = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (ALIASES, "line 5: has more than 100,000 values by aliases: write them out"),
        ("[" * 100_000, "line 1: is nested more than 20 levels deep"),
        ("x: " + "{x: " * 50_000, "line 1: is nested more than 20 levels deep"),
        ("a: &a [1, *a]", "line 1, a[1]: *a stands within what it means, and would never end"),
        (b"a: 1\nb: \xff\xfe", "line 2: is not in UTF-8: save it with that encoding"),
        (GYM.encode("utf-16"), "line 1: is not in UTF-8: save it with that encoding"),
        ("a: \ud800", "line 1: has a character that is none"),
        ("a: 1\nb: \x00", "line 2: has a control character in it"),
        ("", "the file: is empty: begin with `organization:`"),
        ("# nothing\n", "the file: is empty: begin with `organization:`"),
        ("just words", "line 1: is 'just words', but must be members with names"),
        ("- a list", "line 1: is a list, but must be members with names"),
        ("a: 1\n---\nb: 2", "line 2: begins a second document: a gym file has one"),
        ("a: 'open", "line 1: has text with signs that need quotes: write a: \"'open\""),
        ("a: 1\n\tb: 2", "line 2: begins with a tab: indent it with blanks"),
        ("x" * (32 * 1024 * 1024 + 1), "the file: is longer than 32 MiB: load the customers in parts"),
    ],
)  # fmt: skip
def test_what_is_unreadable_is_refused_before_anything_is_built_from_it(
    text: str | bytes, told: str
) -> None:
    assert mistakes(text) == [told]


def test_the_number_of_values_is_bounded() -> None:
    assert parse("[1, 2, 3]", most_values=4)[1] == []
    with pytest.raises(GymFileMistakes, match="line 1: has more than 4 values"):
        parse("[1, 2, 3, 4]", most_values=4)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("!!python/object/apply:os.system [ls]", "the tag tag:yaml.org,2002:python/object/apply:os.system means nothing here: leave it out"),
        ("!!python/name:os.system x", "the tag tag:yaml.org,2002:python/name:os.system means nothing here: leave it out"),
        ("!secret x", 'the tag !secret means nothing here; as text, write "!secret x"'),
        ('"a\\0b"', "has a control character in it"),
        ("*nobody", '*nobody means nothing: no &nobody stands before it; as text, write "*nobody"'),
    ],
)  # fmt: skip
def test_what_yaml_could_do_besides_is_told_and_not_done(name: str, told: str) -> None:
    line = "line 1, organization.name: "
    assert f"{line}{told}" in mistakes_by(("name: Muster-Gym}", f"name: {name}}}"))


def test_names_of_members_are_words_and_merging_is_not_known() -> None:
    assert mistakes("organization: {key: x, [1]: 2}") == [
        "line 1, organization: a member's name must be a word"
    ]
    assert mistakes("organization: {key: x, <<: {name: y}}") == [
        "line 1, organization.<<: is not known here; there are key, lost_entitlement, name"
    ]


# --- The schema -------------------------------------------------------------------------------


def test_the_schema_is_one_and_every_member_is_described() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert json.loads(SCHEMA_TEXT) == SCHEMA
    for name, schema in [("the file", SCHEMA), *SCHEMA["$defs"].items()]:
        assert schema["description"].endswith("."), name
        for member, described in schema.get("properties", {}).items():
            assert described["description"].endswith("."), (name, member)


def test_the_schema_and_the_entries_have_the_same_defaults() -> None:
    """A member that is left out means the same to an editor and to us."""
    for name, entry in {
        "studio": entries.StudioEntry,
        "location": entries.LocationEntry,
        "employee": entries.EmployeeEntry,
        "rate": entries.RateEntry,
        "class": entries.ClassEntry,
        "series": entries.SeriesEntry,
        "slot": entries.SlotEntry,
        "customer": entries.CustomerEntry,
        "application": entries.ApplicationEntry,
    }.items():
        described = SCHEMA["$defs"][name]["properties"]
        for each in fields(entry):
            if each.name in described and each.default is not MISSING:
                default = as_written(each.default)
                told = described[each.name].get("default")
                assert told == (default or None if default == [] and told is None else default), (
                    each.name
                )


def test_the_schema_knows_the_languages_and_scopes_of_the_api() -> None:
    assert SCHEMA["$defs"]["language"]["enum"] == list(LANGUAGES)
    scopes = SCHEMA["$defs"]["integration"]["properties"]["scopes"]["items"]["enum"]
    assert scopes == [each.value for each in Scope]


def test_an_editor_that_checks_by_the_schema_finds_what_we_find() -> None:
    validator = Draft202012Validator(SCHEMA)
    good = _without_dates(yaml.safe_load(GYM))
    assert list(validator.iter_errors(good)) == []
    good["classes"][0]["duration"] = 0
    assert [error.json_path for error in validator.iter_errors(good)] == ["$.classes[0].duration"]
