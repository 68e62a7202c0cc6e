"""Who changed what, and why: history, and on each booking who made it and who ended it.

The reasons that bookings had become lines of history; who gave them was not kept. A turn is found by its
line now, so its table goes. Of bookings from before nobody knows who made them.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import distribute

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_ENDED_WITH_SLOT = "UPDATE booking SET ended = 'SLOT_CANCELLED' WHERE held IS NOT NULL"
# Bookings have numbers of the same sequence, so theirs are free among the lines.
_REASONS = """
INSERT INTO history (
    organization_id, happened_at, id, command, origin, reason, kind, subject_id, changes
)
SELECT organization_id, coalesce(cancelled_at, booked_at), id, 'note-reason', 'COMMAND_LINE', reason,
    'BOOKING', id, '{"before":{},"after":{}}'
FROM booking WHERE reason IS NOT NULL
"""


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("command", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("who", sa.Text(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "happened_at", "id", name=op.f("pk_history")),
    )
    op.create_index(
        "ix_history_subject", "history", ["organization_id", "subject_id", "happened_at", "id"]
    )
    op.create_index(
        "ix_history_who",
        "history",
        ["organization_id", "who", "happened_at", "id"],
        postgresql_where=sa.text("who IS NOT NULL"),
        sqlite_where=sa.text("who IS NOT NULL"),
    )
    op.create_table(
        "history_subject",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column("history_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "history_id", "subject_id", name=op.f("pk_history_subject")
        ),
    )
    op.create_index(
        "ix_history_subject_subject",
        "history_subject",
        ["organization_id", "subject_id", "happened_at", "history_id"],
    )
    distribute("history", "history_subject")
    op.add_column("booking", sa.Column("booked_via", sa.String(length=64), nullable=True))
    op.add_column("booking", sa.Column("booked_by", sa.Text(), nullable=True))
    op.add_column("booking", sa.Column("promoted_at", Instant(), nullable=True))
    op.add_column("booking", sa.Column("confirmed_at", Instant(), nullable=True))
    op.add_column("booking", sa.Column("ended", sa.String(length=64), nullable=True))
    op.add_column("booking", sa.Column("ended_via", sa.String(length=64), nullable=True))
    op.add_column("booking", sa.Column("ended_by", sa.Text(), nullable=True))
    op.execute(_ENDED_WITH_SLOT)
    op.execute(_REASONS)
    op.drop_column("booking", "reason")
    op.drop_table("turn")
