"""Collection rounds: what deposits claimed against what the weighbridge says (mass balance)."""
