"""The gym file: an organization as one YAML or JSON document, read, loaded and written back.

What others use of this package:

`read(text: str | bytes) -> GymFile`
    The checked document. Raises `GymFileMistakes`, which tells every mistake at once, each a
    `Mistake(place, says)` such as `Mistake("line 12, studios[0].zone", "…")`. Bytes are UTF-8.

`async load(desk, database, clock, gym_file, *, by, wish=…, new=False, progress=…, horizon_days=60) -> Differences`
    Brings what differs from the database over the desk; the history says that it was `by` that actor. `wish` is a
    `Wish(prefer_file, remove, file_wins)`; `new` says that another organization is to be founded. `progress(section, done, total)` is called as it
    goes. Raises `GymFileMistakes` where the file contradicts what is stored (then nothing was
    changed), `DeskBusy` or `ChangedConcurrently` (then loading again carries on), and `Clashes` where a
    studio refuses what would be twice at the same time (what was loaded before is kept).

`async preview(database, clock, gym_file, *, wish=…, new=False) -> Differences`
    What `load` would do, without doing it. Raises `GymFileMistakes` as `load` does.

`async rehearse(desk, database, clock, gym_file, …) -> Foretold`
    The same with what it would mean for people, found out by doing it and rolling it back.

`async dump(database, clock, organization_key: str, sections=SECTIONS) -> str`
    The document of an organization as YAML, with those sections. Raises `NoSuchOrganization`.

`SECTIONS: tuple[str, ...]`
    What a gym file has besides `organization`.

`LONGEST_FILE: int`
    How many bytes a gym file may have; one that has more is a mistake, and nobody needs to read on.

`SCHEMA: dict[str, object]` and `SCHEMA_TEXT: str`
    The JSON Schema of the document, and its text as it is published.

`Differences` has a `summary`, the `changes` one by one, and what is left alone and told all the same:
`conflicts`, `left`, `missing` and `warnings`. `Summary.sections: dict[str, Count]` has
`Count(created, changed, removed)` by section, and `Summary.nothing` is true when all are zero. `Summary.clashes` are
the instructors and rooms that are twice at the same time since.
"""

from __future__ import annotations

from kursplan.gymfile.clashes import Clashes
from kursplan.gymfile.differences import Differences
from kursplan.gymfile.document import LONGEST_FILE
from kursplan.gymfile.dump import SECTIONS, NoSuchOrganization, dump
from kursplan.gymfile.findings import Change, Disagreement, Entry
from kursplan.gymfile.load import Foretold, load, preview, rehearse
from kursplan.gymfile.mistakes import GymFileMistakes, Mistake
from kursplan.gymfile.read import GymFile, read
from kursplan.gymfile.schema import SCHEMA, SCHEMA_TEXT
from kursplan.gymfile.summary import Count, Summary
from kursplan.gymfile.three_way import Wish
from kursplan.gymfile.warnings import FileWarning

__all__ = [
    "LONGEST_FILE",
    "SCHEMA",
    "SCHEMA_TEXT",
    "SECTIONS",
    "Change",
    "Clashes",
    "Count",
    "Differences",
    "Disagreement",
    "Entry",
    "FileWarning",
    "Foretold",
    "GymFile",
    "GymFileMistakes",
    "Mistake",
    "NoSuchOrganization",
    "Summary",
    "Wish",
    "dump",
    "load",
    "preview",
    "read",
    "rehearse",
]
