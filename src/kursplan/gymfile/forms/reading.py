"""The interface of a form: what it is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kursplan.domain.sentences import Sentence

Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted at a place of the file."""

    form: str
    """The name of the form; empty for lists and mappings."""
    member: str
    """The name of the member that it stands in."""
    schema: Mapping[str, Any]
    required: bool = False
    beside: Mapping[str, Any] = field(default_factory=dict)
    """The other members of the same mapping, as plain values."""
    taken: frozenset[str] = frozenset()
    """All keys of the file."""

    @property
    def may_be_null(self) -> bool:
        return "null" in self.schema.get("type", ())

    @property
    def example(self) -> Any:
        """A value of that form; None where the schema gives none."""
        examples = self.schema.get("examples", ())
        return examples[0] if examples else None

    @property
    def words(self) -> list[str]:
        """The words of which it is one; none where it is no such member."""
        return [each for each in self.schema.get("enum", ()) if each is not None]

    def admits(self, value: float) -> bool:
        """Whether the number is within the limits."""
        low, high = self.schema.get("minimum"), self.schema.get("maximum")
        return (low is None or value >= low) and (high is None or value <= high)


@dataclass(frozen=True, slots=True)
class Means:
    """It can only mean this."""

    value: Any


@dataclass(frozen=True, slots=True)
class Advice:
    """It can't be taken."""

    says: Sentence
    """Why not, as it goes on behind "is '18.00', ": `which is no time of day`."""
    instead: tuple[Any, ...] = ()
    """What may have been meant."""
    like: Any = None
    """An example, where nobody can say what was meant."""


Reading = Means | Advice | None

_MARKS = "\"'\u201c\u201d\u201e\u201a\u2018\u2019\u00ab\u00bb\u00b4`"


def cleaned(text: str) -> str:
    """Without blanks around it, and without the quotes that word processors make."""
    return " ".join(text.split()).strip(_MARKS).strip()


NOTHING = frozenset(
    [
        "none",
        "null",
        "nil",
        "never",
        "nothing",
        "no",
        "off",
        "false",
        "n/a",
        "na",
        "-",
        "--",
        "keine",
        "keiner",
        "kein",
        "nie",
        "nein",
        "aus",
        "leer",
    ]
)
ENDLESS = frozenset(
    [
        "unlimited",
        "endless",
        "infinite",
        "inf",
        "infinity",
        "open",
        "unbegrenzt",
        "unbefristet",
        "unendlich",
        "offen",
        "always",
        "immer",
        "∞",
    ]
)
