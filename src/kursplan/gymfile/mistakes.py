"""Mistakes of a gym file, told all at once and each with its place; and warnings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kursplan.domain.sentences import Sentence

Path = tuple[str | int, ...]
"""The way from the document to a value: `("studios", 0, "zone")`."""


@dataclass(frozen=True, slots=True, order=True)
class Remark:
    """What there is to say about which place; remarks sort in the order of the file."""

    line: int
    """Counted from 1; 0 where the mistake is in no line."""
    path: str
    """As in `studios[0].zone`; empty for the document itself."""
    says: Sentence
    """What is wrong or strange, and what to write instead."""
    instead: tuple[str, ...] = field(default=(), compare=False)
    """What it tells to write, as it stands in a file: a value, or a whole line where `path` is empty."""
    like: str | None = field(default=None, compare=False)
    """An example of the form that is wanted, where nobody can know the value."""

    @property
    def place(self) -> str:
        line = f"line {self.line}" if self.line else ""
        return ", ".join(part for part in (line, self.path) if part) or "the file"

    def __str__(self) -> str:
        return f"{self.place}: {self.says}"


class Mistake(Remark):
    """What is wrong; a file with mistakes is not loaded."""

    __slots__ = ()


class GymFileMistakes(Exception):
    """The file is not loaded, because of these mistakes; nothing was changed."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        super().__init__("\n".join(map(str, self.mistakes)))


def written(path: Path) -> str:
    """`path` as people read it."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text
