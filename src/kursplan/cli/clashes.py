"""Words for somebody, or a room, that is on two slots at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kursplan.cli.output import Stop, counted, local_span, say, zoned

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kursplan.domain.clashes import Clash, Clashing, ClashingSlot

MOST_TOLD = 10
"""How many are told, a line each: those of a series repeat themselves."""


def tell_clashes(clashes: Sequence[Clash], *, err: bool = False) -> None:
    for line in lines_of(clashes):
        say(line, err=err)


def lines_of(clashes: Sequence[Clash], most: int = MOST_TOLD) -> list[str]:
    lines = [f"Twice at the same time: {sentence(each)}" for each in clashes[:most]]
    if further := len(clashes) - len(lines):
        lines.append(f"… and {counted(further, 'further time')}; see `kursplan slot clashes`.")
    return lines


def sentence(clash: Clash) -> str:
    """Who or what, and on which two slots."""
    one, other = clash.slots
    return f"{clash.name}, on {_slot(one)} and {_slot(other)}."


def _slot(each: ClashingSlot) -> str:
    number = "to come" if each.slot_id is None else f"slot {each.slot_id}"
    return f"{each.title}, {local_span(each.starts_at, each.ends_at, each.zone)} ({number})"


def clash_documents(clashes: Iterable[Clash]) -> list[dict[str, object]]:
    """As scripts read them; a slot without a number is one that a series is yet to get."""
    return [
        {
            "needed": each.needed,
            "id": each.id,
            "name": each.name,
            "refused": each.refused,
            "slots": [
                {
                    "slot_id": slot.slot_id,
                    "title": slot.title,
                    "studio": slot.studio,
                    "starts_at": zoned(slot.starts_at, slot.zone),
                    "ends_at": zoned(slot.ends_at, slot.zone),
                }
                for slot in each.slots
            ],
        }
        for each in clashes
    ]


def refused_for(clashing: Clashing) -> Stop:
    """What it means that a studio refuses it, with all slots."""
    from kursplan.staff.refusals import sentence as why

    told = f"{why(clashing)} ({clashing.kind})"
    return Stop(
        "\n".join([told, *lines_of(clashing.clashes)]),
        code=clashing.kind.value,
        details={"clashes": clash_documents(clashing.clashes)},
    )
