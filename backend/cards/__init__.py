"""Cards that stand for an account: printed ones, and the one on the phone that changes."""
