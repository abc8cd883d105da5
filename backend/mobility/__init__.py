"""Proof of mobility: from a trace to legs, modes, distance and doubt. Floats allowed, no money."""
