"""What is written of an object, in a log, a traceback or a debugger, holds nobody's secret (F52).

Walked through are all dataclasses and all types of the wire, as the code has them: a field with such a
name, in whatever class it comes to be, is shown by none of them.
"""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

import kursplan

CONFIDENTIAL = re.compile(
    r"secrets?|password|token|credentials?"
    r"|(api|webhook|private)_key"
    # An endpoint's URL may be all that it takes to write to it, one of a service may hold a password.
    r"|url|database_url|limits_url"
    r"|(first|last|public|full)_name|date_of_birth|e_?mail|phone|telephone"
    # What others sent us, and what people wrote.
    r"|body|excerpt|written"
)
"""The last words of names whose values are nobody's business."""
IS_CONFIDENTIAL = re.compile(rf"(.*_)?({CONFIDENTIAL.pattern})")
PUBLIC = {"img_url", "logo_url", "public_url", "max_body_bytes"}
"""What a studio, or the house, shows to everybody."""


def all_types() -> list[type]:
    """Every class of the code that shows its fields by itself."""
    found: dict[type, None] = {}
    for module in pkgutil.walk_packages(kursplan.__path__, "kursplan."):
        if module.name.endswith("__main__") or ".migrations." in module.name:
            continue
        for each in vars(importlib.import_module(module.name)).values():
            if isinstance(each, type) and each.__module__.startswith("kursplan."):
                shows = dataclasses.is_dataclass(each) or issubclass(each, msgspec.Struct)
                if shows:
                    found[each] = None
    return list(found)


def field_names(of: Any) -> Sequence[str]:
    if issubclass(of, msgspec.Struct):
        return of.__struct_fields__
    return [each.name for each in dataclasses.fields(of)]


def confidential_fields(of: type) -> list[str]:
    return [
        each for each in field_names(of) if IS_CONFIDENTIAL.fullmatch(each) and each not in PUBLIC
    ]


HOLDERS = [each for each in all_types() if confidential_fields(each)]


def test_there_are_some() -> None:
    names = {each.__name__ for each in HOLDERS}
    assert names > {"Sender", "Endpoint", "AddEndpoint", "Settings", "CustomerEntry", "Criteria"}


@pytest.mark.parametrize("of", HOLDERS, ids=lambda each: f"{each.__module__}.{each.__name__}")
def test_nothing_confidential_is_shown(of: type) -> None:
    values = {name: f"<{name}>" for name in field_names(of)}
    if issubclass(of, msgspec.Struct):
        instance = of(**values)
    else:
        instance = object.__new__(of)
        for name, value in values.items():
            object.__setattr__(instance, name, value)
    shown = repr(instance) + str(instance)
    assert [each for each in confidential_fields(of) if values[each] in shown] == []
