"""The whole system on one machine: its processes, its seed data, and a journey through it."""
