"""What staff settled: the grounds on which a booking would be refused, and stays all the same."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import ListedIfAny

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
runs_from = "0001"


def upgrade() -> None:
    op.add_column("booking", sa.Column("settled", ListedIfAny(), nullable=True))
