"""The double-entry ledger of points and euro: append-only, every transfer sums to zero."""
