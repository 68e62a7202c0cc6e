"""The schema of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from kursplan.store.engine.backup import APPLICATION_ID
from kursplan.store.engine.dialect import Instant
from kursplan.store.migrations.distributed import distribute, replicate

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None
runs_from = "0001"

SORTED_BY_BYTES = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

FIRST_ID = 1001
"""Ids below are left to people who try things out by hand."""

REFERENCE_TABLES = ("organization_directory", "api_key", "clock", "staff_directory", "duty")
"""Small and rarely written."""


def upgrade() -> None:
    _whose_file()
    _sequence()
    _tables()
    _accounts()
    _looks()
    replicate(*REFERENCE_TABLES)
    tables = sa.inspect(op.get_bind()).get_sorted_table_and_fkc_names()
    distribute(
        *(
            table
            for table, _ in tables
            if table is not None and table not in (*REFERENCE_TABLES, "alembic_version")
        )
    )


def _whose_file() -> None:
    """What a file has in its header says that it is ours."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        bind.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


def _sequence() -> None:
    """The one sequence of ids; SQLite has none, so there it is a table with one row."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("kursplan_id", start=FIRST_ID)))
        return
    numbers = op.create_table(
        "kursplan_id", sa.Column("value", sa.BigInteger(), primary_key=True, nullable=False)
    )
    op.bulk_insert(numbers, [{"value": FIRST_ID - 1}])


def _tables() -> None:
    op.create_table(
        "api_key",
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("integration_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("key_hash", name=op.f("pk_api_key")),
    )
    op.create_index(
        "ix_api_key_organization_id_integration_id",
        "api_key",
        ["organization_id", "integration_id"],
        unique=False,
    )
    op.create_table(
        "application",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_application")),
        sa.UniqueConstraint(
            "organization_id", "key", name=op.f("uq_application_organization_id_key")
        ),
    )
    op.create_table(
        "clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock")),
    )
    op.create_table(
        "employee",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("public_name", sa.Text(), nullable=True),
        sa.Column("business_role", sa.String(length=64), nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("gender", sa.String(length=64), nullable=True),
        sa.Column("initials", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "business_role IN ('STUDIO_OWNER', 'STUDIO_MANAGER', 'TRAINER', 'SERVICE_EMPLOYEE', 'ADMINISTRATION_OR_FINANCE', 'MARKETING')",
            name=op.f("ck_employee_business_role"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_employee")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_employee_organization_id_key")),
    )
    op.create_table(
        "event",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("home_studio_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("happened_at", Instant(), nullable=False),
        sa.Column("fanned_out", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_event")),
        sa.UniqueConstraint("organization_id", "uuid", name=op.f("uq_event_organization_id_uuid")),
    )
    op.create_index(
        "ix_event_organization_id_entity_id_id",
        "event",
        ["organization_id", "entity_id", "id"],
        unique=False,
    )
    op.create_index(
        "ix_event_to_fan_out",
        "event",
        ["organization_id", "id"],
        unique=False,
        postgresql_where=sa.text("NOT fanned_out"),
        sqlite_where=sa.text("NOT fanned_out"),
    )
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
        "ix_history_subject",
        "history",
        ["organization_id", "subject_id", "happened_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_history_who",
        "history",
        ["organization_id", "who", "happened_at", "id"],
        unique=False,
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
        unique=False,
    )
    op.create_table(
        "idempotency_key",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("integration_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.String(length=64), nullable=False),
        sa.Column("stored_at", Instant(), nullable=False),
        sa.Column("booking_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "organization_id", "integration_id", "key", name=op.f("pk_idempotency_key")
        ),
    )
    op.create_index(
        "ix_idempotency_key_stored_at",
        "idempotency_key",
        ["organization_id", "stored_at"],
        unique=False,
        postgresql_where=sa.text("stored_at IS NOT NULL"),
    )
    op.create_table(
        "organization",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lost_entitlement", sa.String(length=64), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.CheckConstraint(
            "lost_entitlement IN ('FLAG', 'CANCEL')", name=op.f("ck_organization_lost_entitlement")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organization")),
    )
    op.create_table(
        "organization_directory",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_organization_directory")),
    )
    op.create_table(
        "rate",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_rate")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_rate_organization_id_key")),
    )
    op.create_table(
        "studio",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("country_code", sa.String(length=2), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("telephone", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("logo_url", sa.Text(), nullable=True),
        sa.Column("street", sa.Text(), nullable=True),
        sa.Column("house_number", sa.Text(), nullable=True),
        sa.Column("zip", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("opening_date", sa.Date(), nullable=True),
        sa.Column("closing_date", sa.Date(), nullable=True),
        sa.Column("longitude", sa.Float(), nullable=True),
        sa.Column("latitude", sa.Float(), nullable=True),
        sa.Column("access_code_enabled", sa.Boolean(), nullable=False),
        sa.Column("clashes", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_studio")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_studio_organization_id_key")),
    )
    op.create_table(
        "version",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("changes", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "studio_id", "shard", name=op.f("pk_version")),
    )
    op.create_table(
        "class",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("category", sa.Text(), nullable=True),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("img_url", sa.Text(), nullable=True),
        sa.Column("duration", sa.Integer(), nullable=False),
        sa.Column("bookable", sa.Boolean(), nullable=False),
        sa.Column("online_booking", sa.String(length=64), nullable=False),
        sa.Column("earliest_booking", sa.String(length=16), nullable=True),
        sa.Column("latest_booking", sa.String(length=16), nullable=False),
        sa.Column("latest_cancellation", sa.String(length=16), nullable=False),
        sa.Column("late_cancellation", sa.Boolean(), nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=True),
        sa.Column("max_waiting_list", sa.Integer(), nullable=False),
        sa.Column("promotion", sa.String(length=64), nullable=False),
        sa.Column("admits_other_studios", sa.Boolean(), nullable=False),
        sa.Column("who_may_book", sa.String(length=64), nullable=False),
        sa.Column("uses_contingent", sa.Boolean(), nullable=False),
        sa.Column("confirmation", sa.String(length=16), nullable=True),
        sa.Column("grace", sa.String(length=16), nullable=True),
        sa.Column("confirm_promotion", sa.String(length=16), nullable=True),
        sa.Column("promotion_ends", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "online_booking IN ('AVAILABLE', 'DISPLAY_ONLY', 'NO')",
            name=op.f("ck_class_online_booking"),
        ),
        sa.CheckConstraint(
            "promotion IN ('AUTOMATIC', 'BY_STAFF')", name=op.f("ck_class_promotion")
        ),
        sa.CheckConstraint("type IN ('STUDIO', 'STREAM')", name=op.f("ck_class_type")),
        sa.CheckConstraint(
            "who_may_book IN ('EVERYONE', 'MEMBERS', 'NAMED_RATES')",
            name=op.f("ck_class_who_may_book"),
        ),
        sa.CheckConstraint("duration BETWEEN 1 AND 1440", name=op.f("ck_class_duration")),
        sa.CheckConstraint("max_participants >= 0", name=op.f("ck_class_max_participants")),
        sa.CheckConstraint("max_waiting_list >= 0", name=op.f("ck_class_max_waiting_list")),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_class_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_class")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_class_organization_id_key")),
    )
    op.create_index(
        "ix_class_organization_id_studio_id_id",
        "class",
        ["organization_id", "studio_id", "id"],
        unique=False,
    )
    op.create_table(
        "closure",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("local_from", sa.DateTime(), nullable=False),
        sa.Column("local_to", sa.DateTime(), nullable=False),
        sa.CheckConstraint("local_from < local_to", name=op.f("ck_closure_times")),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_closure_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_closure")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_closure_organization_id_key")),
    )
    op.create_index(
        "ix_closure_organization_id_studio_id_local_to",
        "closure",
        ["organization_id", "studio_id", "local_to"],
        unique=False,
    )
    op.create_table(
        "customer",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("access_refused", sa.Boolean(), nullable=False),
        sa.Column("first_name", sa.Text(), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("gender", sa.String(length=64), nullable=True),
        sa.Column("phone_private_mobile", sa.Text(), nullable=True),
        sa.Column("preferred_language", sa.String(length=8), nullable=True),
        sa.Column("first_name_folded", SORTED_BY_BYTES, nullable=False),
        sa.Column("last_name_folded", SORTED_BY_BYTES, nullable=False),
        sa.Column("email_folded", SORTED_BY_BYTES, nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "gender IN ('MALE', 'FEMALE', 'UNISEX')", name=op.f("ck_customer_gender")
        ),
        sa.CheckConstraint(
            "status IN ('MEMBER', 'PROSPECT', 'FORMER_MEMBER')", name=op.f("ck_customer_status")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_customer_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_customer")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_customer_organization_id_key")),
        sa.UniqueConstraint(
            "organization_id", "number", name=op.f("uq_customer_organization_id_number")
        ),
    )
    op.create_index(
        "ix_customer_email", "customer", ["organization_id", "email_folded", "id"], unique=False
    )
    op.create_index(
        "ix_customer_last_name", "customer", ["organization_id", "last_name_folded"], unique=False
    )
    op.create_index(
        "ix_customer_organization_id_studio_id_status_id",
        "customer",
        ["organization_id", "studio_id", "status", "id"],
        unique=False,
    )
    op.create_table(
        "employee_studio",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("employee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "employee_id"],
            ["employee.organization_id", "employee.id"],
            name=op.f("fk_employee_studio_organization_id_employee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_employee_studio_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "studio_id", "employee_id", name=op.f("pk_employee_studio")
        ),
    )
    op.create_table(
        "integration",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("webhook_key", sa.Text(), nullable=False),
        sa.Column("retry_seconds", sa.Text(), nullable=True),
        sa.Column("retry_jitter_percent", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "application_id"],
            ["application.organization_id", "application.id"],
            name=op.f("fk_integration_organization_id_application_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_integration_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_integration")),
        sa.UniqueConstraint(
            "organization_id",
            "application_id",
            "studio_id",
            name=op.f("uq_integration_organization_id_application_id_studio_id"),
        ),
    )
    op.create_table(
        "location",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("shared", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_location_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_location")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_location_organization_id_key")),
    )
    op.create_table(
        "opening_hours",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("day_from", sa.Integer(), nullable=False),
        sa.Column("day_to", sa.Integer(), nullable=False),
        sa.Column("time_from", sa.Time(), nullable=False),
        sa.Column("time_to", sa.Time(), nullable=False),
        sa.CheckConstraint(
            "day_from BETWEEN 0 AND 6 AND day_to BETWEEN 0 AND 6",
            name=op.f("ck_opening_hours_days"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_opening_hours_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "studio_id", "public", "position", name=op.f("pk_opening_hours")
        ),
    )
    op.create_table(
        "rate_contingent",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("bookings", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "period IN ('WEEK', 'MONTH', 'YEAR', 'TOTAL')", name=op.f("ck_rate_contingent_period")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "rate_id"],
            ["rate.organization_id", "rate.id"],
            name=op.f("fk_rate_contingent_organization_id_rate_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "rate_id", "period", name=op.f("pk_rate_contingent")
        ),
    )
    op.create_table(
        "class_rate",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("class_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["class.organization_id", "class.id"],
            name=op.f("fk_class_rate_organization_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "rate_id"],
            ["rate.organization_id", "rate.id"],
            name=op.f("fk_class_rate_organization_id_rate_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "class_id", "rate_id", name=op.f("pk_class_rate")
        ),
    )
    op.create_table(
        "membership",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rate_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "valid_until IS NULL OR valid_from <= valid_until", name=op.f("ck_membership_days")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customer.organization_id", "customer.id"],
            name=op.f("fk_membership_organization_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "rate_id"],
            ["rate.organization_id", "rate.id"],
            name=op.f("fk_membership_organization_id_rate_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_membership")),
        sa.UniqueConstraint(
            "organization_id", "key", name=op.f("uq_membership_organization_id_key")
        ),
    )
    op.create_index(
        "uq_membership_organization_id_customer_id_id",
        "membership",
        ["organization_id", "customer_id", "id"],
        unique=True,
    )
    op.create_table(
        "series",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("class_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("weekdays", sa.Text(), nullable=False),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("duration", sa.Integer(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("location_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("own", sa.Text(), nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=True),
        sa.Column("max_waiting_list", sa.Integer(), nullable=True),
        sa.Column("extended_until", sa.Date(), nullable=True),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.CheckConstraint("duration BETWEEN 1 AND 1440", name=op.f("ck_series_duration")),
        sa.CheckConstraint("max_participants >= 0", name=op.f("ck_series_max_participants")),
        sa.CheckConstraint("max_waiting_list >= 0", name=op.f("ck_series_max_waiting_list")),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["class.organization_id", "class.id"],
            name=op.f("fk_series_organization_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_series_organization_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_series_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_series")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_series_organization_id_key")),
    )
    op.create_index(
        "ix_series_to_extend",
        "series",
        ["organization_id", "extended_until"],
        unique=False,
        postgresql_where=sa.text(
            "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day"
        ),
        sqlite_where=sa.text(
            "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day"
        ),
    )
    op.create_table(
        "told",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("section", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("members", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customer.organization_id", "customer.id"],
            name=op.f("fk_told_organization_id_customer_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "section", "key", name=op.f("pk_told")),
    )
    op.create_index(
        "ix_told_organization_id_customer_id",
        "told",
        ["organization_id", "customer_id"],
        unique=False,
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("integration_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("types", sa.Text(), nullable=True),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("old_secret", sa.Text(), nullable=True),
        sa.Column("old_secret_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("disabled", sa.String(length=64), nullable=True),
        sa.Column("disabled_at", Instant(), nullable=True),
        sa.Column("failing_since", Instant(), nullable=True),
        sa.Column("failed_at", Instant(), nullable=True),
        sa.Column("answered_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "disabled IN ('BY_OPERATOR', 'GONE', 'FAILING')",
            name=op.f("ck_webhook_endpoint_disabled"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "integration_id"],
            ["integration.organization_id", "integration.id"],
            name=op.f("fk_webhook_endpoint_organization_id_integration_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_webhook_endpoint")),
        sa.UniqueConstraint(
            "organization_id",
            "integration_id",
            "key",
            name=op.f("uq_webhook_endpoint_organization_id_integration_id_key"),
        ),
    )
    op.create_table(
        "delivery",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entity_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("claimed_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.CheckConstraint(
            "status IN ('PENDING', 'DELIVERED', 'FAILED', 'HELD')", name=op.f("ck_delivery_status")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "endpoint_id"],
            ["webhook_endpoint.organization_id", "webhook_endpoint.id"],
            name=op.f("fk_delivery_organization_id_endpoint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "event_id"],
            ["event.organization_id", "event.id"],
            name=op.f("fk_delivery_organization_id_event_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_delivery")),
        sa.UniqueConstraint(
            "organization_id",
            "event_id",
            "endpoint_id",
            name=op.f("uq_delivery_organization_id_event_id_endpoint_id"),
        ),
    )
    op.create_index(
        "ix_delivery_finished",
        "delivery",
        ["organization_id", "endpoint_id", "finished_at"],
        unique=False,
        postgresql_where=sa.text("finished_at IS NOT NULL"),
        sqlite_where=sa.text("finished_at IS NOT NULL"),
    )
    op.create_index(
        "ix_delivery_of_endpoint",
        "delivery",
        ["organization_id", "endpoint_id", "status", "created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_delivery_repeats",
        "delivery",
        ["organization_id", "endpoint_id", "due_at", "event_id"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING' AND attempts > 0"),
        sqlite_where=sa.text("status = 'PENDING' AND attempts > 0"),
    )
    op.create_index(
        "ix_delivery_unattempted",
        "delivery",
        ["organization_id", "endpoint_id", "event_id"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING' AND attempts = 0"),
        sqlite_where=sa.text("status = 'PENDING' AND attempts = 0"),
    )
    op.create_table(
        "idle_period",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "last_day IS NULL OR first_day <= last_day", name=op.f("ck_idle_period_days")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "membership_id"],
            ["membership.organization_id", "membership.id"],
            name=op.f("fk_idle_period_organization_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_idle_period")),
        sa.UniqueConstraint(
            "organization_id", "key", name=op.f("uq_idle_period_organization_id_key")
        ),
    )
    op.create_index(
        "ix_idle_period_organization_id_customer_id",
        "idle_period",
        ["organization_id", "customer_id"],
        unique=False,
    )
    op.create_index(
        "ix_idle_period_organization_id_membership_id",
        "idle_period",
        ["organization_id", "membership_id"],
        unique=False,
    )
    op.create_table(
        "membership_contingent",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("membership_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("period", sa.String(length=64), nullable=False),
        sa.Column("bookings", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "period IN ('WEEK', 'MONTH', 'YEAR', 'TOTAL')",
            name=op.f("ck_membership_contingent_period"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "membership_id"],
            ["membership.organization_id", "membership.id"],
            name=op.f("fk_membership_contingent_organization_id_membership_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "membership_id", "period", name=op.f("pk_membership_contingent")
        ),
    )
    op.create_table(
        "series_instructor",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "employee_id"],
            ["employee.organization_id", "employee.id"],
            name=op.f("fk_series_instructor_organization_id_employee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["series.organization_id", "series.id"],
            name=op.f("fk_series_instructor_organization_id_series_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "series_id", "position", name=op.f("pk_series_instructor")
        ),
    )
    op.create_table(
        "slot",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("class_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("series_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("occurrence", sa.DateTime(), nullable=True),
        sa.Column("local_start", sa.DateTime(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("location_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("own", sa.Text(), nullable=False),
        sa.Column("max_participants", sa.Integer(), nullable=True),
        sa.Column("max_waiting_list", sa.Integer(), nullable=False),
        sa.Column("additional_participants", sa.Integer(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("last_sequence", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status IN ('PLANNED', 'CANCELED', 'COMPLETED')", name=op.f("ck_slot_status")
        ),
        sa.CheckConstraint(
            "additional_participants >= 0", name=op.f("ck_slot_additional_participants")
        ),
        sa.CheckConstraint("max_participants >= 0", name=op.f("ck_slot_max_participants")),
        sa.CheckConstraint("max_waiting_list >= 0", name=op.f("ck_slot_max_waiting_list")),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_slot_seats")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_slot_times")),
        sa.CheckConstraint("waiting >= 0", name=op.f("ck_slot_waiting")),
        sa.ForeignKeyConstraint(
            ["organization_id", "class_id"],
            ["class.organization_id", "class.id"],
            name=op.f("fk_slot_organization_id_class_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "location_id"],
            ["location.organization_id", "location.id"],
            name=op.f("fk_slot_organization_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "series_id"],
            ["series.organization_id", "series.id"],
            name=op.f("fk_slot_organization_id_series_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "studio_id"],
            ["studio.organization_id", "studio.id"],
            name=op.f("fk_slot_organization_id_studio_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_slot")),
        sa.UniqueConstraint("organization_id", "key", name=op.f("uq_slot_organization_id_key")),
        sa.UniqueConstraint(
            "organization_id",
            "series_id",
            "occurrence",
            name=op.f("uq_slot_organization_id_series_id_occurrence"),
        ),
    )
    op.create_index(
        "ix_slot_organization_id_class_id_starts_at_id",
        "slot",
        ["organization_id", "class_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_slot_organization_id_studio_id_starts_at_id",
        "slot",
        ["organization_id", "studio_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_slot_planned",
        "slot",
        ["organization_id", "ends_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PLANNED'"),
        sqlite_where=sa.text("status = 'PLANNED'"),
    )
    op.create_index(
        "ix_slot_waiting",
        "slot",
        ["organization_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text("status = 'PLANNED' AND waiting > 0"),
        sqlite_where=sa.text("status = 'PLANNED' AND waiting > 0"),
    )
    op.create_table(
        "attempt",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("attempted_at", Instant(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(length=64), nullable=True),
        sa.Column("excerpt", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "failure IN ('STATUS', 'TIMEOUT', 'NO_ADDRESS', 'REFUSED_ADDRESS', 'REFUSED_URL', 'CERTIFICATE', 'CONNECTION', 'PROTOCOL')",
            name=op.f("ck_attempt_failure"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "delivery_id"],
            ["delivery.organization_id", "delivery.id"],
            name=op.f("fk_attempt_organization_id_delivery_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "delivery_id", "number", name=op.f("pk_attempt")
        ),
    )
    op.create_table(
        "booking",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("customer_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("home_studio_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("status", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("starts_at", Instant(), nullable=False),
        sa.Column("ends_at", Instant(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("booked_at", Instant(), nullable=False),
        sa.Column("participation", sa.String(length=64), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), autoincrement=False, nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("confirm_until", Instant(), nullable=True),
        sa.Column("cancelled_at", Instant(), nullable=True),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("skipped", sa.String(length=64), nullable=True),
        sa.Column("conflict", sa.String(length=64), nullable=True),
        sa.Column("overruled", sa.Text(), nullable=False),
        sa.Column("held", sa.String(length=64), nullable=True),
        sa.Column("free_until", Instant(), nullable=True),
        sa.Column("booked_via", sa.String(length=64), nullable=True),
        sa.Column("booked_by", sa.Text(), nullable=True),
        sa.Column("promoted_at", Instant(), nullable=True),
        sa.Column("confirmed_at", Instant(), nullable=True),
        sa.Column("ended", sa.String(length=64), nullable=True),
        sa.Column("ended_via", sa.String(length=64), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "participation IN ('PARTICIPATING', 'NOT_PARTICIPATING', 'UNSET')",
            name=op.f("ck_booking_participation"),
        ),
        sa.CheckConstraint(
            "status IN ('BOOKED', 'BOOKED_WITH_CONFIRMATION_REQUIRED', 'WAITING_LIST', 'CANCELED')",
            name=op.f("ck_booking_status"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_booking_times")),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id", "membership_id"],
            ["membership.organization_id", "membership.customer_id", "membership.id"],
            name=op.f("fk_booking_organization_id_customer_id_membership_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "customer_id"],
            ["customer.organization_id", "customer.id"],
            name=op.f("fk_booking_organization_id_customer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "slot_id"],
            ["slot.organization_id", "slot.id"],
            name=op.f("fk_booking_organization_id_slot_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_booking")),
        sa.UniqueConstraint(
            "organization_id",
            "slot_id",
            "sequence",
            name=op.f("uq_booking_organization_id_slot_id_sequence"),
        ),
    )
    op.create_index(
        "ix_booking_flagged",
        "booking",
        ["organization_id", "ends_at"],
        unique=False,
        postgresql_where=sa.text("conflict IS NOT NULL"),
        sqlite_where=sa.text("conflict IS NOT NULL"),
    )
    op.create_index(
        "ix_booking_given_up",
        "booking",
        ["organization_id", "cancelled_at"],
        unique=False,
        postgresql_where=sa.text("cancelled_at IS NOT NULL"),
        sqlite_where=sa.text("cancelled_at IS NOT NULL"),
    )
    op.create_index(
        "ix_booking_organization_id_customer_id_starts_at",
        "booking",
        ["organization_id", "customer_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        "ix_booking_unconfirmed",
        "booking",
        ["organization_id", "confirm_until"],
        unique=False,
        postgresql_where=sa.text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
        sqlite_where=sa.text("status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'"),
    )
    op.create_index(
        "ix_booking_waiting",
        "booking",
        ["organization_id", "slot_id", "sequence"],
        unique=False,
        postgresql_where=sa.text("status = 'WAITING_LIST'"),
        sqlite_where=sa.text("status = 'WAITING_LIST'"),
    )
    op.create_index(
        "uq_booking_active",
        "booking",
        ["organization_id", "slot_id", "customer_id"],
        unique=True,
        postgresql_where=sa.text("status <> 'CANCELED'"),
        sqlite_where=sa.text("status <> 'CANCELED'"),
    )
    op.create_table(
        "slot_instructor",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("employee_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id", "employee_id"],
            ["employee.organization_id", "employee.id"],
            name=op.f("fk_slot_instructor_organization_id_employee_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "slot_id"],
            ["slot.organization_id", "slot.id"],
            name=op.f("fk_slot_instructor_organization_id_slot_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "slot_id", "position", name=op.f("pk_slot_instructor")
        ),
    )
    op.create_table(
        "stand_in",
        sa.Column("organization_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slot_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("replaced_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stand_in_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("set_at", Instant(), nullable=False),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "slot_id"],
            ["slot.organization_id", "slot.id"],
            name=op.f("fk_stand_in_organization_id_slot_id"),
        ),
        sa.PrimaryKeyConstraint("organization_id", "id", name=op.f("pk_stand_in")),
    )
    op.create_index(
        "ix_stand_in_organization_id_slot_id",
        "stand_in",
        ["organization_id", "slot_id"],
        unique=False,
    )


def _accounts() -> None:
    """Staff accounts of the console: who signs in, with what, and who is signed in."""
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
        _when("signed_in_at", optional=True),
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


_BY_TIME = {
    "ix_slot_over": ("slot", "ends_at", "status = 'PLANNED'"),
    "ix_series_behind": (
        "series",
        "extended_until",
        "extended_until IS NULL OR last_day IS NULL OR extended_until < last_day",
    ),
    "ix_booking_expired": (
        "booking",
        "confirm_until",
        "status = 'BOOKED_WITH_CONFIRMATION_REQUIRED'",
    ),
    "ix_booking_given_up_lately": ("booking", "cancelled_at", "cancelled_at IS NOT NULL"),
    "ix_version_raised": ("version", "raised_at", "raised_at IS NOT NULL"),
}
"""What becomes due is found by the time alone, over all organizations."""


def _looks() -> None:
    """Nothing that is looked for all the time costs more where there are more organizations."""
    for name, (table, by, where) in _BY_TIME.items():
        condition = sa.text(where)
        op.create_index(
            name,
            table,
            [by, "organization_id"],
            postgresql_where=condition,
            sqlite_where=condition,
        )
    op.create_table(
        "duty",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("renewals", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty")),
    )
