"""Runs migrations on the transaction that `kursplan.store.schema` hands over."""

from alembic import context

from kursplan.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=False,  # The transaction around all of it is the caller's.
)
with context.begin_transaction():
    context.run_migrations()
