"""`kursplan docs`: the documents of this version, where there is no checkout and no network."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Annotated

import typer

from kursplan.cli.context import JsonOption
from kursplan.cli.output import Stop, document, say, table

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def docs(
    name: Annotated[
        str | None,
        typer.Argument(metavar="NAME", help="The document to print; all are listed without one."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """List the documents, or print one of them as it is written, in Markdown."""
    found = _documents()
    if name is None:
        listed = [(each, _title(text.read_text(encoding="utf-8"))) for each, text in found.items()]
        if json:
            document([{"name": each, "title": title} for each, title in listed])
            return
        table(("Name", "Title"), listed, empty="")
        return
    wanted = found.get(name.removeprefix("docs/").removesuffix(".md"))
    if wanted is None:
        raise Stop(f"there is no document {name}: give one of {', '.join(found)}")
    text = wanted.read_text(encoding="utf-8")
    if json:
        document({"name": wanted.name.removesuffix(".md"), "title": _title(text), "text": text})
        return
    say(text.rstrip("\n"))


def _documents() -> dict[str, Traversable]:
    """By name, in order."""
    folder = resources.files("kursplan") / "docs"
    texts = {each.name: each for each in folder.iterdir() if each.name.endswith(".md")}
    return {name.removesuffix(".md"): texts[name] for name in sorted(texts)}


def _title(text: str) -> str:
    """Its first heading."""
    return next(line for line in text.splitlines() if line.startswith("# ")).removeprefix("# ")
