"""Alembic's entry: runs the revisions on the connection, and in the transaction, that `worker.ledger.migrate` hands over."""

from alembic import context

from worker.ledger.schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=True,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
