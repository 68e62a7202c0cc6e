"""Matching people of a file with those that are stored: by number, or else by e-mail and name.

Nobody is matched by less. Who could be somebody that is there (a family on one address, the same
name and birthday) is in doubt, and somebody has to say so: at the terminal, or in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from kursplan.domain.customers import CustomerStatus
from kursplan.domain.entries import CustomerEntry, free_key
from kursplan.domain.names import folded, folded_address
from kursplan.domain.sentences import Sentence, each_of
from kursplan.gymfile.dump import as_written
from kursplan.imports.everybody import Everybody, Known
from kursplan.imports.keys import key_of
from kursplan.imports.people import Facts, Person, Refused

NEW = "new"
"""What is said of somebody in doubt who is nobody that is there."""


@dataclass(frozen=True, slots=True)
class Change:
    """One member of a customer that becomes something else; None where it was empty."""

    member: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Matched:
    """A row whose person is known for sure."""

    person: Person
    who: Known
    is_new: bool
    changes: tuple[Change, ...] = ()
    left: tuple[Change, ...] = ()
    """What was changed here since, while the file says what it said before: it stays."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A row that says again what one before it said."""

    person: Person
    line: int


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A row whose person may be one of these, or a new one."""

    person: Person
    candidates: tuple[Known, ...]
    because: Sentence


Outcome = Matched | Repeated | Doubtful | Refused


def known_of(entry: CustomerEntry, said: Facts | None = None) -> Known:
    """A stored customer, as far as an import can tell."""
    facts = {
        name: as_written(value) for name in MEMBERS if (value := getattr(entry, name)) is not None
    }
    # A gym file says more of people than an import knows of.
    of_those = {name: value for name, value in (said or {}).items() if name in MEMBERS}
    return Known(entry.key, entry.studio, facts, said=of_those)


MEMBERS = {
    "number": Sentence("number"),
    "first_name": Sentence("first name"),
    "last_name": Sentence("last name"),
    "date_of_birth": Sentence("date of birth"),
    "email": Sentence("email"),
    "gender": Sentence("gender"),
    "phone": Sentence("phone"),
    "preferred_language": Sentence("preferred language"),
    "status": Sentence("status"),
}
"""What an import knows of a customer, as it is called within a sentence."""


class Matching:
    """Finds out who is who, row after row, among `everybody`: with each row that knows of more.

    `answer` is asked about everybody in doubt, and says `NEW`, a key, or None for "leave it out".
    """

    def __init__(
        self,
        everybody: Everybody,
        studio: str,
        answer: Callable[[Doubtful], str | None] = lambda _: None,
    ) -> None:
        self._studio = studio
        self._answer = answer
        self._everybody = everybody

    def outcomes(self, rows: Iterable[Person | Refused]) -> Iterator[Outcome]:
        """What becomes of each row, in their order."""
        for each in rows:
            yield each if isinstance(each, Refused) else self._outcome(each)

    def _outcome(self, person: Person) -> Outcome:
        if person.same_as is not None:
            return self._as_said(person, person.same_as)
        found = self.look(person)
        if isinstance(found, Doubtful):
            said = self._answer(found)
            return found if said is None else self._as_said(person, said)
        return self._new(person) if found is None else self._same(person, found)

    def _as_said(self, person: Person, said: str) -> Outcome:
        if folded(said) in (folded(NEW), "neu"):
            found = self.look(person)
            if isinstance(found, Known):
                return self._same(person, found)  # They were new when it was said.
            number = person.facts.get("number")
            if (other := self._with_number(number)) is not None:
                says = Sentence(
                    "is said to be new, but %(who)s has the number %(number)s",
                    who=other.told,
                    number=number or "-",
                )
                return Refused(person.row, (says,))
            return self._new(person)
        who = self.called(said)
        if who is None:
            return Refused(person.row, (no_such_customer(said),))
        return self._same(person, who)

    def called(self, said: str) -> Known | None:
        """Whoever has this key, or this number."""
        return self._everybody.by_key(said) or self._everybody.by_number(said)

    def _with_number(self, number: str | None) -> Known | None:
        return None if number is None else self._everybody.by_number(number)

    def look(self, person: Person) -> Known | Doubtful | None:
        """Who it is; None for somebody new."""
        facts = person.facts
        number, email = facts.get("number"), facts.get("email")
        if number is not None and (who := self._everybody.by_number(number)) is not None:
            if _could_be_one(facts, who.facts):
                return who
            says = Sentence("the number %(number)s is that of %(who)s", number=number, who=who.told)
            return Doubtful(person, (who,), says)
        name = folded(person.called)
        with_address = self._everybody.at_address(email) if email else []
        same_name = [each for each in with_address if folded(each.called) == name]
        if len(same_name) == 1 and _agree(facts, same_name[0].facts, "number"):
            return same_name[0]
        if same_name:
            because = Sentence("several have this e-mail address and name")
            if len(same_name) == 1:
                because = Sentence(
                    "%(who)s has this e-mail address and name, and another number",
                    who=same_name[0].told,
                )
            return Doubtful(person, tuple(same_name), because)
        alike = self._everybody.called(person.called)
        return self._by_name_alone(person, alike) or self._family(person, with_address)

    def _by_name_alone(self, person: Person, alike: list[Known]) -> Known | Doubtful | None:
        """Whoever has the same name: the same only where all else is the same, too."""
        facts = person.facts
        born = facts.get("date_of_birth")
        born_then = [each for each in alike if born and each.facts.get("date_of_birth") == born]
        exactly = [
            each
            for each in born_then
            if _agree(facts, each.facts, "number") and not _changes(each.facts, facts)
        ] or [
            each
            for each in alike
            if not _changes(each.facts, facts) and not _changes(facts, each.facts)
        ]
        if len(exactly) == 1:
            return exactly[0]
        if born_then:
            because = Sentence("%(who)s has this name and birthday", who=born_then[0].told)
            return Doubtful(person, tuple(born_then), because)
        perhaps = tuple(
            each
            for each in alike
            if all(_agree(facts, each.facts, of) for of in ("number", "email", "date_of_birth"))
        )
        if perhaps:
            because = Sentence(
                "%(who)s has this name, and nothing speaks against it", who=perhaps[0].told
            )
            return Doubtful(person, perhaps, because)
        return None

    def _family(self, person: Person, with_address: list[Known]) -> Doubtful | None:
        """Others on the same address, unless two numbers say that they are two people."""
        number = person.facts.get("number")
        family = tuple(each for each in with_address if number is None or each.number is None)
        if not family:
            return None
        because = Sentence(
            "%(who)s has this e-mail address: a family, or another name for the same",
            who=family[0].told,
        )
        return Doubtful(person, family, because)

    def _new(self, person: Person) -> Matched:
        wanted = key_of(person.facts.get("number"), person.called)
        key = free_key(wanted, self._everybody.__contains__)
        who = Known(key, self._studio, person.facts, person.row.line)
        self._everybody.know([who])
        return Matched(person, who, is_new=True)

    def _same(self, person: Person, found: Known) -> Outcome:
        now = self._everybody.as_of_now(found.key)
        who, line = (found, None) if now is None else now
        changes = _changes(who.facts, person.facts)
        if line is not None:
            if not changes:
                return Repeated(person, line)
            says = Sentence(
                "is %(who)s of line %(line)s again, with another %(members)s",
                who=who.called,
                line=line,
                members=each_of(MEMBERS[each.member] for each in changes),
            )
            return Refused(person.row, (says,))
        number = person.facts.get("number")
        other = None if number == found.number else self._with_number(number)
        if other is not None and other.key != who.key:
            says = Sentence(
                "has the number %(number)s, which is that of %(who)s",
                number=number or "-",
                who=other.told,
            )
            return Refused(person.row, (says,))
        left = tuple(each for each in changes if who.said.get(each.member) == each.after)
        changes = tuple(each for each in changes if each not in left)
        becomes = {**who.facts, **person.facts} if changes else None
        self._everybody.see(who.key, person.row.line, becomes)
        return Matched(person, who, is_new=False, changes=changes, left=left)


def no_such_customer(said: str) -> Sentence:
    return Sentence("is said to be %(who)s, and there is no such customer", who=repr(said))


def _could_be_one(facts: Facts, others: Facts) -> bool:
    """Whether anything beside the number says that it is the same person: numbers are given anew."""
    return (
        folded(facts["first_name"]) == folded(others["first_name"])
        or folded(facts["last_name"]) == folded(others["last_name"])
        or (
            "email" in facts
            and folded_address(facts["email"]) == folded_address(others.get("email", ""))
        )
        or ("date_of_birth" in facts and facts["date_of_birth"] == others.get("date_of_birth"))
    )


def _agree(facts: Facts, others: Facts, of: str) -> bool:
    """Whether two say the same of a member, or one says nothing."""
    here, there = facts.get(of), others.get(of)
    if here is None or there is None:
        return True
    return folded_address(here) == folded_address(there)


def _changes(before: Facts, told: Facts) -> tuple[Change, ...]:
    """What becomes other than it was; a status that is not stored is that of a member."""
    stands: Mapping[str, str] = {"status": CustomerStatus.MEMBER, **before}
    return tuple(
        Change(name, stands.get(name), value)
        for name, value in told.items()
        if stands.get(name) != value
    )
