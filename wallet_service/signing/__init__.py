"""Signing: one protocol, its backends, and the check of every signature before it leaves."""
