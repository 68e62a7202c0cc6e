"""Until when a seat can be given back in time, whatever the class says.

A class says how long after getting a seat it can be given back (`grace`), and how long who moved up has at
least to confirm (`confirm_promotion`). Without a term of its own for it, promotion ends with the latest
cancellation; classes that are there keep the term that they have.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("booking", sa.Column("free_until", Instant(), nullable=True))
    # Classes that say nothing have the house's terms.
    for name in ("grace", "confirm_promotion", "promotion_end"):
        op.add_column("class", sa.Column(name, sa.String(16), nullable=True))
    op.execute("UPDATE class SET promotion_end = promotion_ends")
    op.drop_column("class", "promotion_ends")
    op.execute("ALTER TABLE class RENAME COLUMN promotion_end TO promotion_ends")
