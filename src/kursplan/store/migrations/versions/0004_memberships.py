"""A booking's membership is of its customer, by whom it is found: one index less for each booking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BEFORE = "fk_booking_organization_id_membership_id"
_NOW = "fk_booking_organization_id_customer_id_membership_id"
_BOOKING = ["organization_id", "customer_id", "membership_id"]
_MEMBERSHIP = ["organization_id", "customer_id", "id"]


def upgrade() -> None:
    op.create_index(
        "uq_membership_organization_id_customer_id_id", "membership", _MEMBERSHIP, unique=True
    )
    op.drop_index("ix_membership_organization_id_customer_id", "membership")
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
        return
    op.drop_index("ix_booking_membership", "booking")
    op.drop_constraint(_BEFORE, "booking", type_="foreignkey")
    op.create_foreign_key(_NOW, "booking", "membership", _BOOKING, _MEMBERSHIP)


def _upgrade_sqlite() -> None:
    """SQLite can't change a reference: the table is made anew, as it says that it was made."""
    bind = op.get_bind()
    asked = sa.text("SELECT type, name, sql FROM sqlite_master WHERE tbl_name = 'booking'")
    made = {name: sql for _, name, sql in bind.execute(asked) if sql}
    table = made.pop("booking")
    reference = (
        f"CONSTRAINT {_BEFORE} FOREIGN KEY(organization_id, membership_id)"
        " REFERENCES membership (organization_id, id)"
    )
    if reference not in table:
        raise RuntimeError(f"the table booking is not as it was made: {_BEFORE} is missing")
    del made["ix_booking_membership"]
    bind.exec_driver_sql("ALTER TABLE booking RENAME TO booking_before")
    bind.exec_driver_sql(
        table.replace(
            reference,
            f"CONSTRAINT {_NOW} FOREIGN KEY({', '.join(_BOOKING)})"
            f" REFERENCES membership ({', '.join(_MEMBERSHIP)})",
        )
    )
    bind.exec_driver_sql("INSERT INTO booking SELECT * FROM booking_before")
    bind.exec_driver_sql("DROP TABLE booking_before")
    for index in made.values():
        bind.exec_driver_sql(index)
