"""Read a gym file: from its text to entries, or to all of its mistakes."""

from __future__ import annotations

from dataclasses import dataclass

from kursplan.domain.entries import Gym
from kursplan.domain.sentences import Sentence
from kursplan.gymfile.check import mistakes_of_sense
from kursplan.gymfile.document import Node, parse
from kursplan.gymfile.mistakes import GymFileMistakes, Mistake, Path
from kursplan.gymfile.schema import mistakes_of_shape
from kursplan.gymfile.suspicious import suspicious
from kursplan.gymfile.understand import understood
from kursplan.gymfile.values import gym
from kursplan.gymfile.warnings import FileWarning


@dataclass(frozen=True, slots=True)
class GymFile:
    """A gym file without mistakes of its own; it may still contradict what is stored."""

    gym: Gym
    document: Node
    warnings: tuple[FileWarning, ...] = ()
    """What looks wrong in it, in the order of the file."""

    def mistake(self, path: Path, says: Sentence) -> Mistake:
        """What is wrong at `path`, with its line."""
        return self.document.mistake(path, says)


def read(text: str | bytes) -> GymFile:
    """The gym file of that text, which is YAML or JSON; bytes are UTF-8.

    Raises `GymFileMistakes` with every mistake that can be told without looking at a database.
    Of each place that tells who knows most of it: YAML itself, then the form of the member, then
    what it refers to, then the schema.
    """
    document, mistakes = parse(text)
    understanding = understood(document)
    for more in (understanding.mistakes, mistakes_of_sense(document)):
        told = {each.path for each in mistakes}
        mistakes += [each for each in more if each.path not in told]
    told = {each.path for each in mistakes}
    mistakes += mistakes_of_shape(document, told | understanding.emptied)
    if mistakes:
        raise GymFileMistakes(mistakes)
    return GymFile(gym(document.plain()), document, suspicious(document))
