"""Under an idempotency key stands the booking that was made, and no answer: that one can change.

Refusals, which had been kept too, are dropped.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_STORED_AT = "ix_idempotency_key_organization_id_stored_at"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
        return
    op.add_column("idempotency_key", sa.Column("booking_id", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE idempotency_key"
        " SET booking_id = CAST(CAST(outcome AS json) ->> 'booking_id' AS bigint)"
    )
    op.execute("DELETE FROM idempotency_key WHERE booking_id IS NULL")
    op.alter_column("idempotency_key", "booking_id", nullable=False)
    op.drop_column("idempotency_key", "outcome")


def _upgrade_sqlite() -> None:
    """SQLite can't add a column that always has a value: the table is made anew."""
    op.drop_index(_STORED_AT, "idempotency_key")
    op.rename_table("idempotency_key", "idempotency_key_before")
    op.create_table(
        "idempotency_key",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("integration_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "integration_id", "key", name=op.f("pk_idempotency_key")
        ),
    )
    op.execute(
        "INSERT INTO idempotency_key"
        " SELECT organization_id, integration_id, key, request_hash, stored_at,"
        " json_extract(outcome, '$.booking_id') AS booking_id"
        " FROM idempotency_key_before WHERE booking_id IS NOT NULL"
    )
    op.drop_table("idempotency_key_before")
    op.create_index(_STORED_AT, "idempotency_key", ["organization_id", "stored_at"])
