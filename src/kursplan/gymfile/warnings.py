"""Warnings: what is no mistake in a gym file, and is told all the same.

The third outcome beside mistakes and changes: a file with warnings is loaded. They are of two
kinds. What looks wrong (two customers with one address, a room twice at the same time) is seen in
the file alone, and `GymFile.warnings` holds it. What has no effect (a slot in the past, an entry
that was cancelled by hand) is seen beside what is stored.
"""

from __future__ import annotations

from kursplan.gymfile.mistakes import Remark


class FileWarning(Remark):
    """What to look at where: `FileWarning(line, path, says)`, or `Node.warning(path, says)`."""

    __slots__ = ()
