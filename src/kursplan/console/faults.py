"""What is said where there is no page: what is wrong, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from kursplan.console.page import html
from kursplan.console.visit import BadAddress, Forged, NotAForm, Unanswered, UnknownAddress
from kursplan.console.words import Words
from kursplan.console.words import marked as _
from kursplan.domain.accounts import StaffMember

SAID: Final = {
    400: (_("This address can’t be read"), _("Go back, and try it from there.")),
    403: (
        _("This is not for you"),
        _("It belongs to another studio or another role. An owner can change what yours is."),
    ),
    404: (
        _("There is nothing here"),
        _("It may have been removed, or the address is not quite right."),
    ),
    405: (_("That can’t be done here"), _("Go back, and try it from there.")),
    413: (
        _("This file is too large for a page"),
        _("Nothing was done. Send it in parts, or have it loaded by the command."),
    ),
    500: (
        _("Something went wrong on our side"),
        _("Look whether it was done before you do it again. The log says what happened."),
    ),
    503: (
        _("The database can’t be asked just now"),
        _("Nothing was changed. Try again in a few seconds."),
    ),
}
"""By status: what is wrong, and what to do instead."""
FORGED: Final = (
    _("This form was not sent by a page of Kursplan, or it is too old"),
    _("Nothing was done. Go back, load the page again, and send it once more."),
)
"""The same for what was sent."""
NOT_HERE: Final = _("This is not the console’s address")


@dataclass(frozen=True, slots=True)
class FaultView:
    status: int
    what: str
    instead: str


def of_status(request: Request, words: Words, member: StaffMember | None, status: int) -> Response:
    what, instead = _said(words, status)
    return _shown(request, words, member, FaultView(status, what, instead))


def unanswered(
    request: Request, words: Words, member: StaffMember | None, reason: Unanswered
) -> Response:
    what, instead = _said(words, reason.status)
    if isinstance(reason, BadAddress):
        instead = words.gettext(
            "The address says %(name)s=%(value)s; what it could say is %(allowed)s.",
            name=reason.name,
            value=reason.value[:60],
            allowed=reason.allowed,
        )
    if isinstance(reason, Forged | NotAForm):
        what, instead = words.gettext(FORGED[0]), words.gettext(FORGED[1])
    if isinstance(reason, UnknownAddress):
        what, instead = words.gettext(NOT_HERE), _where(words, reason)
    return _shown(request, words, member, FaultView(reason.status, what, instead))


def _where(words: Words, reason: UnknownAddress) -> str:
    if reason.public is not None:
        return words.gettext(
            "Nothing was done. The console is reached at %(address)s: open it there.",
            address=reason.public,
        )
    return words.gettext(
        "Nothing was done. Nobody has told Kursplan yet that people reach it at %(address)s. Whoever runs it "
        "sets KURSPLAN_PUBLIC_URL to the address, which begins with https://, and starts it again.",
        address=reason.opened[:200],
    )


def _shown(request: Request, words: Words, member: StaffMember | None, view: FaultView) -> Response:
    return html(request, words, member, "fault.html", view.what, view, status=view.status)


def _said(words: Words, status: int) -> tuple[str, str]:
    what, instead = SAID.get(status, SAID[500])
    return words.gettext(what), words.gettext(instead)
