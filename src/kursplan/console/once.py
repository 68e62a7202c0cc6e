"""What is shown this once: links, keys and secrets. They are on the page that answers, and nowhere else.

Not in an address, which browsers remember; not in the history; and of most only a fingerprint is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.responses import Response

from kursplan.console.frame import Link
from kursplan.console.page import page
from kursplan.console.visit import Visit


@dataclass(frozen=True, slots=True)
class Secret:
    label: str
    value: str = field(repr=False)
    hint: str = ""


@dataclass(frozen=True, slots=True)
class OnceView:
    title: str
    crumbs: tuple[Link, ...]
    done: str
    secrets: tuple[Secret, ...] = field(repr=False)
    onward: Link
    notes: tuple[str, ...] = ()
    """What is to be done with it, and what comes next."""
    mail_to: str = field(default="", repr=False)
    """Opens a letter with it; empty where it is for no letter."""


def where_to_ask(visit: Visit) -> tuple[Secret, ...]:
    """Goes along with a key: which address the partner's program asks, and where it stands how."""
    gettext, base = visit.words.gettext, visit.services.origins.base(visit.request)
    if base is None:
        return ()
    hint = gettext("How to begin stands at %(guide)s.", guide=f"{base}/docs/guide")
    return (Secret(gettext("Address of the Open API"), base, hint),)


def only_here(visit: Visit) -> tuple[str, ...]:
    """Goes along with a link, where nobody has said under which address people come."""
    if visit.services.origins.public is not None:
        return ()
    return (
        visit.words.gettext(
            "It opens only in a browser on the machine that Kursplan runs on, as long as whoever runs it has not "
            "set KURSPLAN_PUBLIC_URL to the address by which others come."
        ),
    )


def once_page(visit: Visit, view: OnceView) -> Response:
    return page(visit, "once.html", view.title, view)
