"""An idempotency key is found by the primary key alone: the index of their age serves only who asks for that.

A plan that is made while the table is empty may choose any index that fits, and is kept for a while.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_idempotency_key_organization_id_stored_at", "idempotency_key")
    op.create_index(
        "ix_idempotency_key_stored_at",
        "idempotency_key",
        ["organization_id", "stored_at"],
        postgresql_where=sa.text("stored_at IS NOT NULL"),
    )
