"""Links that work once: they carry the organization and a secret, of which only a fingerprint is stored."""

from __future__ import annotations

from kursplan.web.sessions import Key

PATH = "console/link"


def base_url(public_url: str, port: int) -> str:
    """Where people reach the pages: as the operator says it, or on this machine."""
    return public_url or f"http://127.0.0.1:{port}"


def link(base: str, key: Key) -> str:
    """What is handed to the one whom it is for."""
    return f"{base}/{PATH}/{key.written()}"
