"""Words every room shares: errors, units, ids, clock, hashes. Pure; no I/O, no framework."""
