"""Alembic environment: runs over a given connection; knows every table of every slice."""

import importlib
from pathlib import Path

from alembic import context
from sqlmodel import SQLModel

import backend

ROOT = Path(backend.__file__).parent
for path in sorted(ROOT.glob("*/models.py")):
    importlib.import_module(f"backend.{path.parent.name}.models")
for name in ("event_log", "outbox"):
    importlib.import_module(f"backend.db.{name}")

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=SQLModel.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
