"""A legend says how a file is to be read: it can be kept, and given the next time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from kursplan.domain.sentences import Sentence, each_of, either
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
            says = Sentence("%(text)s says no column: it is like 'Handynr=phone'", text=repr(each))
            raise Unreadable(says)
        named[head] = what.strip()
    meant: dict[str, dict[str, str]] = {}
    for each in values:
        what, colon, rest = each.partition(":")
        text, equals, word = rest.rpartition("=")
        if not colon or not equals:
            says = Sentence(
                "%(text)s says no value: it is like 'status:Gekündigt=MEMBER'", text=repr(each)
            )
            raise Unreadable(says)
        meant.setdefault(what.strip(), {})[text.strip()] = word.strip()
    return checked(Legend(source, named, order, meant), subject)


def read_legend(text: str, subject: Subject) -> Legend:
    """The one that `written` wrote. Raises `Unreadable`."""
    try:
        plain = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - it makes nothing but text
    except yaml.YAMLError as error:
        says = Sentence("the mapping is no YAML: %(why)s", why=str(error).splitlines()[0])
        raise Unreadable(says) from error
    if not isinstance(plain, dict):
        raise Unreadable(Sentence("the mapping is empty: it begins with `import:`"))
    if strange := plain.keys() - _MEMBERS:
        says = Sentence(
            "the mapping has %(name)s: it knows %(names)s",
            name=repr(min(strange)),
            names=", ".join(_MEMBERS),
        )
        raise Unreadable(says)
    if plain.get("import", subject) != subject:
        says = Sentence(
            "the mapping is for `import %(other)s`, not for %(subject)s",
            other=plain["import"],
            subject=subject,
        )
        raise Unreadable(says)
    source = Source(
        **{name: plain[name] for name in ("encoding", "delimiter", "sheet") if plain.get(name)}
    )
    order = plain.get("dates")
    if order is not None and order not in [*Order]:
        says = Sentence(
            "`dates` is %(order)s in the mapping: it is %(orders)s",
            order=repr(order),
            orders=either(Order),
        )
        raise Unreadable(says)
    columns, values = plain.get("columns") or {}, plain.get("values") or {}
    if (
        not _is_text(columns)
        or not isinstance(values, dict)
        or not all(map(_is_text, values.values()))
    ):
        raise Unreadable(
            Sentence("`columns` and `values` of the mapping are names and what they mean")
        )
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
            says = Sentence(
                "the column %(head)s can't be %(field)s: it is %(fields)s",
                head=repr(head),
                field=repr(what),
                fields=", ".join(known),
            )
            raise Unreadable(says)
    for what, meant in legend.values.items():
        if what not in WORDS:
            says = Sentence(
                "%(field)s has no words of its own: %(fields)s have",
                field=repr(what),
                fields=each_of(WORDS),
            )
            raise Unreadable(says)
        words = {*WORDS[what].values(), IGNORED}
        for text, word in meant.items():
            if word not in words:
                says = Sentence(
                    "%(field)s %(text)s can't mean %(word)s: it is %(words)s",
                    field=what,
                    text=repr(text),
                    word=repr(word),
                    words=", ".join(sorted(words)),
                )
                raise Unreadable(says)
    return legend
