"""Rides that a driver shares with passengers on a local line, each the other's witness."""
