"""What is said on a page of what somebody did there last, by the word that stands in its address."""

from __future__ import annotations

from typing import Final

from kursplan.console.visit import Visit
from kursplan.console.words import marked as _

SAID: Final = "said"
"""The parameter that has the word."""
CHANGED: Final = "changed"
REFUSED: Final = "refused"
_IN_FULL: Final = {
    CHANGED: _("Somebody else has changed that meanwhile. Here is what is there now."),
    REFUSED: _("That is not possible any more. Here is what is there now."),
}


def said(visit: Visit) -> str:
    """The sentence; empty where there is nothing to say. Raises `BadAddress`."""
    word = visit.asked_one_of(SAID, "", *_IN_FULL)
    return visit.words.gettext(_IN_FULL[word]) if word else ""
