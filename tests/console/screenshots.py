"""`make screenshots`: the pictures of `docs/console.md`, of the demo as it is today, in light and dark.

The demo is started in a folder of its own and signed in to by the link that it prints. Pictures that show what
they are meant to show depend on the time of day: take them while classes are still to come.
"""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, Locator, Page, async_playwright

PICTURES: Final = Path(__file__).parents[2] / "docs" / "console"
CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 780}
THEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


async def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, demo(Path(folder)) as link:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox"]
            )
            state = await signed_in(browser, link, Path(folder))
            for theme in THEMES:
                context = await browser.new_context(
                    storage_state=state, color_scheme=theme, viewport=WIDE, device_scale_factor=1
                )
                await pictures(await context.new_page(), _console(link), theme)
            await browser.close()


async def pictures(page: Page, console: str, theme: str) -> None:
    await _take(page, f"{console}today", f"today-{theme}")
    await _take(page, f"{console}timetable", f"timetable-{theme}")
    fullest = page.locator("a[href*='slots/']").filter(has_text=re.compile(r"12/12|15/15"))
    await page.goto(await _address(fullest.first))
    await _keep(page, f"slot-{theme}")
    await page.goto(await _address(page.locator("main a[href*='customers/']").first))
    await _keep(page, f"customer-{theme}")
    await page.goto(f"{console}ill")
    await page.locator("main select").first.select_option(label="Quirin Stadler")
    await page.locator("main button").first.click()
    await _keep(page, f"ill-{theme}")
    await page.set_viewport_size(PHONE)
    await _take(page, f"{console}timetable", f"phone-{theme}")
    await page.set_viewport_size(WIDE)


async def signed_in(browser: Browser, link: str, folder: Path) -> Path:
    """The session that the link leads to, in a file."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(link)
    await page.locator("main button").first.click()
    await page.wait_for_url("**/today*")
    state = folder / "session.json"
    await context.storage_state(path=state)
    return state


@contextmanager
def demo(folder: Path) -> Iterator[str]:
    """The demo, and the link by which one becomes its manager."""
    command = [sys.executable, "-m", "kursplan", "demo", "--port", "0", "--dir", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = (re.search(r"^  manager:\s+(\S+)", line) for line in process.stdout)
        yield next(found[1] for found in told if found)
    finally:
        process.terminate()
        process.wait()


async def _take(page: Page, address: str, name: str) -> None:
    await page.goto(address)
    await _keep(page, name)


async def _keep(page: Page, name: str) -> None:
    await page.wait_for_load_state()
    await page.screenshot(path=PICTURES / f"{name}.png")
    print(PICTURES / f"{name}.png")


async def _address(link: Locator) -> str:
    return str(await link.evaluate("each => each.href"))


def _console(link: str) -> str:
    parts = urlsplit(link)
    return f"{parts.scheme}://{parts.netloc}/console/"


if __name__ == "__main__":
    asyncio.run(main())
