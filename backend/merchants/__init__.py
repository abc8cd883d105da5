"""Shops, public services and associations that take points."""
