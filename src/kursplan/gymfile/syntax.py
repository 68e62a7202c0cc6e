"""Advice about syntax errors: which line can't be read, and the line as it was meant.

A remedy is tried out before it is told: the line alone is unreadable as it stands, and readable
with it. Where the line is readable by itself, its blanks are what is wrong.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import yaml

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.mistakes import Mistake

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_LONGEST_LINE = 1000
"""A longer one is not looked at: whole files of JSON are one line."""

_MEMBER = re.compile(
    r"(?P<head>\s*(?:- +)*)(?P<name>[$A-Za-z_][\w-]*)(?P<colon>:[ \t]+)(?P<value>\S.*)"
)
_IN_FLOW = re.compile(r"(?P<before>^\s*(?:- +)*\{\s*|[{,]\s*)(?P<name>[a-z_]+):\s+")
_GLUED = re.compile(r"(?P<before>^\s*(?:- +)*\{?\s*|[{,]\s*)(?P<name>[a-z_]+):(?=[^\s/])")
_NO_COLON = re.compile(r"(?P<head>\s*(?:- +)*)(?P<name>[a-z_]+)[ \t]+(?P<value>[^\s:#].*)")
_COMMENT = re.compile(r"[ \t]+#(?:[ \t].*)?$")
_ENDS = ("}", "]", "]}", "}]", "}]}")
"""How mappings and lists in one line end."""
_BLANKS = re.compile("[\u00a0\u2007\u202f\u3000\ufeff]")


def lines_of(text: str) -> list[str]:
    """The lines as the parser counts them."""
    return _BREAK.split(text)


def quoted(text: str) -> str:
    """The text as it stands in a file, in YAML and JSON alike."""
    return json.dumps(text, ensure_ascii=False)


def unreadable(error: Any, lines: Sequence[str]) -> Mistake:
    """Where the parser stopped, why, and what to write instead as far as that can be told."""
    problem, context = error.problem_mark, error.context_mark
    at = [mark.line for mark in (problem, context) if mark is not None]
    if "simple key" in (error.context or "") or "quoted scalar" in (error.context or ""):
        at.reverse()
    if problem is not None and "mapping values" in error.problem:
        at += [problem.line - 1] if problem.line else []
    for number in dict.fromkeys(at):
        if number < len(lines) and (told := _of_line(number, lines)) is not None:
            return told
    number = at[0] if at else -1
    says = Sentence("is neither YAML nor JSON: %(why)s", why=_reason(error))
    return Mistake(number + 1, "", says)


def _of_line(number: int, lines: Sequence[str]) -> Mistake | None:
    line = lines[number]
    indent = line[: len(line) - len(line.lstrip())]
    if "\t" in indent:
        return Mistake(number + 1, "", Sentence("begins with a tab: indent it with blanks"))
    if not line.strip() or len(line) > _LONGEST_LINE or _is_readable(line):
        return None
    for says, remedy in _REMEDIES:
        for meant in remedy(line):
            if meant != line and _is_readable(meant):
                told = Sentence("%(says)s: write %(line)s", says=says, line=meant.strip())
                return Mistake(number + 1, "", told, (meant,))
    return None


def _reason(error: Any) -> str:
    """In the words of the parser, where we have none."""
    problem = error.problem or ""
    if "mapping values are not allowed" in problem:
        return Sentence(
            "it is indented further than the member before it, which has its value already"
        )
    if problem.startswith("did not find expected") and "block" in (error.context or ""):
        return Sentence("it is not indented like the lines that it belongs to")
    if "could not find expected ':'" in problem:
        return Sentence("it has no colon, which follows the name of a member")
    if "quoted scalar" in (error.context or ""):
        return Sentence("a quote that is opened here is closed nowhere")
    return ": ".join(part for part in (error.context, error.problem) if part)


def _is_readable(line: str) -> bool:
    """Whether it is good YAML for itself: a member, an entry of a list, or both.

    One that ends with a comma goes on in the next line, and is good as far as it goes.
    """
    text = line.strip()
    if text.endswith(","):
        return any(_is_readable(f"{text[:-1]}{end}") for end in _ENDS)
    try:
        events = [*yaml.parse(text, Loader=yaml.SafeLoader)]
    except yaml.YAMLError:
        return False
    if len(events) < 4:
        return True  # A comment.
    # The entry of a list begins behind its hyphen; it may be a word, but `key:berlin` is none.
    first = events[3] if isinstance(events[2], yaml.SequenceStartEvent) else events[2]
    if isinstance(first, yaml.ScalarEvent):
        return first is not events[2] and _GLUED.match(first.value) is None
    return not any(isinstance(each, yaml.AliasEvent) for each in events)


# --- Remedies: lines that may have been meant --------------------------------------------------


def _plain_blanks(line: str) -> Iterator[str]:
    yield _BLANKS.sub(" ", line)


def _blank_after_colon(line: str) -> Iterator[str]:
    yield _GLUED.sub(lambda found: f"{found['before']}{found['name']}: ", line)


def _with_colon(line: str) -> Iterator[str]:
    if found := _NO_COLON.fullmatch(line):
        yield f"{found['head']}{found['name']}: {found['value']}"


def _value_in_quotes(line: str) -> Iterator[str]:
    if (found := _MEMBER.fullmatch(line)) and found["value"][0] != "{":
        value = _COMMENT.sub("", found["value"].rstrip())
        yield f"{found['head']}{found['name']}{found['colon']}{_in_quotes(value)}"


def _values_in_quotes(line: str) -> Iterator[str]:
    """In `{title: Yoga: Basics, duration: 60}`, each that is no value by itself."""
    found = list(_IN_FLOW.finditer(line))
    meant = line
    for member, following in reversed([*zip(found, [*found[1:], None], strict=True)]):
        end = len(line) if following is None else following.start()
        value = line[member.end() : end].rstrip(" ,}]\t")
        if value and value[0] not in "[{" and not _is_plain(value):
            at = member.end()
            meant = f"{meant[:at]}{_in_quotes(value)}{meant[at + len(value) :]}"
    yield meant


def _closed(line: str) -> Iterator[str]:
    text = line.rstrip()
    if not text.endswith(","):
        yield from (f"{text}{end}" for end in _ENDS)


def _is_plain(value: str) -> bool:
    try:
        events = [*yaml.parse(f"[{value}]", Loader=yaml.SafeLoader)]
    except yaml.YAMLError:
        return False
    scalars = [each for each in events if isinstance(each, yaml.ScalarEvent)]
    return len(scalars) == 1 and len(events) == 7 and _bare(value) == scalars[0].value


def _in_quotes(value: str) -> str:
    return quoted(_bare(value))


def _bare(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return value[1:-1] if is_quoted else value


_NEEDS_QUOTES = Sentence("has text with signs that need quotes")
_REMEDIES: tuple[tuple[Sentence, Callable[[str], Iterator[str]]], ...] = (
    (Sentence("has blanks that are none"), _plain_blanks),
    (Sentence("lacks the blank behind a colon"), _blank_after_colon),
    (Sentence("lacks the colon behind the name"), _with_colon),
    (_NEEDS_QUOTES, _value_in_quotes),
    (_NEEDS_QUOTES, _values_in_quotes),
    (Sentence("is not closed"), _closed),
)
