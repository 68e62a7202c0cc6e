"""What was done, in a sentence: as it is said right after it, and on the way back from it."""

from __future__ import annotations

from typing import Final

from kursplan.console.words import Words
from kursplan.console.words import marked as _

SAID: Final = {
    "add-booking": _("The booking is made."),
    "add-endpoint": _("The endpoint is added."),
    "add-passkey": _("The passkey is added."),
    "book": _("The booking is made."),
    "cancel": _("The booking is cancelled."),
    "cancel-slot": _("The slot is cancelled."),
    "change-endpoint": _("The endpoint is changed."),
    "change-slot": _("The slot is changed."),
    "change-staff": _("The account is changed."),
    "close-studio": _("The closure is entered."),
    "complete-slots": _("The slot is over."),
    "confirm": _("The booking is confirmed."),
    "confirm-activation": _("The activation is confirmed."),
    "delete-customers": _("The customer is forgotten."),
    "delete-employee": _("The employee is forgotten."),
    "disable-endpoint": _("The endpoint is disabled."),
    "disable-staff": _("The account is disabled."),
    "edit-series": _("The series is changed."),
    "enable-endpoint": _("The endpoint is enabled."),
    "enable-staff": _("The account is enabled."),
    "end-membership": _("The end of the membership is entered."),
    "end-series": _("The series is ended."),
    "expire-confirmations": _("The time to confirm was over."),
    "extend-series": _("Slots of the series are planned further ahead."),
    "follow-class": _("Slots follow their class again."),
    "follow-series": _("Slots follow their series again."),
    "freeze-membership": _("The idle period is entered."),
    "give-back": _("The slot follows its series again."),
    "invite-staff": _("Somebody is invited."),
    "issue-key": _("A key is issued."),
    "keep-told": _("What a file says is kept."),
    "leave-plan": _("The employee gives no class any more."),
    "mend-places": _("Places are counted anew."),
    "move-home": _("The customer is at home in the other studio now."),
    "move-up": _("They have a seat now."),
    "open-studio": _("The studio is open again."),
    "plan-series": _("The series is made."),
    "plan-slot": _("The slot is planned."),
    "promote": _("They have a seat now."),
    "put-stand-in": _("The stand-in is entered."),
    "record-application": _("The application is written down."),
    "record-class": _("The class is written down."),
    "record-customers": _("The customer is written down."),
    "record-employee": _("The employee is written down."),
    "record-location": _("The room is written down."),
    "record-organization": _("The organization is written down."),
    "record-rate": _("The rate is written down."),
    "record-studio": _("The studio is written down."),
    "release": _("The booking is cancelled."),
    "remove-endpoint": _("The endpoint is removed."),
    "remove-passkey": _("The passkey is removed."),
    "remove-stand-in": _("The stand-in is taken back."),
    "reopen-slots": _("Slots are open again that were taken for over."),
    "resend": _("Messages to partners are sent again."),
    "resend-since": _("Messages to partners are sent again."),
    "reset-staff": _("The account is reset."),
    "restore-slot": _("The slot takes place again."),
    "review-bookings": _("Bookings were looked at again."),
    "revoke-key": _("The key is revoked."),
    "rezone": _("The studio has another time zone."),
    "rotate-secret": _("The secret is exchanged."),
    "set-language": _("The language is changed."),
    "set-on-clash": _("It is set what becomes of what is twice at the same time."),
    "set-participation": _("It is noted."),
    "set-password": _("The password is changed."),
    "set-retry-plan": _("It is set how often partners are told again."),
    "set-second-factor": _("The second factor is changed."),
    "swap-instructors": _("The instructors are swapped."),
    "take-link": _("The link is used."),
    "waive-lateness": _("The lateness is waived."),
}
"""By the name of the command, as the history has it."""


def said(words: Words, command: str) -> str:
    return words.gettext(SAID.get(command, "It is done."))


IT_IS_DONE: Final = _("It is done.")
