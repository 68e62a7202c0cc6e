"""Writing a gym file: what is written makes the same gym again."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kursplan.clock import HandClock
from kursplan.gymfile import SECTIONS, GymFileMistakes, NoSuchOrganization, read
from kursplan.gymfile.document import parse
from kursplan.gymfile.dump import yaml_of
from kursplan.store.engine.database import connect
from tests.gymfile.house import GYM, MORNING, House, edit


@pytest.fixture
async def elsewhere(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Another database with nothing in it."""
    file = tmp_path / "elsewhere.db"
    copyfile(sqlite_template, file)
    database = connect(f"sqlite:///{file}")
    yield House(database, HandClock(MORNING))
    await database.close()


async def test_what_is_written_makes_the_same_gym_elsewhere(house: House, elsewhere: House) -> None:
    await house.load()
    dump = await house.dump()

    await elsewhere.load(dump)

    assert await elsewhere.dump() == dump
    assert await elsewhere.changes(GYM) == {}


async def test_loading_what_was_written_changes_nothing(house: House) -> None:
    await house.load()
    assert await house.changes(await house.dump()) == {}


async def test_what_is_written_says_where_its_schema_is_and_leaves_out_defaults(
    house: House,
) -> None:
    await house.load()
    dump = await house.dump()

    assert dump.startswith("# A gym file of Kursplan.")
    assert "# yaml-language-server: $schema=gym-file.schema.json\n" in dump
    document = yaml.load(dump, Loader=yaml.BaseLoader)  # noqa: S506 - every scalar stays text
    assert document["classes"][0] == {
        "key": "yoga",
        "studio": "berlin",
        "title": "Yoga",
        "duration": "60",
    }
    assert "first_day: '2026-03-02'" in dump
    assert "    description: |-\n      Fast.\n      Loud.\n" in dump.replace("\n  ", "\n    ")


async def test_what_is_over_or_gone_is_not_written(house: House) -> None:
    await house.load()
    await house.load("organization: {key: muster-gym}\ncustomers: [{key: c1, deleted: true}]")
    house.clock.set(datetime(2026, 7, 1, 8, tzinfo=UTC))

    gym = read(await house.dump()).gym

    assert [each.key for each in gym.series or ()] == ["yoga-evening"]
    assert gym.slots == ()
    assert gym.closures == ()
    assert [each.key for each in gym.customers or ()] == ["c2", "c3"]


async def test_no_secret_is_written(house: House) -> None:
    from kursplan.store import tables

    await house.load()
    dump = await house.dump()
    secrets = [row.webhook_key for row in await house.rows(tables.integration)]
    assert len(secrets) == 2
    assert [secret for secret in secrets if secret in dump] == []


async def test_an_unknown_organization_is_told(house: House) -> None:
    with pytest.raises(NoSuchOrganization, match="there is no organization 'nobody'"):
        await house.dump("nobody")


async def test_an_organization_with_nothing_is_a_file_too(house: House) -> None:
    empty = "organization: {key: muster-gym, name: Empty}"
    await house.load(empty)
    assert await house.changes(await house.dump()) == {}


async def test_a_limit_that_is_its_own_stays_its_own(house: House, elsewhere: House) -> None:
    same_as_class = edit(("09:00}", "09:00, max_participants: 2}"))
    await house.load(same_as_class)
    dump = await house.dump()
    await elsewhere.load(dump)

    for each in (house, elsewhere):
        await each.load(
            edit(("max_participants: 2\n", "max_participants: 9\n"), text=same_as_class)
        )
        slots = read(await each.dump()).gym.slots
        assert slots is not None
        assert slots[1].max_participants == 2


PARTS = [
    *([each] for each in SECTIONS),
    *([other for other in SECTIONS if other != each] for each in SECTIONS),
    [],
]


async def test_a_part_has_its_sections_and_says_what_is_left_out(house: House) -> None:
    await house.load()
    whole = parse(await house.dump())[0].plain()
    for sections in PARTS:
        part = await house.dump(sections=sections)
        document = parse(part)[0].plain()
        assert [*document] == [each for each in whole if each in ("organization", *sections)]
        assert all(document[each] == whole[each] for each in document)
        left_out = [each for each in SECTIONS if each not in sections]
        assert f"# Left out: {', '.join(left_out)}. Loading leaves them alone;" in part


async def test_every_part_loads_again_and_changes_nothing(house: House) -> None:
    await house.load()
    for sections in PARTS:
        assert await house.changes(await house.dump(sections=sections)) == {}, sections


async def test_parts_make_the_same_gym_elsewhere_or_say_what_is_missing(
    house: House, elsewhere: House
) -> None:
    await house.load()
    timetable = [each for each in SECTIONS if each != "customers"]
    customers = await house.dump(sections=["customers"])

    with pytest.raises(GymFileMistakes, match="there is no such studio in this file or stored"):
        await elsewhere.load(customers)
    await elsewhere.load(await house.dump(sections=timetable))
    await elsewhere.load(customers)

    assert await elsewhere.dump() == await house.dump()


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"], include_characters="\n\t"), min_size=1
)


@given(TEXT)
def test_any_text_is_read_as_it_was_written(text: str) -> None:
    document, mistakes = parse(yaml_of({"name": text}))
    assert (document.plain(), mistakes) == ({"name": text}, [])


@pytest.mark.parametrize(
    "text",
    ["NO", "null", "~", "01067", "1e3", "0x1F", "1_000", "18:00", "2026-03-02", "- x", "a: b", " x ", "#", "=", "<<", "*x", "!y", "\u0085", "\u2028x", "x\n\ny\n", " \nx"],
)  # fmt: skip
def test_text_that_looks_like_something_else_stays_text(text: str) -> None:
    document, mistakes = parse(yaml_of({"name": text}))
    assert (document.plain(), mistakes) == ({"name": text}, [])
