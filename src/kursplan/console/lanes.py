"""Which slots stand beside each other where they overlap."""

from __future__ import annotations

from collections.abc import Sequence


def lanes(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """For each span, in the order of starts: its lane, and how many lanes there are around it.

    A span is from its first minute up to but not including its last. Those that only touch do not stand
    beside each other; those that are linked by others share the number of lanes.
    """
    found: list[tuple[int, int]] = []
    linked: list[int] = []
    """The lane of each span of the group that is being gone through."""
    ends: list[int] = []
    """By lane, when it is free again."""

    def close() -> None:
        found.extend((lane, len(ends)) for lane in linked)
        linked.clear()
        ends.clear()

    for start, end in spans:
        if all(each <= start for each in ends):
            close()
        lane = next((at for at, free in enumerate(ends) if free <= start), len(ends))
        ends[lane : lane + 1] = [end]
        linked.append(lane)
    close()
    return found
