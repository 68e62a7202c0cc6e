"""What a studio shows has a version, so that answers can be kept until it changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.migrations.distributed import distribute

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "version",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("lane", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "studio_id", "lane", name=op.f("pk_version")),
        # Its few rows change all the time; room beside them keeps them where they are.
        postgresql_with={"fillfactor": 10},
    )
    distribute("version")
