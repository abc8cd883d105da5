"""Collusion radar: pure rules that delay a payout and say why."""
