"""What a booking held when its slot was cancelled, and why staff did what they did to it.

By the first a slot is restored with those who were on it. Bookings of slots that were cancelled
before say nothing: such a slot is restored with nobody on it. Flagged bookings get an index, by which
staff find those to look at.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("held", sa.String(64), nullable=True))
    op.add_column("booking", sa.Column("reason", sa.Text(), nullable=True))
    op.create_index(
        "ix_booking_flagged",
        "booking",
        ["organization_id", "ends_at"],
        postgresql_where=sa.text("conflict IS NOT NULL"),
        sqlite_where=sa.text("conflict IS NOT NULL"),
    )
