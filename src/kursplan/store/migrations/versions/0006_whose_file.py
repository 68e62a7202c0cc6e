"""A SQLite file says whose it is: "Kurs", as the application's id in its header."""

from __future__ import annotations

from alembic import op

from kursplan.store.engine.backup import APPLICATION_ID

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
