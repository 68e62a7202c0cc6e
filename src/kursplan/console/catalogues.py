"""Keeps the catalogues of the console: what there is to translate, and what is translated.

`python -m kursplan.console.catalogues` collects it from the code and the templates, writes it to `console.pot`,
and gives every catalogue the messages that it lacks. They are sorted and name no lines, so that changes
made side by side rarely meet.
"""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

import kursplan
from kursplan.console.words import DOMAIN
from kursplan.domain.sentences import Sentence

PACKAGE: Final = Path(kursplan.__file__).parent
LOCALE: Final = PACKAGE / "locale"
TEMPLATE: Final = LOCALE / f"{DOMAIN}.pot"
KEYWORDS: Final = {
    "_": None,
    "_n": (1, 2),
    "gettext": None,
    "ngettext": (1, 2),
    Sentence.__name__: None,
}
FOLDERS: Final = ("console", "domain", "gymfile", "imports", "staff", "webhooks")
"""Where something is said that staff read."""
METHODS: Final = [
    ("**.py", "python"),
    ("templates/**.html", "jinja2.ext:babel_extract"),
]


def collected() -> Catalog:
    """All that the console says, in English; also what it has from elsewhere, of refusals and of files."""
    found = Catalog(charset="utf-8", header_comment="# What the console says.")
    for folder in FOLDERS:
        messages = extract_from_dir(
            PACKAGE / folder,
            METHODS,
            {"templates/**.html": {"extensions": "jinja2.ext.i18n", "newstyle_gettext": "true"}},
            KEYWORDS,
        )
        for _, _, message, _, _ in messages:
            found.add(message)
    return found


def brought_up_to_date(catalogue: Catalog) -> Catalog:
    """The same with all that there is to say, and nothing else."""
    catalogue.update(collected(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog) -> bytes:
    """As a file, without what changes from one day to another."""
    file = BytesIO()
    write_po(file, catalogue, no_location=True, omit_header=True, sort_output=True, width=100)
    head = ['msgid ""', 'msgstr ""']
    if catalogue.locale is not None:
        head += [
            f'"Language: {catalogue.locale}\\n"',
            f'"Plural-Forms: {catalogue.plural_forms}\\n"',
        ]
    head += ['"MIME-Version: 1.0\\n"', '"Content-Type: text/plain; charset=utf-8\\n"']
    head += ['"Content-Transfer-Encoding: 8bit\\n"', "", ""]
    return "\n".join(head).encode() + file.getvalue().lstrip()


def read(file: Path) -> Catalog:
    with file.open("rb") as opened:
        return read_po(opened, locale=file.parent.parent.name)


def catalogues() -> list[Path]:
    return sorted(LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


if __name__ == "__main__":
    TEMPLATE.write_bytes(written(collected()))
    for file in catalogues():
        file.write_bytes(written(brought_up_to_date(read(file))))
