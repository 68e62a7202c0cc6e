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

WCAG = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    "preload": False,
}
LOOKS = WCAG | {
    "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block", "target-size"]}
}
"""What may be otherwise where nothing but colours and sizes are."""


AXE = "(rules) => axe.run(rules).then(({ violations }) => violations)"


class Tab:
    """A tab of a browser that nobody else uses."""

    def __init__(self, context: BrowserContext, page: Page, url: str) -> None:
        self.context = context
        self.page = page
        self.url = url
        self.complaints: list[str] = []
        self._expected: tuple[str, ...] = ()
        self._looks = False
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
        if not self._looks:
            # Put into each page to come as well, it is compiled once.
            self._looks = True
            await self.context.add_init_script(AXE_SCRIPT)
            await self.page.evaluate(AXE_SCRIPT)
        found = []
        rules = LOOKS if known else WCAG
        for theme in themes:
            await self.theme(theme)
            violations = await self.page.evaluate(AXE, rules)
            rules = LOOKS
            found += [
                f"{theme}: {each['id']}: {node['html'][:160]}"
                for each in violations
                for node in each["nodes"]
            ]
        return found
