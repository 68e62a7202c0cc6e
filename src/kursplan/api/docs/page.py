"""The frame that all pages have in common, and Markdown as HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

PAGES: Final = {
    "reference": ("Reference", "docs"),
    "guide": ("Guide", "docs/guide"),
    "clients": ("Clients", "docs/clients"),
    "webhooks": ("Webhooks", "docs/webhooks"),
    "errors": ("Errors", "docs/errors"),
    "console": ("The console", "docs/console"),
    "accounts": ("Accounts", "docs/accounts"),
    "imports": ("Moving in", "docs/imports"),
    "gym-file": ("The gym file", "docs/gym-file"),
}
"""What it is called, and where it is below the address of the server."""

FOR_PARTNERS: Final = ("reference", "guide", "clients", "webhooks", "errors")
"""What is in the bar for partners."""
FOR_STAFF: Final = ("console", "accounts", "imports", "gym-file")
"""What is there on the pages for staff, to which the console leads."""

SERVED: Final = {
    "partners.md": "guide",
    "clients.md": "clients",
    "webhooks.md": "webhooks",
    "errors.md": "errors",
    "console.md": "console",
    "accounts.md": "accounts",
    "imports.md": "imports",
    "gym-file.md": "gym-file",
}
"""Which documents are pages too; links to others lead nowhere from here, and are shown as text."""

_MARK: Final = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M3 5a2 2 0 0 1 2-2h2.5v18H5a2 2 0 0 1-2-2z'
    'M9.5 3h5v18h-5zM16.5 3H19a2 2 0 0 1 2 2v14a2 2 0 0 1-2 2h-2.5z"/></svg>'
)

_PICTURES: Final = re.compile(r"^(?:(?:!\[[^]]*\]\([^)]*\)|<img [^>]*>) ?)+\n", re.MULTILINE)
"""Lines that hold nothing else."""

_markdown: Final = MarkdownIt("commonmark", {"html": False}).enable("table")


def page(current: str, title: str, main: str) -> str:
    """A whole page around its main part. Addresses are relative, so it also works behind a path prefix."""
    root = "../" * PAGES[current][1].count("/") or "./"
    links = "".join(
        f'<li><a href="{root}{PAGES[name][1]}"{_current(name == current)}>{PAGES[name][0]}</a></li>'
        for name in (FOR_STAFF if current in FOR_STAFF else FOR_PARTNERS)
    )
    return f"""\
<!doctype html>
<html lang="en" data-root="{root}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{escape(title if "Kursplan" in title else f"{title} · Kursplan")}</title>
<link rel="icon" href="{root}docs/mark.svg">
<link rel="stylesheet" href="{root}docs/docs.css">
<script type="module" src="{root}docs/docs.js"></script>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header class="bar">
<a class="brand" href="{root}docs">{_MARK}Kursplan</a>
<nav aria-label="Pages"><ul>{links}</ul></nav>
{_KEY if current == "reference" else ""}
</header>
<main id="content" class="{"reference" if current == "reference" else "document"}">
{main}
</main>
</body>
</html>
"""


_KEY: Final = """\
<form class="key" id="key-form" hidden>
<label for="key">API key</label>
<input id="key" type="password" autocomplete="off" autocapitalize="off" spellcheck="false"
placeholder="a key to try things out" aria-describedby="key-kept">
<span id="key-kept" class="kept">kept in this tab only</span>
</form>"""


def prose_page(current: str, text: str) -> str:
    """A page of one document in Markdown, with its sections beside it."""
    tokens = parse(text)
    title = next(tokens[at + 1].content for at, each in enumerate(tokens) if each.tag == "h1")
    sections = "".join(
        f'<li><a href="#{name}">{render_inline(words)}</a></li>'
        for name, words in sections_of(tokens)
    )
    return page(
        current,
        title,
        f'<nav class="sections" aria-label="Sections"><ul>{sections}</ul></nav>\n'
        f'<article class="prose">\n{render(tokens, PAGES[current][1])}</article>',
    )


def markdown(text: str) -> str:
    """A piece of Markdown as HTML, as it stands on the reference."""
    return render(parse(text), PAGES["reference"][1])


def parse(text: str) -> list[Token]:
    """Without comments, which are for those who write the document, and without pictures: those are in the
    repository alone, and what they show of the console is where one comes from."""
    text = re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)
    return _markdown.parse(_PICTURES.sub("", text))


def render(tokens: list[Token], at: str) -> str:
    """The HTML, on the page at that path: headings have names, and links lead to the pages here."""
    for token, words in _headings(tokens):
        token.attrSet("id", _name(words))
    for token in tokens:
        for inner in token.children or ():
            if inner.type == "link_open":
                _lead(inner, at)
    html: str = _markdown.renderer.render(tokens, _markdown.options, {})
    # What is wider than the page is moved by itself, with the keyboard too.
    html = html.replace("<table>", '<div class="wide" tabindex="0"><table>')
    return html.replace("</table>", "</table></div>").replace("<pre>", '<pre tabindex="0">')


def render_inline(text: str) -> str:
    html: str = _markdown.renderInline(text)
    return html


def sections_of(tokens: list[Token]) -> list[tuple[str, str]]:
    """Names and words of the headings of the second rank."""
    return [(_name(words), words) for token, words in _headings(tokens) if token.tag == "h2"]


def _headings(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            yield token, tokens[at + 1].content


def _name(words: str) -> str:
    """How a heading is called in addresses, as forges call it too."""
    return re.sub(r"[^\w -]", "", words.lower()).replace(" ", "-")


def _lead(link: Token, at: str) -> None:
    """Have a link to a document of the repository lead to its page, if it is one."""
    target = str(link.attrGet("href"))
    file, hash_, anchor = target.partition("#")
    if file and not re.match(r"[a-z]+:", file):
        known = SERVED.get(file.rpartition("/")[2])
        if known is None:
            link.attrs = {}
        else:
            up = "../" * at.count("/") or "./"
            link.attrSet("href", f"{up}{PAGES[known][1]}{hash_}{anchor}")


def _current(is_current: bool) -> str:
    return ' aria-current="page"' if is_current else ""


def attributes(**named: Any) -> str:
    """Attributes of an element; those that are None or False are left out."""
    words = {name.rstrip("_").replace("_", "-"): value for name, value in named.items()}
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(str(value))}"'
        for name, value in words.items()
        if value is not None and value is not False
    )
