"""Freezing an account: two people, a public reason, a notice, an appeal before a third."""
