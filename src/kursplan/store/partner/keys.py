"""API keys: which integration does one belong to?

The directory `api_key` is asked first, because it alone knows the organization; everything after
that names it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, bindparam, insert, select, update

from kursplan.domain.applications import Caller, Scope
from kursplan.store.engine.dialect import Instant, any_of
from kursplan.store.engine.driver import Fixed
from kursplan.store.engine.joint import Leaves, jointly
from kursplan.store.engine.rows import AnyRow
from kursplan.store.engine.together import Together
from kursplan.store.rules import versions
from kursplan.store.rules.versions import Version
from kursplan.store.tables import ORGANIZATION, api_key, application, integration, studio


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key as the operator sees it: never the key itself, only its last characters."""

    id: int
    studio: str
    application: str
    scopes: tuple[str, ...]
    hint: str
    created_at: datetime
    revoked_at: datetime | None


DIRECTORY = Fixed(
    select(api_key.c.key_hash, api_key.c.organization_id, api_key.c.integration_id).where(
        any_of(api_key.c.key_hash, "key_hashes"), api_key.c.revoked_at.is_(None)
    )
)

KEYS = Fixed(
    select(api_key.c.id, api_key.c.key_hash, api_key.c.integration_id).where(
        api_key.c.organization_id == ORGANIZATION,
        any_of(api_key.c.integration_id, "integration_ids"),
        api_key.c.revoked_at.is_(None),
    )
)
"""Whether they are valid is asked once more: beside a version, nothing may be older than that."""

INTEGRATIONS = Fixed(
    select(
        integration.c.id,
        integration.c.application_id,
        integration.c.studio_id,
        integration.c.scopes,
        studio.c.language,
        studio.c.zone,
    )
    .select_from(
        integration.join(
            studio,
            (studio.c.organization_id == integration.c.organization_id)
            & (studio.c.id == integration.c.studio_id),
        )
    )
    .where(
        integration.c.organization_id == ORGANIZATION,
        any_of(integration.c.id, "integration_ids"),
        integration.c.active,
    )
)

INTEGRATION_BY_KEYS = (
    select(integration.c.id, integration.c.webhook_key)
    .select_from(
        integration.join(
            studio,
            (studio.c.organization_id == integration.c.organization_id)
            & (studio.c.id == integration.c.studio_id),
        ).join(
            application,
            (application.c.organization_id == integration.c.organization_id)
            & (application.c.id == integration.c.application_id),
        )
    )
    .where(
        integration.c.organization_id == ORGANIZATION,
        studio.c.key == bindparam("studio_key"),
        application.c.key == bindparam("application_key"),
    )
)

ISSUED = (
    select(
        api_key.c.id,
        studio.c.key.label("studio"),
        application.c.key.label("application"),
        integration.c.scopes,
        api_key.c.hint,
        api_key.c.created_at,
        api_key.c.revoked_at,
    )
    .select_from(
        api_key.join(
            integration,
            (integration.c.organization_id == api_key.c.organization_id)
            & (integration.c.id == api_key.c.integration_id),
        )
        .join(
            studio,
            (studio.c.organization_id == integration.c.organization_id)
            & (studio.c.id == integration.c.studio_id),
        )
        .join(
            application,
            (application.c.organization_id == integration.c.organization_id)
            & (application.c.id == integration.c.application_id),
        )
    )
    .where(integration.c.organization_id == ORGANIZATION)
    .order_by(api_key.c.id)
)

ADD = insert(api_key)

REVOKE = (
    update(api_key)
    .where(
        api_key.c.organization_id == ORGANIZATION,
        api_key.c.id == bindparam("key_id"),
        api_key.c.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("at", type_=Instant))
)

IS_CONFIRMED = select(integration.c.confirmed_at.is_not(None)).where(
    integration.c.organization_id == ORGANIZATION,
    integration.c.id == bindparam("integration_id"),
)
CONFIRM = (
    update(integration)
    .where(
        integration.c.organization_id == ORGANIZATION,
        integration.c.id == bindparam("integration_id"),
        integration.c.confirmed_at.is_(None),
    )
    .values(confirmed_at=bindparam("at", type_=Instant))
)


def callers(tx: Connection, key_hashes: Collection[str]) -> dict[str, tuple[Caller, Version]]:
    """For whom the keys with these fingerprints speak, without those unknown, revoked or inactive; and the
    version of their studio.

    Looking up a fingerprint by an index takes a time that may depend on its first bytes, which
    tells nothing about the key: whoever could choose a fingerprint would have to invert SHA-256.
    """
    wanted: defaultdict[int, set[int]] = defaultdict(set)
    for row in DIRECTORY.rows(tx, {"key_hashes": key_hashes}):
        wanted[row.organization_id].add(row.integration_id)
    works = {
        organization_id: partial(
            _callers_of, organization_id=organization_id, integration_ids=integration_ids
        )
        for organization_id, integration_ids in wanted.items()
    }
    found = [each for each in jointly(tx, works) if not isinstance(each, Leaves)]
    known = {key_hash: known for each in found for key_hash, known in each.items()}
    return {each: known[each] for each in key_hashes if each in known}


def _callers_of(
    tx: Connection, organization_id: int, integration_ids: Collection[int]
) -> dict[str, tuple[Caller, Version]]:
    """For whom the keys of these integrations speak."""
    named = {"organization": organization_id, "integration_ids": integration_ids}
    with Together(tx) as at:
        # The versions first: what is read after them is as old, or newer and will be read again.
        versions_of = versions.ask_of_integrations(at, organization_id, integration_ids)
        found, its_keys = at.rows(INTEGRATIONS, named), at.rows(KEYS, named)
    by_id, version_of = {row.id: row for row in found.rows}, versions_of()
    return {
        key.key_hash: (_caller(organization_id, key, its), version_of(its.studio_id))
        for key in its_keys.rows
        if (its := by_id.get(key.integration_id)) is not None
    }


def _caller(organization_id: int, key: AnyRow, found: AnyRow) -> Caller:
    return Caller(
        key_id=key.id,
        organization_id=organization_id,
        integration_id=found.id,
        application_id=found.application_id,
        studio_id=found.studio_id,
        scopes=frozenset(map(Scope, found.scopes)),
        language=found.language,
        zone=found.zone,
    )


def integration_of(
    tx: Connection, organization_id: int, studio_key: str, application_key: str
) -> tuple[int, str] | None:
    """The id and the webhook key of an application in a studio, both by their own keys."""
    row = tx.execute(
        INTEGRATION_BY_KEYS,
        {
            "organization": organization_id,
            "studio_key": studio_key,
            "application_key": application_key,
        },
    ).one_or_none()
    return None if row is None else (row.id, row.webhook_key)


def issued(tx: Connection, organization_id: int) -> list[IssuedKey]:
    """All keys of the organization, the oldest first."""
    rows = tx.execute(ISSUED, {"organization": organization_id})
    return [IssuedKey(*row) for row in rows]


def add(
    tx: Connection,
    organization_id: int,
    *,
    integration_id: int,
    key_id: int,
    key_hash: str,
    hint: str,
    created_at: datetime,
) -> None:
    """Store a new key by its fingerprint."""
    tx.execute(
        ADD,
        {
            "organization_id": organization_id,
            "integration_id": integration_id,
            "id": key_id,
            "key_hash": key_hash,
            "hint": hint,
            "created_at": created_at,
        },
    )


def revoke(tx: Connection, organization_id: int, key_id: int, at: datetime) -> bool:
    """End a key; whether there was one that still worked."""
    done = tx.execute(REVOKE, {"organization": organization_id, "key_id": key_id, "at": at})
    return done.rowcount == 1


def is_confirmed(tx: Connection, organization_id: int, integration_id: int) -> bool:
    """Whether the integration has confirmed its activation."""
    named = {"organization": organization_id, "integration_id": integration_id}
    return bool(tx.execute(IS_CONFIRMED, named).scalar())


def confirm(tx: Connection, organization_id: int, integration_id: int, at: datetime) -> None:
    """Note that the integration confirmed its activation; the first time counts.

    From here on it hears of whatever is fanned out.
    """
    named = {"organization": organization_id, "integration_id": integration_id}
    tx.execute(CONFIRM, named | {"at": at})
