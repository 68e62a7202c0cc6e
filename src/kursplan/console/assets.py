"""What pages load: style sheets, script, signs and the face, all of it from here.

The fingerprint of them all is part of each address. So a browser keeps a file for as long as it likes, a
page never meets the files of another release, and what a file names beside itself it finds beside itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from kursplan.web import face

KINDS: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
COMMON: Final = "console.css"
"""What every page loads: the tokens, the components, and where things stand, in one file."""
FOR_EVER: Final = "public, max-age=31536000, immutable"

LANES: Final = 12
"""Beside how many others a slot is shown at most; further ones share the last place."""
COLUMNS: Final = 40
OF_ONE_THING: Final = ("h", "m", "d", "lane", "of", "t")
FILLED_BY: Final = 2
"""How full a slot is is drawn in steps of so many of a hundred."""
BESIDE: Final = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 18, 21, 24, 28, 32, 36)
"""Of how many beside one another a slot is told apart by what it has room for; on no wall is there room for more."""
SHORT: Final = range(20, 97, 8)
"""A slot that takes the twentieth part of what a grid shows, or less, may be as low as one line; in steps."""
DAY_IN_MINUTES: Final = 24 * 60


@cache
def files() -> Mapping[str, bytes]:
    """Everything that is served, by its name."""
    static = resources.files(__package__) / "static"
    own = {each.name: each.read_bytes() for each in static.iterdir() if each.is_file()}
    shared = dict(face.files())
    # Each file more is waited for before anything is drawn.
    common = shared.pop("tokens.css") + own[COMMON] + places().encode()
    return {**own, **shared, COMMON: common}


@cache
def folder() -> str:
    """Where they are, relative to `/console/`: another place as soon as any of them changes."""
    contents = hashlib.sha256()
    for name, content in sorted(files().items()):
        contents.update(f"{name} {len(content)} ".encode() + content)
    return f"assets/{contents.hexdigest()[:16]}"


def places() -> str:
    """Where things stand on a timetable, as classes: the pages' policy admits no style of an element.

    `h18 m30 d75` begins at 18:30 and lasts 75 minutes, `l1 of2` is in the second of two lanes, and a grid
    that is `from6 to22` with `columns7` shows these hours of seven columns. Lengths go by five minutes.
    Of what is `t40` two fifths are taken.

    What is said so of one thing is not handed on to what is in it. If it were, nothing in one slot would look
    to a browser like the same in another, and it would work out anew how each is to look. And what
    a slot has room for is not asked of the slot, which a browser knows only once it has laid it out: of how many
    beside one another (`beside28`), and the how manieth part of the grid it takes (`short32`), it is said.
    """
    alone = [f'@property --{name}{{syntax:"*";inherits:false}}' for name in OF_ONE_THING]
    rules = [
        *(f".h{hour}{{--h:{hour}}}" for hour in range(24)),
        *(f".m{minute}{{--m:{minute}}}" for minute in range(60)),
        *(f".d{length}{{--d:{length}}}" for length in range(5, DAY_IN_MINUTES + 1, 5)),
        *(f".l{lane}{{--lane:{lane}}}" for lane in range(1, LANES)),
        *(f".of{lanes}{{--of:{lanes}}}" for lanes in range(2, LANES + 1)),
        *(f".from{hour}{{--from:{hour * 60}}}" for hour in range(24)),
        *(f".to{hour}{{--to:{hour * 60}}}" for hour in range(1, 25)),
        *(f".t{taken}{{--t:{taken}%}}" for taken in range(FILLED_BY, 101, FILLED_BY)),
        *(f".columns{count}{{--columns:{count}}}" for count in range(1, COLUMNS + 1)),
    ]
    room = [*map(_narrow, BESIDE), *map(_one_line, SHORT)]
    return f"{''.join(alone)}@layer parts{{{''.join(rules)}}}@layer pages{{{''.join(room)}}}\n"


def _narrow(count: int) -> str:
    """With less than 7.25 `rem` of the width it is plain lines, the title alone in the first, and where it is nowhere."""
    screen, paper = 7.25 * count + 5.2, 6 * count
    return (
        f"@media (min-width:60rem) and (width<{screen:g}rem),print and (width<{paper}rem){{.beside{count}{{"
        "display:block;white-space:pre-line;padding-inline:.4rem .1rem;font-stretch:var(--narrower);"
        ".slot-where,.word{display:none}}}"
    )


def _one_line(parts: int) -> str:
    """With less than 1.98 `rem` of the height one line is all that there is room for."""
    screen, paper = 1.98 * parts + 11, ",print" if parts >= 28 else ""
    return (
        f"@media (min-width:60rem) and (height<{screen:g}rem){paper}{{.short{parts}{{"
        "display:flex;flex-wrap:nowrap;align-items:center;padding-block:0;"
        ".slot-title{min-inline-size:1.9rem}.slot-where{display:none}}}"
    )


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    content = files().get(name)
    if content is None:
        return Response(status_code=404)
    here = folder().removeprefix("assets/")
    if request.path_params["fingerprint"] != here:
        # A page of another release, which may still be open: it gets what there is now.
        up = "../" * (name.count("/") + 1)
        return RedirectResponse(f"{up}{here}/{name}", headers={"Cache-Control": "no-store"})
    kind = KINDS[name.rpartition(".")[2]]
    return Response(content, media_type=kind, headers={"Cache-Control": FOR_EVER})


ROUTE: Final = Route("/assets/{fingerprint}/{name:path}", _asset)
"""Open to everybody: the page to sign in at needs them, too."""
