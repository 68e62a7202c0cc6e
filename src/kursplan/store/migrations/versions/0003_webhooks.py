"""Who listens is decided without numbers of events; what is due is found without a look at the rest."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("integration", "confirmed_event")
    op.drop_column("webhook_endpoint", "since_event")
    op.add_column("webhook_endpoint", sa.Column("failed_at", Instant(), nullable=True))
    op.execute("UPDATE webhook_endpoint SET failed_at = failing_since")
    op.drop_index("ix_delivery_pending", "delivery")
    op.drop_index("ix_delivery_unattempted", "delivery")
    _index("ix_delivery_unattempted", ["endpoint_id", "event_id"], "attempts = 0")
    _index("ix_delivery_repeats", ["endpoint_id", "due_at", "event_id"], "attempts > 0")
    _index("ix_delivery_due", ["due_at"], "attempts > 0")


def _index(name: str, columns: list[str], attempted: str) -> None:
    pending = sa.text(f"status = 'PENDING' AND {attempted}")
    op.create_index(
        name,
        "delivery",
        ["organization_id", *columns],
        postgresql_where=pending,
        sqlite_where=pending,
    )
