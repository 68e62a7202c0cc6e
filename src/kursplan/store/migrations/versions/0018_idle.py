"""Nothing that is looked for all the time costs more where there are more organizations.

What becomes due by time is found by the time alone, over all organizations, beside the indexes by which it
is found in one. Of what belongs to no studio it is known when it changed last. And one of several workers
does the looks that are everybody's.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import replicate

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

BY_TIME = {
    "ix_slot_over": ("slot", "ends_at", "status = 'PLANNED'"),
    "ix_series_behind": (
        "series",
        "extended_until",
        "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day",
    ),
    "ix_booking_expired": (
        "booking",
        "confirm_until",
        "status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'",
    ),
    "ix_booking_given_up_lately": ("booking", "cancelled_at", "cancelled_at IS NOT NULL"),
    "ix_version_raised": ("version", "raised_at", "raised_at IS NOT NULL"),
}


def upgrade() -> None:
    op.add_column("version", sa.Column("raised_at", Instant(), nullable=True))
    for name, (table, by, where) in BY_TIME.items():
        condition = sa.text(where)
        op.create_index(
            name,
            table,
            [by, "organization_id"],
            postgresql_where=condition,
            sqlite_where=condition,
        )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("renewals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
    replicate("duty")
