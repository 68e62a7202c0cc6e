"""Runs migrations on the transaction that `kursplan.store.engine.schema` hands over."""

from alembic import context

from kursplan.store.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # A large table takes as long as it does, and so does waiting for another who migrates: it holds
    # the lock of that number, which nobody else in the database uses, until it has committed.
    connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(5878521)")
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=False,  # The transaction around all of it is the caller's.
)
with context.begin_transaction():
    context.run_migrations()
