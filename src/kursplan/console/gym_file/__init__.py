"""The gym file: taken along as a document, and brought back after it was looked at.

What the file changed is applied; what others changed stays; where both did, each is decided for itself. All of
it is rehearsed and shown before it is done, and is done only as it was shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection
from starlette.responses import Response

from kursplan import gymfile
from kursplan.console import told
from kursplan.console.addresses import address
from kursplan.console.carried import MOST_SENT, Carried, carried
from kursplan.console.consequences.refused import refusal_view
from kursplan.console.forms import Option
from kursplan.console.gym_file.look import Look, view, wish
from kursplan.console.gym_file.view import GymFileView, MistakeRow, MistakesView
from kursplan.console.gym_file.words import SECTIONS
from kursplan.console.page import page
from kursplan.console.visit import NotThere, Visit
from kursplan.domain.actors import Actor
from kursplan.domain.entries import OrganizationEntry
from kursplan.domain.history import EntityKind
from kursplan.domain.sentences import Sentence
from kursplan.gymfile import Clashes, GymFile, GymFileMistakes, Mistake, Wish
from kursplan.store.entries import organizations
from kursplan.store.staff import history
from kursplan.store.staff.history import Span, Told

PATH: Final = "gym-file"
MOST_MISTAKES: Final = 100
YAML: Final = "application/yaml; charset=utf-8"


async def handler(visit: Visit) -> Response:
    """Where it begins: take it along, or bring one."""
    return await _begin(visit)


async def _begin(visit: Visit, error: str = "") -> Response:
    words = visit.words
    sections = (Option(each, words.gettext(SECTIONS[each])) for each in gymfile.SECTIONS)
    done = []
    if (loaded := visit.asked("loaded")) is not None:
        done.append(words.gettext("The file is loaded."))
        if loaded.isdecimal() and int(loaded):
            done.append(
                words.ngettext(
                    "%(n)s conflict was left as it is here.",
                    "%(n)s conflicts were left as they are here.",
                    int(loaded),
                )
            )
    entry = await _organization(visit)
    shown = GymFileView(entry.name or entry.key, tuple(sections), tuple(done), error)
    answer = page(visit, "gym-file/gym-file.html", words.gettext("Gym file"), shown)
    if error:
        answer.status_code = 422
    return answer


async def download(visit: Visit) -> Response:
    """The company as a file, with the sections that the address names; with all where it names none."""
    wanted = [each for each in gymfile.SECTIONS if visit.request.query_params.get(each)]
    entry, services = await _organization(visit), visit.services
    text = await gymfile.dump(
        services.database, services.clock, entry.key, wanted or gymfile.SECTIONS
    )
    disposition = f'attachment; filename="{entry.key}.yaml"'
    return Response(text, media_type=YAML, headers={"Content-Disposition": disposition})


async def look(visit: Visit) -> Response:
    """What loading the file would do; and where somebody has seen that, it is loaded."""
    fields, files = await visit.form_with_files(MOST_SENT)
    words = visit.words
    file = await carried(fields, files)
    if file is None:
        return await _begin(visit, words.gettext("Choose a file first."))
    try:
        read = await asyncio.to_thread(gymfile.read, file.data)
        await _check_whose(visit, read)
        found = await _look(visit, file, read, fields)
    except GymFileMistakes as wrong:
        return _mistakes(visit, file, wrong.mistakes, fields)
    except Clashes as refused:
        return await _refused(visit, file, refused, fields)
    before = fields.get("seen")
    if before is None or fields.get("do") != "load" or "all" in fields:
        return await _shown(visit, found)
    if before != found.seen:
        return await _shown(visit, found, changed=tuple(found.differences_to(before, words)))
    if found.is_large and fields.get("takes", "").strip() != str(found.taken):
        error = words.gettext("Type how many: %(n)s.", n=found.taken)
        return await _shown(visit, found, takes_error=error)
    try:
        return await _load(visit, read, found)
    except Clashes as refused:
        return await _refused(visit, file, refused, fields)


async def _look(visit: Visit, file: Carried, read: GymFile, fields: Mapping[str, str]) -> Look:
    """Raises `GymFileMistakes` and `Clashes`."""
    services = visit.services
    how: dict[str, Any] = {"egress": services.egress, "horizon_days": services.horizon_days}
    plain = Wish(remove="remove" in fields)
    undecided = await gymfile.preview(services.database, services.clock, read, wish=plain, **how)
    wanted = wish(fields, undecided.conflicts)
    foretold = await gymfile.rehearse(
        services.desk, services.database, services.clock, read, wish=wanted, **how
    )
    return Look(file, wanted, undecided.conflicts, foretold)


async def _shown(visit: Visit, found: Look, **said: Any) -> Response:
    shown = await view(visit, found, **said)
    return page(visit, "gym-file/look.html", visit.words.gettext("Gym file"), shown)


async def _load(visit: Visit, read: GymFile, found: Look) -> Response:
    services, since = visit.services, visit.services.clock.now()
    by = Actor.staff_member(visit.member.account_id, found.carried.name)
    done = await gymfile.load(
        services.desk,
        services.database,
        services.clock,
        read,
        by=by,
        wish=found.wish,
        egress=services.egress,
        horizon_days=services.horizon_days,
    )
    back = address(PATH, loaded=len({each.way for each in done.conflicts}))
    if any(each.becomes in told.SAY for each in found.rehearsed.changes):
        lines = await visit.read(_lines_of_bookings, by, since)
        return visit.to(told.address_of(lines, back))
    return visit.to(back)


def _lines_of_bookings(tx: Connection, organization_id: int, by: Actor, since: Any) -> list[Told]:
    """What was done since then by that file, as far as somebody has a booking on it; the oldest first."""
    lines = history.by_whom(tx, organization_id, [by.who or ""], Span(since))
    found = [
        line
        for line in reversed(lines)
        if line.by == by and any(each.kind is EntityKind.BOOKING for each in line.subjects)
    ]
    return found[: told.TOGETHER]


# --- What can't be taken ------------------------------------------------------------------------


async def _organization(visit: Visit) -> OrganizationEntry:
    entry = await visit.read(organizations.entry)
    if entry is None:
        raise NotThere("organization")
    return entry


async def _check_whose(visit: Visit, read: GymFile) -> None:
    """Raise `GymFileMistakes` for a file of another company: here nobody loads into that, or founds one."""
    entry = await _organization(visit)
    if read.gym.organization.key != entry.key:
        says = Sentence(
            "this file is of another organization: write %(key)s to load it into yours",
            key=repr(entry.key),
        )
        raise GymFileMistakes([read.mistake(("organization", "key"), says)])


def _mistakes(
    visit: Visit, file: Carried, mistakes: tuple[Mistake, ...], fields: Mapping[str, str]
) -> Response:
    words = visit.words
    further = len(mistakes) - MOST_MISTAKES
    shown = MistakesView(
        words.ngettext("The file has %(n)s mistake", "The file has %(n)s mistakes", len(mistakes)),
        file.name,
        tuple(
            MistakeRow(
                words.gettext("Line %(n)s", n=each.line) if each.line else "",
                each.path,
                each.says.said(words),
            )
            for each in mistakes[:MOST_MISTAKES]
        ),
        words.ngettext("and %(n)s more", "and %(n)s more", further) if further > 0 else "",
        "remove" in fields,
    )
    answer = page(visit, "gym-file/mistakes.html", words.gettext("Gym file"), shown)
    answer.status_code = 422
    return answer


async def _refused(
    visit: Visit, file: Carried, refused: Clashes, fields: Mapping[str, str]
) -> Response:
    """A studio refuses what would be twice at the same time."""
    why = await refusal_view(visit, refused.clashing, may=False)
    words = visit.words
    shown = MistakesView(
        words.gettext("That can’t be done"),
        file.name,
        (MistakeRow("", "", f"{why.sentence}."), *(MistakeRow("", "", e) for e in why.items)),
        "",
        "remove" in fields,
    )
    answer = page(visit, "gym-file/mistakes.html", words.gettext("Gym file"), shown)
    answer.status_code = 422
    return answer
