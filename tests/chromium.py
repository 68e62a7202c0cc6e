"""The system's Chromium, for tests that look at pages.

Where it comes without a window (`chromium-headless-shell`), that one is taken: it shows the same in little more
than half the time. Where there is none, whoever asks is skipped with a line that says so.
"""

from __future__ import annotations

import os
import shutil
from typing import Any

from tests.throwaway import not_installed

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
"""Under which names systems have it, the fastest first."""


def installed() -> dict[str, Any]:
    """How Playwright launches it."""
    chromium = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if chromium is None:
        remedy = "install it to have the pages looked at (Debian: chromium-headless-shell)."
        not_installed("Chromium", remedy)
    # Its sandbox is not for root, and needs rights that containers don't have.
    is_apart = os.geteuid() == 0 or os.environ.get("CI")
    return {"executable_path": chromium, "args": ["--no-sandbox"] if is_apart else []}
