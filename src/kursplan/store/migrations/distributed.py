"""Spreading tables by organization, where the database can (PostgreSQL with Citus)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op


def distribute(*tables: str) -> None:
    """Spread the tables by their `organization_id`; `organization` itself by its `id`."""
    if not _is_distributed():
        return
    for table in tables:
        by = "id" if table == "organization" else "organization_id"
        op.get_bind().execute(
            sa.text("SELECT create_distributed_table(:table, :by)"), {"table": table, "by": by}
        )


def replicate(*tables: str) -> None:
    """Keep a copy of the tables on every machine."""
    if not _is_distributed():
        return
    for table in tables:
        op.get_bind().execute(sa.text("SELECT create_reference_table(:table)"), {"table": table})


def _is_distributed() -> bool:
    bind = op.get_bind()
    if bind is None:  # Its statements are only written down.
        return False
    if bind.dialect.name != "postgresql":
        return False
    asked = sa.text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
    return bind.execute(asked).scalar() is not None
