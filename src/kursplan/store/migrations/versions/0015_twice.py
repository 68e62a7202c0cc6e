"""Which rooms are shared, and what a studio says to an instructor or a room twice at the same time.

Rooms that are there are not shared, and studios warn.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("location", sa.Column("shared", sa.Boolean(), nullable=True))
    op.add_column("studio", sa.Column("clashes", sa.String(length=64), nullable=True))
