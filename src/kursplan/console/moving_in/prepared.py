"""What would come of a file, whatever it has: told in the same way, and done by the same button."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import Final

from kursplan.console.forms import Option
from kursplan.console.moving_in.said import WHO
from kursplan.console.moving_in.view import Doubt, Rows, Rule
from kursplan.console.visit import Visit
from kursplan.console.words import Words
from kursplan.domain.actors import Actor
from kursplan.domain.entries import OrganizationEntry
from kursplan.imports.match import NEW, Doubtful
from kursplan.imports.people import Refused
from kursplan.store.engine.rows import AnyRow

MOST_ROWS: Final = 200


@dataclass(frozen=True, slots=True)
class Moving:
    """What is brought in, where to, and by whom."""

    visit: Visit
    fields: Mapping[str, str]
    file: str
    """The name of the file."""
    organization: OrganizationEntry
    studio: AnyRow

    @property
    def by(self) -> Actor:
        return Actor.staff_member(self.visit.member.account_id, self.file)

    def answer(self, doubt: Doubtful) -> str | None:
        """Who somebody in doubt is, as somebody has said."""
        return self.fields.get(f"{WHO}{doubt.person.row.line}") or None


@dataclass(frozen=True, slots=True)
class Prepared:
    counts: tuple[str, ...]
    tables: tuple[Rows, ...]
    left_out: Sequence[Collection[Doubtful | Refused]]
    """The rows that nothing is done about, for somebody to mend; each in the order of the lines."""
    leaves_out: int
    """How many they are; of a calendar they are no rows."""
    can_bring: bool
    fingerprint: str
    """What would be done; where it is something else by then, it is shown again."""
    bring: Callable[[], Awaitable[str]]
    """Does it; says in a sentence what was done."""
    doubts: tuple[Doubt, ...] = ()
    rules: tuple[Rule, ...] = ()
    reason_error: str = ""


def fingerprint(told: Iterable[object]) -> str:
    return sha256("\n".join(map(repr, told)).encode()).hexdigest()[:32]


def rows(
    title: str,
    heads: Sequence[str],
    found: Iterable[tuple[str, ...]],
    words: Words,
) -> tuple[Rows, ...]:
    """A table, with the first of what was found; nothing where it would be empty."""
    rest = iter(found)
    if not (shown := tuple(islice(rest, MOST_ROWS))):
        return ()
    further = sum(1 for _ in rest)
    more = words.ngettext("and %(n)s more", "and %(n)s more", further) if further else ""
    return (Rows(title, tuple(heads), shown, more),)


def doubts(words: Words, found: Iterable[Doubtful], *, may_be_new: bool) -> tuple[Doubt, ...]:
    new = (Option(NEW, words.gettext("a new customer")),) if may_be_new else ()
    return tuple(
        Doubt(
            f"{WHO}{each.person.row.line}",
            words.gettext("Line %(n)s, %(who)s", n=each.person.row.line, who=each.person.called),
            each.because.said(words),
            (
                Option("", words.gettext("leave it out")),
                *new,
                *(
                    Option(who.key, words.gettext("the same as %(who)s", who=who.told.said(words)))
                    for who in each.candidates
                ),
            ),
        )
        for each in islice(found, MOST_ROWS)
    )


def refused(words: Words, found: Iterable[Refused]) -> tuple[Rows, ...]:
    told = (
        (words.number(each.row.line), "; ".join(why.said(words) for why in each.reasons))
        for each in found
    )
    heads = (words.gettext("Line"), words.gettext("Because"))
    return rows(words.gettext("Left out"), heads, told, words)


def quietly(_section: str, _done: int, _total: int) -> None:
    """The page is answered when all of it is done."""
