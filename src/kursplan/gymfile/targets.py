"""The web addresses in a gym file that partners are told at: whether they may be called.

Only those are looked at that are new: what is stored already was looked at when it was, and is
again whenever it is called.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from kursplan.domain.sentences import Sentence
from kursplan.gymfile.mistakes import Mistake, Path
from kursplan.gymfile.read import GymFile
from kursplan.gymfile.stored import Stored
from kursplan.webhooks.egress import EgressPolicy, RefusedTarget


async def mistakes_of_targets(
    gym_file: GymFile, stored: Stored, egress: EgressPolicy
) -> list[Mistake]:
    """Which addresses that are not stored yet may not be called, or lead nowhere."""
    known = {
        endpoint.url
        for kept in stored.applications.values()
        for integration in kept.entry.integrations or ()
        if integration.webhooks is not None
        for endpoint in integration.webhooks.endpoints or ()
    }
    told = [(path, url) for path, url in _urls(gym_file) if url not in known]
    answers = await asyncio.gather(*(_refused(egress, url) for _, url in told))
    return [
        gym_file.mistake(path, Sentence("is not called: %(why)s", why=refused))
        for (path, _), refused in zip(told, answers, strict=True)
        if refused is not None
    ]


async def _refused(egress: EgressPolicy, url: str) -> Sentence | None:
    try:
        await egress.check(url)
    except RefusedTarget as refused:
        return refused.says
    return None


def _urls(gym_file: GymFile) -> Iterator[tuple[Path, str]]:
    """Every one, and where it stands."""
    for number, application in enumerate(gym_file.document.plain().get("applications", ())):
        for index, integration in enumerate(application.get("integrations", ())):
            path: Path = ("applications", number, "integrations", index, "webhooks")
            webhooks = integration.get("webhooks", {})
            if webhooks.get("url") is not None:
                yield (*path, "url"), webhooks["url"]
            for place, further in enumerate(webhooks.get("further", ())):
                yield (*path, "further", place, "url"), further["url"]
