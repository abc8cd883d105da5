"""Trips that people and partners hand in: their life, what is kept of them, and for how long."""
