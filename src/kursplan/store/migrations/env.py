"""Runs migrations on the transaction that `kursplan.store.engine.schema` hands over."""

from alembic import context

from kursplan.store.migrations.alone import alone
from kursplan.store.migrations.runs_from import write_down
from kursplan.store.tables import metadata

attributes = context.config.attributes
connection = attributes["connection"]
alone(connection)
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=False,  # The transaction around all of it is the caller's.
)
with context.begin_transaction():
    context.run_migrations()
[made] = context.get_context().get_current_heads()
write_down(connection, attributes["runs_from"][made])
