"""Parsing: the text of a gym file, YAML or JSON, becomes values that know where they stand.

The values are those of YAML 1.2, which JSON shares: `NO` and `18:00` are text, and nothing becomes
a date by itself. There are no tags and no merging. What a hostile file could do (nest without end,
multiply itself by aliases) is bounded while reading, before anything is built from it.

What the values mean is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from kursplan.domain.sentences import Many, Sentence
from kursplan.gymfile.mistakes import GymFileMistakes, Mistake, Path, written
from kursplan.gymfile.syntax import lines_of, unreadable
from kursplan.gymfile.warnings import FileWarning

LONGEST_FILE = 32 * 1024 * 1024
"""In bytes; some hundred thousand customers."""
MOST_VALUES = 2_000_000
MOST_BY_ALIASES = 100_000
"""How many of them may come from aliases, counted as if they were written out."""
DEEPEST = 20

Scalar = str | int | float | bool | None

_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_MOST_DIGITS = 30
"""Of a longer number only its beginning is read: it is out of every range here all the same."""

_TEXT_TAGS = (None, "tag:yaml.org,2002:str")
_GLUED_COMMENT = re.compile(r"[ \t]+#[^\s#].*")
"""People put a blank behind the # that begins a comment."""
_CONTROL_CHARACTER = Sentence("has a control character in it")
_NO_NAME = Sentence("a member's name must be a word")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")

# One escape of JSON at a time, so that an escaped backslash is not taken for the next one's.
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>d[89ab][0-9a-f]{2})\\u(?P<low>d[c-f][0-9a-f]{2})|.)", re.IGNORECASE | re.DOTALL
)

# The one on top of the C library is many times faster, and is there in all usual installations.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Lost:
    """A sign with a meaning of its own, that may have been part of the text."""

    why: Sentence
    """What the sign means."""
    meant: str
    """The text with it; empty where it can't have been part of any."""
    is_wrong: bool = False
    """Whether it means nothing, so that it is wrong wherever it stands."""


@dataclass(slots=True)
class Node:
    """A value and where it begins."""

    value: Scalar | list[Node] | dict[str, Node] = field(repr=False)
    line: int
    written: str | None = field(default=None, repr=False)
    """A scalar as it stands in the file, where it was not in quotes."""
    lost: Lost | None = field(default=None, repr=False)
    """What YAML has taken away from a scalar without quotes."""
    key_lines: dict[str, int] = field(default_factory=dict)
    """Where the members of a mapping are named."""
    size: int = 1
    """How many values this is with all that is in it."""

    def plain(self) -> Any:
        """The value without places."""
        match self.value:
            case dict():
                return {key: node.plain() for key, node in self.value.items()}
            case list():
                return [node.plain() for node in self.value]
            case scalar:
                return scalar

    def at(self, path: Path) -> Node | None:
        """The value to which `path` leads from here."""
        node = self
        for step in path:
            found: Node | None = None
            if isinstance(node.value, dict) and isinstance(step, str):
                found = node.value.get(step)
            elif isinstance(node.value, list) and isinstance(step, int):
                found = node.value[step] if step < len(node.value) else None
            if found is None:
                return None
            node = found
        return node

    def line_of(self, path: Path) -> int:
        """The line of the value to which `path` leads, or else of what it would be in."""
        if not path:
            return self.line
        parent = self.at(path[:-1])
        if parent is None:
            return self.line_of(path[:-1])
        if isinstance(path[-1], str):
            return parent.key_lines.get(path[-1], parent.line)
        found = self.at(path)
        return parent.line if found is None else found.line

    def mistake(
        self, path: Path, says: Sentence, instead: tuple[str, ...] = (), like: str | None = None
    ) -> Mistake:
        """What is wrong at `path`, and what to write instead."""
        return Mistake(self.line_of(path), written(path), says, instead, like)

    def warning(self, path: Path, says: Sentence) -> FileWarning:
        """What is no mistake at `path`, and to be looked at."""
        return FileWarning(self.line_of(path), written(path), says)


def parse(text: str | bytes, most_values: int = MOST_VALUES) -> tuple[Node, list[Mistake]]:
    """The document, and what is wrong with its form without making it unreadable.

    Raises `GymFileMistakes` where it is unreadable.
    """
    readable = _decoded(text)
    if readable.lstrip("\ufeff \t\r\n").startswith("{"):
        readable = _ESCAPE.sub(_joined_surrogates, readable)
    composer = _Composer(most_values, lines_of(readable))
    try:
        for event in yaml.parse(readable, Loader=_Loader):
            composer.take(event)
    except yaml.MarkedYAMLError as error:
        raise GymFileMistakes([unreadable(error, lines_of(readable))]) from error
    except yaml.YAMLError as error:
        why = str(error).partition("\n")[0]
        says = Sentence("is neither YAML nor JSON: %(why)s", why=why)
        raise GymFileMistakes([Mistake(0, "", says)]) from error
    if composer.root is None:
        says = Sentence("is empty: begin with `organization:`")
        raise GymFileMistakes([Mistake(0, "", says)])
    return composer.root, composer.mistakes


def _decoded(text: str | bytes) -> str:
    try:
        data = text.encode() if isinstance(text, str) else text
        if len(data) > LONGEST_FILE:
            says = Sentence(
                "is longer than %(most)s MiB: load the customers in parts",
                most=LONGEST_FILE // 1024**2,
            )
            raise GymFileMistakes([Mistake(0, "", says)])
        decoded = data.decode("utf-8-sig")
    except UnicodeEncodeError as error:
        line = 1 + str(error.object).count("\n", 0, error.start)
        says = Sentence("has a character that is none")
        raise GymFileMistakes([Mistake(line, "", says)]) from error
    except UnicodeDecodeError as error:
        line = 1 + error.object.count(b"\n", 0, error.start)
        says = Sentence("is not in UTF-8: save it with that encoding")
        raise GymFileMistakes([Mistake(line, "", says)]) from error
    if control := _CONTROL.search(decoded):
        line = 1 + decoded.count("\n", 0, control.start())
        raise GymFileMistakes([Mistake(line, "", _CONTROL_CHARACTER)])
    return decoded


def _joined_surrogates(escape: re.Match[str]) -> str:
    """JSON writes a character beyond the first 65,536 as two escapes, which YAML does not know."""
    if escape["high"] is None:
        return escape[0]
    high, low = int(escape["high"], 16), int(escape["low"], 16)
    return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))


@dataclass(slots=True)
class _Open:
    """A mapping or list that has begun and not ended."""

    node: Node
    anchor: str | None
    key: str | None = None
    """The member whose value comes next."""
    ignored: bool = False
    """The value that comes next belongs to a member that was given before, or has no proper name."""


class _Composer:
    """Builds the document from the parser's events, without recursion."""

    def __init__(self, most_values: int, lines: Sequence[str]) -> None:
        self._most_values = most_values
        self._lines = lines
        self.root: Node | None = None
        self.mistakes: list[Mistake] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Node] = {}
        self._unused: dict[int, Node] = {}
        """Scalars with an anchor that no alias has named yet, by identity."""
        self._by_aliases = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        match event:
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    says = Sentence("begins a second document: a gym file has one")
                    raise GymFileMistakes([Mistake(_line(event), "", says)])
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                self._begin(event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._end()
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.AliasEvent():
                self._alias(event)

    def _begin(self, event: Any) -> None:
        if len(self._open) >= DEEPEST:
            says = Sentence("is nested more than %(most)s levels deep", most=DEEPEST)
            raise GymFileMistakes([Mistake(_line(event), "", says)])
        if event.tag is not None:
            says = Sentence("the tag %(tag)s means nothing here: leave it out", tag=event.tag)
            self._wrong(event, says)
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        node = Node({} if is_mapping else [], _line(event))
        self._open.append(_Open(node, event.anchor))

    def _end(self) -> None:
        ended = self._open.pop()
        self._name(ended.anchor, ended.node)
        self._place(ended.node)

    def _scalar(self, event: Any) -> None:
        is_plain = event.style is None or event.style == ""
        if self._open and self._names_next(event.value, event):
            return
        if _CONTROL.search(event.value):
            self._wrong(event, _CONTROL_CHARACTER)
        value = resolved(event.value) if is_plain and event.tag is None else event.value
        node = Node(value, _line(event), event.value if is_plain else None)
        if is_plain and (comment := self._comment_behind(event)):
            node.lost = Lost(Sentence("# begins a comment"), f"{event.value}{comment}".strip())
        self._name(event.anchor, node)
        if event.tag not in _TEXT_TAGS:
            why = Sentence("the tag %(tag)s means nothing here", tag=event.tag)
            is_known = event.tag.startswith("tag:")  # Of YAML itself: nobody means that as text.
            text = "" if is_known else f"{event.tag} {event.value}".rstrip()
            node.lost = Lost(why, text, is_wrong=True)
        elif event.anchor is not None and is_plain:
            meant = f"&{event.anchor} {event.value}".rstrip()
            node.lost = Lost(Sentence("& gives a name to a value"), meant)
            self._unused[id(node)] = node
        self._place(node)

    def _comment_behind(self, event: Any) -> str:
        """The comment that begins right behind a value, as far as it may be part of the value."""
        line, column = event.end_mark.line, event.end_mark.column
        found = _GLUED_COMMENT.match(self._lines[line], column) if line < len(self._lines) else None
        return "" if found is None else found[0]

    def _alias(self, event: Any) -> None:
        if any(each.anchor == event.anchor for each in self._open):
            says = Sentence(
                "*%(name)s stands within what it means, and would never end", name=event.anchor
            )
            raise GymFileMistakes([Mistake(_line(event), written(tuple(self._path())), says)])
        node = self._anchors.get(event.anchor)
        if node is None:
            text = f"*{event.anchor}"
            why = Sentence(
                "*%(name)s means nothing: no &%(name)s stands before it", name=event.anchor
            )
            node = Node(text, _line(event), lost=Lost(why, text, is_wrong=True))
        if self._unused.pop(id(node), None) is not None:
            node.lost = None
        if not isinstance(node.value, dict | list):
            # What one member can only mean need not be what another one does.
            node = replace(node)
        self._by_aliases += node.size
        if self._by_aliases > MOST_BY_ALIASES:
            says = Sentence(
                "has more than %(most)s values by aliases: write them out",
                most=Many(MOST_BY_ALIASES),
            )
            raise GymFileMistakes([Mistake(_line(event), "", says)])
        if not (self._open and self._names_next(node.value, event)):
            self._place(node)

    def _name(self, anchor: str | None, node: Node) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _names_next(self, name: Any, event: Any) -> bool:
        """Whether this is the name of a member, whose value comes next."""
        parent = self._open[-1]
        if not isinstance(parent.node.value, dict) or parent.key is not None:
            return False
        if not isinstance(name, str):
            name = "?"
            self._wrong(event, _NO_NAME)
            parent.ignored = True
        elif name in parent.node.value:
            first = parent.node.key_lines[name]
            parent.key = name
            says = Sentence(
                "is given twice; the first time in line %(line)s: keep one of them", line=first
            )
            self._wrong(event, says)
            parent.ignored = True
        else:
            parent.node.key_lines[name] = _line(event)
        parent.key = name
        return True

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        container = parent.node.value
        if isinstance(container, list):
            container.append(node)
        elif parent.key is None:
            # A mapping or list stands where a member's name should.
            self._wrong_at(node.line, _NO_NAME)
            parent.key, parent.ignored = "?", True
            return
        elif isinstance(container, dict):
            if not parent.ignored:
                container[parent.key] = node
            parent.key, parent.ignored = None, False
        parent.node.size += node.size
        if parent.node.size > self._most_values:
            says = Sentence(
                "has more than %(most)s values: load the customers in parts",
                most=Many(self._most_values),
            )
            raise GymFileMistakes([Mistake(node.line, "", says)])

    def _path(self) -> Iterator[str | int]:
        for each in self._open:
            if isinstance(each.node.value, list):
                yield len(each.node.value)
            elif each.key is not None:
                yield each.key

    def _wrong(self, event: Any, says: Sentence, instead: tuple[str, ...] = ()) -> None:
        self._wrong_at(_line(event), says, instead)

    def _wrong_at(self, line: int, says: Sentence, instead: tuple[str, ...] = ()) -> None:
        self.mistakes.append(Mistake(line, written(tuple(self._path())), says, instead))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def resolved(text: str) -> Scalar:
    """What a scalar without quotes means."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    if _INT.fullmatch(text):
        return int(text[:_MOST_DIGITS])
    if len(text) <= _MOST_DIGITS and _FLOAT.fullmatch(text):
        number = float(text)
        return int(number) if number.is_integer() else number
    return text
