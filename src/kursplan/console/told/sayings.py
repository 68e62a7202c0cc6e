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
    "copy-week": _("The week is copied."),
    "delete-customers": _("The customer is forgotten."),
    "edit-series": _("The series is changed."),
    "end-membership": _("The end of the membership is entered."),
    "end-series": _("The series is ended."),
    "expire-confirmations": _("The time to confirm was over."),
    "freeze-membership": _("The idle period is entered."),
    "give-back": _("The slot follows its series again."),
    "move-home": _("The customer is at home in the other studio now."),
    "move-up": _("They have a seat now."),
    "open-studio": _("The studio is open again."),
    "plan-series": _("The series is made."),
    "plan-slot": _("The slot is planned."),
    "promote": _("They have a seat now."),
    "put-stand-in": _("The stand-in is entered."),
    "record-class": _("The class is written down."),
    "record-customers": _("The customer is written down."),
    "record-rate": _("The rate is written down."),
    "release": _("The booking is cancelled."),
    "remove-stand-in": _("The stand-in is taken back."),
    "restore-slot": _("The slot takes place again."),
    "review-bookings": _("Bookings were looked at again."),
    "set-participation": _("It is noted."),
    "swap-instructors": _("The instructors are swapped."),
    "waive-lateness": _("The lateness is waived."),
}
"""By the name of the command, as the history has it."""


def said(words: Words, command: str) -> str:
    return words.gettext(SAID.get(command, "It is done."))


IT_IS_DONE: Final = _("It is done.")
