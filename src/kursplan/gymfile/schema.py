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
from functools import cache
from importlib.resources import files
from re import fullmatch
from typing import TYPE_CHECKING, Any

from kursplan.domain.sentences import Sentence, either
from kursplan.gymfile.document import Node
from kursplan.gymfile.mistakes import Mistake, Path, written

if TYPE_CHECKING:
    from jsonschema import ValidationError

SCHEMA_TEXT = files("kursplan.gymfile").joinpath("schema.json").read_text("utf-8")
"""The schema as it is published."""

SCHEMA: dict[str, Any] = json.loads(SCHEMA_TEXT)

_KINDS = {
    "string": Sentence("text"),
    "integer": Sentence("a whole number"),
    "number": Sentence("a number"),
    "boolean": Sentence("true or false"),
    "array": Sentence("a list"),
    "object": Sentence("members with names"),
    "null": "null",
}
_LONGEST_QUOTE = 40
_MOST_NAMED = 12


@cache
def _validator() -> Any:
    """What finds the mistakes. It is imported by the first file that is read: a server starts without it."""
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(
        _: Any, pattern: str, instance: Any, _schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        """The whole text has to fit: in Python, `$` would let a line break pass at the end."""
        if isinstance(instance, str) and not fullmatch(pattern, instance):
            yield ValidationError(f"{instance!r} does not fit")

    validator: Any = extend(Draft202012Validator, {"pattern": pattern})  # type: ignore[no-untyped-call]
    return validator(SCHEMA)


_OF_VALUES = ("type", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum")


def mistakes_of_shape(document: Node, told: Collection[str] = ()) -> Iterator[Mistake]:
    """What in the document the schema does not allow.

    Of values at the places in `told`, which somebody who knows more has told already, nothing.
    """
    for error in _validator().iter_errors(document.plain()):
        path: Path = tuple(error.absolute_path)
        if error.validator in _OF_VALUES and written(path) in told:
            continue
        for further, says, instead in _told(error, path, document):
            yield document.mistake((*path, *further), says, instead)


_Told = tuple[Path, Sentence, tuple[str, ...]]
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
                    yield (), Sentence("lacks %(member)s", member=repr(name)), ()
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
                            says = Sentence("needs %(member)s beside it", member=repr(other))
                            yield (name,), says, ()
        case "type":
            allowed = [rule] if isinstance(rule, str) else rule
            kinds = either(_KINDS[each] for each in allowed)
            says = Sentence("is %(value)s, but must be %(kind)s", value=_quoted(value), kind=kinds)
            if "object" in allowed and isinstance(value, str) and re.match(r"[a-z_]+:\S", value):
                says = Sentence("%(says)s: put a blank behind the colon", says=says)
            yield (), says, ()
        case "enum":
            return  # What is no such word has its own advice, and what is no text its type.
        case "pattern":
            # Only what a file refers to: all else that has a form has its own advice.
            says = Sentence(
                "is %(value)s, which is no key: give the key of what is meant", value=_quoted(value)
            )
            yield (), says, ()
        case "minimum" | "maximum":
            low, high = schema.get("minimum"), schema.get("maximum")
            says = Sentence(
                "is %(value)s: give a number from %(low)s to %(high)s",
                value=_quoted(value),
                low=str(low),
                high=str(high),
            )
            yield (), says, ()
        case "minLength":
            yield (), Sentence("is empty"), ()
        case "maxLength":
            says = Sentence(
                "has %(count)s characters: shorten it to %(most)s", count=len(value), most=rule
            )
            yield (), says, ()
        case "minItems":
            yield (), Sentence("is empty: name at least one"), ()
        case "uniqueItems":
            twice = [each for index, each in enumerate(value) if each in value[:index]]
            yield (), Sentence("names %(value)s twice", value=_quoted(twice[0])), ()
        case other:
            raise AssertionError(f"the schema uses {other!r}, for which there are no words")


def _unknown(
    name: str, known: Collection[str], mapping: Node | None
) -> tuple[Sentence, tuple[str, ...]]:
    """A member that there is not, and what it may be instead."""
    members: Any = {} if mapping is None else mapping.value
    if (cut_off := _cut_off(name, members)) is not None:
        return cut_off
    if ":" in name and name.partition(":")[0] in known and members[name].written == "":
        says = Sentence("has no blank behind its colon: that would end the name of the member")
        return says, ()
    folded = {_folded(each): each for each in known}
    meant = folded.get(_folded(name))
    close = [meant] if meant is not None else get_close_matches(name, known, n=1)
    if close and close[0] in members:
        says = Sentence(
            "is not known here, and %(member)s is there already: leave one of them out",
            member=repr(close[0]),
        )
        return says, ()
    if close:
        says = Sentence("is not known here; did you mean %(member)s?", member=repr(close[0]))
        return says, ()
    if len(known) > _MOST_NAMED:
        return Sentence("is not known here; `kursplan gym schema` tells what there is"), ()
    says = Sentence("is not known here; there are %(members)s", members=", ".join(sorted(known)))
    return says, ()


def _cut_off(name: str, members: Mapping[str, Node]) -> tuple[Sentence, tuple[str, ...]] | None:
    """In `{title: Yoga, Basics}` the second word is a member without a value: it is cut off."""
    names = list(members)
    at = names.index(name) if name in names else 0
    if at == 0 or members[name].written != "" or members[name].value is not None:
        return None
    before = members[names[at - 1]]
    if not isinstance(before.value, str) or before.line != members[name].line:
        return None
    meant = json.dumps(f"{before.value}, {name}", ensure_ascii=False)
    says = Sentence(
        "is cut off from %(member)s by the comma: write %(meant)s there",
        member=repr(names[at - 1]),
        meant=meant,
    )
    return says, (meant,)


def _folded(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


def _quoted(value: Any) -> str:
    """A value as it may stand in a sentence."""
    if isinstance(value, dict):
        return Sentence("a mapping")
    if isinstance(value, list):
        return Sentence("a list")
    text = repr(value) if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST_QUOTE else f"{text[:_LONGEST_QUOTE]}…"
