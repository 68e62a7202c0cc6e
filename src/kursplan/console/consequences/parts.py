"""What a rehearsal says would happen, in parts: the gravest first, what is good at the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from kursplan.console.consequences.refused import clash_sentence
from kursplan.console.consequences.view import Item, Part
from kursplan.console.words import Words
from kursplan.desk.clashes import clashes_of
from kursplan.desk.engine.rehearse import Change, Rehearsed, SlotChange
from kursplan.domain.consequences import Becomes
from kursplan.domain.localtime import local
from kursplan.domain.refusals import Kind
from kursplan.staff.refusals import clause

MOST_LISTED: Final = 12
"""So many people stand each in a line; of more there is a line for each slot."""


def parts(
    words: Words, rehearsed: Rehearsed[object], slot_id: int | None, comes: Iterable[Part] = ()
) -> Iterator[Part]:
    """`slot_id` is the one that the page is about: it needs not to be said on which slot. `comes` is what
    comes of it for nobody, said before what is good for people."""
    of: defaultdict[Becomes, list[Change]] = defaultdict(list)
    for change in rehearsed.changes:
        of[change.becomes].append(change)
    writer = _Writer(words, slot_id)
    takes = [
        *writer.slots([each for each in rehearsed.slots if each.slot_id != slot_id]),
        *writer.clashes(rehearsed.answer),
        *writer.lost(of[Becomes.CANCELLED]),
        *writer.refused(rehearsed),
        *writer.flagged(of[Becomes.FLAGGED]),
        *writer.over_capacity(rehearsed.answer),
        *writer.moved(of[Becomes.MOVED]),
    ]
    gives = [
        *writer.made(of[Becomes.MADE]),
        *writer.back(of[Becomes.BACK]),
        *writer.promoted(of[Becomes.PROMOTED]),
    ]
    yield from takes
    yield from comes
    yield from gives
    if not takes and not gives:
        yield Part("good", "check", words.gettext("Nobody loses or gets a place"))


class _Writer:
    def __init__(self, words: Words, slot_id: int | None) -> None:
        self._words = words
        self._slot_id = slot_id

    # --- Slots ----------------------------------------------------------------------------------

    def slots(self, changes: Sequence[SlotChange]) -> Iterator[Part]:
        words = self._words
        gone = [each for each in changes if each.becomes is Becomes.CANCELLED]
        moved = [each for each in changes if each.becomes is Becomes.MOVED]
        back = [each for each in changes if each.becomes is Becomes.BACK]
        if gone:
            heading = words.ngettext(
                "%(n)s slot is cancelled", "%(n)s slots are cancelled", len(gone)
            )
            yield Part("stop", "closed", heading, items=self._slot_items(gone))
        if moved:
            heading = words.ngettext("%(n)s slot moves", "%(n)s slots move", len(moved))
            yield Part("", "arrow", heading, items=self._slot_items(moved))
        if back:
            heading = words.ngettext(
                "%(n)s slot takes place again", "%(n)s slots take place again", len(back)
            )
            yield Part("good", "undo", heading, items=self._slot_items(back))

    def _slot_items(self, changes: Iterable[SlotChange]) -> tuple[Item, ...]:
        return tuple(
            Item(each.title, f"slots/{each.slot_id}", self._when(each)) for each in changes
        )

    def _when(self, change: SlotChange) -> str:
        at = self._words.moment(local(change.starts_at, ZoneInfo(change.zone)))
        if change.moved_to is None:
            return at
        if change.moved_to == change.starts_at:
            return self._words.gettext("%(at)s, of another length", at=at)
        then = self._words.moment(local(change.moved_to, ZoneInfo(change.zone)))
        return self._words.gettext("from %(at)s to %(then)s", at=at, then=then)

    def clashes(self, answer: object) -> Iterator[Part]:
        if found := clashes_of(answer):
            items = tuple(Item(clash_sentence(self._words, each)) for each in found)
            heading = self._words.gettext("Twice at the same time")
            yield Part("stop", "clash", heading, items=items)

    # --- People ---------------------------------------------------------------------------------

    def lost(self, changes: Sequence[Change]) -> Iterator[Part]:
        if changes:
            heading = self._words.ngettext(
                "%(n)s person loses the place", "%(n)s people lose their place", _people_in(changes)
            )
            yield self._people("stop", "cross", heading, changes)

    def refused(self, rehearsed: Rehearsed[object]) -> Iterator[Part]:
        """Those who were on a slot that is restored, and are not admitted any more."""
        told = getattr(rehearsed.answer, "refused", ())
        if told:
            named = {each.booking_id: each for each in rehearsed.changes}
            items = tuple(
                Item(
                    self._name(named.get(booking.id), booking.customer_id),
                    f"customers/{booking.customer_id}",
                    self._why(refusal.kind),
                )
                for booking, refusal in told
            )
            heading = self._words.ngettext(
                "%(n)s person does not come back", "%(n)s people do not come back", len(items)
            )
            yield Part("stop", "closed", heading, items=items)

    def flagged(self, changes: Sequence[Change]) -> Iterator[Part]:
        """By why they would be refused."""
        by_kind: defaultdict[Kind | None, list[Change]] = defaultdict(list)
        for change in changes:
            by_kind[change.conflict].append(change)
        for kind, of in by_kind.items():
            heading = self._words.ngettext(
                "%(n)s person keeps the place, flagged",
                "%(n)s people keep their place, flagged",
                _people_in(of),
            )
            note = self._words.gettext(
                "They would be refused then: %(why)s. Staff decide.", why=self._why(kind)
            )
            yield self._people("wait", "flag", heading, of, note, listed=True)

    def over_capacity(self, answer: object) -> Iterator[Part]:
        over = getattr(answer, "over_capacity", 0)
        if over:
            heading = self._words.ngettext(
                "%(n)s more sits there than there are seats",
                "%(n)s more sit there than there are seats",
                over,
            )
            note = self._words.gettext("Nobody is sent away.")
            yield Part("wait", "warning", heading, note)

    def moved(self, changes: Sequence[Change]) -> Iterator[Part]:
        if changes:
            heading = self._words.ngettext(
                "%(n)s person keeps the place, at the new time",
                "%(n)s people keep their place, at the new time",
                _people_in(changes),
            )
            yield self._people("", "people", heading, changes)

    def made(self, changes: Sequence[Change]) -> Iterator[Part]:
        if changes:
            heading = self._words.ngettext(
                "%(n)s person gets a place", "%(n)s people get a place", _people_in(changes)
            )
            yield self._people("good", "check", heading, changes)

    def back(self, changes: Sequence[Change]) -> Iterator[Part]:
        if changes:
            heading = self._words.ngettext(
                "%(n)s person gets the place back",
                "%(n)s people get their place back",
                _people_in(changes),
            )
            yield self._people("good", "undo", heading, changes)

    def promoted(self, changes: Sequence[Change]) -> Iterator[Part]:
        if changes:
            heading = self._words.ngettext(
                "%(n)s person moves up", "%(n)s people move up", _people_in(changes)
            )
            yield self._people("good", "up", heading, changes)

    def _people(
        self,
        kind: str,
        icon: str,
        heading: str,
        changes: Sequence[Change],
        note: str = "",
        *,
        listed: bool = False,
    ) -> Part:
        elsewhere = any(each.slot_id != self._slot_id for each in changes)
        if len(changes) > MOST_LISTED and len({each.slot_id for each in changes}) > 1:
            return Part(kind, icon, heading, note, tuple(self._by_slot(changes)))
        if not listed and not elsewhere:
            names = self._words.listed([self._name(each, each.customer_id) for each in changes])
            return Part(kind, icon, heading, note, names=names)
        items = tuple(
            Item(
                self._name(each, each.customer_id),
                f"customers/{each.customer_id}",
                "" if each.slot_id == self._slot_id else self._where(each),
            )
            for each in changes
        )
        return Part(kind, icon, heading, note, items)

    def _by_slot(self, changes: Sequence[Change]) -> Iterator[Item]:
        """All who are on a slot in one line."""
        of: defaultdict[int, list[Change]] = defaultdict(list)
        for each in changes:
            of[each.slot_id].append(each)
        for slot_id, on_it in of.items():
            names = self._words.listed([self._name(each, each.customer_id) for each in on_it])
            yield Item(self._where(on_it[0]), f"slots/{slot_id}", names)

    def _where(self, change: Change) -> str:
        at = self._words.moment(local(change.starts_at, ZoneInfo(change.zone)))
        return f"{change.title}, {at}"

    def _name(self, change: Change | None, customer_id: int) -> str:
        name = "" if change is None else change.name
        return name or self._words.gettext("Customer %(number)s", number=customer_id)

    def _why(self, kind: Kind | None) -> str:
        return self._words.gettext(clause(kind)) if kind is not None else ""


def _people_in(changes: Iterable[Change]) -> int:
    """Who has several bookings is one person."""
    return len({each.customer_id for each in changes})
