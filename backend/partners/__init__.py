"""Schemes that pay for the same trips: keyed pseudonyms exchanged, so that none is sold twice."""
