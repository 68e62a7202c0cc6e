"""A turn whose answer was lost is found again, and so is a clock that leaps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import distribute, replicate

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "turn",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("taken_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "uuid", name=op.f("pk_turn")),
    )
    op.create_index("ix_turn_organization_id_taken_at", "turn", ["organization_id", "taken_at"])
    distribute("turn")
    op.create_table(
        "clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    replicate("clock")
