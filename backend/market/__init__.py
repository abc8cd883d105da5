"""Payments in points at a till."""
