"""The console in a real browser: a tab for somebody who is signed in, by day and by night, on a desk and on a phone.

Whatever the browser complains of (mistakes in scripts, what the page's policy forbids, what it could not
load) fails the test that the tab belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from axe_playwright_python.base import AXE_SCRIPT
from playwright.async_api import Browser, BrowserContext, Page

from tests.console.desk import FORM_COOKIE

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")

DESK = {"width": 1440, "height": 900}
PHONE = {"width": 360, "height": 780}
WALL = {"width": 3840, "height": 2160}

OF_LOOKS = ("color-contrast", "link-in-text-block", "target-size")
"""Rules of axe about what is another thing where nothing but colours and sizes are other ones."""
LOOKS = {
    "runOnly": {"type": "rule", "values": OF_LOOKS},
    "resultTypes": ["violations"],
    "preload": False,
}
WCAG = LOOKS | {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "rules": {each: {"enabled": False} for each in OF_LOOKS},
}
LOOK = "async ({ rules }) => (await axe.run(rules)).violations"
LOOK_AT_NEW = """async ({ rules, seen }) => {
  const known = new Set(seen);
  const hash = (text) => {
    let [a, b] = [7, 31];
    for (const each of text) {
      a = Math.imul(a ^ each.codePointAt(0), 2654435761);
      b = Math.imul(b ^ each.codePointAt(0), 1597334677);
    }
    return `${a} ${b}`;
  };
  const looks = new Map();
  const lookOf = (each) => {
    if (!each) return "";
    if (!looks.has(each)) {
      const { color, backgroundColor, opacity, fontSize } = getComputedStyle(each);
      const own = [each.localName, each.getAttribute("class"), color, backgroundColor, opacity, fontSize];
      looks.set(each, hash(`${lookOf(each.parentElement)} ${own}`));
    }
    return looks.get(each);
  };
  const isLookedAt = (each) =>
    each.matches("a, button, input, select, textarea, summary") ||
    [...each.childNodes].some(({ nodeType, data }) => nodeType === Node.TEXT_NODE && data.trim());
  const include = [...document.body.querySelectorAll("*")].filter((each) => {
    if (!isLookedAt(each) || known.has(lookOf(each))) return false;
    known.add(lookOf(each));
    return true;
  });
  const found = include.length ? await axe.run({ include }, rules) : { violations: [] };
  return { violations: found.violations, seen: [...known] };
}"""
"""Of what looks like something that was looked at, and stands in the same, nothing is looked at again."""


class Tab:
    """A tab of a browser that nobody else uses."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self._expected: tuple[str, ...] = ()
        self._seen: dict[str, list[str]] = {}
        """By theme and size what was looked at already."""
        page.on("console", lambda message: self._complain(message.text))
        page.on("pageerror", lambda error: self._complain(str(error)))

    def expects(self, *complaints: str) -> None:
        """The browser complains of what the test does to it: what has these words in it is no mistake."""
        self._expected += complaints

    def _complain(self, said: str) -> None:
        if not any(each in said for each in self._expected):
            self.complaints.append(said)

    @classmethod
    async def open(cls, browser: Browser, url: str, staff: str | None, **options: Any) -> Tab:
        """`staff` is what the cookie says by which the tests' door knows who is signed in."""
        context = await browser.new_context(**{"viewport": DESK, "color_scheme": "light"} | options)
        context.set_default_timeout(10_000)
        tab = cls(context, await context.new_page(), url)
        if staff is not None:
            await tab.become(staff)
        return tab

    async def become(self, staff: str) -> None:
        """Have them signed in here."""
        # The second one is what forms are known by where there is no session.
        named = {"staff": staff, FORM_COOKIE: "here"}
        await self.context.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in named.items()]
        )

    async def goto(self, path: str) -> None:
        """Go to that page below `/console/`."""
        await self.page.goto(f"{self.url}/console/{path}")

    @property
    def at(self) -> str:
        """Where the tab is, below `/console/`."""
        return self.page.url.removeprefix(f"{self.url}/console/")

    async def theme(self, theme: Theme) -> None:
        await self.page.emulate_media(color_scheme=theme)

    async def size(self, size: dict[str, int]) -> None:
        if self.page.viewport_size != size:
            await self.page.set_viewport_size(size)  # type: ignore[arg-type]

    async def wider_than_it_should(self) -> int:
        """By how many pixels the page is wider than the window."""
        found = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return int(found)

    async def barriers(self, themes: Sequence[Theme] = THEMES, *, known: bool = False) -> list[str]:
        """What keeps people from using the page, in these themes: what axe finds, a line for each.

        Of a page that is `known` only looks are looked at, as in each theme after the first.
        """
        if not self._seen:
            # Put into each page to come as well, it is compiled once.
            await self.context.add_init_script(AXE_SCRIPT)
            await self.page.evaluate(AXE_SCRIPT)
        found = []
        for theme in themes:
            await self.theme(theme)
            violations = [] if known else await self.page.evaluate(LOOK, {"rules": WCAG})
            known = True
            size = self.page.viewport_size
            seen = self._seen.setdefault(f"{theme} {size}", [])
            looks = await self.page.evaluate(LOOK_AT_NEW, {"rules": LOOKS, "seen": seen})
            seen[:] = looks["seen"]
            found += [
                f"{theme}: {each['id']}: {node['html'][:160]}"
                for each in [*violations, *looks["violations"]]
                for node in each["nodes"]
            ]
        return found
