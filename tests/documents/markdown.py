"""A document as a reader with a terminal sees it: blocks of commands, in order.

What only the tests have to know stands in comments above a block, where no reader sees it:

    <!-- not run: it needs a proxy of another host -->
    <!-- file: my-gym.yaml -->      the block is that file's content; it is there from the beginning
    <!-- Ctrl-C -->                 what was started above is stopped first
    <!-- in a moment -->            what is shown may take a while: commands are typed again until it is there

And once, anywhere in the document, what it takes for granted:

    <!-- in a checkout -->
    <!-- given: kursplan db upgrade -->
    <!-- given: README.md#run-it-for-real -->   that section, up to where its server would start
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

RUN = {"sh", "console"}
"""Languages of blocks whose commands are run: a script, or a dialogue that shows what comes back."""
SHOWN = {"ini", "java", "javascript", "json", "php", "python", "sql", "text", "ts", "yaml"}

_COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
"""Also within a list, where it is indented."""
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Exchange:
    """A command, and what is shown to come back; None where nothing is said of it."""

    command: str
    shown: str | None


@dataclass(frozen=True)
class Block:
    line: int
    section: str
    """The nearest heading above, as forges name it in addresses."""
    language: str
    text: str
    marks: tuple[str, ...]

    def mark(self, word: str) -> str | None:
        """What a mark above the block says behind that word."""
        for each in self.marks:
            if each.startswith(f"{word}:"):
                return each.removeprefix(f"{word}:").strip()
        return None

    @property
    def runs(self) -> bool:
        return self.language in RUN and self.mark("not run") is None

    @property
    def exchanges(self) -> list[Exchange]:
        """One for each command of a dialogue; a script is run as one, without its last line where that
        is a server."""
        if self.language == "console":
            return list(_dialogue(self.text))
        return list(_script(self.text))


@dataclass(frozen=True)
class Document:
    path: Path
    blocks: list[Block] = field(default_factory=list)
    marks: tuple[str, ...] = ()

    @property
    def givens(self) -> list[str]:
        return [
            each.removeprefix("given:").strip() for each in self.marks if each.startswith("given:")
        ]

    def typed_in(self, section: str) -> Iterator[str]:
        """All that is typed below that heading."""
        for block in self.blocks:
            if block.runs and block.section == section:
                yield from (each.command for each in block.exchanges)

    @property
    def files(self) -> dict[str, str]:
        return {name: each.text for each in self.blocks if (name := each.mark("file"))}


def read(root: Path, path: Path) -> Document:
    text = (root / path).read_text("utf-8")
    blocks = []
    for found in _FENCE.finditer(text):
        above = text[: found.start()]
        headings = _HEADING.findall(_FENCE.sub("", above))
        section = re.sub(r"[^\w -]", "", headings[-1].lower()).replace(" ", "-") if headings else ""
        blocks.append(
            Block(above.count("\n") + 1, section, found[2], dedent(found[3]), _marks_above(above))
        )
    everywhere = _COMMENT.findall(_FENCE.sub("", text))
    return Document(path, blocks, tuple(everywhere))


def _marks_above(text: str) -> tuple[str, ...]:
    """The comments directly above, with nothing but blanks between."""
    marks = []
    while found := re.search(r"<!--((?:(?!-->).)*)-->\s*$", text, re.DOTALL):
        marks.append(found[1].strip())
        text = text[: found.start()]
    return tuple(reversed(marks))


def _dialogue(text: str) -> Iterator[Exchange]:
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.splitlines()
        command = [lines.pop(0)]
        while command[-1].endswith("\\"):
            command.append(lines.pop(0))
        yield Exchange("\n".join(command), "\n".join(lines))


SERVERS = {
    r"kursplan serve\b": r"listening",
    r"(kursplan|make) demo\b": r"webhook listen$",
    r"kursplan webhook listen\b": r"(?m)^Listening at .*\n.*\n.*signature",
}
"""Commands that go on until Ctrl-C, and by what they say that they are ready."""


def ready_sign(command: str) -> str | None:
    """What the command says once it is ready, if it is one that goes on until Ctrl-C."""
    for server, sign in SERVERS.items():
        if re.search(rf"(^|\s|/){server}", command):
            return sign
    return None


def _script(text: str) -> Iterator[Exchange]:
    *before, last = re.split(r"(?<!\\)\n", text.rstrip("\n"))
    if ready_sign(last) is None:
        yield Exchange(text, None)
        return
    if before:
        yield Exchange("\n".join(before), None)
    yield Exchange(last, None)
