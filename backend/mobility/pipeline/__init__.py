"""Stages from raw fixes to legs: each a pure function that can be run again on its input."""
