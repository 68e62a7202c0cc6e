"""Migrating beside others: one at a time, and without holding up those who use the database."""

from __future__ import annotations

from sqlalchemy import Connection

NUMBER = 5878521
"""Of the lock that whoever migrates holds until they have committed; nobody else uses it."""
LOCK_MS = 500
"""How long a lock on a table is waited for. Whoever comes behind one that waits for it waits as well, so
this is less than a booking waits for one."""


def alone(tx: Connection) -> None:
    """Wait until nobody else migrates. From then on a statement may take as long as it does, and a lock
    that is not to be had soon is an error, after which others pass."""
    if tx.dialect.name != "postgresql":
        return  # There it is the transaction itself, which waits without being in anybody's way.
    tx.exec_driver_sql("SET LOCAL statement_timeout = 0")
    tx.exec_driver_sql("SET LOCAL lock_timeout = 0")
    tx.exec_driver_sql(f"SELECT pg_advisory_xact_lock({NUMBER})")
    tx.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_MS}")
