"""The Open API's own description, for programs (`/openapi.json`) and for people (`/docs`).

The document is `openapi.yaml` beside this file, written by hand; nothing is derived from the
routes. The page is Swagger UI from the package `offapi`, served from here, so that it works
without a network and asks no other host for anything. That package builds whole pages when it is
imported, which is why only its files are used. Both are open to everybody: what they say is no
secret, and trying an operation out takes a key.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata, resources
from typing import Any

import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Kursplan Open API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs/swagger-ui.css">
<script src="docs/swagger-ui-bundle.js" defer></script>
<script src="docs/start.js" defer></script>
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. The description itself is
<a href="openapi.json">openapi.json</a>.</noscript>
</body>
</html>
"""

# Addresses are relative to the page, so that it also works behind a path prefix. Without a
# validator nothing is sent to a badge service.
START = """\
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
});
"""

# The viewer draws its icons from data: addresses and needs nothing else from outside.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def document() -> dict[str, Any]:
    """The OpenAPI document; each call gives a copy of its own."""
    described: dict[str, Any] = json.loads(_encoded_document())
    return described


def routes() -> list[BaseRoute]:
    """Where the document and its page are served; neither asks for a key."""
    return [
        _fixed("/openapi.json", _encoded_document(), "application/json"),
        _fixed(
            "/docs",
            PAGE.encode(),
            "text/html; charset=utf-8",
            {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"},
        ),
        _fixed("/docs/start.js", START.encode(), "text/javascript; charset=utf-8"),
        _fixed("/docs/swagger-ui.css", _viewer("swagger_style.css"), "text/css; charset=utf-8"),
        _fixed(
            "/docs/swagger-ui-bundle.js",
            _viewer("swagger_bundle.js"),
            "text/javascript; charset=utf-8",
        ),
    ]


@cache
def _encoded_document() -> bytes:
    text = (resources.files("kursplan.api") / "openapi.yaml").read_text(encoding="utf-8")
    return json.dumps(yaml.safe_load(text), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def _viewer(name: str) -> bytes:
    path = metadata.distribution("offapi").locate_file(f"offapi/{name}")
    with open(str(path), "rb") as file:
        return file.read()


def _fixed(path: str, body: bytes, media_type: str, headers: dict[str, str] | None = None) -> Route:
    """A route that always gives the same bytes, or 304 to a client that has them already."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        **(headers or {}),
    }

    async def answer(request: Request) -> Response:
        known = request.headers.get("If-None-Match", "")
        if etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(body, media_type=media_type, headers=headers)

    return Route(path, answer, methods=["GET"])
