"""The Open API's own description: for programs (`/openapi.json`), and for people (`/docs`).

The document is `openapi.yaml` in the package above, written by hand; nothing is derived from the
routes. What people read is made of it and of the documents for partners, once, when somebody asks:
whole pages that need a script only to try an operation out. Everything is served from here, so that
it works without a network and asks no other host for anything. It is open to everybody: what it says
is no secret, and trying an operation out takes a key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache, partial
from importlib import resources
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from kursplan.api.docs.page import page, prose_page
from kursplan.api.docs.reference import reference
from kursplan.web import face

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HTML = "text/html; charset=utf-8"
STATIC = {
    "docs.css": "text/css; charset=utf-8",
    "docs.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
    "fonts/instrument-sans-latin.woff2": "font/woff2",
    "fonts/instrument-sans-latin-ext.woff2": "font/woff2",
}

Make = Callable[[], bytes]


def document() -> dict[str, Any]:
    """The OpenAPI document; each call gives a copy of its own."""
    described: dict[str, Any] = json.loads(_encoded_document())
    return described


def routes() -> list[BaseRoute]:
    """Where the document and the pages are served; none of them asks for a key."""
    pages: dict[str, Make] = {
        "/docs": _reference,
        "/docs/guide": partial(_prose, "guide", "partners.md"),
        "/docs/clients": partial(_prose, "clients", "clients.md"),
        "/docs/webhooks": partial(_prose, "webhooks", "webhooks.md"),
        "/docs/errors": _errors,
        # For staff: the console leads to them.
        "/docs/console": partial(_prose, "console", "console.md"),
        "/docs/accounts": partial(_prose, "accounts", "accounts.md"),
        "/docs/imports": partial(_prose, "imports", "imports.md"),
        "/docs/gym-file": partial(_prose, "gym-file", "gym-file.md"),
    }
    return [
        _fixed("/openapi.json", _encoded_document, "application/json"),
        *(_fixed(path, make, HTML) for path, make in pages.items()),
        *(_fixed(f"/docs/{name}", partial(_static, name), kind) for name, kind in STATIC.items()),
    ]


@cache
def _encoded_document() -> bytes:
    text = (resources.files("kursplan.api") / "openapi.yaml").read_text(encoding="utf-8")
    return json.dumps(yaml.safe_load(text), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _reference() -> bytes:
    described = document()
    return page("reference", described["info"]["title"], reference(described)).encode()


@cache
def _prose(current: str, name: str) -> bytes:
    text = (resources.files("kursplan") / "docs" / name).read_text(encoding="utf-8")
    return prose_page(current, text).encode()


@cache
def _errors() -> bytes:
    from kursplan.api.errors_page import errors_page  # It takes Babel, and few ever ask.

    return prose_page("errors", errors_page()).encode()


@cache
def _static(name: str) -> bytes:
    if name in face.SERVED:
        return face.files()[name]
    own = (resources.files(__package__) / "static" / name).read_bytes()
    return face.files()["tokens.css"] + own if name == "docs.css" else own


def _fixed(path: str, make: Make, media_type: str) -> Route:
    """A route that always gives the same bytes, or 304 to a client that has them already."""

    async def answer(request: Request) -> Response:
        body = make()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {"ETag": etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
        if media_type == HTML:
            headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
            headers["Referrer-Policy"] = "no-referrer"
        known = request.headers.get("If-None-Match", "")
        if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    return Route(path, answer, methods=["GET"])
