"""The demo's webhook receiver on this machine: it is told of what happens in the first studio.

`kursplan webhook listen` is one, and checks with the key and the secret from `demo.env`. While nobody
listens, events wait and are repeated as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from kursplan.demo.life import Company
from kursplan.desk.endpoints import AddEndpoint, ChangeEndpoint, EnableEndpoint, RotateSecret
from kursplan.desk.keys import ConfirmActivation
from kursplan.domain.entries import EndpointEntry
from kursplan.domain.webhooks import DEFAULT_ENDPOINT
from kursplan.store.outbox import endpoints


@dataclass(frozen=True, slots=True)
class Hook:
    """An endpoint whose secret we know."""

    endpoint_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)

    def written(self) -> dict[str, object]:
        return {"endpoint_id": self.endpoint_id, "url": self.url, "secret": self.secret}

    @classmethod
    def read(cls, written: Any) -> Hook | None:
        """The hook of an earlier start; None where it can't be made out."""
        match written:
            case {"endpoint_id": int(endpoint_id), "url": str(url), "secret": str(secret)}:
                return cls(endpoint_id, url, secret)
        return None


def url_of(port: int) -> str:
    return f"http://localhost:{port}/"


async def hook(
    company: Company, integration_id: int, written: Mapping[str, Any], port: int
) -> Hook:
    """The integration's default endpoint, at that port, sent to from now on.

    One from an earlier start keeps its secret, and its URL where somebody gave it another.
    """
    of, execute = company.organization_id, company.execute
    await execute(ConfirmActivation(of, integration_id))
    before, url = Hook.read(written.get("webhook")), url_of(port)
    there = [
        each
        for each in await company.read(endpoints.shown)
        if each.integration_id == integration_id and each.is_default
    ]
    if not there:
        [endpoint_id] = await company.database.take_ids(1)
        entry = EndpointEntry(DEFAULT_ENDPOINT, url, None)
        added = AddEndpoint.fresh(of, integration_id, endpoint_id, entry)
        await execute(added)
        return Hook(endpoint_id, url, added.secret)
    [found] = there
    if found.disabled is not None:
        await execute(EnableEndpoint(of, found.id))
    if before is None or before.endpoint_id != found.id:
        rotated = RotateSecret.fresh(of, found.id, timedelta())
        await execute(rotated)
        return Hook(found.id, found.url, rotated.secret)
    if found.url != before.url:
        return Hook(found.id, found.url, before.secret)
    await execute(ChangeEndpoint(of, found.id, url))
    return Hook(found.id, url, before.secret)
