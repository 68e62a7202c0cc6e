"""What was done, in a sentence: as it is said right after it, and on the way back from it."""

from __future__ import annotations

from typing import Final

from kursplan.console.words import Words
from kursplan.console.words import marked as _

SAID: Final = {
    "add-booking": _("The booking is made."),
    "book": _("The booking is made."),
    "cancel": _("The booking is cancelled."),
    "cancel-slot": _("The slot is cancelled."),
    "change-slot": _("The slot is changed."),
    "close-studio": _("The closure is entered."),
    "confirm": _("The booking is confirmed."),
    "edit-series": _("The series is changed."),
    "end-series": _("The series is ended."),
    "give-back": _("The slot follows its series again."),
    "move-up": _("They have a seat now."),
    "plan-series": _("The series is made."),
    "plan-slot": _("The slot is planned."),
    "promote": _("They have a seat now."),
    "put-stand-in": _("The stand-in is entered."),
    "release": _("The booking is cancelled."),
    "remove-stand-in": _("The stand-in is taken back."),
    "restore-slot": _("The slot takes place again."),
    "set-participation": _("It is noted."),
    "swap-instructors": _("The instructors are swapped."),
    "waive-lateness": _("The lateness is waived."),
}
"""By the name of the command, as the history has it."""


def said(words: Words, command: str) -> str:
    return words.gettext(SAID.get(command, "It is done."))


IT_IS_DONE: Final = _("It is done.")
