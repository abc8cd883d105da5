"""The jobs runner: bounded, idempotent steps; the only client of node and wallet service."""
