"""Accounts: who somebody is, how they sign in, what they may do; no points, no acts."""
