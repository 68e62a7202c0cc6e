"""However many rows a file has, and customers a gym: what is held of them at one time stays as it was.

How much that is in bytes, `many.py` measures; here is that nothing of it is lost, and nothing else asked for.
"""

from __future__ import annotations

import gc
import warnings
from pathlib import Path

import pytest

from kursplan import gymfile
from kursplan.domain.entries import CustomerEntry
from kursplan.gymfile.stored import names_in, stored
from kursplan.imports.everybody import Everybody, Known
from kursplan.imports.exported import Exported
from kursplan.imports.heads import Subject
from kursplan.imports.legend import Legend
from kursplan.imports.match import known_of
from kursplan.imports.members import plan
from kursplan.imports.spool import Spool
from kursplan.imports.table import Unreadable
from kursplan.imports.to_mend import rows_to_mend
from kursplan.imports.understand import understood
from kursplan.store.engine.database import Database, connect
from tests.cli.conftest import Kursplan
from tests.imports.reading import TODAY

HEAD = "Nr;Vorname;Nachname;E-Mail\n"
MANY = 2_000

GYM = """\
organization: {key: muster, name: Muster}
studios: [{key: berlin, name: Berlin, zone: Europe/Berlin}]
rates: [{key: gold, name: Gold}]
customers:
"""
CUSTOMER = (
    "- {{key: c{0}, studio: berlin, first_name: Erika, last_name: Muster{0}, number: n{0},"
    " memberships: [{{key: m{0}, rate: gold, from: 2026-01-01, idle_periods: [{{key: i{0}, from: 2026-07-01}}]}}]}}\n"
)


def exported(folder: Path, rows: str) -> Exported:
    file = folder / "members.csv"
    file.write_text(HEAD + rows)
    return Exported.in_file(file)


def test_what_is_repeated_or_left_out_far_down_in_a_file_is_found_as_at_its_beginning(
    tmp_path: Path,
) -> None:
    rows = [f"{number};Max;Muster{number};m{number}@muster.example" for number in range(MANY)]
    # Each with what the first row said, or contradicts.
    rows += ["0;Max;Muster0;m0@muster.example", ";Eva;Andere;m1@muster.example", "2;Max;Anders;"]
    rows += [f";;Nobody{number};" for number in range(MANY)]
    found = understood(exported(tmp_path, "\n".join(rows) + "\n"), Subject.MEMBERS, Legend())

    planned = plan(found, Everybody(), "berlin", TODAY)

    assert (planned.new, planned.unchanged, len(planned.customers)) == (MANY, 0, MANY)
    assert [(each.person.row.line, each.line) for each in planned.repeated] == [(MANY + 2, 2)]
    assert [str(each.because) for each in planned.doubtful] == [
        "Max Muster1 (in line 3) has this e-mail address: a family, or another name for the same"
    ]
    assert len(planned.refused) == MANY + 1
    to_mend = list(rows_to_mend(found.table, planned.doubtful, planned.refused))
    assert [line.split(";")[5] for line in to_mend[1:]] == [
        str(number) for number in range(MANY + 3, 2 * MANY + 5)
    ]


def test_the_same_plan_has_the_same_fingerprint_and_another_has_not(tmp_path: Path) -> None:
    def fingerprint(rows: str, *stored: CustomerEntry) -> str:
        found = understood(exported(tmp_path, rows), Subject.MEMBERS, Legend())
        return plan(found, Everybody(map(known_of, stored)), "berlin", TODAY).fingerprint

    erika = CustomerEntry("c1", "berlin", "Erika", "Muster", number="1")
    married = CustomerEntry("c1", "berlin", "Erika", "Vorher", number="1")
    one = "1;Erika;Muster;\n"

    assert fingerprint(one) == fingerprint(one)
    assert len({fingerprint(one), fingerprint(one, erika), fingerprint(one, married)}) == 3
    assert fingerprint(one) != fingerprint(f"{one}2;;Nobody;\n")


def test_a_file_that_is_another_one_by_now_is_not_read_on(tmp_path: Path) -> None:
    data = exported(tmp_path, "1;Erika;Muster;\n")
    found = understood(data, Subject.MEMBERS, Legend())
    exported(tmp_path, "1;Erika;Muster;\n2;Max;Muster;\n")

    with pytest.raises(Unreadable, match="was changed while it was read"):
        list(found.table.rows())


def test_a_list_on_disk_is_gone_through_by_several_at_once_and_leaves_nothing() -> None:
    numbers: Spool[int] = Spool(in_memory=10)
    for number in range(100):
        numbers.append(number)

    assert [*zip(numbers, numbers, strict=True)] == [(each, each) for each in range(100)]
    assert (len(numbers), 99 in numbers, 100 in numbers) == (100, True, False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        del numbers
        gc.collect()


def test_people_are_found_as_they_became_known_and_compared_as_they_became() -> None:
    erika = Known("c1", "berlin", {"first_name": "Erika", "last_name": "Groß", "number": "1"})
    everybody = Everybody([erika])
    married = {"first_name": "Erika", "last_name": "Klein", "number": "1"}

    everybody.see("c1", 7, becomes=married)

    assert everybody.called("erika gross") == [erika]
    assert everybody.by_number("1") == erika
    known, line = everybody.as_of_now("c1") or (None, None)
    assert (known and known.facts, line) == (married, 7)


async def test_loading_asks_for_those_alone_whom_the_file_is_about(
    on_sqlite: Kursplan, sqlite_database: str, tmp_path: Path
) -> None:
    file = tmp_path / "gym.yaml"
    file.write_text(GYM + "".join(CUSTOMER.format(number) for number in range(6)))
    await on_sqlite("gym", "load", file)
    # One by the key, and one each by the number, the membership and the idle period of another.
    about = gymfile.read(
        GYM
        + "- {key: c0, studio: berlin, first_name: A, last_name: B, number: n1,\n"
        + "   memberships: [{key: m2, rate: gold, from: 2026-01-01, idle_periods: [{key: i3, from: 2026-07-01}]}]}\n"
    )
    database: Database = connect(sqlite_database)
    try:
        found = await database.read(lambda tx: stored(tx, "muster", customers=names_in(about.gym)))
    finally:
        await database.close()

    assert sorted(found.customers) == ["c0", "c1", "c2", "c3"]
    assert sorted(found.told["customers"]) == ["c0", "c1", "c2", "c3"]
