"""Whether a form was sent by a page of ours, at the wish of whoever reads it.

Three things stand in the way of another site: cookies are `SameSite=Lax`, the browser says where a request
comes from, and each form holds a token that only who holds the cookie can know.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.requests import Request

from kursplan.web.cookies import Cookies
from kursplan.web.origins import Origins

log = structlog.get_logger(__name__)

FIELD: Final = "csrf"
"""The field of a form that holds the token."""


class FormGuard:
    """Makes tokens for forms, and looks at the ones that come back."""

    def __init__(self, origins: Origins, cookies: Cookies) -> None:
        self._origins = origins
        self._cookies = cookies

    def token(self, request: Request) -> str:
        """The token for forms on the page that answers this request.

        It is made of the cookie, so there is nothing to store, and after signing in it is another one.
        """
        secret = self._cookies.session(request) or self._cookies.form(request)
        return hmac.digest(secret.encode(), b"kursplan form", "sha256").hex()

    def passes(self, request: Request, form: Mapping[str, str]) -> bool:
        """Whether what the form says may be done."""
        token = form.get(FIELD, "")
        return self.is_from_here(request) and hmac.compare_digest(
            token.encode(), self.token(request).encode()
        )

    def is_from_here(self, request: Request) -> bool:
        """Whether the browser says that it comes from a page of ours; each says it of a form."""
        fetched = request.headers.get("sec-fetch-site")
        if fetched not in (None, "same-origin"):
            return False
        here = self._origins.origin(request)
        if here is None:
            log.warning("form refused: it came from elsewhere, and KURSPLAN_PUBLIC_URL is not set")
            return False
        return request.headers.get("origin") == here
