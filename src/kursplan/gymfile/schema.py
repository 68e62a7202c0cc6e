"""The published schema of the gym file, and what is wrong with a document by it.

The validator finds the mistakes; the words for them are ours, because a person has to act on them.
What a schema can't say (references, reversed dates) is looked at in `check.py`.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files
from re import fullmatch
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from kursplan.gymfile.document import Node
from kursplan.gymfile.mistakes import Mistake, Path

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


def mistakes_of_shape(document: Node) -> Iterator[Mistake]:
    """What in the document the schema does not allow."""
    for error in _VALIDATOR.iter_errors(document.plain()):
        path: Path = tuple(error.absolute_path)
        for further, says in _told(error, document.at(path)):
            yield document.mistake((*path, *further), says)


def _told(error: ValidationError, node: Node | None) -> Iterable[tuple[Path, str]]:
    """What is wrong, each with the way from the value to it.

    For several members that lack, or are not known, there are as many errors that each tell all.
    """
    rule: Any = error.validator_value
    value: Any = error.instance
    schema: Any = error.schema
    match error.validator:
        case "required":
            missing = [name for name in rule if name not in value]
            return [((), f"lacks {name!r}") for name in missing]
        case "additionalProperties":
            known = schema["properties"]
            return [((name,), _unknown(name, known)) for name in value if name not in known]
        case "dependentRequired":
            lacking = [
                (name, other)
                for name, others in rule.items()
                if name in value
                for other in others
                if other not in value
            ]
            return [((name,), f"needs {other!r} beside it") for name, other in lacking]
        case "type":
            return [((), _other_kind(rule, value, node))]
        case "enum":
            return [((), _not_listed(rule, value))]
        case "pattern":
            example = "".join(
                f": write it like {each!r}" for each in schema.get("examples", ())[:1]
            )
            return [((), f"is {_quoted(value)}, which does not fit{example}")]
        case "minimum" | "maximum":
            low, high = schema.get("minimum"), schema.get("maximum")
            return [((), f"is {_quoted(value)}: give a number from {low} to {high}")]
        case "minLength":
            return [((), "is empty: leave it out where there is nothing to say")]
        case "maxLength":
            return [((), f"has {len(value)} characters: shorten it to {rule}")]
        case "minItems":
            return [((), "is empty: name at least one")]
        case "uniqueItems":
            twice = [each for index, each in enumerate(value) if each in value[:index]]
            return [((), f"names {_quoted(twice[0])} twice")]
        case other:
            raise AssertionError(f"the schema uses {other!r}, for which there are no words")


def _unknown(name: str, known: Collection[str]) -> str:
    if close := get_close_matches(name, known, n=1):
        return f"is not known here; did you mean {close[0]!r}?"
    if len(known) > _MOST_NAMED:
        return "is not known here; see the schema for what there is"
    return f"is not known here; there are {', '.join(sorted(known))}"


def _other_kind(rule: str | list[str], value: Any, node: Node | None) -> str:
    allowed = [rule] if isinstance(rule, str) else rule
    # Where a text may be null, too, null is hardly what was meant.
    meant = [each for each in allowed if each != "null" or "string" not in allowed]
    kinds = " or ".join(_KINDS[each] for each in meant)
    written = None if node is None else node.written
    if "string" in allowed and written and isinstance(value, (bool, int, float, type(None))):
        quoted = f"'{written[:_LONGEST_QUOTE]}'"
        return f"is read as {_quoted(value)}, but must be {kinds}: write it in quotes, {quoted}"
    if value is None:
        return f"has no value, but must be {kinds}: leave it out where there is nothing to say"
    return f"is {_quoted(value)}, but must be {kinds}"


def _not_listed(listed: list[str | None], value: Any) -> str:
    words = [each for each in listed if each is not None]
    close = get_close_matches(str(value).upper(), words, n=1, cutoff=0.7)
    hint = f"did you mean {close[0]}?" if close else f"give one of {', '.join(words)}"
    return f"is {_quoted(value)}; {hint}"


def _quoted(value: Any) -> str:
    """A value as it may stand in a sentence."""
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
