"""The two cookies of the pages: who is signed in, and, before anybody is, whose form it is.

Over TLS their names begin with `__Host-`: then a browser takes them only with `Secure`, for this host alone
and for all of its paths, so that neither a neighbouring host nor somebody on the way can put one there. On
this machine without TLS, for trying things out, they are held to no TLS and have other names, so that one
never passes for the other.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from kursplan.domain.accounts import ABSOLUTE_LIMIT
from kursplan.ids import new_token

SESSION: Final = "kursplan"
FORM: Final = "kursplan-form"


class Cookies:
    """Reads and sets them."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure

    def name(self, which: str) -> str:
        """As the browser knows it."""
        return f"__Host-{which}" if self._secure else f"{which}-on-http"

    def session(self, request: Request) -> str | None:
        return request.cookies.get(self.name(SESSION)) or None

    def form(self, request: Request) -> str:
        """What the forms of this browser have in common while nobody is signed in; new if need be."""
        known = request.cookies.get(self.name(FORM)) or getattr(request.state, "form_cookie", None)
        if known is None:
            known = request.state.form_cookie = new_token()
        return str(known)

    def keep_form(self, request: Request, response: Response) -> None:
        """Send it along, if it has just been made."""
        made = getattr(request.state, "form_cookie", None)
        if made is not None:
            self._set(response, FORM, made, None)

    def set_session(self, response: Response, value: str) -> None:
        self._set(response, SESSION, value, int(ABSOLUTE_LIMIT.total_seconds()))

    def clear_session(self, response: Response) -> None:
        self._set(response, SESSION, "", 0)

    def _set(self, response: Response, which: str, value: str, seconds: int | None) -> None:
        response.set_cookie(
            self.name(which),
            value,
            max_age=seconds,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite="lax",
        )
