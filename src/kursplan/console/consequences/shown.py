"""What a page showed of a rehearsal, short enough to be sent along, and what is different from it by now.

Bookings and slots that are yet to be made have another number in each rehearsal, so a line is known by
the slot and whose it is. Beyond so many lines only a fingerprint of all of them goes along: then the
page says that something is different, and shows what is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from kursplan.console.consequences.view import Part
from kursplan.console.words import Words
from kursplan.desk.clashes import clashes_of
from kursplan.desk.engine.rehearse import Rehearsed
from kursplan.domain.clashes import ClashingSlot
from kursplan.domain.consequences import Becomes

MOST_LINES: Final = 1_000

Key = tuple[int, int]
"""The slot, and the customer; or 0 for what becomes of the slot itself."""


@dataclass(frozen=True, slots=True)
class Shown:
    fingerprint: str
    lines: Mapping[Key, str] | None = field(compare=False, default=None)
    names: Mapping[Key, str] = field(compare=False, default_factory=dict)

    @classmethod
    def of(cls, rehearsed: Rehearsed[object], besides: Iterable[Part] = ()) -> Shown:
        lines, names = {}, {}
        for change in rehearsed.changes:
            if change.becomes is Becomes.OTHERWISE:
                continue
            key = (change.slot_id, change.customer_id)
            at = f"{change.starts_at.timestamp():.0f}"
            lines[key] = f"{change.becomes}.{change.conflict or ''}.{at}"
            names[key] = change.name
        for slot in rehearsed.slots:
            moved_to = f"{slot.moved_to.timestamp():.0f}" if slot.moved_to else ""
            at = f"{slot.starts_at.timestamp():.0f}"
            lines[slot.slot_id, 0] = f"{slot.becomes}.{moved_to}.{at}"
            names[slot.slot_id, 0] = slot.title
        whole = [f"{key[0]}.{key[1]}.{said}" for key, said in sorted(lines.items())]
        whole += sorted(
            f"{each.needed}.{each.id}.{_which(each.slots[0])}.{_which(each.slots[1])}"
            for each in clashes_of(rehearsed.answer)
        )
        whole += [f"{part.heading}: {part.items}" for part in besides]
        digest = sha256("\n".join(whole).encode()).hexdigest()[:24]
        return cls(digest, {key: _short(said) for key, said in lines.items()}, names)

    def written(self) -> str:
        """As it stands in a form."""
        lines = self.lines or {}
        if len(lines) > MOST_LINES:
            return self.fingerprint
        told = "_".join(f"{slot}.{whose}.{said}" for (slot, whose), said in lines.items())
        return f"{self.fingerprint}~{told}"

    @classmethod
    def read(cls, written: str) -> Shown:
        """What a form sends back; what is no such thing is like nothing that was shown."""
        fingerprint, has_lines, told = written.partition("~")
        lines: dict[Key, str] = {}
        for each in told.split("_") if told else ():
            slot, _, rest = each.partition(".")
            whose, _, said = rest.partition(".")
            if not (slot.isdecimal() and whose.isdecimal()):
                return cls("")
            lines[int(slot), int(whose)] = said
        return cls(fingerprint, lines if has_lines else None)

    def says_of(self, slot_id: int, alone: Shown) -> bool:
        """Whether what was shown says the same of that slot as what concerns it alone."""
        lines, of = self.lines or {}, alone.lines or {}
        return {key: said for key, said in lines.items() if key[0] == slot_id} == of

    def is_within(self, all_of_it: Shown) -> bool:
        """Whether each line of it stands there, too."""
        return (self.lines or {}).items() <= (all_of_it.lines or {}).items()

    def differences(self, now: Shown, words: Words) -> Iterator[str]:
        """In sentences, what is `now` and was not shown, or is not any more."""
        if self == now:
            return
        then, stands = self.lines, now.lines or {}
        new = [] if then is None else [each for each in stands if each not in then]
        other = [] if then is None else [e for e in stands if e in then and then[e] != stands[e]]
        gone = 0 if then is None else len([each for each in then if each not in stands])
        if new:
            who = words.listed([now.names[each] for each in new])
            yield words.gettext("%(who)s came to it and is in the list below.", who=who)
        if other:
            who = words.listed([now.names[each] for each in other])
            yield words.gettext("%(who)s: it would be something else now.", who=who)
        if gone:
            yield words.ngettext(
                "%(n)s line of what you saw is not so any more.",
                "%(n)s lines of what you saw are not so any more.",
                gone,
            )
        if not (new or other or gone):
            yield words.gettext("What is below is what would happen now.")


def _which(slot: ClashingSlot) -> str:
    """Which slot it is, also where it is yet to be made."""
    return f"{slot.studio}.{slot.starts_at.timestamp():.0f}.{slot.title}"


def _short(said: str) -> str:
    return sha256(said.encode()).hexdigest()[:6]
