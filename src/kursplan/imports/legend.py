"""A legend says how a file is to be read: it can be kept, and given the next time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from kursplan.imports.days import Order
from kursplan.imports.heads import FIELDS, Subject
from kursplan.imports.table import Source, Unreadable
from kursplan.imports.words import IGNORED, WORDS

NOT_USED = "not used"
"""What a column can be said to be instead of a field."""

_HEADING = """\
# How Kursplan reads this export: `kursplan import {subject} FILE --mapping` takes it the next time.
"""


@dataclass(frozen=True, slots=True)
class Legend:
    """What was said; what is None or missing is to be found out."""

    source: Source = field(default_factory=Source)
    columns: Mapping[str, str] = field(default_factory=dict)
    """The field that a column is, or `NOT_USED`, by its head."""
    order: Order | None = None
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By field and text as it stands in the file: the word that it means, or `IGNORED`."""

    def over(self, other: Legend) -> Legend:
        """The same, and what only `other` says."""
        fields = self.values.keys() | other.values.keys()
        return Legend(
            replace(
                other.source,
                **{
                    name: said
                    for name in ("encoding", "delimiter", "sheet")
                    if (said := getattr(self.source, name)) is not None
                },
            ),
            {**other.columns, **self.columns},
            self.order or other.order,
            {each: {**other.values.get(each, {}), **self.values.get(each, {})} for each in fields},
        )


def said(
    subject: Subject,
    *,
    source: Source,
    columns: Iterable[str],
    order: Order | None,
    values: Iterable[str],
) -> Legend:
    """What was given on a command line: `HEAD=FIELD`, `FIELD:TEXT=WORD`. Raises `Unreadable`."""
    named: dict[str, str] = {}
    for each in columns:
        head, equals, what = each.rpartition("=")
        if not equals or not head:
            raise Unreadable(f"{each!r} says no column: it is like 'Handynr=phone'")
        named[head] = what.strip()
    meant: dict[str, dict[str, str]] = {}
    for each in values:
        what, colon, rest = each.partition(":")
        text, equals, word = rest.rpartition("=")
        if not colon or not equals:
            raise Unreadable(f"{each!r} says no value: it is like 'status:Gekündigt=MEMBER'")
        meant.setdefault(what.strip(), {})[text.strip()] = word.strip()
    return checked(Legend(source, named, order, meant), subject)


def read_legend(text: str, subject: Subject) -> Legend:
    """The one that `written` wrote. Raises `Unreadable`."""
    try:
        plain = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
    except yaml.YAMLError as error:
        raise Unreadable(f"the mapping is no YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(plain, dict):
        raise Unreadable("the mapping is empty: it begins with `import:`")
    if strange := plain.keys() - _MEMBERS:
        raise Unreadable(f"the mapping has {min(strange)!r}: it knows {', '.join(_MEMBERS)}")
    if plain.get("import", subject) != subject:
        raise Unreadable(f"the mapping is for `import {plain['import']}`, not for {subject}")
    source = Source(
        **{name: plain[name] for name in ("encoding", "delimiter", "sheet") if plain.get(name)}
    )
    order = plain.get("dates")
    if order is not None and order not in [*Order]:
        raise Unreadable(f"`dates` is {order!r} in the mapping: it is {' or '.join(Order)}")
    columns, values = plain.get("columns") or {}, plain.get("values") or {}
    if (
        not _is_text(columns)
        or not isinstance(values, dict)
        or not all(map(_is_text, values.values()))
    ):
        raise Unreadable("`columns` and `values` of the mapping are names and what they mean")
    return checked(
        Legend(source, columns, None if order is None else Order(order), values), subject
    )


_MEMBERS = ("import", "encoding", "delimiter", "sheet", "dates", "columns", "values")


def written(legend: Legend, subject: Subject) -> str:
    """The legend as a file."""
    plain: dict[str, Any] = {"import": str(subject)}
    for name in ("encoding", "delimiter", "sheet"):
        if (value := getattr(legend.source, name)) is not None:
            plain[name] = value
    if legend.order is not None:
        plain["dates"] = str(legend.order)
    plain["columns"] = dict(legend.columns)
    if legend.values:
        plain["values"] = {field: dict(meant) for field, meant in sorted(legend.values.items())}
    body = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True)
    return _HEADING.format(subject=subject) + body


def _is_text(plain: Any) -> bool:
    return isinstance(plain, dict) and all(
        isinstance(each, str) for pair in plain.items() for each in pair
    )


def checked(legend: Legend, subject: Subject) -> Legend:
    """The same, if each of its words is one that there is. Raises `Unreadable`."""
    known = (*FIELDS[subject], NOT_USED)
    for head, what in legend.columns.items():
        if what not in known:
            raise Unreadable(f"the column {head!r} can't be {what!r}: it is {', '.join(known)}")
    for what, meant in legend.values.items():
        if what not in WORDS:
            raise Unreadable(f"{what!r} has no words of its own: {' and '.join(WORDS)} have")
        words = {*WORDS[what].values(), IGNORED}
        for text, word in meant.items():
            if word not in words:
                says = f"{what} {text!r} can't mean {word!r}: it is {', '.join(sorted(words))}"
                raise Unreadable(says)
    return legend
