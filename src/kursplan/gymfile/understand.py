"""Take the values of a document for what they can only mean, and advise on those that could be more.

The form of a member is looked at before its YAML type: `18.00` is a time without its colon, not a
number where text should be. What is taken is put into the document as the schema wants it, so that
everything behind this knows one way to write a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from kursplan.domain.sentences import Sentence, either
from kursplan.gymfile.document import Lost, Node
from kursplan.gymfile.forms import FORMS, Advice, Means, Reading, Wanted
from kursplan.gymfile.forms.words import EVERY_DAY, WORKDAYS
from kursplan.gymfile.mistakes import Mistake, Path, written
from kursplan.gymfile.schema import SCHEMA
from kursplan.gymfile.syntax import quoted

_FORM_OF_DEFINITION = {
    "key": "key",
    "date": "day",
    "time": "time",
    "local": "local",
    "term": "term",
    "length": "term",
    "language": "language",
    "email": "address",
    "url": "web address",
}
_FORM_OF_MEMBER = {"country_code": "country code", "url": "web address", "zone": "zone"}
_FORM_OF_TYPE = {
    "boolean": "truth",
    "integer": "whole number",
    "number": "number",
    "string": "text",
}
_A_LIST = Sentence("but must be a list")
_LONGEST_QUOTE = 40
_LONGEST = 2000
"""Of what is not free text; forms look at a text again and again."""


def understood(document: Node) -> Understanding:
    """What is advised; the document is changed where something can only mean one thing."""
    understanding = Understanding(document)
    understanding.look((), document, Wanted("", "", SCHEMA))
    return understanding


class Understanding:
    """One look at a document: what it is taken for, and what is advised."""

    def __init__(self, document: Node) -> None:
        self.mistakes: list[Mistake] = []
        self.emptied: set[str] = set()
        """The places of members that are said to have no value, which the schema can only leave out."""
        self._document = document
        self._keys = frozenset(_keys(document))

    def look(self, path: Path, node: Node, wanted: Wanted) -> None:
        if node.lost is not None and (wanted.form == "text" or node.lost.is_wrong):
            self._lost(path, node, node.lost, wanted)
            return
        match node.value:
            case dict() if "properties" in wanted.schema:
                self._members(path, node.value, wanted)
            case list() if "items" in wanted.schema:
                of = _wanted(wanted.schema["items"], wanted.member, taken=self._keys)
                for index, each in enumerate(node.value):
                    self.look((*path, index), each, of)
            case dict() | list():
                self._misplaced(path, node, wanted)
            case _ if wanted.form:
                self._scalar(path, node, wanted)
            case scalar if "items" in wanted.schema and scalar not in (None, ""):
                self._alone(path, node, wanted)
            case None | "":
                self._nothing(path, node, wanted)

    def _members(self, path: Path, members: Mapping[str, Node], wanted: Wanted) -> None:
        known = wanted.schema["properties"]
        required = set(wanted.schema.get("required", ()))
        if "else" in wanted.schema and "deleted" not in members:
            required |= set(wanted.schema["else"].get("required", ()))
        beside = {
            name: node.written if node.written is not None else node.value
            for name, node in members.items()
            if not isinstance(node.value, dict | list)
        }
        for name, node in members.items():
            if name in known:
                of = _wanted(known[name], name, name in required, beside, self._keys)
                self.look((*path, name), node, of)

    def _lost(self, path: Path, node: Node, lost: Lost, wanted: Wanted) -> None:
        """Something that YAML has taken away, or that means nothing to it."""
        if wanted.form == "text" and lost.meant:
            meant = quoted(lost.meant)
            says = Sentence(
                "is read as %(value)s, because %(why)s: write %(meant)s",
                value=_shown(node) or Sentence("nothing"),
                why=lost.why,
                meant=meant,
            )
            if lost.is_wrong:
                says = Sentence("%(why)s; as text, write %(meant)s", why=lost.why, meant=meant)
            self._wrong(path, says, (meant,))
        else:
            self._wrong(path, Sentence("%(why)s: leave it out", why=lost.why))

    # Single values.

    def _scalar(self, path: Path, node: Node, wanted: Wanted) -> None:
        if node.value is None or (isinstance(node.value, str) and not node.value.strip()):
            self._nothing(path, node, wanted)
            return
        reading = self._read(node, wanted)
        if isinstance(reading, Means):
            node.value = reading.value
        elif isinstance(reading, Advice):
            self._advise(path, _shown(node), reading)

    def _read(self, node: Node, wanted: Wanted) -> Reading:
        text = _text(node)
        if wanted.form != "text" and len(text) > _LONGEST:
            return Advice(Sentence("which is too long"), like=wanted.example)
        if wanted.form == "text" and isinstance(node.value, bool):
            return Advice(Sentence("which is no text without quotes"), (text,))
        if wanted.form == "key" and wanted.member != "key":
            return Means(text.strip())  # What it refers to is looked for by its name, too.
        return FORMS[wanted.form](text, wanted)

    def _nothing(self, path: Path, node: Node, wanted: Wanted) -> None:
        """A value that is null or empty: none where there may be none."""
        # A list whose entries are cut off is empty, and none of those was meant.
        if wanted.may_be_null and (node.written or "array" not in wanted.schema["type"]):
            node.value = None
            return
        default = wanted.schema.get("default", ...)
        if not wanted.required and default == []:
            node.value = []
            return
        if not wanted.required and default is ... and _may_be_emptied(wanted):
            node.value = None
            self.emptied.add(written(path))
            return
        says = Sentence("has no value") if node.value is None else Sentence("is empty")
        if wanted.form == "text" and node.value is None and node.written:
            text = quoted(node.written)
            says = Sentence("is read as nothing; as text, write %(meant)s", meant=text)
            self._wrong(path, says, (text,))
        elif default is not ...:
            value = json.dumps(default, ensure_ascii=False)
            says = Sentence("%(says)s; for the default, write %(value)s", says=says, value=value)
            self._wrong(path, says, (value,))
        elif not wanted.required:
            says = Sentence("%(says)s: leave it out where there is nothing to say", says=says)
            self._wrong(path, says)
        elif wanted.form == "key" and wanted.member != "key":
            says = Sentence("%(says)s, but must be given: it is a key of this file", says=says)
            self._wrong(path, says)
        elif wanted.example is not None:
            like = json.dumps(wanted.example)
            says = Sentence(
                "%(says)s, but must be given: write it like %(like)s", says=says, like=like
            )
            self._wrong(path, says, like=like)
        elif wanted.words:
            words = ", ".join(wanted.words)
            says = Sentence("%(says)s, but must be given: one of %(words)s", says=says, words=words)
            self._wrong(path, says)
        else:
            self._wrong(path, Sentence("%(says)s, but must be given", says=says))

    # Lists and mappings.

    def _alone(self, path: Path, node: Node, wanted: Wanted) -> None:
        """One value where a list of them is wanted."""
        of = _wanted(wanted.schema["items"], wanted.member)
        if not of.form:
            if isinstance(node.value, str) and re.match(r"[a-z_]+:\S", node.value):
                says = Sentence(
                    "is a word, but must be a list of entries: put a blank behind the colon"
                )
                self._wrong(path, says)
            return
        text = _text(node)
        if len(text) > _LONGEST:
            self._advise(path, _shown(node), Advice(_A_LIST))
            return
        parts = _several(text, of)
        readings = [None if of.form == "key" else FORMS[of.form](each, of) for each in parts]
        values = [
            part if reading is None else _only(reading)
            for part, reading in zip(parts, readings, strict=True)
        ]
        if not any(isinstance(each, Advice) for each in readings):
            node.value = [Node(each, node.line) for each in values]
        elif len(parts) > 1 and None not in values:
            self._advise(path, _shown(node), Advice(_A_LIST, (values,)))
        else:
            reading = FORMS[of.form](text, of)
            told = reading if isinstance(reading, Advice) else Advice(_A_LIST)
            self._advise(path, _shown(node), told)

    def _misplaced(self, path: Path, node: Node, wanted: Wanted) -> None:
        """A list or mapping where a single value is wanted, or one for the other."""
        match node.value:
            case [Node(value=str() | int() | float()) as only] if wanted.form:
                reading = self._read(only, wanted)
                if isinstance(reading, Advice):
                    self._advise(path, Sentence("a list"), reading)
                    return
                value = _text(only) if reading is None else reading.value
                if wanted.form == "text":
                    value = f"[{value}]"
                advice = Advice(Sentence("but must be one value"), (value,))
                self._advise(path, Sentence("a list"), advice)
            case dict() as members if wanted.form == "text" and len(members) == 1:
                [(name, inner)] = members.items()
                if not isinstance(inner.value, dict | list):
                    text = f"{name}: {_text(inner)}".strip()
                    advice = Advice(Sentence("but must be text"), (text,))
                    self._advise(path, Sentence("members with names"), advice)
            case dict() if "items" in wanted.schema:
                says = Sentence(
                    "has members with names, but must be a list: begin each entry with a hyphen"
                )
                self._wrong(path, says)

    # Telling.

    def _advise(self, path: Path, shown: str, advice: Advice) -> None:
        says = Sentence("is %(value)s, %(why)s", value=shown, why=advice.says)
        if advice.instead:
            instead = tuple(json.dumps(each, ensure_ascii=False) for each in advice.instead)
            says = Sentence("%(says)s: write %(instead)s", says=says, instead=either(instead))
            self._wrong(path, says, instead)
        elif advice.like is not None:
            like = json.dumps(advice.like, ensure_ascii=False)
            says = Sentence("%(says)s: write it like %(like)s", says=says, like=like)
            self._wrong(path, says, like=like)
        else:
            self._wrong(path, says)

    def _wrong(
        self, path: Path, says: Sentence, instead: tuple[str, ...] = (), like: str | None = None
    ) -> None:
        self.mistakes.append(self._document.mistake(path, says, instead, like))


def _wanted(
    schema: Mapping[str, Any],
    member: str,
    required: bool = False,
    beside: Mapping[str, Any] | None = None,
    taken: frozenset[str] = frozenset(),
) -> Wanted:
    """What the schema wants at a place, with what it refers to."""
    reference = schema.get("$ref", "").rpartition("/")[2]
    whole = {**SCHEMA["$defs"][reference], **schema} if reference else schema
    return Wanted(_form(reference, member, whole), member, whole, required, beside or {}, taken)


def _form(reference: str, member: str, schema: Mapping[str, Any]) -> str:
    definition = reference.removesuffix("_or_none")
    if definition in _FORM_OF_DEFINITION:
        return _FORM_OF_DEFINITION[definition]
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if member in _FORM_OF_MEMBER and "string" in kinds:
        return _FORM_OF_MEMBER[member]
    if "enum" in schema:
        return "word"
    return next((_FORM_OF_TYPE[each] for each in kinds if each in _FORM_OF_TYPE), "")


def _may_be_emptied(wanted: Wanted) -> bool:
    """Whether no value is a value of the member, too: most have none where nothing is said."""
    if wanted.form == "whole number":
        return wanted.member == "duration"
    return wanted.form not in ("", "number", "truth") and wanted.member != "plan"


def _several(text: str, wanted: Wanted) -> list[str]:
    """The values that a text lists, such as `MONDAY, THURSDAY`; a key may have a slash in it."""
    if "MONDAY" in wanted.words:
        if text.lower() in EVERY_DAY:
            return wanted.words
        if text.lower() in WORKDAYS:
            return wanted.words[:5]
    between = r"\s*[,;&]\s*|\s+(?:and|und)\s+"
    if wanted.form != "key":
        between += r"|\s*[/+]\s*|\s+"
    return [each for each in re.split(between, text.strip()) if each]


def _only(reading: Means | Advice) -> Any:
    """What was read, or the one thing that is advised."""
    match reading:
        case Means(value) | Advice(instead=(value,)):
            return value
        case _:
            return None


def _text(node: Node) -> str:
    """A scalar as it stands in the file."""
    if node.written is not None:
        return node.written
    value = node.value
    return value if isinstance(value, str) else json.dumps(value)


def _shown(node: Node) -> str:
    """A scalar as it may stand in a sentence."""
    text = repr(_text(node)) if isinstance(node.value, str) else _text(node)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"


def _keys(document: Node) -> Iterator[str]:
    """Every `key` of the file."""
    waiting = [document]
    while waiting:
        match waiting.pop().value:
            case dict() as members:
                key = members.get("key")
                if key is not None and isinstance(key.value, str):
                    yield key.value
                waiting.extend(members.values())
            case list() as listed:
                waiting.extend(listed)
