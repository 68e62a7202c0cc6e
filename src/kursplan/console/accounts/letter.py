"""The link by which somebody comes in first, or anew: shown to the one who made it, who hands it over."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response

from kursplan.console.accounts import PATH
from kursplan.console.frame import Link
from kursplan.console.once import OnceView, Secret, once_page, only_here
from kursplan.console.visit import Visit
from kursplan.web.links import link
from kursplan.web.sessions import Key


@dataclass(frozen=True, slots=True)
class Letter:
    """A link that sets a password, once, as it is handed over."""

    key: Key
    title: str
    done: str
    until: str

    def page(self, visit: Visit, name: str, email: str, onward: Link) -> Response:
        """`onward` is where one goes on from here."""
        gettext = visit.words.gettext
        written = link(visit.services.origins.base(visit.request) or "", self.key)
        body = gettext(
            "Hello %(name)s,\n\nwith this link you set your password for the console:\n\n%(link)s\n\n"
            "It works once, until %(until)s.",
            name=name,
            link=written,
            until=self.until,
        )
        subject = gettext("Your access to the console")
        view = OnceView(
            self.title,
            (Link(gettext("Staff accounts"), PATH),),
            self.done,
            (Secret(gettext("Link for %(name)s", name=name), written),),
            onward,
            (
                gettext(
                    "Hand it over yourself: who has it sets the password. It works once, until "
                    "%(until)s. Another one is made on the page of the account.",
                    until=self.until,
                ),
                *only_here(visit),
            ),
            f"mailto:{quote(email, safe='@')}?subject={quote(subject)}&body={quote(body)}",
        )
        return once_page(visit, view)
