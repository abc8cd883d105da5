"""Emission factors with source, edition and licence, and what a trip avoids by them."""
