"""What somebody does at a page, by mouse, by touch or by keyboard alone: a job is told once, and any hand does it.

A hand counts what it presses; typing into a field, with Enter behind it or not, counts one.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from playwright.async_api import Locator, expect

from tests.console.browser import Tab

MOST_STOPS = 120
"""Whoever has not found it after so many is lost."""

WHERE = """(aim) => {
  const at = document.activeElement;
  // Nowhere on the page, or on a button that the browser has put into a field, and marks itself.
  if (at === document.body || !at.matches(":focus")) return { isThere: false, isSkip: false, unseen: "" };
  // What only a machine sees may show its focus beside itself.
  const shown = [at, at.nextElementSibling].filter((each) => {
    const { outlineStyle, outlineWidth } = each ? getComputedStyle(each) : {};
    return outlineStyle && outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
  });
  const isInSight = shown.some((each) =>
    [...each.getClientRects()].some(({ x, y, width, height }) => {
      const top = document.elementFromPoint(x + width / 2, y + height / 2);
      return top && (each.contains(top) || top.contains(each) || at.contains(top));
    }),
  );
  const isSkip = at.matches(".skip") && document.querySelector(at.hash).contains(aim);
  const unseen = isInSight ? "" : `${location.pathname}: ${at.outerHTML.slice(0, 160)}`;
  return { isThere: at === aim, isSkip, unseen };
}"""
"""Where the focus is, seen from what it is to get to; and what it stands on, if that can't be seen."""


class Hand(ABC):
    """Does what a job says at a tab, and counts."""

    def __init__(self, tab: Tab) -> None:
        self.tab = tab
        self.page = tab.page
        self.presses = 0

    async def begin(self) -> None:
        """Go to where one is after signing in."""
        self.presses = 0
        await self.tab.goto("")

    async def press(self, role: str, name: str, *, of: str = "", exact: bool = False) -> None:
        """A link or a button with these words in its name, or just these; of the group that is called `of`."""
        self.presses += 1
        place = self.page.get_by_role("group", name=of) if of else self.page
        await self._press(place.get_by_role(role, name=name, exact=exact).first)  # type: ignore[arg-type]

    async def type(self, label: str, text: str, *, send: bool = False) -> None:
        """Write that into the field with this label; `send` presses Enter behind it."""
        self.presses += 1
        await self._type(self.page.get_by_label(label).first, text)
        if send:
            await self.page.keyboard.press("Enter")

    async def choose(self, label: str, option: str) -> None:
        """Choose from the list with this label."""
        self.presses += 1
        await self._choose(self.page.get_by_label(label, exact=True), option)

    async def find(self, text: str) -> None:
        """Write that into the box that every page has, and have it found."""
        await self.type("Find people", text, send=True)

    async def sees(self, *texts: str) -> None:
        """The page says all that."""
        for each in texts:
            await expect(self.page.locator("main")).to_contain_text(each)

    async def sees_no(self, role: str, name: str) -> None:
        """There is none of these any more."""
        await expect(self.page.get_by_role(role, name=name)).to_have_count(0)  # type: ignore[arg-type]

    def check(self, presses: int) -> None:
        """It was done, and with no more presses than these."""
        assert self.presses <= presses

    @abstractmethod
    async def _press(self, aim: Locator) -> None: ...

    @abstractmethod
    async def _type(self, field: Locator, text: str) -> None: ...

    @abstractmethod
    async def _choose(self, field: Locator, option: str) -> None: ...


class Mouse(Hand):
    async def _press(self, aim: Locator) -> None:
        await aim.click()

    async def _type(self, field: Locator, text: str) -> None:
        await field.click()
        await field.fill(text)

    async def _choose(self, field: Locator, option: str) -> None:
        await field.select_option(label=option)


class Finger(Hand):
    async def _press(self, aim: Locator) -> None:
        await aim.tap()

    async def _type(self, field: Locator, text: str) -> None:
        await field.tap()
        await field.fill(text)

    async def _choose(self, field: Locator, option: str) -> None:
        await field.select_option(label=option)


class Keyboard(Hand):
    """Touches nothing but keys; at each stop it has to be seen where one is."""

    def __init__(self, tab: Tab) -> None:
        super().__init__(tab)
        self.unseen: list[str] = []
        """Stops at which it can't be seen where one is."""

    async def begin(self) -> None:
        """By the key that leads there from every page."""
        self.unseen.clear()
        await self.tab.goto("find?q=spin")
        await self.page.keyboard.press("t")
        await expect(self.page).to_have_url(re.compile("/today$"))

    def check(self, presses: int) -> None:
        """It was done; nobody counts keys."""
        assert self.unseen == []

    async def find(self, text: str) -> None:
        await self.page.keyboard.press("/")
        await expect(self.page.get_by_label("Find people")).to_be_focused()
        await self.page.keyboard.type(text)
        await self.page.keyboard.press("Enter")

    async def _press(self, aim: Locator) -> None:
        await self._get_to(aim)
        is_link = await aim.evaluate("each => each.matches('a, summary')")
        await self.page.keyboard.press("Enter" if is_link else "Space")

    async def _type(self, field: Locator, text: str) -> None:
        await self._get_to(field)
        # A field for a time takes its digits one after the other, and no sign between them.
        is_time = await field.get_attribute("type") == "time"
        await self.page.keyboard.type(text.replace(":", "") if is_time else text)
        await expect(field).to_have_value(text)

    async def _choose(self, field: Locator, option: str) -> None:
        await self._get_to(field)
        chosen = field.locator("option:checked")
        for _ in range(await field.locator("option").count()):
            if await chosen.inner_text() == option:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"arrows do not get to {option}")

    async def _get_to(self, aim: Locator) -> None:
        await aim.wait_for()
        there = await aim.element_handle()
        for _ in range(MOST_STOPS):
            stop = await self.page.evaluate(WHERE, there)
            if stop["unseen"]:
                self.unseen.append(stop["unseen"])
            if stop["isThere"]:
                return
            if stop["isSkip"]:
                await self.page.keyboard.press("Enter")
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab does not get to {aim}")
