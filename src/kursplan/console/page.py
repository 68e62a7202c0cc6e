"""A page as it is sent: a template filled with a view, in the frame."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from kursplan.console.frame import Link, frame
from kursplan.console.visit import Visit
from kursplan.console.words import Words, words
from kursplan.domain.accounts import StaffMember


def page(
    visit: Visit, template: str, title: str, view: object, places: Sequence[Link] = ()
) -> Response:
    """The page of that template; it finds everything that it shows in the view."""
    csrf = "" if visit.visitor is None else visit.services.guard.token(visit.request)
    return html(visit.request, visit.words, visit.visitor, template, title, view, places, csrf=csrf)


def html(
    request: Request,
    said_in: Words,
    member: StaffMember | None,
    template: str,
    title: str,
    view: object,
    places: Sequence[Link] = (),
    status: int = 200,
    csrf: str = "",
) -> Response:
    """The same where there is no visit: for the door, and what it has to say itself."""
    around = frame(request, said_in, member, title, places, csrf)
    body = _environment(said_in.language).get_template(template).render(frame=around, view=view)
    return HTMLResponse(body, status, {"Content-Language": said_in.language})


@cache
def _environment(language: str) -> Environment:
    """The templates in one language."""
    made = Environment(
        loader=PackageLoader(__package__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        auto_reload=False,
    )
    made.install_gettext_translations(words(language).translations, newstyle=True)  # type: ignore[attr-defined]
    return made
