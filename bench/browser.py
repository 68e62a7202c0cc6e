"""How long a browser takes to draw a page: the system's Chromium, on a processor that is slowed down."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import BrowserContext, ViewportSize, async_playwright

SLOWED = 4
"""As many times as the tools for developers slow it down to stand for a cheap telephone."""
DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 780}

_WATCH = """
globalThis.drawn = new Promise((resolve) => {
  let largest = 0;
  new PerformanceObserver((seen) => {
    largest = Math.max(largest, ...seen.getEntries().map(({ startTime }) => startTime));
  }).observe({ type: "largest-contentful-paint", buffered: true });
  // The frame in which the whole page is drawn is over when what is asked for after it comes.
  addEventListener("load", () =>
    requestAnimationFrame(() => setTimeout(() => resolve([performance.now(), largest]))));
});
"""


@asynccontextmanager
async def chromium() -> AsyncIterator[BrowserContext]:
    """A browser that keeps what it may keep. Raises FileNotFoundError where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise FileNotFoundError("Chromium is not installed (Debian: the package chromium)")
    # Its sandbox is not for root.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=args)
        context = await browser.new_context()
        await context.add_init_script(_WATCH)
        yield context
        await browser.close()


async def drawn(context: BrowserContext, url: str, size: ViewportSize) -> float:
    """Milliseconds from setting out to the page until all of it is drawn, the largest part of it included."""
    page = await context.new_page()
    await page.set_viewport_size(size)
    slowing = await context.new_cdp_session(page)
    await slowing.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    await page.goto(url)
    whole, largest = await page.evaluate("drawn")
    await page.close()
    return float(max(whole, largest))
