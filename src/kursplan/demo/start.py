"""Starting the demo: the company is founded at the first start, and found at the next."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from kursplan import gymfile
from kursplan.clock import Clock, HandClock
from kursplan.demo import company as made_up
from kursplan.demo import week
from kursplan.demo.examples import Examples, NoExamples, examples
from kursplan.demo.folder import Folder
from kursplan.demo.hook import Hook, hook
from kursplan.demo.life import Company, let_people_book
from kursplan.demo.staff import sign_in_links
from kursplan.desk.engine.desk import Desk
from kursplan.desk.keys import IssueKey
from kursplan.domain.accounts import Role
from kursplan.domain.actors import THE_HOUSE
from kursplan.ids import fingerprint
from kursplan.metrics import Metrics
from kursplan.store.engine import schema
from kursplan.store.engine.database import Database, connect
from kursplan.store.entries import organizations
from kursplan.store.partner import keys
from kursplan.work.extend import extend_series

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class StudioKeys:
    """A studio, and the keys by which the demo's application speaks for it."""

    studio_id: int
    integration_id: int
    name: str
    api_key: str = field(repr=False)
    webhook_key: str = field(repr=False)

    def written(self) -> dict[str, object]:
        return {
            "studio_id": self.studio_id,
            "name": self.name,
            "api_key": self.api_key,
            "webhook_key": self.webhook_key,
        }


@dataclass(frozen=True, slots=True)
class Demo:
    """What there is to try out; the examples and the webhook are of the first studio."""

    studios: tuple[StudioKeys, ...]
    examples: Examples
    hook: Hook

    def written(self, base_url: str) -> dict[str, object]:
        """As `demo.json` has it."""
        return {
            "base_url": base_url,
            "studios": [each.written() for each in self.studios],
            "examples": self.examples.written(),
            "webhook": self.hook.written(),
        }

    def exported(self, base_url: str, database: Path) -> dict[str, str]:
        """As `demo.env` has it: the same for a shell, and what the command needs to work on the demo."""
        first, second, *_ = self.studios
        return {
            "BASE_URL": base_url,
            "API_KEY": first.api_key,
            "API_KEY_ELSEWHERE": second.api_key,
            **{name.upper(): str(each) for name, each in self.examples.written().items()},
            "WEBHOOK_KEY": first.webhook_key,
            "WEBHOOK_SECRET": self.hook.secret,
            "WEBHOOK_PORT": str(urlsplit(self.hook.url).port or ""),
            "KURSPLAN_DATABASE_URL": url_of(database),
            "KURSPLAN_WEBHOOKS_INSECURE": "on",
        }


def url_of(database: Path) -> str:
    return f"sqlite:///{database.absolute()}"


async def start(
    folder: Folder, clock: Clock, horizon_days: int, progress: Progress, webhook_port: int = 9000
) -> Demo:
    """The company in the folder, founded if there is none, and what there is to try out in it.

    Of what happens it tells a receiver at that port of this machine.

    Raises `NoExamples`, `SchemaOutdated` where another version founded it, and OSError.
    """
    if not folder.database.exists():
        await _found(folder, clock, horizon_days, progress)
    written = folder.read()
    async with _opened(folder.database, clock) as (database, desk):
        await schema.check(database)
        organization_id = await database.read(lambda tx: organizations.find(tx, made_up.KEY))
        if organization_id is None:
            raise NoExamples(f"{folder.database} is no demo; choose another folder with --dir")
        await extend_series(desk, database, clock, horizon_days)
        company = Company(organization_id, database, desk, clock)
        await let_people_book(company)
        chosen = await examples(company, Examples.read(written.get("examples")))
        studios = await _keys(company, written)
        told = await hook(company, studios[0].integration_id, written, webhook_port)
        return Demo(studios, chosen, told)


async def console_links(folder: Folder, clock: Clock, base_url: str) -> Mapping[Role, str]:
    """A link for each role that works there, which signs in at the company's console once.

    They are for whoever has just started the demo, so they are kept nowhere.
    """
    async with _opened(folder.database, clock) as (database, desk):
        organization_id = await database.read(lambda tx: organizations.find(tx, made_up.KEY))
        if organization_id is None:
            raise NoExamples(f"{folder.database} is no demo; choose another folder with --dir")
        return await sign_in_links(Company(organization_id, database, desk, clock), base_url)


async def _found(folder: Folder, clock: Clock, horizon_days: int, progress: Progress) -> None:
    """Make the database of a new company, with some days behind it."""
    now = clock.now()
    then = HandClock(now - week.DAYS * week.ONE_DAY)
    document = json.dumps(made_up.document(then.now().date()))
    async with _opened(folder.unfinished, then) as (database, desk):
        await schema.upgrade(database)
        await gymfile.load(
            desk,
            database,
            then,
            gymfile.read(document),
            by=THE_HOUSE,
            progress=progress,
            horizon_days=horizon_days,
        )
        organization_id = await database.read(lambda tx: organizations.find(tx, made_up.KEY))
        if organization_id is None:
            raise LookupError("the company that was just founded is not there")
        company = Company(organization_id, database, desk, then)
        await week.live_through(company, then, now)
        await week.let_things_happen(company)
    folder.finish()


@asynccontextmanager
async def _opened(file: Path, clock: Clock) -> AsyncIterator[tuple[Database, Desk]]:
    database = connect(url_of(file))
    desk = Desk(database, clock, Metrics())
    try:
        yield database, desk
    finally:
        await desk.close()
        await database.close()


async def _keys(company: Company, written: Mapping[str, Any]) -> tuple[StudioKeys, ...]:
    """A key for each studio: that of an earlier start where it is known and works, or a new one."""
    found = []
    for studio in await company.studios():
        integration = await company.read(keys.integration_of, studio.key, made_up.APPLICATION)
        if integration is None:
            continue
        integration_id, webhook_key = integration
        api_key = _known_key(written, studio.id)
        if api_key is None or not await _speaks_for(company, api_key, integration_id):
            [key_id] = await company.database.take_ids(1)
            command, api_key = IssueKey.fresh(company.organization_id, integration_id, key_id)
            await company.execute(command)
        found.append(StudioKeys(studio.id, integration_id, studio.name, api_key, webhook_key))
    return tuple(found)


async def _speaks_for(company: Company, api_key: str, integration_id: int) -> bool:
    """Whether the key works, for that integration."""
    known_as = fingerprint(api_key)
    found = await company.database.read(lambda tx: keys.callers(tx, (known_as,)))
    return any(caller.integration_id == integration_id for caller, _ in found.values())


def _known_key(written: Mapping[str, Any], studio_id: int) -> str | None:
    """The key of that studio in what an earlier start wrote."""
    studios = written.get("studios")
    for each in studios if isinstance(studios, list) else ():
        if isinstance(each, dict) and each.get("studio_id") == studio_id:
            key = each.get("api_key")
            return key if isinstance(key, str) else None
    return None
