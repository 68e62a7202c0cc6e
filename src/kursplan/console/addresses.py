"""Addresses of pages, relative to `/console/`, so that all of it also works behind a path prefix."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

MOUNTED_AT = "/console"
_WITHIN = re.compile(r"[a-z][a-z0-9-]*(/[a-z0-9-]+)*(\?[\w%&=+.,:~*-]*)?(#[\w-]*)?", re.ASCII)
"""Words between slashes: nothing that leads up, or elsewhere. It may name a place on the page."""


def address(path: str, **query: object) -> str:
    """`timetable?day=2026-03-02`: a page and what is asked of it; what is None or empty is left out."""
    asked = {name: str(each) for name, each in query.items() if each is not None and each != ""}
    return f"{path}?{urlencode(asked)}" if asked else path


def changed(path: str, asked: Mapping[str, str], **query: object) -> str:
    """The same page with something else asked of it; None leaves out what was asked before."""
    return address(path, **{**asked, **query})


def with_query(at: str, **query: object) -> str:
    """The same address with something else asked of it."""
    at, hash_, place = at.partition("#")
    path, _, asked = at.partition("?")
    return changed(path, dict(parse_qsl(asked)), **query) + hash_ + place


def within(at: str | None, instead: str) -> str:
    """The address that a form names to come back to, if it is one of ours; `instead` where it is not."""
    return at if at is not None and _WITHIN.fullmatch(at) else instead


def here(request: Request) -> str:
    """The address of the page that is asked for."""
    path = _below(request)
    return f"{path}?{request.url.query}" if request.url.query else path


def came_from(request: Request) -> str:
    """The page on which a form stood, as browsers tell it of our own pages; empty where they don't."""
    return request.headers.get("referer", "").partition(f"{MOUNTED_AT}/")[2]


def way_up(request: Request) -> str:
    """What leads from the page that is asked for to `/console/`, by a relative address."""
    return "../" * _below(request).count("/") or "./"


def _below(request: Request) -> str:
    return request.url.path.partition(f"{MOUNTED_AT}/")[2]
