"""A workbook of a spreadsheet as rows of text.

Days are days there, whatever they look like on the screen, so they come out in the one order that
leaves no doubt. Numbers come out as they were typed, without a point that nobody typed.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import Any

from python_calamine import (
    CalamineError,
    CalamineWorkbook,
    PasswordError,
    WorksheetNotFound,
    XmlError,
    ZipError,
)

from kursplan.domain.sentences import Sentence, either
from kursplan.imports.table import MOST_COLUMNS, Unreadable, cleaned

_ZIP = b"PK\x03\x04"
_LARGEST_UNPACKED = 1024 * 1024 * 1024
"""In bytes: what is small packed may fill all memory."""


class Workbook:
    """One that was opened. Raises `Unreadable` where it is not whole, locked, or no workbook."""

    def __init__(self, data: bytes) -> None:
        try:
            if data.startswith(_ZIP):
                with zipfile.ZipFile(BytesIO(data)) as packed:
                    unpacked = sum(each.file_size for each in packed.infolist())
                if unpacked > _LARGEST_UNPACKED:
                    raise Unreadable(
                        Sentence("the workbook is too large: save the sheet alone as CSV UTF-8")
                    )
            self._opened = CalamineWorkbook.from_filelike(BytesIO(data))
        except PasswordError as error:
            says = Sentence("the workbook is locked: save it without a password")
            raise Unreadable(says) from error
        except (CalamineError, ZipError, XmlError, zipfile.BadZipFile, OSError) as error:
            says = Sentence(
                "the file begins like a workbook and is none: it was cut off; save it again"
            )
            raise Unreadable(says) from error

    def sheet(self, named: str | None) -> str:
        """The name of the sheet that is meant: the only one with something on it, or that one."""
        names = self._opened.sheet_names
        if named is not None:
            if named not in names:
                raise Unreadable(
                    Sentence(
                        "there is no sheet %(name)s: it is one of %(names)s",
                        name=repr(named),
                        names=", ".join(names),
                    )
                )
            return named
        filled = [each for each in names if self._opened.get_sheet_by_name(each).end]
        if not filled:
            raise Unreadable(Sentence("there is nothing in the workbook"))
        if len(filled) > 1:
            raise Unreadable(
                Sentence(
                    "the workbook has several sheets: say --sheet, %(names)s", names=either(filled)
                )
            )
        return filled[0]

    def rows(self, sheet: str) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Every row that is not empty, with its number."""
        try:
            opened = self._opened.get_sheet_by_name(sheet)
            if opened.width > MOST_COLUMNS:
                says = Sentence(
                    "the sheet %(name)s has %(count)s columns: %(most)s at most",
                    name=repr(sheet),
                    count=opened.width,
                    most=MOST_COLUMNS,
                )
                raise Unreadable(says)
            for number, row in enumerate(opened.iter_rows(), start=1):
                if any(cell != "" for cell in row):
                    yield number, tuple(map(_text, row))
        except (CalamineError, WorksheetNotFound, XmlError) as error:
            raise Unreadable(Sentence("the workbook is broken: save it again")) from error


def _text(cell: Any) -> str:
    match cell:
        case str():
            return cleaned(cell)
        case bool():
            return "yes" if cell else "no"
        case float() if cell.is_integer() and abs(cell) < 10**15:
            return str(int(cell))
        case datetime() if (cell.hour, cell.minute, cell.second) == (0, 0, 0):
            return cell.date().isoformat()
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
        case date():
            return cell.isoformat()
        case time():
            return cell.strftime("%H:%M")
        case timedelta():
            return f"{cell.seconds // 3600:02}:{cell.seconds // 60 % 60:02}"
        case other:
            return str(other)
