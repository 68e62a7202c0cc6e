"""The published schema of the gym file, and what is wrong with a document by it.

The validator finds the mistakes; the words for them are ours, because a person has to act on them.
Single values that are written in another way than the schema wants are no longer here: `understand.py`
comes first. What a schema can't say (references, reversed dates) is looked at in `check.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files
from re import fullmatch
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from kursplan.gymfile.document import Node
from kursplan.gymfile.mistakes import Mistake, Path, written

SCHEMA_TEXT = files("kursplan.gymfile").joinpath("schema.json").read_text("utf-8")
"""The schema as it is published."""

SCHEMA: dict[str, Any] = json.loads(SCHEMA_TEXT)

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "members with names",
    "null": "null",
}
_LONGEST_QUOTE = 40
_MOST_NAMED = 12


def _pattern(
    _: Any, pattern: str, instance: Any, _schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """The whole text has to fit: in Python, `$` would let a line break pass at the end."""
    if isinstance(instance, str) and not fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not fit")


_Validator: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]
_VALIDATOR = _Validator(SCHEMA)


_OF_VALUES = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum")


def mistakes_of_shape(document: Node, told: Collection[str] = ()) -> Iterator[Mistake]:
    """What in the document the schema does not allow.

    Of values at the places in `told`, which somebody who knows more has told already, nothing.
    """
    for error in _VALIDATOR.iter_errors(document.plain()):
        path: Path = tuple(error.absolute_path)
        if error.validator in _OF_VALUES and written(path) in told:
            continue
        for further, says, instead in _told(error, path, document):
            yield document.mistake((*path, *further), says, instead)


_Told = tuple[Path, str, tuple[str, ...]]
"""The way from a value to what is wrong with it, the words, and what to write instead."""


def _told(error: ValidationError, path: Path, document: Node) -> Iterator[_Told]:
    """What is wrong.

    For several members that lack, or are not known, there are as many errors that each tell all.
    """
    rule: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            for name in rule:
                if name not in value:
                    yield (), f"lacks {name!r}", ()
        case "additionalProperties":
            for name in value:
                if name not in schema["properties"]:
                    says, instead = _unknown(name, schema["properties"], document.at(path))
                    yield (name,), says, instead
        case "dependentRequired":
            for name, others in rule.items():
                if name in value:
                    for other in others:
                        if other not in value:
                            yield (name,), f"needs {other!r} beside it", ()
        case "type":
            allowed = [rule] if isinstance(rule, str) else rule
            kinds = " or ".join(_KINDS[each] for each in allowed)
            says = f"is {_quoted(value)}, but must be {kinds}"
            if "object" in allowed and isinstance(value, str) and re.match(r"[a-z_]+:\S", value):
                says += ": put a blank behind the colon"
            yield (), says, ()
        case "enum":
            return  # What is no such word has its own advice, and what is no text its type.
        case "pattern":
            # Only what a file refers to: all else that has a form has its own advice.
            yield (), f"is {_quoted(value)}, which is no key: give the key of what is meant", ()
        case "minimum" | "maximum":
            low, high = schema.get("minimum"), schema.get("maximum")
            yield (), f"is {_quoted(value)}: give a number from {low} to {high}", ()
        case "minLength":
            yield (), "is empty", ()
        case "maxLength":
            yield (), f"has {len(value)} characters: shorten it to {rule}", ()
        case "minItems":
            yield (), "is empty: name at least one", ()
        case "uniqueItems":
            twice = [each for index, each in enumerate(value) if each in value[:index]]
            yield (), f"names {_quoted(twice[0])} twice", ()
        case other:
            raise AssertionError(f"the schema uses {other!r}, for which there are no words")


def _unknown(
    name: str, known: Collection[str], mapping: Node | None
) -> tuple[str, tuple[str, ...]]:
    """A member that there is not, and what it may be instead."""
    members: Any = {} if mapping is None else mapping.value
    if (says := _cut_off(name, members)) is not None:
        return says
    if ":" in name and name.partition(":")[0] in known and members[name].written == "":
        return "has no blank behind its colon: that would end the name of the member", ()
    folded = {_folded(each): each for each in known}
    meant = folded.get(_folded(name))
    close = [meant] if meant is not None else get_close_matches(name, known, n=1)
    if close and close[0] in members:
        return f"is not known here, and {close[0]!r} is there already: leave one of them out", ()
    if close:
        return f"is not known here; did you mean {close[0]!r}?", ()
    if len(known) > _MOST_NAMED:
        return "is not known here; `kursplan gym schema` tells what there is", ()
    return f"is not known here; there are {', '.join(sorted(known))}", ()


def _cut_off(name: str, members: Mapping[str, Node]) -> tuple[str, tuple[str, ...]] | None:
    """In `{title: Yoga, Basics}` the second word is a member without a value: it is cut off."""
    names = list(members)
    at = names.index(name) if name in names else 0
    if at == 0 or members[name].written != "" or members[name].value is not None:
        return None
    before = members[names[at - 1]]
    if not isinstance(before.value, str) or before.line != members[name].line:
        return None
    meant = json.dumps(f"{before.value}, {name}", ensure_ascii=False)
    return f"is cut off from {names[at - 1]!r} by the comma: write {meant} there", (meant,)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _quoted(value: Any) -> str:
    """A value as it may stand in a sentence."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
