"""When an endpoint last answered well, so that those that do are told first; what is due is found by endpoint."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("webhook_endpoint", sa.Column("answered_at", Instant(), nullable=True))
    op.drop_index("ix_delivery_due", "delivery")
