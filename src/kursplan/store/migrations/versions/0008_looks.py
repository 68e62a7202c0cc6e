"""What is due is found without a look at what is not; lists and searches read what they give out.

Attempts are dropped with their events and no longer by their own age, so they need no index of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _index(
        "ix_series_to_extend",
        "series",
        ["extended_until"],
        "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day",
    )
    _index("ix_booking_given_up", "booking", ["cancelled_at"], "cancelled_at IS NOT NULL")
    op.drop_index("ix_customer_email", "customer")
    op.create_index("ix_customer_email", "customer", ["organization_id", "email_folded", "id"])
    op.create_index(
        "ix_delivery_of_endpoint",
        "delivery",
        ["organization_id", "endpoint_id", "status", "created_at", "id"],
    )
    op.drop_index("ix_delivery_endpoint", "delivery")
    _index(
        "ix_delivery_finished",
        "delivery",
        ["endpoint_id", "finished_at"],
        "finished_at IS NOT NULL",
    )
    op.drop_index("ix_attempt_organization_id_attempted_at", "attempt")


def _index(name: str, table: str, columns: list[str], where: str) -> None:
    condition = sa.text(where)
    op.create_index(
        name,
        table,
        ["organization_id", *columns],
        postgresql_where=condition,
        sqlite_where=condition,
    )
