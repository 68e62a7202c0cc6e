"""What a plan makes of its slots, where that is nobody's loss: those that come, stay, or follow it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Final

from kursplan.console.classes.rows import begins, count, pinned
from kursplan.console.consequences import Item, Part
from kursplan.console.words import Words
from kursplan.desk.edit_series import SeriesEdited
from kursplan.domain.localtime import local
from kursplan.domain.series import Series
from kursplan.domain.slots import SlotStatus
from kursplan.store.engine.rows import AnyRow

NAMED: Final = 8
"""So many days are named of slots that come; of more, how many they are besides."""


def comes(words: Words, of: Series, since: date, until: date, now: datetime) -> Iterator[Part]:
    """Of a new series: its first slots."""
    starts = [
        local(each.starts_at, of.zone)
        for each in of.plan.occurrences(of.standard, of.zone, since, until)
        if each.starts_at > now
    ]
    yield _new(words, len(starts), starts)


def becomes(
    words: Words,
    before: Series,
    rows: Sequence[AnyRow],
    from_day: date,
    edited: SeriesEdited,
    now: datetime,
) -> Iterator[Part]:
    """Of a series that changes from that day on, whose slots to come are these."""
    planned = [
        each
        for each in rows
        if each.status is SlotStatus.PLANNED and begins(each).date() >= from_day
    ]
    gone = {each.slot_id for each in edited.cancelled}
    changed = [each for each in planned if each.id in edited.changed]
    stay = [each for each in planned if each.id not in gone and each.id not in edited.changed]
    if changed and not _moves(before, edited.series):
        heading = words.ngettext("%(n)s slot changes", "%(n)s slots change", len(changed))
        yield Part("", "pin", heading, items=tuple(_items(words, changed)))
    if stay:
        heading = words.ngettext(
            "%(n)s slot stays as it is", "%(n)s slots stay as they are", len(stay)
        )
        by_hand = [each for each in stay if each.own]
        yield Part("", "pin", heading, items=tuple(_items(words, by_hand)))
    if edited.made and edited.series.extended_until is not None:
        days = {begins(each).date() for each in planned if each.id not in gone}
        of = edited.series
        starts = [
            local(each.starts_at, of.zone)
            for each in of.plan.occurrences(
                of.standard, of.zone, from_day, edited.series.extended_until
            )
            if each.starts_at > now and each.local_start.date() not in days
        ]
        yield _new(words, edited.made, starts if len(starts) == edited.made else ())


def _moves(before: Series, after: Series) -> bool:
    return (before.plan.start_time, before.shape.duration) != (
        after.plan.start_time,
        after.shape.duration,
    )


def _new(words: Words, made: int, starts: Sequence[datetime]) -> Part:
    heading = words.ngettext("%(n)s new slot", "%(n)s new slots", made)
    if not made:
        return Part("wait", "warning", words.gettext("No slot comes of it in the next weeks"))
    said = [words.moment(each) for each in starts[:NAMED]]
    if len(starts) > NAMED:
        more = len(starts) - NAMED
        said.append(words.ngettext("%(n)s more", "%(n)s more", more))
    return Part("good", "plus", heading, names=words.listed(said) if said else "")


def _items(words: Words, rows: Sequence[AnyRow]) -> Iterator[Item]:
    for each in rows:
        notes = [count(words, each)]
        if each.own:
            notes.append(words.gettext("set by hand: %(what)s", what=pinned(words, each)))
        yield Item(words.moment(begins(each)), f"slots/{each.id}", " · ".join(notes))
