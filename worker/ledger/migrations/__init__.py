"""How a ledger gets from one release's tables to the next: Alembic's revisions, run at start by `worker.ledger.migrate`."""
