"""Staff accounts of the console: who signs in, with what, and who is signed in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import distribute, replicate

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_ROLES = "role IN ('OWNER', 'MANAGER', 'FRONT_DESK', 'INSTRUCTOR')"


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), autoincrement=False, nullable=optional)


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=optional)


def _when(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, Instant(), nullable=optional)


def _hash(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=64), nullable=False)


def _of_account(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "account_id"],
        ["staff_account.organization_id", "staff_account.id"],
        name=op.f(f"fk_{table}_organization_id_account_id"),
    )


def upgrade() -> None:
    op.create_table(
        "staff_directory",
        _text("email_folded"),
        _number("organization_id"),
        _number("account_id"),
        sa.PrimaryKeyConstraint("email_folded", name=op.f("pk_staff_directory")),
    )
    op.create_table(
        "staff_account",
        _number("organization_id"),
        _number("id"),
        _text("email"),
        _text("name"),
        sa.Column("role", sa.String(length=64), nullable=False),
        _number("employee_id", optional=True),
        sa.Column("language", sa.String(length=8), nullable=False),
        _text("password_hash", optional=True),
        _text("totp_secret", optional=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        _text("recovery"),
        _when("created_at"),
        _when("disabled_at", optional=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_staff_account")),
        sa.ForeignKeyConstraint(
            ["organization_id", "employee_id"],
            ["employee.organization_id", "employee.id"],
            name=op.f("fk_staff_account_organization_id_employee_id"),
        ),
        sa.CheckConstraint(_ROLES, name=op.f("ck_staff_account_role")),
    )
    op.create_table(
        "staff_studio",
        _number("organization_id"),
        _number("account_id"),
        _number("studio_id"),
        sa.PrimaryKeyConstraint(
            "organization_id", "account_id", "studio_id", name=op.f("pk_staff_studio")
        ),
        _of_account("staff_studio"),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_staff_studio_organization_id_studio_id"),
        ),
    )
    op.create_table(
        "staff_passkey",
        _number("organization_id"),
        _number("id"),
        _number("account_id"),
        _text("credential_id"),
        _text("public_key"),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        _text("name"),
        _when("created_at"),
        _when("used_at", optional=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_staff_passkey")),
        _of_account("staff_passkey"),
        sa.UniqueConstraint(
            "organization_id",
            "credential_id",
            name=op.f("uq_staff_passkey_organization_id_credential_id"),
        ),
    )
    op.create_table(
        "staff_ticket",
        _number("organization_id"),
        _hash("token_hash"),
        sa.Column("purpose", sa.String(length=64), nullable=False),
        _number("account_id"),
        _when("created_at"),
        _when("expires_at"),
        sa.PrimaryKeyConstraint("organization_id", "token_hash", name=op.f("pk_staff_ticket")),
    )
    op.create_table(
        "staff_session",
        _number("organization_id"),
        _number("id"),
        _number("account_id"),
        _hash("token_hash"),
        _when("created_at"),
        _when("seen_at"),
        _when("confirmed_at"),
        _text("device"),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_staff_session")),
        _of_account("staff_session"),
        sa.UniqueConstraint(
            "organization_id",
            "token_hash",
            name=op.f("uq_staff_session_organization_id_token_hash"),
        ),
    )
    op.create_table(
        "staff_attempt",
        _number("organization_id"),
        _hash("subject_hash"),
        sa.Column("failures", sa.Integer(), nullable=False),
        _when("last_at"),
        sa.PrimaryKeyConstraint("organization_id", "subject_hash", name=op.f("pk_staff_attempt")),
    )
    for table in ("staff_passkey", "staff_ticket", "staff_session"):
        op.create_index(
            f"ix_{table}_organization_id_account_id", table, ["organization_id", "account_id"]
        )
    op.create_index(
        "ix_staff_attempt_organization_id_last_at", "staff_attempt", ["organization_id", "last_at"]
    )
    replicate("staff_directory")
    distribute(
        "staff_account",
        "staff_studio",
        "staff_passkey",
        "staff_ticket",
        "staff_session",
        "staff_attempt",
    )
