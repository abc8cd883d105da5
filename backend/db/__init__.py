"""The database room: engine and transactions, column types, outbox and event log."""
