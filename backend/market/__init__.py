"""Merchants: payments in points, and cash-out."""
