"""Values that every booking makes anew: immutable, and as cheap to make as a plain object."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


class Same(Enum):
    """Not given: it stays as it is. Stands apart from None, which means that there is none."""

    SAME = "SAME"


SAME = Same.SAME


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """A dataclass that nobody may assign to, which the type checker sees to.

    `dataclass(frozen=True)` has the constructor ask at run time, too, for each field; that makes
    it several times as slow. What is not made for every booking is rather frozen like that.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
