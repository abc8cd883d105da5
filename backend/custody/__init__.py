"""Moves of a citizen's points between a kept account and an own wallet."""
