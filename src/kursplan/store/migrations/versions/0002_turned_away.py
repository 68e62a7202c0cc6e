"""Who was turned away from a slot on which no place was left, and what came to nothing, to be counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import distribute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None
runs_from = "0001"

CAME_TO_NOTHING = sa.text("participation = 'NOT_PARTICIPATING' OR late")
IN_A_LOCATION = sa.text("location_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "turned_away",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "slot_id", "customer_id", name=op.f("pk_turned_away")
        ),
    )
    for column in ("customer_id", "happened_at"):
        op.create_index(
            f"ix_turned_away_organization_id_{column}", "turned_away", ["organization_id", column]
        )
    distribute("turned_away")
    for table, further in (("series", []), ("slot", ["starts_at"])):
        columns = ["organization_id", "location_id", *further]
        op.create_index(
            f"ix_{table}_{'_'.join(columns)}",
            table,
            columns,
            postgresql_where=IN_A_LOCATION,
            sqlite_where=IN_A_LOCATION,
        )
    op.create_index(
        "ix_booking_came_to_nothing",
        "booking",
        ["organization_id", "slot_id"],
        postgresql_where=CAME_TO_NOTHING,
        sqlite_where=CAME_TO_NOTHING,
    )
