"""Names are found as people type them, so they are folded anew; employees have a gender and initials.

Only rows of which the folded names change are written. Erased customers have no names and are passed
over.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.domain.names import folded

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_PORTION = 1000
_NAMES = sa.text(
    "SELECT organization_id, id, first_name, last_name, first_name_folded, last_name_folded"
    " FROM customer WHERE (organization_id, id) > (:organization_id, :id)"
    " ORDER BY organization_id, id LIMIT :portion"
)
_FOLD = sa.text(
    "UPDATE customer SET first_name_folded = :first_name, last_name_folded = :last_name"
    " WHERE organization_id = :organization_id AND id = :id"
)


def upgrade() -> None:
    op.add_column("employee", sa.Column("gender", sa.String(length=64), nullable=True))
    op.add_column("employee", sa.Column("initials", sa.Text(), nullable=True))
    _fold_names()


def _fold_names() -> None:
    bind = op.get_bind()
    last = {"organization_id": 0, "id": 0}
    while rows := bind.execute(_NAMES, {**last, "portion": _PORTION}).all():
        changed = [
            {
                "organization_id": row.organization_id,
                "id": row.id,
                "first_name": folded(row.first_name),
                "last_name": folded(row.last_name),
            }
            for row in rows
            if (folded(row.first_name), folded(row.last_name))
            != (row.first_name_folded, row.last_name_folded)
        ]
        if changed:
            bind.execute(_FOLD, changed)
        last = {"organization_id": rows[-1].organization_id, "id": rows[-1].id}
