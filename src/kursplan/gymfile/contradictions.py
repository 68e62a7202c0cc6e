"""Contradictions between a gym file and what is stored: nothing of it is loaded then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kursplan.domain.entries import Gym
from kursplan.domain.sentences import Sentence
from kursplan.gymfile.check import KINDS, NAMES, StoredKeys, mistakes_of_sense, names_of
from kursplan.gymfile.mistakes import Mistake, Path
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stored import E, Kept, Stored


def contradictions(gym_file: GymFile, stored: Stored) -> Iterator[Mistake]:
    """What the file refers to and is not there, and what is there and belongs elsewhere."""
    gym = gym_file.gym
    if stored.id is None and gym.organization.name is None:
        says = Sentence(
            "lacks 'name', and there is no organization %(key)s yet", key=repr(gym.organization.key)
        )
        yield gym_file.mistake(("organization",), says)
    yield from mistakes_of_sense(gym_file.document, _keys(stored))
    yield from _moved(gym, stored, _Places(gym_file))


def _keys(stored: Stored) -> StoredKeys:
    return StoredKeys(
        {
            "studio": stored.studios,
            "location": stored.locations,
            "employee": stored.employees,
            "rate": stored.rates,
            "class": stored.classes,
        },
        {("location", key): kept.entry.studio for key, kept in stored.locations.items()}
        | {("class", key): kept.entry.studio for key, kept in stored.classes.items()},
        {
            "studio": _by_name(stored.studios),
            "location": _by_name(stored.locations),
            "employee": _by_name(stored.employees),
            "rate": _by_name(stored.rates),
            "class": _by_name(stored.classes),
        },
    )


def _by_name(kept: Mapping[str, Kept[E]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, each in kept.items():
        members = {name: getattr(each.entry, name, None) for name in NAMES}
        for name in names_of(members):
            found.setdefault(name, set()).add(key)
    return found


def _moved(gym: Gym, stored: Stored, places: _Places) -> Iterator[Mistake]:
    """What belongs together for good, and does not in the file."""
    for kind, told, held in (
        (
            "location",
            {each.key: each.studio for each in gym.locations},
            {key: kept.entry.studio for key, kept in stored.locations.items()},
        ),
        (
            "closure",
            {each.key: each.studio for each in gym.closures},
            {key: entry.studio for key, entry in stored.closures.items()},
        ),
        (
            "class",
            {each.key: each.studio for each in gym.classes or ()},
            {key: kept.entry.studio for key, kept in stored.classes.items()},
        ),
        (
            "series",
            {each.key: each.class_ for each in gym.series or ()},
            {key: kept.entry.class_ for key, kept in stored.series.items()},
        ),
        (
            "slot",
            {each.key: each.class_ for each in gym.slots or ()},
            {key: single.entry.class_ for key, single in stored.slots.items()},
        ),
    ):
        for key, with_ in told.items():
            if held.get(key, with_) != with_:
                says = Sentence(
                    "the %(kind)s %(key)s is stored with %(there)s and stays there: "
                    "give the one of %(here)s another key",
                    kind=KINDS[kind],
                    key=repr(key),
                    there=repr(held[key]),
                    here=repr(with_),
                )
                yield places.mistake(kind, key, "key", says)


def taken_from_others(gym_file: GymFile, stored: Stored) -> Iterator[Mistake]:
    """Keys of contracts that belong to others."""
    gym, places = gym_file.gym, _Places(gym_file)
    memberships: dict[str, str] = {}
    idle_periods: dict[str, tuple[str, str]] = {}
    for key, kept in stored.customers.items():
        if key in gym.deleted_customers:
            continue
        for membership in kept.entry.memberships or ():
            memberships[membership.key] = key
            for idle_period in membership.idle_periods or ():
                idle_periods[idle_period.key] = key, membership.key
    for customer in gym.customers or ():
        for membership in customer.memberships or ():
            owner = memberships.get(membership.key, customer.key)
            if owner != customer.key:
                says = Sentence("belongs to the customer %(key)s", key=repr(owner))
                yield places.mistake("membership", membership.key, "key", says)
            for idle_period in membership.idle_periods or ():
                place = customer.key, membership.key
                whose, held = idle_periods.get(idle_period.key, place)
                if (whose, held) != place:
                    says = Sentence(
                        "belongs to the membership %(key)s of the customer %(customer)s",
                        key=repr(held),
                        customer=repr(whose),
                    )
                    yield places.mistake("idle period", idle_period.key, "key", says)


class _Places:
    """Where in the file each key is given; looked up once there is a mistake to tell."""

    def __init__(self, gym_file: GymFile) -> None:
        self._gym_file = gym_file
        self._paths: dict[tuple[str, str], Path] = {}

    def mistake(self, kind: str, key: str, member: str, says: Sentence) -> Mistake:
        if not self._paths:
            self._paths = dict(_all_keys(self._gym_file.document.plain(), (), _SECTIONS))
        return self._gym_file.mistake((*self._paths[kind, key], member), says)


_Listed = tuple[str, str, tuple["_Listed", ...]]
"""A list of the document, the kind of thing that it lists, and the lists in those."""

_SECTIONS: tuple[_Listed, ...] = (
    ("studios", "studio", (("locations", "location", ()), ("closures", "closure", ()))),
    ("classes", "class", ()),
    ("series", "series", ()),
    ("slots", "slot", ()),
    (
        "customers",
        "customer",
        (("memberships", "membership", (("idle_periods", "idle period", ()),)),),
    ),
)


def _all_keys(
    members: Mapping[str, list[dict[str, object]]], path: Path, sections: Iterable[_Listed]
) -> Iterator[tuple[tuple[str, str], Path]]:
    for section, kind, nested in sections:
        for index, each in enumerate(members.get(section, ())):
            place = (*path, section, index)
            yield (kind, str(each["key"])), place
            yield from _all_keys(each, place, nested)  # type: ignore[arg-type]
