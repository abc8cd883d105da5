"""The double-entry ledger of points: append-only, every transfer sums to zero."""
