"""Fixtures live by the part they belong to, in tests/fixtures (this folder is on the path: it holds the conftest)."""

pytest_plugins = ["fixtures.broker", "fixtures.iggy", "fixtures.ledger", "fixtures.postgresql"]
