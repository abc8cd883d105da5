"""Payouts: euro owed for burned points, on their way through the bank to merchants."""
