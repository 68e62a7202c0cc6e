"""What was done, in a sentence: as it is said right after it, and on the way back from it."""

from __future__ import annotations

from typing import Final

from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.store.staff.history import Told

SAID: Final = {
    "add-booking": _("The booking is made."),
    "add-endpoint": _("They are told at a further address."),
    "add-passkey": _("A passkey is added."),
    "ask-again": _("The booking is to be decided again."),
    "book": _("The booking is made."),
    "cancel": _("The booking is cancelled."),
    "cancel-slot": _("The slot is cancelled."),
    "change-endpoint": _("Where or what is told is changed."),
    "change-slot": _("The slot is changed."),
    "change-staff": _("Role or studios are changed."),
    "close-studio": _("The closure is entered."),
    "complete-slots": _("The slot is over."),
    "confirm": _("The booking is confirmed."),
    "confirm-activation": _("The application has confirmed its activation."),
    "copy-week": _("The week is copied."),
    "delete-customers": _("The customer is forgotten."),
    "delete-employee": _("The employee is removed."),
    "disable-endpoint": _("Nothing is sent there any more."),
    "disable-staff": _("The account is disabled."),
    "edit-series": _("The series is changed."),
    "enable-endpoint": _("It is sent there again."),
    "enable-staff": _("The account is enabled again."),
    "end-membership": _("The end of the membership is entered."),
    "end-series": _("The series is ended."),
    "end-sessions": _("They are signed out everywhere."),
    "expire-confirmations": _("The time to confirm was over."),
    "extend-series": _("Slots of the series are planned further ahead."),
    "follow-class": _("Slots follow their class again."),
    "follow-series": _("Slots follow their series again."),
    "freeze-membership": _("The idle period is entered."),
    "give-back": _("The slot follows its series again."),
    "invite-staff": _("The account is made."),
    "issue-key": _("A key is made."),
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
    "record-application": _("The application is entered or changed."),
    "record-class": _("The class is entered or changed."),
    "record-customers": _("The customer is entered or changed."),
    "record-employee": _("The employee is entered or changed."),
    "record-location": _("The room is entered or changed."),
    "record-organization": _("The organization is founded or changed."),
    "record-rate": _("The rate is entered or changed."),
    "record-studio": _("The studio is entered or changed."),
    "release": _("The booking is cancelled."),
    "remove-endpoint": _("An address is told no more."),
    "remove-location": _("The room is removed."),
    "remove-passkey": _("A passkey is removed."),
    "remove-stand-in": _("The stand-in is taken back."),
    "reopen-slots": _("Slots are open again that were taken for over."),
    "resend": _("A delivery is sent again."),
    "resend-since": _("Deliveries are sent again."),
    "reset-staff": _("The account is set up anew."),
    "restore-slot": _("The slot takes place again."),
    "review-bookings": _("Bookings were looked at again."),
    "revoke-key": _("A key is revoked."),
    "rezone": _("The studio has another time zone."),
    "rotate-secret": _("Another secret signs."),
    "set-language": _("Another language is chosen."),
    "set-on-clash": _("It is set what becomes of what is twice at the same time."),
    "set-participation": _("It is noted."),
    "set-password": _("Another password is set."),
    "set-retry-plan": _("Deliveries are repeated by another plan."),
    "set-second-factor": _("The second factor is changed."),
    "settle": _("It is decided: the booking stays."),
    "swap-instructors": _("The instructors are swapped."),
    "take-link": _("The password is set by the link."),
    "waive-lateness": _("The lateness is waived."),
}
"""By the name of the command, as the history has it."""


RECORDED: Final = {
    "record-application": (_("The application is new."), _("The application is changed.")),
    "record-class": (_("The class is new."), _("The class is changed.")),
    "record-customers": (_("The customer is new."), _("The customer is changed.")),
    "record-employee": (_("The employee is new."), _("The employee is changed.")),
    "record-location": (_("The room is new."), _("The room is changed.")),
    "record-organization": (_("The organization is new."), _("The organization is changed.")),
    "record-rate": (_("The rate is new."), _("The rate is changed.")),
    "record-studio": (_("The studio is new."), _("The studio is changed.")),
}
"""Of commands that both enter a thing and change it, what a line of them did."""


def said_of(words: Words, line: Told) -> str:
    """What was done, as the line tells it."""
    head = line.subjects[0]
    if line.command not in RECORDED or head.after is None:
        return said(words, line.command)
    new, changed = RECORDED[line.command]
    return words.gettext(new if head.before is None else changed)


def said(words: Words, command: str) -> str:
    """What the command does, whichever line it is."""
    return words.gettext(SAID.get(command, "It is done."))


IT_IS_DONE: Final = _("It is done.")
