"""Before a gym file is loaded: say what it would change and what that means for people, and ask.

Afterwards: what was left alone, because others changed it too, and what is to be looked at.
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import typer

from kursplan.cli.clashes import clash_documents, lines_of
from kursplan.cli.consent import as_json, events, said
from kursplan.cli.output import Stop, counted, local_time, say, table, zoned
from kursplan.domain.consequences import Becomes
from kursplan.staff.actors import in_words

if TYPE_CHECKING:
    from kursplan.desk.engine.rehearse import Change, Rehearsed, SlotChange
    from kursplan.gymfile import Differences, Disagreement, Entry, Foretold
    from kursplan.store.staff.history import Told

LARGE_SHARE = 0.1
"""Of all bookings to come: whoever takes more than that has to say how many."""
MOST_LINES = 200
"""How many lines of a kind people are shown; scripts get all."""
CONFLICTS_LEFT = 3
"""The exit status where it was loaded, and something was left alone because others changed it too."""

_SLOT_SAID = {
    Becomes.CANCELLED: "is cancelled",
    Becomes.BACK: "takes place again",
}


def agree(foretold: Foretold, *, yes: bool, takes: int | None) -> None:
    """Go on only where nothing is taken from anybody, or it was agreed to.

    Raises `Stop`, with what would have to be given.
    """
    taken = len(_taken(foretold))
    if takes is not None and takes != taken:
        raise Stop(f"nothing was done: it would take {counted(taken, 'booking')}, not {takes}", 2)
    is_large = taken > LARGE_SHARE * foretold.bookings_to_come
    if takes is not None or not _takes_something(foretold) or (yes and not is_large):
        return
    if not yes:
        for line in told(foretold, will="will"):
            say(line, err=True)
    share = f"{taken} of {counted(foretold.bookings_to_come, 'booking')} to come"
    if yes or not sys.stdin.isatty():
        how = f"--takes {taken}" if is_large else "--yes"
        what = f"this takes {share}" if is_large else "this takes something away"
        where = "" if yes else ", and there is no terminal to ask on"
        says = f"nothing was done: {what}{where}. See it with --dry-run; give {how} to do it."
        raise Stop(says, 2)
    if is_large:
        typed = typer.prompt(f"This takes {share}. Type how many, to do it", err=True)
        if typed.strip() != str(taken):
            raise Stop("nothing was done")
    elif not typer.confirm("Do it?", err=True):
        raise Stop("nothing was done")


def _taken(foretold: Foretold) -> tuple[Change, ...]:
    return () if foretold.rehearsed is None else foretold.rehearsed.taken


def _takes_something(foretold: Foretold) -> bool:
    slots = () if foretold.rehearsed is None else foretold.rehearsed.slots
    return (
        bool(_taken(foretold))
        or any(each.becomes is Becomes.CANCELLED for each in slots)
        or foretold.differences.takes_something
    )


# What is told to people.


def told(foretold: Foretold, *, will: str) -> Iterator[str]:
    """The changes and what they mean; `will` is "will" or "would"."""
    yield from changes(foretold.differences)
    if foretold.rehearsed is not None:
        yield from _consequences(foretold.rehearsed)
        yield from lines_of(foretold.clashes)
        yield f"Partners {will} be told: {events(foretold.rehearsed.told)}."


def changes(differences: Differences) -> Iterator[str]:
    """What changes, entry by entry; of new ones only how many."""
    lines = [
        line for each in differences.changes if each.fate.value != "NEW" for line in each.lines()
    ]
    yield from _first(lines, "change")
    new = Counter(each.entry.section for each in differences.changes if each.fate.value == "NEW")
    if new:
        yield "New: " + ", ".join(f"{section} {number}" for section, number in new.items()) + "."


def _consequences(rehearsed: Rehearsed[Any]) -> Iterator[str]:
    """Slot by slot: what becomes of it, and of whose places."""
    people: defaultdict[int, list[Change]] = defaultdict(list)
    for each in rehearsed.changes:
        if each.becomes is not Becomes.OTHERWISE:
            people[each.slot_id].append(each)
    blocks: list[tuple[Any, list[str]]] = []
    for slot in rehearsed.slots:
        inner = [f"  {said(each)}" for each in people.pop(slot.slot_id, [])]
        blocks.append(((slot.starts_at, slot.slot_id), [_of_slot(slot), *inner]))
    blocks.extend(
        ((there[0].starts_at, slot_id), [said(each) for each in there])
        for slot_id, there in people.items()
    )
    blocks.sort(key=lambda each: each[0])
    yield from _first([line for _, lines in blocks for line in lines], "line")
    bookings = Counter(each.becomes for each in rehearsed.changes)
    slots = Counter(each.becomes for each in rehearsed.slots)
    said_all = [
        *_numbers(
            slots,
            "slot",
            {Becomes.CANCELLED: "cancelled", Becomes.MOVED: "moved", Becomes.BACK: "back"},
        ),
        *_numbers(
            bookings,
            "booking",
            {
                Becomes.CANCELLED: "cancelled",
                Becomes.FLAGGED: "flagged",
                Becomes.MOVED: "moved",
                Becomes.PROMOTED: "moved up",
            },
        ),
    ]
    if said_all:
        yield "Altogether: " + ", ".join(said_all) + "."


def _numbers(found: Counter[Becomes], one: str, said_as: dict[Becomes, str]) -> Iterator[str]:
    for becomes, word in said_as.items():
        if found[becomes]:
            yield f"{counted(found[becomes], one)} {word}"


def _of_slot(slot: SlotChange) -> str:
    when = local_time(slot.starts_at, slot.zone)
    if slot.moved_to is not None:
        what = f"moves to {local_time(slot.moved_to, slot.zone)}"
        if slot.moved_to == slot.starts_at:
            what = "takes longer or shorter"
    else:
        what = _SLOT_SAID[slot.becomes]
    return f"{slot.title}, {when} {what}."


def _first(lines: list[str], one: str) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if (further := len(lines) - MOST_LINES) > 0:
        yield f"… and {counted(further, f'further {one}')}; --dry-run --json has all."


def notes(differences: Differences) -> Iterator[str]:
    """What is left as it is, and what is to be looked at."""
    yield from lines_of(differences.summary.clashes)
    if differences.conflicts:
        yield "Left alone, because the file and others changed it (--prefer file has the file win):"
        lines = [f"  {each}{_by_whom(each)}" for each in differences.conflicts]
        yield from _first(lines, "conflict")
    if differences.left:
        differ = counted(len(differences.left), "member differs", "members differ")
        yield f"{differ} from the file and stay: the file did not change them. See `kursplan gym diff`."
    if differences.missing:
        listed = ", ".join(map(str, differences.missing[:MOST_LINES]))
        yield f"No longer in the file, and still there (--remove takes it away): {listed}."
    yield from _first([f"Warning: {each}" for each in differences.warnings], "warning")


def counts(differences: Differences, *, dry_run: bool) -> None:
    """How much of which section, as a table."""
    summary = differences.summary
    if summary.nothing:
        say("Nothing would change." if dry_run else "Nothing had to be changed.")
        return
    table(
        ("Would change" if dry_run else "Changed", "New", "Changed", "Removed"),
        (
            (section, count.created, count.changed, count.removed)
            for section, count in summary.sections.items()
            if count.created or count.changed or count.removed
        ),
        empty="",
    )


def difference_lines(differences: Differences) -> Iterator[str]:
    """All that is different, for `gym diff`."""
    for change in differences.changes:
        for line in change.lines():
            yield f"{_SIGNS[change.fate.value]} {line}"
    for each in differences.conflicts:
        yield f"! {each}{_by_whom(each)}"
    for each in differences.left:
        yield f"= {each}"
    for entry in differences.missing:
        yield f"? {entry}: no longer in the file; it stays without --remove"
    for entry in differences.only_there:
        yield f"  {entry}: is there, and was never in a file"
    for warning in differences.warnings:
        yield f"Warning: {warning}"


def _by_whom(conflict: Disagreement) -> str:
    if (last := conflict.changed) is None:
        return ""
    return f" (last changed by {in_words(last.by)}, {last.happened_at:%Y-%m-%d %H:%M} UTC)"


_SIGNS = {"NEW": "+", "REMOVED": "-", "STAYS": "~"}


# The same for scripts.


def as_document(foretold: Foretold, *, dry_run: bool) -> dict[str, object]:
    rehearsed = foretold.rehearsed
    clashes = foretold.clashes if dry_run else foretold.differences.summary.clashes
    return {
        "dry_run": dry_run,
        **differences_as_document(foretold.differences),
        "bookings_to_come": foretold.bookings_to_come,
        "bookings": [] if rehearsed is None else [as_json(each) for each in rehearsed.changes],
        "slots": [] if rehearsed is None else [_slot_as_json(each) for each in rehearsed.slots],
        "events": {} if rehearsed is None else dict(rehearsed.told),
        "clashes": clash_documents(clashes),
    }


def differences_as_document(differences: Differences) -> dict[str, object]:
    return {
        "sections": {
            section: {"created": count.created, "changed": count.changed, "removed": count.removed}
            for section, count in differences.summary.sections.items()
        },
        "changes": [
            {
                **_entry(change.entry),
                "fate": change.fate.value,
                "members": [
                    {"name": each.name, "from": each.there, "to": each.now}
                    for each in change.members
                ],
            }
            for change in differences.changes
        ],
        "conflicts": list(_disagreements(differences.conflicts)),
        "left": list(_disagreements(differences.left)),
        "missing": [_entry(each) for each in differences.missing],
        "only_there": [_entry(each) for each in differences.only_there],
        "warnings": [
            {"line": each.line, "path": each.path, "says": each.says}
            for each in differences.warnings
        ],
    }


def _entry(entry: Entry) -> dict[str, object]:
    within = {} if entry.within is None else {"within": _entry(entry.within)}
    return {"section": entry.section, "key": entry.key, **within}


def _disagreements(found: Iterable[Disagreement]) -> Iterator[dict[str, object]]:
    from kursplan.gymfile.three_way import Absent

    for each in found:
        member = each.member
        values = {"file_then": member.then, "file": member.now, "there": member.there}
        yield {
            "line": each.line,
            "path": each.path,
            **_entry(each.entry),
            "member": member.name,
            "then_known": each.then_known,
            **_last_changed(each.changed),
            # What is not said is left out, because null is something that can be said.
            **{name: value for name, value in values.items() if not isinstance(value, Absent)},
        }


def _last_changed(last: Told | None) -> dict[str, object]:
    if last is None:
        return {}
    by = {"via": last.by.origin, "who": last.by.who, "file": last.by.file}
    told = {name: each for name, each in by.items() if each is not None}
    return {
        "last_changed": {"at": zoned(last.happened_at, "UTC"), "command": last.command, "by": told}
    }


def _slot_as_json(each: SlotChange) -> dict[str, object]:
    return {
        "slot_id": each.slot_id,
        "title": each.title,
        "starts_at": zoned(each.starts_at, each.zone),
        "becomes": each.becomes,
        "moved_to": zoned(each.moved_to, each.zone),
    }
