"""Households: people who recycle together and see it together."""
