"""Under which address people reach the pages, and so which requests are from pages of ours.

The operator says it (`KURSPLAN_PUBLIC_URL`). Where nothing is said it is only this machine, over plain HTTP:
for trying things out, and nothing that a proxy passes on from elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request


class NoPublicUrl(ValueError):
    """That can't be the address of the pages; the message says what could."""


@dataclass(frozen=True, slots=True)
class Origins:
    """The one origin that the pages have, or any of this machine's."""

    public: str | None = None
    """Like `https://plan.example.com`, perhaps with a path; None for whatever leads to this machine."""

    @classmethod
    def of_url(cls, text: str) -> Origins:
        """Raises `NoPublicUrl`."""
        if not text:
            return cls()
        parts = urlsplit(text)
        whole = parts.hostname and not (parts.query or parts.fragment or parts.username)
        if parts.scheme not in ("http", "https") or not whole:
            raise NoPublicUrl(f"{text!r} is no address like https://plan.example.com")
        if parts.scheme == "http" and not _is_this_machine(parts.hostname or ""):
            raise NoPublicUrl(
                f"{text!r} is not encrypted, so passwords and cookies could be read on the way: "
                f"put a proxy that ends TLS in front, and write https"
            )
        return cls(text.rstrip("/"))

    @property
    def secure(self) -> bool:
        """Whether browsers come over TLS, so that cookies may be held to it."""
        return self.public is not None and self.public.startswith("https:")

    def origin(self, request: Request) -> str | None:
        """The origin that the request's own page has; None where it came by a way that is not ours."""
        if self.public is not None:
            parts = urlsplit(self.public)
            return f"{parts.scheme}://{parts.netloc}"
        host = request.headers.get("host", "")
        return f"http://{host}" if _is_this_machine(_name_of(host)) else None

    def unknown(self, request: Request) -> str | None:
        """Under which other address the page was opened that sent this; None where it is ours, or another site's.

        It only tells people what is wrong: what they sent is refused in any case.
        """
        opened = request.headers.get("origin", "")
        host = opened.partition("://")[2]
        same = request.headers.get("sec-fetch-site") == "same-origin"
        is_the_page = bool(host) and (same or host == request.headers.get("host"))
        return opened if is_the_page and opened != self.origin(request) else None

    def base(self, request: Request) -> str | None:
        """What stands before the paths of our pages, for links that somebody hands on; None as above."""
        return self.public or self.origin(request)

    def domain(self, request: Request) -> str | None:
        """The name for which passkeys are made; None where there is only a number, which has none."""
        origin = self.origin(request)
        name = urlsplit(origin).hostname if origin else None
        return None if name is None or _is_number(name) else name


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_this_machine(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_number(name) and ip_address(name).is_loopback


def _is_number(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
