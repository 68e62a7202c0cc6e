"""Why something can't be done, in the words of the one who reads."""

from __future__ import annotations

from typing import Final

from kursplan.console.consequences.view import RefusalView
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.admission import STAFF_MAY_OVERRULE
from kursplan.domain.clashes import Clash, Clashing, ClashingSlot
from kursplan.domain.localtime import local
from kursplan.domain.refusals import Kind, Refusal
from kursplan.domain.studios import zone_of
from kursplan.staff.names import names_for
from kursplan.staff.refusals import sentence
from kursplan.store.engine.rows import AnyRow

NEVER: Final = frozenset(
    {Kind.SLOT_CANCELLED, Kind.SLOT_COMPLETED, Kind.SLOT_OVER, Kind.ACCESS_REFUSED}
)
"""What nobody sets aside, although its rule is one that staff may overrule."""


def may_be_overruled(refusal: Refusal, set_aside: frozenset[Kind]) -> bool:
    """Whether staff can have it done all the same."""
    rule = refusal.kind.rule
    return refusal.kind not in NEVER and rule in STAFF_MAY_OVERRULE and rule not in set_aside


async def refusal_view(visit: Visit, refusal: Refusal, *, may: bool) -> RefusalView:
    names = await visit.read(names_for, [refusal])
    clashes = refusal.clashes if isinstance(refusal, Clashing) else ()
    told = tuple(clash_sentence(visit.words, each) for each in clashes)
    return RefusalView(sentence(refusal, names, visit.words), told, may)


def clash_sentence(words: Words, clash: Clash) -> str:
    """Who or what is twice at the same time, and on which two slots."""
    one, other = (_slot(words, each) for each in clash.slots)
    return words.gettext("%(what)s: %(one)s, and %(other)s", what=clash.name, one=one, other=other)


def overlap_sentence(words: Words, who: str, beside: AnyRow) -> str:
    """The same on the page of one of the two: who or what is needed by that other slot, too."""
    return words.gettext("%(what)s twice: also %(other)s", what=who, other=_slot(words, beside))


def _slot(words: Words, slot: ClashingSlot | AnyRow) -> str:
    zone = zone_of(slot.zone)
    return f"{slot.title}, {words.span(local(slot.starts_at, zone), local(slot.ends_at, zone))}"
