"""What a mutation is: one promise broken on purpose, by replacing a few words of the code."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


class Lost(Exception):
    """The text that is to be replaced does not occur exactly once any more."""


@dataclass(frozen=True)
class Mutation:
    """A promise, and what breaks it."""

    name: str
    """By which it is chosen: `make mutations ONLY="name another"`."""
    breaks: str
    """What the house does wrong with it, in its own words."""
    module: str
    """Where it is done, below `src/kursplan`."""
    before: str
    after: str
    tests: tuple[str, ...]
    """Which tests are to look, below `tests`: those of the promise, as few as is honest."""

    @property
    def file(self) -> str:
        return f"src/kursplan/{self.module}"

    @property
    def looking(self) -> list[str]:
        """The tests that look, as files."""
        return [f"tests/{each}" for each in self.tests]

    def made_in(self, whole: str) -> str:
        """The file with the mutation. Raises `Lost`."""
        if whole.count(self.before) != 1:
            raise Lost(f"{self.name}: {whole.count(self.before)} times in {self.file}")
        return whole.replace(self.before, self.after)

    @property
    def fingerprint(self) -> str:
        """By which it is known whether what was seen was seen of this mutation."""
        parts = "\0".join((self.module, self.before, self.after, *self.tests))
        return hashlib.sha256(parts.encode()).hexdigest()[:12]
