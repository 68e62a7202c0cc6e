"""Moving in: members, timetable and bookings, as another system exports them.

The page says first how it understood the file, and is corrected where it did not; then what would come of it.
Nothing is guessed in silence and nothing is done by half: rows that can't be taken are left out, and can be
taken along as a file to mend and bring again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from kursplan.console.addresses import address
from kursplan.console.carried import MOST_SENT, Carried, carried
from kursplan.console.consequences.refused import refusal_view
from kursplan.console.forms import Option
from kursplan.console.moving_in import bookings, members, timetable, understood
from kursplan.console.moving_in.prepared import Moving, Prepared
from kursplan.console.moving_in.said import SAID, WHO, SaidOfFile
from kursplan.console.moving_in.view import Kind, LookView, MovingInView
from kursplan.console.page import page
from kursplan.console.visit import Handler, NothingYet, NotThere, Visit
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.entries import OrganizationEntry
from kursplan.domain.sentences import Sentence
from kursplan.gymfile import Clashes, GymFileMistakes
from kursplan.imports.calendars import is_calendar
from kursplan.imports.exported import Exported
from kursplan.imports.heads import Subject
from kursplan.imports.move_timetable import Source
from kursplan.imports.table import Table, Unreadable
from kursplan.imports.to_mend import rows_to_mend
from kursplan.imports.understand import Understanding
from kursplan.imports.understand import understood as understand
from kursplan.store.engine.rows import AnyRow
from kursplan.store.entries import organizations
from kursplan.store.staff import timetable as stored

PATH: Final = "moving-in"
TITLES: Final = {
    Subject.MEMBERS: _("Members"),
    Subject.TIMETABLE: _("Timetable"),
    Subject.BOOKINGS: _("Bookings of the week"),
}
TEXTS: Final = {
    Subject.MEMBERS: _(
        "Who they are and how they are reached. As often as you like: what was changed here by hand "
        "stays."
    ),
    Subject.TIMETABLE: _(
        "A list of dates becomes weekly series; a calendar says them itself. Only what is not planned "
        "yet is added."
    ),
    Subject.BOOKINGS: _(
        "On the day of the switch-over, when members and timetable are there: each gets their place by "
        "the rules."
    ),
}
ACCEPTED: Final = ".csv,.txt,.tsv,.xlsx,.xls,.ods"
DONE: Final = {
    Subject.MEMBERS: _("The members are there."),
    Subject.TIMETABLE: _("The timetable is there."),
    Subject.BOOKINGS: _("The bookings are made."),
}


async def handler(visit: Visit) -> Response:
    """Where it begins: which of the three, and the file."""
    said = visit.asked_one_of("done", "", *Subject)
    return await _begin(visit, done=visit.words.gettext(DONE[Subject(said)]) if said else "")


async def _begin(visit: Visit, *, done: str = "", wrong: Subject | None = None) -> Response:
    words = visit.words
    kinds = tuple(
        Kind(
            each.value,
            words.gettext(TITLES[each]),
            words.gettext(TEXTS[each]),
            f"{ACCEPTED},.ics" if each is Subject.TIMETABLE else ACCEPTED,
            words.gettext("Choose a file first.") if each is wrong else "",
        )
        for each in Subject
    )
    studios = tuple(Option(each.key, each.name) for each in await _studios(visit))
    view = MovingInView(kinds, studios, (done,) if done else ())
    answer = page(visit, "moving-in/moving-in.html", words.gettext("Moving in"), view)
    if wrong is not None:
        answer.status_code = 422
    return answer


def look(subject: Subject) -> Handler:
    """How such a file is understood and what would come of it; and where somebody has seen that, it is
    done."""

    async def answer(visit: Visit) -> Response:
        fields, files = await visit.form_with_files(MOST_SENT)
        file = await carried(fields, files)
        if file is None:
            return await _begin(visit, wrong=subject)
        moving = Moving(
            visit, fields, file.name, await _organization(visit), await _studio(visit, fields)
        )
        return await _Looking(moving, subject, file).answer()

    return answer


@dataclass(frozen=True, slots=True)
class _Found:
    """What became of the file."""

    said: SaidOfFile
    error: str = ""
    table: Understanding | None = None
    asks: tuple[str, ...] = ()
    prepared: Prepared | None = None


class _Looking:
    def __init__(self, moving: Moving, subject: Subject, file: Carried) -> None:
        self._moving = moving
        self._visit = moving.visit
        self._words: Words = moving.visit.words
        self._fields: Mapping[str, str] = moving.fields
        self._subject = subject
        self._file = file

    async def answer(self) -> Response:
        found = await self._found()
        prepared, does = found.prepared, self._fields.get("do")
        if prepared is None:
            return self._page(found)
        if does == "rows" and found.table is not None:
            return _to_mend(self._words, found.table.table, prepared)
        if does != "bring" or not prepared.can_bring:
            return self._page(found)
        if self._fields.get("seen") != prepared.fingerprint:
            gettext = self._words.gettext
            return self._page(
                found, changed=gettext("It is not what you saw any more: look at it again.")
            )
        try:
            done = await prepared.bring()
        except GymFileMistakes as wrong:
            says = " ".join(f"{each.says.said(self._words)}." for each in wrong.mistakes)
            return self._page(_Found(found.said, says, found.table))
        except Clashes as refused:
            why = await refusal_view(self._visit, refused.clashing, may=False)
            return self._page(found, changed=" ".join([f"{why.sentence}.", *why.items]))
        if prepared.leaves_out or done != self._words.gettext(DONE[self._subject]):
            return self._page(await self._found(), done=done)
        return self._visit.to(address(PATH, done=self._subject.value))

    async def _found(self) -> _Found:
        """As it was said to be read; where that can't be, as it was said before."""
        before = SaidOfFile.before(self._fields)
        said = before.and_now(self._fields)
        try:
            return await self._read(said)
        except Unreadable as unreadable:
            error = unreadable.says.said(self._words)
        try:
            found = await self._read(before)
        except Unreadable:
            return _Found(said, error)
        return _Found(found.said, error, found.table, found.asks)

    async def _read(self, said: SaidOfFile) -> _Found:
        """Raises `Unreadable`."""
        data = self._file.data
        if self._subject is Subject.TIMETABLE and is_calendar(data):
            calendar = Source.calendar(data)
            return _Found(said, prepared=await self._timetable(calendar))
        legend = said.legend(self._subject)
        table = await asyncio.to_thread(understand, Exported.of(data), self._subject, legend)
        asks = tuple(understood.missing(self._words, table))
        if asks:
            return _Found(said, table=table, asks=asks)
        return _Found(said, table=table, prepared=await self._prepared(table))

    async def _prepared(self, table: Understanding) -> Prepared:
        match self._subject:
            case Subject.MEMBERS:
                return await members.prepared(self._moving, table)
            case Subject.TIMETABLE:
                return await self._timetable(Source.of_table(table))
            case Subject.BOOKINGS:
                return await bookings.prepared(self._moving, table)

    async def _timetable(self, source: Source) -> Prepared:
        return await timetable.prepared(self._moving, source, go_on="go-on" in self._fields)

    def _page(self, found: _Found, *, changed: str = "", done: str = "") -> Response:
        words, table, prepared = self._words, found.table, found.prepared
        title = words.gettext(TITLES[self._subject])
        doubts = () if prepared is None else prepared.doubts
        asked = {each.name for each in doubts}
        answered = (
            (name, said)
            for name, said in self._fields.items()
            if name.startswith(WHO) and name not in asked and said
        )
        order_is_asked = (
            table is not None
            and table.days_in is not None
            and (table.order_is_open or bool(found.said.order))
        )
        view = LookView(
            subject=self._subject.value,
            title=title,
            name=self._file.name,
            packed=self._file.packed,
            studio=self._moving.studio.key,
            studio_name=self._moving.studio.name,
            hidden=((SAID, found.said.written()), *answered),
            done=done,
            changed=changed,
            error=found.error,
            asks=found.asks,
            told=_told(words, None if table is None else table.table.source.told),
            columns=() if table is None else tuple(understood.columns(words, table)),
            fields=understood.field_options(words, self._subject),
            days=_told(
                words,
                None if table is None or table.days_in is None else table.survey.told(table.order),
            ),
            orders=understood.orders(words) if order_is_asked else (),
            order=found.said.order,
            strange=() if table is None else tuple(understood.strange(words, table)),
            go_on="go-on" in self._fields
            if self._subject is Subject.TIMETABLE and table is not None
            else None,
            counts=() if prepared is None else prepared.counts,
            doubts=doubts,
            tables=() if prepared is None else prepared.tables,
            rules=() if prepared is None else prepared.rules,
            reason=self._fields.get("reason", ""),
            reason_error="" if prepared is None else prepared.reason_error,
            can_bring=prepared is not None and prepared.can_bring,
            leaves_out=_leaves_out(words, prepared, table),
            seen="" if prepared is None else prepared.fingerprint,
            encoding=self._fields.get("encoding", ""),
            delimiter=self._fields.get("delimiter", ""),
            sheet=self._fields.get("sheet", ""),
        )
        answer = page(self._visit, "moving-in/look.html", title, view)
        if found.error:
            answer.status_code = 422
        return answer


def _told(words: Words, said: Sentence | None) -> str:
    return "" if said is None else said.said(words)


def _leaves_out(words: Words, prepared: Prepared | None, table: Understanding | None) -> str:
    if prepared is None or table is None or not any(prepared.left_out):
        return ""
    rows = sum(map(len, prepared.left_out))
    return words.ngettext("%(n)s row is left out.", "%(n)s rows are left out.", rows)


def _to_mend(words: Words, table: Table, prepared: Prepared) -> Response:
    """The rows that are left out, as a file."""
    headers = {"Content-Disposition": 'attachment; filename="to-mend.csv"'}
    lines = rows_to_mend(table, *prepared.left_out, in_words=lambda why: why.said(words))
    return Response("".join(lines), media_type="text/csv; charset=utf-8", headers=headers)


async def _organization(visit: Visit) -> OrganizationEntry:
    entry = await visit.read(organizations.entry)
    if entry is None:
        raise NotThere("organization")
    return entry


async def _studios(visit: Visit) -> list[AnyRow]:
    """Raises `NothingYet`."""
    found = list(await visit.read(stored.studios))
    if not found:
        raise NothingYet("there is no studio yet")
    return found


async def _studio(visit: Visit, fields: Mapping[str, str]) -> AnyRow:
    """The one that the form names, or the only one. Raises `NotThere`."""
    found = await _studios(visit)
    named = fields.get("studio") or (found[0].key if len(found) == 1 else "")
    for each in found:
        if each.key == named:
            return each
    raise NotThere("studio")
