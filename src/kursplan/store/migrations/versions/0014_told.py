"""What a gym file said the last time it was loaded is kept, so that loading compares three.

Of files that were loaded before nothing is known, and nothing can be derived: what is stored may be
what a file said, or what somebody changed since.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.migrations.distributed import distribute

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("section", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("members", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "section", "key", name=op.f("pk_told")),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customer.organization_id", "customer.id"],
            name=op.f("fk_told_organization_id_customer_id"),
        ),
    )
    op.create_index(
        "ix_told_organization_id_customer_id", "told", ["organization_id", "customer_id"]
    )
    distribute("told")
